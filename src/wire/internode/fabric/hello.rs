//! FABRIC: the first message of a fabric connection, from the side that opened it.

use crate::wire::internode::cluster::NodeId;
use crate::wire::internode::container::spec::MsgTable;
use crate::wire::internode::container::{Msg, MsgType};

specs! {
    /// Fields of FABRIC.
    ///
    /// Source: internode-protocol 5.1
    pub Fields {
        0 => NODE: UINT64 Node; "the side that opened the connection",
        1 => ADDR: UINT32 ReversedIpv4; "before 3.11",
        2 => PORT: UINT32 Port; "before 3.11",
        3 => ANV: BUF PaddedNodes; "before 3.11",
        4 => ADDR_EX: BUF Ipv6; "3.9.1 to 3.10",
        5 => CHANNEL: UINT32 Channel; "since 3.11",
    }
}

/// FABRIC.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::FABRIC,
    name: "FABRIC",
    fields: Fields::TABLE,
    ops: &[],
};

table! {
    /// What runs on a connection; all of its messages belong to one channel.
    ///
    /// Source: internode-protocol 4.2
    pub Channel: u32 {
        0 => RW as "rw": "RW, PROXY",
        1 => CTRL as "ctrl": "CLUSTERING, EXCHANGE, MIGRATE but for inserts, INFO",
        2 => BULK as "bulk": "MIGRATE INSERT and INSERT_ACK",
        3 => META as "meta": "SMD",
    }
}

impl Channel {
    /// Whether messages of that type run on this channel; `None` if either is unknown.
    #[must_use]
    pub const fn carries(self, kind: MsgType) -> Option<bool> {
        let bit = match kind {
            MsgType::RW | MsgType::PROXY => 1,
            MsgType::CLUSTERING | MsgType::EXCHANGE | MsgType::INFO => 2,
            MsgType::MIGRATE => 2 | 4,
            MsgType::SMD => 8,
            _ => return None,
        };
        match self.0 {
            0..=3 => Some(bit >> self.0 & 1 == 1),
            _ => None,
        }
    }
}

/// Who opened a connection, and for what.
///
/// The accepting side sends no such message: who it is must be learned elsewhere.
///
/// Source: internode-protocol 4.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The side that opened the connection.
    pub node: NodeId,
    /// What runs on the connection; `None` before 3.11.
    pub channel: Option<Channel>,
}

impl Hello {
    /// What a message of type FABRIC says, or `None` if it is not one or names no node.
    #[must_use]
    pub fn of(msg: &Msg<'_>) -> Option<Self> {
        if msg.header.kind != MsgType::FABRIC {
            return None;
        }
        Some(Self {
            node: NodeId(msg.uint(Fields::NODE)?),
            channel: msg
                .field(Fields::CHANNEL)
                .and_then(|field| field.uint32())
                .map(Channel),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels() {
        assert_eq!(Channel::RW.to_string(), "rw");
        assert_eq!(Channel::RW.carries(MsgType::PROXY), Some(true));
        assert_eq!(Channel::BULK.carries(MsgType::MIGRATE), Some(true));
        assert_eq!(Channel::META.carries(MsgType::MIGRATE), Some(false));
        assert_eq!(Channel(4).carries(MsgType::RW), None);
        assert_eq!(Channel::RW.carries(MsgType::APPEAL), None);
    }
}
