//! What the targets start from: pieces cut out of what tshark prints of captures (`tools/fuzz.sh`), a line a packet
//! with source port, destination port and the payload of TCP or UDP in hexadecimal digits. Each target gets the pieces
//! that it takes, the short ones only.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use aerospike::wire::client::fields::field::{Field, FieldType, FieldValue};
use aerospike::wire::client::fields::op::Op;
use aerospike::wire::client::message::Messages;
use aerospike::wire::client::message::batch::Batch;
use aerospike::wire::client::proto::{Header, Order, ProtoType};
use aerospike::wire::internode::container::Msg;
use aerospike::wire::internode::fabric::FabricFacts;

const LONGEST: usize = 3000;

/// The pieces of some packets, by target, each once.
#[derive(Default)]
pub struct Seeds(pub BTreeMap<&'static str, BTreeSet<Vec<u8>>>);

impl Seeds {
    fn add(&mut self, target: &'static str, parts: &[&[u8]]) {
        let seed = parts.concat();
        if !seed.is_empty() && seed.len() <= LONGEST {
            self.0.entry(target).or_default().insert(seed);
        }
    }

    /// Cuts packets, a line each.
    ///
    /// # Panics
    ///
    /// Where a line is no text.
    pub fn read(lines: impl BufRead) -> Seeds {
        let mut seeds = Seeds::default();
        for line in lines.lines() {
            let line = line.expect("lines of text");
            let columns: Vec<&str> = line.split('\t').collect();
            let &[from, to, tcp, udp] = &columns[..] else {
                continue;
            };
            let bytes = bytes(if tcp.is_empty() { udp } else { tcp });
            match (from, to) {
                _ if tcp.is_empty() => seeds.between("heartbeat", &bytes),
                ("3002", _) | (_, "3002") => seeds.between("heartbeat", &bytes),
                ("3001", _) | (_, "3001") => seeds.between("fabric", &bytes),
                ("3003", _) | (_, "3003") => seeds.add("info", &[&bytes]),
                _ => seeds.client(&bytes),
            }
        }
        seeds
    }

    fn client(&mut self, bytes: &[u8]) {
        self.add("client", &[bytes]);
        let mut rest = bytes;
        while let Ok((tail, header)) = Header::parse(rest) {
            let size = usize::try_from(header.size).unwrap_or(usize::MAX);
            let (body, tail) = tail.split_at(size.min(tail.len()));
            match header.kind {
                ProtoType::INFO => self.add("info", &[body]),
                ProtoType::SECURITY => self.add("security", &[body]),
                ProtoType::AS_MSG => self.messages(body),
                _ => {}
            }
            rest = tail;
        }
    }

    fn messages(&mut self, body: &[u8]) {
        for message in Messages::new(Order::Big, body).flatten() {
            message.fields().flatten().for_each(|field| self.field(&field));
            message.ops().flatten().for_each(|op| self.op(&op));
        }
    }

    fn field(&mut self, field: &Field<'_>) {
        if matches!(
            field.kind,
            FieldType::NAMESPACE | FieldType::SET | FieldType::TRID
        ) {
            return;
        }
        self.add("fields", &[&[field.kind.0, 0], field.data]);
        match field.value() {
            Ok(FieldValue::Batch(data)) => {
                let rows = Batch::read(data)
                    .into_iter()
                    .flat_map(|batch| batch.rows())
                    .flatten();
                let own = rows.filter_map(|row| row.own_body().copied());
                for body in own.take(50) {
                    body.fields().flatten().for_each(|field| self.field(&field));
                    body.ops().flatten().for_each(|op| self.op(&op));
                }
            }
            Ok(
                FieldValue::UdfArguments(data)
                | FieldValue::IndexContext(data)
                | FieldValue::Expression(data)
                | FieldValue::Predexp(data),
            ) => self.add("values", &[data]),
            _ => {}
        }
    }

    fn op(&mut self, op: &Op<'_>) {
        // The number of the operation says how the value is read.
        self.add("fields", &[&[op.particle.0, op.code.0 << 1 | 1], op.value]);
        if op.has_call() || op.value.len() > 9 {
            self.add("values", &[op.value]);
        }
    }

    fn between(&mut self, target: &'static str, bytes: &[u8]) {
        let mut rest = bytes;
        while let Ok((tail, msg)) = Msg::read(rest) {
            self.add(target, &[msg.bytes]);
            let facts = FabricFacts::of(&msg);
            if let Some(record) = facts.record {
                self.add("records", &[record]);
            }
            rest = tail;
        }
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .chars()
        .filter_map(|digit| Some(digit.to_digit(16)? as u8))
        .collect();
    digits.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect()
}
