//! What the tap gets, if anybody listens.

use core::fmt::Write as _;

use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::details::Details;
use crate::dissect::exchange::first_pass::{is_single, writes};
use crate::dissect::exchange::identity::Identity;
use crate::epan::register::preference;
use crate::epan::{Packet, Text};
use crate::track::fabric::{self, Linked, Part as LinkedPart};
use crate::track::record::{
    Content, Detail, Endpoint, Event, Migration, Pulse, Record, Step, TAP, TOUCHES, Touch,
};
use crate::track::transactions::{Answer, Transaction, What};
use crate::track::{keys, map, sets};
use crate::wire::admin::message as admin;
use crate::wire::client::batch::Batch;
use crate::wire::client::digest::LENGTH;
use crate::wire::client::field::Value;
use crate::wire::client::guess::Looks;
use crate::wire::client::key::Key;
use crate::wire::client::message::{Message, Messages, Part, TRANSACTION_TTL_AT as TRANSACTION_TTL};
use crate::wire::client::op::Op;
use crate::wire::client::proto::ProtoType;
use crate::wire::client::request::Request;
use crate::wire::client::result_code::ResultCode;
use crate::wire::ground::text::Text as Lossy;
use crate::wire::ground::time::Ttl;
use crate::wire::info::message as info;
use crate::wire::internode::container::{Msg, MsgType};
use crate::wire::internode::fabric::migrate::MigrateOp;
use crate::wire::internode::fabric::{Facts, links};

/// A request.
pub fn asked(path: &Path<'_>, what: What, transaction: Option<&Transaction>, body: &[u8], details: Details) {
    if !TAP.has_listener() {
        return;
    }
    let mut record = record(path, Event::Asked, what);
    record.transaction = transaction.copied();
    if let (Some(transaction), Some(stream)) = (transaction, path.stream) {
        record.timing = Some(stream.queue.timing(transaction));
    }
    record.detail = Detail {
        end: path.range.map(|(_, end)| end),
        size: u32::try_from(body.len()).unwrap_or(u32::MAX),
        timeout: details.timeout,
        fingerprint: fingerprint(path, body),
        counts_twice: details.counts_twice,
        ..Detail::default()
    };
    match what {
        What::Message(kind) => {
            if let Ok((_, message)) = Message::parse(path.order, path.body) {
                let identity = Identity::of(message.fields());
                (record.namespace, record.set) = (identity.namespace, identity.set);
                let mut touches = Touches::default();
                requested(&mut touches, path, &message, kind, &identity);
                if kind.is_query() {
                    record.detail.partitions = partitions(&message);
                }
                touches.give_to(&mut record, path.packet);
            }
        }
        What::Info => {
            let names = info::commands(path.body).map(|command| command.name);
            record.command = commands(path.packet, names);
            record.detail.text = path.body;
        }
        What::Security(_) => record.detail.user = user(path.body).unwrap_or_default(),
        _ => {}
    }
    TAP.queue(path.packet, record);
}

/// How many partitions a scan or query names.
fn partitions(message: &Message<'_>) -> u32 {
    let named = message.fields().flatten().find_map(|field| match field.value() {
        Ok(Value::Partitions(partitions)) => Some(partitions.count()),
        _ => None,
    });
    u32::try_from(named.unwrap_or(0)).unwrap_or(u32::MAX)
}

/// What operations have of their record.
fn content_of_ops<'p>(ops: impl Iterator<Item = Op<'p>>, is_whole: bool, ttl: Option<Ttl>) -> Content {
    let named = ops.filter(|op| !op.name.is_empty());
    let (bins, size) = named.fold((0u32, 0usize), |(bins, size), op| {
        (bins + 1, size + op.bytes.len())
    });
    Content {
        bytes: 0,
        size: is_whole.then(|| u32::try_from(size).unwrap_or(u32::MAX)),
        bins,
        ttl,
    }
}

/// The same of a whole message.
fn content_of(path: &Path<'_>, message: &Message<'_>, ttl: Option<Ttl>) -> Content {
    let is_whole = !path.is_cut && message.fault.is_none();
    Content {
        bytes: u32::try_from(message.bytes.len()).unwrap_or(u32::MAX),
        ..content_of_ops(message.ops().flatten(), is_whole, ttl)
    }
}

/// A hash of what a request asks for; 0 where it was not captured as a whole. Clients that try again write the time
/// that is left into the timeout, so that this does not count.
fn fingerprint(path: &Path<'_>, body: &[u8]) -> u64 {
    let before = body.get(..TRANSACTION_TTL.start);
    match (before, body.get(TRANSACTION_TTL.end..)) {
        (Some(before), Some(behind)) if !path.is_cut => map::hash(&(before, behind)).max(1),
        _ => 0,
    }
}

/// The user of a login.
fn user(body: &[u8]) -> Option<&[u8]> {
    let message = admin::Messages::new(body).next()?.ok()?;
    message.fields().flatten().find_map(|field| match field.value() {
        Ok(admin::Value::Text(user)) if field.id == admin::FieldId::USER => Some(user),
        _ => None,
    })
}

/// A message of an answer.
pub fn answered(path: &Path<'_>, linked: Option<&Answer>) {
    if !TAP.has_listener() {
        return;
    }
    let packet = path.packet;
    let event = Event::Answered {
        is_first: linked.is_some_and(|answer| answer.is_first),
        is_last: linked.is_some_and(|answer| answer.is_last),
    };
    let transaction = linked.map(|answer| answer.transaction);
    let what = match (transaction, path.kind) {
        (Some(transaction), _) => transaction.what,
        (None, ProtoType::INFO) => What::Info,
        (None, ProtoType::AS_MSG | ProtoType::AS_MSG_COMPRESSED) => What::Message(Request::INVALID),
        (None, _) => What::Other,
    };
    let mut record = record(path, event, what);
    record.transaction = transaction;
    if let (Some(answer), Some(stream)) = (linked.filter(|answer| answer.is_last), path.stream) {
        record.timing = Some(stream.queue.timing(&answer.transaction));
    }
    record.detail.end = path.range.map(|(_, end)| end);
    record.detail.size = u32::try_from(path.body.len()).unwrap_or(u32::MAX);
    record.detail.ends = linked.is_some_and(|answer| answer.is_last);
    if let Some((namespace, set)) = transaction.and_then(|transaction| sets::get(packet, transaction.place)) {
        (record.namespace, record.set) = (namespace, set);
    }
    match path.kind {
        ProtoType::AS_MSG | ProtoType::AS_MSG_COMPRESSED => {
            let mut results = Vec::new();
            let is_query = matches!(what, What::Message(kind) if kind.is_query());
            let mut touches = Touches::default();
            for message in Messages::new(path.order, path.body).flatten() {
                results.push(message.header.result_code);
                record.detail.records += u32::from(is_query && message.header.part() == Part::Record);
                record.detail.ends |= message.header.part() == Part::Fin;
                if let Some(answer) = linked.filter(|answer| answer.refuses(&message.header)) {
                    touches.extend(refused(path, answer, message.header.result_code));
                } else if let Some(transaction) = &transaction {
                    touches.extend(returned(path, &message, transaction));
                }
            }
            record.results = packet.keep(&results);
            touches.give_to(&mut record, packet);
        }
        ProtoType::INFO => {
            let names = info::answers(path.body).filter_map(|answer| Some(answer.echo?.name));
            record.command = commands(packet, names);
            record.detail.text = path.body;
        }
        ProtoType::SECURITY => {
            let results: Vec<ResultCode> = admin::Messages::new(path.body)
                .flatten()
                .map(|message| message.result)
                .collect();
            record.results = packet.keep(&results);
        }
        _ => {}
    }
    TAP.queue(packet, record);
}

/// A line of the text info port: a command of a client by its name, or a value, which does not say what it answers.
pub fn info_line(packet: Packet<'_>, is_request: bool, name: &[u8]) {
    if !TAP.has_listener() {
        return;
    }
    let event = if is_request {
        Event::Asked
    } else {
        Event::Answered {
            is_first: false,
            is_last: false,
        }
    };
    let mut record = empty(packet, event, What::Info);
    if !is_request {
        core::mem::swap(&mut record.client, &mut record.server);
    }
    record.command = commands(packet, core::iter::once(name).filter(|name| !name.is_empty()));
    TAP.queue(packet, record);
}

/// Bytes of a client at which a server closes the connection, or of a server that no client takes.
pub fn refused_bytes(packet: Packet<'_>, looks: Looks, from_server: bool) {
    if TAP.has_listener() {
        let mut record = empty(packet, Event::Refused { looks, from_server }, What::Other);
        if from_server {
            core::mem::swap(&mut record.client, &mut record.server);
        }
        TAP.queue(packet, record);
    }
}

/// A message between nodes, and what it belongs to.
pub fn internode<'p>(
    packet: Packet<'p>,
    msg: &Msg<'p>,
    facts: &Facts<'p>,
    linked: &Linked,
    pulse: Option<Pulse<'p>>,
) {
    if TAP.has_listener() {
        let (source, destination) = ends(packet);
        let event = Event::Internode {
            protocol: if msg.header.kind.is_heartbeat() {
                "heartbeat"
            } else {
                "fabric"
            },
            kind: msg.header.kind.name().unwrap_or("unknown"),
            op: facts.op_name().unwrap_or(""),
            step: step(msg, facts, linked),
        };
        let mut record = empty(packet, event, What::Other);
        (record.client, record.server) = (source, destination);
        record.detail.pulse = pulse;
        record.detail.migration = migration(packet, msg, facts, linked);
        if msg.header.kind == MsgType::FABRIC {
            record.detail.node = facts.node.map_or(0, |node| node.0);
        }
        TAP.queue(packet, record);
    }
}

fn migration<'p>(
    packet: Packet<'p>,
    msg: &Msg<'p>,
    facts: &Facts<'p>,
    linked: &Linked,
) -> Option<Migration<'p>> {
    if msg.header.kind != MsgType::MIGRATE {
        return None;
    }
    let started = linked.emigration.as_ref();
    let namespace = || Some(fabric::of(packet).namespace(packet, started?));
    Some(Migration {
        op: MigrateOp(facts.op?),
        namespace: facts.namespace.or_else(namespace),
        partition: facts.partition().or(started.map(|started| started.partition)),
        bytes: u32::try_from(facts.record.map_or(0, <[u8]>::len)).unwrap_or(u32::MAX),
        is_again: matches!(
            linked.exchange,
            Some((LinkedPart::Again | LinkedPart::AnswerAgain, _))
        ),
    })
}

fn step(msg: &Msg<'_>, facts: &Facts<'_>, linked: &Linked) -> Option<Step> {
    let link = links::link(msg, facts)?;
    let (part, exchange) = linked.exchange?;
    Some(Step {
        class: link.key.class,
        part,
        is_awaited: link.expects_answer(),
        number: linked.number,
        digest: exchange.digest,
    })
}

fn ends(packet: Packet<'_>) -> (Endpoint<'_>, Endpoint<'_>) {
    let (source, destination) = packet.ports();
    let end = |address, port| Endpoint {
        address,
        port: u16::try_from(port).unwrap_or(0),
    };
    (
        end(packet.source_address(), source),
        end(packet.destination_address(), destination),
    )
}

fn empty(packet: Packet<'_>, event: Event, what: What) -> Record<'_> {
    let (client, server) = ends(packet);
    Record {
        event,
        what,
        frame: packet.frame(),
        time: packet.nanoseconds(),
        client,
        server,
        transaction: None,
        timing: None,
        namespace: &[],
        set: &[],
        command: &[],
        results: &[],
        touches: &[],
        detail: Detail::default(),
        left_out: 0,
        missing: packet.last_of_taps(),
    }
}

fn record<'p>(path: &Path<'p>, event: Event, what: What) -> Record<'p> {
    let mut record = empty(path.packet, event, what);
    if !path.is_request {
        core::mem::swap(&mut record.client, &mut record.server);
    }
    record
}

/// The names of info commands as one text.
fn commands<'p, 'a>(packet: Packet<'p>, names: impl Iterator<Item = &'a [u8]>) -> &'p [u8] {
    let mut text = Text::<64>::new();
    for name in names {
        let separator = if text.is_empty() { "" } else { "," };
        // The buffer takes what fits.
        let _ = write!(text, "{separator}{}", Lossy(name));
    }
    packet.keep(text.as_str().as_bytes())
}

fn touch<'p>(
    packet: Packet<'p>,
    place: (&'p [u8], &'p [u8]),
    digest: [u8; LENGTH],
    key: Option<Key<'p>>,
) -> Touch<'p> {
    Touch {
        namespace: place.0,
        set: place.1,
        digest,
        key: key.or_else(|| keys::find(packet, &digest).map(|(key, _)| key)),
        request: Request::INVALID,
        writes: false,
        result: None,
        content: Content::default(),
    }
}

/// The first [`TOUCHES`] records of a message, and how many more there are.
#[derive(Default)]
struct Touches<'p> {
    list: Vec<Touch<'p>>,
    left_out: u32,
}

impl<'p> Touches<'p> {
    fn push(&mut self, touch: Touch<'p>) {
        if self.list.len() < TOUCHES {
            self.list.push(touch);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    fn extend(&mut self, touches: impl IntoIterator<Item = Touch<'p>>) {
        touches.into_iter().for_each(|touch| self.push(touch));
    }

    fn give_to(&self, record: &mut Record<'p>, packet: Packet<'p>) {
        record.touches = packet.keep(&self.list);
        record.left_out = self.left_out;
    }
}

/// The records that a request asks for.
fn requested<'p>(
    touches: &mut Touches<'p>,
    path: &Path<'p>,
    message: &Message<'p>,
    kind: Request,
    identity: &Identity<'p>,
) {
    let packet = path.packet;
    if is_single(kind) {
        if let Some(digest) = identity.record() {
            let place = (identity.namespace, identity.set);
            let ttl = kind.ttl(message.header.info2, message.header.record_ttl);
            touches.push(Touch {
                request: kind,
                writes: writes(kind, message.header.info2),
                content: content_of(path, message, Some(ttl)),
                ..touch(packet, place, digest, identity.key)
            });
        }
        return;
    }
    for field in message.fields().flatten() {
        match field.value() {
            Ok(Value::Batch(data)) => {
                let Ok(batch) = Batch::read(data) else { continue };
                let mut place: (&[u8], &[u8]) = (&[], &[]);
                let mut content = Content::default();
                for row in batch.rows().flatten() {
                    let Some(body) = row.body else { continue };
                    let mut key = None;
                    if !row.repeats() {
                        place = (body.namespace.unwrap_or_default(), body.set.unwrap_or_default());
                        key = Identity::of(body.fields()).key;
                    }
                    // What a row repeats is read once.
                    if let Some(own) = row.own_body() {
                        let ttl = own.record_ttl.map_or(0, |ttl| ttl.value);
                        let ttl = own.request.ttl(own.info2(), ttl);
                        let is_whole = own.fault.is_none();
                        content = content_of_ops(own.ops().flatten(), is_whole, Some(ttl));
                    }
                    let bytes = u32::try_from(row.bytes.len()).unwrap_or(u32::MAX);
                    touches.push(Touch {
                        request: body.request,
                        writes: writes(body.request, body.info2()),
                        content: Content { bytes, ..content },
                        ..touch(packet, place, *row.digest.0, key)
                    });
                }
            }
            // Scans that go on name the digests where they stopped.
            Ok(Value::Digests(digests)) if kind == Request::BATCH_DIRECT => {
                let place = (identity.namespace, identity.set);
                for digest in digests.iter() {
                    touches.push(Touch {
                        request: kind,
                        ..touch(packet, place, *digest.0, None)
                    });
                }
            }
            _ => {}
        }
    }
}

/// The records of a batch that is refused as a whole.
fn refused<'p>(path: &Path<'p>, answer: &Answer, result: ResultCode) -> impl Iterator<Item = Touch<'p>> + 'p {
    let packet = path.packet;
    let rows = path.stream.map(|stream| &stream.queue.rows);
    let span = answer.transaction.rows;
    let rows = rows.into_iter().flat_map(move |rows| rows.all(span));
    rows.map(move |(row, errand)| Touch {
        request: errand.request,
        writes: errand.writes,
        result: Some(result),
        ..touch(
            packet,
            sets::get(packet, errand.place).unwrap_or_default(),
            row.digest,
            None,
        )
    })
}

/// The record that a message of an answer is about.
fn returned<'p>(path: &Path<'p>, message: &Message<'p>, transaction: &Transaction) -> Option<Touch<'p>> {
    let packet = path.packet;
    let header = &message.header;
    let rows = &path.stream?.queue.rows;
    let What::Message(kind) = transaction.what else {
        return None;
    };
    let place = sets::get(packet, transaction.place).unwrap_or_default();
    let result = Some(header.result_code);
    let content = content_of(path, message, None);
    if is_single(kind) {
        return Some(Touch {
            request: kind,
            writes: transaction.writes,
            result,
            content,
            ..touch(packet, place, rows.only(transaction.rows)?.digest, None)
        });
    }
    if header.part() == Part::Fin {
        return None;
    }
    if kind == Request::BATCH {
        let (row, errand) = rows.row(transaction.rows, header.transaction_ttl)?;
        let place = sets::get(packet, errand.place).unwrap_or_default();
        return Some(Touch {
            request: errand.request,
            writes: errand.writes,
            result,
            content,
            ..touch(packet, place, row.digest, None)
        });
    }
    if kind != Request::BATCH_DIRECT && !(preference::hotkeys_scans() && header.part() == Part::Record) {
        return None;
    }
    let identity = Identity::of(message.fields());
    let digest = identity.digest?;
    let names = if identity.namespace.is_empty() {
        place
    } else {
        (identity.namespace, identity.set)
    };
    Some(Touch {
        request: kind,
        result,
        content,
        ..touch(packet, names, *digest.0, identity.key)
    })
}
