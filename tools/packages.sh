#!/usr/bin/env bash
# Installs what this machine lacks for a job, and nothing else: Debian's packages, by apt-get, as root
# or through sudo. Looks for the things themselves, so what came from elsewhere counts too. Elsewhere (Fedora, openSUSE,
# Arch, Alpine) it says what to install by hand.
#
#   tools/packages.sh build    what the plugin is built from, and tshark
#   tools/packages.sh lint     that, and what checks the scripts
#   tools/packages.sh test     the first, and the tools that the tests run
#   tools/packages.sh bench    the first, and what measures
#   tools/packages.sh shots    what takes the screenshots
#   tools/packages.sh arm64    what builds for arm64 on another processor: Debian's own Rust and its std, a compiler, and
#                              Wireshark's headers of arm64, in place of those of this machine: for a chroot
#   tools/packages.sh s390x    what builds the parsers for s390x, but for Rust's std (tools/byte-order.sh)
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
# rustc-web, which both conflict with what is older; Ubuntu 24.04 as rustc-1.91, in a folder that common.sh finds.
wanted=$(sed -nE 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
enough() { [ -n "$1" ] && [ "$(printf '%s\n' "$wanted" "$1" | sort -V | head -n 1)" = "$wanted" ]; }
found_rust() { rustc --version 2>/dev/null | sed -nE 's/^rustc ([0-9.]+).*/\1/p'; }
# The packages of the distribution that have a Rust that is new enough, or nothing.
distribution_rust() {
    have apt-cache || return 0
    local name
    for name in '' -web $(apt-cache search --names-only '^rustc-1\.[0-9]+$' 2>/dev/null | sed -nE 's/^rustc(-1\.[0-9]+) .*/\1/p' | sort -Vr); do
        if enough "$(apt-cache policy "rustc$name" 2>/dev/null | sed -nE 's/^ *Candidate: ([0-9.]+).*/\1/p')"; then
            say "rustc$name cargo$name"
            return
        fi
    done
}

# What Debian calls so is called elsewhere: the name in Fedora, openSUSE, Arch and Alpine. By the lists of their packages; no
# script was run there.
elsewhere() { # FEDORA|SUSE|ARCH|ALPINE PACKAGE...
    local column package
    case $1 in fedora) column=2 ;; suse) column=3 ;; arch) column=4 ;; alpine) column=5 ;; esac
    shift
    for package in "$@"; do
        awk -v package="$package" -v column="$column" '$1 == package { print $column; found = 1 } END { if (!found) print package }' <<'NAMES'
libc6-dev        glibc-devel         glibc-devel         glibc          musl-dev
pkg-config       pkgconf-pkg-config  pkgconf-pkg-config  pkgconf        pkgconf
libglib2.0-dev   glib2-devel         glib2-devel         glib2          glib-dev
libclang-dev     clang-devel         clang-devel         clang          clang-dev
libwireshark-dev wireshark-devel     wireshark-devel     wireshark-cli  wireshark-dev
tshark           wireshark-cli       wireshark           wireshark-cli  tshark
wireshark-common wireshark-cli       wireshark           wireshark-cli  wireshark-common
rustc            rust                rust                rust           rust
rust             rust                rust                rust           rust
cargo            cargo               cargo               rust           cargo
shellcheck       ShellCheck          ShellCheck          shellcheck     shellcheck
NAMES
    done | sort -u | tr '\n' ' '
}
# The command that installs the packages here, or nothing. musl: the C library of Alpine.
by_hand() {
    local kin
    kin=" $(sed -nE 's/^ID(_LIKE)?="?([^"]*)"?$/\2/p' /etc/os-release 2>/dev/null | tr '\n' ' ')"
    case $kin in
    *' fedora '* | *' rhel '*) say "dnf install $(elsewhere fedora "$@")" ;;
    *suse*) say "zypper install $(elsewhere suse "$@")" ;;
    *' arch '*) say "pacman -S $(elsewhere arch "$@")" ;;
    *' alpine '*) say "apk add bash coreutils util-linux $(elsewhere alpine "$@")" ;;
    esac
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

# Packages of another processor come beside the machine's own.
allow_foreign() { # ARCHITECTURE
    have dpkg || die "Only Debian has what is needed to build for $1 on another processor."
    dpkg --print-foreign-architectures | grep -qx "$1" || {
        may_install || die "This needs root: dpkg --add-architecture $1"
        "${as_root[@]}" dpkg --add-architecture "$1"
    }
}

# Rust's std for it, with the Rust of the distribution that goes with it.
need_foreign_std() { # ARCHITECTURE TARGET
    local packages
    if ! rustc --print sysroot >/dev/null 2>&1 || ! [ -d "$(rustc --print sysroot)/lib/rustlib/$2" ]; then
        update_lists
        read -ra packages < <(distribution_rust) || true
        [ -n "${packages[*]:-}" ] || die "There is no Rust $wanted or later among the packages."
        missing+=("${packages[@]}" "libstd-${packages[0]/rustc/rust}-dev:$1")
    fi
}

# But for libwireshark-dev, of which there can be one.
arm64_needs() {
    allow_foreign arm64
    need_program gcc cc
    need libc6-dev has_c_headers
    need_program pkg-config
    need libclang-dev has_libclang
    need_program gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
    need libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/include/stdlib.h
    need libwireshark-dev:arm64 test -e /usr/lib/aarch64-linux-gnu/pkgconfig/wireshark.pc
    need libglib2.0-dev:arm64 test -e /usr/lib/aarch64-linux-gnu/pkgconfig/glib-2.0.pc
    need_foreign_std arm64 aarch64-unknown-linux-gnu
}

s390x_needs() {
    allow_foreign s390x
    need_program gcc cc
    need libc6-dev has_c_headers
    need_program gcc-s390x-linux-gnu s390x-linux-gnu-gcc
    need libc6-dev-s390x-cross test -e /usr/s390x-linux-gnu/include/stdlib.h
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
arm64) arm64_needs ;;
s390x) s390x_needs ;;
*) die "usage: $0 build|lint|test|bench|shots|arm64|s390x" ;;
esac

case $1 in shots | arm64) needs_rust= ;; *) needs_rust=1 ;; esac
if [ -n "$needs_rust" ] && ! have cargo; then
    if [ -z "$(distribution_rust)" ] && may_install; then update_lists; fi
    read -ra rust < <(distribution_rust) || true
    missing+=("${rust[@]}")
fi

if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    have apt-get || die "This machine lacks what these packages of Debian hold: ${missing[*]}" \
        'There is no apt-get here: install what your system calls them, then run this again.' \
        "$(by_hand "${missing[@]}")"
    may_install || die 'Packages are missing, and neither root nor sudo is here. As root:' \
        "apt-get install ${missing[*]}"
    say "Installing with apt-get: ${missing[*]}"
    update_lists
    apt install -y --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: ${missing[*]}" 'Its own words are above.'
fi

if [ -n "$needs_rust" ]; then
    find_numbered_rust
    have cargo || die "Rust $wanted or later is needed: https://rustup.rs" \
        'If it is installed for you and not for root: run make as yourself; sudo is asked for packages only.'
    if ! enough "$(found_rust)"; then
        packages=$(distribution_rust)
        die "Rust $wanted or later is needed, here is $(found_rust): ${packages:+apt-get install $packages, or }https://rustup.rs"
    fi
fi
