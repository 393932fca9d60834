//! Fields of a message.

use core::ops::Range;

use nom::Parser;
use nom::combinator::{consumed, rest};

use super::digest::{self, Digest};
use super::extent;
use super::key::UserKey;
use super::op::Ops;
use super::query::{BinList, Bvals, Digests, IndexRange, IndexType, Partitions, ScanOptions, UdfOp, Where};
use crate::wire::client::proto::Order;
use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::ground::time::{UpdateTime, VoidTime};

/// Place of `field_sz` in a field.
pub const SIZE_AT: Range<usize> = 0..4;
/// Place of the field type.
pub const TYPE_AT: Range<usize> = 4..5;
/// Where the data begins.
const DATA_AT: usize = 5;

table! {
    /// What a field holds, one byte.
    ///
    /// Source: client-protocol 4
    pub FieldType: u8 {
        0 => NAMESPACE,
        1 => SET,
        2 => KEY,
        3 => RECORD_VERSION: "since 8.0; 3.x: BIN",
        4 => DIGEST_RIPE,
        5 => MRT_ID: "since 8.0; 3.x: GU_TID",
        6 => MRT_DEADLINE: "since 8.0; up to 4.3: DIGEST_RIPE_ARRAY",
        7 => TRID,
        8 => SCAN_OPTIONS: "up to 5.5",
        9 => SOCKET_TIMEOUT: "since 3.13",
        10 => RECS_PER_SEC: "since 4.7",
        11 => PID_ARRAY: "since 4.9",
        12 => DIGEST_ARRAY: "since 4.9",
        13 => SAMPLE_MAX: "since 4.9",
        14 => LUT: "since 5.4",
        15 => BVAL_ARRAY: "since 6.0",
        21 => INDEX_NAME,
        22 => INDEX_RANGE,
        23 => INDEX_CONTEXT: "since 6.1; old clients: INDEX_FILTER",
        24 => INDEX_EXPRESSION: "since 8.1; old clients: INDEX_LIMIT",
        25 => INDEX_ORDER_BY: "old clients, never used",
        26 => INDEX_TYPE,
        30 => UDF_FILENAME,
        31 => UDF_FUNCTION,
        32 => UDF_ARGLIST,
        33 => UDF_OP,
        40 => QUERY_BINLIST: "up to 5.7",
        41 => BATCH,
        42 => BATCH_WITH_SET,
        43 => PREDEXP: "a filter expression since 5.2",
        44 => WHERE: "since 8.2",
        45 => ERROR_DETAILS: "only in C client 7.5",
    }
}

/// What field 6 is called where it holds digests (batch direct, up to 4.3).
pub const DIGEST_RIPE_ARRAY: &str = "DIGEST_RIPE_ARRAY";

/// One field: u32 size (of type and data), u8 type, data.
///
/// Source: client-protocol 4
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The whole field.
    pub bytes: &'a [u8],
    /// `field_sz` as it is written: the bytes after it, at least 1; in the rows of a batch it may say anything.
    pub size: u32,
    /// What the data is.
    pub kind: FieldType,
    /// The data: size - 1 bytes, or the rows of a batch.
    pub data: &'a [u8],
}

/// A field's data, decoded as far as it is no MessagePack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// NAMESPACE, SET, INDEX_NAME, UDF_FILENAME, UDF_FUNCTION: text without NUL.
    Text(&'a [u8]),
    /// KEY: particle type and value.
    Key(UserKey<'a>),
    /// RECORD_VERSION: 7 bytes, little endian.
    RecordVersion(u64),
    /// DIGEST_RIPE: 20 bytes.
    Digest(Digest<'a>),
    /// MRT_ID: 8 bytes, little endian.
    MrtId(u64),
    /// MRT_DEADLINE: 4 bytes, little endian, seconds since 2010.
    MrtDeadline(VoidTime),
    /// DIGEST_ARRAY, and field 6 before 8.0 (DIGEST_RIPE_ARRAY): digests back to back.
    Digests(Digests<'a>),
    /// TRID: u64, the identity of a scan or query.
    Trid(u64),
    /// SCAN_OPTIONS: two bytes.
    ScanOptions(ScanOptions),
    /// SOCKET_TIMEOUT: u32, milliseconds, 0 is none.
    SocketTimeout(u32),
    /// RECS_PER_SEC: u32.
    RecordsPerSecond(u32),
    /// PID_ARRAY: u16 each, little endian.
    Partitions(Partitions<'a>),
    /// SAMPLE_MAX: u64, records per node.
    SampleMax(u64),
    /// LUT: u64, milliseconds since 2010.
    Lut(UpdateTime),
    /// BVAL_ARRAY: i64 each, little endian.
    Bvals(Bvals<'a>),
    /// INDEX_RANGE.
    IndexRange(IndexRange<'a>),
    /// INDEX_TYPE: u8.
    IndexType(IndexType),
    /// UDF_OP: u8.
    UdfOp(UdfOp),
    /// QUERY_BINLIST: names.
    BinList(BinList<'a>),
    /// BATCH, BATCH_WITH_SET.
    Batch(&'a [u8]),
    /// UDF_ARGLIST: a MessagePack list (may be empty).
    UdfArguments(&'a [u8]),
    /// INDEX_CONTEXT: a MessagePack list context.
    IndexContext(&'a [u8]),
    /// INDEX_EXPRESSION, and PREDEXP unless it starts with 0: a MessagePack expression.
    Expression(&'a [u8]),
    /// PREDEXP that starts with 0: the old form of filters, up to 5.1 (accepted up to 5.7).
    Predexp(&'a [u8]),
    /// WHERE: u8 flags, then the condition as AEL text.
    Where(Where<'a>),
    /// ERROR_DETAILS: a MessagePack map.
    ErrorDetails(&'a [u8]),
    /// A type that nobody knows.
    Unknown(&'a [u8]),
}

impl<'a> Field<'a> {
    /// Reads one field.
    ///
    /// # Errors
    /// A size of 0 or one that exceeds the bytes left.
    pub fn parse(order: Order, input: &'a [u8]) -> Parse<'a, Self> {
        let size = order.u32("field_sz");
        let size = input::legal("field", "field_sz must not be 0", size, |size| *size != 0);
        let content = |size: u32| {
            input::bytes("field", "field_sz", size as usize)
                .and_then((input::u8("field type").map(FieldType), rest))
                .map(move |(kind, data)| (size, kind, data))
        };
        consumed(size.flat_map(content))
            .map(|(bytes, (size, kind, data))| Self {
                bytes,
                size,
                kind,
                data,
            })
            .parse(input)
    }

    /// `field_sz` and the type, before the data.
    fn head(order: Order, input: &'a [u8]) -> Parse<'a, (u32, FieldType)> {
        let kind = input::u8("field type").map(FieldType);
        (order.u32("field_sz"), kind).parse(input)
    }

    /// Whether a field of rows begins here whose size is not what is left of the message.
    fn may_be_missized(order: Order, input: &'a [u8]) -> bool {
        // The type first: with the size before it the walk over fields costs 8 % more instructions on the sample.
        let kind = input.get(TYPE_AT).and_then(|kind| kind.first());
        let has_rows =
            kind.is_some_and(|kind| matches!(FieldType(*kind), FieldType::BATCH | FieldType::BATCH_WITH_SET));
        has_rows
            && Self::head(order, input).is_ok_and(|(data, (size, _))| {
                usize::try_from(size).is_ok_and(|size| size != data.len().saturating_add(1))
            })
    }

    /// Reads BATCH or BATCH_WITH_SET, whose extent servers tell by the rows: `field_sz` of clients in use is
    /// wrong. `None` where the size holds the rows.
    ///
    /// Source: client-protocol 8.1
    fn by_rows(order: Order, input: &'a [u8]) -> Option<(&'a [u8], Self)> {
        let (data, (size, kind)) = Self::head(order, input).ok()?;
        let said = usize::try_from(size).ok()?.checked_sub(1);
        let (extent, is_whole) = extent::of_batch(data);
        let data = match said {
            Some(said) if said <= data.len() && extent <= said => return None,
            _ if is_whole => data.get(..extent)?,
            _ => data,
        };
        let length = DATA_AT.saturating_add(data.len());
        let (rest, bytes) = input::bytes("field", "its rows", length)(input).ok()?;
        let field = Self {
            bytes,
            size,
            kind,
            data,
        };
        Some((rest, field))
    }

    /// Whether `field_sz` says how long the field is.
    #[must_use]
    pub fn has_true_size(&self) -> bool {
        usize::try_from(self.size).is_ok_and(|size| size == self.data.len().saturating_add(1))
    }

    /// Decodes the data; its own numbers have a fixed order, whatever the order of the message.
    ///
    /// # Errors
    /// A length that the type does not allow, or counts within the data that exceed it.
    pub fn value(&self) -> Result<FieldValue<'a>, Malformed<'a>> {
        const WHAT: &str = "field";
        const WIDTH: &str = "its fixed width";
        let data = self.data;
        Ok(match self.kind {
            FieldType::NAMESPACE
            | FieldType::SET
            | FieldType::INDEX_NAME
            | FieldType::UDF_FILENAME
            | FieldType::UDF_FUNCTION => FieldValue::Text(data),
            FieldType::KEY => FieldValue::Key(input::front(UserKey::parse, data)?),
            FieldType::RECORD_VERSION => {
                let [a, b, c, d, e, f, g] = *self.whole(input::array(WHAT, WIDTH))?;
                FieldValue::RecordVersion(u64::from_le_bytes([a, b, c, d, e, f, g, 0]))
            }
            FieldType::DIGEST_RIPE => FieldValue::Digest(Digest(self.whole(input::array(WHAT, WIDTH))?)),
            FieldType::MRT_ID => FieldValue::MrtId(self.whole(input::le_u64(WHAT))?),
            FieldType::MRT_DEADLINE if self.is_digest_array() => FieldValue::Digests(Digests::new(data)?),
            FieldType::MRT_DEADLINE => FieldValue::MrtDeadline(VoidTime(self.whole(input::le_u32(WHAT))?)),
            FieldType::TRID => FieldValue::Trid(self.whole(input::be_u64(WHAT))?),
            FieldType::SCAN_OPTIONS => {
                FieldValue::ScanOptions(ScanOptions::new(*self.whole(input::array(WHAT, WIDTH))?))
            }
            FieldType::SOCKET_TIMEOUT => FieldValue::SocketTimeout(self.whole(input::be_u32(WHAT))?),
            FieldType::RECS_PER_SEC => FieldValue::RecordsPerSecond(self.whole(input::be_u32(WHAT))?),
            FieldType::PID_ARRAY => FieldValue::Partitions(Partitions::new(data)?),
            FieldType::DIGEST_ARRAY => FieldValue::Digests(Digests::new(data)?),
            FieldType::SAMPLE_MAX => FieldValue::SampleMax(self.whole(input::be_u64(WHAT))?),
            FieldType::LUT => FieldValue::Lut(UpdateTime(self.whole(input::be_u64(WHAT))?)),
            FieldType::BVAL_ARRAY => FieldValue::Bvals(Bvals::new(data)?),
            FieldType::INDEX_RANGE => FieldValue::IndexRange(input::front(IndexRange::parse, data)?),
            FieldType::INDEX_TYPE => FieldValue::IndexType(IndexType(self.whole(input::u8(WHAT))?)),
            FieldType::UDF_OP => FieldValue::UdfOp(UdfOp(self.whole(input::u8(WHAT))?)),
            FieldType::QUERY_BINLIST => FieldValue::BinList(input::front(BinList::parse, data)?),
            FieldType::BATCH | FieldType::BATCH_WITH_SET => FieldValue::Batch(data),
            FieldType::UDF_ARGLIST => FieldValue::UdfArguments(data),
            FieldType::INDEX_CONTEXT => FieldValue::IndexContext(data),
            FieldType::INDEX_EXPRESSION => FieldValue::Expression(data),
            FieldType::PREDEXP => match data {
                [0, ..] => FieldValue::Predexp(data),
                _ => FieldValue::Expression(data),
            },
            FieldType::WHERE => FieldValue::Where(Where::parse(data).map_err(input::reason)?.1),
            FieldType::ERROR_DETAILS => FieldValue::ErrorDetails(data),
            _ => FieldValue::Unknown(data),
        })
    }

    /// Whether this is field 6 as DIGEST_RIPE_ARRAY (up to 4.3): its length tells.
    ///
    /// Source: client-protocol 4 (field 6)
    #[must_use]
    pub const fn is_digest_array(&self) -> bool {
        matches!(self.kind, FieldType::MRT_DEADLINE)
            && !self.data.is_empty()
            && self.data.len() % digest::LENGTH == 0
    }

    /// What `parser` reads, if that is all of the data.
    fn whole<T>(
        &self,
        parser: impl Parser<&'a [u8], Output = T, Error = Malformed<'a>>,
    ) -> Result<T, Malformed<'a>> {
        let what = self.kind.name().unwrap_or("field");
        let value = input::whole(parser, self.data);
        value.ok_or_else(|| Malformed::illegal(what, self.data, "length not legal for the field type"))
    }
}

/// The fields of a message or batch row, one after the other; ends at the first error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
    order: Order,
    left: u16,
    n_ops: u16,
    /// The rows of a batch tell where their field ends: once in a message, and not inside of rows.
    by_rows: bool,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// `n_fields` fields at the start of `rest`, which `n_ops` operations follow.
    #[must_use]
    pub const fn new(order: Order, n_fields: u16, n_ops: u16, rest: &'a [u8]) -> Self {
        Self {
            order,
            left: n_fields,
            n_ops,
            by_rows: true,
            rest,
        }
    }

    /// The fields of a row, in which there are no rows.
    #[must_use]
    pub const fn of_row(self) -> Self {
        Self {
            by_rows: false,
            ..self
        }
    }

    /// What follows the fields read so far.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The operations that follow the fields; asked of the exhausted iterator. None follow a broken field.
    #[must_use]
    pub const fn following_ops(&self) -> Ops<'a> {
        Ops::new(self.order, self.n_ops, self.rest)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let parsed = if self.by_rows && Field::may_be_missized(self.order, self.rest) {
            self.by_rows = false;
            Field::by_rows(self.order, self.rest)
        } else {
            None
        };
        match parsed.map_or_else(|| Field::parse(self.order, self.rest), Ok) {
            Ok((rest, field)) => {
                self.rest = rest;
                Some(Ok(field))
            }
            Err(error) => {
                self.left = 0;
                // Nothing after a broken field can be found: no operations either.
                self.n_ops = 0;
                Some(Err(input::reason(error)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::client::fields::query::WhereFlags;
    use crate::wire::client::message::batch::Batch;
    use proptest::prelude::*;

    fn field(kind: u8, data: &'static [u8]) -> Field<'static> {
        Field {
            bytes: data,
            size: data.len() as u32 + 1,
            kind: FieldType(kind),
            data,
        }
    }

    fn value(kind: u8, data: &'static [u8]) -> FieldValue<'static> {
        field(kind, data).value().unwrap()
    }

    #[test]
    fn a_field_and_its_cuts() {
        let bytes = b"\0\0\0\x05\0testx";
        let (rest, namespace) = Field::parse(Order::Big, bytes).unwrap();
        assert_eq!(rest, b"x");
        assert_eq!(
            (namespace.kind, namespace.data),
            (FieldType::NAMESPACE, &b"test"[..])
        );
        assert_eq!(namespace.bytes.len(), 9);
        for cut in 0..9 {
            assert!(Field::parse(Order::Big, &bytes[..cut]).is_err());
        }
        let (_, little) = Field::parse(Order::Little, b"\x05\0\0\0\0test").unwrap();
        assert_eq!(little.value(), Ok(FieldValue::Text(b"test")));
        let zero = input::reason(Field::parse(Order::Big, b"\0\0\0\0").unwrap_err());
        assert_eq!(zero.to_string(), "field: field_sz must not be 0");
    }

    #[test]
    fn numbers_have_their_own_byte_order() {
        assert_eq!(
            value(7, b"\x11\x22\x33\x44\x55\x66\x77\x88"),
            FieldValue::Trid(0x1122_3344_5566_7788)
        );
        assert_eq!(
            value(5, b"\x08\x07\x06\x05\x04\x03\x02\x01"),
            FieldValue::MrtId(0x0102_0304_0506_0708)
        );
        assert_eq!(value(3, b"\x2a\0\0\0\0\0\0"), FieldValue::RecordVersion(42));
        assert_eq!(
            value(6, b"\0\x65\xcd\x1d"),
            FieldValue::MrtDeadline(VoidTime(500_000_000))
        );
        assert_eq!(value(9, b"\0\0\x27\x10"), FieldValue::SocketTimeout(10_000));
        assert_eq!(value(14, b"\0\0\0\0\0\0\0\x01"), FieldValue::Lut(UpdateTime(1)));
    }

    #[test]
    fn rows_are_read_by_their_count() {
        let example = crate::wire::examples::bytes("17.7");
        // The one field of the message: size, type, rows.
        let whole = &example[30..];
        let read = |size: u32, tail: &[u8]| {
            let bytes = [&size.to_be_bytes(), &whole[4..], tail].concat();
            let mut fields = Fields::new(Order::Big, 1, 0, &bytes);
            let field = fields.next().unwrap().unwrap();
            let rows = match field.value() {
                Ok(FieldValue::Batch(data)) => Batch::read(data).unwrap().rows().flatten().count(),
                other => panic!("{other:?}"),
            };
            let left = fields.rest().len();
            (rows, left, field.data.len(), field.has_true_size())
        };
        let data = whole.len() - 5;
        assert_eq!(read(164, b""), (3, 0, data, true));
        // A filter counted in, a size that nobody has written, none at all.
        for size in [164 + 47, 1, 0] {
            assert_eq!(read(size, b""), (3, 0, data, false), "size {size}");
            assert_eq!(read(size, b"tail"), (3, 4, data, false), "size {size}");
        }
        assert_eq!(read(164, b"tail"), (3, 4, data, true));
        // What is cut off: the rows that are there.
        let cut = &[&999u32.to_be_bytes(), &whole[4..90]].concat();
        let field = Fields::new(Order::Big, 1, 0, cut).next().unwrap().unwrap();
        assert_eq!(field.bytes, &cut[..]);
    }

    #[test]
    fn a_condition_has_flags_and_text() {
        let FieldValue::Where(condition) = value(44, b"\x02$.i > 3") else {
            panic!("not a condition")
        };
        assert_eq!(
            (condition.flags, condition.text),
            (WhereFlags::EXPLAIN, &b"$.i > 3"[..])
        );
        assert!(field(44, b"").value().is_err());
    }

    #[test]
    fn field_6_and_field_43_have_two_forms() {
        assert!(matches!(value(6, &[7; 40]), FieldValue::Digests(_)));
        assert!(field(6, &[7; 21]).value().is_err());
        assert_eq!(value(43, b"\x93\x01"), FieldValue::Expression(b"\x93\x01"));
        assert_eq!(value(43, b"\0\x01"), FieldValue::Predexp(b"\0\x01"));
    }

    #[test]
    fn a_wrong_length_names_the_field() {
        let error = field(7, b"\x11").value().unwrap_err();
        assert_eq!(error.to_string(), "TRID: length not legal for the field type");
    }

    proptest! {
        #[test]
        fn fields_progress_and_end(n: u16, ops: u16, bytes: Vec<u8>) {
            let mut fields = Fields::new(Order::Big, n, ops, &bytes);
            let count = fields.by_ref().count();
            prop_assert!(count <= bytes.len() / 5 + 1);
            prop_assert!(fields.next().is_none());
        }

        #[test]
        fn no_value_panics(kind in 0u8..50, data: Vec<u8>) {
            let field = Field { bytes: &data, size: 1, kind: FieldType(kind), data: &data };
            let _ = field.value();
        }
    }
}
