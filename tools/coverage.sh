#!/usr/bin/env bash
# How much of src/ runs under all tests: the unit tests, and the plugin inside Wireshark's tools.
# Prints a line a file and the total; fails below 93 % of lines.
#
#   LLVM_COV, LLVM_PROFDATA   the tools, where they are neither rustup's (component llvm-tools) nor in PATH;
#                             their version must be the compiler's (rustc -vV)
#   COVERAGE_TESTS            arguments for cargo test instead of all tests
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

LEAST=93
sysroot=$(rustc --print sysroot)
llvm=$(rustc -vV | sed -nE 's/^LLVM version: ([0-9]+).*/\1/p')
tool() { # NAME
    local place
    for place in "$sysroot"/lib/rustlib/*/bin/"$1" "$(command -v "$1-$llvm" || true)"; do
        if [ -x "$place" ]; then
            echo "$place"
            return
        fi
    done
    die "No $1 of LLVM $llvm is here." 'rustup component add llvm-tools, or set LLVM_COV and LLVM_PROFDATA.'
}
cov=${LLVM_COV:-$(tool llvm-cov)}
profdata=${LLVM_PROFDATA:-$(tool llvm-profdata)}

temporary_folder
mkdir "$TEMPORARY/raw"
chmod 777 "$TEMPORARY/raw" # the tests' tools run as somebody who owns nothing
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/coverage
export RUSTFLAGS="${RUSTFLAGS:-} -C instrument-coverage"
# A pool of files a binary, merged as processes end: thousands of tools write into them.
export LLVM_PROFILE_FILE="$TEMPORARY/raw/%4m.profraw"

read -ra arguments <<<"${COVERAGE_TESTS:-}"
cargo test --locked --no-run "${arguments[@]}"
rm -f "$TEMPORARY"/raw/* # what build scripts left
cargo test --locked --no-fail-fast "${arguments[@]}" || warn 'some tests failed; the figures are without them'

mapfile -t programs < <(cargo test --locked --no-run --message-format=json "${arguments[@]}" 2>/dev/null |
    sed -nE 's/.*"executable":"([^"]+)".*/\1/p' | sort -u)
objects=()
for program in "${programs[@]}"; do objects+=(--object "$program"); done
find "$TEMPORARY/raw" -name '*.profraw' >"$TEMPORARY/list"
"$profdata" merge --sparse --failure-mode=all --input-files "$TEMPORARY/list" --output "$CARGO_TARGET_DIR/all.profdata"
report() { # OBJECT...
    "$cov" report "$@" --instr-profile "$CARGO_TARGET_DIR/all.profdata" --show-region-summary=false \
        --show-branch-summary=false --ignore-filename-regex='(/\.cargo/|/rustc/|/tests/|/out/|tests\.rs$)'
}
plugin=$CARGO_TARGET_DIR/debug/deps/libaerospike.so # where cargo test puts it
report "$plugin" "${objects[@]}" | tee "$TEMPORARY/report"
total_of() { sed -nE 's/^TOTAL.* ([0-9.]+)% *$/\1/p'; }
total=$(total_of <"$TEMPORARY/report")
say "Lines of src/ that ran: $total % in all tests; $(report "$plugin" | total_of) % of the plugin inside Wireshark's tools alone."
awk -v total="$total" -v least="$LEAST" 'BEGIN { exit total < least }' || die "That is below $LEAST %."
