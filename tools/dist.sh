#!/usr/bin/env bash
# Makes what users get, in target/dist: for each Wireshark an archive and a Debian package, for x86-64 and, of Debian's
# releases, for arm64, with checksums. Each is built in a chroot of its release (see versions.sh) with nothing but the
# release's own packages, Rust included, where it is also installed from source; and tried in another that has tshark
# and nothing to build with. That of arm64 is run by qemu, where that is (qemu-user-static), and has to say the same as
# that of x86-64. Where no chroots can be had, it is for the Wireshark of this machine alone, and not tried.
# What "make windows" and "make macos" left is packed by tools/pack-other.sh.
#
#   tools/dist.sh               for all releases whose chroots are there, made by "make versions"
#   tools/dist.sh RELEASE...    for those; what is missing of them is made. trixie-arm64: of that release only arm64,
#                               next to what was made of it before
#
#   tools/dist.sh --table       the table of what was tried last, with the tests that "make versions" ran since
#
# What fails of one release does not keep the others from being made and tried; the end says it. The table of what was
# tried is in target/dist/TRIED.md, with the tests that "make versions" ran last.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

OUT=$PWD/target/dist
# What is known of each release: files, since each has a shell of its own.
NOTES=$OUT/tried
# Of the captures in every archive: seven messages that name this bin.
SAMPLE_FILTER='aerospike.bin.name == "a"'
SAMPLE_LINES=7

REPORTS=('expert' 'endpoints,aerospike' 'aerospike,hotkeys' 'aerospike,srt' 'aerospike,latency' 'aerospike,tree'
    'aerospike,diagnosis')

# Sets `wanted`: releases, and RELEASE-arm64 for arm64.
choose_releases() {
    local release
    wanted=("$@")
    if [ ${#wanted[@]} -gt 0 ]; then return; fi
    for release in "${RELEASES[@]}"; do
        if [ -d "$CHROOTS/$release/build" ]; then wanted+=("$release"); fi
    done
    for release in "${ARM64_RELEASES[@]}"; do
        if [ -d "$CHROOTS/$release/build" ]; then wanted+=("$release-arm64"); fi
    done
}

# What is written down of a release: "from source", "archive", "package", and so on.
note() { # WANTED WHAT TEXT
    say "$3" >"$NOTES/$1.$2"
}
noted() { # WANTED WHAT [OTHERWISE]
    cat "$NOTES/$1.$2" 2>/dev/null || say "${3:-}"
}

# In a shell that ends at the first fault. Not as a condition, in which a shell does not.
apart() { # WANTED COMMAND
    local status
    set +e
    (
        set -e
        "$2" "$1"
    )
    status=$?
    set -e
    [ "$status" -eq 0 ] || failed+=("$1: $2")
    return 0
}

# From source, as a user. Root installs the packages, since minimal systems have no sudo.
install_from_source() { # RELEASE
    local log=$CHROOTS/$1/own-install.log
    {
        in_project "$1" root tools/packages.sh build
        in_project "$1" root sh -c 'tshark --version >/dev/null 2>&1 && make uninstall || true'
        # With the time of the package, which is part of what cargo builds by: it is packed as it is here.
        in_project "$1" "$TESTER" env "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" make install
    } >"$log" 2>&1 || die "$(release_title "$1"): make install fails ($log):" "$(tail -n 5 "$log")"
    ! grep -q '^warning: aerospike-wireshark' "$log" || die "$(release_title "$1"): the compiler warns ($log)"
    in_project "$1" "$TESTER" make uninstall >/dev/null
    note "$1" source yes
    say "    from source, with its own $(rust_of "$1"): the sample dissects"
}

# "rustc 1.85.1"
rust_of() {
    in_project "$1" "$TESTER" bash -c '. tools/common.sh && rustc --version' | cut -d' ' -f1-2
}

pack_release() { # WANTED
    local file release=${1%-arm64} arch=amd64 place=/var/cache/aerospike-own/dist
    # Nothing of this machine's.
    local CHROOT_RUST='' CHROOT_TARGET=/var/cache/aerospike-own CHROOT_KIND=build
    say "$(title_of "$1"):"
    if [ "$release" != "$1" ]; then arch=arm64 CHROOT_KIND=cross; fi
    make_build_chroot "$release"
    in_chroot "$CHROOTS/$release/$CHROOT_KIND" root rm -rf "$place"
    rm -f "$NOTES/$1".*
    note "$1" commit "$(commit)"
    if [ "$arch" = arm64 ]; then
        in_project "$release" root tools/packages.sh arm64 >"$CHROOTS/$release/arm64-packages.log" 2>&1 ||
            die "What builds for arm64 cannot be installed in $(release_title "$release"): $CHROOTS/$release/arm64-packages.log"
        note "$1" source 'cross'
    else
        install_from_source "$release"
    fi
    in_project "$release" "$TESTER" env "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" \
        "DEBFULLNAME=${DEBFULLNAME:-}" "DEBEMAIL=${DEBEMAIL:-}" tools/pack.sh "$place" ${arch/amd64/} \
        >"$CHROOTS/$1-pack.log" 2>&1 ||
        die "It cannot be packed in $(release_title "$release"): $CHROOTS/$1-pack.log" "$(tail -n 5 "$CHROOTS/$1-pack.log")"
    note "$1" rust "$(rust_of "$release")"
    mkdir -p "$trials/$1"
    cp "$CHROOTS/$release/$CHROOT_KIND$place"/* "$trials/$1/"
    # That of an older Wireshark of the series is what others with it get.
    cp -n "$trials/$1"/* "$OUT/"
    for file in "$trials/$1"/*; do cp "$OUT/${file##*/}" "$file"; done
    (cd "$trials/$1" && printf '    %s\n' *)
}

# The folder of a guest: of trixie-arm64 that with the tshark of arm64.
guest_of() { say "$CHROOTS/${1%-arm64}/guest$([[ $1 != *-arm64 ]] || say -arm64)"; }
title_of() { say "$(release_title "${1%-arm64}")$([[ $1 != *-arm64 ]] || say ', arm64')"; }

# As the user of a release, without the build tools.
as_user_of() { # WANTED COMMAND-LINE
    in_chroot "$(guest_of "$1")" "$TESTER" sh -c "cd && $2"
}

as_root_of() { # WANTED COMMAND-LINE
    in_chroot "$(guest_of "$1")" root sh -c "$2"
}

clean_guest() { # WANTED
    as_root_of "$1" "rm -rf /trial /home/$TESTER/* /home/$TESTER/.local; dpkg --purge aerospike-wireshark >/dev/null 2>&1 || true"
}

# Shows the sample with whatever plugin there is; fails unless it is there and nothing is complained of.
show_sample_to() { # WANTED HOW SAMPLE
    local lines
    lines=$(as_user_of "$1" "tshark -n -r $3 -Y '$SAMPLE_FILTER'" 2>"$trials/words" | grep -c Aerospike) || true
    [ "$lines" = "$SAMPLE_LINES" ] || die "$(title_of "$1"), $2: $lines messages and not $SAMPLE_LINES" "$(cat "$trials/words")"
    [ ! -s "$trials/words" ] || die "$(title_of "$1"), $2:" "$(cat "$trials/words")"
    say "    $2: the sample dissects"
}

try_package() { # WANTED
    as_root_of "$1" 'dpkg -i /trial/*.deb >/dev/null' || die "$(title_of "$1") does not install the package"
    show_sample_to "$1" 'package' /usr/share/doc/aerospike-wireshark/kv-basic.pcapng
    as_root_of "$1" 'test -s /usr/share/man/man7/aerospike-wireshark.7.gz' || say '    (this system installs no manual pages)'
    as_root_of "$1" 'dpkg --purge aerospike-wireshark >/dev/null'
    note "$1" package yes
}

# By its install.sh, and by the lines of INSTALL, which are what is typed but for the last.
try_archive() { # WANTED
    as_user_of "$1" 'tar -xzf /trial/*.tar.gz && cd aerospike-wireshark-* && ./install.sh' >"$trials/install" ||
        die "$(title_of "$1"): install.sh of the archive does not work" "$(cat "$trials/install")"
    show_sample_to "$1" 'archive, by its install.sh' 'aerospike-wireshark-*/kv-basic.pcapng'
    as_user_of "$1" 'cd aerospike-wireshark-* && ./install.sh uninstall >/dev/null && ! tshark -G plugins | grep -q aerospike' ||
        die "$(title_of "$1"): install.sh uninstall leaves it there"
    # shellcheck disable=SC2016 # expanded in the chroot
    as_user_of "$1" 'cd aerospike-wireshark-* && sed -nE "s/^    //p" INSTALL | sed "1d;\$d" | sh -e >/dev/null' ||
        die "$(title_of "$1"): what INSTALL says does not work"
    show_sample_to "$1" 'archive, by hand as INSTALL says' 'aerospike-wireshark-*/kv-basic.pcapng'
    note "$1" archive yes
}

# install.sh refuses what does not fit, says why, and changes nothing: a damaged file, another version, another processor.
try_refusals() { # WANTED OTHER
    local words
    as_user_of "$1" 'rm -rf .local damaged && cp -r aerospike-wireshark-* damaged && echo >>damaged/COPYING'
    refused "$1" 'cd damaged && ./install.sh' 'is not as it was packed'
    as_user_of "$1" 'cd damaged && cp ../aerospike-wireshark-*/COPYING . && sed -i "s/MACHINE=[a-z0-9_]*/MACHINE=sparc64/" install.sh && sha256sum -- [!S]* >SHA256SUMS'
    refused "$1" 'cd damaged && ./install.sh' 'is for sparc64'
    [ -n "$2" ] || return 0
    cp "$trials/$2"/*.tar.gz "$(guest_of "$1")/trial/other.tgz"
    as_user_of "$1" 'mkdir -p other && tar -xzf /trial/other.tgz -C other --strip-components=1'
    refused "$1" 'cd other && ./install.sh' 'this file'
    say "    install.sh of another: $words"
}
# Sets `words`.
refused() { # WANTED COMMAND-LINE WORDS
    ! words=$(as_user_of "$1" "$2" 2>&1) || die "$(title_of "$1"): not refused: $2" "$words"
    grep -qF "$3" <<<"$words" || die "$(title_of "$1"): refused, but not since it \"$3\":" "$words"
    words=$(head -n 1 <<<"$words")
    ! as_user_of "$1" 'find .local -name "*aerospike*" | grep -q .' 2>/dev/null || die "$(title_of "$1"): refused, but something is installed"
}

# A file for another version in the folder of this one: tshark says so, and goes on.
try_wrong_file() { # WANTED OTHER
    local archive=("$trials/$2"/*.tar.gz) words
    tar -xzf "${archive[0]}" -C "$trials/$2" --strip-components=1
    cp "$trials/$2/aerospike.so" "$(guest_of "$1")/trial/"
    # shellcheck disable=SC2016 # expanded in the chroot
    words=$(as_user_of "$1" 'cp /trial/aerospike.so .local/lib/wireshark/plugins/*/epan/ && tshark -G plugins 2>&1 >plugins')
    if as_user_of "$1" 'grep -q aerospike.so plugins'; then die "$(title_of "$1") loads the file for $(title_of "$2")"; fi
    grep -q "'aerospike.so' was compiled for Wireshark version" <<<"$words" || die "$(title_of "$1") says of a wrong file:" "$words"
    say "    the file for $(title_of "$2"): $words"
}

# What is tried of one that is for another Wireshark, or nothing.
other_than() { # WANTED
    local other
    for other in "${wanted[@]}"; do
        if [ -d "$trials/$other" ] && [ "${other%-arm64}" != "${1%-arm64}" ] && [[ ${other#"${other%-arm64}"} == "${1#"${1%-arm64}"}" ]]; then
            say "$other"
            return
        fi
    done
}

try_release() { # WANTED
    local other arm64=''
    [[ $1 != *-arm64 ]] || arm64=arm64
    if [ -n "$arm64" ] && ! have "$QEMU"; then
        say "$(title_of "$1"): NOT tried, as $QEMU is not here (apt-get install qemu-user-static)"
        note "$1" archive 'not tried' && note "$1" package 'not tried'
        return
    fi
    say "$(title_of "$1"), with tshark alone:"
    make_guest_chroot "${1%-arm64}" $arm64
    clean_guest "$1"
    mkdir "$(guest_of "$1")/trial"
    cp "$trials/$1"/*.deb "$trials/$1"/*.tar.gz "$(guest_of "$1")/trial/"
    note "$1" wireshark "$(as_user_of "$1" 'tshark --version' 2>/dev/null | sed -nE '1s/^TShark \(Wireshark\) ([0-9.]+[0-9]).*/\1/p')"
    try_package "$1"
    try_archive "$1"
    other=$(other_than "$1")
    if [ -n "$other" ]; then try_wrong_file "$1" "$other"; fi
    try_refusals "$1" "$other"
    if [ -n "$arm64" ]; then compare_with_amd64 "${1%-arm64}"; fi
    clean_guest "$1"
}

# The same capture, by both: all details and behind them all reports, in one run, since qemu takes long to start tshark.
compare_with_amd64() { # RELEASE
    local capture file which how=-V count=0
    for file in "${REPORTS[@]}"; do how+=" -z $file"; done
    make_guest_chroot "$1"
    for which in "$1" "$1-arm64"; do
        clean_guest "$which"
        mkdir "$(guest_of "$which")/trial"
        cp "$trials/$which"/*.tar.gz "$(guest_of "$which")/trial/" 2>/dev/null || cp "$OUT"/*"-$(guest_minor "$1")-linux-x86_64.tar.gz" "$(guest_of "$which")/trial/"
        as_user_of "$which" 'tar -xzf /trial/*.tar.gz && cd aerospike-wireshark-* && ./install.sh >/dev/null'
        cp -r captures "$(guest_of "$which")/trial/captures"
    done
    for capture in kv-basic "${COMPARED[@]}"; do
        file=$(cd captures && find . -name "$capture.pcapng" -o -name "$capture.pcapng.gz" | head -n 1)
        [ -n "$file" ] || die "There is no capture $capture."
        for which in "$1" "$1-arm64"; do
            as_user_of "$which" "tshark -n -r /trial/captures/$file $how 2>&1" >"$trials/said-$which" ||
                die "$(title_of "$which"): tshark -r $file $how" "$(tail -n 3 "$trials/said-$which")"
        done
        grep -q '^Aerospike\|Hot keys\|hot keys' "$trials/said-$1" || die "$(title_of "$1"): tshark -r $file $how says nothing of Aerospike"
        cmp -s "$trials/said-$1" "$trials/said-$1-arm64" ||
            die "arm64 and x86-64 differ: tshark -r $file $how" "$(diff "$trials/said-$1" "$trials/said-$1-arm64" | head -n 6)"
        count=$((count + $(wc -l <"$trials/said-$1")))
    done
    clean_guest "$1"
    note "$1-arm64" same "$((1 + ${#COMPARED[@]})) captures, $count lines as x86-64"
    say "    the same as x86-64: details and ${#REPORTS[@]} reports of $((1 + ${#COMPARED[@]})) captures, $count lines"
}
guest_minor() { as_user_of "$1" 'tshark --version' 2>/dev/null | minor_version; }

commit() { say "$(git rev-parse --short HEAD 2>/dev/null || say '?')$([ -z "$(git status --porcelain 2>/dev/null)" ] || say ' with changes')"; }

# A row of each, and the tests that "make versions" counted last, with the commits that both are of.
report() {
    local one release processor tests
    say '| release | Wireshark | processor | Rust | from source | archive | package | also | of commit | tests |'
    say '|---|---|---|---|---|---|---|---|---|---|'
    for one in "${wanted[@]}"; do
        release=${one%-arm64} processor=x86-64 tests=
        case $one in
        *-arm64) processor=arm64 ;;
        *) tests=$(cat "$CHROOTS/$release/tests.txt" 2>/dev/null) || tests='not run' ;;
        esac
        say "| $(release_title "$release") | $(noted "$one" wireshark) | $processor | $(noted "$one" rust) | $(noted "$one" source no) |" \
            "$(noted "$one" archive no) | $(noted "$one" package no) | $(noted "$one" same) | $(noted "$one" commit) | $tests |"
    done
}

# Of all that was ever tried in this folder.
table() {
    local one
    wanted=()
    for one in "${RELEASES[@]}" "${ARM64_RELEASES[@]/%/-arm64}"; do
        if [ -f "$NOTES/$one.source" ]; then wanted+=("$one"); fi
    done
    report | tee "$OUT/TRIED.md"
}

if [ "${1:-}" = --table ]; then
    table
    exit
fi
choose_releases "$@"
failed=()
mkdir -p "$OUT" "$NOTES"
# What was made for x86-64 stays where arm64 alone is asked for, to be compared with.
case " ${wanted[*]/%*-arm64/} " in *[a-z]*) find "$OUT" -maxdepth 1 -type f -delete ;; esac
reason=$(chroots_lack)
if [ $# -eq 0 ] && { [ -n "$reason" ] || [ ${#wanted[@]} -eq 0 ]; }; then
    say "For the Wireshark of this machine only: ${reason:-no chroots are in $CHROOTS (make versions)}."
    tools/pack.sh "$OUT"
else
    [ -z "$reason" ] || die "Other versions cannot be packed here: $reason"
    enter_own_namespace tools/dist.sh "$@"
    lock_chroots
    fetch_crates
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
    temporary_folder
    trials=$TEMPORARY
    for release in "${wanted[@]}"; do apart "$release" pack_release; done
    for release in "${wanted[@]}"; do
        if [ -d "$trials/$release" ]; then apart "$release" try_release; fi
    done
    table
fi
tools/pack-other.sh "$OUT"
(cd "$OUT" && shopt -s nullglob && sha256sum -- *.tar.gz *.deb *.zip >SHA256SUMS)
say "$OUT:" && ls -l "$OUT"
[ ${#failed[@]} -eq 0 ] || die 'Not all was made and tried:' "${failed[@]}"
