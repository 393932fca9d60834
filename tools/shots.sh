#!/usr/bin/env bash
# Takes the pictures in docs/images: Wireshark with the plugin as built, on the samples of captures/, in a
# virtual screen, as a user with nothing of their own.
#
#   tools/shots.sh              all of them
#   tools/shots.sh NAME...      those named, as in the list below
#   OUT=/some/folder            puts them there
#   PLUGIN=FILE                 with that plugin, without building one
#   CHROOT=FOLDER PLUGIN=FILE   with the Wireshark of a chroot (as root), and a plugin built for it:
#                               AEROSPIKE_WIRESHARK_INCLUDE=FOLDER/usr/include/wireshark cargo build --release --target-dir …
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

OUT=${OUT:-docs/images}
SCREEN=1280x890
# Where one of the first items of the tree is, without the height of the list above it.
TREE_TOP=131

# What each picture shows: NAME CAPTURE TITLE-OF-THE-WINDOW HEIGHTS-OF-LIST-AND-TREE KEYS WIRESHARK'S-OPTIONS...
# The title is a pattern: that of the main window begins with the capture's name. Without room for them the
# bytes are left out. The keys are pressed in the tree, on its first item: End goes to the last, Right opens one.
pictures() {
    picture packet-list expressions-record '^expressions-record' '348 409' 'End Right End' \
        -C Aerospike -Y aerospike.msg -g 85
    picture details operate-map '^operate-map' '81 640' \
        'End Right End Right End Right End Right Up Right' -Y aerospike.msg -g 81
    # Rows of an answer: its lines are told apart, and the last one opened is NOT_FOUND.
    picture batch-answer batch-all '^batch-all' '200 520' 'End Up Up Right' \
        -C Aerospike -Y 'frame.number in {37..44}' -g 40
    # As they open: 0x0 leaves them their size; the others are a little wider, for what a row says.
    dialog hot-keys hot-keys-zipf 'Hot Key' 0x0 -z aerospike,hotkeys
    dialog response-times batch-all 'Response Time|SRT' 0x0 -z aerospike,srt
    dialog latency batch-all 'Latency' 0x0 -z aerospike,latency
    dialog records perf-sample-30k 'Aerospike Records' 985x360 -z aerospike,records
    dialog cluster cluster-node-rejoin-migration-slim 'Aerospike Cluster' 985x460 -z aerospike,cluster
    dialog timeline scenarios/server-stall 'Timeline' 985x460 -o aerospike.timeline_interval:500 -z aerospike,timeline
    dialog connections diagnosis/java-node-killed 'Connections' 1240x240 -z aerospike,connections
    # No option opens these. In File the third from below:
    from_menu export-objects udf-put-apply 'Export' 800x260 alt+f Up Up Up Right Return
    from_menu io-graphs scenarios/server-stall 'I/O Graphs' 985x690 alt+s i
    # What else the menus hold differs: in 4.6 Statistics has Plots, above Service Response Time, and a menu more at its end.
    # 4.0 builds the menu of streams of its own protocols alone, later ones of what is registered.
    case $("$TSHARK" --version 2>/dev/null | minor_version) in
    4.0) from_menu overview batch-all 'Overview' 985x690 alt+s Up Up Right Return ;;
    4.6)
        from_menu overview batch-all 'Overview' 985x690 alt+s Up Up Up Right Return
        from_menu plots hot-keys-zipf 'Plots' 985x690 alt+s Down Down Down Down Down Down Down Return
        follow kv-basic
        ;;
    *)
        from_menu overview batch-all 'Overview' 985x690 alt+s Up Up Right Return
        follow kv-basic
        ;;
    esac
}

started=()
wireshark=
stop() {
    local process
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$TEMPORARY"
}

start_screen() {
    Xvfb -displayfd 3 -screen 0 "${SCREEN}x24" -dpi 96 -nolisten tcp 3>"$TEMPORARY/display" 2>"$TEMPORARY/xvfb.log" &
    started+=($!)
    local tries
    for tries in {1..100}; do
        if [ -s "$TEMPORARY/display" ]; then break; fi
        [ "$tries" -lt 100 ] || die 'The virtual screen does not start:' "$(cat "$TEMPORARY/xvfb.log")"
        sleep 0.1
    done
    DISPLAY=:$(cat "$TEMPORARY/display")
    export DISPLAY
    openbox >"$TEMPORARY/openbox.log" 2>&1 &
    started+=($!)
}

# Fresh settings: font, pane heights, column widths.
settings() { # HEIGHT-OF-THE-LIST HEIGHT-OF-THE-TREE
    local folder=$guest/home/.config/wireshark third=PBYTES
    if [ $(($1 + $2)) -gt 700 ]; then third=NONE; fi
    as_guest rm -rf "$folder"
    as_guest mkdir -p "$folder"
    as_guest tee "$folder/preferences" >/dev/null <<END
gui.qt.font_name: DejaVu Sans Mono,9,-1,5,50,0,0,0,0,0
gui.update.enabled: FALSE
gui.layout_type: 1
gui.layout_content_3: $third
END
    as_guest tee "$folder/recent_common" >/dev/null <<END
gui.geometry_main_maximized: TRUE
END
    as_guest tee "$folder/recent" >/dev/null <<END
gui.geometry_main_upper_pane: $1
gui.geometry_main_lower_pane: $2
column.width: %m, 50, %t, 80, %s, 105, %d, 105, %p, 90, %L, 60, %i, 720
END
    # The project's profile, with the same font and heights.
    as_guest mkdir -p "$folder/profiles/Aerospike"
    local file
    for file in profile/Aerospike/*; do
        as_guest tee "$folder/profiles/Aerospike/${file##*/}" <"$file" >/dev/null
    done
    as_guest tee -a "$folder/profiles/Aerospike/preferences" <"$TEMPORARY/home/.config/wireshark/preferences" >/dev/null
    as_guest tee -a "$folder/profiles/Aerospike/recent" >/dev/null <<END
gui.geometry_main_upper_pane: $1
gui.geometry_main_lower_pane: $2
END
}

wait_for_window() { # TITLE PROCESS
    local tries id
    for tries in {1..150}; do
        id=$(xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1) || id=
        if [ -n "$id" ]; then break; fi
        if [ "$tries" -eq 150 ] || ! kill -0 "$2" 2>/dev/null; then
            die "No window \"$1\":" "$(cat "$TEMPORARY/wireshark.log")"
        fi
        sleep 0.2
    done
    printf '%s' "$id"
}

# Until two looks are the same: nothing is being drawn any more.
settled() { # WINDOW FILE
    local before='' now
    for _ in {1..40}; do
        sleep 0.5
        import -window "$1" "$2"
        now=$(identify -format '%#' "$2")
        if [ "$now" = "$before" ]; then return; fi
        before=$now
    done
    warn "the window never came to rest"
}

wanted() { [ ${#only[@]} -eq 0 ] || printf '%s\n' "${only[@]}" | grep -qx "$1"; }

start_wireshark() { # CAPTURE OPTION...
    local file=captures/$1.pcapng
    [ -e "$file" ] || file+=.gz
    shift
    as_guest env "DISPLAY=$DISPLAY" QT_QPA_PLATFORM=xcb wireshark -r "$file" "$@" \
        >"$TEMPORARY/wireshark.log" 2>&1 &
    wireshark=$!
}

# Ends it with the shell that waits for it.
end_wireshark() {
    pkill -P "$wireshark" || true
    kill "$wireshark" 2>/dev/null || true
    wait "$wireshark" 2>/dev/null || true
}

# Keeps what the last look saw, and ends that Wireshark.
keep() { # NAME
    convert "$TEMPORARY/shot.png" -strip -define png:compression-level=9 -colors 256 "$OUT/$1.png"
    end_wireshark
    say "$OUT/$1.png"
}

# The main window, which fills the screen.
picture() { # NAME CAPTURE TITLE HEIGHTS KEYS OPTION...
    local name=$1 capture=$2 title=$3 heights keys window
    wanted "$name" || return 0
    read -ra heights <<<"$4"
    read -ra keys <<<"$5"
    shift 5
    settings "${heights[@]}"
    start_wireshark "$capture" "$@"
    window=$(wait_for_window "$title" "$wireshark")
    xdotool windowactivate --sync "$window" mousemove 2000 2000
    settled root "$TEMPORARY/shot.png"
    if [ ${#keys[@]} -gt 0 ]; then
        xdotool mousemove 400 $((TREE_TOP + heights[0])) click 1 mousemove 2000 2000
        xdotool key --delay 150 "${keys[@]}"
        settled root "$TEMPORARY/shot.png"
    fi
    keep "$name"
}

# A window of statistics, alone.
dialog() { # NAME CAPTURE TITLE SIZE OPTION...
    local name=$1 capture=$2 title=$3 size=$4 window
    wanted "$name" || return 0
    shift 4
    settings 300 400
    start_wireshark "$capture" "$@"
    window=$(wait_for_window "$title" "$wireshark")
    shoot "$name" "$window" "$size"
}

# A window of statistics that keys open in the main one.
from_menu() { # NAME CAPTURE TITLE SIZE KEY...
    local name=$1 capture=$2 title=$3 size=$4 window
    wanted "$name" || return 0
    shift 4
    settings 300 400
    start_wireshark "$capture" -C Aerospike
    window=$(wait_for_window "^${capture##*/}" "$wireshark")
    xdotool windowactivate --sync "$window" mousemove 2000 2000
    settled root "$TEMPORARY/shot.png"
    xdotool key --delay 300 "$@"
    window=$(wait_for_window "$title" "$wireshark")
    shoot "$name" "$window" "$size"
}

# The text of a stream: the last but two entry of Analyze, the first of its menu.
FOLLOW_KEYS=(alt+a Up Up Right Return)
follow() { # CAPTURE
    local window
    wanted follow || return 0
    settings 300 400
    start_wireshark "$1" -C Aerospike -Y aerospike.msg
    window=$(wait_for_window "^$1" "$wireshark")
    xdotool windowactivate --sync "$window" mousemove 2000 2000
    settled root "$TEMPORARY/shot.png"
    xdotool key --delay 300 "${FOLLOW_KEYS[@]}"
    window=$(wait_for_window 'Follow' "$wireshark")
    shoot follow "$window" 985x690
}

# A window, alone, in that size; 0x0 is the one it opens with.
shoot() { # NAME WINDOW SIZE
    local name=$1 window=$2 size=$3
    if [ "$size" != 0x0 ]; then xdotool windowsize --sync "$window" "${size%x*}" "${size#*x}"; fi
    xdotool windowmove "$window" 20 40 windowactivate --sync "$window" mousemove 2000 2000
    settled "$window" "$TEMPORARY/shot.png"
    keep "$name"
}

# The Wireshark of a chroot: what a guest is there, in the folder that it sees as `guest`.
# shellcheck disable=SC2016
in_chroot_as_guest() {
    (exec chroot --userspec=65534:65534 "$CHROOT" env -i PATH=/usr/bin:/bin "HOME=$guest/home" "XDG_RUNTIME_DIR=$guest/home" \
        LC_ALL=C.UTF-8 TZ=UTC "WIRESHARK_PLUGIN_DIR=$guest/plugins" \
        sh -c 'cd "$1" && shift && exec "$@"' sh "$guest" "$@")
}
chroot_tshark() { chroot "$CHROOT" tshark "$@"; }

only=("$@")
if [ -n "${CHROOT:-}" ]; then
    built=${PLUGIN:?a plugin that is built for the Wireshark of the chroot}
    TSHARK=chroot_tshark
    as_guest() { in_chroot_as_guest "$@"; }
    TMPDIR=$CHROOT/tmp temporary_folder
    guest=${TEMPORARY#"$CHROOT"}
else
    temporary_folder
    guest=$TEMPORARY
    if [ -n "${PLUGIN:-}" ]; then built=$PLUGIN; else build_plugin; fi
fi
trap stop EXIT
mkdir -p "$OUT"
make_guest
start_screen
pictures
