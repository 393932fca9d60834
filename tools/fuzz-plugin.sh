#!/usr/bin/env bash
# Fuzzes the whole plugin in tshark with damaged captures (tests/fuzzing).
#
#   tools/fuzz-plugin.sh             the plugin as it is installed
#   tools/fuzz-plugin.sh asan        built with the address sanitizer, in which every allocation of tshark is seen
#   tools/fuzz-plugin.sh valgrind    under valgrind
#
# The last two have the feature soundness and the checks of arithmetic, and first prove that a fault is seen.
#
# RUNS (200; 20 under valgrind), SEED (1) and JOBS (2). It goes on after the last run of that seed in the log
# (target/fuzz.log), or begins with run START. A run that fails is kept in target/fuzz-failures with its command.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

mode=${1:-plugin}
log=${LOG:-$PWD/target/fuzz.log}
export AEROSPIKE_FUZZ_LOG=$log AEROSPIKE_FUZZ_NAME=$mode AEROSPIKE_FUZZ_SEED=${SEED:-1}
export AEROSPIKE_FUZZ_START=${START:-} AEROSPIKE_FUZZ_JOBS=${JOBS:-2} AEROSPIKE_FUZZ_RUNS=${RUNS:-200}
# For the plugin alone, not for the tests.
checks=(CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true)
case $mode in
plugin) ;;
asan)
    # tshark itself is not built with it, so gcc's runtime is loaded first.
    runtime=$(readlink -f "$(cc -print-file-name=libasan.so)")
    [ -f "$runtime" ] || die "gcc's address sanitizer is needed (libasan)"
    target=$(rustc -vV | sed -n 's/^host: //p')
    env "${checks[@]}" RUSTFLAGS='-Zsanitizer=address -Zexternal-clangrt' \
        CFLAGS='-fsanitize=address -fno-omit-frame-pointer -g' \
        cargo +nightly build --release --locked --lib --features soundness --target "$target" --target-dir target/asan
    export AEROSPIKE_PLUGIN=$PWD/target/asan/$target/release/libaerospike.so
    export AEROSPIKE_SANITIZER=$runtime AEROSPIKE_FUZZ_SLOWER=4
    export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1
    ;;
valgrind)
    have valgrind || die 'valgrind is needed'
    env "${checks[@]}" cargo build --release --locked --lib --features soundness --target-dir target/checked
    export AEROSPIKE_PLUGIN=$PWD/target/checked/release/libaerospike.so
    export AEROSPIKE_FUZZ_RUNS=${RUNS:-20} AEROSPIKE_FUZZ_SLOWER=12
    export AEROSPIKE_FUZZ_UNDER='valgrind -q --error-exitcode=99'
    ;;
*) die "usage: $0 [plugin|asan|valgrind]" ;;
esac
cargo test --release --locked --test fuzzing damaged
grep "^$mode seed=$AEROSPIKE_FUZZ_SEED from=" "$log" | tail -n 1
