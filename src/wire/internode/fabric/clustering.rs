//! CLUSTERING: who is in the cluster (since 3.13).
//!
//! A proposal is known by its proposer and its sequence number: PAXOS_PREPARE, PAXOS_PROMISE,
//! PAXOS_ACCEPT and PAXOS_ACCEPTED carry that number alone; the new key and the members come with
//! PAXOS_LEARN.

use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::MsgTable;

specs! {
    /// Fields of CLUSTERING.
    ///
    /// Source: internode-protocol 5.2
    pub Fields {
        0 => ID: UINT32 ProtocolId; "0x707c",
        1 => TYPE: UINT32 Op,
        2 => HLC_TIMESTAMP: UINT64 Hlc; "when it was sent",
        3 => SEQUENCE_NUMBER: UINT64 Sequence; "of the proposal",
        4 => CLUSTER_KEY: UINT64 ClusterKey,
        5 => SUCCESSION_LIST: BUF Nodes; "the principal first",
        6 => PROPOSED_PRINCIPAL: UINT64 Node,
    }
}

table! {
    /// Type of a clustering message.
    ///
    /// Source: internode-protocol 5.2
    pub ClusteringType: u32 {
        0 => JOIN_REQUEST,
        1 => JOIN_REJECT,
        2 => MERGE_MOVE,
        3 => CLUSTER_CHANGE_APPLIED,
        4 => PAXOS_PREPARE,
        5 => PAXOS_PROMISE,
        6 => PAXOS_PREPARE_NACK,
        7 => PAXOS_ACCEPT,
        8 => PAXOS_ACCEPTED,
        9 => PAXOS_ACCEPT_NACK,
        10 => PAXOS_LEARN: "the new cluster key and members",
    }
}

/// CLUSTERING.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::CLUSTERING,
    name: "CLUSTERING",
    fields: Fields::TABLE,
    ops: ClusteringType::TABLE,
};
