//! Captures opened one after another in one process: the plugin adds nothing to what sharkd itself keeps of each (some
//! 11 MiB in 4.0), and nothing of one capture is found in the next.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::common::host::host;

const FILES: [&str; 6] = [
    "kv-basic",
    "batch-all",
    "capture-loss-kv-all-types",
    "heartbeat-multicast-steady",
    "compressed-both-ways",
    "malformed-proto",
];

const COUNT: u32 = 100;
/// What a file may add, beyond what it adds without the plugin: the measure itself varies by as much.
const KIB_A_FILE: u64 = 60;

/// Feeds requests to sharkd up to a number, and says how much memory it has then.
const SCRIPT: &str = r#"
cd "$(dirname "$1")" && rm -f files.fifo && mkfifo files.fifo
sharkd - <files.fifo >"$2" & sharkd=$!
exec 3>files.fifo
first=1
for last in 120 600; do
    sed -n "${first},${last}p" "$1" >&3
    until grep -q "\"id\":$last[,}]" "$2"; do
        kill -0 $sharkd || exit 1
        sleep 0.05
    done
    sed -n "s/^VmRSS:[^0-9]*\([0-9]*\).*/$last \1/p" /proc/$sharkd/status
    first=$((last + 1))
done
exec 3>&-
wait $sharkd
"#;

#[test]
fn do_not_add_up() {
    let mut requests = String::new();
    let mut asked = BTreeMap::new();
    // Six requests a file: it is opened, and trees are made of frames in any order.
    for number in 0..COUNT {
        let name = FILES[number as usize % FILES.len()];
        let path = host().capture(name);
        let load =
            json!({ "jsonrpc": "2.0", "id": number * 6 + 1, "method": "load", "params": { "file": path } });
        writeln!(requests, "{load}").expect("a string");
        for (at, frame) in [30, 12, 41, 42, 31].into_iter().enumerate() {
            let id = number * 6 + 2 + at as u32;
            let params = json!({ "frame": frame, "proto": true });
            let request = json!({ "jsonrpc": "2.0", "id": id, "method": "frame", "params": params });
            writeln!(requests, "{request}").expect("a string");
            asked.insert(id, (name, frame));
        }
    }
    let input = host().scratch("files.requests", requests.as_bytes());
    let script = host().scratch("files.sh", SCRIPT.as_bytes());
    let input_copy = host().writable("files.requests");
    let answers = host().writable("files.answers");
    let text = |path: &std::path::Path| path.to_str().expect("a path in UTF-8").to_string();
    let command = format!(
        "cp {} {} && sh {} {} {}",
        text(&input),
        text(&input_copy),
        text(&script),
        text(&input_copy),
        text(&answers)
    );
    let growth = |variables: &[(&str, &str)]| {
        let ran = host()
            .run_with(variables, "sh", &["-c", &command], "")
            .expect_success();
        let lines = ran.text();
        let memory: Vec<u64> = lines
            .lines()
            .filter_map(|line| line.split_once(' ')?.1.parse().ok())
            .collect();
        let [early, late] = memory[..] else {
            panic!("no measure: {}", ran.stderr);
        };
        late.saturating_sub(early) / 80
    };
    let without = growth(&[("WIRESHARK_PLUGIN_DIR", "/nonexistent")]);
    let with = growth(&[]);
    println!("{with} KiB a file, without the plugin {without}");
    assert!(
        with < without + KIB_A_FILE,
        "{with} KiB a file, without the plugin {without}"
    );

    // The same frame of the same capture is the same, whatever was open before.
    let mut first: BTreeMap<(&str, u32), Value> = BTreeMap::new();
    let mut same = 0;
    for line in std::fs::read_to_string(&answers).unwrap_or_default().lines() {
        let Ok(mut answer) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let id = answer["id"].as_u64().unwrap_or_default() as u32;
        let Some(frame) = asked.get(&id) else { continue };
        let result = answer["result"].take();
        match first.get(frame) {
            None => drop(first.insert(*frame, result)),
            Some(known) => {
                assert!(*known == result, "{frame:?} is another in request {id}");
                same += 1;
            }
        }
    }
    assert_eq!(
        same,
        5 * (COUNT as usize - FILES.len()),
        "sharkd did not answer all"
    );
}
