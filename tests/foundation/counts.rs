//! Numbers of messages and result codes against `summary.jsonl`, which an independent program
//! made of the same captures.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;

use crate::common::fields::columns;
use crate::common::host::lock;
use crate::common::pdml::Frame;
use crate::common::{Findings, capture, captures};

/// Not compared: what was cut, lost or made malformed on purpose (see the manifest), and what a
/// receiver has to put in order first.
const NOT_COMPARED: [&str; 4] = ["capture-loss-", "malformed-", "snaplen", "midstream-"];
/// Compared with Wireshark's reassembly of segments that come out of order.
const OUT_OF_ORDER: [&str; 2] = ["reordered-", "loss-real-"];

type Counts = BTreeMap<String, u64>;

fn summaries() -> Vec<(String, Value)> {
    let summary = captures::file("summary.jsonl").expect("summary.jsonl");
    let text = fs::read_to_string(summary).expect("summary.jsonl in UTF-8");
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named = lines.map(|line| {
        (
            line["file"].as_str().unwrap_or_default().replace(".pcapng", ""),
            line,
        )
    });
    named
        .filter(|(name, _)| !NOT_COMPARED.iter().any(|prefix| name.starts_with(prefix)))
        .collect()
}

fn options(name: &str) -> &'static [&'static str] {
    match name {
        // That program does not look at ports for TLS.
        "nonstandard-port-4333" => &["--disable-heuristic", "aerospike_clear_tcp"],
        _ if OUT_OF_ORDER.iter().any(|prefix| name.starts_with(prefix)) => {
            &["-o", "tcp.reassemble_out_of_order:TRUE"]
        }
        _ => &[],
    }
}

fn counts_of(value: &Value, keep: impl Fn(&str) -> bool) -> Counts {
    let pairs = value.as_object().into_iter().flatten();
    let kept = pairs.filter(|(key, count)| keep(key) && count.as_u64() != Some(0));
    kept.map(|(key, count)| (key.clone(), count.as_u64().unwrap_or_default()))
        .collect()
}

/// What tshark says of each frame of a client (what nodes pass on is not counted): types, directions, result codes. Asked once
/// a capture.
fn rows(name: &str) -> Arc<Vec<Vec<Vec<String>>>> {
    type Rows = Arc<Vec<Vec<Vec<String>>>>;
    static ROWS: OnceLock<Mutex<BTreeMap<String, Arc<OnceLock<Rows>>>>> = OnceLock::new();
    let slot = lock(ROWS.get_or_init(Mutex::default))
        .entry(name.into())
        .or_default()
        .clone();
    let fields = [
        "aerospike.type",
        "aerospike.request",
        "aerospike.response",
        "aerospike.msg.result_code",
    ];
    let ask = || {
        Arc::new(columns(
            name,
            options(name),
            "aerospike.type && !aerospike.fabric",
            &fields,
        ))
    };
    slot.get_or_init(ask).clone()
}

fn direction(row: &[Vec<String>]) -> &'static str {
    match (row[1].is_empty(), row[2].is_empty()) {
        (false, true) => "req",
        (true, false) => "resp",
        (true, true) => "undirected",
        (false, false) => "both",
    }
}

/// Messages by type and direction. Inflated messages are not counted beside their wrapper: their
/// header is the one that follows a header of type 4.
fn messages_by_type(name: &str) -> Counts {
    let mut counts = Counts::new();
    for row in rows(name).iter() {
        let mut inflated = false;
        for kind in &row[0] {
            let word = match kind.as_str() {
                "1" => "info",
                "2" => "security",
                "3" => "as_msg",
                "4" => "compressed",
                other => other,
            };
            if !inflated {
                *counts.entry(format!("{word}_{}", direction(row))).or_default() += 1;
            }
            inflated = kind == "4";
        }
    }
    counts
}

#[test]
fn messages_by_type_and_direction() {
    let mut findings = Findings::default();
    for (name, summary) in summaries() {
        let ours = |key: &str| {
            let counted = ["info_", "security_", "as_msg_", "compressed_"];
            counted.iter().any(|prefix| key.starts_with(prefix)) && !key.ends_with("_records")
        };
        let wanted = counts_of(&summary["messages"], ours);
        let found = messages_by_type(&name);
        findings.check(found == wanted, || format!("{name}: {found:?}, not {wanted:?}"));
    }
    findings.report();
}

/// Result codes of answers, without those of inflated messages.
fn result_codes(name: &str, compressed: bool) -> (Counts, u64) {
    let mut codes = Counts::new();
    if compressed {
        for frame in &capture(name).frames {
            plain_codes(frame, &mut codes);
        }
    } else {
        for row in rows(name).iter().filter(|row| direction(row) == "resp") {
            for code in &row[3] {
                *codes.entry(code.clone()).or_default() += 1;
            }
        }
    }
    let all = codes.values().sum();
    (codes, all)
}

fn plain_codes(frame: &Frame, codes: &mut Counts) {
    if frame.is_request() {
        return;
    }
    let (mut outer, mut kind) = (0, 0);
    for item in frame.walk() {
        match item.name.as_str() {
            "aerospike.type" => (outer, kind) = (kind, item.int().unwrap_or_default()),
            "aerospike.msg.result_code" if (outer, kind) != (4, 3) => {
                *codes.entry(item.show.clone()).or_default() += 1;
            }
            _ => {}
        }
    }
}

#[test]
fn result_codes_of_answers() {
    let mut findings = Findings::default();
    for (name, summary) in summaries() {
        let messages = &summary["messages"];
        let compressed = messages.get("compressed_resp").is_some();
        let (found, records) = result_codes(&name, compressed);
        let wanted = counts_of(&summary["result_codes"], |_| true);
        findings.check(found == wanted, || format!("{name}: {found:?}, not {wanted:?}"));
        let wanted = messages["as_msg_resp_records"].as_u64().unwrap_or_default();
        findings.check(records == wanted, || {
            format!("{name}: {records} messages in answers, not {wanted}")
        });
    }
    findings.report();
}

#[test]
fn heartbeats() {
    let mut findings = Findings::default();
    for (name, summary) in summaries() {
        let messages = &summary["messages"];
        let number = |key: &str| messages[key].as_u64().unwrap_or_default();
        let wanted = number("hb heartbeat") + number("udp9918 heartbeat");
        if wanted > 0 {
            let rows = columns(
                &name,
                options(&name),
                "aerospike.heartbeat",
                &["aerospike.heartbeat.type"],
            );
            let found: usize = rows.iter().map(|row| row[0].len()).sum();
            findings.check(found as u64 == wanted, || {
                format!("{name}: {found} heartbeats, not {wanted}")
            });
        }
    }
    findings.report();
}
