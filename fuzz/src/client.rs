//! What clients and servers say to each other.

use aerospike::wire::admin;
use aerospike::wire::admin::message::AdminValue;
use aerospike::wire::client::fields::digest;
use aerospike::wire::client::fields::field::{Field, FieldType, FieldValue};
use aerospike::wire::client::fields::op::{Op, OpCode};
use aerospike::wire::client::message::batch::Batch;
use aerospike::wire::client::message::{Message, Messages, mrt};
use aerospike::wire::client::proto::compressed::Compressed;
use aerospike::wire::client::proto::{Header, Order, ProtoType, guess};
use aerospike::wire::exchange::matching::{EndFacts, Expected, Progress};
use aerospike::wire::exchange::plausible;
use aerospike::wire::ground::inflate::inflate;
use aerospike::wire::ground::time::Ttl;
use aerospike::wire::values::particle::{self, ParticleType};
use aerospike::wire::values::text::value_text::BinText;

use crate::account::Account;
use crate::{info, values};

pub fn stream<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
    account.text(bytes.get(..16).unwrap_or(bytes), guess::guess_protocol(bytes));
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
        let Some((tail, header)) = account.parse(rest, Header::parse(rest)) else {
            return;
        };
        account.text(header.bytes, format_args!("{header:?}"));
        let _ = (header.refusal(), header.admin_port_refusal(), header.length());
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        let (body, tail) = tail.split_at(size.min(tail.len()));
        self::body(account, header.kind, header.order, body);
        rest = tail;
    }
    if let Some((_, header)) = account.parse(bytes, Header::parse_embedded(bytes)) {
        body(account, header.kind, header.order, &bytes[8..]);
    }
}

pub fn body<'a>(account: &mut Account<'a>, kind: ProtoType, order: Order, body: &'a [u8]) {
    let (expected, facts) = progress(kind, order, body);
    let mut progress = Progress::new(expected, false);
    for _ in 0..2 {
        let _ = progress.accept(kind, &facts);
    }
    match kind {
        ProtoType::INFO => info::body(account, body),
        ProtoType::SECURITY => security(account, body),
        ProtoType::AS_MSG_COMPRESSED => check_compressed(account, body),
        _ => account.every(Messages::new(order, body), |account, message| {
            self::message(account, &message)
        }),
    }
}

/// What answers a request with this body, and what an answer with it says of its end.
fn progress(kind: ProtoType, order: Order, body: &[u8]) -> (Expected, EndFacts) {
    let (mut expected, mut facts) = (Expected::Unknown, EndFacts::default());
    match kind {
        ProtoType::INFO => expected = Expected::Info,
        ProtoType::SECURITY => {
            for message in admin::message::Messages::new(body).flatten() {
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

fn check_compressed<'a>(account: &mut Account<'a>, body: &'a [u8]) {
    let Some((_, compressed)) = account.parse(body, Compressed::parse(body)) else {
        return;
    };
    account.see(compressed.size_bytes);
    account.see(compressed.stream);
    let Some(size) = account.take(compressed.believable_size()) else {
        return;
    };
    // A stream makes of a byte no more than 1,032, and the size is believed only if it fits that.
    let mut room = vec![0; size];
    if let Some(length) = account.take(inflate(compressed.stream, &mut room)) {
        let whole = &room[..length];
        let mut inner = Account::of(whole);
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

fn message<'a>(account: &mut Account<'a>, message: &Message<'a>) {
    let header = &message.header;
    let mut proxied = *message;
    proxied.set_proxied();
    account.see(message.bytes);
    account.text(header.bytes, format_args!("{header:?}"));
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
        account.text(header.bytes, text);
    }
    let _ = (
        proxied.request(),
        message.counts_twice(),
        message.batches().count(),
        message.identity().record(),
        header.may_be_request(),
        header.is_bare(),
    );
    account.every(message.fields(), |account, field| self::field(account, &field));
    account.every(message.ops(), |account, op| self::op(account, &op));
    if let Some(fault) = message.fault() {
        account.fault(fault);
    }
}

pub fn lone<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
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
        self::field(account, &field);
    } else {
        if let Some(value) = account.take(particle::Value::parse(ParticleType(kind), data)) {
            self::value(account, data, &value);
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
        self::op(account, &op);
    }
    let _ = Field::parse(Order::Little, bytes);
    let _ = Op::parse(Order::Little, bytes);
}

/// A field, and those of the rows of a batch in it, however deep: the plugin reads none of a batch in a row.
fn field<'a>(account: &mut Account<'a>, field: &Field<'a>) {
    let mut waiting = vec![*field];
    while let Some(field) = waiting.pop() {
        one(account, &field, &mut waiting);
    }
}

fn one<'a>(account: &mut Account<'a>, field: &Field<'a>, waiting: &mut Vec<Field<'a>>) {
    account.see(field.bytes);
    account.text(field.data, field.kind);
    let Some(value) = account.take(field.value()) else {
        return;
    };
    match value {
        FieldValue::Text(text) => account.see(text),
        FieldValue::Key(key) => {
            account.text(key.value, format_args!("{key}"));
            let _ = (
                key.has_digest(),
                key.integer(),
                key.float(),
                digest::compute(b"set", &key),
            );
        }
        FieldValue::Digest(digest) => account.text(digest.0, format_args!("{digest} {}", digest.partition())),
        FieldValue::Digests(list) => {
            assert!(list.count() * digest::LENGTH <= field.data.len());
            account.each(list.iter(), |account, digest| account.see(digest.0));
        }
        FieldValue::Partitions(list) => {
            assert_eq!(list.count(), list.iter().count());
            account.each(list.iter(), |account, at| account.see(at.bytes));
            account.each(list.runs(), |account, run| {
                assert!(run.first <= run.last && !run.bytes.is_empty());
                account.see(run.bytes);
            });
        }
        FieldValue::Bvals(list) => account.each(list.iter(), |account, at| account.see(at.bytes)),
        FieldValue::IndexRange(range) => {
            for piece in [
                range.n_ranges.bytes,
                range.bin,
                range.kind.bytes,
                range.start,
                range.end,
            ] {
                account.see(piece);
            }
            for (bytes, end) in [(range.start, range.start()), (range.end, range.end())] {
                if let Some(end) = account.take(end) {
                    self::value(account, bytes, &end);
                }
            }
        }
        FieldValue::BinList(list) => account.every(list.iter(), |account, name| account.see(name.bytes)),
        FieldValue::Batch(data) => {
            let Some(batch) = account.take(Batch::read(data)) else {
                return;
            };
            let mut rows = batch.rows();
            account.every(rows.by_ref(), |account, row| {
                account.see(row.bytes);
                account.see(row.digest.0);
                let Some(body) = row.own_body() else { return };
                for piece in [body.info1.bytes, body.n_fields.bytes, body.n_ops.bytes] {
                    account.see(piece);
                }
                account.text(body.info1.bytes, body.request());
                let _ = (body.info2(), body.info4(), body.identity().record());
                account.every(body.fields(), |_, inner| waiting.push(inner));
                account.every(body.ops(), |account, op| self::op(account, &op));
                if let Some(fault) = body.fault() {
                    account.fault(fault);
                }
            });
            account.rest(field.data, rows.rest());
        }
        FieldValue::UdfArguments(data) | FieldValue::ErrorDetails(data) | FieldValue::IndexContext(data) => {
            values::all(account, data)
        }
        FieldValue::Expression(data) | FieldValue::Predexp(data) => values::all(account, data),
        FieldValue::Unknown(data) => account.see(data),
        other => account.text(field.data, format_args!("{other:?}")),
    }
}

fn op<'a>(account: &mut Account<'a>, op: &Op<'a>) {
    account.see(op.bytes);
    account.see(op.name);
    account.text(op.value, format_args!("{} {}", op.code, op.particle));
    let _ = op.has_call();
    for read in [op.content(), op.argument()] {
        if let Some(value) = account.take(read) {
            self::value(account, op.value, &value);
        }
    }
}

fn value<'a>(account: &mut Account<'a>, bytes: &'a [u8], value: &particle::Value<'a>) {
    account.text(bytes, BinText(value));
    match *value {
        particle::Value::List(data) | particle::Value::Map(data) | particle::Value::Call(data) => {
            values::all(account, data)
        }
        particle::Value::GeoJson(geo) => {
            account.see(geo.json);
            account.each(geo.cells(), |account, cell| account.see(cell.bytes));
            let _ = geo.is_region();
        }
        particle::Value::Hll(hll) => {
            account.see(hll.registers);
            let _ = hll.expected_registers();
        }
        particle::Value::Text(data) | particle::Value::Blob(data) | particle::Value::Unknown(data) => {
            account.see(data)
        }
        _ => {}
    }
}

pub fn security<'a>(account: &mut Account<'a>, body: &'a [u8]) {
    account.every(admin::message::Messages::new(body), |account, message| {
        account.see(message.bytes);
        account.see(message.reserved);
        account.text(
            message.bytes,
            format_args!(
                "{} {} {:?}",
                message.command,
                message.result,
                message.is_request()
            ),
        );
        let _ = message.command.is_query();
        account.every(message.fields(), |account, field| {
            account.see(field.bytes);
            account.text(
                field.bytes,
                format_args!("{} {}", field.id, field.id.is_sensitive()),
            );
            let Some(value) = account.take(field.value()) else {
                return;
            };
            match value {
                AdminValue::Text(text) | AdminValue::Secret(text) | AdminValue::Unknown(text) => {
                    account.see(text)
                }
                AdminValue::Roles(roles) => account.every(roles.iter(), |account, role| account.see(role)),
                AdminValue::Privileges(list) => account.every(list.iter(), |account, grant| {
                    account.text(grant.bytes, grant.privilege);
                    account.see(grant.namespace.unwrap_or_default());
                    account.see(grant.set.unwrap_or_default());
                }),
                AdminValue::Numbers(list) => account.each(list.iter(), |account, at| account.see(at.bytes)),
                other => account.text(field.bytes, format_args!("{other:?}")),
            }
        });
        if let Some(fault) = message.fault {
            account.fault(&fault);
        }
    });
}
