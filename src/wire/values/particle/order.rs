//! What a server refuses in a list or map that a client sends: an order that is declared but not kept, and keys of
//! a type that no map may have.
//!
//! Source: client-protocol 6.1, 6.2.

use core::cmp::Ordering;

use super::msgpack::{self, LEVELS, Token};

/// Bit of the order metadata that says that elements or keys are in order.
const ORDERED: u8 = 0x01;

/// Why a list or map is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderFault {
    /// It says that it is ordered, and is not.
    Unordered,
    /// A key is no integer, string or blob.
    KeyType,
}

/// What a server refuses in the list or map that is `input`, the first thing found. Bytes that cannot be read are
/// not judged.
#[must_use]
pub fn fault(input: &[u8]) -> Option<OrderFault> {
    match value(input, LEVELS) {
        Err(Stop::Fault(fault)) => Some(fault),
        _ => None,
    }
}

/// Why the look ends.
enum Stop {
    Fault(OrderFault),
    Unreadable,
}

/// What is left behind a value.
type Left<'a> = Result<&'a [u8], Stop>;

fn head(input: &[u8]) -> Result<(&[u8], Token<'_>), Stop> {
    msgpack::head(input).map_err(|_| Stop::Unreadable)
}

fn value(input: &[u8], levels: usize) -> Left<'_> {
    let (rest, token) = head(input)?;
    let inside = levels.checked_sub(1).ok_or(Stop::Unreadable)?;
    match token {
        Token::List(count) => list(rest, count, inside),
        Token::Map(count) => map(rest, count, inside),
        _ => Ok(rest),
    }
}

/// Whether metadata stand first that say "ordered", and what follows them.
fn metadata(input: &[u8]) -> Result<Option<(&[u8], bool)>, Stop> {
    Ok(match head(input)? {
        (_, Token::WILDCARD | Token::INFINITY) => None,
        (rest, Token::Ext { ext_type, .. }) => Some((rest, ext_type & ORDERED != 0)),
        _ => None,
    })
}

fn list(input: &[u8], count: u32, levels: usize) -> Left<'_> {
    let (mut rest, mut left, mut is_ordered) = (input, count, false);
    if left > 0 {
        if let Some((behind, ordered)) = metadata(input)? {
            (rest, left, is_ordered) = (behind, left.saturating_sub(1), ordered);
        }
    }
    let mut last = None;
    for _ in 0..left {
        let element = rest;
        rest = value(element, levels)?;
        if is_ordered && last.is_some_and(|last| compare(last, element) == Ordering::Greater) {
            return Err(Stop::Fault(OrderFault::Unordered));
        }
        last = Some(element);
    }
    Ok(rest)
}

fn map(input: &[u8], count: u32, levels: usize) -> Left<'_> {
    let (mut rest, mut left, mut is_ordered) = (input, count, false);
    if left > 0 {
        if let Some((behind, ordered)) = metadata(input)? {
            // The metadata are a pair: nil stands behind them.
            (rest, left, is_ordered) = (head(behind)?.0, left.saturating_sub(1), ordered);
        }
    }
    let mut last = None;
    for _ in 0..left {
        let key = rest;
        if !may_be_key(head(key)?.1) {
            return Err(Stop::Fault(OrderFault::KeyType));
        }
        rest = value(value(key, levels)?, levels)?;
        if is_ordered && last.is_some_and(|last| compare(last, key) == Ordering::Greater) {
            return Err(Stop::Fault(OrderFault::Unordered));
        }
        last = Some(key);
    }
    Ok(rest)
}

/// Integers, strings and blobs; an ext is not judged.
fn may_be_key(token: Token<'_>) -> bool {
    match token {
        Token::Int(_) | Token::UInt(_) | Token::Ext { .. } => true,
        Token::Str(body) | Token::Bin(body) => !matches!(msgpack::split_type(body), Some((18 | 23, _))),
        _ => false,
    }
}

/// The order of servers: by type, then by value. What is not simple is taken to be in order.
fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (Ok((_, left)), Ok((_, right))) = (msgpack::head(left), msgpack::head(right)) else {
        return Ordering::Less;
    };
    let (Some(a), Some(b)) = (rank(left), rank(right)) else {
        return Ordering::Less;
    };
    a.cmp(&b).then_with(|| match (left, right) {
        (Token::Bool(left), Token::Bool(right)) => left.cmp(&right),
        (Token::Int(left), Token::Int(right)) => left.cmp(&right),
        (Token::UInt(left), Token::UInt(right)) => left.cmp(&right),
        // What is no i64 is larger than any.
        (Token::UInt(_), Token::Int(_)) => Ordering::Greater,
        (Token::Float(left), Token::Float(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Less),
        (Token::Str(left) | Token::Bin(left), Token::Str(right) | Token::Bin(right)) => {
            content(left).cmp(content(right))
        }
        _ => Ordering::Less,
    })
}

/// A string's or blob's bytes without the type byte.
fn content(body: &[u8]) -> &[u8] {
    msgpack::split_type(body).map_or(body, |(_, payload)| payload)
}

/// The place of a type in the order of types.
fn rank(token: Token<'_>) -> Option<u8> {
    Some(match token {
        Token::Nil => 0,
        Token::Bool(_) => 1,
        Token::Int(_) | Token::UInt(_) => 2,
        Token::Str(body) | Token::Bin(body) => match msgpack::split_type(body) {
            Some((3, _)) => 3,
            Some((23, _)) => 8,
            _ => 6,
        },
        Token::List(_) => 4,
        Token::Map(_) => 5,
        Token::Float(_) => 7,
        Token::Ext { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_order_that_is_declared_must_be_kept() {
        // [1,2,3] ordered; the same in another order; not declared.
        assert_eq!(fault(b"\x94\xc7\x00\x01\x01\x02\x03"), None);
        assert_eq!(
            fault(b"\x94\xc7\x00\x01\x01\x03\x02"),
            Some(OrderFault::Unordered)
        );
        assert_eq!(fault(b"\x93\x01\x03\x02"), None);
        assert_eq!(fault(b"\x94\xc7\x00\x00\x01\x03\x02"), None);
        // Integers come before strings, strings before blobs and doubles.
        let sorted = b"\x95\xc7\x00\x01\x05\xa2\x03a\xa2\x04\x00\xcb\x40\x04\0\0\0\0\0\0";
        assert_eq!(fault(sorted), None);
        assert_eq!(
            fault(b"\x93\xc7\x00\x01\xa2\x03a\x05"),
            Some(OrderFault::Unordered)
        );
    }

    #[test]
    fn keys_of_an_ordered_map() {
        // {"a":1,"b":2} and {"b":2,"a":1}, key ordered.
        assert_eq!(fault(b"\x83\xc7\x00\x01\xc0\xa2\x03a\x01\xa2\x03b\x02"), None);
        assert_eq!(
            fault(b"\x83\xc7\x00\x01\xc0\xa2\x03b\x02\xa2\x03a\x01"),
            Some(OrderFault::Unordered)
        );
        assert_eq!(fault(b"\x82\xa2\x03b\x02\xa2\x03a\x01"), None);
        // Inside another value.
        assert_eq!(
            fault(b"\x81\x01\x93\xc7\x00\x01\x02\x01"),
            Some(OrderFault::Unordered)
        );
    }

    #[test]
    fn keys_are_integers_strings_and_blobs() {
        assert_eq!(fault(b"\x83\x01\x01\xa2\x03a\x01\xa2\x04\x00\x01"), None);
        for key in [
            &b"\xc0"[..],
            b"\xc3",
            b"\xcb\x40\x04\0\0\0\0\0\0",
            b"\x90",
            b"\x80",
        ] {
            assert_eq!(
                fault(&[b"\x81", key, b"\x01"].concat()),
                Some(OrderFault::KeyType),
                "{key:?}"
            );
        }
        assert_eq!(fault(b"\x81\xc0"), Some(OrderFault::KeyType));
        assert_eq!(fault(b"\x81"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(bytes: Vec<u8>) {
            let _ = fault(&bytes);
        }
    }
}
