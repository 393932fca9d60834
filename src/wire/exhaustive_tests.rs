//! The worked examples of both references, cut at every place and with every byte changed to every other value: each
//! parser ends, does no more than the bytes allow, and says of a cut what is missing.

use std::fmt::Write;

use super::examples::CLIENT;
use crate::wire::admin;
use crate::wire::client::fields::field::{Field, FieldValue};
use crate::wire::client::fields::op::Op;
use crate::wire::client::message::batch::Batch;
use crate::wire::client::message::{Message, Messages, mrt};
use crate::wire::client::proto::compressed::Compressed;
use crate::wire::client::proto::{Header, Order, ProtoType, guess};
use crate::wire::exchange::plausible;
use crate::wire::ground::inflate;
use crate::wire::ground::input::{Malformed, reason};
use crate::wire::info;
use crate::wire::internode::container::{Msg, MsgValue, samples};
use crate::wire::internode::record::FlatRecord;
use crate::wire::internode::record::pickle::Pickle;
use crate::wire::internode::{container, fabric, heartbeat};
use crate::wire::values::particle;
use crate::wire::values::tables::call::CallFamily;
use crate::wire::values::text::predexp;
use crate::wire::values::text::value_text::{
    BinText, CallText, ContextText, EvaluationText, ExpressionText, RawValueText, ValueText,
};

/// Reads all there is to read, and keeps what it saw in order.
struct Reader<'a> {
    whole: &'a [u8],
    /// Each value: where it stands, its length, and its text.
    seen: Vec<(usize, usize, String)>,
    faults: Vec<Malformed<'a>>,
    /// Where a header or one of several messages ends: of a cut there only the framing tells.
    ends: Vec<usize>,
    /// The last message between nodes says that it is not whole.
    is_cut: bool,
    work: usize,
}

impl<'a> Reader<'a> {
    fn of(whole: &'a [u8], read: impl FnOnce(&mut Self)) -> Self {
        let mut reader = Reader {
            whole,
            seen: Vec::new(),
            faults: Vec::new(),
            ends: vec![0],
            is_cut: false,
            work: 0,
        };
        read(&mut reader);
        // The smallest thing has a byte of its own; a byte is looked at as a few kinds of thing.
        assert!(
            reader.work <= 40 * whole.len() + 40,
            "{} values of {} bytes",
            reader.work,
            whole.len()
        );
        reader
    }

    fn offset(&self, at: &[u8]) -> usize {
        (at.as_ptr() as usize).wrapping_sub(self.whole.as_ptr() as usize)
    }

    fn see(&mut self, at: &[u8], text: impl std::fmt::Display) {
        self.work += 1;
        let offset = self.offset(at);
        let mut shown = String::new();
        write!(shown, "{text}").unwrap();
        self.seen.push((offset, at.len(), shown));
    }

    fn fault(&mut self, fault: Malformed<'a>) {
        let _ = fault.to_string();
        self.faults.push(fault);
    }

    fn take<T>(&mut self, read: Result<T, Malformed<'a>>) -> Option<T> {
        read.map_err(|fault| self.fault(fault)).ok()
    }

    fn client(&mut self, bytes: &'a [u8]) {
        let _ = (
            guess::guess_protocol(bytes),
            plausible::plausibility(bytes),
            plausible::weak(bytes),
        );
        let _ = plausible::resynchronise(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some((tail, header)) = self.take(Header::parse(rest).map_err(reason)) else {
                return;
            };
            self.see(header.bytes, format_args!("{header:?} {:?}", header.refusal()));
            self.ends.push(self.offset(tail));
            let size = usize::try_from(header.size).unwrap_or(usize::MAX);
            let (body, tail) = tail.split_at(size.min(tail.len()));
            self.body(header.kind, header.order, body);
            self.ends.push(self.offset(tail));
            rest = tail;
        }
    }

    fn body(&mut self, kind: ProtoType, order: Order, body: &'a [u8]) {
        match kind {
            ProtoType::INFO => {
                for command in info::message::commands(body) {
                    self.see(command.text, format_args!("{}", command.arguments().count()));
                }
                for answer in info::message::answers(body) {
                    let value = match &answer.echo {
                        Some(echo) => info::value::value(echo, answer.value),
                        None => info::value::guess(answer.value),
                    };
                    self.see(answer.bytes, format_args!("{value:?} {:?}", answer.terminated));
                    self.see(
                        answer.bytes,
                        format_args!("{:?}", info::message::outcome(answer.value)),
                    );
                }
                let _ = info::message::is_response(body);
            }
            ProtoType::SECURITY => {
                for message in admin::message::Messages::new(body) {
                    let Some(message) = self.take(message) else { return };
                    self.see(message.reserved, message.n_fields);
                    for field in message.fields().flatten() {
                        self.see(field.bytes, format_args!("{field:?}"));
                    }
                    let _ = message.is_request();
                    if let Some(fault) = message.fault {
                        self.fault(fault);
                    }
                }
            }
            ProtoType::AS_MSG_COMPRESSED => {
                let Some((_, compressed)) = self.take(Compressed::parse(body).map_err(reason)) else {
                    return;
                };
                self.see(compressed.size_bytes, compressed.original_size);
                if let Some(size) = self.take(compressed.believable_size()) {
                    let mut room = vec![0; size];
                    let inflated = self.take(inflate::inflate(compressed.stream, &mut room));
                    if let Some(length) = inflated {
                        Reader::of(&room[..length], |inner| inner.client(&room[..length]));
                    }
                }
            }
            _ => {
                for message in Messages::new(order, body) {
                    let Some(message) = self.take(message) else { return };
                    self.message(&message);
                }
            }
        }
    }

    fn message(&mut self, message: &Message<'a>) {
        let header = &message.header;
        self.ends.push(self.offset(message.bytes) + message.bytes.len());
        self.see(header.bytes, format_args!("{header:?} {:?}", header.part()));
        for field in message.fields().flatten() {
            self.field(&field);
        }
        for op in message.ops().flatten() {
            self.op(&op, header.may_be_request());
        }
        let _ = mrt::monitor_step(message);
        if let Some(fault) = message.fault() {
            self.fault(*fault);
        }
    }

    fn field(&mut self, field: &Field<'a>) {
        let Some(value) = self.take(field.value()) else {
            return;
        };
        self.see(field.bytes, format_args!("{:?} {}", field.kind, field.size));
        match value {
            FieldValue::Partitions(list) => list.iter().for_each(|at| self.see(at.bytes, at.value)),
            FieldValue::Digests(list) => list.iter().for_each(|digest| self.see(digest.0, "digest")),
            FieldValue::Bvals(list) => list.iter().for_each(|at| self.see(at.bytes, at.value)),
            FieldValue::IndexRange(range) => {
                for end in [range.start(), range.end()] {
                    if let Some(end) = self.take(end) {
                        self.see(field.data, format_args!("{end:?}"));
                    }
                }
            }
            FieldValue::BinList(list) => {
                for name in list.iter() {
                    let Some(name) = self.take(name) else { return };
                    self.see(name.bytes, "name");
                }
            }
            FieldValue::Batch(data) => {
                let Some(batch) = self.take(Batch::read(data)) else {
                    return;
                };
                for row in batch.rows() {
                    let Some(row) = self.take(row) else { return };
                    self.see(row.bytes, format_args!("{} {:?}", row.index, row.flags));
                    let Some(body) = row.own_body() else { continue };
                    let _ = (body.info2(), body.info4());
                    for field in body.fields().flatten() {
                        self.field(&field);
                    }
                    for op in body.ops().flatten() {
                        self.op(&op, true);
                    }
                    if let Some(fault) = body.fault() {
                        self.fault(*fault);
                    }
                }
            }
            FieldValue::UdfArguments(data) | FieldValue::ErrorDetails(data) => {
                self.see(data, ValueText(data));
            }
            FieldValue::IndexContext(data) => self.see(data, ContextText(data)),
            FieldValue::Expression(data) => self.see(data, ExpressionText(data)),
            FieldValue::Predexp(data) => self.see(data, predexp::PredexpText(data)),
            other => self.see(field.data, format_args!("{other:?}")),
        }
    }

    fn op(&mut self, op: &Op<'a>, is_request: bool) {
        self.see(
            op.bytes,
            format_args!("{:?} {:?} {}", op.code, op.particle, op.size),
        );
        let value = if is_request { op.argument() } else { op.content() };
        let Some(value) = self.take(value) else { return };
        if let particle::Value::Call(call) = value {
            for family in [
                CallFamily::Cdt,
                CallFamily::Bits,
                CallFamily::Hll,
                CallFamily::String,
                CallFamily::Text,
            ] {
                self.see(call, CallText(family, call));
            }
            self.see(call, EvaluationText(call));
        }
        self.see(op.value, BinText(&value));
    }

    /// Every reader on every value, whatever the type of the message.
    fn between(&mut self, bytes: &'a [u8]) {
        let _ = (
            container::plausible::fit(bytes),
            container::plausible::anchored_fit(bytes),
            container::plausible::datagram(bytes),
        );
        for family in [
            container::plausible::TrafficFamily::Heartbeat,
            container::plausible::TrafficFamily::Fabric,
        ] {
            let _ = (
                container::plausible::stream(bytes, family),
                container::plausible::resync(bytes, family),
            );
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some((tail, msg)) = self.take(Msg::read(rest).map_err(reason)) else {
                return;
            };
            self.see(
                &msg.bytes[..msg.bytes.len() - msg.body.len()],
                format_args!("{:?}", msg.header),
            );
            let _ = msg.header.complaint();
            self.ends.push(self.offset(tail));
            self.is_cut = msg.is_cut();
            let facts = fabric::FabricFacts::of(&msg);
            let _ = (
                facts.op_name(),
                facts.partition(),
                fabric::links::link(&msg, &facts),
            );
            let _ = (
                fabric::hello::Hello::of(&msg),
                heartbeat::HeartbeatSummary::of(&msg),
            );
            let _ = (
                fabric::table(&msg),
                heartbeat::table(&msg),
                heartbeat::compressed_field(&msg),
            );
            for field in msg.fields() {
                let Some(field) = self.take(field) else { break };
                if !field.is_cut() {
                    self.see(field.bytes, format_args!("{} {:?}", field.id, field.size));
                }
                if let Ok(value) = field.value() {
                    self.msg_value(&value);
                }
                self.blind(field.data);
            }
            rest = tail;
        }
    }

    fn msg_value(&mut self, value: &MsgValue<'a>) {
        match value {
            MsgValue::Uints(list) => list.for_each(|(at, value)| self.see(at, value)),
            MsgValue::Array(array) => array
                .iter()
                .for_each(|item| self.work += usize::from(item.is_ok())),
            MsgValue::List(list) => list
                .items()
                .for_each(|item| self.work += usize::from(item.is_ok())),
            _ => {}
        }
    }

    /// The contents of a field, as everything that a field can be.
    fn blind(&mut self, data: &'a [u8]) {
        let mut most = 0;
        let mut each = |count: usize| most = most.max(count);
        if let Ok(list) = heartbeat::endpoint::endpoints(data) {
            each(list.items().count());
        }
        each(heartbeat::endpoint::info_reply(data).count());
        let _ = heartbeat::state::PaxosData::read(data).map(|state| state.complaint());
        if let Ok(versions) = fabric::exchange::PartitionVersions::read(data) {
            each(
                versions
                    .groups()
                    .flatten()
                    .map(|group| group.partitions().count())
                    .sum(),
            );
        }
        if let Ok(list) = container::list::List::read(data) {
            each(fabric::smd::versions(&list).count());
        }
        for elements in [container::array::Elements::Strs, container::array::Elements::Bufs] {
            if let Ok(array) = container::array::Array::read(data, elements) {
                each(array.iter().count());
            }
        }
        let _ = fabric::paxos::Change::read(data);
        each(fabric::info::services(data).count());
        let _ = fabric::proxy::byte_order(data, data.len());
        if let Ok(record) = FlatRecord::read(data) {
            each(record.parts().count() + record.bins().count());
            let _ = (record.set(), record.key(), record.void_time());
        }
        if let Ok(pickle) = Pickle::read(data) {
            each(pickle.bins().count());
        }
        if let Ok((_, header)) = Header::parse_embedded(data) {
            let body = data.get(8..).unwrap_or_default();
            Reader::of(data, |inner| inner.body(header.kind, header.order, body));
        }
        let _ = (ValueText(data).to_string(), RawValueText(data).to_string());
        assert!(most <= data.len() + 1, "{most} things in {} bytes", data.len());
    }
}

/// Title, bytes, and the way to read them.
type Example = (String, Vec<u8>, fn(&mut Reader<'_>));

/// Both families, each example with its way to be read.
fn examples() -> Vec<Example> {
    fn client(reader: &mut Reader<'_>) {
        reader.client(reader.whole);
    }
    fn between(reader: &mut Reader<'_>) {
        reader.between(reader.whole);
    }
    let mut all: Vec<Example> = Vec::new();
    for (title, bytes) in CLIENT {
        all.push(((*title).into(), bytes.to_vec(), client));
    }
    for (number, sample) in samples::all().into_iter().enumerate() {
        all.push((
            format!("internode-protocol 12, message {number}"),
            sample,
            between,
        ));
    }
    all
}

/// Of a cut the reader sees what stands before it, as in the whole, and says what is missing: bytes that the whole has.
#[test]
fn a_cut_shows_what_is_before_it_and_says_what_is_missing() {
    let mut cuts = 0;
    for (title, bytes, read) in examples() {
        let whole = Reader::of(&bytes, read);
        for end in 0..bytes.len() {
            let cut = Reader::of(&bytes[..end], read);
            cuts += 1;
            // What ends before the cut is in the whole too, at the same place, with the same text: but for what hangs
            // on the end of a text or of a compressed stream.
            let is_text = bytes[1] == 1 && title.starts_with("17.");
            for (at, length, text) in &cut.seen {
                let same = whole.seen.iter().any(|(a, l, t)| (a, l, t) == (at, length, text));
                assert!(
                    same || at + length == end || is_text,
                    "{title} cut at {end}: {text}"
                );
            }
            let after = whole
                .seen
                .iter()
                .filter(|(at, length, _)| at + length <= end)
                .count();
            assert!(
                cut.seen.len() >= after.min(1),
                "{title} cut at {end}: nothing is shown"
            );
            let silent = whole.ends.contains(&end) || cut.is_cut || is_text && end >= 8;
            let Some(fault) = cut.faults.last() else {
                assert!(silent, "{title} cut at {end}: no reason");
                continue;
            };
            let stands = fault.at.as_ptr() as usize - bytes.as_ptr() as usize;
            let what = format!("{title} cut at {end}: {fault} at {stands}");
            assert_eq!(stands + fault.at.len(), end, "{what}");
            if fault.what == "compressed message" || fault.what == "zlib stream" {
                continue;
            }
            assert!(fault.needed > fault.at.len(), "{what}: nothing is missing");
            assert!(
                stands + fault.needed <= bytes.len(),
                "{what}: more than there was"
            );
        }
    }
    println!("{cuts} cuts");
}

/// Every byte of every example with every other value.
#[test]
fn no_changed_byte_does_harm() {
    let mut changes = 0;
    for (_, bytes, read) in examples() {
        let mut changed = bytes.clone();
        for at in 0..bytes.len() {
            for value in 0..=255 {
                changed[at] = value;
                Reader::of(&changed, read);
                changes += 1;
            }
            changed[at] = bytes[at];
        }
    }
    println!("{changes} changes");
}
