#!/usr/bin/env bash
# Installs what this machine lacks for a job, and nothing else: Debian's packages, by apt-get, as root
# or through sudo. Looks for the things themselves, so what came from elsewhere counts too.
#
#   tools/packages.sh build    what the plugin is built from, and tshark
#   tools/packages.sh lint     that, and what checks the scripts
#   tools/packages.sh test     the first, and the tools that the tests run
#   tools/packages.sh bench    the first, and what measures
#   tools/packages.sh shots    what takes the screenshots
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

missing=()
need() { # PACKAGE COMMAND...: the package, unless the command succeeds
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
need_program() { need "$1" have "${2:-$1}"; }

# The library, and the headers of the compiler's own that it parses with.
has_libclang() {
    local places=("${LIBCLANG_PATH:-/usr/lib}" /usr/lib /usr/lib64 /usr/local/lib)
    [ -n "$(find "${places[@]}" -maxdepth 3 \( -name 'libclang.so*' -o -name 'libclang-[0-9]*.so*' \) 2>/dev/null)" ] &&
        [ -n "$(find "${places[@]}" -maxdepth 7 -path '*/clang/*/include/stddef.h' 2>/dev/null)" ]
}
has_c_headers() { echo '#include <stdlib.h>' | cc -fsyntax-only -xc -; }
has_wireshark_headers() { [ -n "${AEROSPIKE_WIRESHARK_INCLUDE:-}" ] || pkg-config --exists wireshark; }

build_needs() {
    need_program gcc cc
    need libc6-dev has_c_headers
    need_program pkg-config
    need libglib2.0-dev pkg-config --exists glib-2.0
    need libclang-dev has_libclang
    need libwireshark-dev has_wireshark_headers
    need_program tshark "$TSHARK"
}

case ${1:-} in
build) build_needs ;;
lint)
    build_needs
    need_program shellcheck
    ;;
test)
    build_needs
    need_program wireshark-common sharkd
    need_program wireshark-common editcap
    need_program binutils readelf
    need_program util-linux setpriv
    ;;
bench)
    build_needs
    need_program wireshark-common editcap
    need_program valgrind
    need_program util-linux setpriv
    need time test -x /usr/bin/time
    ;;
shots)
    for program in wireshark xvfb:Xvfb openbox xdotool imagemagick:import util-linux:setpriv; do
        need_program "${program%:*}" "${program#*:}"
    done
    need fonts-dejavu-core test -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
    ;;
*) die "usage: $0 build|lint|test|bench|shots" ;;
esac

if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    have apt-get || die "This machine lacks what these packages of Debian hold: ${missing[*]}" \
        'There is no apt-get here: install what your system calls them, then run this again.'
    as_root=()
    if ! is_root; then
        have sudo || die 'Packages are missing, and neither root nor sudo is here. As root:' \
            "apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing with apt-get: ${missing[*]}"
    apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update >/dev/null || warn 'apt-get update failed; trying with the lists that are here'
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
        die "apt-get could not install: ${missing[*]}" 'Its own words are above.'
fi

# Rust comes from rustup on most machines, Debian's own being older than the plugin needs on Debian 12.
if [ "$1" != shots ]; then
    wanted=$(sed -nE 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
    have cargo || die "Rust $wanted or later is needed: https://rustup.rs" \
        'If it is installed for you and not for root: run make as yourself; sudo is asked for packages only.'
    found=$(rustc --version | sed -nE 's/^rustc ([0-9.]+).*/\1/p')
    [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] ||
        die "Rust $wanted or later is needed, here is $found: https://rustup.rs"
fi
