//! Of a well-formed message no byte is left without a field, and nothing is unknown.

use crate::common::sharkd::trees;
use crate::common::{Findings, capture, captures, whole};

/// Malformed, cut or lossy on purpose, or too large to walk byte by byte.
const LEFT_OUT: [&str; 18] = [
    "scenarios/app-config",
    "capture-loss-",
    "loss-real-",
    "malformed-",
    "snaplen",
    "midstream-",
    "reordered-",
    "duplicated-",
    "oneway-",
    "perf-sample-",
    "hot-keys-",
    "cluster-",
    "nonstandard-",
    "scenarios/key-busy",
    "scenarios/wrong-protocol",
    "scenarios/sync-loss",
    "scenarios/cluster-",
    "scenarios/network-drop",
];

fn well_formed() -> Vec<String> {
    let names = ["", "scenarios"].into_iter().flat_map(captures::all);
    names
        .filter(|name| !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix)))
        .collect()
}

#[test]
fn every_byte_has_a_field() {
    let mut findings = Findings::default();
    for name in well_formed() {
        whole::every_byte_has_a_field(&mut findings, &name);
    }
    findings.report();
}

#[test]
fn nothing_is_unknown_or_malformed() {
    let mut findings = Findings::default();
    for name in well_formed() {
        whole::nothing_is_unknown_or_malformed(&mut findings, &name);
    }
    findings.report();
}

/// A GUI asks for frames in any order, again and again: the trees stay the same.
#[test]
fn frames_are_the_same_in_any_order() {
    let mut findings = Findings::default();
    for name in ["kv-all-types", "batch-all", "operate-map", "compressed-both-ways"] {
        let frames: Vec<u32> = capture(name).ours().map(|frame| frame.number).collect();
        let backwards: Vec<u32> = frames.iter().rev().copied().collect();
        let forwards = trees(name, &[], &frames);
        let again = trees(name, &[], &[backwards.clone(), backwards].concat());
        for (number, tree) in again {
            let first = forwards
                .iter()
                .find(|(n, _)| *n == number)
                .map(|(_, tree)| format!("{tree:?}"));
            findings.check(first == Some(format!("{tree:?}")), || {
                format!("{name} frame {number} is shown differently")
            });
        }
    }
    findings.report();
}
