# Shared by the scripts beside it; to be sourced, from the project's folder.
# shellcheck shell=bash

TSHARK=${TSHARK:-tshark}

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# A folder for this run that any user can read; it goes when the script ends.
temporary_folder() {
    TEMPORARY=$(mktemp -d)
    trap 'rm -rf "$TEMPORARY"' EXIT
    chmod 755 "$TEMPORARY"
}

# "4.0" of a line such as "TShark (Wireshark) 4.0.17 (...)." or of "4.0.17".
minor_version() { sed -nE '1s/^([A-Za-z]+ \(Wireshark\) |Wireshark )?([0-9]+\.[0-9]+).*/\2/p'; }

# A folder that Wireshark uses, by the name it has in `tshark -G folders`.
wireshark_folder() { "$TSHARK" -G folders 2>/dev/null | sed -nE "s/^$1:[[:space:]]+//p" | head -n 1; }
