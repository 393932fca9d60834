#!/usr/bin/env bash
# What the plugin costs: against tshark without a plugin, and against a floor that only cuts the stream into messages.
#
#   tools/bench.sh                   instructions, then times
#   tools/bench.sh instructions      per message over the floor (callgrind; the difference of two lengths, so that the
#                                    start of tshark cancels; the median of some rounds, since Wireshark's hash tables
#                                    have a random seed): the same on every machine with this tshark, but for some hundred
#   tools/bench.sh times             CPU time and peak memory of whole runs, in turn
#   tools/bench.sh growth            twice, four and eight times the input: instructions and memory per unit
#   tools/bench.sh diagnosis         instructions of a run with the diagnosis to those of the same run without it (1.25 at
#                                    most), and of ten times the packets (10.5 times at most)
#   tools/bench.sh scale             200,000 and 2,000,000 packets: CPU time and memory, per message
#
# CAPTURE=file    instead of the sample perf-sample-30k; CAPTURE=made: one that is made
# PACKETS=30000   of the capture that is made
# ROUNDS=3        of the instructions
# PAIRS=7         runs of each for the times
# OUT=folder      keeps callgrind's files there
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

CAPTURE=${CAPTURE:-}
PACKETS=${PACKETS:-30000}
ROUNDS=${ROUNDS:-3}
PAIRS=${PAIRS:-7}
OUT=${OUT:-}
SAMPLE=captures/perf-sample-30k.pcapng.gz

# A field that each message has, and no value of which is there: every message is asked, none is printed.
FILTER='aerospike.msg.generation == 4294967295'
FLOOR_FILTER='floor.never == 77'

prepare() {
    tools/packages.sh bench
    build_plugin
    temporary_folder
    make_guest
    mkdir -p "$TEMPORARY"/{none,out} "$TEMPORARY/floor/${TEMPORARY_VERSION:=$("$TSHARK" --version | minor_version)}/epan"
    chmod 777 "$TEMPORARY/out"
    local flags
    read -ra flags < <(pkg-config --cflags wireshark glib-2.0)
    cc -O2 -shared -fPIC "${flags[@]}" bench/floor.c -o "$TEMPORARY/floor/$TEMPORARY_VERSION/epan/floor.so"
    cargo build --release --locked --example traffic
    traffic=${built%/*}/examples/traffic
    chmod -R a+rX "$TEMPORARY"
    if [ -n "$("$TSHARK" -G plugins 2>/dev/null | grep -i 'aerospike.*\.so$' || true)" ] && is_root; then
        warn 'a copy of the plugin is installed for everyone; runs here do not read it.'
    fi
}

pick_capture() {
    CAPTURE=${CAPTURE:-$SAMPLE}
    if [ "$CAPTURE" != made ]; then
        case $CAPTURE in
        *.gz) gzip -dc "$CAPTURE" >"$TEMPORARY/all.pcap" ;;
        *) cp "$CAPTURE" "$TEMPORARY/all.pcap" ;;
        esac
        say "Capture: ${CAPTURE##*/}"
    else
        "$traffic" mixed "$PACKETS" >"$TEMPORARY/all.pcap"
        say "Capture: made, about $PACKETS packets"
    fi
    chmod a+r "$TEMPORARY/all.pcap"
}

machine() {
    say "Machine: $(sed -nE 's/^model name\s*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
    say "With: $("$TSHARK" --version 2>/dev/null | head -n 1); $(git describe --always --dirty 2>/dev/null || true)"
}

# none, floor or plugin: tshark with that and nothing else.
with() {
    local which=$1
    shift
    case $which in plugin) which=plugins ;; esac
    GUEST_PLUGINS=$TEMPORARY/$which as_guest "$@"
}

# The arguments of a mode for one of the three: a filter needs a field that is there.
arguments() { # WHICH MODE
    case $2 in
    'no tree') mode=(-q -z 'conv,tcp') ;;
    columns) mode=() ;;
    filter) mode=(-q -Y "$FILTER") ;;
    'filter, columns') mode=(-Y "$FILTER") ;;
    details) mode=(-V) ;;
    fields) mode=(-T fields -e frame.number -e aerospike.operation -e aerospike.digest -e aerospike.response_time) ;;
    'two passes') mode=(-2 -q -z 'conv,tcp') ;;
    'with the diagnosis') mode=(-q -z 'conv,tcp' -z 'aerospike,diagnosis') ;;
    statistic*) mode=(-q -z "aerospike,${2#statistic }") ;;
    esac
    if [ "$1" != plugin ]; then
        case $2 in
        filter | 'filter, columns') mode=("${mode[@]/$FILTER/$FLOOR_FILTER}") ;;
        fields) mode=(-T fields -e frame.number) ;;
        statistic*) mode=(-q -z 'conv,tcp') ;;
        esac
    fi
    if [ "$1" = none ]; then mode=("${mode[@]/$FLOOR_FILTER/tcp.port == 0}"); fi
}

# ---- instructions ---------------------------------------------------------------------------------------------------

# Instructions of one run.
count() { # WHICH FILE MODE
    local file="$TEMPORARY/out/$1.${3// /_}.${2%.*}" mode
    arguments "$1" "$3"
    case $1.$2 in floor.cql-*) mode+=(-d 'tcp.port==9042,floor') ;; esac
    with "$1" valgrind --tool=callgrind --callgrind-out-file="$file" "$TSHARK" -r "$2" "${mode[@]}" \
        >/dev/null 2>"$file.words" || die "callgrind failed:" "$(tail -n 5 "$file.words")"
    sed -nE 's/^.*Collected : ([0-9]+).*/\1/p' "$file.words" | tail -n 1
}

# Instructions between the two lengths: the median of the rounds.
difference() { # WHICH MODE [PREFIX]
    local round
    for ((round = 0; round < ROUNDS; round++)); do
        say $(($(count "$1" "${3:-}long.pcap" "$2") - $(count "$1" "${3:-}short.pcap" "$2")))
    done | sort -n | sed -n "$(((ROUNDS + 1) / 2))p"
}

# A file of messages and lines of details: what the difference of two lengths holds of them.
messages() {
    with plugin "$TSHARK" -r "$1" -T fields -e aerospike.type 2>/dev/null | tr ',' '\n' | grep -c .
}
lines() { with "$1" "$TSHARK" -r "$2" -V 2>/dev/null | grep -c .; }

instructions() {
    local packets short long units mode floor plugin items
    packets=$(with none "$TSHARK" -r all.pcap -T fields -e frame.number 2>/dev/null | tail -n 1)
    short=$((packets / 8 < 4000 ? packets / 8 : 4000))
    long=$((2 * short))
    for which in short long; do
        editcap -r "$TEMPORARY/all.pcap" "$TEMPORARY/$which.pcap" "1-${!which}" >/dev/null
        chmod a+r "$TEMPORARY/$which.pcap"
    done
    units=$(($(messages long.pcap) - $(messages short.pcap)))
    say "Instructions per message over the floor: packets $((short + 1)) to $long, $units messages"
    printf '  %-18s %10s %10s %10s\n' mode floor plugin over
    for mode in 'no tree' columns filter 'filter, columns' details; do
        floor=$(difference floor "$mode")
        plugin=$(difference plugin "$mode")
        printf '  %-18s %10d %10d %+10d\n' "$mode" $((floor / units)) $((plugin / units)) $(((plugin - floor) / units))
    done
    items=$(($(lines plugin long.pcap) - $(lines plugin short.pcap) - $(lines floor long.pcap) + $(lines floor short.pcap)))
    say "  details, per item (a line; $((items / units)) a message): $(((plugin - floor) / items))"
    cql
    if [ -n "$OUT" ]; then cp -r "$TEMPORARY/out/." "$OUT"; fi
}

# What Wireshark's dissector of CQL costs for the columns, with messages of the same sizes.
cql() {
    local which units floor cql
    for which in short long; do
        editcap -F pcap "$TEMPORARY/$which.pcap" "$TEMPORARY/out/classic.pcap"
        "$traffic" cql <"$TEMPORARY/out/classic.pcap" >"$TEMPORARY/cql-$which.pcap"
        chmod a+r "$TEMPORARY/cql-$which.pcap"
    done
    messages_of_cql() { with none "$TSHARK" -r "$1" -T fields -e cql.opcode 2>/dev/null | tr ',' '\n' | grep -c .; }
    units=$(($(messages_of_cql cql-long.pcap) - $(messages_of_cql cql-short.pcap)))
    floor=$(difference floor columns cql-)
    cql=$(difference none columns cql-)
    printf '  %-18s %10d %10d %+10d\n' 'CQL, columns' $((floor / units)) $((cql / units)) $(((cql - floor) / units))
}

# ---- times ----------------------------------------------------------------------------------------------------------

# CPU seconds and peak KiB of one run, on one line.
run_once() { # WHICH MODE
    local mode TIMEFORMAT='%3U %3S' file=$TEMPORARY/out/run
    arguments "$1" "$2"
    { time with "$1" /usr/bin/time -f %M -o "$TEMPORARY/out/memory" "$TSHARK" -r all.pcap "${mode[@]}" >/dev/null 2>&1; } 2>"$file"
    say "$(awk 'END { print $1 + $2 }' "$file") $(tail -n 1 "$TEMPORARY/out/memory")"
}

# Reads "PLUGIN OTHER" lines; the median of the ratios, and the least and the greatest.
ratio() { # COLUMN OTHER
    awk -v a="$1" -v b="$2" '{ print $a / $b }' "$3" | sort -n |
        awk '{ v[NR] = $1 } END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
            printf "%5.2f (%.2f-%.2f)", m, v[1], v[NR] }'
}

times() {
    local mode pair closed table=$TEMPORARY/table
    say "Whole runs on the capture, $PAIRS of each in turn: the median of the ratios (least-greatest)"
    printf '  %-22s %-18s %-18s %-18s %-18s %s\n' mode 'CPU to floor' 'CPU to none' 'memory to floor' 'memory to none' \
        'CPU of a report to a run without (aim: 1.25)'
    for mode in 'no tree' columns filter 'filter, columns' details fields 'two passes' \
        'statistic hotkeys' 'statistic srt' 'statistic latency' 'statistic tree' 'statistic diagnosis' 'statistic timeline' 'statistic connections' 'statistic records' 'statistic cluster'; do
        : >"$table"
        for ((pair = 0; pair < PAIRS; pair++)); do
            closed=
            case $mode in statistic*) closed=$(run_once plugin 'no tree') ;; esac
            say "$(run_once plugin "$mode") $(run_once floor "$mode") $(run_once none "$mode") $closed" >>"$table"
        done
        if [ -n "$closed" ]; then closed=$(ratio 1 7 "$table"); fi
        printf '  %-22s %-18s %-18s %-18s %-18s %s\n' "$mode" \
            "$(ratio 1 3 "$table")" "$(ratio 1 5 "$table")" "$(ratio 2 4 "$table")" "$(ratio 2 6 "$table")" "$closed"
    done
}

# ---- growth ---------------------------------------------------------------------------------------------------------

# Peak memory of one run, in KiB.
peak() { # WHICH FILE
    with "$1" /usr/bin/time -f %M -o "$TEMPORARY/out/memory" "$TSHARK" -r "$2" -q -z conv,tcp >/dev/null 2>&1
    tail -n 1 "$TEMPORARY/out/memory"
}

make_traffic() { # KIND COUNT
    "$traffic" "$1" "$2" >"$TEMPORARY/grown.pcap"
    chmod a+r "$TEMPORARY/grown.pcap"
}

# Instructions of each doubling against the one before: 1.00 is linear. Memory over the floor, a message or row.
growth() {
    local kind units each mode counts over scale memory bent=()
    say 'Growth: what each doubling adds to the instructions, against twice what the doubling before added (1.00 is'
    say 'linear); and what a message or row adds to the peak memory over the floor, from 40 to 80 times the units'
    printf '  %-10s %8s  %-10s %10s %10s %14s\n' kind units mode '2x to 4x' '4x to 8x' 'bytes each'
    while read -r kind units each; do
        over=()
        for scale in 40 80; do
            make_traffic "$kind" $((units * scale))
            over+=($(($(peak plugin grown.pcap) - $(peak floor grown.pcap))))
        done
        memory=$(((over[1] - over[0]) * 1024 / (40 * units * each)))
        for mode in 'no tree' details; do
            counts=()
            for scale in 1 2 4 8; do
                make_traffic "$kind" $((units * scale))
                counts+=("$(count plugin grown.pcap "$mode")")
            done
            printf '  %-10s %8d  %-10s ' "$kind" "$units" "$mode"
            awk -v memory="$memory" -v a="${counts[0]}" -v b="${counts[1]}" -v c="${counts[2]}" -v d="${counts[3]}" 'BEGIN {
                early = (c - b) / (b - a) / 2; late = (d - c) / (c - b) / 2
                printf "%10.3f %10.3f %14d\n", early, late, memory
                exit early > 1.05 || late > 1.05 }' || bent+=("$kind, $mode")
        done
    done <<'KINDS'
small 1000 2
mixed 2000 1
batches 10 300
records 2 1
scans 1 3000
fabric 1500 2
KINDS
    [ ${#bent[@]} -eq 0 ] || die 'More than linear, by over 5 %:' "${bent[@]}"
}

# ---- the diagnosis --------------------------------------------------------------------------------------------------

diagnosis() {
    local packets without with ten
    packets=$(with none "$TSHARK" -r all.pcap -T fields -e frame.number 2>/dev/null | tail -n 1)
    editcap -F pcap "$TEMPORARY/all.pcap" "$TEMPORARY/classic.pcap"
    for times in 1 10; do
        "$traffic" again $((packets * times)) <"$TEMPORARY/classic.pcap" >"$TEMPORARY/times-$times.pcap"
        chmod a+r "$TEMPORARY/times-$times.pcap"
    done
    without=$(count plugin times-1.pcap 'no tree')
    with=$(count plugin times-1.pcap 'with the diagnosis')
    ten=$(count plugin times-10.pcap 'with the diagnosis')
    awk -v without="$without" -v with="$with" -v ten="$ten" -v packets="$packets" 'BEGIN {
        printf "The diagnosis of %d packets: %.3f times the same run without it, of ten times the packets %.2f times its cost\n",
            packets, with / without, ten / with
        exit with > 1.25 * without || ten > 10.5 * with }' || die 'More than 1.25 times, or more than 10.5.'
}

# ---- scale ----------------------------------------------------------------------------------------------------------

# A sample again and again, with other hosts and times: what a message costs over the floor must not grow with their number.
scale() {
    local packets pair table=$TEMPORARY/table units memory cost=()
    editcap -F pcap "$TEMPORARY/all.pcap" "$TEMPORARY/classic.pcap"
    say 'Scale, without a tree: CPU time to the floor, and over the floor what a message costs and keeps'
    printf '  %9s %9s  %-18s %14s %14s\n' packets messages 'CPU to floor' 'microseconds' 'bytes'
    for packets in 200000 2000000; do
        "$traffic" again "$packets" <"$TEMPORARY/classic.pcap" >"$TEMPORARY/all.pcap"
        units=$(messages all.pcap)
        : >"$table"
        for ((pair = 0; pair < PAIRS; pair++)); do
            say "$(run_once plugin 'no tree') $(run_once floor 'no tree')" >>"$table"
        done
        memory=$(awk -v units="$units" '{ print ($2 - $4) * 1024 / units }' "$table" | sort -n | sed -n "$(((PAIRS + 1) / 2))p")
        cost+=("$(awk -v units="$units" '{ print ($1 - $3) * 1e6 / units }' "$table" | sort -n | sed -n "$(((PAIRS + 1) / 2))p")")
        printf '  %9d %9d  %-18s %14.3f %14.0f\n' "$packets" "$units" "$(ratio 1 3 "$table")" "${cost[-1]}" "$memory"
    done
    awk -v few="${cost[0]}" -v many="${cost[1]}" 'BEGIN { printf "  a message costs %.2f times as much among ten times as many\n", many / few }'
    awk -v memory="$memory" 'BEGIN { exit memory > 80 }' || die 'More than 80 bytes a message are kept.'
}

prepare
machine
case ${1:-} in
'')
    pick_capture
    instructions
    times
    ;;
instructions | times)
    pick_capture
    "$1"
    ;;
growth) growth ;;
scale | diagnosis)
    pick_capture
    "$1"
    ;;
*) die "usage: $0 [instructions|times|growth|diagnosis|scale]" ;;
esac
