//! Who and when: node ids, cluster keys and the clocks that nodes exchange.

use core::fmt;

use nom::Parser as _;
use nom::combinator::consumed;

use crate::wire::ground::input;

/// A node id, printed as the server's log does: lower-case hexadecimal without leading zeros.
///
/// As an integer field it is big endian, inside buffers little endian.
///
/// Source: internode-protocol 2
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

impl NodeId {
    /// What a node id says if it was not configured: the fabric port and the MAC address of its node.
    ///
    /// A hint, no more: a configured id can be any number. `None` if the parts cannot be a port and
    /// the address of one interface.
    #[must_use]
    pub const fn parts(self) -> Option<NodeParts> {
        let [a, b, c, d, e, f, port_low, port_high] = self.0.to_le_bytes();
        let port = u16::from_le_bytes([port_low, port_high]);
        // The lowest bit of the first byte marks a group of stations.
        if port == 0 || a & 1 == 1 || (self.0 << 16) == 0 {
            return None;
        }
        Some(NodeParts {
            mac: [a, b, c, d, e, f],
            port,
        })
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// The pieces of a node id that the server made itself.
///
/// Little endian it is the MAC address (6 bytes in order), then the fabric port (u16 little endian).
///
/// Source: internode-protocol 2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeParts {
    /// Hardware address of the node's interface (of one that is not 6 bytes long, of its digest).
    pub mac: [u8; 6],
    /// The fabric port, clear if there is one.
    pub port: u16,
}

impl fmt::Display for NodeParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.mac;
        write!(
            f,
            "port {}, MAC {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}",
            self.port
        )
    }
}

/// Node ids back to back, each u64 little endian; bytes beyond the last whole one are left over.
///
/// Source: internode-protocol 3.2 (fields 7 and 10), 5.2 (field 5)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nodes<'a>(pub &'a [u8]);

impl<'a> Nodes<'a> {
    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len() / 8
    }

    /// Bytes after the last whole id; there should be none.
    #[must_use]
    pub fn leftover(&self) -> &'a [u8] {
        self.0.chunks_exact(8).remainder()
    }

    /// The first one: of a succession list, the principal.
    #[must_use]
    pub fn first(&self) -> Option<NodeId> {
        self.into_iter().next().map(|(_, node)| node)
    }

    /// Whether `node` is among them.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.into_iter().any(|(_, other)| other == node)
    }
}

impl<'a> IntoIterator for &Nodes<'a> {
    type Item = (&'a [u8], NodeId);
    type IntoIter = NodeIter<'a>;

    fn into_iter(self) -> NodeIter<'a> {
        NodeIter(self.0)
    }
}

/// The ids of a [`Nodes`], each with its bytes.
#[derive(Clone, Copy, Debug)]
pub struct NodeIter<'a>(&'a [u8]);

impl<'a> Iterator for NodeIter<'a> {
    type Item = (&'a [u8], NodeId);

    fn next(&mut self) -> Option<Self::Item> {
        let id = input::le_u64("node id").map(NodeId);
        let (rest, node) = consumed(id).parse(self.0).ok()?;
        self.0 = rest;
        Some(node)
    }
}

/// A cluster key, in hexadecimal. 0 is no cluster: an orphan.
///
/// Source: internode-protocol 2
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterKey(pub u64);

impl fmt::Display for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A reading of the hybrid logical clock; also the shape of paxos sequence numbers. 0 is none.
///
/// Upper 48 bits: milliseconds since 1970; lower 16 bits: a counter.
///
/// Source: internode-protocol 2
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc(pub u64);

impl Hlc {
    /// Milliseconds since 1970.
    #[must_use]
    pub const fn milliseconds(self) -> u64 {
        self.0 >> 16
    }

    /// The logical part.
    #[must_use]
    pub const fn counter(self) -> u16 {
        (self.0 & 0xffff) as u16
    }

    /// Whole seconds since 1970 and the nanoseconds beyond them.
    #[must_use]
    pub const fn unix(self) -> (u64, u32) {
        unix_ms(self.milliseconds())
    }

    /// How far this clock is ahead of the wall clock of the same node (milliseconds since 1970).
    #[must_use]
    pub const fn ahead_of(self, wall: u64) -> i64 {
        // 48 bits fit; a wall clock that does not is nonsense, and wraps.
        (self.milliseconds() as i64).wrapping_sub(wall as i64)
    }
}

/// Milliseconds since 1970 as seconds and nanoseconds.
#[must_use]
pub const fn unix_ms(ms: u64) -> (u64, u32) {
    // A remainder below 1000 times a million fits in 32 bits.
    (ms / 1000, ((ms % 1000) as u32).saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_id_that_the_server_made() {
        let id = NodeId(0x0bb9_2e2d_6727_0008);
        assert_eq!(id.to_string(), "bb92e2d67270008");
        let parts = id.parts().unwrap();
        assert_eq!(parts.to_string(), "port 3001, MAC 08:00:27:67:2d:2e");
    }

    #[test]
    fn a_node_id_that_was_configured() {
        assert_eq!(NodeId(0xa1).to_string(), "a1");
        assert_eq!(NodeId(0xa1).parts(), None);
        assert_eq!(NodeId(0x0bb9_0000_0000_0000).parts(), None);
        assert_eq!(NodeId(0x0bb9_0000_0000_0001).parts(), None, "a group address");
    }

    #[test]
    fn nodes_are_little_endian() {
        let bytes = [0xa2, 0, 0, 0, 0, 0, 0, 0, 0xa1, 0, 0, 0, 0, 0, 0, 0, 9];
        let nodes = Nodes(&bytes);
        assert_eq!(nodes.count(), 2);
        assert_eq!(nodes.leftover(), [9]);
        assert_eq!(nodes.first(), Some(NodeId(0xa2)));
        assert!(nodes.contains(NodeId(0xa1)));
        assert_eq!(nodes.into_iter().last().unwrap().0, &bytes[8..16]);
    }

    #[test]
    fn clocks() {
        let hlc = Hlc(0x0161_6b2b_94ca_0000);
        assert_eq!(hlc.milliseconds(), 1_517_921_473_738);
        assert_eq!(hlc.unix(), (1_517_921_473, 738_000_000));
        assert_eq!(hlc.counter(), 0);
        assert_eq!(hlc.ahead_of(1_517_921_473_740), -2);
        assert_eq!(Hlc(0x0161_74f3_9584_0002).counter(), 2);
        assert_eq!(Hlc(u64::MAX).ahead_of(u64::MAX), 1 << 48);
    }
}
