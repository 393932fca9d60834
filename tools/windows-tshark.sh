#!/usr/bin/env bash
# Cross-builds a tshark.exe of Wireshark's own source, with all of its dissectors, and the DLLs that it needs. For a chroot of
# Debian 13, as root: tools/windows.sh runs it there. What is done already is not done again.
#
#   /opt/w/src        sources, as Debian and Ubuntu have them
#   /opt/w/build      what is built from them
#   /opt/w/prefix     the libraries
#   /opt/w/include    Wireshark's headers, for the plugin
#   /opt/w/import     import libraries of what the plugin calls
#   /opt/w/tshark     tshark.exe with its DLLs: all that goes to a Windows
#
# Left out: Qt, capture, Lua, and each library that Wireshark can do without, but zlib. GLib is built without gobject and gio,
# which Wireshark does not use, and its DLLs are named as in the build of wireshark.org (glib-2.0-0.dll), so that a plugin that
# is linked to the one asks for what the other has.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

ROOM=/opt/w
TRIPLET=x86_64-w64-mingw32
PREFIX=$ROOM/prefix BUILD=$ROOM/build
intl=$PWD/tools/intl
# From which release each source is taken. Wireshark's is what all of this is for; of the others any version does.
SOURCES=(wireshark/noble glib2.0/trixie pcre2/bookworm c-ares/noble)
# What is built on this machine, and what for Windows Debian has.
PACKAGES=(dpkg-dev make gcc g++ python3 perl flex lemon cmake ninja-build meson pkg-config
    gcc-mingw-w64-x86-64-win32 g++-mingw-w64-x86-64-win32 libz-mingw-w64-dev libgcrypt-mingw-w64-dev libgpg-error-mingw-w64-dev
    rustc cargo rust-src libglib2.0-dev libclang-dev wine wine64)

once() { # NAME COMMAND...: unless it has been done
    local mark=$ROOM/done-$1
    [ ! -e "$mark" ] || return 0
    say "$(date +%T) $1"
    "${@:2}"
    touch "$mark"
}

packages() {
    cat >/etc/apt/sources.list.d/source.list <<'END'
deb-src http://deb.debian.org/debian trixie main
deb-src http://deb.debian.org/debian bookworm main
deb-src [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] http://archive.ubuntu.com/ubuntu noble main universe
END
    apt-get -q update
    apt-get -q install -y --no-install-recommends "${PACKAGES[@]}"
}

# Fetched and unpacked, each in a folder of its name and version.
sources() {
    local source
    rm -rf "$ROOM/src"
    mkdir -p "$ROOM/src"
    for source in "${SOURCES[@]}"; do (cd "$ROOM/src" && apt-get -q source "$source"); done
}
source_of() { find "$ROOM/src" -mindepth 1 -maxdepth 1 -type d -name "$1-[0-9]*" | head -n 1; }

cross_files() {
    mkdir -p "$BUILD" "$PREFIX/lib/pkgconfig"
    cat >"$BUILD/toolchain.cmake" <<END
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER $TRIPLET-gcc)
set(CMAKE_CXX_COMPILER $TRIPLET-g++)
set(CMAKE_RC_COMPILER $TRIPLET-windres)
set(CMAKE_FIND_ROOT_PATH $PREFIX /usr/$TRIPLET)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
END
    cat >"$BUILD/cross.ini" <<END
[binaries]
c = '$TRIPLET-gcc'
cpp = '$TRIPLET-g++'
ar = '$TRIPLET-ar'
strip = '$TRIPLET-strip'
windres = '$TRIPLET-windres'
pkg-config = 'pkg-config'
[properties]
pkg_config_libdir = '$PREFIX/lib/pkgconfig:$BUILD/unused'
[built-in options]
c_args = ['-I$PREFIX/include']
c_link_args = ['-L$PREFIX/lib', '-static-libgcc']
cpp_link_args = ['-static-libgcc', '-static-libstdc++']
[host_machine]
system = 'windows'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
END
}

for_windows() { # NAME OPTION...
    PKG_CONFIG_LIBDIR=$PREFIX/lib/pkgconfig cmake -G Ninja "-DCMAKE_TOOLCHAIN_FILE=$BUILD/toolchain.cmake" -S "$(source_of "$1")" -B "$BUILD/$1" \
        "-DCMAKE_INSTALL_PREFIX=$PREFIX" "${@:2}"
}

pcre2() {
    for_windows pcre2 -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF -DPCRE2_BUILD_TESTS=OFF -DPCRE2_BUILD_PCRE2GREP=OFF
    ninja -C "$BUILD/pcre2" install
}

c_ares() {
    for_windows c-ares -DCMAKE_BUILD_TYPE=Release -DCARES_BUILD_TOOLS=OFF
    ninja -C "$BUILD/c-ares" install
}

glib() {
    local source build=$BUILD/glib name
    source=$(source_of glib2.0)
    # Meson takes a folder of that name for the project that GLib would fetch.
    rm -rf "$build" "$source/subprojects/proxy-libintl"
    cp -r "$intl" "$source/subprojects/proxy-libintl"
    # gobject, which is not built, asks for it.
    mkdir -p "$BUILD/unused"
    printf '%s\n' 'Name: libffi' 'Description: not used' 'Version: 3.4' >"$BUILD/unused/libffi.pc"
    for name in glib gmodule gthread; do
        grep -q "name_prefix : ''" "$source/$name/meson.build" ||
            sed -i "0,/^  version : library_version,/s//  name_prefix : '',\n&/" "$source/$name/meson.build"
    done
    meson setup "$build" "$source" --cross-file "$BUILD/cross.ini" --prefix "$PREFIX" --libdir lib --buildtype release \
        --wrap-mode nodownload -Dtests=false -Dintrospection=disabled -Dglib_debug=disabled -Dnls=disabled
    ninja -C "$build" glib/glib-2.0-0.dll gmodule/gmodule-2.0-0.dll gthread/gthread-2.0-0.dll
    # The headers are the same for all systems, but for these two.
    mkdir -p "$PREFIX/lib/glib-2.0/include" "$PREFIX/include"
    cp -r /usr/include/glib-2.0 "$PREFIX/include/"
    cp "$source/glib/gwin32.h" "$PREFIX/include/glib-2.0/glib/"
    cp "$build/glib/glibconfig.h" "$PREFIX/lib/glib-2.0/include/"
    for name in glib gmodule gthread; do
        cp "$build/$name/$name-2.0-0.dll" "$PREFIX/bin/"
        cp "$build/$name/$name-2.0.dll.a" "$PREFIX/lib/lib$name-2.0.dll.a"
        cp "$build"/meson-private/"$name"*-2.0.pc "$PREFIX/lib/pkgconfig/"
    done
}

# Not optimized: that takes half of the time, and what is looked at is whether it is right.
tshark() {
    local off=() name
    for name in wireshark dumpcap androiddump sshdump ciscodump dpauxmon wifidump mmdbresolve sharkd; do off+=("-DBUILD_$name=OFF"); done
    for name in PCAP LUA GNUTLS KERBEROS SMI LIBXML2 SINSP MINIZIP LZ4 BROTLI SNAPPY ZSTD NGHTTP2 NGHTTP3 SBC SPANDSP BCG729 AMRNB ILBC OPUS WERROR; do
        off+=("-DENABLE_$name=OFF")
    done
    for_windows wireshark -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS='-O0 -g0' -DCMAKE_CXX_FLAGS='-O0 -g0' -DUSE_REPOSITORY=OFF "${off[@]}"
    ninja -C "$BUILD/wireshark" tshark
}

headers() {
    rm -rf "$ROOM/include"
    mkdir -p "$ROOM/include"
    (cd "$(source_of wireshark)" && find epan wsutil wiretap -name '*.h' -exec cp --parents -t "$ROOM/include" {} +)
    cp -r "$(source_of wireshark)/include/." "$BUILD/wireshark/ws_version.h" "$BUILD/wireshark/config.h" "$ROOM/include/"
}

# tshark.exe and all that it asks for, by name, until nothing new is asked for. What is not found is Windows' own.
folder() {
    local places=("$BUILD/wireshark/run" "$PREFIX/bin" "/usr/$TRIPLET/bin" "/usr/$TRIPLET/lib" "$(dirname "$("$TRIPLET-gcc" -print-libgcc-file-name)")")
    local names=(tshark.exe) name found
    rm -rf "$ROOM/tshark"
    mkdir "$ROOM/tshark"
    while [ ${#names[@]} -gt 0 ]; do
        name=${names[0]}
        names=("${names[@]:1}")
        [ ! -e "$ROOM/tshark/$name" ] || continue
        found=$(find "${places[@]}" -maxdepth 1 -iname "$name" | head -n 1)
        [ -n "$found" ] || continue
        cp "$found" "$ROOM/tshark/"
        mapfile -t -O "${#names[@]}" names < <("$TRIPLET-objdump" -p "$found" | sed -nE 's/^\s*DLL Name: (.*)/\1/p')
    done
    mkdir -p "$ROOM/import"
    for name in wireshark wsutil glib-2.0; do
        found=$(find "$BUILD/wireshark" "$PREFIX/lib" -name "lib$name.dll.a" | head -n 1)
        [ -n "$found" ] || die "There is no import library of $name."
        cp "$found" "$ROOM/import/"
    done
}

mkdir -p "$ROOM"
once packages packages
once sources sources
cross_files
once pcre2 pcre2
once c-ares c_ares
once glib glib
once tshark tshark
once headers headers
once folder folder
