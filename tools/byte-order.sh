#!/usr/bin/env bash
# Whether the parsers read the same on a machine of the other byte order: their unit tests, built for s390x in a chroot of
# Debian 13 with its own Rust (see chroots.sh), and run by qemu. The plugin itself is not: it would take a Wireshark of s390x.
# Needs root, debootstrap, qemu-user-static and, the first time, the network.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

RELEASE=trixie TARGET=s390x-unknown-linux-gnu RUNNER=qemu-s390x-static
# Every byte of every example with all its values: too many for qemu, and about harm, which has no byte order.
SKIPPED=exhaustive_tests::no_changed_byte_does_harm
# shellcheck disable=SC2034 # for chroots.sh
CHROOT_KIND=cross CHROOT_RUST='' CHROOT_TARGET=/var/cache/aerospike-order

reason=$(chroots_lack)
[ -n "$reason" ] || have "$RUNNER" || reason="$RUNNER is not here (apt-get install qemu-user-static)"
[ -z "$reason" ] || die "The other byte order cannot be tried here: $reason"
enter_own_namespace tools/byte-order.sh
lock_chroots
cargo fetch --quiet --locked --target "$TARGET"
make_build_chroot "$RELEASE"
cp "$(command -v "$RUNNER")" "$CHROOTS/$RELEASE/$CHROOT_KIND/usr/local/bin/"
in_project "$RELEASE" root tools/packages.sh s390x
# Taken out of its package, which asks for a libc of s390x; that for cross compilers is enough.
# shellcheck disable=SC2016 # expanded in the chroot
in_project "$RELEASE" root sh -ec 'test ! -d "$(rustc --print sysroot)/lib/rustlib/'"$TARGET"'" || exit 0
    cd /tmp && apt-get -q update >/dev/null && apt-get -q download libstd-rust-dev:s390x && dpkg-deb -x libstd-rust-dev_*_s390x.deb /'
in_project "$RELEASE" "$TESTER" env CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_LINKER=s390x-linux-gnu-gcc \
    CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_RUNNER="$RUNNER -L /usr/s390x-linux-gnu" \
    cargo test --locked --lib --no-default-features --target "$TARGET" -- --skip "$SKIPPED"
