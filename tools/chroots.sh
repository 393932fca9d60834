# Releases of Debian and Ubuntu as folders, each with a Wireshark of its own: shared by versions.sh and
# dist.sh, to be sourced after common.sh. The folders stay in a cache, outside the project:
#   $CHROOTS/RELEASE/base     the release and nothing else
#   $CHROOTS/RELEASE/build    with what the build and the tests need, as tools/packages.sh installs it
#   $CHROOTS/RELEASE/guest    with tshark, as a user has it
#   $CHROOTS/RELEASE/cross    with what builds for arm64, all of it Debian's
#   $CHROOTS/RELEASE/windows, $CHROOTS/RELEASE/macos    with what builds for those, and wine
#   $CHROOTS/RELEASE/guest-arm64    with the tshark of arm64, which qemu runs
# shellcheck shell=bash

CHROOTS=${AEROSPIKE_CHROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/aerospike-wireshark/versions}
# Wireshark 4.0, 4.2, 4.4 and what is current: 4.6 twice, the older one first. Of those with the same, the file of the first
# is what is published, since it fits the others, too.
RELEASES=(bookworm noble trixie resolute sid)
# Those whose arm64 packages are on the same mirror.
# shellcheck disable=SC2034 # for dist.sh
ARM64_RELEASES=(bookworm trixie sid)
# Which of the folders of a release is built in: build or cross.
CHROOT_KIND=build
QEMU=qemu-aarch64-static
# Captures on which two systems are compared, beside the sample: each protocol, reassembly, compression, damage.
# shellcheck disable=SC2034 # for dist.sh and windows.sh
COMPARED=(batch-all kv-all-types kv-policies-errors operate-map operate-list operate-hll operate-bit expressions-record
    query-index udf-put-apply security-auth-ce heartbeat-mesh-steady heartbeat-multicast-steady
    cluster-replication-writes-slim cluster-node-rejoin-migration-slim malformed-proto compressed-both-ways
    snaplen128-batch-all capture-loss-batch-300-keys large-100k)
# The user in a chroot that is not root.
TESTER=tester
# In a chroot: this machine's Rust, unless that is empty, and where is built.
CHROOT_RUST=/opt/rust/bin:
CHROOT_TARGET=/var/cache/aerospike-target

release_title() {
    case $1 in
    bookworm) say 'Debian 12' ;;
    noble) say 'Ubuntu 24.04' ;;
    trixie) say 'Debian 13' ;;
    sid) say 'Debian unstable' ;;
    resolute) say 'Ubuntu 26.04' ;;
    questing) say 'Ubuntu 25.10' ;;
    *) die "There is no release $1: ${RELEASES[*]} questing" ;;
    esac
}

# Why chroots cannot be had here, or nothing.
chroots_lack() {
    if ! is_root; then
        say 'a chroot needs root'
    elif ! have debootstrap; then
        say 'debootstrap is not installed (apt-get install debootstrap)'
    elif ! unshare --mount --pid --fork true 2>/dev/null; then
        say 'this machine allows no mounts (a container without the right to them)'
    elif ! have cargo; then
        say 'Rust is not here (https://rustup.rs)'
    fi
}

# Mounts are made in a namespace of the script's own, so that none is left however it ends.
enter_own_namespace() { # SCRIPT ARGUMENT...
    [ -z "${AEROSPIKE_NAMESPACE:-}" ] || return 0
    exec env AEROSPIKE_NAMESPACE=1 unshare --mount --pid --fork --kill-child "$@"
}

# One at a time: they share the chroots and what is built there.
lock_chroots() {
    mkdir -p "$CHROOTS"
    exec 8>"$CHROOTS/lock"
    flock --nonblock 8 || { say 'Waiting: the chroots are in use.' && flock 8; }
}

# A step whose words go to a file.
logged() { # NAME COMMAND...
    local name=${0##*/} log start=$SECONDS
    log=$CHROOTS/${name%.sh}-${1// /-}.log
    say "$1"
    "${@:2}" >"$log" 2>&1 || die "$1 fails ($log):" "$(tail -n 5 "$log")"
    say "    done in $((SECONDS - start)) s"
}

# Runs in a chroot; it has /proc, /dev and the network of this machine.
in_chroot() { # FOLDER USER COMMAND...
    local folder=$1 user=$2
    shift 2
    local home=/root
    [ "$user" = root ] || home=/home/$user
    mountpoint -q "$folder/proc" || mount -t proc proc "$folder/proc"
    mountpoint -q "$folder/dev" || mount --rbind /dev "$folder/dev"
    cat /etc/resolv.conf >"$folder/etc/resolv.conf"
    # shellcheck disable=SC2016 # expanded in the chroot
    chroot --userspec="$user" "$folder" env -i "HOME=$home" "PATH=$CHROOT_RUST/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        LC_ALL=C.UTF-8 TZ=UTC DEBIAN_FRONTEND=noninteractive CI=1 CARGO_HOME=/opt/cargo CARGO_NET_OFFLINE=true \
        CARGO_TERM_COLOR=never CARGO_TARGET_DIR="$CHROOT_TARGET" "$@" </dev/null
}

# Ubuntu's key is in no package of Debian 12; Debian 13 has it.
ubuntu_keyring() {
    local keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
    if [ ! -e "$keyring" ]; then
        make_base trixie >&2
        keyring=$CHROOTS/trixie/base$keyring
    fi
    say "$keyring"
}

# The release itself. Made under another name, so that half of one is never taken for a whole one.
make_base() { # RELEASE
    local folder=$CHROOTS/$1/base options=()
    local extra=ca-certificates mirror=http://deb.debian.org/debian script=/usr/share/debootstrap/scripts/sid
    [ ! -d "$folder" ] || return 0
    case $1 in
    trixie) extra+=,ubuntu-keyring ;;
    noble | questing | resolute)
        options+=("--components=main,universe" "--keyring=$(ubuntu_keyring)")
        mirror=http://archive.ubuntu.com/ubuntu
        script=/usr/share/debootstrap/scripts/gutsy
        ;;
    esac
    say "Fetching $(release_title "$1") from $mirror"
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    debootstrap --variant=minbase "--include=$extra" "${options[@]}" "$1" "$folder.part" "$mirror" "$script" >"$CHROOTS/$1/debootstrap.log" 2>&1 ||
        die "debootstrap failed (no network?): $CHROOTS/$1/debootstrap.log"
    rm -rf "$folder.part"/var/cache/apt/archives/*.deb "$folder.part"/var/lib/apt/lists/*
    # A mirror that lags behind is no reason to have nothing.
    echo 'Acquire::Check-Valid-Until "false";' >"$folder.part/etc/apt/apt.conf.d/90late"
    # Ubuntu's newer Rusts are updates.
    case $1 in noble | questing | resolute) echo "deb $mirror $1-updates main universe" >>"$folder.part/etc/apt/sources.list" ;; esac
    useradd --root "$folder.part" --create-home "$TESTER"
    mv "$folder.part" "$folder"
}

apt_clean='apt-get -q clean; rm -rf /var/lib/apt/lists/*'

# With tshark and nothing to build with; that of arm64 runs in qemu.
make_guest_chroot() { # RELEASE [arm64]
    local folder=$CHROOTS/$1/guest${2:+-arm64} foreign='' program=tshark
    [ ! -d "$folder" ] || return 0
    make_base "$1"
    rm -rf "$folder.part"
    cp -a "$CHROOTS/$1/base" "$folder.part"
    if [ -n "${2:-}" ]; then
        foreign='dpkg --add-architecture arm64 &&' program=tshark:arm64
        pretend_arm64 "$folder.part"
    fi
    in_chroot "$folder.part" root sh -c \
        "{ $foreign apt-get -q update && apt-get -q install -y --no-install-recommends $program && $apt_clean; } >/dev/null" ||
        die "$program cannot be installed in $(release_title "$1")"
    umount -R "$folder.part/proc" "$folder.part/dev"
    mv "$folder.part" "$folder"
}

# Programs before the others in PATH: tshark by qemu, and a uname that says what it would say there.
pretend_arm64() { # FOLDER
    cp "$(command -v "$QEMU")" "$1/usr/local/bin/"
    # Its helpers for captures are programs of arm64, too, and run by nothing here.
    printf '#!/bin/sh\nWIRESHARK_EXTCAP_DIR=/nowhere exec %s /usr/bin/tshark "$@"\n' "$QEMU" >"$1/usr/local/bin/tshark"
    printf '#!/bin/sh\n[ "$*" != -m ] || { echo aarch64; exit; }\nexec /usr/bin/uname "$@"\n' >"$1/usr/local/bin/uname"
    chmod 755 "$1/usr/local/bin/tshark" "$1/usr/local/bin/uname"
}

# With make, and this machine's Rust, crates, project and captures to look at. All else is left to the
# project's own scripts, as on the machine of a user.
make_build_chroot() { # RELEASE
    local folder=$CHROOTS/$1/$CHROOT_KIND
    if [ ! -d "$folder" ]; then
        make_base "$1"
        rm -rf "$folder.part"
        cp -a "$CHROOTS/$1/base" "$folder.part"
        in_chroot "$folder.part" root sh -c "apt-get -q update >/dev/null && apt-get -q install -y make >/dev/null" ||
            die "make cannot be installed in $(release_title "$1")"
        umount -R "$folder.part/proc" "$folder.part/dev"
        mv "$folder.part" "$folder"
    fi
    show_to "$folder" "$(rustc --print sysroot)" /opt/rust
    copy_crates
    show_to "$folder" "$CHROOTS/crates" /opt/cargo/registry
    show_to "$folder" "$PWD" /aerospike/project
    local captures=${AEROSPIKE_CAPTURES:-../shared/captures}
    if [ -d "$captures" ]; then show_to "$folder" "$(realpath "$captures")" /aerospike/shared/captures; fi
    mkdir -p "$folder/var/cache/aerospike-target"
    # cargo keeps locks beside the crates.
    chmod 777 "$folder/opt/cargo"
    forget_other_copy "$1"
}

# cargo goes by the times of files: by them what another copy of the project left may be newer than this one.
forget_other_copy() { # RELEASE
    local mark=$CHROOTS/$1/$CHROOT_KIND.project copy
    copy=$(stat -c '%n %i' "$PWD")
    if [ "$(cat "$mark" 2>/dev/null)" != "$copy" ]; then
        in_project "$1" "$TESTER" sh -c 'command -v cargo >/dev/null || exit 0
            cargo clean --quiet --package aerospike-wireshark &&
            cargo clean --quiet --release --package aerospike-wireshark'
        say "$copy" >"$mark"
    fi
}

# What the chroots, which are offline, need of crates.io.
fetch_crates() {
    cargo fetch --quiet --locked --target "$(rustc -vV | sed -n 's/^host: //p')" --target aarch64-unknown-linux-gnu
}

# The crates, readable by all, as those in ~/.cargo need not be.
copy_crates() {
    mkdir -p "$CHROOTS/crates"
    cp -ru "${CARGO_HOME:-$HOME/.cargo}/registry/." "$CHROOTS/crates/"
    chmod -R a+rX "$CHROOTS/crates"
}

# A folder of this machine, to be read there.
show_to() { # CHROOT FOLDER PLACE
    mkdir -p "$1$3"
    mountpoint -q "$1$3" || { mount --bind "$2" "$1$3" && mount -o remount,bind,ro "$1$3"; }
}

# In the project's folder of a build chroot.
in_project() { # RELEASE USER COMMAND...
    local folder=$CHROOTS/$1/$CHROOT_KIND user=$2
    shift 2
    mkdir -p "$folder$CHROOT_TARGET"
    in_chroot "$folder" root chown -R "$user:" "$CHROOT_TARGET"
    # shellcheck disable=SC2016 # expanded in the chroot
    in_chroot "$folder" "$user" sh -c 'cd /aerospike/project && exec "$@"' sh "$@"
}
