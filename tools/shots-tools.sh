#!/usr/bin/env bash
# Takes the pictures of the tools beside the plugin, in docs/images: the page in a browser (Debian: chromium), the top in a
# terminal (tmux), whose colours the same browser shows. As a user with nothing of their own.
#
#   tools/shots-tools.sh     AEROSPIKE_PLUGIN=FILE: with that plugin; OUT=/some/folder: puts them there
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

OUT=$(realpath "${OUT:-docs/images}")
SAMPLE=captures/diagnosis/java-server-pauses.pcapng.gz

for program in chromium tmux python3; do have "$program" || die "$program is needed (Debian: apt-get install $program)."; done
if [ -n "${AEROSPIKE_PLUGIN:-}" ]; then built=$AEROSPIKE_PLUGIN; else build_plugin; fi
cargo build --locked -p aerospike-wireshark-tools
programs=$(cargo metadata --locked --no-deps --format-version 1 | sed -nE 's/.*"target_directory":"([^"]*)".*/\1/p')/debug
temporary_folder
make_guest
mkdir -m 777 "$TEMPORARY/shots"
cp "$programs/aerospike-report" "$programs/aerospike-top" "$TEMPORARY/"

shoot() { # PICTURE WIDTH HEIGHT ADDRESS
    as_guest chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
        --user-data-dir="$TEMPORARY/shots/profile" --virtual-time-budget=3000 --window-size="$2,$3" \
        --screenshot="$TEMPORARY/shots/$1.png" "$4" >/dev/null 2>&1
    [ -s "$TEMPORARY/shots/$1.png" ] || die "The browser makes no picture of $4."
    cp "$TEMPORARY/shots/$1.png" "$OUT/"
    say "$OUT/$1.png"
}

# Lines with colours of a terminal as a page.
to_page() {
    python3 -c '
import html, re, sys
STYLES = {"1": "font-weight:bold", "2": "color:#8a94a0", "7": "background:#d6dbe1;color:#14181d", "31": "color:#f0776c", "33": "color:#e6b95a"}
print("<body style=\"margin:0;background:#14181d\"><pre style=\"margin:0;padding:14px;color:#d6dbe1;font:13px/1.35 DejaVu Sans Mono,monospace\">")
for part in re.split(r"(\x1b\[[0-9;]*m|\x1b\([AB0]|\x0f)", sys.stdin.read().rstrip("\n")):
    code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
    if code:
        numbers = code[1].replace("38;5;1", "31").replace("38;5;3", "33").split(";")
        styles = [STYLES[number] for number in numbers if number in STYLES]
        print("</span><span style=\"" + ";".join(styles) + "\">", end="")
    elif not part.startswith(("\x1b", "\x0f")):
        print(html.escape(part), end="")
print("</pre>")'
}

as_guest ./aerospike-report --utc --quiet "$SAMPLE" -o shots/page.html --title 'Timeouts of the shop on Sunday morning' \
    --note 'Writes time out for seconds, then all is well again. Capture of the application'\''s host.'
shoot report 1280 1180 "file://$TEMPORARY/shots/page.html"
# Without what stands above it: a browser without a window does not scroll.
sed 's#</style>#body { padding-top: 1rem; } header, \#findings, \#changes, \#capture { display: none; } section { margin-top: 1.5rem; }</style>#' \
    "$TEMPORARY/shots/page.html" >"$TEMPORARY/shots/times.html"
chmod a+r "$TEMPORARY/shots/times.html"
shoot report-times 1280 1240 "file://$TEMPORARY/shots/times.html"

session=aerospike-shots-$$
trap 'tmux kill-session -t "$session" 2>/dev/null || true; rm -rf "$TEMPORARY"' EXIT
cat >"$TEMPORARY/top.sh" <<END
$(declare -f is_root as_guest)
TEMPORARY=$TEMPORARY
as_guest env TERM=xterm-256color ./aerospike-top $SAMPLE
END
tmux new-session -d -s "$session" -x 140 -y 36 "bash $TEMPORARY/top.sh"
for _ in {1..120}; do
    sleep 0.5
    if tmux capture-pane -t "$session" -p | grep -q 'all read'; then break; fi
done
tmux capture-pane -t "$session" -p -e | to_page >"$TEMPORARY/shots/top.html"
chmod a+r "$TEMPORARY/shots/top.html"
shoot top 1130 660 "file://$TEMPORARY/shots/top.html"
