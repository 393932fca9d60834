//! Particle types and the scalar values of bins.

pub mod msgpack;
pub mod order;

use nom::Parser as _;
use nom::combinator::{all_consuming, rest};

use crate::wire::ground::at::At;
use crate::wire::ground::input::{self, Malformed, Parse};

table! {
    /// The type of a value, one byte.
    ///
    /// Source: client-protocol 5.2
    pub ParticleType: u8 {
        0 => NULL,
        1 => INTEGER,
        2 => FLOAT,
        3 => STRING,
        4 => BLOB,
        5 => TIMESTAMP: "up to 4.6, never used",
        7 => JAVA_BLOB: "deprecated",
        8 => CSHARP_BLOB: "deprecated",
        9 => PYTHON_BLOB: "deprecated",
        10 => RUBY_BLOB: "deprecated",
        11 => PHP_BLOB: "deprecated",
        12 => ERLANG_BLOB: "deprecated",
        16 => VECTOR: "since 7.0, no layout known",
        17 => BOOL: "since 5.6",
        18 => HLL: "since 4.9",
        19 => MAP,
        20 => LIST,
        21 => HIDDEN_LIST: "3.x large data types",
        22 => HIDDEN_MAP: "3.x large data types",
        23 => GEOJSON: "since 3.7",
    }
}

/// A bin's value, decoded as far as it is no collection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value: a deleted bin or a nil result.
    Nil,
    /// A signed number of 8 bytes, or an unsigned one of 4, 2 or 1 bytes.
    Integer(i64),
    /// A double.
    Float(f64),
    /// One byte; not 0 is true.
    Bool(bool),
    /// UTF-8 text.
    Text(&'a [u8]),
    /// Raw bytes of any kind of blob.
    Blob(&'a [u8]),
    /// A MessagePack list.
    List(&'a [u8]),
    /// A MessagePack map.
    Map(&'a [u8]),
    /// A GeoJSON value.
    GeoJson(GeoJson<'a>),
    /// A HyperLogLog sketch.
    Hll(Hll<'a>),
    /// A MessagePack operation call: list, map, bit, HLL or expression.
    Call(&'a [u8]),
    /// A type that nobody knows.
    Unknown(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Reads the value of a bin; it fills `bytes`.
    ///
    /// Source: client-protocol 5.2
    ///
    /// # Errors
    /// A length that the type does not allow, or an incomplete GeoJSON or HLL header.
    pub fn parse(kind: ParticleType, bytes: &'a [u8]) -> Result<Self, Malformed<'a>> {
        Ok(match kind {
            ParticleType::NULL if bytes.is_empty() => Self::Nil,
            ParticleType::INTEGER => Self::Integer(integer(bytes)?),
            ParticleType::FLOAT => {
                let double = all_consuming(input::be_f64("float value")).map(Self::Float);
                input::front(
                    input::or_illegal("float value", "a float has 8 bytes", double),
                    bytes,
                )?
            }
            ParticleType::BOOL => {
                let byte = all_consuming(input::u8("bool value")).map(|byte| Self::Bool(byte != 0));
                input::front(input::or_illegal("bool value", "a bool has 1 byte", byte), bytes)?
            }
            ParticleType::STRING => Self::Text(bytes),
            ParticleType::LIST => Self::List(bytes),
            ParticleType::MAP => Self::Map(bytes),
            ParticleType::GEOJSON => Self::GeoJson(input::front(GeoJson::parse, bytes)?),
            ParticleType::HLL => Self::Hll(input::front(Hll::parse, bytes)?),
            ParticleType::BLOB
            | ParticleType::JAVA_BLOB
            | ParticleType::CSHARP_BLOB
            | ParticleType::PYTHON_BLOB
            | ParticleType::RUBY_BLOB
            | ParticleType::PHP_BLOB
            | ParticleType::ERLANG_BLOB
            | ParticleType::VECTOR => Self::Blob(bytes),
            _ => Self::Unknown(bytes),
        })
    }
}

/// An integer of 8 bytes (signed) or of 4, 2 or 1 bytes (zero-extended), big endian.
///
/// Source: client-protocol 5.2
///
/// # Errors
/// Another length.
pub fn integer(bytes: &[u8]) -> Result<i64, Malformed<'_>> {
    const WHAT: &str = "integer value";
    match bytes.len() {
        1 => input::front(input::u8(WHAT).map(i64::from), bytes),
        2 => input::front(input::be_u16(WHAT).map(i64::from), bytes),
        4 => input::front(input::be_u32(WHAT).map(i64::from), bytes),
        8 => input::front(input::be_i64(WHAT), bytes),
        _ => Err(Malformed::illegal(
            WHAT,
            bytes,
            "an integer has 8, 4, 2 or 1 bytes",
        )),
    }
}

/// A GeoJSON bin: u8 flags, u16 number of cells, cells of u64 (S2 cell ids), all big endian; then JSON text.
///
/// Inside lists and maps a GeoJSON value has no such header.
///
/// Source: client-protocol 5.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeoJson<'a> {
    /// Bit 0: a region and not a point.
    pub flags: u8,
    /// Number of cells: 0 in requests.
    pub n_cells: u16,
    /// The cells, 8 bytes each.
    pub cells: &'a [u8],
    /// The JSON text.
    pub json: &'a [u8],
}

impl<'a> GeoJson<'a> {
    /// Reads the header and the cells; the text is the rest.
    ///
    /// # Errors
    /// Fewer bytes than the header or the number of cells asks for.
    pub fn parse(bytes: &'a [u8]) -> Parse<'a, Self> {
        let cells = |n_cells: u16| {
            let width = usize::from(n_cells).saturating_mul(8);
            input::bytes("GeoJSON cells", "number of cells", width).map(move |cells| (n_cells, cells))
        };
        let n_cells = input::be_u16("GeoJSON number of cells");
        (input::u8("GeoJSON flags"), n_cells.flat_map(cells), rest)
            .map(|(flags, (n_cells, cells), json)| Self {
                flags,
                n_cells,
                cells,
                json,
            })
            .parse(bytes)
    }

    /// The server's mark of a region.
    #[must_use]
    pub const fn is_region(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The S2 cell ids, each with its 8 bytes.
    pub fn cells(&self) -> impl Iterator<Item = At<'a, u64>> {
        input::each(input::be_u64("GeoJSON cell"), self.cells)
    }
}

/// A HyperLogLog bin: u8 flags, u8 index bits, u8 minhash bits, u64 cached count (little endian), registers.
///
/// Source: client-protocol 5.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hll<'a> {
    /// 0.
    pub flags: u8,
    /// 4..16.
    pub n_index_bits: u8,
    /// 0, or 4..51.
    pub n_minhash_bits: u8,
    /// The cached count; 0 if it was not computed.
    pub cached_count: u64,
    /// The bit-packed registers.
    pub registers: &'a [u8],
}

/// Place of the cached count in an HLL value.
pub const HLL_COUNT_AT: core::ops::Range<usize> = 3..11;

impl<'a> Hll<'a> {
    /// Reads the header; the registers are the rest.
    ///
    /// # Errors
    /// Fewer than 11 bytes.
    pub fn parse(bytes: &'a [u8]) -> Parse<'a, Self> {
        let hll = (
            input::u8("HLL flags"),
            input::u8("HLL index bits"),
            input::u8("HLL minhash bits"),
            input::le_u64("HLL cached count"),
            rest,
        );
        hll.map(
            |(flags, n_index_bits, n_minhash_bits, cached_count, registers)| Self {
                flags,
                n_index_bits,
                n_minhash_bits,
                cached_count,
                registers,
            },
        )
        .parse(bytes)
    }

    /// The length that the registers should have by the two numbers of bits, if these are legal.
    #[must_use]
    pub const fn expected_registers(&self) -> Option<usize> {
        if self.n_index_bits < 4 || self.n_index_bits > 16 || self.n_minhash_bits > 51 {
            return None;
        }
        let bits =
            (1usize << self.n_index_bits).saturating_mul((self.n_minhash_bits as usize).saturating_add(6));
        Some(bits.div_ceil(8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_integers_are_zero_extended() {
        assert_eq!(integer(&[0xff]), Ok(255));
        assert_eq!(integer(&[0xff; 2]), Ok(65535));
        assert_eq!(integer(&[0xff; 4]), Ok(0xffff_ffff));
        assert_eq!(integer(&[0xff; 8]), Ok(-1));
        for wrong in [0, 3, 5, 7, 9, 16] {
            assert!(integer(&[0u8; 16][..wrong]).is_err());
        }
    }

    #[test]
    fn scalars() {
        let value = |kind, bytes| Value::parse(kind, bytes).unwrap();
        assert_eq!(value(ParticleType::NULL, b""), Value::Nil);
        assert_eq!(
            value(ParticleType::FLOAT, b"\x40\x0e\0\0\0\0\0\0"),
            Value::Float(3.75)
        );
        assert_eq!(value(ParticleType::BOOL, b"\x01"), Value::Bool(true));
        assert_eq!(value(ParticleType::STRING, b"Shakthi"), Value::Text(b"Shakthi"));
        assert_eq!(value(ParticleType(200), b"x"), Value::Unknown(b"x"));
        assert!(Value::parse(ParticleType::BOOL, b"").is_err());
        assert!(Value::parse(ParticleType::FLOAT, b"\0\0\0\0").is_err());
    }

    #[test]
    fn geojson_with_a_cell() {
        // 17.23
        let bytes = b"\0\0\x01\x80\x8e\x17\xb6\xa4\xf2\xd4\x51{}";
        let (_, geo) = GeoJson::parse(bytes).unwrap();
        assert!(!geo.is_region());
        assert_eq!(geo.cells().next().unwrap().value, 0x808e_17b6_a4f2_d451);
        assert_eq!(geo.json, b"{}");
        for cut in 0..11 {
            assert!(GeoJson::parse(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn the_cached_count_of_an_hll_is_little_endian() {
        let (_, hll) = Hll::parse(b"\0\x04\0\x07\0\0\0\0\0\0\0............").unwrap();
        assert_eq!((hll.n_index_bits, hll.cached_count), (4, 7));
        assert_eq!(hll.expected_registers(), Some(12));
        assert_eq!(hll.registers.len(), 12);
    }

    proptest! {
        #[test]
        fn no_value_panics(kind: u8, bytes: Vec<u8>) {
            let _ = Value::parse(ParticleType(kind), &bytes);
        }
    }
}
