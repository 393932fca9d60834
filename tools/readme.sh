#!/usr/bin/env bash
# Runs what README.md shows: every tshark command in it, which has to succeed, say something and complain of
# nothing; the output of those where it is shown; every filter of the table, which has to find something in
# its sample.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

failed=0
fail() {
    printf 'README.md: %s\n' "$@" >&2
    failed=1
}

run() { # COMMAND-LINE
    as_guest bash -o pipefail -c "$1" >"$TEMPORARY/output" 2>"$TEMPORARY/words"
}

# `$ command` and its output, as one block.
check_shown() {
    local block=$1 command
    command=$(sed -n '1s/^\$ //p' "$block")
    run "$command" || fail "fails: $command" "$(cat "$TEMPORARY/words")"
    diff <(sed 1d "$block") "$TEMPORARY/output" >&2 || fail "its output is another: $command"
}

check_command() {
    run "$1" || fail "fails: $1" "$(cat "$TEMPORARY/words")"
    [ -s "$TEMPORARY/output" ] || fail "says nothing: $1"
    [ ! -s "$TEMPORARY/words" ] || fail "complains: $1" "$(cat "$TEMPORARY/words")"
}

temporary_folder
build_plugin
make_guest

mkdir "$TEMPORARY/blocks"
awk -v folder="$TEMPORARY/blocks" '
    /^```console$/ { file = folder "/" ++count; next }
    /^```$/ { file = "" }
    file != "" { print > file }' README.md
for block in "$TEMPORARY/blocks"/*; do check_shown "$block"; done

commands=0
while IFS= read -r command; do
    commands=$((commands + 1))
    check_command "$command"
done < <(grep '^tshark ' README.md)

filters=0
# shellcheck disable=SC2016 # the quotes are Markdown's
while IFS=$'\t' read -r filter sample; do
    filters=$((filters + 1))
    check_command "tshark -2 -r captures/$sample.pcapng -Y '$filter'"
done < <(sed -nE 's/^\| `(.*)` \| .* \| `([a-z-]+)` \|$/\1\t\2/p' README.md | sed 's/\\|/|/g')

if [ "$commands" -eq 0 ] || [ "$filters" -ne 10 ]; then
    fail "found in it: $commands commands, $filters filters of 10"
fi
[ "$failed" -eq 0 ] || exit 1
say "README.md: $commands commands and $filters filters do what it says"
