//! MIGRATE: records move to where they belong.
//!
//! The life of an emigration, by its id: START, START_ACK_OK, many INSERT and INSERT_ACK, DONE,
//! DONE_ACK. Only START and ALL_DONE name namespace and partition.

use bitflags::bitflags;

use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::MsgTable;

specs! {
    /// Fields of MIGRATE.
    ///
    /// Source: internode-protocol 5.6
    pub Fields {
        0 => OP: UINT32 Op,
        1 => OLD_EMIG_INSERT_ID: UINT32 InsertId; "up to 3.13",
        2 => EMIG_ID: UINT32 EmigId; "a counter of the sending node",
        3 => NAMESPACE: BUF Namespace,
        4 => PARTITION: UINT32 Partition,
        5 => DIGEST: BUF Digest; "up to 4.9",
        6 => GENERATION: UINT32 Generation; "up to 4.9",
        7 => RECORD: BUF Record; "flat record; old pickle in OLD_INSERT",
        8 => CLUSTER_KEY: UINT64 ClusterKey,
        9 => ORIG_RECORD: BUF FlatRecord; "since 8.0, enterprise; VINFOSET up to 3.13",
        10 => VOID_TIME: UINT32 VoidTime; "up to 4.9",
        11 => MULTI_BIN: UINT32 Uint; "6.4; TYPE up to 3.13",
        12 => REC_PROPS: BUF Opaque; "up to 3.13",
        13 => INFO: UINT32 MigrateInfo,
        14 => LDT_VERSION: UINT64 Uint; "up to 3.14",
        15 => LDT_PDIGEST: BUF Opaque; "up to 3.14",
        16 => LDT_EDIGEST: BUF Opaque; "up to 3.14",
        17 => LDT_PGENERATION: UINT32 Uint; "up to 3.14",
        18 => LDT_PVOID_TIME: UINT32 Uint; "up to 3.14",
        19 => LAST_UPDATE_TIME: UINT64 Ms2010; "up to 4.9",
        20 => FEATURES: UINT32 Features,
        21 => OLD_PARTITION_SIZE: UINT32 Uint; "up to 3.13",
        22 => META_RECORDS: BUF Opaque; "enterprise",
        23 => META_SEQUENCE: UINT32 Uint; "enterprise",
        24 => META_SEQUENCE_FINAL: UINT32 Uint; "enterprise",
        25 => PARTITION_SIZE: UINT64 Uint; "records in the partition, since 3.13",
        26 => SET_NAME: BUF Set; "3.13 to 4.9",
        27 => KEY: BUF Key; "3.13 to 4.9",
        28 => LDT_BITS: UINT32 Uint; "3.13 and 3.14",
        29 => EMIG_INSERT_ID: UINT64 InsertId; "counts from 0, since 3.13",
    }
}

table! {
    /// Operation of MIGRATE.
    ///
    /// Source: internode-protocol 5.6
    pub MigrateOp: u32 {
        1 => OLD_INSERT: "until 4.9",
        2 => INSERT_ACK,
        3 => START,
        4 => START_ACK_OK,
        5 => START_ACK_EAGAIN,
        6 => START_ACK_FAIL,
        7 => INSERT: "since 4.5.3; START_ACK_ALREADY_DONE in 3.3 to 3.13",
        8 => DONE,
        9 => DONE_ACK,
        10 => CANCEL: "3.x",
        11 => MERGE_META: "since 3.8, enterprise",
        12 => MERGE_META_ACK: "enterprise",
        13 => ALL_DONE: "since 3.13",
        14 => ALL_DONE_ACK,
    }
}

/// MIGRATE.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::MIGRATE,
    name: "MIGRATE",
    fields: Fields::TABLE,
    ops: MigrateOp::TABLE,
};

bitflags! {
    /// INFO of MIGRATE: only UNREPLICATED is still in use.
    ///
    /// Source: internode-protocol 5.6
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MigrateInfo: u32 {
        /// Large data types (3.x).
        const LDT_PREC = 0x0001;
        /// Large data types (3.x).
        const LDT_SUBREC = 0x0002;
        /// Unreplicated (enterprise); large data types in 3.x.
        const UNREPLICATED = 0x0004;
    }
}

bitflags! {
    /// FEATURES of MIGRATE: what both sides of an emigration can do.
    ///
    /// Source: internode-protocol 5.6 (field 20)
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Features: u32 {
        /// Exchange of meta records (enterprise).
        const MERGE = 0x0000_0001;
        /// The sender knows this field.
        const SEEN = 0x8000_0000;
    }
}
