//! What clients and servers say to each other.

use aerospike::wire::admin::message as admin;
use aerospike::wire::admin::message::AdminValue;
use aerospike::wire::exchange::matching::{EndFacts, Expected, Progress};
use aerospike::wire::exchange::plausible;
use aerospike::wire::ground::inflate::inflate;
use aerospike::wire::ground::time::Ttl;
use aerospike::wire::values::particle::{self, ParticleType};
use aerospike::wire::values::text::value_text::BinText;
use aerospike::wire::client::fields::digest;
use aerospike::wire::client::fields::field::{Field, FieldType, FieldValue};
use aerospike::wire::client::fields::op::{Op, OpCode};
use aerospike::wire::client::message::{Message, Messages, mrt};
use aerospike::wire::client::message::batch::Batch;
use aerospike::wire::client::proto::{Header, Order, ProtoType, guess};
use aerospike::wire::client::proto::compressed::Compressed;

use crate::sight::Sight;
use crate::{info, values};

pub fn stream<'a>(sight: &mut Sight<'a>, bytes: &'a [u8]) {
    sight.text(bytes.get(..16).unwrap_or(bytes), guess::guess_protocol(bytes));
    let judged = plausible::plausibility(bytes);
    assert!(judged == plausible::Plausibility::No || plausible::weak(bytes));
    if let Some(at) = plausible::resynchronise(bytes) {
        assert_eq!(
            plausible::plausibility(&bytes[at..]),
            plausible::Plausibility::Strong
        );
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        for order in [Order::Big, Order::Little] {
            let _ = Header::parse_in(order, rest).map(|(_, header)| header.refusal());
        }
        let Some((tail, header)) = sight.parse(rest, Header::parse(rest)) else {
            return;
        };
        sight.text(header.bytes, format_args!("{header:?}"));
        let _ = (header.refusal(), header.admin_port_refusal(), header.length());
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        let (body, tail) = tail.split_at(size.min(tail.len()));
        self::body(sight, header.kind, header.order, body);
        rest = tail;
    }
    if let Some((_, header)) = sight.parse(bytes, Header::parse_embedded(bytes)) {
        body(sight, header.kind, header.order, &bytes[8..]);
    }
}

pub fn body<'a>(sight: &mut Sight<'a>, kind: ProtoType, order: Order, body: &'a [u8]) {
    let (expected, facts) = progress(kind, order, body);
    let mut progress = Progress::new(expected, false);
    for _ in 0..2 {
        let _ = progress.accept(kind, &facts);
    }
    match kind {
        ProtoType::INFO => info::body(sight, body),
        ProtoType::SECURITY => security(sight, body),
        ProtoType::AS_MSG_COMPRESSED => compressed(sight, body),
        _ => sight.every(Messages::new(order, body), |sight, message| {
            self::message(sight, &message)
        }),
    }
}

/// What answers a request with this body, and what an answer with it says of its end.
fn progress(kind: ProtoType, order: Order, body: &[u8]) -> (Expected, EndFacts) {
    let (mut expected, mut facts) = (Expected::Unknown, EndFacts::default());
    match kind {
        ProtoType::INFO => expected = Expected::Info,
        ProtoType::SECURITY => {
            for message in admin::Messages::new(body).flatten() {
                expected = Expected::of_command(message.command);
                facts.add_security(&message);
            }
        }
        ProtoType::AS_MSG => {
            for message in Messages::new(order, body).flatten() {
                expected = Expected::of_request(message.request());
                facts.add(&message.header);
            }
        }
        _ => {}
    }
    (expected, facts)
}

fn compressed<'a>(sight: &mut Sight<'a>, body: &'a [u8]) {
    let Some((_, compressed)) = sight.parse(body, Compressed::parse(body)) else {
        return;
    };
    sight.see(compressed.size_bytes);
    sight.see(compressed.stream);
    let Some(size) = sight.take(compressed.believable_size()) else {
        return;
    };
    // A stream makes of a byte no more than 1,032, and the size is believed only if it fits that.
    let mut room = vec![0; size];
    if let Some(length) = sight.take(inflate(compressed.stream, &mut room)) {
        let whole = &room[..length];
        let mut inner = Sight::of(whole);
        match inner.parse(whole, Header::parse(whole)) {
            // One level, as in the plugin; what is inside of it is read as the rest is, but for its stream.
            Some((body, header)) if header.kind == ProtoType::AS_MSG_COMPRESSED => {
                inner.text(header.bytes, format_args!("{header:?}"));
                if let Some((_, compressed)) = inner.parse(body, Compressed::parse(body)) {
                    inner.see(compressed.stream);
                    inner.take(compressed.believable_size());
                }
            }
            _ => stream(&mut inner, whole),
        }
        inner.end();
    }
}

fn message<'a>(sight: &mut Sight<'a>, message: &Message<'a>) {
    let header = &message.header;
    sight.see(message.bytes);
    sight.text(header.bytes, format_args!("{header:?}"));
    let asked = message.request();
    for text in [
        format!("{asked} {}", header.result_code),
        format!(
            "{} {}",
            asked.ttl(header.info2, header.record_ttl),
            Ttl::of_response(header.record_ttl)
        ),
        format!("{:?} {:?}", header.part(), mrt::monitor_step(message)),
    ] {
        sight.text(header.bytes, text);
    }
    let _ = (
        message.in_proxy().request(),
        message.counts_twice(),
        message.batches().count(),
        message.identity().record(),
        header.may_be_request(),
        header.is_bare(),
    );
    sight.every(message.fields(), |sight, field| self::field(sight, &field));
    sight.every(message.ops(), |sight, op| self::op(sight, &op));
    if let Some(fault) = message.fault {
        sight.fault(&fault);
    }
}

pub fn lone<'a>(sight: &mut Sight<'a>, bytes: &'a [u8]) {
    let &[kind, which, ref data @ ..] = bytes else {
        return;
    };
    if which & 1 == 0 {
        let field = Field {
            bytes,
            size: bytes.len() as u32,
            kind: FieldType(kind),
            data,
        };
        self::field(sight, &field);
    } else {
        if let Some(value) = sight.take(particle::Value::parse(ParticleType(kind), data)) {
            self::value(sight, data, &value);
        }
        let op = Op {
            bytes,
            size: bytes.len() as u32,
            code: OpCode(which >> 1),
            particle: ParticleType(kind),
            ..match Op::parse(Order::Big, b"\0\0\0\x04\x01\0\0\0") {
                Ok((_, op)) => op,
                Err(_) => return,
            }
        };
        let op = Op { value: data, ..op };
        self::op(sight, &op);
    }
    let _ = Field::parse(Order::Little, bytes);
    let _ = Op::parse(Order::Little, bytes);
}

/// A field, and those of the rows of a batch in it, however deep: the plugin reads none of a batch in a row.
fn field<'a>(sight: &mut Sight<'a>, field: &Field<'a>) {
    let mut waiting = vec![*field];
    while let Some(field) = waiting.pop() {
        one(sight, &field, &mut waiting);
    }
}

fn one<'a>(sight: &mut Sight<'a>, field: &Field<'a>, waiting: &mut Vec<Field<'a>>) {
    sight.see(field.bytes);
    sight.text(field.data, field.kind);
    let Some(value) = sight.take(field.value()) else {
        return;
    };
    match value {
        FieldValue::Text(text) => sight.see(text),
        FieldValue::Key(key) => {
            sight.text(key.value, format_args!("{key}"));
            let _ = (
                key.has_digest(),
                key.integer(),
                key.float(),
                digest::compute(b"set", &key),
            );
        }
        FieldValue::Digest(digest) => sight.text(digest.0, format_args!("{digest} {}", digest.partition())),
        FieldValue::Digests(list) => {
            assert!(list.count() * digest::LENGTH <= field.data.len());
            sight.each(list.iter(), |sight, digest| sight.see(digest.0));
        }
        FieldValue::Partitions(list) => {
            assert_eq!(list.count(), list.iter().count());
            sight.each(list.iter(), |sight, at| sight.see(at.bytes));
            sight.each(list.runs(), |sight, run| {
                assert!(run.first <= run.last && !run.bytes.is_empty());
                sight.see(run.bytes);
            });
        }
        FieldValue::Bvals(list) => sight.each(list.iter(), |sight, at| sight.see(at.bytes)),
        FieldValue::IndexRange(range) => {
            for piece in [
                range.n_ranges.bytes,
                range.bin,
                range.kind.bytes,
                range.start,
                range.end,
            ] {
                sight.see(piece);
            }
            for (bytes, end) in [(range.start, range.start()), (range.end, range.end())] {
                if let Some(end) = sight.take(end) {
                    self::value(sight, bytes, &end);
                }
            }
        }
        FieldValue::BinList(list) => sight.every(list.iter(), |sight, name| sight.see(name.bytes)),
        FieldValue::Batch(data) => {
            let Some(batch) = sight.take(Batch::read(data)) else {
                return;
            };
            let mut rows = batch.rows();
            sight.every(rows.by_ref(), |sight, row| {
                sight.see(row.bytes);
                sight.see(row.digest.0);
                let Some(body) = row.own_body() else { return };
                for piece in [body.info1.bytes, body.n_fields.bytes, body.n_ops.bytes] {
                    sight.see(piece);
                }
                sight.text(body.info1.bytes, body.request());
                let _ = (body.info2(), body.info4(), body.identity().record());
                sight.every(body.fields(), |_, inner| waiting.push(inner));
                sight.every(body.ops(), |sight, op| self::op(sight, &op));
                if let Some(fault) = body.fault {
                    sight.fault(&fault);
                }
            });
            sight.rest(field.data, rows.rest());
        }
        FieldValue::UdfArguments(data) | FieldValue::ErrorDetails(data) | FieldValue::IndexContext(data) => {
            values::all(sight, data)
        }
        FieldValue::Expression(data) | FieldValue::Predexp(data) => values::all(sight, data),
        FieldValue::Unknown(data) => sight.see(data),
        other => sight.text(field.data, format_args!("{other:?}")),
    }
}

fn op<'a>(sight: &mut Sight<'a>, op: &Op<'a>) {
    sight.see(op.bytes);
    sight.see(op.name);
    sight.text(op.value, format_args!("{} {}", op.code, op.particle));
    let _ = op.has_call();
    for read in [op.content(), op.argument()] {
        if let Some(value) = sight.take(read) {
            self::value(sight, op.value, &value);
        }
    }
}

fn value<'a>(sight: &mut Sight<'a>, bytes: &'a [u8], value: &particle::Value<'a>) {
    sight.text(bytes, BinText(value));
    match *value {
        particle::Value::List(data) | particle::Value::Map(data) | particle::Value::Call(data) => {
            values::all(sight, data)
        }
        particle::Value::GeoJson(geo) => {
            sight.see(geo.json);
            sight.each(geo.cells(), |sight, cell| sight.see(cell.bytes));
            let _ = geo.is_region();
        }
        particle::Value::Hll(hll) => {
            sight.see(hll.registers);
            let _ = hll.expected_registers();
        }
        particle::Value::Text(data) | particle::Value::Blob(data) | particle::Value::Unknown(data) => {
            sight.see(data)
        }
        _ => {}
    }
}

pub fn security<'a>(sight: &mut Sight<'a>, body: &'a [u8]) {
    sight.every(admin::Messages::new(body), |sight, message| {
        sight.see(message.bytes);
        sight.see(message.reserved);
        sight.text(
            message.bytes,
            format_args!(
                "{} {} {:?}",
                message.command,
                message.result,
                message.is_request()
            ),
        );
        let _ = message.command.is_query();
        sight.every(message.fields(), |sight, field| {
            sight.see(field.bytes);
            sight.text(
                field.bytes,
                format_args!("{} {}", field.id, field.id.is_sensitive()),
            );
            let Some(value) = sight.take(field.value()) else {
                return;
            };
            match value {
                AdminValue::Text(text) | AdminValue::Secret(text) | AdminValue::Unknown(text) => {
                    sight.see(text)
                }
                AdminValue::Roles(roles) => sight.every(roles.iter(), |sight, role| sight.see(role)),
                AdminValue::Privileges(list) => sight.every(list.iter(), |sight, grant| {
                    sight.text(grant.bytes, grant.privilege);
                    sight.see(grant.namespace.unwrap_or_default());
                    sight.see(grant.set.unwrap_or_default());
                }),
                AdminValue::Numbers(list) => sight.each(list.iter(), |sight, at| sight.see(at.bytes)),
                other => sight.text(field.bytes, format_args!("{other:?}")),
            }
        });
        if let Some(fault) = message.fault {
            sight.fault(&fault);
        }
    });
}
