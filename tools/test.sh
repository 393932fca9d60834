#!/usr/bin/env bash
# All tests, on the plugin as it is released. Only the plugin is built for release: the tests themselves need no
# optimizer, and there are many. They are built with the features that two of them need, which then take the plugin that
# cargo builds beside them: one build serves all.
#
#   tools/test.sh [ARGUMENTS OF cargo test]
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

case " $* " in
*' --no-run '*) ;;
*)
    build_plugin
    export AEROSPIKE_PLUGIN=$built
    ;;
esac
# Tests wait for tools, of which two run at a time.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) * 2))}
cargo test --locked --no-fail-fast --features soundness,count-allocations "$@"
