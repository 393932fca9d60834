//! Lists every worked example value by value with its offset, as `examples.txt` (the listings of client-protocol 17
//! without their hexadecimal column) has it.

use std::fmt::Write;

use super::examples::CLIENT;
use crate::wire::admin;
use crate::wire::client::fields::field::{self, Field, FieldType};
use crate::wire::client::fields::op::{self, Op};
use crate::wire::client::fields::query::ScanOptions;
use crate::wire::client::message::batch::{self, Batch};
use crate::wire::client::message::{self, Info1, Info2, Info3, Messages};
use crate::wire::client::proto::compressed::Compressed;
use crate::wire::client::proto::{self, Order, ProtoType};
use crate::wire::ground::text::LossyText;
use crate::wire::info;
use crate::wire::values::particle::{self, ParticleType};

struct Listing<'a> {
    whole: &'a [u8],
    text: String,
}

impl Listing<'_> {
    fn line(&mut self, at: &[u8], text: impl std::fmt::Display) {
        let offset = at.as_ptr() as usize - self.whole.as_ptr() as usize;
        assert!(offset + at.len() <= self.whole.len());
        writeln!(self.text, "{offset:04x} {text}").unwrap();
    }

    fn info_bits(&mut self, at: &[u8], name: &str, flags: impl Iterator<Item = &'static str>) {
        let flags: Vec<_> = flags.collect();
        let flags = if flags.is_empty() {
            "0".into()
        } else {
            flags.join("|")
        };
        self.line(at, format_args!("{name}={flags}"));
    }

    fn infos(&mut self, at: [&[u8]; 3], info1: Info1, info2: Info2, info3: Info3) {
        self.info_bits(at[0], "info1", info1.iter_names().map(|(name, _)| name));
        self.info_bits(at[1], "info2", info2.iter_names().map(|(name, _)| name));
        self.info_bits(at[2], "info3", info3.iter_names().map(|(name, _)| name));
    }

    fn proto(&mut self, header: &proto::Header<'_>) {
        self.line(
            &header.bytes[proto::VERSION_AT],
            format_args!("proto version={}", header.version),
        );
        self.line(
            &header.bytes[proto::TYPE_AT],
            format_args!("proto type={}", header.kind.0),
        );
        self.line(
            &header.bytes[proto::SIZE_AT],
            format_args!("proto size={}", header.size),
        );
    }

    fn message(&mut self, message: &message::Message<'_>) {
        let header = &message.header;
        let at = |range| &header.bytes[range];
        self.line(
            at(message::HEADER_SIZE_AT),
            format_args!("header_sz={}", header.header_size),
        );
        let infos = [
            at(message::INFO1_AT),
            at(message::INFO2_AT),
            at(message::INFO3_AT),
        ];
        self.infos(infos, header.info1, header.info2, header.info3);
        self.line(
            at(message::INFO4_AT),
            format_args!("info4={}", header.info4.bits()),
        );
        self.line(
            at(message::RESULT_CODE_AT),
            format_args!("result_code={}", header.result_code.0),
        );
        self.line(
            at(message::GENERATION_AT),
            format_args!("generation={}", header.generation),
        );
        let ttl = header.record_ttl;
        self.line(
            at(message::RECORD_TTL_AT),
            format_args!("record_ttl={ttl} ({ttl:#x})"),
        );
        let timeout = header.transaction_ttl;
        self.line(
            at(message::TRANSACTION_TTL_AT),
            format_args!("transaction_ttl={timeout}"),
        );
        self.line(
            at(message::N_FIELDS_AT),
            format_args!("n_fields={}", header.n_fields),
        );
        self.line(at(message::N_OPS_AT), format_args!("n_ops={}", header.n_ops));
        let mut fields = message.fields();
        for field in fields.by_ref() {
            self.field(&field.unwrap());
        }
        let request = header.may_be_request();
        for op in fields.following_ops() {
            self.op(&op.unwrap(), request);
        }
    }

    fn field(&mut self, field: &Field<'_>) {
        let kind = field.kind;
        self.line(
            &field.bytes[field::SIZE_AT],
            format_args!("field_sz={}", field.size),
        );
        let name = match kind {
            FieldType::MRT_DEADLINE => "MRT_DEADLINE/old DIGEST_RIPE_ARRAY",
            _ => kind.name().unwrap(),
        };
        self.line(
            &field.bytes[field::TYPE_AT],
            format_args!("field type {} {name}", kind.0),
        );
        let data = field.data;
        match field.value().unwrap() {
            field::FieldValue::Text(text) => self.line(text, format_args!("'{}'", LossyText(text))),
            field::FieldValue::Key(key) => self.line(data, format_args!("particle {}, '{key}'", key.kind.0)),
            field::FieldValue::RecordVersion(n) => self.line(data, format_args!("version LE56={n:#016x}")),
            field::FieldValue::Digest(digest) => self.line(digest.0, "digest"),
            field::FieldValue::MrtId(n) => self.line(data, format_args!("txn id LE64={n:#018x}")),
            field::FieldValue::MrtDeadline(n) => self.line(data, format_args!("deadline LE32={}", n.0)),
            field::FieldValue::Digests(all) => {
                self.line(data, format_args!("{} digests", all.iter().count()))
            }
            field::FieldValue::Trid(n) | field::FieldValue::SampleMax(n) => {
                self.line(data, format_args!("BE={n} ({n:#x})"))
            }
            field::FieldValue::ScanOptions(options) => self.line(
                data,
                format_args!(
                    "priority={} fail_on_cluster_change={} percent={}",
                    options.priority().0,
                    u8::from(options.flags & ScanOptions::FAIL_ON_CLUSTER_CHANGE != 0),
                    options.percent
                ),
            ),
            field::FieldValue::SocketTimeout(n) => self.line(data, format_args!("BE={n} ({n:#x})")),
            field::FieldValue::Partitions(pids) => {
                let pids: Vec<_> = pids.iter().map(|pid| pid.value).collect();
                self.line(data, format_args!("pids LE16 {pids:?}"));
            }
            field::FieldValue::Bvals(values) => {
                let values: Vec<_> = values.iter().map(|value| value.value).collect();
                self.line(data, format_args!("bvals LE64 {values:?}"));
            }
            field::FieldValue::IndexRange(range) => {
                self.line(
                    range.n_ranges.bytes,
                    format_args!("n_ranges={}", range.n_ranges.value),
                );
                self.line(&data[1..2], format_args!("bin name len={}", range.bin.len()));
                self.line(range.bin, format_args!("bin name '{}'", LossyText(range.bin)));
                let kind = range.kind.value;
                self.line(range.kind.bytes, format_args!("particle type {} {kind}", kind.0));
                let start = 3 + range.bin.len();
                self.line(&data[start..], format_args!("start len={}", range.start.len()));
                self.value("start", range.start, range.start().unwrap());
                self.line(
                    &data[start + 4 + range.start.len()..],
                    format_args!("end len={}", range.end.len()),
                );
                self.value("end", range.end, range.end().unwrap());
            }
            field::FieldValue::IndexType(kind) => self.line(data, format_args!("u8={}", kind.0)),
            field::FieldValue::Batch(data) => self.batch(data, &Batch::read(data).unwrap()),
            field::FieldValue::Expression(_) | field::FieldValue::ErrorDetails(_) => {
                self.line(data, "msgpack")
            }
            other => panic!("not in any example: {other:?}"),
        }
    }

    fn op(&mut self, op: &Op<'_>, request: bool) {
        self.line(&op.bytes[op::SIZE_AT], format_args!("op_sz={}", op.size));
        self.line(
            &op.bytes[op::CODE_AT],
            format_args!("op {} {}", op.code.0, op.code),
        );
        let kind = op.particle;
        self.line(
            &op.bytes[op::PARTICLE_AT],
            format_args!("particle type {} {kind}", kind.0),
        );
        self.line(
            &op.bytes[op::FLAGS_AT],
            format_args!("flags/version={}", op.flags.bits()),
        );
        self.line(
            &op.bytes[op::NAME_SIZE_AT],
            format_args!("bin name len={}", op.name.len()),
        );
        self.line(op.name, format_args!("bin name '{}'", LossyText(op.name)));
        let value = if request { op.argument() } else { op.content() };
        match value.unwrap() {
            particle::Value::Call(call) => self.line(call, "msgpack"),
            value => self.value("value", op.value, value),
        }
    }

    fn value(&mut self, name: &str, at: &[u8], value: particle::Value<'_>) {
        match value {
            particle::Value::Nil => {}
            particle::Value::Integer(n) => self.line(at, format_args!("{name} {n}")),
            particle::Value::Float(n) => self.line(at, format_args!("{name} {n}")),
            particle::Value::Bool(yes) => self.line(at, format_args!("{name} {yes}")),
            particle::Value::Text(text) => self.line(at, format_args!("{name} '{}'", LossyText(text))),
            particle::Value::List(_) | particle::Value::Map(_) => {
                self.line(at, format_args!("{name} msgpack"))
            }
            particle::Value::GeoJson(geo) => {
                let (flags, n_cells, json) = (geo.flags, geo.n_cells, LossyText(geo.json));
                self.line(
                    at,
                    format_args!("{name} geo flags={flags} ncells={n_cells} json=b'{json}'"),
                );
            }
            other => panic!("not in any example: {other:?}"),
        }
    }

    fn batch(&mut self, data: &[u8], batch: &Batch<'_>) {
        self.line(&data[batch::COUNT_AT], format_args!("n rows={}", batch.count));
        self.line(
            &data[batch::FLAGS_AT],
            format_args!("batch flags={:#04x}", batch.flags.bits()),
        );
        let mut rows = batch.rows();
        for row in rows.by_ref() {
            let row = row.unwrap();
            self.line(
                &row.bytes[batch::ROW_INDEX_AT],
                format_args!("row index={}", row.index),
            );
            self.line(&row.bytes[batch::ROW_DIGEST_AT], "digest");
            self.line(
                &row.bytes[batch::ROW_FLAGS_AT],
                format_args!("row flags={:#04x}", row.flags.bits()),
            );
            let Some(body) = row.own_body() else {
                assert!(row.repeats() && row.body.is_some() && row.bytes.len() == 25);
                continue;
            };
            let (info2, info3) = (body.info2.unwrap(), body.info3.unwrap());
            let infos = [body.info1.bytes, info2.bytes, info3.bytes];
            self.infos(infos, body.info1.value, info2.value, info3.value);
            if let Some(generation) = body.generation {
                self.line(
                    generation.bytes,
                    format_args!("generation BE16={}", generation.value),
                );
            }
            if let Some(ttl) = body.record_ttl {
                self.line(ttl.bytes, format_args!("record_ttl BE32={}", ttl.value));
            }
            self.line(
                body.n_fields.bytes,
                format_args!("n_fields={}", body.n_fields.value),
            );
            self.line(body.n_ops.bytes, format_args!("n_ops={}", body.n_ops.value));
            for field in body.fields() {
                self.field(&field.unwrap());
            }
            for op in body.ops() {
                self.op(&op.unwrap(), true);
            }
        }
        assert!(rows.rest().is_empty());
    }

    fn security(&mut self, message: &admin::message::Message<'_>) {
        let at = |range| &message.bytes[range];
        self.line(
            at(admin::message::SCHEME_AT),
            format_args!("scheme={}", message.scheme),
        );
        self.line(
            at(admin::message::RESULT_AT),
            format_args!("result={}", message.result.0),
        );
        self.line(
            at(admin::message::COMMAND_AT),
            format_args!("command={}", message.command.0),
        );
        self.line(
            at(admin::message::N_FIELDS_AT),
            format_args!("n_fields={}", message.n_fields),
        );
        self.line(at(admin::message::RESERVED_AT), "12 reserved bytes");
        for field in message.fields() {
            let field = field.unwrap();
            self.line(
                &field.bytes[admin::message::FIELD_SIZE_AT],
                format_args!("field_sz={}", field.size),
            );
            self.line(
                &field.bytes[admin::message::FIELD_ID_AT],
                format_args!("field id={}", field.id.0),
            );
            let shown: String = field.data.iter().map(|byte| python(*byte)).collect();
            self.line(field.data, format_args!("b'{shown}'"));
        }
    }

    fn body(&mut self, kind: ProtoType, body: &[u8]) {
        match kind {
            ProtoType::INFO => {
                for command in info::message::commands(body) {
                    assert!(command.terminated);
                    let text = command.text.escape_ascii();
                    self.line(command.text, format_args!("'{text}'"));
                }
            }
            ProtoType::SECURITY => {
                for message in admin::message::Messages::new(body) {
                    self.security(&message.unwrap());
                }
            }
            ProtoType::AS_MSG => {
                for message in Messages::new(Order::Big, body) {
                    let message = message.unwrap();
                    assert_eq!(message.fault(), None);
                    self.message(&message);
                }
            }
            _ => {
                let (_, compressed) = Compressed::parse(body).unwrap();
                assert_eq!(compressed.believable_size(), Ok(87));
                let size = compressed.original_size;
                self.line(compressed.size_bytes, format_args!("original size BE64={size}"));
                self.line(compressed.stream, "zlib stream");
            }
        }
    }
}

/// A byte as the reference's listings show it.
fn python(byte: u8) -> String {
    if (0x20..0x7f).contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("\\x{byte:02x}")
    }
}

fn list(bytes: &[u8]) -> String {
    let mut listing = Listing {
        whole: bytes,
        text: String::new(),
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let (tail, header) = proto::Header::parse(rest).unwrap();
        assert_eq!(header.refusal(), None);
        let (body, tail) = tail.split_at(header.size as usize);
        listing.proto(&header);
        listing.body(header.kind, body);
        rest = tail;
    }
    listing.text
}

#[test]
fn every_value_of_every_example_stands_where_the_reference_says() {
    let all = include_str!("examples.txt");
    let mut sections = all.split("# ").skip(1);
    for (title, bytes) in CLIENT {
        let section = sections.next().unwrap();
        let (number, expected) = section.split_once('\n').unwrap();
        assert_eq!(title.split(' ').next(), Some(number));
        assert_eq!(list(bytes), expected, "{title}");
    }
    assert_eq!(sections.next(), None);
    assert_eq!(ParticleType::GEOJSON.0, 23);
}
