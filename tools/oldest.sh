#!/usr/bin/env bash
# Runs a command with the oldest Rust that Cargo.toml names; without one, checks that the plugin and its tests build with it.
# That Rust is looked for here, in rustup, and in the distribution's packages (rustc in Debian 13, rustc-web in Debian 12),
# which are unpacked into a cache and not installed. Where none is to be had it says so and ends with 3.
#
#   tools/oldest.sh [COMMAND...]
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

WANTED=$(sed -nE 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/aerospike-wireshark/rust-$WANTED

# Whether a rustc is of the version wanted, whatever its last number.
fits() { [[ "$("$@" --version 2>/dev/null)" == "rustc $WANTED."* ]]; }

# The distribution's packages of that version, as arguments of apt-get: sets `packages`.
find_packages() {
    local name version
    have apt-get || return 1
    for name in '' -web; do
        version=$(apt-cache madison "rustc$name" 2>/dev/null | awk -v wanted="$WANTED." 'index($3, wanted) == 1 { print $3; exit }')
        if [ -n "$version" ]; then
            packages=("rustc$name=$version" "cargo$name=$version" "libstd-rust$name-dev=$version" "libstd-rust$name-$WANTED=$version")
            return
        fi
    done
    return 1
}

# Unpacks those, and what they need and the machine lacks.
unpack() {
    local folder=$CACHE.part lines
    find_packages || return 1
    rm -rf "$folder"
    mkdir -p "$folder/root"
    lines=$(apt-get -qq --print-uris --no-install-recommends install "${packages[@]}" 2>/dev/null) || return 1
    say "Fetching: ${packages[*]}"
    while IFS=' ' read -r address file _; do
        (cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download "$(package_of "$file")" >/dev/null) ||
            warn "apt-get cannot download ${address//\'/}"
    done <<<"$lines"
    for file in "$folder"/*.deb; do dpkg -x "$file" "$folder/root"; done
    rm -f "$folder"/*.deb
    mv -T "$folder" "$CACHE"
}
# "name=version" of the file that apt-get calls a package: name_version_architecture.deb, with colons as %3a.
package_of() { sed -E 's/^([^_]+)_([^_]+)_.*/\1=\2/; s/%3a/:/g' <<<"$1"; }

use_unpacked() {
    local root=$CACHE/root libraries
    libraries=$(uname -m)-linux-gnu
    [ -x "$root/usr/bin/rustc" ] || unpack || return 1
    export PATH="$root/usr/bin:$PATH" RUSTC="$root/usr/bin/rustc"
    export LD_LIBRARY_PATH="$root/usr/lib/$libraries:$root/lib/$libraries:$root/usr/lib"
    fits rustc
}

if have rustc && fits rustc; then
    :
elif have rustup && toolchain=$(rustup toolchain list | grep -oE "^$WANTED(\.[0-9]+)?-[^ ]+" | head -n 1) && [ -n "$toolchain" ]; then
    export RUSTUP_TOOLCHAIN=$toolchain
elif ! use_unpacked; then
    say "No Rust $WANTED is here (rustup toolchain install $WANTED)."
    exit 3
fi
say "With $(cargo --version):"
[ $# -eq 0 ] || exec "$@"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/oldest
cargo check --locked --all-targets
