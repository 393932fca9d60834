//! Batch requests: the rows in field 41 or 42.

use bitflags::bitflags;
use nom::Parser as _;
use nom::combinator::{cond, rest};

use super::content::MessageContent;
use super::identity::Identity;
use super::info_bits::{Info1, Info2, Info3, Info4};
use super::request::Request;
use crate::wire::client::fields::digest::Digest;
use crate::wire::client::fields::field::Fields;
use crate::wire::client::fields::op::Ops;
use crate::wire::client::proto::Order;
use crate::wire::ground::at::{At, before};
use crate::wire::ground::input::{self, Malformed, Parse};

/// Place of the number of rows in the field's data.
pub const COUNT_AT: core::ops::Range<usize> = 0..4;
/// Place of the batch flags in the field's data.
pub const FLAGS_AT: core::ops::Range<usize> = 4..5;
/// Place of the index in a row.
pub const ROW_INDEX_AT: core::ops::Range<usize> = 0..4;
/// Place of the digest in a row.
pub const ROW_DIGEST_AT: core::ops::Range<usize> = 4..24;
/// Place of the flags in a row.
pub const ROW_FLAGS_AT: core::ops::Range<usize> = 24..25;

bitflags! {
    /// Flags of a batch; before 6.0 a boolean, "allow inline".
    ///
    /// Source: client-protocol 8.1
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BatchFlags: u8 {
        /// Records in memory are read in the thread of the request.
        const INLINE_DATA_IN_MEMORY = 0x01;
        /// Records on devices too (6.0).
        const INLINE_DATA_ON_DEVICE = 0x02;
        /// Errors of rows do not end the batch (6.0).
        const REPORT_ALL_ERRORS = 0x04;
        /// Rows with errors carry the record (6.1).
        const REPORT_ERROR_REC = 0x08;
        const _ = !0;
    }
}

bitflags! {
    /// Flags of a row: which optional parts it has.
    ///
    /// Source: client-protocol 8.2
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RowFlags: u8 {
        /// As the last row that was not repeated; nothing follows the flags.
        const REPEAT = 0x01;
        /// info2 and info3 are there (6.0).
        const HAS_EXTRA_INFO = 0x02;
        /// A generation is there (6.0).
        const HAS_GENERATION = 0x04;
        /// A record_ttl is there (6.0).
        const HAS_RECORD_TTL = 0x08;
        /// info4 is there (8.0).
        const HAS_INFO4 = 0x10;
        const _ = !0;
    }
}

/// The data of field 41 or 42: u32 number of rows, u8 flags, rows.
///
/// Source: client-protocol 8.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Number of rows announced.
    pub count: u32,
    /// Flags of the batch.
    pub flags: BatchFlags,
    content: &'a [u8],
}

impl<'a> Batch<'a> {
    /// [`Self::parse`] of the data of a field.
    ///
    /// # Errors
    /// Fewer than 5 bytes.
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed<'a>> {
        Self::parse(data).map(|(_, batch)| batch).map_err(input::reason)
    }

    /// Reads the head; the rows follow lazily.
    ///
    /// # Errors
    /// Fewer than 5 bytes.
    pub fn parse(data: &'a [u8]) -> Parse<'a, Self> {
        let flags = input::u8("batch flags").map(BatchFlags::from_bits_retain);
        (input::be_u32("batch number of rows"), flags, rest)
            .map(|(count, flags, content)| Self {
                count,
                flags,
                content,
            })
            .parse(data)
    }

    /// The rows, one after the other.
    #[must_use]
    pub const fn rows(&self) -> BatchRows<'a> {
        BatchRows {
            left: self.count,
            rest: self.content,
            last: None,
        }
    }
}

/// One row: u32 index, 20 bytes digest, u8 flags, and unless it repeats the one before a [`Body`].
///
/// Source: client-protocol 8.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRow<'a> {
    /// The whole row; to the end of the field where its body has a fault.
    pub bytes: &'a [u8],
    /// The client's index, which the answer to this row carries.
    pub index: u32,
    /// The record.
    pub digest: Digest<'a>,
    /// Which parts are there.
    pub flags: RowFlags,
    /// What to do: of this row, or of the earlier row that it repeats; `None` for a repetition of nothing.
    pub body: Option<Body<'a>>,
}

impl<'a> BatchRow<'a> {
    /// Whether the body is that of an earlier row.
    #[must_use]
    pub const fn repeats(&self) -> bool {
        self.flags.contains(RowFlags::REPEAT)
    }

    /// The body, if it stands in this row.
    #[must_use]
    pub const fn own_body(&self) -> Option<&Body<'a>> {
        match (&self.body, self.repeats()) {
            (Some(body), false) => Some(body),
            _ => None,
        }
    }
}

/// What a row asks for: u8 info1, \[u8 info2, u8 info3\], \[u8 info4\], \[u16 generation\], \[u32 record_ttl\],
/// u16 n_fields, u16 n_ops, fields, operations, big endian.
///
/// Source: client-protocol 8.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// Read bits.
    pub info1: At<'a, Info1>,
    /// Write bits.
    pub info2: Option<At<'a, Info2>>,
    /// Other bits; without them the row inherits the read mode of the message.
    pub info3: Option<At<'a, Info3>>,
    /// Transaction bits.
    pub info4: Option<At<'a, Info4>>,
    /// Expected generation.
    pub generation: Option<At<'a, u16>>,
    /// See [`Ttl`](crate::wire::ground::time::Ttl).
    pub record_ttl: Option<At<'a, u32>>,
    /// Number of fields as written; 0 of very old clients means 1.
    pub n_fields: At<'a, u16>,
    /// Number of operations.
    pub n_ops: At<'a, u16>,
    content: MessageContent<'a>,
}

impl<'a> Body<'a> {
    fn parse(flags: RowFlags, input: &'a [u8]) -> Parse<'a, Self> {
        let has = |flag| flags.contains(flag);
        let (info2, info3) = (input::u8("row info2"), input::u8("row info3"));
        let mut head = (
            input::with_bytes(input::u8("row info1").map(Info1::from_bits_retain)),
            cond(
                has(RowFlags::HAS_EXTRA_INFO),
                (
                    input::with_bytes(info2.map(Info2::from_bits_retain)),
                    input::with_bytes(info3.map(Info3::from_bits_retain)),
                ),
            ),
            cond(
                has(RowFlags::HAS_INFO4),
                input::with_bytes(input::u8("row info4").map(Info4::from_bits_retain)),
            ),
            cond(
                has(RowFlags::HAS_GENERATION),
                input::with_bytes(input::be_u16("row generation")),
            ),
            cond(
                has(RowFlags::HAS_RECORD_TTL),
                input::with_bytes(input::be_u32("row record_ttl")),
            ),
            input::with_bytes(input::be_u16("row n_fields")),
            input::with_bytes(input::be_u16("row n_ops")),
        );
        let (content, (info1, extra, info4, generation, record_ttl, n_fields, n_ops)) = head.parse(input)?;
        let (info2, info3) = extra.unzip();
        // 0 of very old clients means the namespace.
        let fields = Fields::new(Order::Big, n_fields.value.max(1), n_ops.value, content).of_row();
        // Once for all rows that repeat this one: walking again for each would cost rows times body.
        let mut body = Self {
            info1,
            info2,
            info3,
            info4,
            generation,
            record_ttl,
            n_fields,
            n_ops,
            content: MessageContent::new(fields),
        };
        let rest = body.content.walk();
        Ok((rest, body))
    }

    /// Why fields or operations cannot be read to their end.
    #[must_use]
    pub const fn fault(&self) -> Option<&Malformed<'a>> {
        self.content.fault.as_ref()
    }

    /// What is asked for.
    #[must_use]
    pub fn request(&self) -> Request {
        self.content
            .evidence
            .of_record(self.info1.value, self.info2(), self.info4())
    }

    /// Which record or function it is about, as its fields say it; the digest stands in the row.
    #[must_use]
    pub const fn identity(&self) -> &Identity<'a> {
        &self.content.identity
    }

    /// Whether it does more when it is sent twice.
    #[must_use]
    pub fn counts_twice(&self) -> bool {
        self.content.evidence.counts_twice(self.request())
    }

    /// Write bits, none where they are not there.
    #[must_use]
    pub fn info2(&self) -> Info2 {
        self.info2.map_or(Info2::empty(), |info2| info2.value)
    }

    /// Transaction bits, none where they are not there.
    #[must_use]
    pub fn info4(&self) -> Info4 {
        self.info4.map_or(Info4::empty(), |info4| info4.value)
    }

    /// The fields; the first is the namespace.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        self.content.fields
    }

    /// The operations; none where a field before them is broken.
    #[must_use]
    pub const fn ops(&self) -> Ops<'a> {
        self.content.ops
    }
}

/// The rows of a batch; ends after the first that is not whole. The end of a row is found by walking over its
/// fields and operations once.
#[derive(Clone, Copy, Debug)]
pub struct BatchRows<'a> {
    left: u32,
    rest: &'a [u8],
    last: Option<Body<'a>>,
}

impl<'a> BatchRows<'a> {
    /// What follows the rows read so far; after the last one there should be nothing.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn row(&mut self) -> Parse<'a, BatchRow<'a>> {
        let mut head = (
            input::be_u32("row index"),
            input::array("row digest", "its fixed width").map(Digest),
            input::u8("row flags").map(RowFlags::from_bits_retain),
        );
        let (mut rest, (index, digest, flags)) = head.parse(self.rest)?;
        // A body is big, and each combinator that hands it on copies it: rows by `flat_map` and `cond` took 541 thousand
        // instructions of the sample's 3,750 packets, these 264.
        if !flags.contains(RowFlags::REPEAT) {
            let (tail, body) = Body::parse(flags, rest)?;
            rest = tail;
            self.last = Some(body);
        }
        let row = BatchRow {
            bytes: before(self.rest, rest),
            index,
            digest,
            flags,
            body: self.last,
        };
        Ok((rest, row))
    }
}

impl<'a> Iterator for BatchRows<'a> {
    type Item = Result<BatchRow<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match self.row() {
            Ok((rest, row)) => {
                self.rest = rest;
                if row.own_body().is_some_and(|body| body.fault().is_some()) {
                    self.left = 0;
                }
                Some(Ok(row))
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
    use crate::wire::client::fields::extent;
    use proptest::prelude::*;

    fn row(flags: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\0\0\0\x01\0\0\0\0\x07".to_vec();
        bytes.extend([0xaa; 20]);
        bytes.push(flags);
        bytes.extend(body);
        bytes
    }

    const NAMESPACE: &[u8] = b"\0\0\0\x05\0test";

    #[test]
    fn all_optional_parts_in_their_order() {
        let mut body = b"\x01\x02\x40\x10\0\x09\0\0\0\x3c\0\x01\0\0".to_vec();
        body.extend(NAMESPACE);
        let data = row(0x1e, &body);
        let (_, batch) = Batch::parse(&data).unwrap();
        let row = batch.rows().next().unwrap().unwrap();
        let body = row.own_body().unwrap();
        assert_eq!(row.index, 7);
        assert_eq!(body.info1.value, Info1::READ);
        assert_eq!(body.info2.unwrap().value, Info2::DELETE);
        assert_eq!(body.info3.unwrap().value, Info3::SC_READ_TYPE);
        assert_eq!(body.info4.unwrap().value, Info4::MRT_ON_LOCKING_ONLY);
        assert_eq!(body.generation.unwrap().value, 9);
        assert_eq!(body.generation.unwrap().bytes, b"\0\x09");
        assert_eq!(body.record_ttl.unwrap().value, 60);
        assert_eq!(
            (body.identity().namespace, body.identity().set),
            (&b"test"[..], &b""[..])
        );
        assert_eq!(body.request(), Request::SELECT);
        assert_eq!(body.fault(), None);
        for cut in 5..data.len() {
            let (_, batch) = Batch::parse(&data[..cut]).unwrap();
            let broken = match batch.rows().next().unwrap() {
                Ok(row) => row.body.unwrap().fault().is_some(),
                Err(_) => true,
            };
            assert!(broken, "cut at {cut}");
        }
    }

    #[test]
    fn no_fields_means_one() {
        let mut body = b"\x03\0\0\0\0".to_vec();
        body.extend(NAMESPACE);
        let data = row(0, &body);
        let (_, batch) = Batch::parse(&data).unwrap();
        let mut rows = batch.rows();
        let row = rows.next().unwrap().unwrap();
        let mut fields = row.body.unwrap().fields();
        assert_eq!(
            fields.next().unwrap().unwrap().kind,
            crate::wire::client::fields::field::FieldType::NAMESPACE
        );
        assert!(fields.next().is_none());
        assert!(rows.rest().is_empty());
    }

    #[test]
    fn a_repetition_of_nothing_has_no_body() {
        let data = row(1, b"");
        let (_, batch) = Batch::parse(&data).unwrap();
        let row = batch.rows().next().unwrap().unwrap();
        assert!(row.repeats() && row.body.is_none());
        assert_eq!(row.bytes.len(), 25);
    }

    #[test]
    fn the_extent_is_that_of_the_rows() {
        let mut body = b"\x03\0\0\0\0".to_vec();
        body.extend(NAMESPACE);
        let data = row(0, &body);
        let longer = [&data[..], b"more"].concat();
        assert_eq!(extent::of_batch(&longer), (data.len(), true));
        for cut in 0..data.len() {
            assert!(!extent::of_batch(&data[..cut]).1, "cut at {cut}");
        }
    }

    /// The extent as the rows themselves tell it.
    fn walk_all(data: &[u8]) -> (usize, bool) {
        let Ok(batch) = Batch::read(data) else {
            return (0, false);
        };
        let mut rows = batch.rows();
        let (mut whole, mut left) = (0u32, rows.rest());
        while let Some(Ok(row)) = rows.next() {
            if row.body.is_none_or(|body| body.fault().is_some()) {
                break;
            }
            (whole, left) = (whole + 1, rows.rest());
        }
        (data.len() - left.len(), whole == batch.count)
    }

    proptest! {
        #[test]
        fn the_extent_is_told_without_reading(count in 0u32..4, bytes in prop::collection::vec(prop_oneof![4 => 0u8..6, 1 => any::<u8>()], 0..120)) {
            let data = [&count.to_be_bytes()[..], &bytes].concat();
            prop_assert_eq!(extent::of_batch(&data), walk_all(&data));
        }

        #[test]
        fn rows_progress_and_end(data: Vec<u8>) {
            if let Ok((_, batch)) = Batch::parse(&data) {
                prop_assert!(batch.rows().count() <= data.len() / 25 + 1);
            }
        }
    }
}
