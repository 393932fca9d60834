//! The 8-byte proto header in front of every message between clients and servers.

pub mod compressed;
pub mod guess;

use core::fmt;
use core::ops::Range;

use nom::Parser;

use crate::wire::ground::input::{self, Parse};

/// Length of the header; `size` does not count it.
pub const HEADER: usize = 8;
/// The largest body that a server accepts: 128 MiB. It also bounds the original size of a compressed message.
pub const MAX_SIZE: u64 = 128 << 20;
/// The version that every peer of today writes.
pub const VERSION: u8 = 2;

/// Place of the version in the header.
pub const VERSION_AT: Range<usize> = 0..1;
/// Place of the type in the header.
pub const TYPE_AT: Range<usize> = 1..2;
/// Place of the size in the header.
pub const SIZE_AT: Range<usize> = 2..8;

table! {
    /// What the body of a proto message is, one byte.
    ///
    /// Source: client-protocol 1.1
    pub ProtoType: u8 {
        1 => INFO: "text, section 2",
        2 => SECURITY: "security (admin) message",
        3 => AS_MSG: "one or more messages",
        4 => AS_MSG_COMPRESSED: "a message under zlib",
        5 => INTERNAL_XDR: "Enterprise only, layout unknown",
    }
}

impl ProtoType {
    /// The smallest body that this type can have.
    ///
    /// Source: client-protocol 1.2
    #[must_use]
    pub const fn min_size(self) -> u64 {
        match self {
            Self::AS_MSG => 22,
            Self::SECURITY => 16,
            Self::AS_MSG_COMPRESSED => 10,
            _ => 0,
        }
    }
}

/// Byte order of sizes, counts and header numbers.
///
/// Big endian everywhere but in requests that one node proxies to another: these carry the
/// requests's memory image. Source: internode-protocol 5.5
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// Network order, all that clients and servers exchange.
    #[default]
    Big,
    /// A request inside a PROXY message between nodes.
    Little,
}

impl Order {
    /// Two bytes in this order.
    pub fn u16<'a>(self, what: &'static str) -> impl Fn(&'a [u8]) -> Parse<'a, u16> {
        move |input| match self {
            Self::Big => input::be_u16(what)(input),
            Self::Little => input::le_u16(what)(input),
        }
    }

    /// Four bytes in this order.
    pub fn u32<'a>(self, what: &'static str) -> impl Fn(&'a [u8]) -> Parse<'a, u32> {
        move |input| match self {
            Self::Big => input::be_u32(what)(input),
            Self::Little => input::le_u32(what)(input),
        }
    }

    /// Eight bytes in this order.
    pub fn u64<'a>(self, what: &'static str) -> impl Fn(&'a [u8]) -> Parse<'a, u64> {
        move |input| match self {
            Self::Big => input::be_u64(what)(input),
            Self::Little => input::le_u64(what)(input),
        }
    }
}

/// The proto header: `version` u8, `type` u8, `size` u48, big endian (see [`Order`]).
///
/// Source: client-protocol 1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The 8 bytes.
    pub bytes: &'a [u8],
    /// 2; a security message of an old client has 0.
    pub version: u8,
    /// What the body is.
    pub kind: ProtoType,
    /// Length of the body in bytes, at most 2^48 - 1.
    pub size: u64,
    /// The order `size` was read in, and that the message in the body is to be read in.
    pub order: Order,
}

impl<'a> Header<'a> {
    /// Reads the header; any version, type and size is read, see [`Header::refusal`] for the judgement.
    ///
    /// # Errors
    /// Fewer than 8 bytes.
    pub fn parse(input: &'a [u8]) -> Parse<'a, Self> {
        Self::parse_in(Order::Big, input)
    }

    /// Reads the header with its size in the given order.
    ///
    /// # Errors
    /// Fewer than 8 bytes.
    pub fn parse_in(order: Order, input: &'a [u8]) -> Parse<'a, Self> {
        let (_, bytes) = input::bytes("proto header", "its fixed width", HEADER)(input)?;
        let (rest, (version, kind, size)) = (
            input::u8("proto version"),
            input::u8("proto type"),
            input::bytes("proto size", "its fixed width", 6),
        )
            .parse(input)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let size = match order {
            Order::Big => size.iter().fold(0, add),
            Order::Little => size.iter().rev().fold(0, add),
        };
        let header = Self {
            bytes,
            version,
            kind: ProtoType(kind),
            size,
            order,
        };
        Ok((rest, header))
    }

    /// The embedded message of a PROXY msg: the order in which 8 + size is the length of `message`.
    /// Big endian if neither fits.
    ///
    /// Source: internode-protocol 5.5
    ///
    /// # Errors
    /// Fewer than 8 bytes.
    pub fn parse_embedded(message: &'a [u8]) -> Parse<'a, Self> {
        let fits = |header: &Self| header.length() == message.len() as u64;
        let (rest, big) = Self::parse_in(Order::Big, message)?;
        let (_, little) = Self::parse_in(Order::Little, message)?;
        if fits(&little) && !fits(&big) {
            Ok((rest, little))
        } else {
            Ok((rest, big))
        }
    }

    /// Header and body together, in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.size.saturating_add(HEADER as u64)
    }

    /// Why a server closes the connection at this header, if it does: the checks in the server's order.
    ///
    /// Source: client-protocol 1.3
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let hello = matches!(self.bytes, [22, 3, _, _, _, 1, ..]);
        let security_0 = self.version == 0 && self.kind == ProtoType::SECURITY;
        if hello {
            Some(Refusal::TlsConnection)
        } else if self.version != VERSION && !security_0 {
            Some(Refusal::Version(self.version))
        } else if self.kind.name().is_none() {
            Some(Refusal::Type(self.kind.0))
        } else if self.size > MAX_SIZE {
            Some(Refusal::Size(self.size))
        } else {
            None
        }
    }

    /// As [`Header::refusal`], on the admin port of 8.1 and later: only info and security are welcome there.
    #[must_use]
    pub fn admin_port_refusal(&self) -> Option<Refusal> {
        self.refusal().or_else(|| {
            let welcome = matches!(self.kind, ProtoType::INFO | ProtoType::SECURITY);
            (!welcome).then_some(Refusal::AdminPort(self.kind.0))
        })
    }
}

/// A header at which a server closes the connection; the text is that of the server's log (4.4 and later),
/// without the client's address.
///
/// Source: client-protocol 1.3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A TLS ClientHello on a clear-text port.
    TlsConnection,
    /// A version other than 2 (0 is legal for a security message).
    Version(u8),
    /// A type that is not in the table.
    Type(u8),
    /// More than 128 MiB.
    Size(u64),
    /// A type other than info and security on the admin port.
    AdminPort(u8),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TlsConnection => f.write_str("ignoring TLS connection"),
            Self::Version(version) => write!(f, "unsupported proto version {version}"),
            Self::Type(kind) => write!(f, "unsupported proto type {kind}"),
            Self::Size(size) => write!(f, "invalid proto size {size}"),
            Self::AdminPort(kind) => {
                write!(f, "expected info or security type on admin port, got {kind}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_of_an_info_request() {
        let (rest, header) = Header::parse(b"\x02\x01\0\0\0\0\0\x2bnode\n").unwrap();
        assert_eq!(
            (header.version, header.kind, header.size),
            (2, ProtoType::INFO, 43)
        );
        assert_eq!(header.length(), 51);
        assert_eq!(rest, b"node\n");
        assert_eq!(header.refusal(), None);
        for cut in 0..8 {
            assert!(Header::parse(&header.bytes[..cut]).is_err());
        }
    }

    #[test]
    fn refusals_stand_in_the_servers_order_and_words() {
        let refusal = |bytes: &[u8]| Header::parse(bytes).unwrap().1.refusal();
        assert_eq!(
            refusal(b"\x16\x03\x01\x02\0\x01\0\0"),
            Some(Refusal::TlsConnection)
        );
        assert_eq!(refusal(b"GET / HT"), Some(Refusal::Version(71)));
        assert_eq!(refusal(b"\0\x02\0\0\0\0\0\x10"), None);
        assert_eq!(refusal(b"\0\x03\0\0\0\0\0\x16"), Some(Refusal::Version(0)));
        assert_eq!(refusal(b"\x02\0\0\0\0\0\0\x16"), Some(Refusal::Type(0)));
        assert_eq!(refusal(b"\x02\x06\0\0\0\0\0\x16"), Some(Refusal::Type(6)));
        assert_eq!(refusal(b"\x02\x03\0\0\x08\0\0\0"), None);
        assert_eq!(
            refusal(b"\x02\x03\0\0\x08\0\0\x01"),
            Some(Refusal::Size(MAX_SIZE + 1))
        );
        assert_eq!(Refusal::Version(71).to_string(), "unsupported proto version 71");
        let (_, data) = Header::parse(b"\x02\x03\0\0\0\0\0\x16").unwrap();
        assert_eq!(data.admin_port_refusal(), Some(Refusal::AdminPort(3)));
    }

    #[test]
    fn a_proxied_request_is_little_endian_and_its_response_is_not() {
        let mut request = b"\x02\x03\x52\0\0\0\0\0".to_vec();
        request.resize(90, 0);
        let (_, header) = Header::parse_embedded(&request).unwrap();
        assert_eq!((header.order, header.size), (Order::Little, 82));
        let mut response = b"\x02\x03\0\0\0\0\0\x16".to_vec();
        response.resize(30, 0);
        let (_, header) = Header::parse_embedded(&response).unwrap();
        assert_eq!((header.order, header.size), (Order::Big, 22));
        let (_, header) = Header::parse_embedded(&response[..29]).unwrap();
        assert_eq!(header.order, Order::Big);
    }

    proptest! {
        #[test]
        fn any_eight_bytes_are_a_header(bytes: [u8; 8]) {
            let (rest, header) = Header::parse(&bytes).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert!(header.size < 1 << 48);
            let _ = header.refusal();
        }
    }
}
