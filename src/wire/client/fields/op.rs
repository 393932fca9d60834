//! Operations (bins) of a message.

use core::ops::Range;

use bitflags::bitflags;
use nom::Parser as _;
use nom::combinator::{cond, consumed, rest};

use crate::wire::client::proto::Order;
use crate::wire::ground::at::At;
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::values::particle::{ParticleType, Value};

/// Place of `op_sz` in an operation.
pub const SIZE_AT: Range<usize> = 0..4;
/// Place of the op code.
pub const CODE_AT: Range<usize> = 4..5;
/// Place of the particle type.
pub const PARTICLE_AT: Range<usize> = 5..6;
/// Place of the flags.
pub const FLAGS_AT: Range<usize> = 6..7;
/// Place of the length of the bin name.
pub const NAME_SIZE_AT: Range<usize> = 7..8;

table! {
    /// What an operation does, one byte.
    ///
    /// Source: client-protocol 5.1
    pub OpCode: u8 {
        1 => READ,
        2 => WRITE,
        3 => CDT_READ: "since 3.6; before: WRITE_UNIQUE",
        4 => CDT_MODIFY: "since 3.6; before: WRITE_NOW",
        5 => INCR,
        6 => APPEND_SEGMENT: "up to 3.5",
        7 => EXP_READ: "since 5.6; up to 3.5: APPEND_SEGMENT_EXT",
        8 => EXP_MODIFY: "since 5.6; up to 3.5: APPEND_SEGMENT_QUERY",
        9 => APPEND,
        10 => PREPEND,
        11 => TOUCH,
        12 => BITS_READ: "since 4.6",
        13 => BITS_MODIFY: "since 4.6",
        14 => DELETE_ALL: "since 4.7",
        15 => HLL_READ: "since 4.9",
        16 => HLL_MODIFY: "since 4.9",
        17 => STRING_READ: "only in C client 7.5",
        18 => STRING_MODIFY: "only in C client 7.5",
        19 => TO_STRING: "only in C client 7.5",
        129 => MC_INCR: "up to 4.5.2",
        130 => MC_APPEND: "up to 4.5.2",
        131 => MC_PREPEND: "up to 4.5.2",
        132 => MC_TOUCH: "up to 4.5.2",
    }
}

impl OpCode {
    /// Whether the operation is READ, which brings back a whole bin.
    #[must_use]
    pub const fn is_plain_read(self) -> bool {
        matches!(self, Self::READ)
    }

    /// Whether the operation only writes a plain value: what a client's put, add or append sends.
    #[must_use]
    pub const fn is_plain_write(self) -> bool {
        matches!(
            self,
            Self::WRITE
                | Self::INCR
                | Self::APPEND
                | Self::PREPEND
                | Self::MC_INCR
                | Self::MC_APPEND
                | Self::MC_PREPEND
        )
    }

    /// Whether doing the operation twice can differ from doing it once: it builds on the value that is there.
    #[must_use]
    pub const fn counts_twice(self) -> bool {
        matches!(
            self,
            Self::INCR
                | Self::APPEND
                | Self::PREPEND
                | Self::CDT_MODIFY
                | Self::BITS_MODIFY
                | Self::EXP_MODIFY
                | Self::STRING_MODIFY
                | Self::MC_INCR
                | Self::MC_APPEND
                | Self::MC_PREPEND
        )
    }

    /// Whether the operation's value in a request is a MessagePack call (whatever the particle type says).
    ///
    /// Source: client-protocol 5
    #[must_use]
    pub const fn takes_call(self) -> bool {
        matches!(
            self,
            Self::CDT_READ
                | Self::CDT_MODIFY
                | Self::EXP_READ
                | Self::EXP_MODIFY
                | Self::BITS_READ
                | Self::BITS_MODIFY
                | Self::HLL_READ
                | Self::HLL_MODIFY
                | Self::STRING_READ
                | Self::STRING_MODIFY
                | Self::TO_STRING
        )
    }
}

bitflags! {
    /// The byte after the particle type.
    ///
    /// Source: client-protocol 5
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OpFlags: u8 {
        /// Eight bytes of last-update time follow the name (since 5.4, XDR).
        const HAS_LUT = 0x01;
        const _ = !0;
    }
}

/// One operation: u32 size, u8 op code, u8 particle type, u8 flags, u8 name length, name, \[u64 LUT\], value.
///
/// Source: client-protocol 5
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op<'a> {
    /// The whole operation.
    pub bytes: &'a [u8],
    /// `op_sz`: the bytes after it.
    pub size: u32,
    /// What to do (in responses: what produced the value).
    pub code: OpCode,
    /// Type of the value; BLOB for calls in requests.
    pub particle: ParticleType,
    /// Whether a last-update time is there.
    pub flags: OpFlags,
    /// The bin's name; empty for operations on the whole record.
    pub name: &'a [u8],
    /// Last-update time, milliseconds since 2010.
    pub lut: Option<At<'a, u64>>,
    /// The value's bytes.
    pub value: &'a [u8],
}

impl<'a> Op<'a> {
    /// Reads one operation.
    ///
    /// # Errors
    /// A size that the bytes left or the operation's own header and name do not fit.
    pub fn parse(order: Order, input: &'a [u8]) -> Parse<'a, Self> {
        let content = |size: u32| {
            let head = (
                input::u8("op code").map(OpCode),
                input::u8("op particle type").map(ParticleType),
                input::u8("op flags").map(OpFlags::from_bits_retain),
                input::sized_bytes("bin name", "name_sz", input::u8("op name_sz")),
            );
            let whole = head.flat_map(move |(code, particle, flags, name)| {
                let lut = cond(
                    flags.contains(OpFlags::HAS_LUT),
                    input::with_bytes(order.u64("op lut")),
                );
                (lut, rest).map(move |(lut, value)| Self {
                    bytes: input,
                    size,
                    code,
                    particle,
                    flags,
                    name,
                    lut,
                    value,
                })
            });
            input::bytes("op", "op_sz", size as usize).and_then(whole)
        };
        consumed(order.u32("op_sz").flat_map(content))
            .map(|(bytes, op)| Self { bytes, ..op })
            .parse(input)
    }

    /// The value as a bin's content: what responses and plain writes carry.
    ///
    /// # Errors
    /// As [`Value::parse`].
    pub fn content(&self) -> Result<Value<'a>, Malformed<'a>> {
        match (self.code, self.value.get(..8)) {
            // Up to 4.5.2 memcache increments could use 16 bytes; the first 8 count.
            (OpCode::MC_INCR, Some(first)) => Value::parse(self.particle, first),
            _ => Value::parse(self.particle, self.value),
        }
    }

    /// Whether the value of this operation of a request is a call.
    #[must_use]
    pub const fn has_call(&self) -> bool {
        self.code.takes_call() && !self.value.is_empty()
    }

    /// The value as a request's argument: a call where the op code takes one.
    ///
    /// # Errors
    /// As [`Value::parse`].
    pub fn argument(&self) -> Result<Value<'a>, Malformed<'a>> {
        if self.has_call() {
            Ok(Value::Call(self.value))
        } else {
            self.content()
        }
    }
}

/// The operations of a message or batch row, one after the other; ends at the first error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ops<'a> {
    order: Order,
    left: u16,
    rest: &'a [u8],
}

impl<'a> Ops<'a> {
    /// `count` operations at the start of `rest`.
    #[must_use]
    pub const fn new(order: Order, count: u16, rest: &'a [u8]) -> Self {
        Self {
            order,
            left: count,
            rest,
        }
    }

    /// What follows the operations read so far; after the last one: what follows the message.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Ops<'a> {
    type Item = Result<Op<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match Op::parse(self.order, self.rest) {
            Ok((rest, op)) => {
                self.rest = rest;
                Some(Ok(op))
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
    use proptest::prelude::*;

    const WRITE: &[u8] = b"\0\0\0\x0f\x02\x01\0\x03age\0\0\0\0\0\0\0\x25";

    #[test]
    fn a_write_of_an_integer() {
        // 17.3
        let (rest, op) = Op::parse(Order::Big, WRITE).unwrap();
        assert!(rest.is_empty());
        assert_eq!(op.bytes, WRITE);
        assert_eq!(
            (op.code, op.particle, op.name),
            (OpCode::WRITE, ParticleType::INTEGER, &b"age"[..])
        );
        assert_eq!(op.content(), Ok(Value::Integer(37)));
        for cut in 0..WRITE.len() {
            assert!(Op::parse(Order::Big, &WRITE[..cut]).is_err());
        }
    }

    #[test]
    fn a_lut_stands_between_name_and_value() {
        let bytes = b"\0\0\0\x0e\x02\x03\x01\x01b\0\0\0\0\0\0\0\x09v";
        let (_, op) = Op::parse(Order::Big, bytes).unwrap();
        assert_eq!(op.lut.map(|lut| lut.value), Some(9));
        assert_eq!(op.value, b"v");
        let little = b"\x0e\0\0\0\x02\x03\x01\x01b\x09\0\0\0\0\0\0\0v";
        let (_, op) = Op::parse(Order::Little, little).unwrap();
        assert_eq!(op.lut.map(|lut| lut.value), Some(9));
    }

    #[test]
    fn a_name_longer_than_the_operation_is_an_error() {
        let error = input::reason(Op::parse(Order::Big, b"\0\0\0\x05\x02\x01\0\x03a").unwrap_err());
        assert_eq!(error.to_string(), "bin name: name_sz needs 3 bytes, 1 left");
        assert!(Op::parse(Order::Big, b"\0\0\0\x03\x02\x01\0\x03a").is_err());
    }

    #[test]
    fn calls_are_arguments_and_not_contents() {
        let (_, op) = Op::parse(Order::Big, b"\0\0\0\x08\x03\x04\0\x01l\x91\x10\0").unwrap();
        assert_eq!(op.argument(), Ok(Value::Call(b"\x91\x10\0")));
        assert_eq!(op.content(), Ok(Value::Blob(b"\x91\x10\0")));
    }

    proptest! {
        #[test]
        fn ops_progress_and_end(count: u16, bytes: Vec<u8>) {
            let mut ops = Ops::new(Order::Big, count, &bytes);
            let n = ops.by_ref().count();
            prop_assert!(n <= bytes.len() / 8 + 1);
            prop_assert!(ops.next().is_none());
        }
    }
}
