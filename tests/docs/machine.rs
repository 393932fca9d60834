//! What programs read has as many messages as an independent program counted.

use std::fs;

use serde_json::Value;

use crate::common::captures::project;
use crate::common::host::host;

/// More than one message a frame, messages of several frames, both types.
const CAPTURES: [&str; 3] = ["pipelined-one-segment", "batch-all", "kv-all-types"];

/// Requests and answers of `captures/summary.jsonl`.
fn count(capture: &str) -> usize {
    let text = fs::read_to_string(project().join("captures/summary.jsonl")).expect("the summary");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let line = lines
        .into_iter()
        .find(|line| line["file"] == format!("{capture}.pcapng"));
    let line = line.unwrap_or_else(|| panic!("{capture}: not in the summary"));
    let kinds = ["as_msg_req", "as_msg_resp", "info_req", "info_resp"];
    let counts = kinds.map(|kind| line["messages"][kind].as_u64().unwrap_or_default());
    usize::try_from(counts.into_iter().sum::<u64>()).expect("a small number")
}

fn output(capture: &str, args: &[&str]) -> String {
    host()
        .on(capture, &[&["-Y", "aerospike"], args].concat())
        .expect_success()
        .text()
}

/// Messages of a frame: its layers of that name.
fn layers(layers: &Value) -> usize {
    match &layers["aerospike"] {
        Value::Array(all) => all.len(),
        Value::Null => 0,
        _ => 1,
    }
}

#[test]
fn json_has_every_message() {
    for capture in CAPTURES {
        let text = output(capture, &["-T", "json", "--no-duplicate-keys", "-j", "aerospike"]);
        let packets: Value = serde_json::from_str(&text).expect("JSON");
        let packets = packets.as_array().expect("a list");
        let messages: usize = packets
            .iter()
            .map(|packet| layers(&packet["_source"]["layers"]))
            .sum();
        assert_eq!(messages, count(capture), "{capture}");
    }
}

#[test]
fn ek_has_every_message() {
    for capture in CAPTURES {
        let text = output(capture, &["-T", "ek"]);
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert!(
            lines
                .chunks(2)
                .all(|pair| pair[0]["index"].is_object() && pair[1]["layers"].is_object())
        );
        let messages: usize = lines.iter().map(|line| layers(&line["layers"])).sum();
        assert_eq!(messages, count(capture), "{capture}");
    }
}

#[test]
fn fields_have_every_message() {
    for capture in CAPTURES {
        let text = output(
            capture,
            &["-T", "fields", "-E", "aggregator=;", "-e", "aerospike.type"],
        );
        let messages: usize = text.lines().map(|line| line.split(';').count()).sum();
        assert_eq!(messages, count(capture), "{capture}");
    }
}
