#!/usr/bin/env bash
# Builds the plugin for a Wireshark and packs it: an archive for every Linux with that Wireshark, and on Debian and its
# kin a package.
#
#   tools/pack.sh FOLDER          for the Wireshark of this machine; puts both there
#   tools/pack.sh FOLDER arm64    for that of the arm64 packages that are installed here beside (tools/packages.sh arm64)
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

PACKAGE=aerospike-wireshark

# Sets what the names are made of: `release` of the plugin, `wireshark` (4.0), `micro` (4.0.17), `machine`, and what a
# package needs: `debian` (amd64), `plugins`, the folder for everyone, and `library`, the package of the library that
# loads the plugin, such as libwireshark16.
read_versions() {
    release=$(plugin_version)
    wireshark=$("$TSHARK" --version 2>/dev/null | minor_version)
    micro=$("$TSHARK" --version 2>/dev/null | sed -nE '1s/^TShark \(Wireshark\) ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p')
    machine=$(uname -m)
    [ -n "$micro" ] || die "\"$TSHARK\" does not say its version."
    have dpkg-deb || return 0
    debian=$(dpkg --print-architecture)
    plugins=$(env -u WIRESHARK_PLUGIN_DIR "$TSHARK" -G folders 2>/dev/null |
        sed -nE 's/^Global Plugins:[[:space:]]+//p')
    library=$(ldd "$(command -v "$TSHARK")" | sed -nE 's/^[[:space:]]*(libwireshark\.so\.[0-9]+) =>.*/\1/p')
    library=$(package_of "$library")
}

# The same of arm64, whose tshark does not run here; and how cargo and the compilers are to build for it.
read_versions_of_arm64() {
    use_arm64
    release=$(plugin_version)
    micro=$(pkg-config --modversion wireshark)
    wireshark=$(minor_version <<<"$micro")
    machine=aarch64
    debian=arm64
    plugins=$(pkg-config --variable=plugindir wireshark)
    library=$(package_of 'aarch64-linux-gnu/libwireshark.so.*')
}

package_of() { dpkg-query --search "*/$1" | sed -nE '1s/:.*//p'; }

# The newest version of glibc that the plugin asks for.
glibc() { readelf -W -V "$1" | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -n 1 | sed 's/GLIBC_//'; }

# The plugin without what only a debugger reads, beside all that goes with it.
fill_folder() { # FOLDER
    mkdir -p "$1"
    cp README.md COPYING CHANGELOG.md docs/man/aerospike-wireshark.7 captures/kv-basic.pcapng "$1/"
    "${CROSS}strip" --strip-debug -o "$1/aerospike.so" "$built"
    chmod 644 "$1"/*
    local name
    for name in "${tools[@]}"; do
        strip -o "$1/$name" "${built%/*}/$name"
        chmod 755 "$1/$name"
        install -m 644 "$TOOLS_PAGES/$name.1" "$1/$name.1"
    done
    glibc=$(for name in aerospike.so "${tools[@]}"; do glibc "$1/$name"; done | sort -V | tail -n 1)
    sed -e "s/@RELEASE@/$release/; s/@WIRESHARK@/$wireshark/; s/@MICRO@/$micro/; s/@MACHINE@/$machine/; s/@GLIBC@/$glibc/" \
        tools/unpacked.sh >"$1/install.sh"
    chmod 755 "$1/install.sh"
    cat >"$1/INSTALL" <<END_OF_NOTE
Aerospike $release for Wireshark $wireshark ($machine Linux with glibc $glibc or later)

Only Wireshark $wireshark loads this file ("tshark --version"); another version says so and goes on without it.

    ./install.sh

checks that all fits, copies the file, and shows the sample; what does not fit it refuses, and says why. By hand that is:

    sha256sum -c SHA256SUMS
    mkdir -p ~/.local/lib/wireshark/plugins/$wireshark/epan
    cp aerospike.so ~/.local/lib/wireshark/plugins/$wireshark/epan/
    tshark -r kv-basic.pcapng -Y aerospike

That folder is yours alone ("Personal Plugins" of "tshark -G folders"). For all users, and for root, who reads no
other, run ./install.sh as root, or copy it as root to the folder epan in that of "Global Plugins". It has to keep the
name aerospike.so, and there may be one copy only: two keep Wireshark from starting. To remove it: ./install.sh uninstall,
or delete the file.
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

make_package() {
    local root=$TEMPORARY/package version=$release+wireshark$wireshark next
    next=${wireshark%.*}.$((${wireshark#*.} + 1))
    if [ -z "$library" ] || [ -z "$plugins" ]; then
        die "Which package has the library of Wireshark $micro, and which folder its plugins?"
    fi
    install -D -m 644 "$packed/aerospike.so" "$root$plugins/epan/aerospike.so"
    install -D -m 644 -t "$root/usr/share/doc/$PACKAGE" README.md CHANGELOG.md captures/kv-basic.pcapng
    install -d "$root/usr/share/man/man7"
    gzip -9n <docs/man/aerospike-wireshark.7 >"$root/usr/share/man/man7/aerospike-wireshark.7.gz"
    local name
    for name in "${tools[@]}"; do
        install -D -m 755 "$packed/$name" "$root/usr/bin/$name"
        install -D -m 644 "$packed/$name.1" "$root/usr/share/man/man1/$name.1"
        gzip -9n "$root/usr/share/man/man1/$name.1"
    done
    install -D -m 644 COPYING "$root/usr/share/doc/$PACKAGE/copyright"
    mkdir "$root/DEBIAN"
    cat >"$root/DEBIAN/control" <<END_OF_CONTROL
Package: $PACKAGE
Version: $version
Architecture: $debian
Maintainer: $(maintainer)
Installed-Size: $(du -sk "$root" | cut -f 1)
Depends: $library (>= $micro), $library (<< $next), libc6 (>= $glibc), libgcc-s1
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
    dpkg-deb --root-owner-group -Zxz --build "$root" "$out/${PACKAGE}_${version}_$debian.deb" >/dev/null
    say "$out/${PACKAGE}_${version}_$debian.deb"
}

[ $# -eq 1 ] || [ "${2:-}" = arm64 ] || die "usage: $0 FOLDER [arm64]"
mkdir -p "$1"
out=$(realpath "$1")
temporary_folder
CROSS=''
if [ "${2:-}" = arm64 ]; then
    tools/packages.sh arm64
    CROSS=aarch64-linux-gnu-
    read_versions_of_arm64
else
    tools/packages.sh build
    read_versions
fi
build_plugin
# Without them the plugin is still worth a package.
tools=()
if [ -n "$CROSS" ]; then
    say 'The tools are packed for the machine they are built on alone.'
elif build_tools; then
    tools=("${TOOLS_NAMES[@]}")
else
    warn 'The tools do not build here: they are left out.'
fi
make_archive
if have dpkg-deb; then make_package; fi
