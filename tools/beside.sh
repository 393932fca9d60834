#!/usr/bin/env bash
# Runs the tests that read what is beside the project and not part of it (tests/beside), where that is:
# captures of the old Lua plugin, and the description of the interface. Arguments go to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

there=()
if [ -d ../shared/captures/lua-plugin ] || [ -d "${AEROSPIKE_CAPTURES:-/none}/lua-plugin" ]; then there+=(old_plugin:: cover::); fi
if [ -f ../shared/design/interface.md ]; then there+=(names::); fi
if [ ${#there[@]} -eq 0 ]; then
    say 'Nothing is beside the project: the tests of tests/beside were listed as ignored.'
    exit
fi
build_plugin
export AEROSPIKE_PLUGIN=$built
cargo test --locked "$@" --test beside -- --ignored "${there[@]}"
