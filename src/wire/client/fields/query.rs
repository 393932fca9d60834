//! The data of fields that only scans, queries and UDF jobs carry.

use bitflags::bitflags;
use nom::Parser as _;
use nom::combinator::rest;

use super::digest::{self, Digest};
use crate::wire::ground::at::{At, before};
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::values::particle::{ParticleType, Value};

table! {
    /// What kind of values an index holds, one byte.
    ///
    /// Source: client-protocol 4 (field 26)
    pub IndexType: u8 {
        0 => DEFAULT,
        1 => LIST,
        2 => MAPKEYS,
        3 => MAPVALUES,
        4 => SET: "internal",
    }
}

table! {
    /// How a UDF is applied, one byte.
    ///
    /// Source: client-protocol 4 (field 33)
    pub UdfOp: u8 {
        0 => KVS: "on one record",
        1 => AGGREGATE,
        2 => BACKGROUND,
        3 => FOREGROUND: "never implemented, gone in 4.7",
    }
}

table! {
    /// Priority of a scan, high 4 bits of the first option byte.
    ///
    /// Source: client-protocol 4 (field 8)
    pub ScanPriority: u8 {
        0 => AUTO,
        1 => LOW,
        2 => MEDIUM,
        3 => HIGH,
    }
}

/// SCAN_OPTIONS: two bytes, honoured up to 5.5.
///
/// Source: client-protocol 4 (field 8)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// The first byte: flags.
    pub flags: u8,
    /// The second byte: percent of the partitions to scan, 0..100.
    pub percent: u8,
}

impl ScanOptions {
    /// Mask of the priority in [`ScanOptions::flags`].
    pub const PRIORITY: u8 = 0xf0;
    /// Give up when the cluster changes.
    pub const FAIL_ON_CLUSTER_CHANGE: u8 = 0x08;
    /// A job whose client is gone.
    pub const DISCONNECTED_JOB: u8 = 0x04;
    /// With large data types (3.x).
    pub const LDT: u8 = 0x02;

    /// From the two bytes.
    #[must_use]
    pub const fn new([flags, percent]: [u8; 2]) -> Self {
        Self { flags, percent }
    }

    /// The priority in the high 4 bits.
    #[must_use]
    pub const fn priority(self) -> ScanPriority {
        ScanPriority(self.flags >> 4)
    }
}

/// PID_ARRAY: u16 each, little endian; 1..4096 of them, each below 4096.
///
/// Source: client-protocol 4 (field 11)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions<'a>(&'a [u8]);

impl<'a> Partitions<'a> {
    /// # Errors
    /// An odd length.
    pub const fn new(data: &'a [u8]) -> Result<Self, Malformed<'a>> {
        if data.len() % 2 == 0 {
            Ok(Self(data))
        } else {
            Err(Malformed::illegal(
                "PID_ARRAY",
                data,
                "length not a multiple of 2",
            ))
        }
    }

    /// Number of partitions.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len() / 2
    }

    /// Each partition id with its 2 bytes.
    pub fn iter(&self) -> impl Iterator<Item = At<'a, u16>> {
        input::each(input::le_u16("partition"), self.0)
    }

    /// Runs of consecutive ids (first, last, bytes), since a client asks for a third of 4096 at once.
    pub fn runs(&self) -> impl Iterator<Item = PartitionRun<'a>> {
        let id = || input::le_u16("partition");
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (mut tail, first) = id()(rest).ok()?;
            let mut last = first;
            while let Ok((after, next)) = id()(tail) {
                if last.checked_add(1) != Some(next) {
                    break;
                }
                (last, tail) = (next, after);
            }
            let bytes = before(rest, tail);
            rest = tail;
            Some(PartitionRun { first, last, bytes })
        })
    }
}

/// Consecutive partition ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRun<'a> {
    /// The first id.
    pub first: u16,
    /// The last id, at least `first`.
    pub last: u16,
    /// The ids' bytes.
    pub bytes: &'a [u8],
}

/// Digests back to back, 20 bytes each.
///
/// Source: client-protocol 4 (fields 6 and 12)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests<'a>(&'a [u8]);

impl<'a> Digests<'a> {
    /// # Errors
    /// A length that is no multiple of 20.
    pub const fn new(data: &'a [u8]) -> Result<Self, Malformed<'a>> {
        if data.len() % digest::LENGTH == 0 {
            Ok(Self(data))
        } else {
            Err(Malformed::illegal(
                "DIGEST_ARRAY",
                data,
                "length not a multiple of 20",
            ))
        }
    }

    /// Number of digests.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len() / digest::LENGTH
    }

    /// Each digest.
    pub fn iter(&self) -> impl Iterator<Item = Digest<'a>> {
        self.0.chunks_exact(digest::LENGTH).filter_map(Digest::exactly)
    }
}

/// BVAL_ARRAY: i64 each, little endian; one for each digest of the request's DIGEST_ARRAY.
///
/// Source: client-protocol 4 (field 15)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bvals<'a>(&'a [u8]);

impl<'a> Bvals<'a> {
    /// # Errors
    /// A length that is no multiple of 8.
    pub const fn new(data: &'a [u8]) -> Result<Self, Malformed<'a>> {
        if data.len() % 8 == 0 {
            Ok(Self(data))
        } else {
            Err(Malformed::illegal(
                "BVAL_ARRAY",
                data,
                "length not a multiple of 8",
            ))
        }
    }

    /// Number of values.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len() / 8
    }

    /// Each value with its 8 bytes.
    pub fn iter(&self) -> impl Iterator<Item = At<'a, i64>> {
        input::each(input::le_i64("BVAL_ARRAY value"), self.0)
    }
}

/// INDEX_RANGE: u8 number of ranges (1), u8 length and bin name, u8 particle type, u32 length and start value,
/// u32 length and end value, big endian.
///
/// Source: client-protocol 4.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexRange<'a> {
    /// Number of ranges: 1. Only the first is read.
    pub n_ranges: At<'a, u8>,
    /// The bin (up to 5.7 a bin path); may be empty.
    pub bin: &'a [u8],
    /// Type of both values: integer, string, blob or GeoJSON.
    pub kind: At<'a, ParticleType>,
    /// First value of the range.
    pub start: &'a [u8],
    /// Last value; a copy of `start` for all but integers.
    pub end: &'a [u8],
}

impl<'a> IndexRange<'a> {
    /// Reads the range, which fills its field.
    ///
    /// # Errors
    /// A length that exceeds the bytes left.
    pub fn parse(data: &'a [u8]) -> Parse<'a, Self> {
        let bound = |what| input::sized_bytes(what, "its length", input::be_u32(what));
        let width = input::u8("INDEX_RANGE bin name length");
        let range = (
            input::with_bytes(input::u8("INDEX_RANGE number of ranges")),
            input::sized_bytes("INDEX_RANGE bin name", "its length byte", width),
            input::with_bytes(input::u8("INDEX_RANGE particle type").map(ParticleType)),
            bound("INDEX_RANGE start"),
            bound("INDEX_RANGE end"),
        );
        range
            .map(|(n_ranges, bin, kind, start, end)| Self {
                n_ranges,
                bin,
                kind,
                start,
                end,
            })
            .parse(data)
    }

    /// The start as a value. Text for GeoJSON: there is no header here.
    ///
    /// # Errors
    /// An integer of an illegal length.
    pub fn start(&self) -> Result<Value<'a>, Malformed<'a>> {
        self.bound(self.start)
    }

    /// The end as a value.
    ///
    /// # Errors
    /// An integer of an illegal length.
    pub fn end(&self) -> Result<Value<'a>, Malformed<'a>> {
        self.bound(self.end)
    }

    fn bound(&self, bytes: &'a [u8]) -> Result<Value<'a>, Malformed<'a>> {
        match self.kind.value {
            ParticleType::GEOJSON => Ok(Value::Text(bytes)),
            kind => Value::parse(kind, bytes),
        }
    }
}

/// QUERY_BINLIST: u8 number of names, each u8 length and name. Up to 5.7.
///
/// Source: client-protocol 4 (field 40)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinList<'a> {
    /// Number of names announced.
    pub count: u8,
    names: &'a [u8],
}

impl<'a> BinList<'a> {
    /// Reads the count; the names follow lazily.
    ///
    /// # Errors
    /// An empty field.
    pub fn parse(data: &'a [u8]) -> Parse<'a, Self> {
        (input::u8("QUERY_BINLIST number of bins"), rest)
            .map(|(count, names)| Self { count, names })
            .parse(data)
    }

    /// The names; ends at the first error.
    pub fn iter(&self) -> impl Iterator<Item = Result<input::ShortString<'a>, Malformed<'a>>> {
        input::short_strings("bin name", self.count, self.names)
    }
}

bitflags! {
    /// How the server is to treat a condition.
    ///
    /// Source: client-protocol 4 (field 44)
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct WhereFlags: u8 {
        /// Reserved: the flags go on.
        const ENC_VARINT = 0x01;
        /// Say how the query would run, and do not run it.
        const EXPLAIN = 0x02;
        /// Fail where no index serves the condition.
        const REQUIRE_INDEX = 0x04;
        /// Use the index that is named, and no other.
        const HARD_HINT = 0x08;
        const _ = !0;
    }
}

/// WHERE: u8 flags, then the condition in the Aerospike expression language, UTF-8 text.
///
/// Source: client-protocol 4 (field 44)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Where<'a> {
    /// How to treat it.
    pub flags: WhereFlags,
    /// Such as `$.i > 3 and $.s == 'x'`.
    pub text: &'a [u8],
}

impl<'a> Where<'a> {
    /// Reads the field's data.
    ///
    /// # Errors
    /// No flags.
    pub fn parse(data: &'a [u8]) -> Parse<'a, Self> {
        let (text, flags) = input::u8("WHERE flags")(data)?;
        let flags = WhereFlags::from_bits_retain(flags);
        Ok((&[], Self { flags, text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_little_endian_and_come_in_runs() {
        // 17.10
        let pids = Partitions::new(b"\0\0\x01\0\xff\x0f").unwrap();
        assert_eq!(pids.count(), 3);
        assert!(pids.iter().map(|pid| pid.value).eq([0, 1, 4095]));
        assert!(
            pids.runs()
                .map(|run| (run.first, run.last, run.bytes.len()))
                .eq([(0, 1, 4), (4095, 4095, 2)])
        );
        assert!(Partitions::new(b"\0").is_err());
        let edge = Partitions::new(b"\xff\xff\0\0").unwrap();
        assert_eq!(edge.runs().count(), 2);
    }

    #[test]
    fn an_integer_range() {
        // 17.12
        let data = b"\x01\x03age\x01\0\0\0\x08\0\0\0\0\0\0\0\x12\0\0\0\x08\0\0\0\0\0\0\0\x41";
        let (rest, range) = IndexRange::parse(data).unwrap();
        assert!(rest.is_empty());
        assert_eq!(range.bin, b"age");
        assert_eq!(range.kind.value, ParticleType::INTEGER);
        assert_eq!(range.start(), Ok(Value::Integer(18)));
        assert_eq!(range.end(), Ok(Value::Integer(65)));
        for cut in 0..data.len() {
            assert!(IndexRange::parse(&data[..cut]).is_err());
        }
    }

    #[test]
    fn old_scan_options() {
        let options = ScanOptions::new([0x28, 0x64]);
        assert_eq!(options.priority(), ScanPriority::MEDIUM);
        assert_ne!(options.flags & ScanOptions::FAIL_ON_CLUSTER_CHANGE, 0);
        assert_eq!(options.percent, 100);
    }

    #[test]
    fn a_bin_list_stops_at_its_first_error() {
        let (_, bins) = BinList::parse(b"\x03\x01a\x02bc\x05x").unwrap();
        let mut names = bins.iter();
        let name = |bytes: &'static [u8]| {
            Some(Ok(input::ShortString {
                bytes,
                text: &bytes[1..],
            }))
        };
        assert_eq!(names.next(), name(b"\x01a"));
        assert_eq!(names.next(), name(b"\x02bc"));
        assert!(names.next().unwrap().is_err());
        assert!(names.next().is_none());
    }

    #[test]
    fn values_of_an_index_are_little_endian() {
        let values = Bvals::new(b"\x2a\0\0\0\0\0\0\0").unwrap();
        assert!(values.iter().map(|value| value.value).eq([42]));
    }
}
