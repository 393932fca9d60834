//! SMD: system metadata (secondary indexes, UDFs, truncations, users, ...) kept the same on all nodes.
//!
//! Two dialects share the type: the one of 4.5.1 and later, and the old one. The old one sends its
//! identifier in field 1, the new one never sends field 1.

use bitflags::bitflags;

use crate::wire::internode::cluster::ClusterKey;
use crate::wire::internode::container::list::{Item, List};
use crate::wire::internode::container::spec::MsgTable;
use crate::wire::internode::container::{Msg, MsgType};

specs! {
    /// Fields of SMD since 4.5.1. KEY_LIST, VALUE_LIST, GEN_LIST and TS_ARRAY run parallel.
    ///
    /// Source: internode-protocol 5.8
    pub Fields {
        0 => TID: UINT64 SmdTid; "SET_TO_PR and its acks: of the request; else: of the module's contents",
        1 => VERSION: UINT32 ProtocolId; "never sent",
        2 => CLUSTER_KEY: UINT64 ClusterKey,
        3 => OP: UINT32 Op,
        4 => MODULE_ID: UINT32 ModuleId,
        10 => TS_ARRAY: ARRAY_UINT64 Ms2010s,
        13 => VERSION_LIST: MSGPACK VersionTriples,
        15 => KEY_LIST: MSGPACK SmdKeyList,
        16 => VALUE_LIST: MSGPACK SmdValueList; "nil: deleted",
        17 => GEN_LIST: MSGPACK UintList,
        18 => SINGLE_KEY: STR SmdKey,
        19 => SINGLE_VALUE: STR SmdValue; "absent: delete",
        20 => SINGLE_GENERATION: UINT32 Generation,
        21 => SINGLE_TIMESTAMP: UINT64 Ms2010,
        22 => COMMITTED_CL_KEY: UINT64 ClusterKey; "under which the contents were committed",
    }
}

specs! {
    /// Fields of SMD up to 4.5.0. From 3.13 on, 13 to 21 take the place of 5 to 9.
    ///
    /// Source: internode-protocol 5.9
    pub OldFields {
        0 => TRID: UINT64 OldTid,
        1 => ID: UINT32 ProtocolId; "0x123b",
        2 => CLUSTER_KEY: UINT64 ClusterKey,
        3 => OP: UINT32 Op,
        4 => NUM_ITEMS: UINT32 Uint,
        5 => ACTION: ARRAY_UINT32 Actions,
        6 => MODULE: ARRAY_STR Texts,
        7 => KEY: ARRAY_STR SmdKeys,
        8 => VALUE: ARRAY_STR SmdValues,
        9 => GENERATION: ARRAY_UINT32 Uints,
        10 => TIMESTAMP: ARRAY_UINT64 Ms2010s,
        11 => MODULE_NAME: STR Text,
        12 => OPTIONS: UINT32 SmdOptions,
        13 => MODULE_LIST: MSGPACK TextList; "since 3.13",
        14 => MODULE_COUNTS: MSGPACK UintList; "since 3.13: items of each module",
        15 => KEY_LIST: MSGPACK SmdKeyList; "since 3.13",
        16 => VALUE_LIST: MSGPACK SmdValueList; "since 3.13",
        17 => GEN_LIST: MSGPACK UintList; "since 3.13",
        18 => SINGLE_KEY: STR SmdKey; "since 3.13",
        19 => SINGLE_VALUE: STR SmdValue; "since 3.13",
        20 => SINGLE_GENERATION: UINT32 Generation; "since 3.13",
        21 => SINGLE_TIMESTAMP: UINT64 Ms2010; "since 3.13",
    }
}

table! {
    /// Operation of SMD since 4.5.1; PR is the principal.
    ///
    /// Source: internode-protocol 5.8
    pub SmdOp: u32 {
        0 => SET_TO_PR,
        1 => REPORT_ALL_VERS_TO_PR,
        2 => REPORT_VER_TO_PR,
        3 => FULL_TO_PR,
        4 => ACK_TO_PR,
        5 => SET_FROM_PR,
        6 => REQ_VER_FROM_PR,
        7 => FULL_FROM_PR,
        8 => REQ_FULL_FROM_PR,
        9 => SET_ACK,
        10 => SET_NACK,
        11 => CLUSTER_CHANGED: "inside a node, never sent",
        12 => START_SET: "inside a node, never sent",
    }
}

table! {
    /// Operation of SMD up to 4.5.0.
    ///
    /// Source: internode-protocol 5.9
    pub OldSmdOp: u32 {
        0 => SET_ITEM,
        1 => DELETE_ITEM,
        2 => MY_CURRENT_METADATA,
        3 => ACCEPT_THIS_METADATA,
        4 => NODES_CURRENT_METADATA: "up to 3.12; SET_FROM_PR in 3.13 to 4.5.0",
    }
}

table! {
    /// Whose metadata it is.
    ///
    /// Source: internode-protocol 5.8
    pub ModuleId: u32 {
        0 => EVICT: "key: namespace, value: void time",
        1 => ROSTER: "key: namespace; enterprise",
        2 => SECURITY: "credentials and roles; enterprise",
        3 => SINDEX: "key: definition, value: name of the index",
        4 => TRUNCATE: "key: namespace or namespace|set, value: ms since 2010",
        5 => UDF: "key: file name, value: JSON",
        6 => XDR: "since 5.0, enterprise",
        7 => MASKING: "since 8.1.1",
    }
}

table! {
    /// What is done to an item, up to 4.5.0.
    ///
    /// Source: internode-protocol 5.9
    pub Action: u32 {
        0 => SET,
        1 => DELETE,
    }
}

bitflags! {
    /// OPTIONS of SMD, up to 4.5.0.
    ///
    /// Source: internode-protocol 5.9
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SmdOptions: u32 {
        /// Create the module.
        const CREATE = 1;
        /// Merge the items.
        const MERGE = 2;
        /// Asked for by a user.
        const API = 4;
    }
}

/// What the old dialect sends in field 1.
pub const OLD_ID: u32 = 0x123b;

/// SMD since 4.5.1.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::SMD,
    name: "SMD",
    fields: Fields::TABLE,
    ops: SmdOp::TABLE,
};

/// SMD up to 4.5.0.
pub static OLD_TABLE: MsgTable = MsgTable {
    kind: MsgType::SMD,
    name: "SMD (up to 4.5.0)",
    fields: OldFields::TABLE,
    ops: OldSmdOp::TABLE,
};

/// The table of a message's dialect.
///
/// Source: internode-protocol 5.9
#[must_use]
pub fn table(msg: &Msg<'_>) -> &'static MsgTable {
    if msg.uint(OldFields::ID) == Some(OLD_ID.into()) {
        &OLD_TABLE
    } else {
        &TABLE
    }
}

/// The contents of a module as a node has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleVersion {
    /// The module.
    pub module: ModuleId,
    /// Key of the cluster under which its contents were committed.
    pub cluster_key: ClusterKey,
    /// The transaction that committed them.
    pub tid: u64,
}

/// The triples of a VERSION_LIST; ends at the first thing that is no integer or that is incomplete.
///
/// Source: internode-protocol 5.8 (field 13)
pub fn versions<'a>(list: &List<'a>) -> impl Iterator<Item = ModuleVersion> + 'a {
    let mut numbers = list.items().map_while(|element| match element.ok()?.item {
        Item::Uint(number) => Some(number),
        _ => None,
    });
    core::iter::from_fn(move || {
        Some(ModuleVersion {
            module: ModuleId(u32::try_from(numbers.next()?).ok()?),
            cluster_key: ClusterKey(numbers.next()?),
            tid: numbers.next()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_1_tells_the_dialects_apart() {
        let new = b"\0\0\0\x0e\0\x0f\0\x03\x01\0\0\0\x01\0\x04\x01\0\0\0\x03";
        let (_, msg) = Msg::read(new).unwrap();
        assert_eq!(table(&msg).name, "SMD");
        let old = b"\0\0\0\x12\0\x0f\0\x01\x02\0\0\0\x04\0\0\x12\x3b\0\x03\x01\0\0\0\x03";
        let (_, msg) = Msg::read(old).unwrap();
        assert_eq!(table(&msg).name, "SMD (up to 4.5.0)");
        assert_eq!(table(&msg).op_name(3), Some("ACCEPT_THIS_METADATA"));
    }

    #[test]
    fn version_triples() {
        let list = List::read(&[0x95, 3, 0xcc, 0xff, 7, 5, 1]).unwrap();
        let versions: Vec<_> = versions(&list).collect();
        assert_eq!(
            versions,
            [ModuleVersion {
                module: ModuleId::SINDEX,
                cluster_key: ClusterKey(255),
                tid: 7
            }]
        );
    }
}
