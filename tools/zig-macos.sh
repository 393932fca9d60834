#!/usr/bin/env bash
# The C compiler and linker for macOS, for cargo and its crate cc: zig, which is told the system by ZIG_TARGET
# (aarch64-macos.11.0), compiles. LLVM's ld64.lld links: zig's own linker exports all there is, whatever the list of symbols to
# export says, and does not mark what it leaves open as to be looked up in the program that loads it. What is said to Apple's
# tools is left out, and libiconv, of which the plugin uses nothing.
set -euo pipefail

# With a system zig would link something to tell its version, in a folder that cannot be written.
if [ "$*" = --version ]; then exec /opt/zig/zig cc --version; fi

words=() skip='' link=''
for word in "$@"; do
    if [ -n "$skip" ]; then
        skip=
        continue
    fi
    case $word in
    -arch | -isysroot) skip=1 ;;
    --target=* | -mmacosx-version-min=* | -liconv) ;;
    -dynamiclib | -shared) link=1 ;;
    *) words+=("$word") ;;
    esac
done
[ -n "$link" ] || exec /opt/zig/zig cc -target "$ZIG_TARGET" "${words[@]}"

# As Apple's cc says it to ld.
asked=()
for word in "${words[@]}"; do
    case $word in
    -Wl,*) IFS=, read -ra parts <<<"${word#-Wl,}" && asked+=("${parts[@]}") ;;
    # All of them are libSystem.
    -lc | -lm | -nodefaultlibs | -nostdlib) ;;
    *) asked+=("$word") ;;
    esac
done
oldest=${ZIG_TARGET##*-macos.} machine=${ZIG_TARGET%%-*}
exec /usr/lib/llvm-*/bin/ld64.lld -dylib -arch "${machine/aarch64/arm64}" -platform_version macos "$oldest" "$oldest" -L/opt/zig/macos \
    -install_name aerospike.so "${asked[@]}" -lSystem
