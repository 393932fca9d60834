//! Of a well-formed message no byte is left without a field, and nothing is unknown.

use crate::common::cover::protocols_and_leaves;
use crate::common::sharkd::{Node, trees};
use crate::common::{Findings, capture, captures};

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
    let names = ["", "scenarios", "lua-plugin"]
        .into_iter()
        .flat_map(captures::all);
    names
        .filter(|name| !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix)))
        .collect()
}

#[test]
fn every_byte_has_a_field() {
    let mut findings = Findings::default();
    for name in well_formed() {
        let capture = capture(&name);
        let frames: Vec<u32> = capture.ours().map(|frame| frame.number).collect();
        for (number, tree) in trees(&name, &[], &frames) {
            for (source, (protocols, leaves)) in protocols_and_leaves(&tree) {
                let mut bare = protocols.without(&leaves);
                // Between the names and values of information there are tabs and line ends.
                if has_info(&tree) {
                    bare.retain(|(start, end)| end - start > 2);
                }
                findings.check(bare.is_empty(), || {
                    let shown: Vec<_> = bare.iter().take(5).collect();
                    format!(
                        "{name} frame {number} source {source}: {} ranges, {shown:?}",
                        bare.len()
                    )
                });
            }
        }
    }
    findings.report();
}

fn has_info(tree: &[Node]) -> bool {
    tree.iter()
        .flat_map(Node::walk)
        .any(|node| node.name == "aerospike.info")
}

#[test]
fn nothing_is_unknown_or_malformed() {
    let wrong = [
        "aerospike.expert.malformed",
        "aerospike.expert.continuation",
        "_ws.malformed",
        "aerospike.data",
    ];
    let mut findings = Findings::default();
    for name in well_formed() {
        // Its replies are made by hand, and a get goes to the admin port on purpose.
        for frame in &capture(&name).frames {
            for item in frame.aerospike().flat_map(|item| item.walk()) {
                findings.check(!item.name.is_empty(), || {
                    format!(
                        "{name} frame {}: text without a field: {}",
                        frame.number, item.show
                    )
                });
                let unknown = item.showname.contains("Unknown (");
                findings.check(!unknown, || {
                    format!("{name} frame {}: {}", frame.number, item.showname)
                });
            }
            for wrong in wrong {
                findings.check(!frame.has(wrong), || {
                    format!("{name} {wrong}, {}", frame.outline())
                });
            }
        }
    }
    findings.report();
}

/// A GUI asks for frames in any order, again and again: the trees stay the same.
#[test]
fn frames_are_the_same_in_any_order() {
    let mut findings = Findings::default();
    for name in captures::present(&["kv-all-types", "batch-all", "operate-map", "compressed-both-ways"]) {
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
