#!/usr/bin/env bash
# Whether the plugin compiles, without a warning, with headers that say they are of the next Wireshark: this machine's, with
# other numbers, and with what is known to be new in them. It is not run with them: no such Wireshark loads it.
#
#   tools/next.sh              4.7 and 5.0
#   tools/next.sh 5.1 ...      others
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

# The folder with this machine's headers.
headers() {
    local flag
    for flag in ${AEROSPIKE_WIRESHARK_INCLUDE:+"-I$AEROSPIKE_WIRESHARK_INCLUDE"} $(pkg-config --cflags-only-I wireshark); do
        if [ -f "${flag#-I}/ws_version.h" ]; then
            say "${flag#-I}"
            return
        fi
    done
    die 'There are no headers of Wireshark here.'
}

# A copy that says it is of that version. From 4.7 on the structure of credentials has a header of its own.
pretend() { # VERSION FOLDER
    cp -r "$(headers)" "$2"
    sed -i -E "s/(VERSION_MAJOR) .*/\1 ${1%.*}/; s/(VERSION_MINOR) .*/\1 ${1#*.}/; s/(VERSION_MICRO) .*/\1 0/" "$2/ws_version.h"
    cat >"$2/epan/credentials.h" <<'END_OF_HEADER'
#pragma once
typedef struct tap_credential {
    unsigned num;
    unsigned username_num;
    unsigned password_hf_id;
    char *username;
    const char *proto;
    char *info;
} tap_credential_t;
END_OF_HEADER
}

[ $# -gt 0 ] || set -- 4.7 5.0
own=$(sed -nE 's/^#define WIRESHARK_VERSION_MINOR +//p' "$(headers)/ws_version.h")
[ "$own" -ge 4 ] || die "Headers of 4.$own differ too much from those of the next: this needs 4.4 or later (tools/versions.sh)."
temporary_folder
for version in "$@"; do
    pretend "$version" "$TEMPORARY/$version"
    # Checked is all of Rust, compiled all of C; linking would show nothing, as it leaves Wireshark's functions open.
    AEROSPIKE_WIRESHARK_INCLUDE=$TEMPORARY/$version cargo check --release --locked --lib 2>&1 | tee "$TEMPORARY/words"
    ! grep -q '^warning' "$TEMPORARY/words" || die "With headers that say $version the compiler warns."
    say "Compiles without a warning with headers of 4.$own that say $version."
done
