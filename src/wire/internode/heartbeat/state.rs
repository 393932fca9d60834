//! The state of clustering that a pulse carries.

use core::ops::Range;

use nom::Parser as _;

use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::internode::cluster::{ClusterKey, Hlc, NodeId, Nodes};

table! {
    /// Identifier of the clustering protocol.
    ///
    /// Source: internode-protocol 3.5
    pub ClusteringId: u32 {
        0x7078 => PAXOS_V1: "3.x",
        0x7079 => PAXOS_V2: "3.x",
        0x707a => PAXOS_V3: "3.x",
        0x707b => PAXOS_V4: "up to 3.13",
        0x707c => CLUSTERING: "since 3.13",
    }
}

/// PAXOS_DATA of a pulse, all little endian.
///
/// | offset | width | |
/// |---|---|---|
/// | 0 | 4 | clustering protocol identifier; unless it is 0x707c, node ids follow to the end |
/// | 4 | 8 | cluster key, 0: orphan |
/// | 12 | 8 | paxos sequence number, the shape of an HLC; 0: none |
/// | 20 | 8 | preferred principal, 0: none |
/// | 28 | 4 | length of the succession list |
/// | 32 | 8 each | succession list, the principal first |
///
/// Source: internode-protocol 3.5
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaxosData<'a> {
    /// All of the bytes.
    pub bytes: &'a [u8],
    /// Protocol identifier.
    pub protocol: ClusteringId,
    /// What comes between the identifier and the nodes since 3.13.
    pub clustering: Option<Clustering>,
    /// The succession list: as many nodes as the length says and as there are.
    pub succession: Nodes<'a>,
    /// What follows the nodes; there should be nothing.
    pub leftover: &'a [u8],
}

/// The middle of [`PaxosData`] since 3.13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clustering {
    /// Key of the cluster.
    pub cluster_key: ClusterKey,
    /// Paxos sequence number.
    pub sequence: Hlc,
    /// The node that this one would have as principal, if it has a wish.
    pub preferred_principal: Option<NodeId>,
    /// Number of nodes in the succession list, as the sender says.
    pub succession_length: u32,
}

impl<'a> PaxosData<'a> {
    /// Where the protocol identifier stands.
    pub const PROTOCOL: Range<usize> = 0..4;
    /// Where the cluster key stands.
    pub const CLUSTER_KEY: Range<usize> = 4..12;
    /// Where the sequence number stands.
    pub const SEQUENCE: Range<usize> = 12..20;
    /// Where the preferred principal stands.
    pub const PREFERRED_PRINCIPAL: Range<usize> = 20..28;
    /// Where the length of the succession list stands.
    pub const SUCCESSION_LENGTH: Range<usize> = 28..32;

    /// Reads the head and borrows the nodes; their number is judged by [`PaxosData::complaint`].
    ///
    /// # Errors
    /// The head is not all there.
    pub fn read(input: &'a [u8]) -> Result<Self, Malformed<'a>> {
        input::front(Self::parse, input)
    }

    fn parse(input: &'a [u8]) -> Parse<'a, Self> {
        const WHAT: &str = "PAXOS_DATA";
        let (rest, protocol) = input::le_u32(WHAT).map(ClusteringId).parse(input)?;
        if protocol != ClusteringId::CLUSTERING {
            let data = Self {
                bytes: input,
                protocol,
                clustering: None,
                succession: Nodes(rest),
                leftover: Nodes(rest).leftover(),
            };
            return Ok((&[], data));
        }
        let state = (
            input::le_u64(WHAT).map(ClusterKey),
            input::le_u64(WHAT).map(Hlc),
            input::le_u64(WHAT).map(NodeId),
            input::le_u32(WHAT),
        );
        let state = state.map(
            |(cluster_key, sequence, preferred, succession_length)| Clustering {
                cluster_key,
                sequence,
                preferred_principal: Some(preferred).filter(|node| node.0 != 0),
                succession_length,
            },
        );
        let (leftover, (clustering, nodes)) = state
            .flat_map(|state| {
                let length = (state.succession_length as usize).saturating_mul(8);
                input::up_to(length).map(move |nodes| (state, nodes))
            })
            .parse(rest)?;
        let data = Self {
            bytes: input,
            protocol,
            clustering: Some(clustering),
            succession: Nodes(nodes),
            leftover,
        };
        Ok((leftover, data))
    }

    /// What is wrong with the length of the succession list.
    #[must_use]
    pub fn complaint(&self) -> Option<Malformed<'a>> {
        const WHAT: &str = "succession list";
        let length = self.clustering.map(|state| state.succession_length as usize);
        match length {
            Some(length) if self.succession.count() < length => {
                let needed = length.saturating_mul(8);
                Some(Malformed::short(WHAT, self.succession.0, needed, "its length"))
            }
            _ if !self.leftover.is_empty() => Some(Malformed::illegal(
                WHAT,
                self.leftover,
                "bytes follow the last node",
            )),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_before_the_new_clustering() {
        let mut bytes = vec![0x7b, 0x70, 0, 0];
        bytes.extend(0xbb9_0000_0000_0002_u64.to_le_bytes());
        let data = PaxosData::read(&bytes).unwrap();
        assert_eq!(data.protocol, ClusteringId::PAXOS_V4);
        assert_eq!(data.clustering, None);
        assert_eq!(data.succession.first(), Some(NodeId(0xbb9_0000_0000_0002)));
        assert_eq!(data.complaint(), None);
    }

    #[test]
    fn a_length_that_lies() {
        let mut bytes = vec![0x7c, 0x70, 0, 0];
        bytes.extend([0; 24]);
        bytes.extend(2u32.to_le_bytes());
        bytes.extend(7u64.to_le_bytes());
        let data = PaxosData::read(&bytes).unwrap();
        assert_eq!(data.succession.count(), 1);
        assert_eq!(
            data.complaint().unwrap().to_string(),
            "succession list: its length needs 16 bytes, 8 left"
        );
        bytes[28] = 0;
        let data = PaxosData::read(&bytes).unwrap();
        assert_eq!(data.leftover.len(), 8);
        assert!(data.complaint().is_some());
        assert!(PaxosData::read(&bytes[..31]).is_err());
    }
}
