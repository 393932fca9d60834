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

# Rust: what is here; else the distribution's own, where that is new enough: Debian 13 has it as rustc, Debian 12 as
# rustc-web, which both conflict with what is older.
wanted=$(sed -nE 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
enough() { [ -n "$1" ] && [ "$(printf '%s\n' "$wanted" "$1" | sort -V | head -n 1)" = "$wanted" ]; }
found_rust() { rustc --version 2>/dev/null | sed -nE 's/^rustc ([0-9.]+).*/\1/p'; }
# The packages of the distribution that have a Rust that is new enough, or nothing.
distribution_rust() {
    have apt-cache || return 0
    local name
    for name in '' -web; do
        if enough "$(apt-cache policy "rustc$name" 2>/dev/null | sed -nE 's/^ *Candidate: ([0-9.]+).*/\1/p')"; then
            say "rustc$name cargo$name"
            return
        fi
    done
}

as_root=()
is_root || as_root=(sudo)
may_install() { have apt-get && { is_root || have sudo; }; }
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null; }
# Once is enough.
updated=
update_lists() {
    [ -z "$updated" ] || return 0
    updated=1
    apt update || warn 'apt-get update failed; trying with the lists that are here'
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
    need_program valgrind
    need_program python3
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

if [ "$1" != shots ] && ! have cargo; then
    if [ -z "$(distribution_rust)" ] && may_install; then update_lists; fi
    read -ra rust < <(distribution_rust) || true
    missing+=("${rust[@]}")
fi

if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    have apt-get || die "This machine lacks what these packages of Debian hold: ${missing[*]}" \
        'There is no apt-get here: install what your system calls them, then run this again.'
    may_install || die 'Packages are missing, and neither root nor sudo is here. As root:' \
        "apt-get install ${missing[*]}"
    say "Installing with apt-get: ${missing[*]}"
    update_lists
    apt install -y --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: ${missing[*]}" 'Its own words are above.'
fi

if [ "$1" != shots ]; then
    have cargo || die "Rust $wanted or later is needed: https://rustup.rs" \
        'If it is installed for you and not for root: run make as yourself; sudo is asked for packages only.'
    if ! enough "$(found_rust)"; then
        packages=$(distribution_rust)
        die "Rust $wanted or later is needed, here is $(found_rust): ${packages:+apt-get install $packages, or }https://rustup.rs"
    fi
fi
