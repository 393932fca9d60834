//! Heartbeats: what nodes say to each other all the time, by multicast or over a mesh of TCP.
//!
//! Messages of type HEARTBEAT (since 3.9.1) and HEARTBEAT_V2 (up to 3.13). What the fields of a
//! message mean depends on its dialect: [`table()`]. A large pulse travels compressed, as the only
//! field of another message: [`compressed_field`].
//!
//! Inside buffers everything is little endian, addresses aside.

pub mod endpoint;
pub mod state;

#[cfg(test)]
mod tests;

use core::net::Ipv4Addr;

use super::cluster::{Hlc, NodeId, Nodes};
use crate::wire::internode::container::spec::{ContentKind, MsgTable};
use crate::wire::internode::container::{Msg, MsgField, MsgType, WireType};

pub use endpoint::{endpoints, info_reply};
pub use state::PaxosData;

specs! {
    /// Fields of HEARTBEAT (type 5), protocol v3, since 3.10.
    ///
    /// Source: internode-protocol 3.2
    pub V3 {
        0 => MSG_ID: UINT32 ProtocolId; "0x6864 (v3); absent in the compressed wrapper",
        1 => MSG_TYPE: UINT32 Op; "absent in the compressed wrapper",
        2 => NODE: UINT64 Node; "the sender",
        3 => CLUSTER_NAME: STR ClusterName; "pulse; always present since 7.0",
        4 => HLC_TIMESTAMP: UINT64 Hlc; "when it was sent",
        5 => ENDPOINTS: BUF Endpoints; "mesh only: the sender's heartbeat service",
        6 => COMPRESSED_PAYLOAD: BUF Compressed; "the wrapper's only field",
        7 => INFO_REQUEST: BUF Nodes; "nodes whose endpoints are wanted",
        8 => INFO_REPLY: BUF InfoReply; "nodes and their endpoints",
        9 => FABRIC_DATA: BUF Endpoints; "pulse: the sender's fabric service",
        10 => HB_DATA: BUF Nodes; "pulse: the nodes that the sender hears",
        11 => PAXOS_DATA: BUF PaxosData; "pulse: state of clustering",
        12 => SKEW_MONITOR_DATA: UINT64 UnixMs; "pulse, since 4.0: the sender's wall clock",
    }
}

specs! {
    /// Fields of HEARTBEAT (type 5) in 3.9.1 alone.
    ///
    /// Source: internode-protocol 3.6
    pub V391 {
        0 => ID: UINT32 ProtocolId; "0x6864 (v3)",
        1 => TYPE: UINT32 Op,
        2 => NODE: UINT64 Node; "the sender",
        3 => ADDR: BUF Ipv6; "16 bytes, IPv6 or IPv4 mapped",
        4 => PORT: UINT32 Port,
        5 => HB_DATA: BUF Nodes; "the nodes that the sender hears",
        6 => MAX_CLUSTER_SIZE: UINT32 Uint,
        7 => HLC_TIMESTAMP: UINT64 Hlc; "when it was sent",
        8 => PAXOS_DATA: BUF PaxosData; "state of clustering",
        9 => CLUSTER_ID: STR ClusterName,
        10 => COMPRESSED_PAYLOAD: BUF Compressed; "the wrapper's only field",
    }
}

specs! {
    /// Fields of HEARTBEAT_V2 (type 1), 3.3 to 3.13.
    ///
    /// Source: internode-protocol 3.7
    pub V2 {
        0 => ID: UINT32 ProtocolId; "0x6862 (v1), 0x6863 (v2)",
        1 => TYPE: UINT32 Op,
        2 => NODE: UINT64 Node; "the sender",
        3 => ADDR: UINT32 ReversedIpv4; "in an info request or reply, the address that is told",
        4 => PORT: UINT32 Port,
        5 => ANV: BUF PaddedNodes; "succession list",
        6 => ANV_LENGTH: UINT32 Uint; "v2: the maximum cluster size",
        7 => COMPAT_ENDPOINTS: BUF Endpoints; "3.10 to 3.13",
        8 => COMPAT_INFO_REQUEST: BUF Nodes; "3.10 to 3.13",
        9 => COMPAT_INFO_REPLY: BUF InfoReply; "3.10 to 3.13",
    }
}

table! {
    /// Type of a heartbeat message.
    ///
    /// Source: internode-protocol 3.2
    pub HeartbeatType: u32 {
        0 => PULSE,
        1 => INFO_REQUEST: "mesh only",
        2 => INFO_REPLY: "mesh only",
        3 => COMPRESSED: "defined, never sent: the wrapper has no type",
    }
}

table! {
    /// Protocol identifier of a heartbeat.
    ///
    /// Source: internode-protocol 3.2, 3.7
    pub ProtocolId: u32 {
        0x6862 => V1: "3.x",
        0x6863 => V2: "3.x",
        0x6864 => V3: "since 3.9.1",
    }
}

/// HEARTBEAT, protocol v3, since 3.10.
pub static TABLE_V3: MsgTable = MsgTable {
    kind: MsgType::HEARTBEAT,
    name: "HEARTBEAT",
    fields: V3::TABLE,
    ops: HeartbeatType::TABLE,
};

/// HEARTBEAT in 3.9.1.
pub static TABLE_V391: MsgTable = MsgTable {
    kind: MsgType::HEARTBEAT,
    name: "HEARTBEAT (3.9.1)",
    fields: V391::TABLE,
    ops: HeartbeatType::TABLE,
};

/// HEARTBEAT_V2, up to 3.13.
pub static TABLE_V2: MsgTable = MsgTable {
    kind: MsgType::HEARTBEAT_V2,
    name: "HEARTBEAT_V2",
    fields: V2::TABLE,
    ops: HeartbeatType::TABLE,
};

/// The table that fits a heartbeat message, or `None` if it is none.
///
/// 3.9.1 is told by what later versions never have: a BUF in field 3, a 32-bit integer in field 4, or
/// the compressed stream in field 10 on its own.
///
/// Source: internode-protocol 3.6
#[must_use]
pub fn table(msg: &Msg<'_>) -> Option<&'static MsgTable> {
    match msg.header.kind {
        MsgType::HEARTBEAT_V2 => Some(&TABLE_V2),
        MsgType::HEARTBEAT => {
            let alone = msg.fields().nth(1).is_none();
            let old = msg.fields().flatten().take(64).any(|field| match field.id {
                V391::ADDR => field.wire == WireType::BUF,
                V391::PORT => matches!(field.wire, WireType::UINT32 | WireType::OLD_UINT32),
                V391::COMPRESSED_PAYLOAD => alone,
                _ => false,
            });
            Some(if old { &TABLE_V391 } else { &TABLE_V3 })
        }
        _ => None,
    }
}

/// The zlib stream (RFC 1950) of a wrapper. What it inflates to is a whole message of type HEARTBEAT,
/// header included, and never another wrapper. Its length is not on the wire.
///
/// Source: internode-protocol 3.3
#[must_use]
pub fn compressed_field<'a>(msg: &Msg<'a>) -> Option<MsgField<'a>> {
    let id = if core::ptr::eq(table(msg)?, &TABLE_V391) {
        V391::COMPRESSED_PAYLOAD
    } else if msg.header.kind == MsgType::HEARTBEAT {
        V3::COMPRESSED_PAYLOAD
    } else {
        return None;
    };
    msg.field(id).filter(|field| field.wire == WireType::BUF)
}

/// The address in field ADDR of HEARTBEAT_V2: its bytes stand in reverse order on the wire.
///
/// Source: internode-protocol 3.7
#[must_use]
pub const fn reversed_ipv4(value: u32) -> Ipv4Addr {
    let [a, b, c, d] = value.to_be_bytes();
    Ipv4Addr::new(d, c, b, a)
}

/// What a heartbeat message says in one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeartbeatSummary<'a> {
    /// Pulse, info request or info reply; `None` in a compressed wrapper.
    pub kind: Option<HeartbeatType>,
    /// The sender.
    pub node: Option<NodeId>,
    /// Name of the cluster, without its NUL.
    pub cluster_name: Option<&'a [u8]>,
    /// When it was sent.
    pub hlc: Option<Hlc>,
    /// The sender's wall clock, milliseconds since 1970.
    pub wall_clock: Option<u64>,
    /// A pulse: the nodes that the sender hears. An info request: the nodes asked for.
    pub nodes: Option<Nodes<'a>>,
    /// State of clustering.
    pub state: Option<PaxosData<'a>>,
    /// Bytes of the zlib stream in a compressed wrapper.
    pub compressed: Option<&'a [u8]>,
}

impl<'a> HeartbeatSummary<'a> {
    /// Reads the fields once; what is missing, malformed or cut stays `None`.
    #[must_use]
    pub fn of(msg: &Msg<'a>) -> Self {
        let mut summary = Self::default();
        let Some(table) = table(msg) else {
            return summary;
        };
        for field in msg.fields().flatten() {
            let Some(spec) = table.of(&field) else {
                continue;
            };
            match spec.kind {
                ContentKind::Compressed => summary.compressed = Some(field.data),
                // Half a name is another name.
                _ if field.is_cut() => {}
                ContentKind::Op => summary.kind = field.uint32().map(HeartbeatType),
                ContentKind::Node => summary.node = field.uint().map(NodeId),
                ContentKind::ClusterName => summary.cluster_name = Some(field.text()),
                ContentKind::Hlc => summary.hlc = field.uint().map(Hlc),
                ContentKind::UnixMs => summary.wall_clock = field.uint(),
                ContentKind::Nodes => summary.nodes = Some(Nodes(field.data)),
                ContentKind::PaxosData => summary.state = PaxosData::read(field.data).ok(),
                _ => {}
            }
        }
        summary
    }
}
