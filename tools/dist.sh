#!/usr/bin/env bash
# Makes what users get, in target/dist: for each Wireshark an archive and a Debian package, with checksums. Each
# is built in the chroot of its release (see versions.sh) and tried in another that has tshark and nothing to build
# with. Where no chroots can be had, it is for the Wireshark of this machine alone, and not tried.
#
#   tools/dist.sh               for all releases whose chroots are there, made by "make versions"
#   tools/dist.sh RELEASE...    for those; what is missing of them is made
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

OUT=$PWD/target/dist
# Of the captures in every archive: seven messages that name this bin.
SAMPLE_FILTER='aerospike.bin.name == "a"'
SAMPLE_LINES=7

choose_releases() {
    local release
    wanted=("$@")
    if [ ${#wanted[@]} -gt 0 ]; then return; fi
    for release in "${RELEASES[@]}"; do
        if [ -d "$CHROOTS/$release/build" ]; then wanted+=("$release"); fi
    done
}

pack_release() { # RELEASE
    local place=/var/cache/aerospike-target/dist
    say "$(release_title "$1"):"
    make_build_chroot "$1"
    in_chroot "$CHROOTS/$1/build" root rm -rf "$place"
    in_project "$1" root tools/packages.sh build
    in_project "$1" "$TESTER" env "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" tools/pack.sh "$place" >"$CHROOTS/$1/pack.log" 2>&1 ||
        die "It cannot be packed in $(release_title "$1"):" "$(tail -n 5 "$CHROOTS/$1/pack.log")"
    mkdir -p "$trials/$1"
    cp "$CHROOTS/$1/build$place"/* "$trials/$1/"
    cp "$trials/$1"/* "$OUT/"
}

# As the user of a release, without the build tools.
as_user_of() { # RELEASE COMMAND-LINE
    in_chroot "$CHROOTS/$1/guest" "$TESTER" sh -c "cd && $2"
}

as_root_of() { # RELEASE COMMAND-LINE
    in_chroot "$CHROOTS/$1/guest" root sh -c "$2"
}

clean_guest() { # RELEASE
    as_root_of "$1" "rm -rf /trial /home/$TESTER/* /home/$TESTER/.local; dpkg --purge aerospike-wireshark >/dev/null 2>&1 || true"
}

# Shows the sample with whatever plugin there is; fails unless it is there and nothing is complained of.
show_sample_to() { # RELEASE HOW SAMPLE
    local lines
    lines=$(as_user_of "$1" "tshark -n -r $3 -Y '$SAMPLE_FILTER'" 2>"$trials/words" | grep -c Aerospike) || true
    [ "$lines" = "$SAMPLE_LINES" ] || die "$(release_title "$1"), $2: $lines messages and not $SAMPLE_LINES" "$(cat "$trials/words")"
    [ ! -s "$trials/words" ] || die "$(release_title "$1"), $2:" "$(cat "$trials/words")"
    say "    $2: the sample dissects"
}

try_package() { # RELEASE
    as_root_of "$1" 'dpkg -i /trial/*.deb >/dev/null' || die "$(release_title "$1") does not install the package"
    show_sample_to "$1" 'package' /usr/share/doc/aerospike-wireshark/kv-basic.pcapng
    as_root_of "$1" 'dpkg --purge aerospike-wireshark >/dev/null'
}

# The lines of INSTALL are what is typed, but for the last.
try_archive() { # RELEASE
    # shellcheck disable=SC2016 # expanded in the chroot
    as_user_of "$1" 'tar -xzf /trial/*.tar.gz && cd aerospike-wireshark-* && sed -nE "s/^    //p" INSTALL | sed \$d | sh -e >/dev/null' ||
        die "$(release_title "$1"): what INSTALL says does not work"
    show_sample_to "$1" 'archive, by its INSTALL' 'aerospike-wireshark-*/kv-basic.pcapng'
}

# A file for another version in the folder of this one: tshark says so, and goes on.
try_wrong_file() { # RELEASE OTHER
    local archive=("$trials/$2"/*.tar.gz) words
    tar -xzf "${archive[0]}" -C "$trials/$2" --strip-components=1
    cp "$trials/$2/aerospike.so" "$CHROOTS/$1/guest/trial/"
    # shellcheck disable=SC2016 # expanded in the chroot
    words=$(as_user_of "$1" 'cp /trial/aerospike.so .local/lib/wireshark/plugins/*/epan/ && tshark -G plugins 2>&1 >plugins')
    if as_user_of "$1" 'grep -q aerospike.so plugins'; then die "$(release_title "$1") loads the file for $(release_title "$2")"; fi
    grep -q "'aerospike.so' was compiled for Wireshark version" <<<"$words" || die "$(release_title "$1") says of a wrong file:" "$words"
    say "    the file for $(release_title "$2"): $words"
}

try_release() { # RELEASE
    local other
    say "$(release_title "$1"), with tshark alone:"
    make_guest_chroot "$1"
    clean_guest "$1"
    mkdir "$CHROOTS/$1/guest/trial"
    cp "$trials/$1"/*.deb "$trials/$1"/*.tar.gz "$CHROOTS/$1/guest/trial/"
    try_package "$1"
    try_archive "$1"
    for other in "${wanted[@]}"; do
        if [ "$other" != "$1" ]; then
            try_wrong_file "$1" "$other"
            break
        fi
    done
    clean_guest "$1"
}

choose_releases "$@"
mkdir -p "$OUT"
rm -f "$OUT"/*
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
    for release in "${wanted[@]}"; do pack_release "$release"; done
    for release in "${wanted[@]}"; do try_release "$release"; done
fi
(cd "$OUT" && sha256sum -- *.tar.gz *.deb >SHA256SUMS)
say "$OUT:" && ls -l "$OUT"
