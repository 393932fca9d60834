#!/usr/bin/env bash
# The tests of the tools beside the plugin (report/): those of their own, and those on captures, where tshark has the plugin
# as built. The page is also opened in a browser, where there is one (Debian: chromium).
#
#   tools/test-tools.sh [NAME]    all, or those whose names have NAME in them
#   AEROSPIKE_PLUGIN=FILE         with that plugin, not one built now
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

tools/packages.sh test
if [ -n "${AEROSPIKE_PLUGIN:-}" ]; then built=$AEROSPIKE_PLUGIN; else build_plugin; fi
temporary_folder
make_guest
cp captures/scenarios/*.keys.log "$TEMPORARY/captures/scenarios/" 2>/dev/null || true
chmod -R a+rX "$TEMPORARY/captures"
chmod 777 "$TEMPORARY"

# Runs a command as the guest.
cat >"$TEMPORARY/run" <<END
#!/usr/bin/env bash
set -euo pipefail
TSHARK=$TSHARK TEMPORARY=$TEMPORARY
$(declare -f is_root as_guest)
as_guest "\$@"
END
chmod 755 "$TEMPORARY/run"
export AEROSPIKE_RUN=$TEMPORARY/run AEROSPIKE_PLACE=$TEMPORARY

# The programs are where cargo put them: the guest has to be able to read them.
skip=()
have chromium || {
    say 'NOT run: the pages in a browser (no chromium is here).'
    skip=(--skip browser::)
}
cargo clippy --locked -p aerospike-wireshark-tools --all-targets -- -D warnings
cargo test --locked -p aerospike-wireshark-tools "$@" -- --include-ignored "${skip[@]}"
