//! Which parts a flat record has, and the integers that they are written with.

use core::fmt;

use bitflags::bitflags;
use nom::Parser as _;

use crate::wire::ground::input::{self, Malformed, Parse};

pub(super) const WHAT: &str = "flat record";

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

/// Why a flat record cannot be read further, though nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Data of a multi-record transaction comes next (enterprise).
    Transaction,
    /// The bins are compressed (enterprise).
    Compressed,
    /// A bin has a source id (enterprise).
    SourceId,
    /// Flags that no known version sets.
    Flags,
    /// A particle type that no known version stores.
    Particle,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transaction => "data of a multi-record transaction",
            Self::Compressed => "compressed bins",
            Self::SourceId => "a bin with a source id",
            Self::Flags => "unknown flags",
            Self::Particle => "an unknown particle type",
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
    let value = |bytes: &[u8]| {
        let low_last = bytes.iter().rev();
        low_last.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    move |input| input::bytes(what, "its fixed width", 5).map(value).parse(input)
}
