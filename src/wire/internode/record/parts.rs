//! What follows the head of a flat record: optional parts, then the bins.

use nom::Parser as _;

use super::bin::Bin;
use super::layout::{ExtraFlags, RecordFlags, WHAT, Why, uintvar};
use crate::wire::ground::at::before;
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::ground::time::VoidTime;
use crate::wire::values::particle::ParticleType;

/// One of the parts behind the head of a flat record, in the order of the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RecordPart<'a> {
    /// 1 byte, if the layout says so.
    ExtraFlags(ExtraFlags),
    /// 4 bytes: seconds since 2010.
    VoidTime(VoidTime),
    /// 1 byte length (1 to 63), then the name.
    Set(&'a [u8]),
    /// uintvar size, then particle type and value.
    Key {
        /// Particle type.
        particle: ParticleType,
        /// The value in the form of a stored key.
        value: &'a [u8],
    },
    /// uintvar: number of bins.
    BinCount(u32),
    /// A bin.
    Bin(Bin<'a>),
    /// Up to 15 bytes behind the last bin, of servers before 6.0.
    Padding,
    /// All the rest, which cannot be read for that reason.
    Opaque(Why),
}

/// A part and all of its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartAt<'a> {
    /// What it is.
    pub part: RecordPart<'a>,
    /// All of its bytes, lengths included.
    pub bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    ExtraFlags,
    VoidTime,
    Set,
    Key,
    BinCount,
    Bins(u32),
    Padding,
    Opaque(Why),
    End,
}

/// The parts of a flat record. After an error or [`RecordPart::Opaque`] nothing more comes.
#[derive(Clone, Copy, Debug)]
pub struct RecordParts<'a> {
    rest: &'a [u8],
    flags: RecordFlags,
    next: Next,
}

impl<'a> RecordParts<'a> {
    pub(super) const fn new(flags: RecordFlags, rest: &'a [u8]) -> Self {
        Self {
            rest,
            flags,
            next: Next::ExtraFlags,
        }
    }

    /// The rest as one part.
    fn opaque(&mut self, why: Why) -> Parse<'a, RecordPart<'a>> {
        self.next = Next::End;
        Ok((&[], RecordPart::Opaque(why)))
    }

    /// What the extra flags announce between them and the void time, if that cannot be read.
    fn after_extra_flags(&mut self, flags: ExtraFlags) {
        if flags.intersects(ExtraFlags::HAS_MRT_ID | ExtraFlags::HAS_MRT_ORIG) {
            self.next = Next::Opaque(Why::Transaction);
        } else if !ExtraFlags::all().contains(flags) {
            self.next = Next::Opaque(Why::Flags);
        }
    }

    /// The part that is due, or `None` if the record does not have it.
    fn due(&mut self) -> Option<Parse<'a, RecordPart<'a>>> {
        let rest = self.rest;
        let flags = self.flags;
        let has = |flag| flags.contains(flag);
        match self.next {
            Next::ExtraFlags => {
                self.next = Next::VoidTime;
                let part = |bits| RecordPart::ExtraFlags(ExtraFlags::from_bits_retain(bits));
                has(RecordFlags::HAS_EXTRA_FLAGS).then(|| input::u8(WHAT).map(part).parse(rest))
            }
            Next::VoidTime => {
                self.next = Next::Set;
                let part = |time| RecordPart::VoidTime(VoidTime(time));
                has(RecordFlags::HAS_VOID_TIME).then(|| input::le_u32(WHAT).map(part).parse(rest))
            }
            Next::Set => {
                self.next = Next::Key;
                has(RecordFlags::HAS_SET).then(|| set(rest))
            }
            Next::Key => {
                self.next = Next::BinCount;
                has(RecordFlags::HAS_KEY).then(|| key(rest))
            }
            Next::BinCount => {
                self.next = Next::Padding;
                has(RecordFlags::HAS_BINS).then(|| {
                    let (rest, count) = uintvar(WHAT)(rest)?;
                    self.next = Next::Bins(count);
                    Ok((rest, RecordPart::BinCount(count)))
                })
            }
            Next::Bins(0) => {
                self.next = Next::Padding;
                None
            }
            Next::Bins(_) if has(RecordFlags::IS_COMPRESSED) => Some(self.opaque(Why::Compressed)),
            Next::Bins(left) => {
                self.next = Next::Bins(left.saturating_sub(1));
                Some(match Bin::read(rest) {
                    Ok((rest, Ok(bin))) => Ok((rest, RecordPart::Bin(bin))),
                    Ok((_, Err(why))) => self.opaque(why),
                    Err(error) => Err(error),
                })
            }
            Next::Opaque(why) => Some(self.opaque(why)),
            Next::Padding | Next::End => {
                self.next = Next::End;
                (!rest.is_empty()).then(|| match rest.len() {
                    0..=15 => Ok((&[][..], RecordPart::Padding)),
                    _ => Err(Malformed::illegal(WHAT, rest, "more than 15 bytes follow the last bin").stop()),
                })
            }
        }
    }
}

impl<'a> Iterator for RecordParts<'a> {
    type Item = Result<PartAt<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.next != Next::End {
            let Some(due) = self.due() else {
                continue;
            };
            return Some(match due {
                Ok((rest, part)) => {
                    let bytes = before(self.rest, rest);
                    self.rest = rest;
                    if let RecordPart::ExtraFlags(flags) = part {
                        self.after_extra_flags(flags);
                    }
                    Ok(PartAt { part, bytes })
                }
                Err(error) => {
                    self.next = Next::End;
                    Err(input::reason(error))
                }
            });
        }
        None
    }
}

/// u8 length (1 to 63), then the name.
fn set(input: &[u8]) -> Parse<'_, RecordPart<'_>> {
    const WHAT: &str = "set name";
    let is_legal = |length: &u8| (1..=63).contains(length);
    let length = input::legal(WHAT, "the length is none of 1 to 63", input::u8(WHAT), is_legal);
    input::sized_bytes(WHAT, "its length", length)
        .map(RecordPart::Set)
        .parse(input)
}

/// uintvar size, then a particle type byte and the value.
fn key(input: &[u8]) -> Parse<'_, RecordPart<'_>> {
    const WHAT: &str = "stored key";
    let (rest, key) = input::sized_bytes(WHAT, "its size", uintvar(WHAT)).parse(input)?;
    match *key {
        [particle, ref value @ ..] => {
            let particle = ParticleType(particle);
            Ok((rest, RecordPart::Key { particle, value }))
        }
        [] => Err(Malformed::illegal(WHAT, input, "the size is 0").stop()),
    }
}
