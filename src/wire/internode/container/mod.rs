//! The `msg` container: everything that nodes say to each other, heartbeats and fabric alike.
//!
//! A stream between nodes is a sequence of these and nothing else: no magic, no padding. A header
//! of 6 bytes ([`Header`]: size u32be, type u16be) is followed by fields until the size is used up
//! ([`MsgField`]: id u16be, wire type u8, then a value whose form the wire type says). What an id
//! means depends on the type of the message: see [`spec`] and the tables in [`super::fabric`] and
//! [`super::heartbeat`].
//!
//! Integers are big endian here; what stands *inside* buffers is usually little endian.

#[macro_use]
pub mod spec;
pub mod array;
pub mod list;
pub mod plausible;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use nom::Parser as _;
use nom::combinator::{consumed, peek};

use crate::wire::ground::input::{self, Malformed, Parse};
use array::{Array, Elements};
use list::List;

/// Bytes of the header.
pub const HEADER_SIZE: usize = 6;

/// The longest message, header included, that fabric accepts: 128 MiB.
pub const MAX_SIZE: u32 = 128 << 20;

/// Who asked for bytes, where a field's size is more than its message has left.
const BY_SIZE: &str = "its size";

table! {
    /// The type in a message's header; it decides what the field ids mean.
    ///
    /// Source: internode-protocol 2
    pub MsgType: u16 {
        0 => FABRIC: "first message of a fabric connection",
        1 => HEARTBEAT_V2: "up to 3.13",
        2 => PAXOS: "up to 3.13",
        3 => MIGRATE,
        4 => PROXY,
        5 => HEARTBEAT: "since 3.9.1",
        6 => CLUSTERING: "since 3.13",
        7 => RW,
        8 => INFO: "service lists of peers",
        9 => EXCHANGE: "since 3.13",
        10 => APPEAL: "since 4.0, enterprise",
        11 => OLD_XDR: "before 5.0, enterprise",
        12 => XDR: "since 5.0, enterprise",
        13 => FB_HEALTH_ACK: "old, never sent today",
        14 => TSCAN: "old, never sent today",
        15 => SMD: "system metadata",
        16 => MULTIOP: "old, never sent today",
        17 => SINDEX: "old, never sent today",
    }
}

impl MsgType {
    /// The highest type that a receiver knows.
    pub const LAST: Self = Self(17);

    /// A heartbeat of either kind; all else travels on fabric.
    #[must_use]
    pub const fn is_heartbeat(self) -> bool {
        matches!(self, Self::HEARTBEAT | Self::HEARTBEAT_V2)
    }
}

table! {
    /// How a field's value is written.
    ///
    /// Source: internode-protocol 1.2
    pub WireType: u8 {
        1 => UINT32: "4 bytes big endian, without a size",
        2 => OLD_UINT32: "sized; up to 3.13",
        3 => UINT64: "8 bytes big endian, without a size",
        4 => OLD_UINT64: "sized; up to 3.13",
        5 => STR: "sized; the size counts the NUL at the end",
        6 => BUF: "sized",
        7 => ARRAY_UINT32: "sized; big endian",
        8 => ARRAY_UINT64: "sized; big endian",
        9 => ARRAY_BUF: "sized; a memory image, up to 3.13",
        10 => ARRAY_STR: "sized; a memory image, up to 3.13",
        11 => MSGPACK: "sized; a list, since 3.13",
    }
}

impl WireType {
    /// The width of a value that carries no size of its own; every other type, known or not, is sized.
    #[must_use]
    pub const fn fixed_width(self) -> Option<usize> {
        match self {
            Self::UINT32 => Some(4),
            Self::UINT64 => Some(8),
            _ => None,
        }
    }

    /// An integer in the sized form that was sent up to 3.13: the mark of an old sender.
    #[must_use]
    pub const fn is_old_integer(self) -> bool {
        matches!(self, Self::OLD_UINT32 | Self::OLD_UINT64)
    }
}

/// The 6 bytes before the fields.
///
/// | offset | width | | |
/// |---|---|---|---|
/// | 0 | 4 | big endian | size: bytes after this header |
/// | 4 | 2 | big endian | type |
///
/// Source: internode-protocol 1.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes after the header; 0 is legal.
    pub size: u32,
    /// What the field ids mean.
    pub kind: MsgType,
}

impl Header {
    /// Reads the 6 bytes; any values will do (see [`Header::complaint`]).
    ///
    /// # Errors
    /// Fewer than 6 bytes.
    pub fn read(input: &[u8]) -> Parse<'_, Self> {
        (input::be_u32("msg size"), input::be_u16("msg type").map(MsgType))
            .map(|(size, kind)| Self { size, kind })
            .parse(input)
    }

    /// Length of the whole message in bytes, this header included.
    #[must_use]
    pub const fn length(self) -> usize {
        (self.size as usize).saturating_add(HEADER_SIZE)
    }

    /// The rule of the receiver that this header breaks; for use where a header must stand.
    #[must_use]
    pub fn complaint(self) -> Option<&'static str> {
        if self.kind > MsgType::LAST {
            Some("the type is none of 0 to 17")
        } else if self.length() > MAX_SIZE as usize {
            Some("the size is over 128 MiB")
        } else {
            None
        }
    }
}

/// One message: its header and as much of its fields as was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Msg<'a> {
    /// Size and type.
    pub header: Header,
    /// The whole message as far as it was captured, header included.
    pub bytes: &'a [u8],
    /// The fields as far as they were captured.
    pub body: &'a [u8],
}

impl<'a> Msg<'a> {
    /// Reads one message off the front. Only a missing header is an error: where the input ends
    /// before the size does, the message is cut ([`Msg::is_cut`]) and its fields end early.
    pub fn read(input: &'a [u8]) -> Parse<'a, Self> {
        let body = |header: Header| input::up_to(header.size as usize).map(move |body| (header, body));
        consumed(Header::read.flat_map(body))
            .map(|(bytes, (header, body))| Self { header, bytes, body })
            .parse(input)
    }

    /// Fewer bytes are here than the header says.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.bytes.len() < self.header.length()
    }

    /// The fields in the order of the wire: before 4.1 ascending, on fabric since then first all
    /// integers, then all else.
    #[must_use]
    pub const fn fields(&self) -> MsgFields<'a> {
        MsgFields {
            rest: self.body,
            promised: self.header.size as usize,
        }
    }

    /// The field of that id; if it is repeated, the last one, which is what the server takes.
    #[must_use]
    pub fn field(&self, id: u16) -> Option<MsgField<'a>> {
        self.fields().flatten().filter(|field| field.id == id).last()
    }

    /// The integer in the field of that id.
    #[must_use]
    pub fn uint(&self, id: u16) -> Option<u64> {
        self.field(id)?.uint()
    }
}

/// One field.
///
/// | width | | |
/// |---|---|---|
/// | 2 | big endian | id |
/// | 1 | | wire type |
/// | 4 | big endian | size, unless the wire type is UINT32 or UINT64 |
/// | size | | value |
///
/// Source: internode-protocol 1.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsgField<'a> {
    /// What it is, in the number space of the message's type.
    pub id: u16,
    /// How the value is written.
    pub wire: WireType,
    /// Bytes that the value has on the wire.
    pub size: usize,
    /// The value's bytes as far as they were captured.
    pub data: &'a [u8],
    /// The whole field as far as it was captured.
    pub bytes: &'a [u8],
}

impl<'a> MsgField<'a> {
    /// `promised` is what the message's size leaves for this field and those after it.
    fn read(input: &'a [u8], promised: usize) -> Parse<'a, Self> {
        let size = |wire: WireType| {
            move |rest: &'a [u8]| match wire.fixed_width() {
                Some(width) => peek(input::bytes("msg field", "its wire type", width))
                    .map(<[u8]>::len)
                    .parse(rest),
                None => input::be_u32("msg field size")
                    .map(|size| size as usize)
                    .parse(rest),
            }
        };
        let id = input::be_u16("msg field id");
        let wire = input::u8("msg field type").map(WireType);
        let head = (id, wire).flat_map(|(id, wire)| size(wire).map(move |size| (id, wire, size)));
        let field = consumed(head).flat_map(|(head, (id, wire, size))| {
            let left = promised.saturating_sub(head.len());
            move |rest: &'a [u8]| {
                if size > left {
                    return Err(Malformed::short("msg field", rest, size, BY_SIZE).stop());
                }
                input::up_to(size).map(|data| (id, wire, size, data)).parse(rest)
            }
        });
        consumed(field)
            .map(|(bytes, (id, wire, size, data))| Self {
                id,
                wire,
                size,
                data,
                bytes,
            })
            .parse(input)
    }

    /// Part of the value was not captured.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.data.len() < self.size
    }

    /// The integer of an integer field, in either form.
    #[must_use]
    pub fn uint(&self) -> Option<u64> {
        match self.wire {
            WireType::UINT32 | WireType::OLD_UINT32 => {
                input::whole(input::be_u32("msg field").map(u64::from), self.data)
            }
            WireType::UINT64 | WireType::OLD_UINT64 => input::whole(input::be_u64("msg field"), self.data),
            _ => None,
        }
    }

    /// The integer of a 32-bit field, in either form.
    #[must_use]
    pub fn uint32(&self) -> Option<u32> {
        self.uint().and_then(|value| u32::try_from(value).ok())
    }

    /// The text of a STR (without its NUL) or the bytes of any other field.
    #[must_use]
    pub const fn text(&self) -> &'a [u8] {
        match (self.wire, self.data) {
            (WireType::STR, [text @ .., 0]) => text,
            _ => self.data,
        }
    }

    /// The value in the form that the wire type says.
    ///
    /// # Errors
    /// An integer or array of the wrong size, a STR without NUL, a list that cannot be read. A cut
    /// field ([`MsgField::is_cut`]) gives what is there, and errors only where that is nothing of use.
    pub fn value(&self) -> Result<MsgValue<'a>, Malformed<'a>> {
        let wrong = |by| Malformed::illegal("msg field", self.data, by);
        Ok(match self.wire {
            WireType::UINT32 | WireType::OLD_UINT32 | WireType::UINT64 | WireType::OLD_UINT64 => {
                MsgValue::Uint(
                    self.uint()
                        .ok_or_else(|| wrong("the size is not that of the integer"))?,
                )
            }
            WireType::STR => match self.data {
                [text @ .., 0] => MsgValue::Str(text),
                text if self.is_cut() => MsgValue::Str(text),
                _ => return Err(wrong("a string has no NUL at its end")),
            },
            WireType::ARRAY_UINT32 if self.size % 4 == 0 => MsgValue::Uints(Uints::new(self.data, 4)),
            WireType::ARRAY_UINT64 if self.size % 8 == 0 => MsgValue::Uints(Uints::new(self.data, 8)),
            WireType::ARRAY_UINT32 | WireType::ARRAY_UINT64 => {
                return Err(wrong("the size is no multiple of the element's"));
            }
            WireType::ARRAY_BUF => MsgValue::Array(Array::read(self.data, Elements::Bufs)?),
            WireType::ARRAY_STR => MsgValue::Array(Array::read(self.data, Elements::Strs)?),
            WireType::MSGPACK => MsgValue::List(List::read(self.data)?),
            _ => MsgValue::Buf(self.data),
        })
    }
}

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MsgValue<'a> {
    /// UINT32, UINT64 and their old forms.
    Uint(u64),
    /// STR, without its NUL.
    Str(&'a [u8]),
    /// BUF, and every wire type that nobody knows.
    Buf(&'a [u8]),
    /// ARRAY_UINT32 and ARRAY_UINT64.
    Uints(Uints<'a>),
    /// ARRAY_BUF and ARRAY_STR.
    Array(Array<'a>),
    /// MSGPACK.
    List(List<'a>),
}

/// The fields of a message, one after the other.
///
/// After an error nothing more comes; what is left begins at the error's `at`.
#[derive(Clone, Copy, Debug)]
pub struct MsgFields<'a> {
    rest: &'a [u8],
    promised: usize,
}

impl<'a> MsgFields<'a> {
    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for MsgFields<'a> {
    type Item = Result<MsgField<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match MsgField::read(self.rest, self.promised) {
            Ok((rest, field)) => {
                let used = self.rest.len().saturating_sub(rest.len());
                self.promised = self.promised.saturating_sub(used);
                self.rest = rest;
                Some(Ok(field))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(input::reason(error)))
            }
        }
    }
}

/// Big-endian integers of one width, back to back; a cut last one is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uints<'a> {
    rest: &'a [u8],
    width: usize,
}

impl<'a> Uints<'a> {
    const fn new(data: &'a [u8], width: usize) -> Self {
        Self { rest: data, width }
    }
}

impl<'a> Iterator for Uints<'a> {
    type Item = (&'a [u8], u64);

    fn next(&mut self) -> Option<Self::Item> {
        let element = input::bytes("msg array", "its width", self.width);
        let (rest, element) = element(self.rest).ok()?;
        self.rest = rest;
        let value = element
            .iter()
            .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Some((element, value))
    }
}
