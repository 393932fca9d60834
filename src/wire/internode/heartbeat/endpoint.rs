//! Endpoint lists: where a service of a node can be reached.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;

use bitflags::bitflags;
use nom::Parser as _;
use nom::combinator::consumed;

use crate::wire::ground::at::before;
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::internode::cluster::NodeId;

bitflags! {
    /// What an endpoint can do.
    ///
    /// Source: internode-protocol 3.4
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Capabilities: u8 {
        /// Connections to it are TLS.
        const TLS = 0x01;
    }
}

table! {
    /// Type of an endpoint's address; only 1 and 2 are legal on the wire.
    ///
    /// Source: internode-protocol 3.4
    pub AddressType: u8 {
        0 => UNDEFINED,
        1 => IPV4: "4 bytes",
        2 => IPV6: "16 bytes",
    }
}

/// An address of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Address type 1, 4 bytes in network order.
    V4(Ipv4Addr),
    /// Address type 2, 16 bytes in network order.
    V6(Ipv6Addr),
}

/// One endpoint.
///
/// | offset | width | | |
/// |---|---|---|---|
/// | 0 | 1 | | capabilities |
/// | 1 | 1 | | address type |
/// | 2 | 2 | **little endian** | port |
/// | 4 | 4 or 16 | network order | address |
///
/// Source: internode-protocol 3.4
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// What it can do.
    pub capabilities: Capabilities,
    /// Where it is.
    pub address: Address,
    /// The port.
    pub port: u16,
}

impl<'a> Endpoint<'a> {
    /// Where the capabilities stand in the endpoint's bytes.
    pub const CAPABILITIES: Range<usize> = 0..1;
    /// Where the address type stands.
    pub const ADDRESS_TYPE: Range<usize> = 1..2;
    /// Where the port stands.
    pub const PORT: Range<usize> = 2..4;
    /// Where the address begins.
    pub const ADDRESS: usize = 4;

    /// Reads one.
    ///
    /// # Errors
    /// Too few bytes, or an address type that is neither IPv4 nor IPv6.
    pub fn read(input: &'a [u8]) -> Parse<'a, Self> {
        const WHAT: &str = "endpoint";
        let port = (input::u8(WHAT).map(AddressType), input::le_u16(WHAT));
        let port = input::legal(WHAT, "the address type is neither 1 nor 2", port, |(kind, _)| {
            matches!(*kind, AddressType::IPV4 | AddressType::IPV6)
        });
        let address = |kind| {
            move |input: &'a [u8]| match kind {
                AddressType::IPV6 => (input::be_u64(WHAT), input::be_u64(WHAT))
                    .map(|(high, low)| u128::from(high) << 64 | u128::from(low))
                    .map(|bits| Address::V6(Ipv6Addr::from_bits(bits)))
                    .parse(input),
                _ => input::be_u32(WHAT)
                    .map(|bits| Address::V4(Ipv4Addr::from_bits(bits)))
                    .parse(input),
            }
        };
        let capabilities = input::u8(WHAT).map(Capabilities::from_bits_retain);
        let place = port.flat_map(|(kind, port)| address(kind).map(move |address| (port, address)));
        consumed((capabilities, place))
            .map(|(bytes, (capabilities, (port, address)))| Self {
                bytes,
                capabilities,
                address,
                port,
            })
            .parse(input)
    }
}

impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Address::V4(address) => write!(f, "{address}:{}", self.port)?,
            Address::V6(address) => write!(f, "[{address}]:{}", self.port)?,
        }
        if self.capabilities.contains(Capabilities::TLS) {
            f.write_str(" TLS")?;
        }
        Ok(())
    }
}

/// A list of endpoints: their number (u8), then the endpoints.
///
/// Source: internode-protocol 3.4
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints<'a> {
    /// How many there are said to be.
    pub count: u8,
    /// The byte of the count and all after it.
    pub bytes: &'a [u8],
}

/// The endpoint list at the front of `input`; what follows it is [`EndpointItems::rest`] (nothing, in
/// ENDPOINTS and FABRIC_DATA).
///
/// # Errors
/// Not even the count is there.
pub fn endpoints(input: &[u8]) -> Result<Endpoints<'_>, Malformed<'_>> {
    let list = input::u8("endpoint list").map(|count| Endpoints { count, bytes: input });
    input::front(list, input)
}

impl<'a> Endpoints<'a> {
    /// The endpoints, one after the other.
    #[must_use]
    pub fn items(&self) -> EndpointItems<'a> {
        EndpointItems {
            left: self.count,
            rest: self.bytes.get(1..).unwrap_or_default(),
        }
    }
}

/// The endpoints of a list. After an error nothing more comes.
#[derive(Clone, Copy, Debug)]
pub struct EndpointItems<'a> {
    left: u8,
    rest: &'a [u8],
}

impl<'a> EndpointItems<'a> {
    /// What has not been read; after the last endpoint, what follows the list.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for EndpointItems<'a> {
    type Item = Result<Endpoint<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match Endpoint::read(self.rest) {
            Ok((rest, endpoint)) => {
                self.rest = rest;
                Some(Ok(endpoint))
            }
            Err(error) => {
                self.left = 0;
                Some(Err(input::reason(error)))
            }
        }
    }
}

/// A node and its endpoints, in the answer to an info request.
///
/// u64 little endian: the node; then an endpoint list.
///
/// Source: internode-protocol 3.2 (field 8)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeEndpoints<'a> {
    /// The node.
    pub node: NodeId,
    /// Its endpoints; if they are malformed, with all that follows.
    pub endpoints: Endpoints<'a>,
    /// All of its bytes.
    pub bytes: &'a [u8],
}

/// The nodes of an INFO_REPLY, to the end of the buffer.
#[must_use]
pub const fn info_reply(input: &[u8]) -> InfoReply<'_> {
    InfoReply { rest: input }
}

/// The nodes of an INFO_REPLY. After one whose endpoints are malformed nothing more comes.
#[derive(Clone, Copy, Debug)]
pub struct InfoReply<'a> {
    rest: &'a [u8],
}

impl<'a> InfoReply<'a> {
    fn read(input: &'a [u8]) -> Parse<'a, NodeEndpoints<'a>> {
        let (list, node) = input::le_u64("info reply")(input)?;
        let mut endpoints = endpoints(list).map_err(Malformed::stop)?;
        let mut items = endpoints.items();
        let rest = if items.all(|item| item.is_ok()) {
            items.rest()
        } else {
            &[]
        };
        endpoints.bytes = before(list, rest);
        let reply = NodeEndpoints {
            node: NodeId(node),
            endpoints,
            bytes: before(input, rest),
        };
        Ok((rest, reply))
    }
}

impl<'a> Iterator for InfoReply<'a> {
    type Item = Result<NodeEndpoints<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match Self::read(self.rest) {
            Ok((rest, reply)) => {
                self.rest = rest;
                Some(Ok(reply))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(input::reason(error)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: [u8; 8] = [0, 1, 0xba, 0x0b, 10, 77, 0, 13];

    #[test]
    fn both_address_types() {
        let mut bytes = vec![2];
        bytes.extend(V4);
        bytes.extend([1, 2, 0xc4, 0x0b, 0xfd]);
        bytes.extend([0; 14]);
        bytes.push(1);
        let list = endpoints(&bytes).unwrap();
        let mut items = list.items();
        assert_eq!(items.next().unwrap().unwrap().to_string(), "10.77.0.13:3002");
        assert_eq!(items.next().unwrap().unwrap().to_string(), "[fd00::1]:3012 TLS");
        assert!(items.next().is_none());
        assert!(items.rest().is_empty());
    }

    #[test]
    fn an_unknown_address_type_stops() {
        let list = endpoints(&[2, 0, 3, 0, 0, 1, 2, 3, 4, 5]).unwrap();
        let mut items = list.items();
        assert_eq!(items.next().unwrap().unwrap_err().at, [3, 0, 0, 1, 2, 3, 4, 5]);
        assert!(items.next().is_none());
        assert!(endpoints(&[]).is_err());
    }

    #[test]
    fn an_info_reply_of_several_nodes() {
        let mut bytes = vec![0xa3, 0, 0, 0, 0, 0, 0, 0, 1];
        bytes.extend(V4);
        bytes.extend([0xa4, 0, 0, 0, 0, 0, 0, 0, 0]);
        let replies: Vec<_> = info_reply(&bytes).map(Result::unwrap).collect();
        assert_eq!(replies.len(), 2);
        assert_eq!(replies[0].node, NodeId(0xa3));
        assert_eq!(replies[0].bytes, &bytes[..17]);
        assert_eq!(replies[0].endpoints.bytes, &bytes[8..17]);
        assert_eq!(replies[1].endpoints.count, 0);
    }

    #[test]
    fn a_cut_info_reply_shows_what_is_there() {
        let mut bytes = vec![0xa3, 0, 0, 0, 0, 0, 0, 0, 2];
        bytes.extend(V4);
        bytes.extend([0, 1]);
        let mut replies = info_reply(&bytes);
        let reply = replies.next().unwrap().unwrap();
        let items: Vec<_> = reply.endpoints.items().collect();
        assert!(items[0].is_ok() && items[1].is_err());
        assert!(replies.next().is_none());
        assert!(info_reply(&bytes[..5]).next().unwrap().is_err());
        assert!(info_reply(&bytes[..8]).next().unwrap().is_err());
    }
}
