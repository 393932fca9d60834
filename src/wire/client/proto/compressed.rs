//! The compressed wrapper: one proto message under zlib.

use nom::Parser as _;
use nom::combinator::{consumed, rest};

use core::ops::Range;

use super::{HEADER, MAX_SIZE, Order};
use crate::wire::ground::input::{self, Malformed, Parse};

/// Place of the original size in the body.
pub const ORIGINAL_SIZE_AT: Range<usize> = 0..8;

/// Deflate cannot expand a byte to more than this.
const MAX_RATIO: u64 = 1032;

/// The body of a type 4 message: u64 original size, then a zlib stream (RFC 1950).
///
/// Source: client-protocol 1.4
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compressed<'a> {
    /// Length of what was compressed, its own 8-byte proto header included.
    pub original_size: u64,
    /// Big endian; little endian in software before November 2019.
    pub order: Order,
    /// The 8 bytes of the original size.
    pub size_bytes: &'a [u8],
    /// The zlib stream.
    pub stream: &'a [u8],
}

impl<'a> Compressed<'a> {
    /// Reads the body. The size is big endian unless that makes it 0 or more than 128 MiB.
    ///
    /// # Errors
    /// Fewer than 8 bytes.
    pub fn parse(body: &'a [u8]) -> Parse<'a, Self> {
        let legal = |size| (1..=MAX_SIZE).contains(&size);
        let size = input::be_u64("original size").map(|big| match big.swap_bytes() {
            little if !legal(big) && legal(little) => (little, Order::Little),
            _ => (big, Order::Big),
        });
        (consumed(size), rest)
            .map(|((size_bytes, (original_size, order)), stream)| Self {
                original_size,
                order,
                size_bytes,
                stream,
            })
            .parse(body)
    }

    /// The bytes to expect when the stream is inflated; only then is it worth trying.
    ///
    /// # Errors
    /// A size that no server accepts, no zlib header, or a stream too short to inflate to that size.
    pub fn believable_size(&self) -> Result<usize, Malformed<'a>> {
        let illegal = |at, by| Err(Malformed::illegal("compressed message", at, by));
        if self.original_size < HEADER as u64 {
            return illegal(self.size_bytes, "original size smaller than a proto header");
        }
        if self.original_size > MAX_SIZE.saturating_add(HEADER as u64) {
            return illegal(self.size_bytes, "original size above 128 MiB");
        }
        let zlib = input::front(input::be_u16("zlib header"), self.stream)?;
        if zlib >> 8 & 0x0f != 8 || zlib % 31 != 0 {
            return illegal(self.stream, "no zlib header");
        }
        let least = usize::try_from(self.original_size.div_ceil(MAX_RATIO)).unwrap_or(usize::MAX);
        match usize::try_from(self.original_size) {
            Ok(size) if least <= self.stream.len() => Ok(size),
            _ => Err(Malformed::short(
                "zlib stream",
                self.stream,
                least,
                "the original size",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_size_is_big_endian_if_that_is_legal() {
        let body = b"\0\0\0\0\0\0\0\x57\x78\x01abc";
        let (_, compressed) = Compressed::parse(body).unwrap();
        assert_eq!((compressed.original_size, compressed.order), (87, Order::Big));
        assert_eq!(compressed.stream, b"\x78\x01abc");
        assert_eq!(compressed.believable_size(), Ok(87));
        let (_, old) = Compressed::parse(b"\x57\0\0\0\0\0\0\0\x78\x01").unwrap();
        assert_eq!((old.original_size, old.order), (87, Order::Little));
        for cut in 0..8 {
            assert!(Compressed::parse(&body[..cut]).is_err());
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let error = |body| Compressed::parse(body).unwrap().1.believable_size().unwrap_err();
        let reason = |body| error(body).by;
        assert_eq!(
            error(b"\0\0\0\0\x08\0\0\0\x78\x01").to_string(),
            "zlib stream: the original size needs 130056 bytes, 2 left"
        );
        assert_eq!(
            error(b"\0\0\0\0\0\0\0\x57\x78").to_string(),
            "zlib header: its fixed width needs 2 bytes, 1 left"
        );
        assert_eq!(
            reason(b"\x01\0\0\0\0\0\0\x01\x78\x01"),
            "original size above 128 MiB"
        );
        assert_eq!(reason(b"\0\0\0\0\0\0\0\x64notzlib"), "no zlib header");
        assert_eq!(
            reason(b"\0\0\0\0\0\0\0\x07\x78\x01"),
            "original size smaller than a proto header"
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>) {
            if let Ok((_, compressed)) = Compressed::parse(&body) {
                let _ = compressed.believable_size();
            }
        }
    }
}
