#!/usr/bin/env bash
# Links the plugin for macOS, arm64 and x86-64, and looks at what came out. Nothing is run: no macOS is here. In a chroot of
# Debian (see chroots.sh): its own Rust with the standard library built from its source, its headers of Wireshark and GLib, and
# zig from PyPI, which brings a C compiler, and the headers and the symbols of macOS; LLVM's ld64.lld links (see zig-macos.sh).
# Needs root, debootstrap, pip and, the first time, the network.
#
#   tools/macos.sh             for the Wireshark of Debian 13 (4.4)
#   tools/macos.sh RELEASE     of another one: sid
#
# The files come to target/macos/PROCESSOR, ready for tools/dist.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

ZIG=0.17.1
OUT=$PWD/target/macos
PACKAGES=(rustc cargo rust-src gcc libc6-dev libclang-dev pkg-config libwireshark-dev libglib2.0-dev llvm lld binutils python3)
ENTRIES=(plugin_describe plugin_reg_handoff plugin_register plugin_version plugin_want_major plugin_want_minor)
# Of each processor: what Mach-O and Apple call it, and the oldest macOS on which Rust's standard library runs.
PROCESSORS=('aarch64 ARM64 arm64 11.0' 'x86_64 X86_64 x86_64 10.12')

# The chroot, with Debian's own Rust; cargo builds for the processor.
in_builder() { # USER COMMAND...
    local name=${processor^^}_APPLE_DARWIN CHROOT_KIND=macos CHROOT_RUST=''
    in_project "$release" "$1" env ZIG_TARGET="$processor-macos.$oldest" SDKROOT=/ CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=none \
        "MACOSX_DEPLOYMENT_TARGET=$oldest" \
        "ZIG_GLOBAL_CACHE_DIR=$CHROOT_TARGET/zig" "ZIG_LOCAL_CACHE_DIR=$CHROOT_TARGET/zig" \
        "CARGO_TARGET_${name}_LINKER=$tools/zig-macos.sh" "CC_${name,,}=$tools/zig-macos.sh" "AR_${name,,}=/usr/bin/llvm-ar" \
        "BINDGEN_EXTRA_CLANG_ARGS_${name,,}=-nostdlibinc -isystem /opt/zig/lib/include -isystem /opt/zig/lib/libc/include/any-darwin-any" \
        AEROSPIKE_WIRESHARK_INCLUDE=/usr/include/wireshark \
        AEROSPIKE_GLIB_INCLUDE=/usr/include/glib-2.0:/usr/lib/x86_64-linux-gnu/glib-2.0/include "${@:2}"
}

install_packages() {
    local folder=$CHROOTS/$release/macos
    if [ "$(cat "$folder/opt/packages" 2>/dev/null)" != "${PACKAGES[*]}" ]; then
        in_chroot "$folder" root sh -c "apt-get -q update && apt-get -q install -y --no-install-recommends ${PACKAGES[*]} && $apt_clean"
        say "${PACKAGES[*]}" >"$folder/opt/packages"
    fi
}

# A package of Python that is a compiler.
install_zig() {
    local folder=$CHROOTS/$release/macos/opt/zig wheels=$CHROOTS/wheels
    if [ "$(cat "$folder/version" 2>/dev/null)" != "$ZIG" ]; then
        python3 -m pip download --quiet --no-deps --dest "$wheels" "ziglang==$ZIG"
        rm -rf "$folder" "$TEMPORARY/zig"
        python3 -m zipfile -e "$wheels/ziglang-$ZIG"-*.whl "$TEMPORARY/zig"
        cp -r "$TEMPORARY/zig/ziglang" "$folder"
        chmod -R a+rX "$folder"
        chmod 755 "$folder/zig"
        say "$ZIG" >"$folder/version"
    fi
    # Apple names arm64 no more, only what came after it, of which LLVM does not know the newest.
    mkdir -p "$folder/macos"
    sed 's/arm64e-/arm64-/g; s/arm64e\.x1-/arm64e-/g' "$folder/lib/libc/darwin/libSystem.tbd" >"$folder/macos/libSystem.tbd"
}

make_builder() {
    local CHROOT_KIND=macos CHROOT_RUST=''
    make_build_chroot "$release"
    logged 'packages' install_packages
    logged 'zig' install_zig
    logged 'crates of the standard library' tools/rust-std.sh --fetch "$(echo "$CHROOTS/$release/macos"/usr/src/rustc-*/library)"
    copy_crates
}

# Symbols without the "_" that macOS puts before them.
symbols() { # OPTION...
    in_builder "$TESTER" llvm-nm --format=just-symbols --extern-only "$@" "$dylib" | sed 's/^_//' | sort -u
}

# What Wireshark's libraries and GLib export on Linux, and what zig knows of the system's library.
known_symbols() {
    # shellcheck disable=SC2016 # expanded in the chroot
    in_builder "$TESTER" sh -c 'for name in wireshark wsutil glib-2.0; do
            nm --dynamic --defined-only --format=posix /usr/lib/x86_64-linux-gnu/lib$name.so | cut -d" " -f1 | sed "s/@.*//"
        done
        grep -oE "[A-Za-z_\$][A-Za-z0-9_\$]*" /opt/zig/lib/libc/darwin/libSystem.tbd | sed "s/^_//"' | sort -u
}

look_at() { # CPU-TYPE
    local headers unknown signature=none
    headers=$(in_builder "$TESTER" llvm-objdump --macho --private-headers "$dylib")
    grep -qE "^ *MH_MAGIC_64 +$1 .* DYLIB " <<<"$headers" || die "It is no library for $1:" "$(head -n 4 <<<"$headers")"
    grep -qE "^ *(minos|version) $oldest$" <<<"$headers" || die "It is not for macOS $oldest and later:" "$(grep -A 4 -E 'VERSION' <<<"$headers")"
    [ "$(symbols --defined-only | paste -sd' ')" = "${ENTRIES[*]}" ] || die 'It exports other than what Wireshark looks up:' "$(symbols --defined-only | head -n 20)"
    unknown=$(comm -23 <(symbols --undefined-only) <(known_symbols))
    [ -z "$unknown" ] || die 'Neither Wireshark, GLib nor macOS has what it asks for:' "$unknown"
    # What is not of the system is looked for in the program that loads it.
    unknown=$(in_builder "$TESTER" llvm-nm -m --undefined-only "$dylib" | grep -vE '\((from libSystem|dynamically looked up)\)$') || true
    [ -z "$unknown" ] || die 'It asks for symbols that would be looked for nowhere:' "$unknown"
    if grep -q LC_CODE_SIGNATURE <<<"$headers"; then
        signature=$(in_builder "$TESTER" python3 tools/macos-signature.py "$dylib") || die "Its signature is not right: $signature"
    elif [ "$1" = ARM64 ]; then
        die 'It is not signed, and arm64 loads nothing that is not.'
    fi
    say "    macOS $oldest or later, $1; ${#ENTRIES[@]} symbols exported, $(symbols --undefined-only | wc -l) asked for, all known; signature: $signature"
    grep -A 2 'LC_LOAD_DYLIB' <<<"$headers" | sed -nE 's/^ *name (.*) \(.*/    linked to \1/p'
}

release=${1:-trixie}
tools=/aerospike/project/tools
processor=aarch64 oldest=11.0
reason=$(chroots_lack)
[ -z "$reason" ] || die "macOS cannot be built for here: $reason"
enter_own_namespace tools/macos.sh "$@"
lock_chroots
temporary_folder
cargo fetch --quiet --locked --target "$(rustc -vV | sed -n 's/^host: //p')" --target aarch64-apple-darwin --target x86_64-apple-darwin
make_builder
rm -rf "$OUT"
for line in "${PROCESSORS[@]}"; do
    read -r processor cpu name oldest <<<"$line"
    target=$processor-apple-darwin
    logged "standard library for $name" in_builder root tools/rust-std.sh "$target"
    logged "libaerospike.dylib for $name" in_builder "$TESTER" cargo build --release --locked --target "$target"
    dylib=$CHROOT_TARGET/$target/release/libaerospike.dylib
    look_at "$cpu"
    mkdir -p "$OUT/$name"
    # The name that Wireshark looks for.
    cp "$CHROOTS/$release/macos$dylib" "$OUT/$name/aerospike.so"
done
in_builder "$TESTER" pkg-config --modversion wireshark | minor_version >"$OUT/wireshark"
say "$OUT: built, never run"
