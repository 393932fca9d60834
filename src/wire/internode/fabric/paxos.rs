//! PAXOS: clustering up to 3.13.

use core::ops::Range;

use nom::Parser as _;
use nom::combinator::rest;

use crate::wire::ground::input::{self, Malformed};
use crate::wire::internode::cluster::NodeId;
use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::MsgTable;

specs! {
    /// Fields of PAXOS.
    ///
    /// Source: internode-protocol 5.10
    pub Fields {
        0 => ID: UINT32 ProtocolId; "0x7078 (v1) to 0x707b (v4)",
        1 => COMMAND: UINT32 Op,
        2 => GENERATION_SEQUENCE: UINT32 Uint,
        3 => GENERATION_PROPOSAL: UINT32 Uint; "0",
        4 => CHANGE: BUF PaxosChange,
        5 => SUCCESSION: BUF PaddedNodes,
        6 => PARTITION: ARRAY_BUF Bufs,
        7 => CLUSTER_KEY: UINT64 ClusterKey,
        8 => HEARTBEAT_EVENTS_COUNT: UINT32 Uint,
        9 => HEARTBEAT_EVENTS: BUF Opaque,
        10 => SUCCESSION_LENGTH: UINT32 Uint; "since v2: the maximum cluster size",
        11 => PARTITIONSZ: ARRAY_BUF Bufs,
    }
}

table! {
    /// Command of PAXOS.
    ///
    /// Source: internode-protocol 5.10
    pub Command: u32 {
        0 => UNDEF,
        1 => PREPARE,
        2 => PREPARE_ACK,
        3 => PREPARE_NACK,
        4 => COMMIT,
        5 => COMMIT_ACK,
        6 => COMMIT_NACK,
        7 => CONFIRM,
        8 => SYNC_REQUEST,
        9 => SYNC,
        10 => PARTITION_SYNC_REQUEST,
        11 => PARTITION_SYNC,
        12 => HEARTBEAT_EVENT,
        13 => RETRANSMIT_CHECK,
        14 => SET_SUCC_LIST: "since 3.5",
    }
}

/// PAXOS.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::PAXOS,
    name: "PAXOS",
    fields: Fields::TABLE,
    ops: Command::TABLE,
};

/// A change of the cluster, little endian: u64 principal, i32 number of changes, then types and nodes in
/// arrays whose width is the sender's maximum cluster size.
///
/// Source: internode-protocol 5.10
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The principal.
    pub principal: NodeId,
    /// How many changes there are.
    pub count: i32,
    /// The arrays of types and nodes, as they are.
    pub rest: &'a [u8],
}

impl<'a> Change<'a> {
    /// Where the principal stands.
    pub const PRINCIPAL: Range<usize> = 0..8;
    /// Where the count stands.
    pub const COUNT: Range<usize> = 8..12;

    /// Reads principal and count.
    ///
    /// # Errors
    /// Too few bytes.
    pub fn read(input: &'a [u8]) -> Result<Self, Malformed<'a>> {
        const WHAT: &str = "paxos change";
        let change = (
            input::le_u64(WHAT).map(NodeId),
            input::le_u32(WHAT).map(|count| i32::from_le_bytes(count.to_le_bytes())),
            rest,
        );
        let change = change.map(|(principal, count, rest)| Self {
            principal,
            count,
            rest,
        });
        input::front(change, input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change() {
        let bytes = [0xa1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 3];
        let change = Change::read(&bytes).unwrap();
        assert_eq!((change.principal, change.count), (NodeId(0xa1), -1));
        assert_eq!(change.rest, [3]);
        assert!(Change::read(&bytes[..11]).is_err());
    }
}
