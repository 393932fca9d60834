//! PROXY: a node passes a client's request on to the node that has the record.

use bitflags::bitflags;

use crate::wire::client::proto::{Header, Order};
use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::MsgTable;

specs! {
    /// Fields of PROXY.
    ///
    /// Source: internode-protocol 5.5
    pub Fields {
        0 => OP: UINT32 Op,
        1 => TID: UINT32 Tid; "chosen by the node that asks, echoed",
        2 => DIGEST: BUF Digest; "REQUEST",
        3 => REDIRECT: UINT64 Node; "RETURN_TO_SENDER: the node to try next",
        4 => AS_PROTO: BUF Proto; "REQUEST little endian, RESPONSE big endian",
        5 => CLUSTER_KEY: UINT64 ClusterKey; "up to 3.14",
        6 => TIMEOUT_MS: UINT32 Uint; "up to 3.14",
        7 => INFO: UINT32 ProxyInfo; "up to 3.14",
        8 => USERNAME: BUF Text; "since 8.1.1, enterprise",
    }
}

table! {
    /// Operation of PROXY.
    ///
    /// Source: internode-protocol 5.5
    pub ProxyOp: u32 {
        1 => REQUEST,
        2 => RESPONSE,
        3 => RETURN_TO_SENDER: "REDIRECT in 3.3 to 3.6",
    }
}

/// PROXY.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::PROXY,
    name: "PROXY",
    fields: Fields::TABLE,
    ops: ProxyOp::TABLE,
};

bitflags! {
    /// INFO of PROXY, up to 3.14.
    ///
    /// Source: internode-protocol 5.5
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ProxyInfo: u32 {
        /// The operation was shipped to the master.
        const SHIPPED_OP = 0x0001;
    }
}

/// The order in which `8 + size` of an embedded client message is the length of its buffer.
///
/// A request is little endian, a memory image of the sender: sizes, counts and header integers, while
/// the contents of fields and operations stay big endian. A response is as it goes to the client.
/// `length` is the length of the buffer on the wire, of which `start` need only hold the first 8 bytes.
/// `None` if neither order fits. See also [`Header::parse_embedded`](crate::wire::client::proto::Header::parse_embedded).
///
/// Source: internode-protocol 5.5
#[must_use]
pub fn byte_order(start: &[u8], length: usize) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|order| {
        Header::parse_in(*order, start).is_ok_and(|(_, header)| header.length() == length as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_tells_the_order() {
        assert_eq!(byte_order(&[2, 3, 0x52, 0, 0, 0, 0, 0], 90), Some(Order::Little));
        assert_eq!(byte_order(&[2, 3, 0, 0, 0, 0, 0, 0x16, 9], 30), Some(Order::Big));
        assert_eq!(byte_order(&[2, 3, 0, 0, 0, 0, 0, 0x16], 31), None);
        assert_eq!(byte_order(&[2, 3, 0, 0, 0, 0, 0], 7), None);
    }
}
