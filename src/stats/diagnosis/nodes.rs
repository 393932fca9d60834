//! Nodes that acknowledge what their peers send and say nothing, not even heartbeats.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::{End, MS};

/// A node says something every 150 ms; silent for so long it is stalled.
const SILENT: i64 = 1_000 * MS;
/// Said by it before, said to it and acknowledged by it since: so often at least.
const SAID: u32 = 3;
const NODES: usize = 1_000;

#[derive(Default)]
struct Node {
    said: u32,
    talked: i64,
    told: u32,
    told_first: u32,
    acknowledged: u32,
}

/// All nodes, by host.
#[derive(Default)]
pub struct Nodes(HashMap<End, Node>);

impl Nodes {
    /// One node sent payload to another.
    pub fn told(&mut self, from: End, to: End, now: i64, frame: u32, findings: &mut Findings) {
        if self.0.len() >= NODES {
            self.0.clear();
        }
        let sender = self.0.entry(from).or_default();
        sender.said = sender.said.saturating_add(1);
        sender.talked = now;
        (sender.told, sender.acknowledged) = (0, 0);
        let node = self.0.entry(to).or_default();
        if node.told == 0 {
            node.told_first = frame;
        }
        node.told += 1;
        let is_silent = now - node.talked >= SILENT;
        if !is_silent || node.said < SAID || node.told < SAID || node.acknowledged < SAID {
            return;
        }
        let key = Key {
            kind: Kind::StalledServer,
            ends: (to, End::default()),
            more: node.talked.to_be_bytes().to_vec(),
        };
        let made = || Finding {
            kind: Kind::StalledServer,
            who: format!("{to}"),
            from: node.talked,
            to: now,
            count: 0,
            frame: node.told_first,
            details:
                "the node acknowledges what its peers send and says nothing to them, not even heartbeats"
                    .into(),
        };
        if let Some((_, finding)) = findings.at(key, made) {
            (finding.count, finding.to) = (node.told, now);
        }
    }

    /// A node acknowledged and said nothing.
    pub fn acknowledged(&mut self, node: End) {
        if let Some(node) = self.0.get_mut(&node) {
            node.acknowledged = node.acknowledged.saturating_add(1);
        }
    }
}
