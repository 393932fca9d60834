#!/usr/bin/env bash
# Shows whether two builds of the plugin say the same: details, columns, PDML and every statistic, on captures.
#
#   tools/compare.sh BASE.so [NEW.so] [FILE OR FOLDER...]
#
# NEW.so is the plugin as cargo builds it for release if none is named; the captures are those of the project and of
# ../shared/captures. JOBS (2) run at a time. Ends with 1 if anything differs, and shows where.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

[ $# -ge 1 ] || die "usage: $0 BASE.so [NEW.so] [FILE OR FOLDER...]"
base=$(realpath "$1")
shift
if [[ ${1:-} == *.so ]]; then
    built=$(realpath "$1")
    shift
else
    build_plugin
fi
if [ $# -eq 0 ]; then
    set -- captures
    if [ -d ../shared/captures ]; then set -- captures ../shared/captures; fi
fi

temporary_folder
version=$("$TSHARK" --version 2>/dev/null | minor_version)
mkdir -p "$TEMPORARY"/{base,new}/"$version"/epan
cp "$base" "$TEMPORARY/base/$version/epan/aerospike.so"
cp "$built" "$TEMPORARY/new/$version/epan/aerospike.so"
mkdir -p "$TEMPORARY/home" "$TEMPORARY/captures" "$TEMPORARY/out"
chmod -R a+rX "$TEMPORARY"
chmod 777 "$TEMPORARY/home" "$TEMPORARY/out"

mapfile -t statistics < <(GUEST_PLUGINS=$TEMPORARY/new as_guest "$TSHARK" -z help 2>&1 |
    sed -nE 's/^[[:space:]]*(aerospike[a-z,]*)$/\1/p' | sort -u)
for build in base new; do
    GUEST_PLUGINS=$TEMPORARY/$build as_guest "$TSHARK" -G plugins 2>/dev/null | grep -c "/$build/.*aerospike.so" >/dev/null ||
        die "tshark does not load the plugin: $build"
done
counters=()
for name in "${statistics[@]}"; do counters+=(-z "$name"); done

# One way to look at a capture with one of the builds.
look() {
    local build=$1 view=$2 file=$3
    local options
    case $view in
    columns) options=() ;;
    details) options=(-2 -V) ;;
    pdml) options=(-2 -T pdml) ;;
    statistics) options=(-q "${counters[@]}") ;;
    esac
    # PDML says when and where it was made, and what is logged by which process.
    GUEST_PLUGINS=$TEMPORARY/$build as_guest "$TSHARK" -n -r "$file" "${options[@]}" 2>&1 |
        sed -E '/^<(pdml|\?xml|!--)/d; s/^ \*\* \(tshark:[0-9]+\) [0-9:.]+ /** /' || true
}

compare() {
    local file=$1 view copy
    copy=$TEMPORARY/captures/$BASHPID.pcapng
    cp "$file" "$copy"
    chmod 644 "$copy"
    for view in columns details pdml statistics; do
        if ! cmp -s <(look base $view "$copy") <(look new $view "$copy"); then
            {
                printf '== %s: %s\n' "$file" "$view"
                diff <(look base $view "$copy") <(look new $view "$copy") | head -n 20 || true
            } >"$TEMPORARY/out/$BASHPID-$view"
        fi
    done
    rm -f "$copy"
}

count=0
while IFS= read -r file; do
    while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-2}" ]; do wait -n || true; done
    compare "$file" &
    count=$((count + 1))
done < <(find -L "$@" -type f \( -name '*.pcapng' -o -name '*.pcap' -o -name '*.pcapng.gz' -o -name '*.pcap.gz' \) | sort)
wait
say "$count captures, ${#statistics[@]} statistics: ${statistics[*]}"
shopt -s nullglob
different=("$TEMPORARY"/out/*)
[ ${#different[@]} -eq 0 ] || { cat "${different[@]}" && exit 1; }
say 'no difference'
