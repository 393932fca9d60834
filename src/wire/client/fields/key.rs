//! The user key of a record.

use core::fmt;

use nom::Parser as _;
use nom::combinator::rest;

use crate::wire::ground::input::{self, Parse};
use crate::wire::ground::text::{Hex, LossyText};
use crate::wire::values::particle::ParticleType;

/// A user key: u8 particle type, then the value as in a bin.
///
/// It is displayed as text whatever its type: `42`, `2.5`, `user-1`, `0a0b0c`; a string with a NUL in it, at which text
/// ends, as its bytes.
///
/// Source: client-protocol 4.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserKey<'a> {
    /// Integer, float, string or blob.
    pub kind: ParticleType,
    /// The value: 8 bytes big endian, 8 bytes IEEE 754, UTF-8 or raw bytes.
    pub value: &'a [u8],
}

impl<'a> UserKey<'a> {
    /// Reads the key, which fills its field.
    ///
    /// # Errors
    /// An empty field: the type byte is missing.
    pub fn parse(data: &'a [u8]) -> Parse<'a, Self> {
        (input::u8("key particle type").map(ParticleType), rest)
            .map(|(kind, value)| Self { kind, value })
            .parse(data)
    }

    /// Whether records can have this key, so that a digest follows from it: integers and floats of 8 bytes,
    /// strings and blobs.
    ///
    /// Source: client-protocol 4.1
    #[must_use]
    pub const fn has_digest(&self) -> bool {
        match self.kind.0 {
            1 | 2 => self.value.len() == 8,
            3 | 4 | 7..=12 => true,
            _ => false,
        }
    }

    /// The number, if this is a legal integer key (8 bytes; the server rejects other lengths).
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        let bytes = (self.kind == ParticleType::INTEGER).then_some(self.value)?;
        input::whole(input::be_i64("integer key"), bytes)
    }

    /// The number, if this is a legal float key.
    #[must_use]
    pub fn float(&self) -> Option<f64> {
        let bytes = (self.kind == ParticleType::FLOAT).then_some(self.value)?;
        input::whole(input::be_f64("float key"), bytes)
    }
}

/// A user key that shows its type: `"9"` a string, `9` an integer, `2.5` a float, `x'010203'` a blob.
#[derive(Clone, Copy, Debug)]
pub struct KeyLiteral<'k, 'a>(pub &'k UserKey<'a>);

impl fmt::Display for KeyLiteral<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(key) = *self;
        if key.kind == ParticleType::STRING {
            write!(f, "\"{key}\"")
        } else if key.integer().is_some() || key.float().is_some() {
            write!(f, "{key}")
        } else {
            write!(f, "x'{}'", Hex(key.value))
        }
    }
}

impl fmt::Display for UserKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.integer() {
            write!(f, "{number}")
        } else if let Some(number) = self.float() {
            write!(f, "{number:?}")
        } else if self.kind == ParticleType::STRING && !self.value.contains(&0) {
            LossyText(self.value).fmt(f)
        } else {
            Hex(self.value).fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_key_has_a_text() {
        let text = |data: &[u8]| UserKey::parse(data).unwrap().1.to_string();
        assert_eq!(text(b"\x01\0\0\0\0\0\0\0\x2a"), "42");
        assert_eq!(text(b"\x01\xff\xff\xff\xff\xff\xff\xff\xff"), "-1");
        assert_eq!(text(b"\x01\x2a"), "2a");
        assert_eq!(text(b"\x02\x40\x04\0\0\0\0\0\0"), "2.5");
        assert_eq!(text(b"\x03user-1"), "user-1");
        assert_eq!(text(b"\x04\x0a\x0b\x0c"), "0a0b0c");
        assert_eq!(text(b"\x03a\0b"), "610062");
        assert_eq!(text(b"\0"), "");
        assert!(UserKey::parse(b"").is_err());
    }

    #[test]
    fn a_literal_shows_the_type() {
        let text = |data: &[u8]| KeyLiteral(&UserKey::parse(data).unwrap().1).to_string();
        assert_eq!(text(b"\x039"), "\"9\"");
        assert_eq!(text(b"\x01\0\0\0\0\0\0\0\x09"), "9");
        assert_eq!(text(b"\x02\x40\x04\0\0\0\0\0\0"), "2.5");
        assert_eq!(text(b"\x04\x01\x02\x03"), "x'010203'");
        assert_eq!(text(b"\x01\x2a"), "x'2a'");
    }

    #[test]
    fn a_key_without_a_legal_value_has_no_digest() {
        let legal = |data: &[u8]| UserKey::parse(data).unwrap().1.has_digest();
        assert!(legal(b"\x01\0\0\0\0\0\0\0\x2a") && legal(b"\x03") && legal(b"\x09x"));
        assert!(!legal(b"\x01\x2a") && !legal(b"\0") && !legal(b"\x14\x90"));
    }
}
