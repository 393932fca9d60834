//! MessagePack as Aerospike writes it, token by token (client-protocol 6.1, 6.2).
//!
//! A token is one header with what belongs to it at once: a whole integer or string, but only the
//! count of a list or map. Everything is big endian. Aerospike's additions are read here too: the
//! type byte in front of strings and blobs ([`split_type`]), the ext that says how a list or map is
//! ordered ([`metadata`]) and the two ext values for wildcard and infinity.

use nom::Parser;

use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::ground::input::{be_f64, be_i64, be_u16, be_u32, be_u64, bytes, sized_bytes};

/// Containers may be nested this deep; deeper is malformed.
pub const LEVELS: usize = 32;

/// The ext type of wildcard and infinity.
const SPECIAL: u8 = 0xFF;

/// One header of msgpack, with its content where it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// `C0`.
    Nil,
    /// `C2`, `C3`.
    Bool(bool),
    /// Any integer that fits.
    Int(i64),
    /// `CF` from 2^63 on.
    UInt(u64),
    /// `CB`, or `CA` widened.
    Float(f64),
    /// The str family; the type byte is still in front ([`split_type`]).
    Str(&'a [u8]),
    /// The bin family; the type byte is still in front ([`split_type`]).
    Bin(&'a [u8]),
    /// The ext family.
    Ext {
        /// The type byte (signed in plain msgpack, a set of flags here).
        ext_type: u8,
        /// The content.
        data: &'a [u8],
    },
    /// So many elements follow.
    List(u32),
    /// So many pairs follow.
    Map(u32),
}

impl Token<'_> {
    /// `D4 FF 00`: matches anything. Only in requests.
    pub const WILDCARD: Token<'static> = Token::Ext {
        ext_type: SPECIAL,
        data: &[0],
    };
    /// `D4 FF 01`: greater than anything. Only in requests.
    pub const INFINITY: Token<'static> = Token::Ext {
        ext_type: SPECIAL,
        data: &[1],
    };
}

/// Reads one token, and checks a count against the bytes that are left: an element needs at least
/// one, a pair two.
///
/// # Errors
/// Too few bytes, or the byte `C1`, which msgpack does not use.
///
/// Source: client-protocol 6.1.
pub fn token(input: &[u8]) -> Parse<'_, Token<'_>> {
    let (rest, token) = head(input)?;
    let (what, needed) = match token {
        Token::List(count) => ("msgpack list", count as usize),
        Token::Map(count) => ("msgpack map", (count as usize).saturating_mul(2)),
        _ => return Ok((rest, token)),
    };
    if rest.len() < needed {
        return Err(Malformed::short(what, rest, needed, "its count").stop());
    }
    Ok((rest, token))
}

/// As [`token`], but a count is taken as it stands: for who reads element by element and so shows
/// what there is of a list that was cut.
pub(in crate::wire::values) fn head(input: &[u8]) -> Parse<'_, Token<'_>> {
    const LENGTH: &str = "its length";
    const BLOB: &str = "msgpack blob";
    const EXT: &str = "msgpack ext";
    const INTEGER: &str = "msgpack integer";
    const STRING: &str = "msgpack string";
    const LIST: &str = "msgpack list";
    const MAP: &str = "msgpack map";
    let byte = input::u8;
    let (rest, marker) = byte("msgpack value")(input)?;
    let low = u32::from(marker & 0x0F);
    let signed = |n: i64| Token::Int(n);
    let unsigned = |n: u32| Token::Int(n.into());
    match marker {
        0x00..=0x7F => Ok((rest, Token::Int(marker.into()))),
        0x80..=0x8F => Ok((rest, Token::Map(low))),
        0x90..=0x9F => Ok((rest, Token::List(low))),
        0xA0..=0xBF => bytes(STRING, LENGTH, (marker & 0x1F).into())
            .map(Token::Str)
            .parse(rest),
        0xC0 => Ok((rest, Token::Nil)),
        0xC1 => Err(Malformed::illegal("msgpack value", input, "no value begins with the byte C1").stop()),
        0xC2 | 0xC3 => Ok((rest, Token::Bool(marker == 0xC3))),
        0xC4 => sized_bytes(BLOB, LENGTH, byte(BLOB)).map(Token::Bin).parse(rest),
        0xC5 => sized_bytes(BLOB, LENGTH, be_u16(BLOB))
            .map(Token::Bin)
            .parse(rest),
        0xC6 => sized_bytes(BLOB, LENGTH, be_u32(BLOB))
            .map(Token::Bin)
            .parse(rest),
        0xC7 => byte(EXT).map(usize::from).flat_map(ext).parse(rest),
        0xC8 => be_u16(EXT).map(usize::from).flat_map(ext).parse(rest),
        0xC9 => be_u32(EXT).map(|n| n as usize).flat_map(ext).parse(rest),
        0xCA => be_u32("msgpack float")
            .map(|bits| Token::Float(f32::from_bits(bits).into()))
            .parse(rest),
        0xCB => be_f64("msgpack double").map(Token::Float).parse(rest),
        0xCC => byte(INTEGER).map(u32::from).map(unsigned).parse(rest),
        0xCD => be_u16(INTEGER).map(u32::from).map(unsigned).parse(rest),
        0xCE => be_u32(INTEGER).map(unsigned).parse(rest),
        0xCF => be_u64(INTEGER)
            .map(|n| i64::try_from(n).map_or(Token::UInt(n), Token::Int))
            .parse(rest),
        0xD0 => byte(INTEGER).map(|n| signed((n as i8).into())).parse(rest),
        0xD1 => be_u16(INTEGER).map(|n| signed((n as i16).into())).parse(rest),
        0xD2 => be_u32(INTEGER).map(|n| signed((n as i32).into())).parse(rest),
        0xD3 => be_i64(INTEGER).map(signed).parse(rest),
        0xD4 => ext(1).parse(rest),
        0xD5 => ext(2).parse(rest),
        0xD6 => ext(4).parse(rest),
        0xD7 => ext(8).parse(rest),
        0xD8 => ext(16).parse(rest),
        0xD9 => sized_bytes(STRING, LENGTH, byte(STRING))
            .map(Token::Str)
            .parse(rest),
        0xDA => sized_bytes(STRING, LENGTH, be_u16(STRING))
            .map(Token::Str)
            .parse(rest),
        0xDB => sized_bytes(STRING, LENGTH, be_u32(STRING))
            .map(Token::Str)
            .parse(rest),
        0xDC => be_u16(LIST).map(u32::from).map(Token::List).parse(rest),
        0xDD => be_u32(LIST).map(Token::List).parse(rest),
        0xDE => be_u16(MAP).map(u32::from).map(Token::Map).parse(rest),
        0xDF => be_u32(MAP).map(Token::Map).parse(rest),
        0xE0..=0xFF => Ok((rest, signed((marker as i8).into()))),
    }
}

/// Type byte and content of an ext.
fn ext<'a>(length: usize) -> impl Parser<&'a [u8], Output = Token<'a>, Error = Malformed<'a>> {
    let content = bytes("msgpack ext", "its length", length);
    (input::u8("msgpack ext type"), content).map(|(ext_type, data)| Token::Ext { ext_type, data })
}

/// The particle type and the payload of a string or blob whose first content byte says what it is:
/// 3 string, 4 and 7 to 12 blobs, 18 HLL, 23 GeoJSON. `None` if the first byte is none of these.
///
/// Where the protocol has strings without that byte (names in expressions, error details), this
/// must not be asked: the position decides, not the byte.
///
/// Source: client-protocol 6.1.
#[must_use]
pub fn split_type(body: &[u8]) -> Option<(u8, &[u8])> {
    match body.split_first() {
        Some((&particle @ (3 | 4 | 7..=12 | 18 | 23), payload)) => Some((particle, payload)),
        _ => None,
    }
}

/// The flags of an ordered list or map, if what follows its count begins with them: an ext as
/// first element, in a map an ext with nil as first pair. The input left begins with the first
/// element or pair of data.
///
/// Source: client-protocol 6.2.
#[must_use]
pub fn metadata(content: &[u8], of_map: bool) -> Option<(&[u8], u8)> {
    let (rest, Token::Ext { ext_type, .. }) = head(content).ok()? else {
        return None;
    };
    match (ext_type, of_map) {
        (SPECIAL, _) => None,
        (flags, false) => Some((rest, flags)),
        (flags, true) => match head(rest) {
            Ok((rest, Token::Nil)) => Some((rest, flags)),
            _ => None,
        },
    }
}

/// Steps over one value.
///
/// # Errors
/// As [`token`], and containers nested deeper than [`LEVELS`].
///
/// Source: client-protocol 6.1.
pub fn skip(input: &[u8]) -> Parse<'_, ()> {
    skip_values(input, 1, LEVELS)
}

/// Steps over `count` values in which containers may be nested `levels` deep.
pub(in crate::wire::values) fn skip_values(input: &[u8], count: u64, levels: usize) -> Parse<'_, ()> {
    // Levels are counted here and not by a parser in a parser, so that no bytes decide how deep the stack is.
    let mut open = [0u64; LEVELS];
    let mut depth = 0usize;
    let mut left = count;
    let mut rest = input;
    loop {
        if left == 0 {
            let Some(above) = depth.checked_sub(1) else {
                return Ok((rest, ()));
            };
            depth = above;
            left = open.get(depth).copied().unwrap_or(0);
            continue;
        }
        left = left.saturating_sub(1);
        let at = rest;
        let (after, token) = token(rest)?;
        rest = after;
        let inner = match token {
            Token::List(count) => u64::from(count),
            Token::Map(count) => u64::from(count).saturating_mul(2),
            _ => continue,
        };
        match open.get_mut(depth) {
            Some(slot) if depth < levels => *slot = left,
            _ => return Err(too_deep(at).stop()),
        }
        depth = depth.saturating_add(1);
        left = inner;
    }
}

/// The container at `at` would be one level too many.
pub(in crate::wire::values) const fn too_deep(at: &[u8]) -> Malformed<'_> {
    Malformed::illegal("msgpack value", at, TOO_DEEP)
}

/// Why a value was not read on that the protocol allows.
const TOO_DEEP: &str = "nested deeper than 32 levels";

/// Whether the bytes may well be legal, and are nested deeper than is read.
#[must_use]
pub fn is_too_deep(error: &Malformed<'_>) -> bool {
    error.by == TOO_DEEP
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ground::input::reason;
    use proptest::prelude::*;

    fn whole(input: &[u8]) -> Token<'_> {
        let (rest, token) = token(input).unwrap();
        assert!(rest.is_empty());
        token
    }

    #[test]
    fn integers_of_every_width() {
        for (input, value) in [
            (&[0x7F][..], 127),
            (&[0xFF], -1),
            (&[0xE0], -32),
            (&[0xCC, 0xFF], 255),
            (&[0xCD, 0x12, 0x34], 0x1234),
            (&[0xCE, 0, 1, 0, 7], 65543),
            (&[0xCF, 0x7F, 255, 255, 255, 255, 255, 255, 255], i64::MAX),
            (&[0xD0, 0x80], -128),
            (&[0xD1, 0x80, 0], -32768),
            (&[0xD2, 0x80, 0, 0, 0], i64::from(i32::MIN)),
            (&[0xD3, 0x80, 0, 0, 0, 0, 0, 0, 0], i64::MIN),
        ] {
            assert_eq!(whole(input), Token::Int(value));
        }
        assert_eq!(whole(&[0xCF, 0x80, 0, 0, 0, 0, 0, 0, 0]), Token::UInt(1 << 63));
    }

    #[test]
    fn floats_booleans_and_nil() {
        assert_eq!(whole(&[0xCB, 0x40, 4, 0, 0, 0, 0, 0, 0]), Token::Float(2.5));
        assert_eq!(whole(&[0xCA, 0x40, 0x20, 0, 0]), Token::Float(2.5));
        assert_eq!(whole(&[0xC2]), Token::Bool(false));
        assert_eq!(whole(&[0xC3]), Token::Bool(true));
        assert_eq!(whole(&[0xC0]), Token::Nil);
    }

    #[test]
    fn strings_carry_the_type_byte() {
        // Source: client-protocol 6.1, "abc".
        assert_eq!(whole(b"\xA4\x03abc"), Token::Str(b"\x03abc"));
        assert_eq!(split_type(b"\x03abc"), Some((3, &b"abc"[..])));
        assert_eq!(split_type(b"\x12\x00"), Some((18, &b"\x00"[..])));
        assert_eq!(split_type(b"age"), None);
        assert_eq!(split_type(b""), None);
        assert_eq!(whole(&[0xA0]), Token::Str(b""));
        assert_eq!(whole(b"\xD9\x02\x03a"), Token::Str(b"\x03a"));
        assert_eq!(whole(b"\xDA\x00\x02\x03a"), Token::Str(b"\x03a"));
        assert_eq!(whole(b"\xDB\x00\x00\x00\x02\x03a"), Token::Str(b"\x03a"));
        assert_eq!(whole(b"\xC4\x02\x04a"), Token::Bin(b"\x04a"));
        assert_eq!(whole(b"\xC5\x00\x02\x04a"), Token::Bin(b"\x04a"));
        assert_eq!(whole(b"\xC6\x00\x00\x00\x02\x04a"), Token::Bin(b"\x04a"));
    }

    #[test]
    fn wildcard_infinity_and_other_ext() {
        assert_eq!(whole(&[0xD4, 0xFF, 0]), Token::WILDCARD);
        assert_eq!(whole(&[0xD4, 0xFF, 1]), Token::INFINITY);
        let other = Token::Ext {
            ext_type: 1,
            data: &[],
        };
        assert_eq!(whole(&[0xC7, 0, 1]), other);
        for (marker, length) in [(0xD5, 2), (0xD6, 4), (0xD7, 8), (0xD8, 16)] {
            let mut input = vec![marker, 9];
            input.resize(2 + length, 0);
            assert!(matches!(whole(&input), Token::Ext { ext_type: 9, data } if data.len() == length));
        }
    }

    #[test]
    fn order_metadata_is_found_and_nothing_else() {
        // Source: client-protocol 6.2, the contents of its two examples.
        assert_eq!(metadata(&[0xC7, 0, 1, 1, 2, 3], false), Some((&[1, 2, 3][..], 1)));
        let map = [0xC7, 0, 1, 0xC0, 0xA2, 3, b'k', 0xC3];
        assert_eq!(metadata(&map, true), Some((&map[4..], 1)));
        assert_eq!(metadata(&[0xC7, 0, 1, 5], true), None);
        assert_eq!(metadata(&[0xD4, 0xFF, 0], false), None);
        assert_eq!(metadata(&[1], false), None);
        assert_eq!(metadata(&[], false), None);
    }

    #[test]
    fn a_count_is_checked_before_it_is_believed() {
        let error = reason(token(&[0xDD, 255, 255, 255, 255, 1]).unwrap_err());
        assert_eq!(
            error.to_string(),
            "msgpack list: its count needs 4294967295 bytes, 1 left"
        );
        let error = reason(token(&[0x82, 1, 2, 3]).unwrap_err());
        assert_eq!(error.to_string(), "msgpack map: its count needs 4 bytes, 3 left");
        assert_eq!(token(&[0x82, 1, 2, 3, 4]).unwrap().1, Token::Map(2));
        assert_eq!(
            reason(token(&[0xC1]).unwrap_err()).to_string(),
            "msgpack value: no value begins with the byte C1"
        );
    }

    #[test]
    fn skip_ends_where_the_value_ends() {
        let nested = b"\x93\xCC\xFF\x92\x10\x00\x92\x01\x04\x07";
        assert_eq!(skip(nested).unwrap().0, b"\x07");
        assert_eq!(skip(b"\x82\x01\x80\x02\x90\x09").unwrap().0, b"\x09");
        for cut in 0..nested.len() - 1 {
            assert!(skip(&nested[..cut]).is_err());
        }
    }

    #[test]
    fn skip_goes_32_levels_deep_and_no_deeper() {
        let mut input = [0x91u8; 33];
        input[32] = 1;
        assert_eq!(skip(&input).unwrap().0, b"");
        let mut input = [0x91u8; 34];
        input[33] = 1;
        let error = reason(skip(&input).unwrap_err());
        assert_eq!(error.by, "nested deeper than 32 levels");
        assert_eq!(error.at.len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(input in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok((rest, _)) = token(&input) {
                prop_assert!(rest.len() < input.len());
            }
            if let Ok((rest, ())) = skip(&input) {
                prop_assert!(rest.len() < input.len());
            }
        }
    }
}
