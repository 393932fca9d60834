//! Which bytes the items of a frame cover.

use std::collections::BTreeMap;

use super::fields::registered_fields;
use super::pdml::is_ours;
use super::sharkd::Node;

/// Ranges of bytes, sorted and apart from each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges(Vec<(usize, usize)>);

impl Ranges {
    pub fn of(mut pieces: Vec<(usize, usize)>) -> Ranges {
        pieces.sort_unstable();
        let mut joined: Vec<(usize, usize)> = Vec::new();
        for (start, end) in pieces.into_iter().filter(|(start, end)| start < end) {
            match joined.last_mut() {
                Some((_, last)) if start <= *last => *last = end.max(*last),
                _ => joined.push((start, end)),
            }
        }
        Ranges(joined)
    }

    /// What is in this and not in the other.
    pub fn without(&self, other: &Ranges) -> Vec<(usize, usize)> {
        let mut out = Vec::new();
        for &(start, end) in &self.0 {
            let mut at = start;
            for &(from, to) in other.0.iter().filter(|(from, to)| *to > start && *from < end) {
                if from > at {
                    out.push((at, from));
                }
                at = at.max(to);
            }
            if at < end {
                out.push((at, end));
            }
        }
        out
    }
}

/// By data source: the bytes of this plugin's protocols, and those that have a field of their own.
pub fn protocols_and_leaves(tree: &[Node]) -> BTreeMap<u64, (Ranges, Ranges)> {
    let mut pieces: BTreeMap<u64, (Vec<_>, Vec<_>)> = BTreeMap::new();
    let ours = tree.iter().filter(|protocol| is_ours(&protocol.name));
    for node in ours.flat_map(Node::walk) {
        let range = (node.start, node.start + node.length);
        let (protocols, leaves) = pieces.entry(node.source).or_default();
        if node.proto {
            protocols.push(range);
        } else if is_leaf(node) {
            leaves.push(range);
        } else {
            leaves.extend(own_value(node));
        }
    }
    let ranges = |(protocols, leaves)| (Ranges::of(protocols), Ranges::of(leaves));
    pieces
        .into_iter()
        .map(|(source, both)| (source, ranges(both)))
        .collect()
}

/// A field from the bytes, and nothing below it that has bytes.
fn is_leaf(node: &Node) -> bool {
    // A value of information is text as a whole, and has its pieces below it.
    if node.name == "aerospike.info.value" || node.name == "aerospike.info.name" {
        return true;
    }
    // Nil and what is hidden have no value; sharkd has no name for such fields.
    let nameless = (node.name.is_empty() || node.name.starts_with("frame[")) && node.children.is_empty();
    let kind = registered_fields()
        .0
        .get(&node.name)
        .map_or("", |field| field.kind.as_str());
    let parts = node
        .children
        .iter()
        .flat_map(Node::walk)
        .filter(|child| child.length > 0 && !child.generated);
    // What the plugin shows as data it has not read.
    let unread = node.name == "aerospike.data";
    !unread && !node.generated && (nameless || (!kind.is_empty() && parts.count() == 0))
}

/// A line that is the item of its own value, and has size and type below it: the one run of its bytes that nothing below
/// it has.
fn own_value(node: &Node) -> Option<(usize, usize)> {
    let kind = registered_fields().0.get(&node.name)?.kind.as_str();
    if node.generated || kind.is_empty() || kind == "FT_NONE" {
        return None;
    }
    let whole = Ranges::of(vec![(node.start, node.start + node.length)]);
    let below = node.children.iter().flat_map(Node::walk);
    let below = below.filter(|child| child.source == node.source && !child.generated && !child.proto);
    let parts = below.map(|child| (child.start, child.start + child.length));
    match whole.without(&Ranges::of(parts.collect()))[..] {
        [run] => Some(run),
        _ => None,
    }
}

/// The bytes of a frame that something accounts for: this plugin's items, Wireshark's reassembly,
/// or the protocol that they were handed to. `data` accounts for nothing.
pub fn account_for(tree: &[Node]) -> Ranges {
    const BELOW: [&str; 9] = ["frame", "eth", "sll", "sll2", "null", "ip", "ipv6", "tcp", "data"];
    let mut pieces = Vec::new();
    for protocol in tree {
        let handed_over = protocol.proto && !BELOW.contains(&protocol.name.as_str());
        let counts = |node: &&Node| node.source == 0 && (handed_over || node.name == "tcp.segment_data");
        pieces.extend(
            protocol
                .walk()
                .filter(counts)
                .map(|node| (node.start, node.start + node.length)),
        );
    }
    Ranges::of(pieces)
}

#[test]
fn ranges_are_joined_and_taken_away() {
    let all = Ranges::of(vec![(5, 8), (0, 3), (3, 4), (7, 9), (9, 9)]);
    assert_eq!(all, Ranges(vec![(0, 4), (5, 9)]));
    let part = Ranges::of(vec![(1, 2), (6, 20)]);
    assert_eq!(all.without(&part), [(0, 1), (2, 4), (5, 6)]);
    assert_eq!(all.without(&Ranges::default()), [(0, 4), (5, 9)]);
}
