//! The msgpack lists between nodes: integers, byte strings and nil, never nested.
//!
//! Unlike strings in the client's lists and maps these carry no particle type before their bytes.

use nom::Parser as _;
use nom::combinator::consumed;

use crate::wire::ground::input::{self, Malformed, Parse};

const WHAT: &str = "msgpack list";

/// A list whose elements are read one at a time.
///
/// | first byte | | |
/// |---|---|---|
/// | 0x90 - 0x9f | count in the low 4 bits | |
/// | 0xdc | count u16be follows | |
/// | 0xdd | count u32be follows | |
///
/// Source: internode-protocol 1.3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List<'a> {
    /// How many elements the list says it has.
    pub count: u32,
    /// The bytes of the list's header.
    pub head: &'a [u8],
    rest: &'a [u8],
}

impl<'a> List<'a> {
    /// Reads the header of the list.
    ///
    /// # Errors
    /// It is none.
    pub fn read(input: &'a [u8]) -> Result<Self, Malformed<'a>> {
        let (rest, (head, count)) = consumed(Self::header).parse(input).map_err(input::reason)?;
        Ok(Self { count, head, rest })
    }

    fn header(input: &'a [u8]) -> Parse<'a, u32> {
        let (rest, first) = input::u8(WHAT)(input)?;
        match first {
            0x90..=0x9f => Ok((rest, u32::from(first & 0x0f))),
            0xdc => input::be_u16(WHAT).map(u32::from).parse(rest),
            0xdd => input::be_u32(WHAT)(rest),
            _ => Err(Malformed::illegal(WHAT, input, "the value is no list").stop()),
        }
    }

    /// The elements; the iterator's [`ListItems::rest`] is what follows the list.
    #[must_use]
    pub const fn items(&self) -> ListItems<'a> {
        ListItems {
            left: self.count,
            rest: self.rest,
        }
    }

    /// Element `index`, if the list has it and can be read that far.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Item<'a>> {
        self.items().nth(index)?.ok().map(|element| element.item)
    }
}

/// What an element of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// nil: the element is missing.
    Nil,
    /// An unsigned integer.
    Uint(u64),
    /// A str (or bin): text or bytes.
    Bytes(&'a [u8]),
}

/// An element of a list and its bytes, header included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The value.
    pub item: Item<'a>,
    /// All of its bytes.
    pub bytes: &'a [u8],
}

/// The elements of a list. After an error nothing more comes.
#[derive(Clone, Copy, Debug)]
pub struct ListItems<'a> {
    left: u32,
    rest: &'a [u8],
}

impl<'a> ListItems<'a> {
    /// What has not been read; after the last element, what follows the list.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn item(input: &'a [u8]) -> Parse<'a, Item<'a>> {
        const BY: &str = "the size of an element";
        let (rest, first) = input::u8(WHAT)(input)?;
        match first {
            0x00..=0x7f => Ok((rest, Item::Uint(first.into()))),
            0xa0..=0xbf => input::bytes(WHAT, BY, (first & 0x1f).into())
                .map(Item::Bytes)
                .parse(rest),
            0xc0 => Ok((rest, Item::Nil)),
            0xc4 | 0xd9 => input::sized_bytes(WHAT, BY, input::u8(WHAT))
                .map(Item::Bytes)
                .parse(rest),
            0xc5 | 0xda => input::sized_bytes(WHAT, BY, input::be_u16(WHAT))
                .map(Item::Bytes)
                .parse(rest),
            0xc6 | 0xdb => input::sized_bytes(WHAT, BY, input::be_u32(WHAT))
                .map(Item::Bytes)
                .parse(rest),
            0xcc => input::u8(WHAT).map(|n| Item::Uint(n.into())).parse(rest),
            0xcd => input::be_u16(WHAT).map(|n| Item::Uint(n.into())).parse(rest),
            0xce => input::be_u32(WHAT).map(|n| Item::Uint(n.into())).parse(rest),
            0xcf => input::be_u64(WHAT).map(Item::Uint).parse(rest),
            _ => Err(Malformed::illegal(WHAT, input, "an element is no integer, string or nil").stop()),
        }
    }
}

impl<'a> Iterator for ListItems<'a> {
    type Item = Result<Element<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        if self.rest.is_empty() {
            let missing = self.left.saturating_add(1) as usize;
            self.left = 0;
            return Some(Err(Malformed::short(WHAT, self.rest, missing, "its count")));
        }
        match consumed(Self::item).parse(self.rest) {
            Ok((rest, (bytes, item))) => {
                self.rest = rest;
                Some(Ok(Element { item, bytes }))
            }
            Err(error) => {
                self.left = 0;
                Some(Err(input::reason(error)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Item<'_>> {
        List::read(bytes)
            .unwrap()
            .items()
            .map(|e| e.unwrap().item)
            .collect()
    }

    #[test]
    fn every_form_of_element() {
        assert_eq!(
            all(b"\x92\xa4test\xa3bar"),
            [Item::Bytes(b"test"), Item::Bytes(b"bar")]
        );
        let mut bytes = vec![0xdc, 0, 9, 0x7f, 0xcc, 0xff, 0xcd, 1, 0, 0xce, 0, 1, 0, 0];
        bytes.extend([
            0xcf, 1, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xd9, 1, b'a', 0xda, 0, 1, b'b', 0xc4, 1, 0,
        ]);
        assert_eq!(
            all(&bytes),
            [
                Item::Uint(127),
                Item::Uint(255),
                Item::Uint(256),
                Item::Uint(65536),
                Item::Uint(1 << 56),
                Item::Nil,
                Item::Bytes(b"a"),
                Item::Bytes(b"b"),
                Item::Bytes(&[0]),
            ]
        );
        assert_eq!(
            all(&[0xdd, 0, 0, 0, 1, 0xdb, 0, 0, 0, 1, b'x']),
            [Item::Bytes(b"x")]
        );
        assert_eq!(
            all(&[0xdd, 0, 0, 0, 2, 0xc5, 0, 1, 1, 0xc6, 0, 0, 0, 0])[1],
            Item::Bytes(b"")
        );
    }

    #[test]
    fn an_element_knows_its_bytes_and_the_list_its_end() {
        let bytes = b"\x92\x05\xa1x!";
        let list = List::read(bytes).unwrap();
        assert_eq!(list.head, &bytes[..1]);
        let mut items = list.items();
        assert_eq!(items.next().unwrap().unwrap().bytes, &bytes[1..2]);
        assert_eq!(items.next().unwrap().unwrap().bytes, &bytes[2..4]);
        assert!(items.next().is_none());
        assert_eq!(items.rest(), b"!");
        assert_eq!(list.get(0), Some(Item::Uint(5)));
        assert_eq!(list.get(2), None);
    }

    #[test]
    fn a_count_is_not_believed() {
        let mut items = List::read(&[0xdd, 0xff, 0xff, 0xff, 0xff, 1]).unwrap().items();
        assert!(items.next().unwrap().is_ok());
        let error = items.next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "msgpack list: its count needs 4294967294 bytes, 0 left"
        );
        assert!(items.next().is_none());
    }

    #[test]
    fn what_is_no_plain_list_is_refused() {
        assert!(List::read(b"\x81\x01\x02").is_err());
        assert!(List::read(b"").is_err());
        let mut nested = List::read(b"\x92\x90\x01").unwrap().items();
        assert!(nested.next().unwrap().is_err());
        assert!(nested.next().is_none());
        let mut negative = List::read(b"\x91\xff").unwrap().items();
        assert!(negative.next().unwrap().is_err());
    }
}
