//! Numbers of messages and links against `internode-counts.json`, which an independent program made.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::Findings;
use crate::common::fields::columns;

type Counts = BTreeMap<String, u64>;

const TYPES: [(&str, &str); 11] = [
    ("0", "FABRIC"),
    ("1", "HEARTBEAT_V2"),
    ("2", "PAXOS"),
    ("3", "MIGRATE"),
    ("4", "PROXY"),
    ("5", "HEARTBEAT"),
    ("6", "CLUSTERING"),
    ("7", "RW"),
    ("8", "INFO"),
    ("9", "EXCHANGE"),
    ("15", "SMD"),
];

/// The captures that were counted.
pub fn counted_captures() -> Vec<(String, Value)> {
    let text = include_str!("../data/internode-counts.json");
    let all: BTreeMap<String, Value> = serde_json::from_str(text).expect("counts");
    all.into_iter().collect()
}

fn expected_counts(value: &Value) -> Counts {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .map(|(key, count)| (key.clone(), count.as_u64().unwrap_or_default()))
        .collect()
}

fn type_name(number: &str) -> &str {
    let known = TYPES.iter().find(|(value, _)| *value == number);
    known.map_or(number, |(_, name)| name)
}

#[test]
fn messages_by_type() {
    let mut findings = Findings::default();
    for (name, counts) in counted_captures() {
        let fields = [
            "aerospike.fabric.type",
            "aerospike.container.type",
            "aerospike.heartbeat.compressed",
        ];
        let mut found = Counts::new();
        for row in columns(&name, &[], "aerospike.heartbeat || aerospike.fabric", &fields) {
            // What was inflated stands beside its wrapper.
            let inflated = row[2].len();
            let heartbeats = row[1].iter().skip(inflated);
            for kind in row[0].iter().chain(heartbeats) {
                *found.entry(type_name(kind).into()).or_default() += 1;
            }
        }
        let wanted = expected_counts(&counts["types"]);
        findings.check(found == wanted, || format!("{name}: {found:?}, not {wanted:?}"));
    }
    findings.report();
}

#[test]
fn messages_by_operation() {
    let mut findings = Findings::default();
    for (name, counts) in counted_captures() {
        let fields = [
            "aerospike.fabric.type",
            "aerospike.fabric.op.name",
            "aerospike.heartbeat.type",
        ];
        let mut found = Counts::new();
        for row in columns(&name, &[], "aerospike.heartbeat || aerospike.fabric", &fields) {
            let kinds: Vec<_> = row[0].iter().map(|kind| type_name(kind)).collect();
            let hellos = kinds.iter().filter(|kind| **kind == "FABRIC").count() as u64;
            if hellos > 0 {
                *found.entry("FABRIC".into()).or_default() += hellos;
            }
            let with_op = kinds.iter().filter(|kind| **kind != "FABRIC");
            for (kind, op) in with_op.zip(&row[1]) {
                *found.entry(format!("{kind} {op}")).or_default() += 1;
            }
            for kind in &row[2] {
                let word = ["PULSE", "INFO_REQUEST", "INFO_REPLY"][kind.parse::<usize>().unwrap_or(9)];
                *found.entry(format!("HEARTBEAT {word}")).or_default() += 1;
            }
        }
        let wanted = expected_counts(&counts["ops"]);
        findings.check(found == wanted, || format!("{name}: {found:?}, not {wanted:?}"));
    }
    findings.report();
}

#[test]
fn answers_find_their_requests() {
    let mut findings = Findings::default();
    for (name, counts) in counted_captures() {
        let filter = "(aerospike.fabric || aerospike.heartbeat) && aerospike.";
        let sum = |field: &str| -> u64 {
            let rows = columns(
                &name,
                &["-2"],
                &format!("{filter}{field}"),
                &[&format!("aerospike.{field}")],
            );
            rows.iter().map(|row| row[0].len() as u64).sum()
        };
        let links = counts["links"].as_object().into_iter().flatten();
        let wanted: u64 = links
            .map(|(_, link)| {
                let answered = link["answered"].as_u64();
                answered.or(link["answers"].as_u64()).unwrap_or_default()
            })
            .sum();
        for field in ["request_in", "response_in", "response_time"] {
            let found = sum(field);
            findings.check(found == wanted, || {
                format!("{name}: {found} {field}, not {wanted}")
            });
        }
        // Healthy clusters: every write that wants an acknowledgement gets one, and none is sent twice.
        for field in ["expert.no_response", "expert.retry"] {
            let found = columns(&name, &["-2"], &format!("{filter}{field}"), &["frame.number"]);
            findings.check(found.is_empty(), || format!("{name}: {field} in {found:?}"));
        }
    }
    findings.report();
}

#[test]
fn flat_records_have_their_bins_and_sets() {
    let mut findings = Findings::default();
    for (name, counts) in counted_captures() {
        let records = &counts["flat_records"];
        if records.is_null() {
            continue;
        }
        let fields = ["aerospike.record.magic", "aerospike.record.bin.particle_type"];
        let rows = columns(&name, &[], "aerospike.record.magic", &fields);
        for (column, key) in ["records", "bins"].into_iter().enumerate() {
            let found: usize = rows.iter().map(|row| row[column].len()).sum();
            let wanted = records[key].as_u64().unwrap_or_default() as usize;
            findings.check(found == wanted, || format!("{name}: {found} {key}, not {wanted}"));
        }
    }
    findings.report();
}
