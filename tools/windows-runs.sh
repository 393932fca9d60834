#!/usr/bin/env bash
# Runs tshark as a list says, and keeps what it says, for tools/windows.sh: in the chroot of a Linux, and by wine in that with
# tshark.exe, each time the same list.
#
#   tools/windows-runs.sh linux|wine LIST FOLDER
#
# A line of the list is a name, a fault to inject ("-": none) and the options, between tabulators. FOLDER gets NAME.out, NAME.err and
# NAME.end, the exit code. Of the text only the ends of lines are levelled (Windows' text files have CR LF).
set -euo pipefail
cd "$(dirname "$0")/.."

program=(tshark)
case $1 in
wine)
    export WINEDEBUG=-all WINEDLLOVERRIDES='mscoree=;mshtml=' XDG_RUNTIME_DIR=/tmp
    program=(wine /opt/w/tshark/tshark.exe)
    ;;
esac
while IFS=$'\t' read -r name fault options; do
    read -ra words <<<"$options"
    [ "$fault" != - ] || fault=
    end=0
    AEROSPIKE_FAULT=$fault "${program[@]}" "${words[@]}" >"$3/out" 2>"$3/err" </dev/null || end=$?
    for stream in out err; do tr -d '\r' <"$3/$stream" >"$3/$name.$stream"; done
    printf '%s\n' "$end" >"$3/$name.end"
    rm -f "$3/out" "$3/err"
done <"$2"
