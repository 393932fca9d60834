# Shared by the scripts beside it; to be sourced, from the project's folder.
# shellcheck shell=bash

TSHARK=${TSHARK:-tshark}

# Ubuntu has newer Rusts under names with a number (rustc-1.91), in a folder of their own.
find_numbered_rust() {
    local folder newest=
    command -v cargo >/dev/null && return
    for folder in /usr/lib/rust-*/bin; do
        if [ -x "$folder/cargo" ]; then newest=$folder; fi
    done
    if [ -n "$newest" ]; then export PATH="$newest:$PATH"; fi
}
find_numbered_rust

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# A folder for this run that any user can read; it goes when the script ends.
temporary_folder() {
    TEMPORARY=$(mktemp -d)
    trap 'rm -rf "$TEMPORARY"' EXIT
    chmod 755 "$TEMPORARY"
}

# The version of the plugin: Cargo.toml is where it is written down.
plugin_version() { sed -nE 's/^version = "(.*)"/\1/p' Cargo.toml; }
# Who answers for the packages, and where: who publishes them says it, by the names that Debian's tools have for it; a package
# has to have some line, and else it is the authors' of Cargo.toml.
maintainer() {
    local authors
    authors=$(sed -nE 's/^authors = \["(.*)"\]/\1/p' Cargo.toml)
    [ -z "${DEBFULLNAME:-}" ] || authors="$DEBFULLNAME <${authors#*<}"
    [ -z "${DEBEMAIL:-}" ] || authors="${authors%%<*}<$DEBEMAIL>"
    say "$authors"
}

# Cargo, pkg-config and the C compiler build for arm64 from here on, with what Debian's packages for it hold.
use_arm64() {
    export CARGO_BUILD_TARGET=aarch64-unknown-linux-gnu
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
}

# "4.0" of a line such as "TShark (Wireshark) 4.0.17 (...)." or of "4.0.17".
minor_version() { sed -nE '1s/^([A-Za-z]+ \(Wireshark\) |Wireshark )?([0-9]+\.[0-9]+).*/\2/p'; }

# A folder that Wireshark uses, by the name it has in `tshark -G folders`.
wireshark_folder() { "$TSHARK" -G folders 2>/dev/null | sed -nE "s/^$1:[[:space:]]+//p" | head -n 1; }

# Builds the plugin; `built` is the file.
build_plugin() {
    cargo build --release --locked
    local folder
    folder=$(cargo metadata --locked --no-deps --format-version 1 |
        sed -nE 's/.*"target_directory":"([^"]*)".*/\1/p')
    built=$folder/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}release/libaerospike.so
    [ -f "$built" ] || die "cargo built no $built"
}

# The programs beside the plugin, and where their manual pages are.
# shellcheck disable=SC2034 # for the scripts
TOOLS_NAMES=(aerospike-report aerospike-top) TOOLS_PAGES=report/man

# Builds them, into the folder of `built`; fails where the compiler or the crates do not suffice.
build_tools() {
    cargo build --release --locked -p aerospike-wireshark-tools
}

# A guest: a user with the plugin as built, the samples, and nothing else of this machine. Not root, for whom
# Wireshark reads no plugins but the system's. Needs `temporary_folder` and `build_plugin`.
make_guest() {
    local version
    version=$("$TSHARK" --version 2>/dev/null | minor_version)
    mkdir -p "$TEMPORARY/plugins/$version/epan" "$TEMPORARY/home"
    cp "$built" "$TEMPORARY/plugins/$version/epan/aerospike.so"
    cp -r captures "$TEMPORARY/"
    chmod -R a+rX "$TEMPORARY"
    chmod 777 "$TEMPORARY/home"
}

as_guest() {
    local run=(env -i "PATH=$PATH" "HOME=$TEMPORARY/home" "XDG_RUNTIME_DIR=$TEMPORARY/home" LC_ALL=C.UTF-8 TZ=UTC
        "WIRESHARK_PLUGIN_DIR=${GUEST_PLUGINS:-$TEMPORARY/plugins}")
    if is_root; then run=(setpriv --reuid=65534 --regid=65534 --clear-groups "${run[@]}"); fi
    (cd "$TEMPORARY" && exec "${run[@]}" "$@")
}
