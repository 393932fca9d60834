#!/usr/bin/env bash
# Builds the plugin for the Wireshark of this machine and packs it: an archive for every Linux with that
# Wireshark, and on Debian and its kin a package.
#
#   tools/pack.sh FOLDER    puts both there
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

PACKAGE=aerospike-wireshark

# Sets what the names are made of: `release` of the plugin, `wireshark` (4.0), `micro` (4.0.17), `machine`.
read_versions() {
    release=$(sed -nE 's/^version = "(.*)"/\1/p' Cargo.toml)
    wireshark=$("$TSHARK" --version 2>/dev/null | minor_version)
    micro=$("$TSHARK" --version 2>/dev/null | sed -nE '1s/^TShark \(Wireshark\) ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p')
    machine=$(uname -m)
    [ -n "$micro" ] || die "\"$TSHARK\" does not say its version."
}

# The newest version of glibc that the plugin asks for.
glibc() { readelf -W -V "$1" | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -n 1 | sed 's/GLIBC_//'; }

# The plugin without what only a debugger reads, beside all that goes with it.
fill_folder() { # FOLDER
    mkdir -p "$1"
    cp README.md COPYING captures/kv-basic.pcapng "$1/"
    strip --strip-debug -o "$1/aerospike.so" "$built"
    chmod 644 "$1"/*
    local name
    for name in "${tools[@]}"; do
        strip -o "$1/$name" "${built%/*}/$name"
        chmod 755 "$1/$name"
        install -m 644 "$TOOLS_PAGES/$name.1" "$1/$name.1"
    done
    cat >"$1/INSTALL" <<END_OF_NOTE
Aerospike $release for Wireshark $wireshark ($machine Linux with glibc $(glibc "$1/aerospike.so") or later)

Only Wireshark $wireshark loads this file ("tshark --version"); another version says so and goes on without it.

    sha256sum -c SHA256SUMS
    mkdir -p ~/.local/lib/wireshark/plugins/$wireshark/epan
    cp aerospike.so ~/.local/lib/wireshark/plugins/$wireshark/epan/
    tshark -r kv-basic.pcapng -Y aerospike

That folder is yours alone ("Personal Plugins" of "tshark -G folders"). For all users, and for root, who reads no
other, copy it as root to the folder epan in that of "Global Plugins". It has to keep the name aerospike.so, and
there may be one copy only: two keep Wireshark from starting. To remove it, delete the file.
$(if [ ${#tools[@]} -gt 0 ]; then
        printf '\n%s\n%s\n' "aerospike-report and aerospike-top run where they are, or from any folder of PATH, such as ~/.local/bin; they find" \
            "tshark, and it the plugin. Their manual: man ./aerospike-report.1"
    fi)
END_OF_NOTE
    (cd "$1" && sha256sum -- * >SHA256SUMS)
}

make_archive() {
    local name=$PACKAGE-$release-wireshark-$wireshark-linux-$machine
    fill_folder "$TEMPORARY/$name"
    tar -C "$TEMPORARY" --sort=name --owner=0 --group=0 --numeric-owner \
        --mtime="@${SOURCE_DATE_EPOCH:-$(date +%s)}" -czf "$out/$name.tar.gz" "$name"
    say "$out/$name.tar.gz"
    packed=$TEMPORARY/$name
}

# The package that holds the library which tshark loads, such as libwireshark16.
wireshark_package() {
    local library
    library=$(ldd "$(command -v "$TSHARK")" | sed -nE 's/^[[:space:]]*(libwireshark\.so\.[0-9]+) =>.*/\1/p')
    dpkg-query --search "*/$library" | sed -nE '1s/:.*//p'
}

make_package() {
    local root=$TEMPORARY/package version=$release+wireshark$wireshark library plugins next
    library=$(wireshark_package)
    plugins=$(env -u WIRESHARK_PLUGIN_DIR "$TSHARK" -G folders 2>/dev/null |
        sed -nE 's/^Global Plugins:[[:space:]]+//p')
    next=${wireshark%.*}.$((${wireshark#*.} + 1))
    if [ -z "$library" ] || [ -z "$plugins" ]; then
        die "Which package has the library of $TSHARK, and which folder its plugins?"
    fi
    install -D -m 644 "$packed/aerospike.so" "$root$plugins/epan/aerospike.so"
    local name newest
    for name in "${tools[@]}"; do
        install -D -m 755 "$packed/$name" "$root/usr/bin/$name"
        install -D -m 644 "$packed/$name.1" "$root/usr/share/man/man1/$name.1"
        gzip -9n "$root/usr/share/man/man1/$name.1"
    done
    newest=$(for name in aerospike.so "${tools[@]}"; do glibc "$packed/$name"; done | sort -V | tail -n 1)
    install -D -m 644 -t "$root/usr/share/doc/$PACKAGE" README.md captures/kv-basic.pcapng
    install -D -m 644 COPYING "$root/usr/share/doc/$PACKAGE/copyright"
    mkdir "$root/DEBIAN"
    cat >"$root/DEBIAN/control" <<END_OF_CONTROL
Package: $PACKAGE
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: The developers of $PACKAGE <nobody@localhost>
Installed-Size: $(du -sk "$root" | cut -f 1)
Depends: $library (>= $micro), $library (<< $next), libc6 (>= $newest), libgcc-s1
Recommends: tshark
Enhances: wireshark, tshark
Section: net
Priority: optional
Description: $(sed -nE 's/^description = "(.*)"/\1/p' Cargo.toml)
 Shows what Aerospike clients and servers say to each other: messages, keys,
 values and results, requests linked to their answers, and statistics.
 This build is for Wireshark $wireshark.
END_OF_CONTROL
    (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
    chmod -R u=rwX,go=rX "$root"
    dpkg-deb --root-owner-group -Zxz --build "$root" "$out/${PACKAGE}_${version}_$(dpkg --print-architecture).deb" >/dev/null
    say "$out/${PACKAGE}_${version}_$(dpkg --print-architecture).deb"
}

[ $# -eq 1 ] || die "usage: $0 FOLDER"
mkdir -p "$1"
out=$(realpath "$1")
tools/packages.sh build
temporary_folder
read_versions
build_plugin
# Without them the plugin is still worth a package.
tools=()
if build_tools; then tools=("${TOOLS_NAMES[@]}"); else warn 'The tools do not build here: they are left out.'; fi
make_archive
if have dpkg-deb; then make_package; fi
