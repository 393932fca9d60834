#!/usr/bin/env bash
# Packs what "make windows" and "make macos" left in target/windows and target/macos: an archive each, with the plugin alone.
#
#   tools/pack-other.sh FOLDER    puts there what there is
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

PACKAGE=aerospike-wireshark

# The folder of an archive, all but the plugin; INSTALL is what is read from standard input.
fill_folder() { # NAME
    folder=$TEMPORARY/$1
    mkdir -p "$folder"
    cp README.md COPYING CHANGELOG.md captures/kv-basic.pcapng "$folder/"
    cat >"$folder/INSTALL"
}

# The same bytes from the same files: names in order, times of the commit.
close_folder() { # NAME
    (cd "$folder" && sha256sum -- * >SHA256SUMS)
    chmod -R u=rwX,go=rX "$folder"
    find "$folder" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
}

pack_windows() {
    local wireshark name
    wireshark=$(<target/windows/wireshark)
    name=$PACKAGE-$release-wireshark-$wireshark-windows-x86_64
    fill_folder "$name" <<END_OF_NOTE
Aerospike $release for Wireshark $wireshark (64-bit Windows)

Only Wireshark $wireshark loads this file (Help, About Wireshark); another version says so and goes on without it.

It was built with MinGW-w64 and run by wine, in a tshark.exe that was built so, too: there it says what it says on Linux. It has
NOT been run on Windows, nor in the Wireshark of wireshark.org, which another compiler built. What is seen there is worth a
report.

In a prompt (cmd), in this folder:

    mkdir "%APPDATA%\\Wireshark\\plugins\\$wireshark\\epan"
    copy aerospike.dll "%APPDATA%\\Wireshark\\plugins\\$wireshark\\epan"
    "%ProgramFiles%\\Wireshark\\tshark.exe" -r kv-basic.pcapng -Y aerospike

That folder is yours alone ("Personal Plugins" of "tshark -G folders"). For all users it is the same below the folder of the
program. It has to keep the name aerospike.dll, and there may be one copy only: two keep Wireshark from starting. To remove it,
delete the file.
END_OF_NOTE
    cp target/windows/aerospike.dll "$folder/"
    close_folder
    # A zip, which Windows opens by itself.
    (cd "$TEMPORARY" && rm -f "$out/$name.zip" && TZ=UTC python3 -m zipfile -c "$out/$name.zip" "$name/")
    say "$out/$name.zip"
}

pack_macos() { # MACHINE
    local wireshark name
    wireshark=$(<target/macos/wireshark)
    name=$PACKAGE-$release-wireshark-$wireshark-macos-$1
    fill_folder "$name" <<END_OF_NOTE
Aerospike $release for Wireshark $wireshark ($1 macOS)

Only Wireshark $wireshark loads this file (About Wireshark); another version says so and goes on without it.

It was built on Linux and has NEVER BEEN RUN. That it loads is to be expected, and no more: it asks for nothing that Wireshark (on
Linux) and a new macOS have not. What is seen is worth a report.

In a terminal, in this folder. "tshark" is /Applications/Wireshark.app/Contents/MacOS/tshark, and uname -m has to say $1:

    shasum -a 256 -c SHA256SUMS
    mkdir -p ~/.local/lib/wireshark/plugins/${wireshark/./-}/epan
    cp aerospike.so ~/.local/lib/wireshark/plugins/${wireshark/./-}/epan/
    xattr -d com.apple.quarantine ~/.local/lib/wireshark/plugins/${wireshark/./-}/epan/aerospike.so
    tshark -r kv-basic.pcapng -Y aerospike

The folder has a dash in the build of wireshark.org; others, such as Homebrew's, may have a dot (${wireshark}): "Personal Plugins"
of "tshark -G folders" says which. xattr takes away the mark of what a browser fetched, with which macOS refuses to load the file;
where there is no such mark, it says so. The file has to keep the name aerospike.so, and there may be one copy only. To remove it,
delete the file.
END_OF_NOTE
    cp "target/macos/$1/aerospike.so" "$folder/"
    close_folder
    tar -C "$TEMPORARY" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
    say "$out/$name.tar.gz"
}

[ $# -eq 1 ] || die "usage: $0 FOLDER"
mkdir -p "$1"
out=$(realpath "$1")
release=$(plugin_version)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
temporary_folder
if [ -e target/windows/aerospike.dll ]; then pack_windows; else say 'For Windows nothing is packed: make windows'; fi
for machine in arm64 x86_64; do
    if [ -e "target/macos/$machine/aerospike.so" ]; then pack_macos "$machine"; else say "For macOS on $machine nothing is packed: make macos"; fi
done
