//! The overview, against counts of single packets.

use std::collections::BTreeMap;

use aerospike::wire::client::message::result_code::ResultCode;

use crate::common::fields;
use crate::report::text;

/// The counts below a heading of the counter tree, and the heading's own.
fn below(text: &str, heading: &str) -> (u64, BTreeMap<String, u64>) {
    let count = |line: &str, name: &str| {
        let mut cells = line[name.len()..].split_whitespace();
        cells.next().expect("a count").parse::<u64>().expect("a number")
    };
    let mut lines = text.lines().skip_while(|line| !line.starts_with(heading));
    let own = count(lines.next().expect("the heading"), heading);
    let mut counts = BTreeMap::new();
    for line in lines.take_while(|line| line.starts_with(' ')) {
        if line.starts_with("  ") {
            continue;
        }
        // Names have single spaces; columns are set off by more.
        let name = line[1..].split("  ").next().unwrap_or_default();
        counts.insert(name.to_string(), count(&line[1..], name));
    }
    (own, counts)
}

#[test]
fn as_the_packets_show() {
    for capture in ["hot-keys-zipf", "batch-all", "scan-basic", "kv-basic"] {
        let text = text(capture, "aerospike,tree", &[]);
        let names = ["aerospike.type", "aerospike.msg.result_code", "aerospike.request"];
        let mut types = 0;
        let mut results: BTreeMap<String, u64> = BTreeMap::new();
        for row in fields::columns(capture, &[], "aerospike.version", &names) {
            types += row[0].len() as u64;
            if row[2].is_empty() {
                for code in &row[1] {
                    let code = ResultCode(code.parse().expect("a number"));
                    *results.entry(code.to_string()).or_default() += 1;
                }
            }
        }
        let (messages, kinds) = below(&text, "Message types");
        assert_eq!(messages, types, "{capture}");
        assert_eq!(kinds.values().sum::<u64>(), types, "{capture}");
        let (all, shown) = below(&text, "Result codes");
        assert_eq!(shown, results, "{capture}");
        assert_eq!(all, results.values().sum::<u64>(), "{capture}");
        let (nodes, each) = below(&text, "Server nodes");
        assert_eq!((nodes, each.len()), (types, 1), "{capture}");
    }
}

#[test]
fn heartbeats_inside_compressed_ones() {
    for capture in ["scenarios/heartbeat-compressed-mesh", "heartbeat-mesh-steady"] {
        let text = text(capture, "aerospike,tree", &[]);
        let rows = fields::columns(capture, &[], "aerospike.heartbeat", &["aerospike.heartbeat.type"]);
        let pulses = rows
            .iter()
            .filter(|row| row[0].contains(&"0".to_string()))
            .count() as u64;
        let line = text.lines().find(|line| line.contains("HEARTBEAT PULSE"));
        let line = line.unwrap_or_else(|| panic!("{capture}: {text}"));
        assert_eq!(
            line.split_whitespace().nth(2),
            Some(pulses.to_string().as_str()),
            "{capture}"
        );
        let (messages, _) = below(&text, "Message types");
        assert_eq!(messages, rows.len() as u64, "{capture}");
    }
}

#[test]
fn the_same_in_every_pass() {
    for capture in [
        "hot-keys-zipf",
        "batch-all",
        "pipelined-one-segment",
        "scenarios/heartbeat-compressed-mesh",
        "cluster-replication-writes-slim",
    ] {
        let once = text(capture, "aerospike,tree", &[]);
        assert_eq!(once, text(capture, "aerospike,tree", &["-2"]), "{capture}");
    }
}

#[test]
fn lines_of_the_text_info_port_count() {
    let capture = "info-text-port-3003-server80";
    let text = text(capture, "aerospike,tree", &[]);
    let names = ["aerospike.info.name"];
    let rows = fields::columns(capture, &[], "aerospike.request", &names);
    let commands: usize = rows.iter().map(|row| row[0].len()).sum();
    assert!(commands > 5);
    let (all, each) = below(&text, "Operations");
    assert_eq!((all, each.values().sum()), (commands as u64, commands as u64));
    assert!(each.contains_key("info build"), "{each:?}");
    let (messages, kinds) = below(&text, "Message types");
    assert_eq!(kinds["info request"], all);
    assert_eq!(kinds["info request"] + kinds["info response"], messages);
}
