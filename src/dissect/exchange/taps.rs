//! What the tap gets, if anybody listens.

use core::fmt::Write as _;

use crate::dissect::exchange::body::{RequestBody, ResponseBody};
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::touches::{Touches, refused_records, requested_records, returned_record};
use crate::epan::{Packet, Text};
use crate::track::client::transactions::{Answer, RequestKind, Transaction};
use crate::track::ground::{map, sets};
use crate::track::internode::fabric::{self, Linked};
use crate::track::record::{Detail, Endpoint, Event, ExchangeStep, MigrationMessage, Pulse, Record, TAP};
use crate::wire::admin;
use crate::wire::client::fields::field::FieldValue;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{Message, ResponsePart, TRANSACTION_TTL_AT};
use crate::wire::client::proto::guess::GuessedProtocol;
use crate::wire::ground::text::LossyText;
use crate::wire::info::message;
use crate::wire::internode::container::{Msg, MsgType};
use crate::wire::internode::fabric::migrate::MigrateOp;
use crate::wire::internode::fabric::{FabricFacts, links};

/// A request.
pub fn on_request<'p>(
    context: &MessageContext<'p>,
    body: &RequestBody<'_, 'p>,
    transaction: Option<&Transaction>,
) {
    if !TAP.has_listener() {
        return;
    }
    let mut record = record(context, Event::Asked, body.kind());
    record.transaction = transaction.copied();
    if let (Some(transaction), Some(stream)) = (transaction, context.stream) {
        record.timing = Some(stream.queue.timing(transaction));
    }
    record.detail = Detail {
        end: context.range.map(|(_, end)| end),
        size: u32::try_from(context.body.len()).unwrap_or(u32::MAX),
        timeout: body.timeout(),
        fingerprint: fingerprint(context),
        counts_twice: transaction.map_or_else(|| body.counts_twice(), |transaction| transaction.counts_twice),
        ..Detail::default()
    };
    match *body {
        RequestBody::Message(message) => {
            let identity = message.identity();
            (record.namespace, record.set) = (identity.namespace, identity.set);
            let mut touches = Touches::default();
            requested_records(&mut touches, context, message);
            if message.request().is_query() {
                record.detail.partitions = partitions(message);
            }
            touches.give_to(&mut record, context.packet);
        }
        RequestBody::Info(lines) => {
            let names = message::commands(lines).map(|command| command.name);
            record.command = commands(context.packet, names);
            record.detail.text = lines;
        }
        RequestBody::Security(message) => record.detail.user = user(message).unwrap_or_default(),
        RequestBody::Unreadable(_) => {}
    }
    TAP.queue(context.packet, record);
}

/// How many partitions a scan or query names.
fn partitions(message: &Message<'_>) -> u32 {
    let named = message.fields().flatten().find_map(|field| match field.value() {
        Ok(FieldValue::Partitions(partitions)) => Some(partitions.count()),
        _ => None,
    });
    u32::try_from(named.unwrap_or(0)).unwrap_or(u32::MAX)
}

/// A hash of what a request asks for; 0 where it was not captured as a whole. Clients that try again write the time
/// that is left into the timeout, so that this does not count.
fn fingerprint(context: &MessageContext<'_>) -> u64 {
    let body = context.body;
    let before = body.get(..TRANSACTION_TTL_AT.start);
    match (before, body.get(TRANSACTION_TTL_AT.end..)) {
        (Some(before), Some(behind)) if !context.is_cut => map::hash(&(before, behind)).max(1),
        _ => 0,
    }
}

/// The user of a login.
fn user<'p>(message: &admin::message::Message<'p>) -> Option<&'p [u8]> {
    message.fields().flatten().find_map(|field| match field.value() {
        Ok(admin::message::AdminValue::Text(user)) if field.id == admin::message::FieldId::USER => Some(user),
        _ => None,
    })
}

/// A message of an answer.
pub fn on_response<'p>(context: &MessageContext<'p>, body: &ResponseBody<'_, 'p>, linked: Option<&Answer>) {
    if !TAP.has_listener() {
        return;
    }
    let packet = context.packet;
    let event = Event::Answered {
        is_first: linked.is_some_and(|answer| answer.is_first),
        is_last: linked.is_some_and(|answer| answer.is_last),
    };
    let transaction = linked.map(|answer| answer.transaction);
    let what = match (transaction, body) {
        (Some(transaction), _) => transaction.what,
        (None, ResponseBody::Info(_)) => RequestKind::Info,
        (None, ResponseBody::Message(_)) => RequestKind::Message(Request::INVALID),
        (None, ResponseBody::Security(_)) => RequestKind::Other,
    };
    let mut record = record(context, event, what);
    record.transaction = transaction;
    if let (Some(answer), Some(stream)) = (linked.filter(|answer| answer.is_last), context.stream) {
        record.timing = Some(stream.queue.timing(&answer.transaction));
    }
    record.detail.end = context.range.map(|(_, end)| end);
    record.detail.size = u32::try_from(context.body.len()).unwrap_or(u32::MAX);
    record.detail.ends = linked.is_some_and(|answer| answer.is_last);
    if let Some((namespace, set)) = transaction.and_then(|transaction| sets::get(packet, transaction.set)) {
        (record.namespace, record.set) = (namespace, set);
    }
    match *body {
        ResponseBody::Message(messages) => {
            let mut results = Vec::new();
            let is_query = matches!(what, RequestKind::Message(kind) if kind.is_query());
            let mut touches = Touches::default();
            for message in messages.iter().flatten() {
                results.push(message.header.result_code);
                record.detail.records += u32::from(is_query && message.header.part() == ResponsePart::Record);
                record.detail.ends |= message.header.part() == ResponsePart::Fin;
                if let Some(answer) = linked.filter(|answer| answer.refuses(&message.header)) {
                    touches.extend(refused_records(context, answer, message.header.result_code));
                } else if let Some(transaction) = &transaction {
                    touches.extend(returned_record(context, &message, transaction));
                }
            }
            record.results = packet.keep(&results);
            touches.give_to(&mut record, packet);
        }
        ResponseBody::Info(lines) => {
            let names = message::answers(lines).filter_map(|answer| Some(answer.echo?.name));
            record.command = commands(packet, names);
            record.detail.text = lines;
        }
        ResponseBody::Security(messages) => {
            let results: Vec<ResultCode> = messages.iter().flatten().map(|message| message.result).collect();
            record.results = packet.keep(&results);
        }
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
    let mut record = empty(packet, event, RequestKind::Info);
    if !is_request {
        core::mem::swap(&mut record.client, &mut record.server);
    }
    record.command = commands(packet, core::iter::once(name).filter(|name| !name.is_empty()));
    TAP.queue(packet, record);
}

/// Bytes of a client at which a server closes the connection, or of a server that no client takes.
pub fn on_bad_header(packet: Packet<'_>, guess: GuessedProtocol, from_server: bool) {
    if TAP.has_listener() {
        let mut record = empty(packet, Event::Refused { guess, from_server }, RequestKind::Other);
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
    facts: &FabricFacts<'p>,
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
        let mut record = empty(packet, event, RequestKind::Other);
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
    facts: &FabricFacts<'p>,
    linked: &Linked,
) -> Option<MigrationMessage<'p>> {
    if msg.header.kind != MsgType::MIGRATE {
        return None;
    }
    let started = linked.emigration.as_ref();
    let namespace = || Some(fabric::of(packet).namespace(packet, started?));
    Some(MigrationMessage {
        op: MigrateOp(facts.op?),
        namespace: facts.namespace.or_else(namespace),
        partition: facts.partition().or(started.map(|started| started.partition)),
        bytes: u32::try_from(facts.record.map_or(0, <[u8]>::len)).unwrap_or(u32::MAX),
        is_again: matches!(
            linked.exchange,
            Some((fabric::ExchangePart::Again | fabric::ExchangePart::AnswerAgain, _))
        ),
    })
}

fn step(msg: &Msg<'_>, facts: &FabricFacts<'_>, linked: &Linked) -> Option<ExchangeStep> {
    let link = links::link(msg, facts)?;
    let (part, exchange) = linked.exchange?;
    Some(ExchangeStep {
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

fn empty(packet: Packet<'_>, event: Event, what: RequestKind) -> Record<'_> {
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

fn record<'p>(context: &MessageContext<'p>, event: Event, what: RequestKind) -> Record<'p> {
    let mut record = empty(context.packet, event, what);
    if !context.is_request {
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
        let _ = write!(text, "{separator}{}", LossyText(name));
    }
    packet.keep(text.as_str().as_bytes())
}
