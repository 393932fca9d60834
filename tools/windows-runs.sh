#!/usr/bin/env bash
# Runs tshark as a list says, and keeps what it says, for tools/windows.sh: in the chroot of a Linux, and by wine in that with
# tshark.exe, each time the same list. As many at a time as there are processors: what takes longest should come first.
#
#   tools/windows-runs.sh linux|wine LIST FOLDER
#
# A line of the list is a name, a fault to inject ("-": none) and the options, between tabulators. FOLDER gets NAME.out, NAME.err and
# NAME.end, the exit code. Of the text only the ends of lines are levelled (Windows' text files have CR LF).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$1" != --line ]; then
    exec xargs -d '\n' -n 1 -P "$(nproc)" tools/windows-runs.sh --line "$1" "$3" <"$2"
fi

program=(tshark)
case $2 in
wine)
    export WINEDEBUG=-all WINEDLLOVERRIDES='mscoree=;mshtml=' XDG_RUNTIME_DIR=/tmp
    program=(wine /opt/w/tshark/tshark.exe)
    ;;
esac
IFS=$'\t' read -r name fault options <<<"$4"
read -ra words <<<"$options"
[ "$fault" != - ] || fault=
to=$3/$name end=0
AEROSPIKE_FAULT=$fault "${program[@]}" "${words[@]}" >"$to.out.raw" 2>"$to.err.raw" </dev/null || end=$?
for stream in out err; do
    tr -d '\r' <"$to.$stream.raw" >"$to.$stream"
    rm "$to.$stream.raw"
done
printf '%s\n' "$end" >"$to.end"
