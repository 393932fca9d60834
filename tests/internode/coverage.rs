//! Of a message between nodes no byte is left without a field, nothing is unknown or malformed, and the tree does
//! not depend on the order in which frames are looked at.

use super::counts::counted_captures;
use crate::common::cover::protocols_and_leaves;
use crate::common::sharkd::{Node, trees};
use crate::common::{Findings, capture};

fn is_between(protocol: &str) -> bool {
    protocol == "aerospike.heartbeat" || protocol == "aerospike.fabric"
}

fn frames(name: &str) -> Vec<u32> {
    let capture = capture(name);
    let ours = capture
        .frames
        .iter()
        .filter(|frame| frame.items.iter().any(|item| is_between(&item.name)));
    ours.map(|frame| frame.number).collect()
}

fn outline(tree: &[Node]) -> String {
    let ours = tree.iter().filter(|node| node.label.starts_with("Aerospike"));
    ours.flat_map(Node::walk)
        .map(|node| format!("{} {} {}\n", node.label, node.start, node.length))
        .collect()
}

#[test]
fn every_byte_has_a_field() {
    let mut findings = Findings::default();
    for (name, _) in counted_captures() {
        for (number, tree) in trees(&name, &[], &frames(&name)) {
            for (source, (protocols, leaves)) in protocols_and_leaves(&tree) {
                let bare = protocols.without(&leaves);
                findings.check(bare.is_empty(), || {
                    format!("{name} frame {number} source {source}: {:?}", bare.first())
                });
            }
        }
    }
    findings.report();
}

#[test]
fn nothing_is_unknown_or_malformed() {
    let wrong = [
        "aerospike.expert.malformed",
        "aerospike.expert.continuation",
        "aerospike.expert.unsupported_type",
        "aerospike.expert.invalid_size",
        "_ws.malformed",
        "aerospike.data",
    ];
    let mut findings = Findings::default();
    for (name, _) in counted_captures() {
        if name.starts_with("snaplen") {
            continue;
        }
        for frame in &capture(&name).frames {
            let ours = frame.items.iter().filter(|item| is_between(&item.name));
            for item in ours.flat_map(|item| item.walk()) {
                findings.check(!wrong.contains(&item.name.as_str()), || {
                    format!("{name} frame {}: {} {}", frame.number, item.name, item.showname)
                });
                findings.check(!item.showname.contains("Unknown"), || {
                    format!("{name} frame {}: {}", frame.number, item.showname)
                });
            }
        }
    }
    findings.report();
}

#[test]
fn the_order_of_looking_does_not_matter() {
    let mut findings = Findings::default();
    for (name, _) in counted_captures() {
        let mut frames = frames(&name);
        let forward = trees(&name, &[], &frames);
        // Every other frame first, then backwards.
        frames.sort_by_key(|frame| (frame % 2, u32::MAX - frame));
        let mixed = trees(&name, &[], &frames);
        for (number, tree) in &forward {
            let again = mixed.iter().find(|(other, _)| other == number);
            let same = again.is_some_and(|(_, other)| outline(other) == outline(tree));
            findings.check(same, || format!("{name} frame {number} differs"));
        }
    }
    findings.report();
}
