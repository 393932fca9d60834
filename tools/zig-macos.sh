#!/bin/sh
# The C compiler and linker for macOS, for cargo and its crate cc: zig, which is told the system by ZIG_TARGET
# (aarch64-macos.11.0). What they say of it to Apple's tools is left out, and libiconv, of which the plugin uses nothing.
# With a system it would link something to tell its version, in a folder that cannot be written.
if [ "$*" = --version ]; then exec /opt/zig/zig cc --version; fi
skip=
for word in "$@"; do
    shift
    if [ -n "$skip" ]; then
        skip=
        continue
    fi
    case $word in
    -arch | -isysroot) skip=1 ;;
    --target=* | -mmacosx-version-min=* | -liconv) ;;
    *) set -- "$@" "$word" ;;
    esac
done
exec /opt/zig/zig cc -target "$ZIG_TARGET" "$@"
