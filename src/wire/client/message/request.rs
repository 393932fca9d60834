//! What a request asks for.

use super::info_bits::{Info1, Info2, Info4};
use crate::wire::client::fields::field::{Field, FieldType, TYPE_AT};
use crate::wire::client::fields::op::OpCode;
use crate::wire::client::fields::query::UdfOp;
use crate::wire::ground::time::Ttl;

table! {
    /// The kind of a request or batch row; the numbers are ours, in the order of the decision.
    ///
    /// Source: client-protocol 3.1
    pub Request: u8 {
        0 => INVALID as "invalid": "neither reads nor writes",
        1 => BATCH as "batch": "rows in field 41 or 42",
        2 => BATCH_DIRECT as "batch direct": "digests in field 6, up to 4.3",
        3 => SCAN as "scan": "primary-index query",
        4 => QUERY as "query": "secondary-index query",
        5 => AGGREGATE as "aggregate": "stream UDF",
        6 => BACKGROUND_UDF as "background UDF",
        7 => BACKGROUND_OPS as "background operate",
        8 => DELETE as "delete",
        9 => UDF as "udf": "on one record",
        10 => MRT_ROLL_FORWARD as "transaction roll forward": "since 8.0",
        11 => MRT_ROLL_BACK as "transaction roll back": "since 8.0",
        12 => TOUCH as "touch",
        13 => WRITE as "write",
        14 => OPERATE as "operate",
        15 => MRT_VERIFY as "transaction verify": "since 8.0",
        16 => EXISTS as "exists": "metadata",
        17 => GET as "get": "all bins",
        18 => SELECT as "select": "named bins",
    }
}

impl Request {
    /// Whether the request goes to many records, by scan or query, in the foreground or background.
    #[must_use]
    pub const fn is_query(self) -> bool {
        self.is_foreground_query() || self.is_background()
    }

    /// Whether records or values come back in a stream that ends with LAST.
    #[must_use]
    pub const fn is_foreground_query(self) -> bool {
        matches!(self, Self::SCAN | Self::QUERY | Self::AGGREGATE)
    }

    /// Whether the answer only says that the job has started.
    #[must_use]
    pub const fn is_background(self) -> bool {
        matches!(self, Self::BACKGROUND_UDF | Self::BACKGROUND_OPS)
    }

    /// Whether the request can change records; a batch is told by its rows.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(
            self,
            Self::BACKGROUND_UDF
                | Self::BACKGROUND_OPS
                | Self::DELETE
                | Self::UDF
                | Self::MRT_ROLL_FORWARD
                | Self::MRT_ROLL_BACK
                | Self::TOUCH
                | Self::WRITE
        )
    }

    /// What the `record_ttl` of such a request or row means; an operate writes if its info2 says so.
    ///
    /// Source: client-protocol 3.2
    #[must_use]
    pub const fn ttl(self, info2: Info2, record_ttl: u32) -> Ttl {
        if info2.contains(Info2::WRITE) {
            Ttl::of_write(record_ttl)
        } else if self.is_query() || matches!(self, Self::BATCH | Self::BATCH_DIRECT | Self::INVALID) {
            Ttl::Unused(record_ttl)
        } else {
            Ttl::of_read(record_ttl)
        }
    }
}

/// What fields and operations say of the kind of their request, gathered in the walk that reads them.
///
/// Source: client-protocol 3.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTraits {
    /// A digest or key: of one record.
    names_record: bool,
    /// Digests in field 6.
    has_digests: bool,
    calls_function: bool,
    udf_op: Option<UdfOp>,
    has_index: bool,
    /// A field that only scans and queries have.
    is_query: bool,
    has_filter: bool,
    /// An operation that is no plain read.
    does_more_than_read: bool,
    writes_values: bool,
    touches: bool,
    /// An operation that neither writes a plain value nor touches.
    does_other: bool,
    counts_twice: bool,
}

impl RequestTraits {
    /// Of no field and no operation.
    pub(super) const NONE: Self = Self {
        names_record: false,
        has_digests: false,
        calls_function: false,
        udf_op: None,
        has_index: false,
        is_query: false,
        has_filter: false,
        does_more_than_read: false,
        writes_values: false,
        touches: false,
        does_other: false,
        counts_twice: false,
    };

    /// Adds what a field says.
    pub(super) fn add_field(&mut self, field: &Field<'_>) {
        match (field.kind, field.data) {
            (FieldType::DIGEST_RIPE | FieldType::KEY, _) => self.names_record = true,
            (FieldType::MRT_DEADLINE, _) => self.has_digests |= field.is_digest_array(),
            (FieldType::UDF_FILENAME, _) => self.calls_function = true,
            (FieldType::UDF_OP, [op]) => self.udf_op = Some(UdfOp(*op)),
            (FieldType::INDEX_RANGE | FieldType::INDEX_NAME | FieldType::INDEX_EXPRESSION, _) => {
                self.has_index = true;
                self.is_query = true;
            }
            (
                FieldType::TRID | FieldType::PID_ARRAY | FieldType::DIGEST_ARRAY | FieldType::SCAN_OPTIONS,
                _,
            ) => self.is_query = true,
            (FieldType::PREDEXP | FieldType::WHERE, _) => self.has_filter = true,
            _ => {}
        }
    }

    /// Adds that the fields end with a broken one, at the front of `rest`.
    pub(super) fn add_broken(&mut self, rest: &[u8]) {
        // Of a field that is cut its type may be there.
        let kind = rest.get(TYPE_AT).and_then(|kind| kind.first());
        let names_record = matches!(
            kind.map(|kind| FieldType(*kind)),
            Some(FieldType::DIGEST_RIPE | FieldType::KEY)
        );
        // Fields that are missing are more likely those of a record, unless a scan has shown itself.
        self.names_record |= names_record || !self.is_query;
    }

    /// Adds that it is about one record, which is named elsewhere.
    pub(super) const fn add_record(&mut self) {
        self.names_record = true;
    }

    /// Adds what an operation says.
    pub(super) const fn add_op(&mut self, code: OpCode) {
        let is_touch = matches!(code, OpCode::TOUCH | OpCode::MC_TOUCH);
        self.does_more_than_read |= !code.is_plain_read();
        self.writes_values |= code.is_plain_write();
        self.touches |= is_touch;
        self.does_other |= !code.is_plain_write() && !is_touch;
        self.counts_twice |= code.counts_twice();
    }

    /// The kind of a request message with these bits in its header.
    #[must_use]
    pub const fn of_message(&self, info1: Info1, info2: Info2, info4: Info4) -> Request {
        if info1.contains(Info1::BATCH) {
            Request::BATCH
        } else if self.names_record {
            self.of_record(info1, info2, info4)
        } else if self.has_digests {
            Request::BATCH_DIRECT
        } else {
            self.of_query(info1, info2)
        }
    }

    /// The kind of what is known to be about one record, as a row of a batch is.
    ///
    /// Source: client-protocol 8.2
    #[must_use]
    pub const fn of_record(&self, info1: Info1, info2: Info2, info4: Info4) -> Request {
        if info2.contains(Info2::WRITE) {
            if info2.contains(Info2::DELETE) {
                Request::DELETE
            } else if self.calls_function {
                Request::UDF
            } else if info4.contains(Info4::MRT_ROLL_FORWARD) {
                Request::MRT_ROLL_FORWARD
            } else if info4.contains(Info4::MRT_ROLL_BACK) {
                Request::MRT_ROLL_BACK
            } else if info1.contains(Info1::READ) {
                Request::OPERATE
            } else {
                self.of_write()
            }
        } else if info1.contains(Info1::READ) {
            if info4.contains(Info4::MRT_VERIFY_READ) {
                Request::MRT_VERIFY
            } else if info1.contains(Info1::GET_NO_BINS) {
                Request::EXISTS
            } else if info1.contains(Info1::GET_ALL) {
                Request::GET
            } else if self.does_more_than_read {
                Request::OPERATE
            } else {
                Request::SELECT
            }
        } else {
            Request::INVALID
        }
    }

    const fn of_query(&self, info1: Info1, info2: Info2) -> Request {
        if self.calls_function {
            match self.udf_op {
                Some(UdfOp::AGGREGATE) => Request::AGGREGATE,
                Some(UdfOp::BACKGROUND) => Request::BACKGROUND_UDF,
                _ if info2.contains(Info2::WRITE) => Request::BACKGROUND_UDF,
                _ => Request::AGGREGATE,
            }
        } else if info2.contains(Info2::WRITE) {
            Request::BACKGROUND_OPS
        } else if !info1.contains(Info1::READ) {
            Request::INVALID
        } else if self.has_index {
            Request::QUERY
        } else {
            Request::SCAN
        }
    }

    const fn of_write(&self) -> Request {
        match (self.writes_values, self.touches, self.does_other) {
            (_, _, true) => Request::OPERATE,
            (false, true, false) => Request::TOUCH,
            _ => Request::WRITE,
        }
    }

    /// Whether a request of that kind does more when it is sent twice: a function, or an operation that counts.
    #[must_use]
    pub const fn counts_twice(&self, request: Request) -> bool {
        match request {
            Request::UDF => true,
            Request::OPERATE | Request::WRITE => self.counts_twice,
            _ => false,
        }
    }

    /// Whether a field says which records are left out: an expression, a predicate, a condition.
    #[must_use]
    pub const fn has_filter(&self) -> bool {
        self.has_filter
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::client::message::Message;
    use crate::wire::client::proto::Order;

    const DIGEST: &[u8] = b"\0\0\0\x15\x04....................";

    fn kind(info: [u8; 4], fields: &[&[u8]], ops: &[&[u8]]) -> Request {
        let mut bytes = vec![22, info[0], info[1], info[2], info[3]];
        bytes.extend([0; 13]);
        bytes.extend([0, fields.len() as u8, 0, ops.len() as u8]);
        bytes.extend(fields.iter().chain(ops).flat_map(|part| part.iter()));
        let (rest, message) = Message::parse(Order::Big, &bytes).unwrap();
        assert!(rest.is_empty() && message.fault().is_none());
        message.request()
    }

    #[test]
    fn what_a_proxy_message_holds_is_about_its_record() {
        let bytes = [&[22, 3][..], &[0; 20]].concat();
        let (_, mut message) = Message::parse(Order::Big, &bytes).unwrap();
        assert_eq!(message.request(), Request::SCAN);
        message.set_proxied();
        assert_eq!(message.request(), Request::GET);
    }

    #[test]
    fn requests_on_one_record() {
        let read: &[u8] = b"\0\0\0\x05\x01\0\0\x01a";
        let write: &[u8] = b"\0\0\0\x06\x02\x03\0\x01ax";
        let touch: &[u8] = b"\0\0\0\x04\x0b\0\0\0";
        let list: &[u8] = b"\0\0\0\x05\x04\x04\0\x01a";
        let module: &[u8] = b"\0\0\0\x02\x1em";
        assert_eq!(kind([3, 0, 0, 0], &[DIGEST], &[]), Request::GET);
        assert_eq!(kind([0x21, 0, 0, 0], &[DIGEST], &[]), Request::EXISTS);
        assert_eq!(kind([1, 0, 0, 0], &[DIGEST], &[read]), Request::SELECT);
        assert_eq!(kind([0x21, 0, 0x40, 1], &[DIGEST], &[]), Request::MRT_VERIFY);
        assert_eq!(kind([0, 1, 0, 0], &[DIGEST], &[write]), Request::WRITE);
        assert_eq!(kind([0, 1, 0, 0], &[DIGEST], &[touch]), Request::TOUCH);
        assert_eq!(kind([0, 1, 0, 0], &[DIGEST], &[list]), Request::OPERATE);
        assert_eq!(kind([1, 1, 0, 0], &[DIGEST], &[touch, read]), Request::OPERATE);
        assert_eq!(kind([0, 3, 0, 0], &[DIGEST], &[]), Request::DELETE);
        assert_eq!(kind([0, 1, 0, 0], &[DIGEST, module], &[]), Request::UDF);
        assert_eq!(kind([0, 0x11, 0, 2], &[DIGEST], &[]), Request::MRT_ROLL_FORWARD);
        assert_eq!(kind([0, 0x11, 0, 4], &[DIGEST], &[]), Request::MRT_ROLL_BACK);
        assert_eq!(kind([0, 0, 0, 0], &[DIGEST], &[]), Request::INVALID);
        assert_eq!(kind([3, 0, 0, 0], &[b"\0\0\0\x03\x02\x03k"], &[]), Request::GET);
    }

    #[test]
    fn requests_on_many_records() {
        let module: &[u8] = b"\0\0\0\x02\x1em";
        let index: &[u8] = b"\0\0\0\x02\x15i";
        let digests: &[u8] = b"\0\0\0\x15\x06....................";
        assert_eq!(kind([8, 0, 0, 0], &[], &[]), Request::BATCH);
        assert_eq!(kind([1, 0, 4, 0], &[], &[]), Request::SCAN);
        assert_eq!(Request::SCAN.ttl(Info2::empty(), u32::MAX), Ttl::Unused(u32::MAX));
        assert_eq!(Request::OPERATE.ttl(Info2::WRITE, u32::MAX), Ttl::NeverExpires);
        assert_eq!(Request::GET.ttl(Info2::empty(), u32::MAX), Ttl::TouchNever);
        assert_eq!(kind([1, 0, 4, 0], &[index], &[]), Request::QUERY);
        assert_eq!(
            kind([1, 0, 4, 0], &[module, b"\0\0\0\x02\x21\x01"], &[]),
            Request::AGGREGATE
        );
        assert_eq!(
            kind([0, 1, 0, 0], &[module, b"\0\0\0\x02\x21\x02"], &[]),
            Request::BACKGROUND_UDF
        );
        assert_eq!(kind([0, 1, 0, 0], &[], &[]), Request::BACKGROUND_OPS);
        assert_eq!(kind([3, 0, 0, 0], &[digests], &[]), Request::BATCH_DIRECT);
    }
}
