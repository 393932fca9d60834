//! Of a well-formed message no byte is left without a field, and nothing is unknown.

use super::Findings;
use super::capture;
use super::cover::protocols_and_leaves;
use super::sharkd::{Node, trees};

/// Looks at every frame of a capture in which this plugin shows something.
pub fn every_byte_has_a_field(findings: &mut Findings, name: &str) {
    let frames: Vec<u32> = capture(name).ours().map(|frame| frame.number).collect();
    for (number, tree) in trees(name, &[], &frames) {
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

fn has_info(tree: &[Node]) -> bool {
    tree.iter()
        .flat_map(Node::walk)
        .any(|node| node.name == "aerospike.info")
}

/// No text without a field, no value without a name, nothing that should not be in traffic that is as it should be.
pub fn nothing_is_unknown_or_malformed(findings: &mut Findings, name: &str) {
    let wrong = [
        "aerospike.expert.malformed",
        "aerospike.expert.continuation",
        "_ws.malformed",
        "aerospike.data",
    ];
    for frame in &capture(name).frames {
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
