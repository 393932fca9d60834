//! Records as nodes send them to each other.
//!
//! Since 4.5.3 a record travels in its storage format, the [`FlatRecord`]: all little endian, a fixed
//! head and then parts that are there or not. Older servers send a [`pickle`].

pub mod bin;
pub mod layout;
pub mod parts;
pub mod pickle;

#[cfg(test)]
mod tests;

use core::ops::Range;

use nom::Parser as _;
use nom::combinator::rest;

use crate::wire::client::fields::digest::Digest;
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::ground::time::{UpdateTime, VoidTime};
use crate::wire::values::particle::ParticleType;
use bin::Bin;
pub use layout::{ExtraFlags, Layout, RecordFlags, Why, uintvar};
use layout::{WHAT, le_u40};
pub use parts::{PartAt, RecordPart, RecordParts};

/// The first 4 bytes of a flat record, u32 little endian.
pub const MAGIC: u32 = 0x037a_f201;

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
        input::front(Self::head, input)
    }

    fn head(input: &'a [u8]) -> Parse<'a, Self> {
        let magic = |magic: &u32| *magic == MAGIC;
        let head = (
            input::legal(WHAT, "the magic is not 0x037af201", input::le_u32(WHAT), magic),
            input::le_u32(WHAT).map(Layout),
            input::array(WHAT, "the digest").map(Digest),
            le_u40(WHAT).map(UpdateTime),
            input::le_u16(WHAT),
            rest,
        );
        head.map(
            |(_, layout, digest, last_update_time, generation, optional)| Self {
                bytes: input,
                layout,
                digest,
                last_update_time,
                generation,
                optional,
            },
        )
        .parse(input)
    }

    /// What follows the head, piece by piece.
    #[must_use]
    pub const fn parts(&self) -> RecordParts<'a> {
        RecordParts::new(self.layout.flags(), self.optional)
    }

    /// Name of the set, if it has one that can be read.
    #[must_use]
    pub fn set(&self) -> Option<&'a [u8]> {
        self.parts().flatten().take(4).find_map(|at| match at.part {
            RecordPart::Set(name) => Some(name),
            _ => None,
        })
    }

    /// The stored key's particle type and value, if it has one that can be read.
    #[must_use]
    pub fn key(&self) -> Option<(ParticleType, &'a [u8])> {
        self.parts().flatten().take(4).find_map(|at| match at.part {
            RecordPart::Key { particle, value } => Some((particle, value)),
            _ => None,
        })
    }

    /// When the record expires, if it does.
    #[must_use]
    pub fn void_time(&self) -> Option<VoidTime> {
        self.parts().flatten().take(2).find_map(|at| match at.part {
            RecordPart::VoidTime(time) => Some(time),
            _ => None,
        })
    }

    /// The bins; ends where the record cannot be read further.
    pub fn bins(&self) -> impl Iterator<Item = Bin<'a>> {
        self.parts().flatten().filter_map(|at| match at.part {
            RecordPart::Bin(bin) => Some(bin),
            _ => None,
        })
    }
}
