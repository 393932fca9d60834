//! Records as nodes send them to each other.
//!
//! Since 4.5.3 a record travels in its storage format, the [`FlatRecord`]: all little endian, a fixed
//! head and then parts that are there or not. Older servers send a [`pickle`].

pub mod bin;
pub mod parts;
pub mod pickle;

#[cfg(test)]
mod tests;

use core::ops::Range;

use bitflags::bitflags;

use crate::wire::client::digest::{self, Digest};
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::ground::time::{UpdateTime, VoidTime};
use crate::wire::values::particle::ParticleType;
use bin::Bin;
pub use parts::{Part, PartAt, Parts, Why};

const WHAT: &str = "flat record";

/// The first 4 bytes of a flat record, u32 little endian.
pub const MAGIC: u32 = 0x037a_f201;

bitflags! {
    /// Which parts a flat record has.
    ///
    /// Source: internode-protocol 6.1
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RecordFlags: u32 {
        /// The record expires.
        const HAS_VOID_TIME = 1 << 19;
        /// It is in a set.
        const HAS_SET = 1 << 20;
        /// Its key is stored.
        const HAS_KEY = 1 << 21;
        /// It has bins; without, it is a tombstone or a bin cemetery (enterprise).
        const HAS_BINS = 1 << 22;
        /// What follows the bin count is compressed (enterprise).
        const IS_COMPRESSED = 1 << 23;
        /// It was written by XDR (since 4.9).
        const XDR_WRITE = 1 << 24;
        /// A byte of [`ExtraFlags`] follows the head (since 4.9).
        const HAS_EXTRA_FLAGS = 1 << 25;
    }
}

bitflags! {
    /// The byte of flags behind the head.
    ///
    /// Source: internode-protocol 6.1
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ExtraFlags: u8 {
        /// A tombstone of XDR.
        const XDR_TOMBSTONE = 0x01;
        /// A tombstone of XDR, by expiry.
        const XDR_NSUP_TOMBSTONE = 0x02;
        /// A bin cemetery of XDR (since 5.5).
        const XDR_BIN_CEMETERY = 0x04;
        /// A transaction id follows (since 8.0).
        const HAS_MRT_ID = 0x08;
        /// The version before the transaction follows (since 8.0).
        const HAS_MRT_ORIG = 0x10;
    }
}

/// The second word of a flat record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout(pub u32);

impl Layout {
    /// Bits 0 to 18: one less than the number of 16-byte blocks.
    #[must_use]
    pub const fn n_rblocks(self) -> u32 {
        self.0 & 0x7_ffff
    }

    /// What `n_rblocks` must be for a record of that many bytes.
    #[must_use]
    pub const fn n_rblocks_for(length: usize) -> u32 {
        (length.div_ceil(16).saturating_sub(1) & 0x7_ffff) as u32
    }

    /// Bits 19 to 25.
    #[must_use]
    pub const fn flags(self) -> RecordFlags {
        RecordFlags::from_bits_truncate(self.0)
    }

    /// Bits 26 to 31: where the sender's index has the record; of no meaning elsewhere.
    #[must_use]
    pub const fn tree_id(self) -> u8 {
        (self.0 >> 26) as u8
    }
}

/// A record in the storage format, all little endian.
///
/// | offset | width | |
/// |---|---|---|
/// | 0 | 4 | magic |
/// | 4 | 4 | [`Layout`] |
/// | 8 | 20 | digest |
/// | 28 | 5 | last update time, ms since 2010 |
/// | 33 | 2 | generation |
/// | 35 | | the [`parts`] |
///
/// Source: internode-protocol 6.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlatRecord<'a> {
    /// All of the bytes.
    pub bytes: &'a [u8],
    /// Which parts there are, and how many blocks.
    pub layout: Layout,
    /// Digest of the key.
    pub digest: Digest<'a>,
    /// When it was written last.
    pub last_update_time: UpdateTime,
    /// Never 0.
    pub generation: u16,
    optional: &'a [u8],
}

impl<'a> FlatRecord<'a> {
    /// Where the magic stands.
    pub const MAGIC: Range<usize> = 0..4;
    /// Where the layout stands.
    pub const LAYOUT: Range<usize> = 4..8;
    /// Where the digest stands.
    pub const DIGEST: Range<usize> = 8..28;
    /// Where the last update time stands.
    pub const LAST_UPDATE_TIME: Range<usize> = 28..33;
    /// Where the generation stands.
    pub const GENERATION: Range<usize> = 33..35;

    /// The bytes begin with the magic of a flat record.
    #[must_use]
    pub fn is_flat(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC.to_le_bytes())
    }

    /// The digest of what may be a flat record.
    #[must_use]
    pub fn digest_of(bytes: &'a [u8]) -> Option<Digest<'a>> {
        let digest = bytes.get(Self::DIGEST).and_then(Digest::exactly);
        digest.filter(|_| Self::is_flat(bytes))
    }

    /// Reads the head.
    ///
    /// # Errors
    /// Too few bytes, another magic.
    pub fn read(input: &'a [u8]) -> Result<Self, Malformed<'a>> {
        Self::head(input).map(|(_, record)| record).map_err(input::reason)
    }

    fn head(input: &'a [u8]) -> Parse<'a, Self> {
        let (rest, magic) = input::le_u32(WHAT)(input)?;
        if magic != MAGIC {
            return Err(Malformed::illegal(WHAT, input, "the magic is not 0x037af201").stop());
        }
        let (rest, layout) = input::le_u32(WHAT)(rest)?;
        let Some((digest, rest)) = Digest::split(rest) else {
            return Err(Malformed::short(WHAT, rest, digest::LENGTH, "the digest").stop());
        };
        let (rest, last_update_time) = le_u40(WHAT)(rest)?;
        let (rest, generation) = input::le_u16(WHAT)(rest)?;
        let record = Self {
            bytes: input,
            layout: Layout(layout),
            digest,
            last_update_time: UpdateTime(last_update_time),
            generation,
            optional: rest,
        };
        Ok((rest, record))
    }

    /// What follows the head, piece by piece.
    #[must_use]
    pub const fn parts(&self) -> Parts<'a> {
        Parts::new(self.layout.flags(), self.optional)
    }

    /// Name of the set, if it has one that can be read.
    #[must_use]
    pub fn set(&self) -> Option<&'a [u8]> {
        self.parts().flatten().take(4).find_map(|at| match at.part {
            Part::Set(name) => Some(name),
            _ => None,
        })
    }

    /// The stored key's particle type and value, if it has one that can be read.
    #[must_use]
    pub fn key(&self) -> Option<(ParticleType, &'a [u8])> {
        self.parts().flatten().take(4).find_map(|at| match at.part {
            Part::Key { particle, value } => Some((particle, value)),
            _ => None,
        })
    }

    /// When the record expires, if it does.
    #[must_use]
    pub fn void_time(&self) -> Option<VoidTime> {
        self.parts().flatten().take(2).find_map(|at| match at.part {
            Part::VoidTime(time) => Some(time),
            _ => None,
        })
    }

    /// The bins; ends where the record cannot be read further.
    pub fn bins(&self) -> impl Iterator<Item = Bin<'a>> {
        self.parts().flatten().filter_map(|at| match at.part {
            Part::Bin(bin) => Some(bin),
            _ => None,
        })
    }
}

/// An unsigned integer in groups of 7 bits, the most significant first; bit 0x80 says that more follow.
///
/// Source: internode-protocol 6.1
///
/// # Errors
/// Too few bytes, more than 32 bits, a leading group of zeros.
pub fn uintvar<'a>(what: &'static str) -> impl Fn(&'a [u8]) -> Parse<'a, u32> {
    move |input| {
        let illegal = |by| Err(Malformed::illegal(what, input, by).stop());
        let mut value = 0u32;
        let mut rest = input;
        loop {
            let (after, byte) = input::u8(what)(rest)?;
            if byte == 0x80 && value == 0 {
                return illegal("a variable-length integer begins with zeros");
            }
            if value >> 25 != 0 {
                return illegal("a variable-length integer has more than 32 bits");
            }
            value = value << 7 | u32::from(byte & 0x7f);
            rest = after;
            if byte & 0x80 == 0 {
                return Ok((rest, value));
            }
        }
    }
}

/// Five bytes, little endian.
pub(super) fn le_u40<'a>(what: &'static str) -> impl Fn(&'a [u8]) -> Parse<'a, u64> {
    move |input| {
        let (rest, bytes) = input::bytes(what, "its fixed width", 5)(input)?;
        let value = bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Ok((rest, value))
    }
}
