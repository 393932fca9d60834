#!/usr/bin/env bash
# All tests, on the plugin as it is released. Only the plugin is built for release: the tests themselves need no
# optimizer, and there are many.
#
#   tools/test.sh [ARGUMENTS OF cargo test]
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

build_plugin
export AEROSPIKE_PLUGIN=$built
cargo test --locked "$@"
