//! What a request asks for.

use super::field::{Field, FieldType, Fields};
use super::message::{Info1, Info2, Info4, Message};
use super::op::{OpCode, Ops};
use super::query::UdfOp;
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

/// What the fields say, for the decision.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    record: bool,
    digests: bool,
    udf: bool,
    udf_op: Option<UdfOp>,
    index: bool,
    is_query: bool,
    is_broken: bool,
}

impl Seen {
    fn new(mut fields: Fields<'_>) -> Self {
        let mut seen = Self::default();
        for field in fields.by_ref() {
            match field {
                Ok(field) => seen.add(&field),
                Err(_) => seen.is_broken = true,
            }
        }
        if seen.is_broken {
            // Of a field that is cut its type may be there.
            let kind = fields
                .rest()
                .get(super::field::TYPE_AT)
                .and_then(|kind| kind.first());
            seen.record |= matches!(
                kind.map(|kind| FieldType(*kind)),
                Some(FieldType::DIGEST_RIPE | FieldType::KEY)
            );
        }
        // Fields that are missing are more likely those of a record, unless a scan has shown itself.
        seen.record |= seen.is_broken && !seen.is_query;
        seen
    }

    fn add(&mut self, field: &Field<'_>) {
        match (field.kind, field.data) {
            (FieldType::DIGEST_RIPE | FieldType::KEY, _) => self.record = true,
            (FieldType::MRT_DEADLINE, _) => self.digests |= field.is_digest_array(),
            (FieldType::UDF_FILENAME, _) => self.udf = true,
            (FieldType::UDF_OP, [op]) => self.udf_op = Some(UdfOp(*op)),
            (FieldType::INDEX_RANGE | FieldType::INDEX_NAME | FieldType::INDEX_EXPRESSION, _) => {
                self.index = true;
                self.is_query = true;
            }
            (
                FieldType::TRID | FieldType::PID_ARRAY | FieldType::DIGEST_ARRAY | FieldType::SCAN_OPTIONS,
                _,
            ) => {
                self.is_query = true;
            }
            _ => {}
        }
    }
}

/// The kind of a request message.
///
/// Source: client-protocol 3.1
#[must_use]
pub fn of_message(message: &Message<'_>) -> Request {
    let header = &message.header;
    let seen = Seen::new(message.fields());
    if header.info1.contains(Info1::BATCH) {
        Request::BATCH
    } else if seen.record {
        of_record(header.info1, header.info2, header.info4, seen.udf, message.ops())
    } else if seen.digests {
        Request::BATCH_DIRECT
    } else {
        of_query(header.info1, header.info2, &seen)
    }
}

/// The kind of a message that is known to be about one record although no field names it: one inside a PROXY
/// message, whose digest stands outside.
///
/// Source: internode-protocol 5.5
#[must_use]
pub fn of_proxied(message: &Message<'_>) -> Request {
    let header = &message.header;
    let udf = Seen::new(message.fields()).udf;
    of_record(header.info1, header.info2, header.info4, udf, message.ops())
}

/// The kind of a row of a batch, which is always about one record.
#[must_use]
pub fn of_row(info1: Info1, info2: Info2, info4: Info4, fields: Fields<'_>, ops: Ops<'_>) -> Request {
    of_record(info1, info2, info4, Seen::new(fields).udf, ops)
}

fn of_query(info1: Info1, info2: Info2, seen: &Seen) -> Request {
    if seen.udf {
        match seen.udf_op {
            Some(UdfOp::AGGREGATE) => Request::AGGREGATE,
            Some(UdfOp::BACKGROUND) => Request::BACKGROUND_UDF,
            _ if info2.contains(Info2::WRITE) => Request::BACKGROUND_UDF,
            _ => Request::AGGREGATE,
        }
    } else if info2.contains(Info2::WRITE) {
        Request::BACKGROUND_OPS
    } else if !info1.contains(Info1::READ) {
        Request::INVALID
    } else if seen.index {
        Request::QUERY
    } else {
        Request::SCAN
    }
}

fn of_record(info1: Info1, info2: Info2, info4: Info4, udf: bool, ops: Ops<'_>) -> Request {
    if info2.contains(Info2::WRITE) {
        if info2.contains(Info2::DELETE) {
            Request::DELETE
        } else if udf {
            Request::UDF
        } else if info4.contains(Info4::MRT_ROLL_FORWARD) {
            Request::MRT_ROLL_FORWARD
        } else if info4.contains(Info4::MRT_ROLL_BACK) {
            Request::MRT_ROLL_BACK
        } else if info1.contains(Info1::READ) {
            Request::OPERATE
        } else {
            of_write(ops)
        }
    } else if info1.contains(Info1::READ) {
        if info4.contains(Info4::MRT_VERIFY_READ) {
            Request::MRT_VERIFY
        } else if info1.contains(Info1::GET_NO_BINS) {
            Request::EXISTS
        } else if info1.contains(Info1::GET_ALL) {
            Request::GET
        } else if ops.flatten().all(|op| op.code.is_plain_read()) {
            Request::SELECT
        } else {
            Request::OPERATE
        }
    } else {
        Request::INVALID
    }
}

fn of_write(ops: Ops<'_>) -> Request {
    let is_touch = |code| matches!(code, OpCode::TOUCH | OpCode::MC_TOUCH);
    let (mut plain, mut touches, mut others) = (false, false, false);
    for op in ops.flatten() {
        plain |= op.code.is_plain_write();
        touches |= is_touch(op.code);
        others |= !op.code.is_plain_write() && !is_touch(op.code);
    }
    match (plain, touches, others) {
        (_, _, true) => Request::OPERATE,
        (false, true, false) => Request::TOUCH,
        _ => Request::WRITE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::client::proto::Order;

    const DIGEST: &[u8] = b"\0\0\0\x15\x04....................";

    fn kind(info: [u8; 4], fields: &[&[u8]], ops: &[&[u8]]) -> Request {
        let mut bytes = vec![22, info[0], info[1], info[2], info[3]];
        bytes.extend([0; 13]);
        bytes.extend([0, fields.len() as u8, 0, ops.len() as u8]);
        bytes.extend(fields.iter().chain(ops).flat_map(|part| part.iter()));
        let (rest, message) = Message::parse(Order::Big, &bytes).unwrap();
        assert!(rest.is_empty() && message.fault.is_none());
        of_message(&message)
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
