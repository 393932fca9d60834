//! RW: writes from the master to the replicas, and duplicate resolution.

use bitflags::bitflags;

use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::MsgTable;

specs! {
    /// Fields of RW.
    ///
    /// Source: internode-protocol 5.4
    pub Fields {
        0 => OP: UINT32 Op,
        1 => RESULT: UINT32 Result; "acks only",
        2 => NAMESPACE: BUF Namespace,
        3 => NS_IX: UINT32 NamespaceIndex; "on the requester, echoed; NS_ID before 4.9",
        4 => GENERATION: UINT32 Generation; "DUP: of the requester's own record",
        5 => DIGEST: BUF Digest,
        6 => RECORD: BUF FlatRecord; "since 4.5.3",
        7 => ORIG_RECORD: BUF FlatRecord; "since 8.0, enterprise; AS_MSG before 3.14",
        8 => CLUSTER_KEY: UINT64 ClusterKey; "DUP, up to 4.9",
        9 => OLD_RECORD: BUF Record; "old pickle, up to 4.9",
        10 => TID: UINT32 Tid,
        11 => VOID_TIME: UINT32 VoidTime; "up to 4.9; MULTI_BIN in 6.4",
        12 => INFO: UINT32 RwInfo,
        13 => REC_PROPS: BUF Opaque; "up to 3.13",
        14 => MULTIOP: BUF Opaque; "up to 3.14",
        15 => LDT_VERSION: UINT64 Uint; "up to 3.14",
        16 => LAST_UPDATE_TIME: UINT64 Ms2010; "DUP: of the requester's own record",
        17 => SET_NAME: BUF Set; "up to 4.9",
        18 => KEY: BUF Key; "up to 4.9",
        19 => REGIME: UINT32 Uint; "since 4.0, strong consistency; LDT_BITS before",
    }
}

table! {
    /// Operation of RW.
    ///
    /// Source: internode-protocol 5.4
    pub RwOp: u32 {
        1 => WRITE: "master to replica, up to 4.9",
        2 => WRITE_ACK: "answers WRITE and REPL_WRITE",
        3 => DUP: "master to a node with another version of the partition",
        4 => DUP_ACK: "result 0: with that node's record",
        5 => REPL_CONFIRM: "enterprise, one way; MULTI in 3.x",
        6 => REPL_PING: "enterprise; MULTI_ACK in 3.x",
        7 => REPL_PING_ACK: "enterprise",
        8 => REPL_WRITE: "master to replica, since 4.5.3; without a record it drops one",
    }
}

/// RW.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::RW,
    name: "RW",
    fields: Fields::TABLE,
    ops: RwOp::TABLE,
};

bitflags! {
    /// INFO of RW: only NO_REPL_ACK and UNREPLICATED are still in use.
    ///
    /// Source: internode-protocol 5.4
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RwInfo: u32 {
        /// The write came by XDR (3.x to 4.9).
        const XDR = 0x0001;
        /// The replica must not answer (MIGRATION in 3.3 to 3.8).
        const NO_REPL_ACK = 0x0002;
        /// The record expired (up to 4.5.0).
        const NSUP_DELETE = 0x0004;
        /// Large data types (up to 3.14).
        const LDT_DUMMY = 0x0008;
        /// Large data types (up to 3.14).
        const LDT_REC = 0x0010;
        /// Large data types (up to 3.14).
        const LDT_SUBREC = 0x0020;
        /// Large data types (up to 3.10).
        const LDT_ESR = 0x0040;
        /// A secondary index was touched (up to 5.6).
        const SINDEX_TOUCHED = 0x0080;
        /// Large data types (3.x).
        const LDT = 0x0100;
        /// Unreplicated (enterprise); a write by a UDF in 3.x.
        const UNREPLICATED = 0x0200;
        /// The record is a tombstone (3.10 to 4.9, enterprise).
        const TOMBSTONE = 0x0400;
    }
}
