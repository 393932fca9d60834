//! Bins of a flat record.

use core::ops::Range;

use bitflags::bitflags;

use nom::Parser as _;
use nom::combinator::rest;

use super::layout::{Why, le_u40};
use crate::wire::ground::at::before;
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::ground::time::UpdateTime;
use crate::wire::values::particle::ParticleType;

const WHAT: &str = "bin";

/// The longest name of a bin.
const MAX_NAME: u8 = 15;

bitflags! {
    /// The byte of flags before a bin's particle; bit 0x80, which tells it from a particle type, is not
    /// among them.
    ///
    /// Source: internode-protocol 6.2
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BinFlags: u8 {
        /// 5 bytes of last update time follow.
        const HAS_LUT = 0x01;
        /// A source id follows (since 5.4, enterprise).
        const HAS_SRC_ID = 0x02;
        /// The bin was written by XDR.
        const XDR_WRITE = 0x20;
        /// Reserved.
        const RESERVED = 0x40;
    }
}

/// A bin.
///
/// | width | | |
/// |---|---|---|
/// | 1 | | length of the name, 0 to 15 |
/// | n | | name |
/// | 1 | | flags, if bit 0x80 is set (since 5.2) |
/// | 5 | little endian | last update time, if the flags say so |
/// | 1 | | particle type |
/// | | | value |
///
/// Source: internode-protocol 6.2
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin<'a> {
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// Its name.
    pub name: &'a [u8],
    /// Flags, if it has any.
    pub flags: Option<BinFlags>,
    /// When it was written last, if it has a time of its own.
    pub last_update_time: Option<UpdateTime>,
    /// Particle type.
    pub particle: ParticleType,
    /// Particle type, size and value.
    pub particle_bytes: &'a [u8],
    /// The value.
    pub value: BinValue<'a>,
}

/// The value of a bin in a flat record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BinValue<'a> {
    /// INTEGER: u8 size (1, 2, 4 or 8), then the value; shorter ones are zero-extended.
    Integer(i64),
    /// FLOAT: 8 bytes.
    Float(f64),
    /// BOOL: 1 byte.
    Bool(bool),
    /// STRING, BLOB, the language blobs, VECTOR and HLL: u32 size, then the bytes.
    Bytes(&'a [u8]),
    /// MAP and LIST: u32 size, then msgpack in the form that is stored.
    Msgpack(&'a [u8]),
    /// GEOJSON: u32 size of all that follows: [`Geo`].
    Geo(Geo<'a>),
}

/// The value of a GEOJSON bin.
///
/// | offset | width | |
/// |---|---|---|
/// | 0 | 1 | flags |
/// | 1 | 2 | number of cells |
/// | 3 | 8 each | cell ids |
/// | | | the JSON text |
///
/// Source: internode-protocol 6.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geo<'a> {
    /// Flags.
    pub flags: u8,
    /// Number of cells.
    pub count: u16,
    /// The cell ids, each u64 little endian.
    pub cells: &'a [u8],
    /// The text.
    pub json: &'a [u8],
}

impl<'a> Geo<'a> {
    /// Where the flags stand in the value.
    pub const FLAGS: Range<usize> = 0..1;
    /// Where the number of cells stands in the value.
    pub const COUNT: Range<usize> = 1..3;

    fn read(input: &'a [u8]) -> Parse<'a, Self> {
        const WHAT: &str = "GEOJSON bin";
        let cells = |count: u16| {
            let size = usize::from(count).saturating_mul(8);
            input::bytes(WHAT, "its number of cells", size).map(move |cells| (count, cells))
        };
        (input::u8(WHAT), input::le_u16(WHAT).flat_map(cells), rest)
            .map(|(flags, (count, cells), json)| Self {
                flags,
                count,
                cells,
                json,
            })
            .parse(input)
    }
}

impl<'a> Bin<'a> {
    /// Reads a bin; inside, why it cannot be read though nothing is wrong with it.
    ///
    /// # Errors
    /// Too few bytes, a name of more than 15, an integer of an odd size.
    pub fn read(input: &'a [u8]) -> Parse<'a, Result<Self, Why>> {
        let is_legal = |length: &u8| *length <= MAX_NAME;
        let length = input::legal(
            WHAT,
            "the name is longer than 15 bytes",
            input::u8(WHAT),
            is_legal,
        );
        let (rest, name) = input::sized_bytes(WHAT, "the length of its name", length).parse(input)?;
        let (after, first) = input::u8(WHAT)(rest)?;
        let mut rest = rest;
        let mut flags = None;
        let mut last_update_time = None;
        if first & 0x80 != 0 {
            let bits = BinFlags::from_bits_retain(first & 0x7f);
            if !BinFlags::all().contains(bits) {
                return Ok((&[], Err(Why::Flags)));
            }
            rest = after;
            if bits.contains(BinFlags::HAS_LUT) {
                let (after, time) = le_u40(WHAT).map(UpdateTime).parse(rest)?;
                last_update_time = Some(time);
                rest = after;
            }
            if bits.contains(BinFlags::HAS_SRC_ID) {
                return Ok((&[], Err(Why::SourceId)));
            }
            flags = Some(bits);
        }
        let start = rest;
        let (rest, particle) = input::u8(WHAT).map(ParticleType).parse(rest)?;
        let Some((rest, value)) = value(particle, rest)? else {
            return Ok((&[], Err(Why::Particle)));
        };
        let bin = Self {
            bytes: before(input, rest),
            name,
            flags,
            last_update_time,
            particle,
            particle_bytes: before(start, rest),
            value,
        };
        Ok((rest, Ok(bin)))
    }
}

/// The value behind a particle type, or `None` for a type that nobody knows.
fn value(
    particle: ParticleType,
    input: &[u8],
) -> Result<Option<(&[u8], BinValue<'_>)>, nom::Err<Malformed<'_>>> {
    Ok(Some(match particle {
        ParticleType::INTEGER => integer(input)?,
        ParticleType::FLOAT => input::le_f64(WHAT).map(BinValue::Float).parse(input)?,
        ParticleType::BOOL => input::u8(WHAT)
            .map(|byte| BinValue::Bool(byte != 0))
            .parse(input)?,
        ParticleType::STRING
        | ParticleType::BLOB
        | ParticleType::VECTOR
        | ParticleType::HLL
        | ParticleType(7..=12) => sized_value.map(BinValue::Bytes).parse(input)?,
        ParticleType::MAP | ParticleType::LIST => sized_value.map(BinValue::Msgpack).parse(input)?,
        ParticleType::GEOJSON => sized_value.and_then(Geo::read).map(BinValue::Geo).parse(input)?,
        _ => return Ok(None),
    }))
}

/// u8 size, then so many bytes; less than 8 are never negative.
fn integer(input: &[u8]) -> Parse<'_, BinValue<'_>> {
    let is_legal = |size: &u8| matches!(size, 1 | 2 | 4 | 8);
    let value = |data: &[u8]| {
        let low_last = data.iter().rev();
        let value = low_last.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        BinValue::Integer(i64::from_le_bytes(value.to_le_bytes()))
    };
    let size = input::legal(
        WHAT,
        "the size of an integer is not 1, 2, 4 or 8",
        input::u8(WHAT),
        is_legal,
    );
    input::sized_bytes(WHAT, "the size of its integer", size)
        .map(value)
        .parse(input)
}

/// u32 little-endian size, then so many bytes.
fn sized_value(input: &[u8]) -> Parse<'_, &[u8]> {
    input::sized_bytes(WHAT, "the size of its value", input::le_u32(WHAT)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Bin<'_> {
        let (rest, bin) = Bin::read(bytes).unwrap();
        assert!(rest.is_empty());
        bin.unwrap()
    }

    #[test]
    fn integers_are_zero_extended_but_for_8_bytes() {
        for (bytes, value) in [
            (&[1, 0xff][..], 255),
            (&[2, 0, 0x80], 0x8000),
            (&[4, 0xff, 0xff, 0xff, 0xff], u32::MAX.into()),
            (&[8, 0xfe, 255, 255, 255, 255, 255, 255, 255], -2),
        ] {
            let bytes = [&[1, b'i', 1], bytes].concat();
            assert_eq!(read(&bytes).value, BinValue::Integer(value));
        }
        assert!(Bin::read(&[1, b'i', 1, 3, 0, 0, 0]).is_err());
    }

    #[test]
    fn the_other_types() {
        assert_eq!(read(b"\x01d\x02\0\0\0\0\0\0\x04\x40").value, BinValue::Float(2.5));
        assert_eq!(read(b"\x01b\x11\x01").value, BinValue::Bool(true));
        let bytes = b"\x01s\x03\x02\0\0\0ab";
        let bin = read(bytes);
        assert_eq!(bin.value, BinValue::Bytes(b"ab"));
        assert_eq!((bin.name, bin.bytes), (&b"s"[..], &bytes[..]));
        assert_eq!(bin.particle_bytes, &bytes[2..]);
        assert_eq!(read(b"\x01l\x14\x01\0\0\0\x90").value, BinValue::Msgpack(&[0x90]));
        assert_eq!(read(b"\0\x04\0\0\0\0").name, b"", "a single-bin namespace");
    }

    #[test]
    fn geojson_has_cells_before_its_text() {
        let bin = read(b"\x01g\x17\x0d\0\0\0\x07\x01\0\x01\0\0\0\0\0\0\0{}");
        let BinValue::Geo(geo) = bin.value else { panic!() };
        assert_eq!((geo.flags, geo.count, geo.json), (7, 1, &b"{}"[..]));
        assert_eq!(geo.cells.len(), 8);
        let error = Bin::read(b"\x01g\x17\x03\0\0\0\0\x01\0").unwrap_err();
        assert_eq!(input::reason(error).by, "its number of cells");
    }

    #[test]
    fn metadata_before_the_particle() {
        let bin = read(b"\x01i\xa1\x01\0\0\0\x80\x01\x01\x05");
        assert_eq!(bin.flags, Some(BinFlags::HAS_LUT | BinFlags::XDR_WRITE));
        assert_eq!(bin.last_update_time, Some(UpdateTime(0x80_0000_0001)));
        assert_eq!(bin.value, BinValue::Integer(5));
        assert_eq!(
            Bin::read(b"\x01i\x82\0\x01\x01\x05").unwrap().1,
            Err(Why::SourceId)
        );
        assert_eq!(Bin::read(b"\x01i\x84\x01\x01\x05").unwrap().1, Err(Why::Flags));
        assert_eq!(Bin::read(b"\x01i\x63\x01\x01\x05").unwrap().1, Err(Why::Particle));
    }

    #[test]
    fn a_name_is_no_longer_than_15() {
        assert!(Bin::read(&[16; 40]).is_err());
    }
}
