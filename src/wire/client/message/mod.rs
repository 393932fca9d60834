//! The message (AS_MSG): 22-byte header, fields, operations.

pub mod batch;
pub mod content;
pub mod identity;
pub mod info_bits;
pub mod mrt;
pub mod request;
pub mod result_code;

use core::ops::Range;

use nom::Parser as _;
use nom::combinator::consumed;

use super::fields::field::{FieldType, Fields};
use super::fields::op::Ops;
use super::proto::Order;
use crate::wire::ground::at::before;
use crate::wire::ground::input::{self, Malformed, Parse};
use batch::Batch;
use content::MessageContent;
use identity::Identity;
use request::Request;
use result_code::ResultCode;

pub use info_bits::{Info1, Info2, Info3, Info4};

/// Length of the header.
pub const HEADER: usize = 22;

/// Place of `header_sz`.
pub const HEADER_SIZE_AT: Range<usize> = 0..1;
/// Place of `info1`.
pub const INFO1_AT: Range<usize> = 1..2;
/// Place of `info2`.
pub const INFO2_AT: Range<usize> = 2..3;
/// Place of `info3`.
pub const INFO3_AT: Range<usize> = 3..4;
/// Place of `info4`.
pub const INFO4_AT: Range<usize> = 4..5;
/// Place of `result_code`.
pub const RESULT_CODE_AT: Range<usize> = 5..6;
/// Place of `generation`.
pub const GENERATION_AT: Range<usize> = 6..10;
/// Place of `record_ttl`.
pub const RECORD_TTL_AT: Range<usize> = 10..14;
/// Place of `transaction_ttl`.
pub const TRANSACTION_TTL_AT: Range<usize> = 14..18;
/// Place of `n_fields`.
pub const N_FIELDS_AT: Range<usize> = 18..20;
/// Place of `n_ops`.
pub const N_OPS_AT: Range<usize> = 20..22;

/// The 22-byte header, big endian but for requests proxied between nodes (see [`Order`]).
///
/// Source: client-protocol 3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The 22 bytes.
    pub bytes: &'a [u8],
    /// Byte order of the numbers, here and in the sizes that follow.
    pub order: Order,
    /// 22; servers do not check it and it must not be used to skip.
    pub header_size: u8,
    /// Read bits.
    pub info1: Info1,
    /// Write bits.
    pub info2: Info2,
    /// Other bits.
    pub info3: Info3,
    /// Transaction bits.
    pub info4: Info4,
    /// The result; 0 in requests.
    pub result_code: ResultCode,
    /// Expected or actual generation; in a partition-done message the partition id.
    pub generation: u32,
    /// See [`Ttl`](crate::wire::ground::time::Ttl).
    pub record_ttl: u32,
    /// Request: timeout on the server in milliseconds (0: its default). Batch response: the row's index.
    pub transaction_ttl: u32,
    /// Number of fields.
    pub n_fields: u16,
    /// Number of operations.
    pub n_ops: u16,
}

impl<'a> Header<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// Fewer than 22 bytes.
    pub fn parse(order: Order, input: &'a [u8]) -> Parse<'a, Self> {
        const WHAT: &str = "message header";
        // A header is there as a whole or not at all.
        let whole = input::bytes(WHAT, "its fixed width", HEADER);
        let numbers = (
            input::u8(WHAT),
            input::u8(WHAT).map(Info1::from_bits_retain),
            input::u8(WHAT).map(Info2::from_bits_retain),
            input::u8(WHAT).map(Info3::from_bits_retain),
            input::u8(WHAT).map(Info4::from_bits_retain),
            input::u8(WHAT).map(ResultCode),
            order.u32(WHAT),
            order.u32(WHAT),
            order.u32(WHAT),
            order.u16(WHAT),
            order.u16(WHAT),
        );
        consumed(whole.and_then(numbers))
            .map(|(bytes, numbers)| {
                let (header_size, info1, info2, info3, info4, result_code, ..) = numbers;
                let (.., generation, record_ttl, transaction_ttl, n_fields, n_ops) = numbers;
                Self {
                    bytes,
                    order,
                    header_size,
                    info1,
                    info2,
                    info3,
                    info4,
                    result_code,
                    generation,
                    record_ttl,
                    transaction_ttl,
                    n_fields,
                    n_ops,
                }
            })
            .parse(input)
    }

    /// Whether there is neither a field nor an operation.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.n_fields == 0 && self.n_ops == 0
    }

    /// Whether this can be a request: it says what to do and has no result. (A record of a metadata-only scan
    /// carries GET_NO_BINS without READ.)
    ///
    /// Source: client-protocol 3.1
    #[must_use]
    pub const fn may_be_request(&self) -> bool {
        let asks =
            self.info1.intersects(Info1::READ.union(Info1::BATCH)) || self.info2.contains(Info2::WRITE);
        asks && self.result_code.0 == 0 && !self.info3.contains(Info3::LAST)
    }

    /// What this message is in a response.
    ///
    /// Source: client-protocol 8.3 and 9.2
    #[must_use]
    pub const fn part(&self) -> ResponsePart {
        if self.info3.contains(Info3::LAST) {
            ResponsePart::Fin
        } else if self.info3.contains(Info3::PARTITION_DONE) && self.is_bare() {
            ResponsePart::PartitionDone(self.generation)
        } else if self.result_code.0 != 0 {
            ResponsePart::Error
        } else {
            ResponsePart::Record
        }
    }
}

/// What a message in a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponsePart {
    /// A record, a row, a value or an acknowledgement.
    Record,
    /// An error, of the whole request or of a batch row.
    Error,
    /// A partition is done (result 0) or was not available; its id.
    PartitionDone(u32),
    /// The end of a batch, scan or query.
    Fin,
}

/// One message: header, then fields, then operations.
///
/// Source: client-protocol 3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The header.
    pub header: Header<'a>,
    /// The message from its header to its last operation; to the end of the input where there is a [`Message::fault`].
    pub bytes: &'a [u8],
    content: MessageContent<'a>,
}

impl<'a> Message<'a> {
    /// Reads the header and walks over fields and operations to find the end, and what they say.
    ///
    /// # Errors
    /// Fewer than 22 bytes; what is wrong after them is [`Message::fault`].
    pub fn parse(order: Order, input: &'a [u8]) -> Parse<'a, Self> {
        let (rest, header) = Header::parse(order, input)?;
        #[cfg(feature = "count-allocations")]
        crate::wire::ground::count::MESSAGES.add_one();
        let mut message = Self {
            header,
            bytes: input,
            content: MessageContent::new(Fields::new(order, header.n_fields, header.n_ops, rest)),
        };
        let rest = message.content.walk();
        message.bytes = before(input, rest);
        Ok((rest, message))
    }

    /// Why fields or operations cannot be read to their end. What comes before can be.
    #[must_use]
    pub const fn fault(&self) -> Option<&Malformed<'a>> {
        self.content.fault.as_ref()
    }

    /// The fields.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        self.content.fields
    }

    /// The operations; none where a field before them is broken.
    #[must_use]
    pub const fn ops(&self) -> Ops<'a> {
        self.content.ops
    }

    /// Which record, records or function it is about.
    #[must_use]
    pub const fn identity(&self) -> &Identity<'a> {
        &self.content.identity
    }

    /// The batches in its fields, one in what clients send, so far as their heads can be read.
    pub fn batches(&self) -> impl Iterator<Item = Batch<'a>> + use<'a> {
        let has_rows = self.content.identity.rows.is_some();
        let fields = has_rows.then(|| self.fields().flatten());
        let rows = fields
            .into_iter()
            .flatten()
            .filter(|field| matches!(field.kind, FieldType::BATCH | FieldType::BATCH_WITH_SET));
        rows.filter_map(|field| Batch::read(field.data).ok())
    }

    /// What it asks for, if it is a request.
    ///
    /// Source: client-protocol 3.1
    #[must_use]
    pub const fn request(&self) -> Request {
        let header = &self.header;
        self.content
            .evidence
            .of_message(header.info1, header.info2, header.info4)
    }

    /// It stands inside of a PROXY message, which names the record whether this one does or not.
    ///
    /// Source: internode-protocol 5.5
    pub const fn set_proxied(&mut self) {
        self.content.evidence.add_record();
    }

    /// Whether a request does more when it is sent twice.
    #[must_use]
    pub const fn counts_twice(&self) -> bool {
        self.content.evidence.counts_twice(self.request())
    }

    /// Whether a field says which records are left out.
    #[must_use]
    pub const fn has_filter(&self) -> bool {
        self.content.evidence.has_filter()
    }
}

/// The messages of one body, one after the other; ends after the first that is not whole.
///
/// Source: client-protocol 3
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// The messages in `body`, all of it.
    #[must_use]
    pub const fn new(order: Order, body: &'a [u8]) -> Self {
        Self { order, rest: body }
    }

    /// What follows the messages read so far.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed<'a>>;

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.rest.len().div_ceil(HEADER)))
    }

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match Message::parse(self.order, self.rest) {
            Ok((rest, message)) => {
                self.rest = rest;
                Some(Ok(message))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(input::reason(error)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_proxied_request_is_little_endian_throughout() {
        // internode-protocol 12 J, without its proto header
        let body = b"\x16\0\x01\0\0\0\0\0\0\0\0\0\0\0\xe8\x03\0\0\x03\0\x01\0\
            \x05\0\0\0\0test\x05\0\0\0\x01demo\x15\0\0\0\x04\x3b\x8c\xad\x62\xd7\xda\x9c\x3c\xff\x63\x9f\xe4\xeb\x73\x9f\x1e\x0c\x9b\x39\x67\
            \x0d\0\0\0\x02\x01\0\x01v\0\0\0\0\0\0\0\x09";
        let (rest, message) = Message::parse(Order::Little, body).unwrap();
        assert!(rest.is_empty());
        assert_eq!(message.fault(), None);
        assert_eq!(message.header.transaction_ttl, 1000);
        assert_eq!(message.header.info2, Info2::WRITE);
        assert_eq!(message.fields().count(), 3);
        let op = message.ops().next().unwrap().unwrap();
        assert_eq!(op.content(), Ok(crate::wire::values::particle::Value::Integer(9)));
        for cut in 0..body.len() {
            match Message::parse(Order::Little, &body[..cut]) {
                Ok((_, message)) => assert!(message.fault().is_some() && cut >= HEADER),
                Err(_) => assert!(cut < HEADER),
            }
        }
    }

    #[test]
    fn what_precedes_a_fault_stays() {
        let body = b"\x16\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\x01\0\0\0\x05\0test\0\0\0\x09\x01de";
        let mut messages = Messages::new(Order::Big, body);
        let message = messages.next().unwrap().unwrap();
        assert_eq!(
            message.fault().unwrap().to_string(),
            "field: field_sz needs 9 bytes, 3 left"
        );
        assert_eq!(message.fields().filter(Result::is_ok).count(), 1);
        assert_eq!(message.ops().count(), 0);
        assert_eq!(message.bytes, body);
        assert!(messages.next().is_none());
    }

    #[test]
    fn the_parts_of_a_response() {
        let part = |info3, result, generation| {
            let mut bytes = [0u8; 22];
            (bytes[0], bytes[3], bytes[5], bytes[9]) = (22, info3, result, generation);
            Header::parse(Order::Big, &bytes).unwrap().1.part()
        };
        assert_eq!(part(0, 0, 1), ResponsePart::Record);
        assert_eq!(part(0, 2, 0), ResponsePart::Error);
        assert_eq!(part(1, 2, 0), ResponsePart::Fin);
        assert_eq!(part(4, 11, 9), ResponsePart::PartitionDone(9));
    }

    proptest! {
        #[test]
        fn messages_progress_and_end(little: bool, bytes: Vec<u8>) {
            let order = if little { Order::Little } else { Order::Big };
            let n = Messages::new(order, &bytes).count();
            prop_assert!(n <= bytes.len() / HEADER + 1);
        }

        #[test]
        fn a_message_never_leaves_its_input(n_fields in 0u8..4, n_ops in 0u8..4, tail: Vec<u8>) {
            let mut bytes = vec![0; HEADER];
            (bytes[19], bytes[21]) = (n_fields, n_ops);
            bytes.extend(tail);
            let (rest, message) = Message::parse(Order::Big, &bytes).unwrap();
            prop_assert_eq!(message.bytes.len() + rest.len(), bytes.len());
            let whole = message.fields().all(|f| f.is_ok()) && message.ops().all(|o| o.is_ok());
            prop_assert_eq!(whole, message.fault().is_none());
        }
    }
}
