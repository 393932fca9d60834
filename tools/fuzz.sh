#!/usr/bin/env bash
# Fuzzes the parsers of src/wire with libFuzzer: every target for TIME seconds, one after another.
#
#   tools/fuzz.sh [TARGET...]    all of them, where none is named
#
# TIME (60) is the seconds a target. Starts from messages cut out of the captures and goes on from what the last run
# found; adds a line a target to target/fuzz.log, of which tools/fuzz-table.sh makes a table.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

TIME=${TIME:-60}
LOG=${LOG:-target/fuzz.log}
OUT=fuzz/target/$(rustc -vV | sed -n 's/^host: //p')/release

cargo +nightly --version >/dev/null 2>&1 ||
    die 'A nightly Rust is needed, for the coverage and the sanitizer: rustup toolchain install nightly'
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    say 'Installing cargo-fuzz'
    cargo install cargo-fuzz --locked || die 'cargo-fuzz cannot be installed; by hand: cargo install cargo-fuzz'
fi

# Cuts what the targets start from out of the captures.
cut_corpus() {
    local folders=(captures captures/scenarios)
    [ ! -d ../shared/captures ] || folders+=(../shared/captures ../shared/captures/scenarios)
    for folder in "${folders[@]}"; do
        for capture in "$folder"/*.pcapng; do
            [ "$(stat -c %s "$capture")" -lt 1000000 ] || continue
            "$TSHARK" -n -r "$capture" -Y 'tcp.len > 0 || udp.port == 9918' -T fields -E separator=/t \
                -e tcp.srcport -e tcp.dstport -e tcp.payload -e udp.payload 2>/dev/null || true
        done
    done | "$OUT/corpus" fuzz/corpus
}

cargo +nightly fuzz build --fuzz-dir fuzz
[ -d fuzz/corpus/client ] || cut_corpus
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs fuzz/targets/*.rs)
mkdir -p "$(dirname "$LOG")"
failed=()
for target in "${targets[@]}"; do
    say "$target, $TIME s"
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    output=$(mktemp)
    status=0
    TIMEFORMAT='%U %S'
    cpu=$({ time "$OUT/$target" "fuzz/corpus/$target" -artifact_prefix="fuzz/artifacts/$target/" \
        -max_total_time="$TIME" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        >"$output" 2>&1 || status=$?; exit $status; } 2>&1) || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
    corpus=$(find "fuzz/corpus/$target" -type f | wc -l)
    cover=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$output" | tail -n 1)
    # 72: libFuzzer was told to stop.
    [ "$status" = 0 ] || [ "$status" = 72 ] || failed+=("$target")
    printf 'parser target=%s seconds=%s cpu=%s runs=%s edges=%s corpus=%s status=%s\n' "$target" "$TIME" \
        "$(awk '{ printf "%.0f", $1 + $2 }' <<<"$cpu")" "${runs:-0}" "${cover:-0}" "$corpus" "$status" | tee -a "$LOG"
    [ "$status" = 0 ] || grep -E 'panicked|ERROR|SUMMARY|Test unit' "$output" || true
    rm -f "$output"
done
[ ${#failed[@]} = 0 ] || die "Failed: ${failed[*]}; the inputs are in fuzz/artifacts." \
    "Again: $OUT/TARGET fuzz/artifacts/TARGET/FILE"
