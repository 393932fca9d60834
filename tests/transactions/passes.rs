//! What is shown does not depend on the pass, nor on the order in which frames are asked for.

use super::packets::Random;
use crate::common::pdml::{Item, is_ours};
use crate::common::sharkd;
use crate::common::{Findings, capture, capture_with};

const CAPTURES: [&str; 10] = [
    "kv-all-types",
    "kv-basic",
    "kv-policies-errors",
    "batch-all",
    "batch-flags",
    "keys-send-key-types",
    "pipelined-one-segment",
    "scan-query-pagination",
    "compressed-both-ways",
    "malformed-proto",
];

/// Made byte by byte; the small ones.
const HOSTILE: [&str; 9] = [
    "hostile/pass2-blur",
    "hostile/icmp-0",
    "hostile/ka",
    "hostile/synpay",
    "hostile/win0",
    "hostile/wrap",
    "hostile/unlinked-answers",
    "hostile/batch-in-batch-3000",
    "hostile/tree-namespace-clients",
];

/// What only a later pass knows: links to later frames, and verdicts that need the end of a connection.
const LATER: [&str; 5] = [
    "aerospike.response_in",
    "aerospike.retried_in",
    "aerospike.expert.no_response",
    "aerospike.expert.closed",
    "aerospike.expert.unsupported_type",
];

fn lines(item: &Item, out: &mut Vec<String>) {
    // Wireshark's own entry for an expert item is a parent of the item.
    if LATER.iter().any(|name| {
        item.name == *name
            || item
                .children
                .iter()
                .any(|c| c.name == *name && item.name == "_ws.expert")
    }) {
        return;
    }
    out.push(format!(
        "{} {} {} {} {}",
        item.name, item.showname, item.value, item.pos, item.size
    ));
    item.children.iter().for_each(|child| lines(child, out));
}

#[test]
fn one_pass_and_two_agree() {
    let mut findings = Findings::default();
    for name in CAPTURES.into_iter().chain(HOSTILE) {
        let (one, two) = (capture(name), capture_with(name, &["-2"]));
        assert_eq!(one.frames.len(), two.frames.len(), "{name}");
        for (one, two) in one.frames.iter().zip(&two.frames) {
            let (mut first, mut second) = (Vec::new(), Vec::new());
            one.aerospike().for_each(|item| lines(item, &mut first));
            two.aerospike().for_each(|item| lines(item, &mut second));
            if first != second {
                let only = |a: &[String], b: &[String]| a.iter().find(|l| !b.contains(l)).cloned();
                findings.add(format!(
                    "{name} frame {}: one pass {:?}, two {:?}",
                    one.number,
                    only(&first, &second),
                    only(&second, &first)
                ));
            }
        }
    }
    findings.report();
}

/// What this plugin shows of a frame. TCP's completeness of a connection does depend on the order, in Wireshark itself.
fn shown(tree: &[sharkd::Node]) -> String {
    let ours = tree.iter().filter(|node| is_ours(&node.name));
    ours.map(|node| format!("{node:?}")).collect()
}

#[test]
fn frames_in_any_order_are_the_same() {
    let mut findings = Findings::default();
    for name in CAPTURES.into_iter().chain(HOSTILE) {
        let count = capture(name).frames.len() as u32;
        let in_order: Vec<u32> = (1..=count).collect();
        let expected = sharkd::trees(name, &[], &in_order);
        let ours = expected.iter().filter(|(_, tree)| !shown(tree).is_empty());
        findings.check(ours.count() > 0, || format!("{name}: hardly a frame is ours"));
        for seed in 1..=2 {
            let mut order = in_order.clone();
            Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed)).shuffle(&mut order);
            for (frame, tree) in sharkd::trees(name, &[], &order) {
                let same = shown(&expected[frame as usize - 1].1) == shown(&tree);
                findings.check(same, || format!("{name} frame {frame} differs, seed {seed}"));
            }
        }
    }
    findings.report();
}
