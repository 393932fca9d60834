#!/usr/bin/env bash
# Cuts what the fuzz targets start from out of the captures: fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

folders=(captures captures/scenarios)
[ ! -d ../shared/captures ] || folders+=(../shared/captures ../shared/captures/scenarios)
for folder in "${folders[@]}"; do
    for capture in "$folder"/*.pcapng; do
        [ "$(stat -c %s "$capture")" -lt 1000000 ] || continue
        "$TSHARK" -n -r "$capture" -Y 'tcp.len > 0 || udp.port == 9918' -T fields -E separator=/t \
            -e tcp.srcport -e tcp.dstport -e tcp.payload -e udp.payload 2>/dev/null || true
    done
done | cargo run --quiet --release --locked --manifest-path fuzz/Cargo.toml --bin corpus -- fuzz/corpus
