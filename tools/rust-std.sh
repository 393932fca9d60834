#!/usr/bin/env bash
# Builds Rust's standard library for a system that the distribution has none for, from the distribution's own source of it
# (rust-src), and puts it where the compiler looks; from then on "cargo build --target" builds for that system. For a chroot.
#
#   tools/rust-std.sh --fetch LIBRARY          what its source (a folder "library") needs of crates.io, on a machine with the network
#   tools/rust-std.sh TARGET                   with the linker and the tools in the environment, as cargo wants them
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

temporary_folder
if [ "$1" = --fetch ]; then
    # Not in its own folder, where cargo may leave files.
    cp -r "$2" "$TEMPORARY/library"
    RUSTC_BOOTSTRAP=1 cargo fetch --quiet --locked --manifest-path "$TEMPORARY/library/Cargo.toml"
    exit
fi

target=$1
sysroot=$(rustc --print sysroot)
place=$sysroot/lib/rustlib/$target/lib
if [ -e "$place/made" ]; then exit; fi
library=$sysroot/lib/rustlib/src/rust/library
mkdir -p "$place"
export RUSTC_BOOTSTRAP=1
case $target in
*-windows-gnu)
    # What a program and a DLL of MinGW begin and end with.
    for part in rsbegin rsend; do
        rustc --edition 2021 --crate-type lib --emit obj --target "$target" -O -o "$place/$part.o" "$library/rtstartup/$part.rs"
    done
    ;;
esac
mkdir -p "$TEMPORARY/none/src"
printf '[package]\nname = "none"\nedition = "2021"\n' >"$TEMPORARY/none/Cargo.toml"
: >"$TEMPORARY/none/src/lib.rs"
cargo build --release --manifest-path "$TEMPORARY/none/Cargo.toml" --target-dir "$TEMPORARY/target" --target "$target" \
    -Zbuild-std=std,panic_unwind
rm -f "$TEMPORARY/target/$target"/release/deps/libnone-*
cp "$TEMPORARY/target/$target"/release/deps/lib*.rlib "$place/"
touch "$place/made"
