//! Every name, typed alone into the filter bar, finds the frames that show it: nobody else asks for anything then.

use std::collections::{BTreeSet, HashMap};

use crate::common::fields::registered_fields;
use crate::common::sharkd::passing;
use crate::common::{Findings, capture_with};

/// Between them they have most names; a name that is in none must find nothing in any.
const CAPTURES: [&str; 22] = [
    "batch-all",
    "batch-flags",
    "kv-basic",
    "kv-policies-errors",
    "keys-send-key-types",
    "operate-list",
    "operate-map",
    "operate-basic",
    "expressions-record",
    "query-aggregation",
    "udf-put-apply",
    "info-basic",
    "security-auth-ce",
    "malformed-proto",
    "midstream-kv",
    "compressed-both-ways",
    "heartbeat-mesh-steady",
    "heartbeat-multicast-steady",
    "cluster-replication-writes-slim",
    "cluster-proxy-slim",
    "cluster-smd-slim",
    "snaplen128-kv-all-types",
];

#[test]
fn every_name_alone_finds_the_frames_that_show_it() {
    let (fields, _) = registered_fields();
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let mut findings = Findings::default();
    let mut seen = BTreeSet::new();
    for name in CAPTURES {
        // Twice, as a window reads it.
        let capture = capture_with(name, &["-2"]);
        let mut shown: HashMap<&str, Vec<u32>> = HashMap::new();
        for frame in &capture.frames {
            for item in frame.walk() {
                let frames = shown.entry(item.name.as_str()).or_default();
                if frames.last() != Some(&frame.number) {
                    frames.push(frame.number);
                }
            }
        }
        for (field, found) in names.iter().zip(passing(name, &names)) {
            let wanted = shown.get(field).cloned().unwrap_or_default();
            if !wanted.is_empty() {
                seen.insert(*field);
            }
            findings.check(found == wanted, || {
                format!("{name}: {field} finds {found:?}, but {wanted:?} show it")
            });
        }
    }
    findings.check(seen.len() > 300, || {
        format!("only {} names were shown", seen.len())
    });
    findings.report();
}
