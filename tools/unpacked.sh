#!/bin/sh
# Puts the plugin of this archive where the Wireshark of this machine looks for it, and shows that it works. What does
# not fit is refused, with the reason, and nothing is changed.
#
#   ./install.sh              as a user: for you; as root: for everyone, since Wireshark reads no personal plugins as root
#   ./install.sh uninstall    takes it out again
#
# TSHARK=/path/tshark names another tshark than the one in PATH.
set -eu
cd "$(dirname "$0")"

# What the file beside this script was built for; set when the archive is made.
RELEASE=@RELEASE@ WIRESHARK=@WIRESHARK@ MICRO=@MICRO@ MACHINE=@MACHINE@ GLIBC=@GLIBC@

TSHARK=${TSHARK:-tshark}
SAMPLE_FILTER='aerospike.bin.name == "a"'

say() { printf '%s\n' "$*"; }
die() {
    printf 'Not installed: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '    %s\n' "$@" >&2; fi
    exit 1
}

# Whether the first version is the second or later.
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

check_archive() {
    sha256sum -c SHA256SUMS >/dev/null 2>&1 ||
        die 'a file of this archive is not as it was packed; download and unpack it again.' \
            'sha256sum -c SHA256SUMS says which.'
}

check_machine() {
    machine=$(uname -m)
    case $machine in arm64) machine=aarch64 ;; amd64) machine=x86_64 ;; esac
    [ "$(uname -s)" = Linux ] || die "this file is for Linux, and here is $(uname -s) (docs/other-systems.md)."
    [ "$machine" = "$MACHINE" ] ||
        die "this file is for $MACHINE, and this machine is $machine." \
            "Take aerospike-wireshark-$RELEASE-wireshark-$WIRESHARK-linux-$machine.tar.gz, if there is one."
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/^glibc //')
    [ -n "$glibc" ] || die 'this file needs glibc, and this system has another C library (Alpine: musl).' \
        'Build from source: make install'
    at_least "$glibc" "$GLIBC" || die "this file needs glibc $GLIBC, and here is $glibc." 'Build from source: make install'
}

# Sets `version` (4.0.17) and the folders `system` and `personal`.
ask_wireshark() {
    command -v "$TSHARK" >/dev/null 2>&1 ||
        die "\"$TSHARK\" is not here; it is asked for its version and folders." \
            'Debian, Ubuntu: apt-get install tshark. Elsewhere it comes with Wireshark; name it: TSHARK=/path/tshark ./install.sh'
    version=$("$TSHARK" --version 2>/dev/null | sed -nE '1s/^TShark \(Wireshark\) ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p')
    system=$(env -u WIRESHARK_PLUGIN_DIR "$TSHARK" -G folders 2>/dev/null | sed -nE 's/^Global Plugins:[[:space:]]+//p')
    personal=$("$TSHARK" -G folders 2>/dev/null | sed -nE 's/^Personal Plugins:[[:space:]]+//p')
    if [ -z "$version" ] || [ -z "$system" ] || [ -z "$personal" ]; then
        die "\"$TSHARK\" does not say its version and folders ($TSHARK --version; $TSHARK -G folders)." \
            'If it says that there are two plugins for Aerospike, remove one of them.'
    fi
    if [ "$(id -u)" -eq 0 ]; then target=$system/epan/aerospike.so; else target=$personal/epan/aerospike.so; fi
}

check_wireshark() {
    minor=${version%.*}
    [ "$minor" = "$WIRESHARK" ] ||
        die "this file is for Wireshark $WIRESHARK, and here is $version." \
            "Take aerospike-wireshark-$RELEASE-wireshark-$minor-linux-$MACHINE.tar.gz, if there is one; or build from source: make install"
    at_least "$version" "$MICRO" ||
        say "Built with Wireshark $MICRO, here is $version: it loads, and says so at each start."
}

# Two copies keep Wireshark from starting.
check_copies() {
    for folder in "$system" "$personal"; do
        [ -d "$folder" ] || continue
        # Root reads no personal plugins.
        if [ "$(id -u)" -eq 0 ] && [ "$folder" = "$personal" ]; then continue; fi
        other=$(find "$folder" -name '*aerospike*.so' ! -path "$target" | head -n 1)
        [ -z "$other" ] || die "another copy is in the way, and two keep Wireshark from starting: $other" \
            'Remove it first (the package: dpkg --purge aerospike-wireshark).'
    done
}

# Loaded is one copy, and it is this one; if not, all is as before.
prove_loaded() {
    tab=$(printf '\t')
    words=$("$TSHARK" -G plugins 2>&1 >/dev/null | grep -v '^Running as user "root"' || true)
    loaded=$("$TSHARK" -G plugins 2>/dev/null | sed -nE "s/.*$tab(.*aerospike\.so)\$/\1/p")
    if [ "$loaded" != "$target" ]; then
        rm -f -- "$target"
        if [ -f "$target.before" ]; then mv -f -- "$target.before" "$target"; fi
        die "$TSHARK does not load it:" "${words:-it says nothing of it}"
    fi
    rm -f -- "$target.before"
    say "Installed for Wireshark $version: $loaded"
}

show_sample() {
    lines=$("$TSHARK" -n -r kv-basic.pcapng -Y "$SAMPLE_FILTER" 2>/dev/null | grep -c Aerospike) || true
    if [ "$lines" -gt 0 ]; then
        say "The sample shows $lines messages. To look at it: wireshark $(pwd)/kv-basic.pcapng"
    else
        say 'It is loaded, but shows nothing of the sample: is Aerospike switched off (Analyze > Enabled Protocols)?'
    fi
}

case ${1:-} in
'')
    check_archive
    check_machine
    ask_wireshark
    check_wireshark
    check_copies
    mkdir -p "${target%/*}" 2>/dev/null || die "${target%/*} cannot be made."
    [ -w "${target%/*}" ] || die "${target%/*} cannot be written to."
    # Under another name first: a Wireshark that runs keeps its copy, one that starts sees no half of it.
    if [ -f "$target" ]; then cp -- "$target" "$target.before"; fi
    cp aerospike.so "$target.new"
    chmod 644 "$target.new"
    mv -f -- "$target.new" "$target"
    prove_loaded
    show_sample
    ;;
uninstall)
    ask_wireshark
    if [ -e "$target" ]; then
        rm -f -- "$target" || exit 1
        say "Removed $target"
    else
        say "There is no $target"
    fi
    ;;
*)
    say "usage: $0 [uninstall]" >&2
    exit 2
    ;;
esac
