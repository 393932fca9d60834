#!/usr/bin/env bash
# Runs the tests that read what is beside the project and not part of it (tests/beside), where that is: captures of the
# old Lua plugin, and what docs/bulk needs of Python (AEROSPIKE_PYTHON: which one; python3). The description of the
# interface is compared by hand, as it may be ahead of the code: cargo test --test beside -- --ignored names.
# Arguments go to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

# The tests run it as a user that owns nothing, who cannot read root's own Pythons.
python=${AEROSPIKE_PYTHON:-python3}
as_nobody=()
if is_root; then as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
if "${as_nobody[@]}" "$python" -c 'import duckdb, pyarrow, pyspark' 2>/dev/null && have java; then
    tools/test.sh "$@" --test beside -- --ignored --nocapture bulk::
else
    say 'Without pyarrow, duckdb, pyspark and Java, for everyone, the test of docs/bulk was listed as ignored.'
fi

if [ ! -d ../shared/captures/lua-plugin ] && [ ! -d "${AEROSPIKE_CAPTURES:-/none}/lua-plugin" ]; then
    say 'Nothing is beside the project: the tests of tests/beside were listed as ignored.'
    exit
fi
tools/test.sh "$@" --test beside -- --ignored old_plugin:: cover::
