#!/usr/bin/env bash
# Fuzzes the parsers of src/wire with libFuzzer: every target for TIME seconds, one after another.
#
#   tools/fuzz.sh [TARGET...]    all of them, where none is named
#   tools/fuzz.sh --smoke        5 s a target where a nightly Rust and cargo-fuzz are; elsewhere what the targets start
#                                from, and the same spoiled, for 3 s, with the Rust that is here
#
# TIME (60) is the seconds a target. Starts from messages cut out of the captures and goes on from what the last run
# found; adds a line a target to target/fuzz.log, of which tools/fuzz-table.sh makes a table.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

LOG=${LOG:-target/fuzz.log}
HOST=$(rustc -vV | sed -n 's/^host: //p')

has_nightly() { cargo +nightly --version >/dev/null 2>&1; }
has_cargo_fuzz() { cargo +nightly fuzz --version >/dev/null 2>&1; }

# The packets of the captures, as the targets' starting points are cut out of them: the small captures, and all of the
# hostile.
packets() {
    local all=()
    mapfile -t all < <(find captures -name '*.pcap*' \( -size "-$1" -o -path '*/hostile/*' \) | sort)
    [ ${#all[@]} -gt 50 ] || die "only ${#all[@]} captures are in captures/"
    mergecap -a -F pcapng -w - "${all[@]}" |
        "$TSHARK" -n -r - -Y 'tcp.len > 0 || udp.port == 9918' -T fields -E separator=/t -E occurrence=f \
            -e tcp.srcport -e tcp.dstport -e tcp.payload -e udp.payload 2>/dev/null
}

# The targets on what they start from, without a fuzzer.
replay() {
    say "No nightly Rust with cargo-fuzz is here: the targets read what they start from, and that spoiled, $TIME s each."
    cargo build --release --locked --manifest-path fuzz/Cargo.toml --no-default-features --bin replay
    mkdir -p target
    packets 100k | "${CARGO_TARGET_DIR:-fuzz/target}/release/replay" "$TIME" target/fuzz-failed | tee target/fuzz-replay.log
    [ "$(grep -c '^replayed ' target/fuzz-replay.log)" -eq "$(find fuzz/targets -name '*.rs' | wc -l)" ] ||
        die 'Not every target of fuzz/targets is in TARGETS of fuzz/src/lib.rs.'
}

if [ "${1:-}" = --smoke ]; then
    shift
    TIME=5
    if ! has_nightly || ! has_cargo_fuzz; then
        TIME=3
        replay
        exit
    fi
fi
TIME=${TIME:-60}
OUT=fuzz/target/$HOST/release
has_nightly || die 'A nightly Rust is needed, for the coverage and the sanitizer: rustup toolchain install nightly'
if ! has_cargo_fuzz; then
    say 'Installing cargo-fuzz'
    cargo install cargo-fuzz --locked || die 'cargo-fuzz cannot be installed; by hand: cargo install cargo-fuzz'
fi
cargo +nightly fuzz build --fuzz-dir fuzz
[ -d fuzz/corpus/client ] || packets 1000k | "$OUT/corpus" fuzz/corpus
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
