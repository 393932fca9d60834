//! Messages (AS_MSG): header, fields, operations; one or many in a body.

use core::fmt::{self, Write as _};

use super::answer::Summary;
use super::{batch, batch_line, field, header, line, op};
use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::identity::Identity;
use crate::dissect::exchange::{self, Details, first_pass, links};
use crate::dissect::shared::column;
use crate::dissect::shared::common::{self, DATA, OPERATION, PARTITION};
use crate::dissect::shared::{hint, result};
use crate::dissect::values::fields::{cdt, expression, value};
use crate::dissect::values::predexp;
use crate::epan::expert;
use crate::epan::group::FieldGroup;
use crate::epan::{Guarded, Tree};
use crate::protocols::MESSAGE;
use crate::track::transactions::{Answer, What};
use crate::wire::client::field::FieldType;
use crate::wire::client::message::{Message, Messages, Part};
use crate::wire::client::proto::Order;
use crate::wire::client::request::{self, Request};
use crate::wire::client::result_code::ResultCode;
use crate::wire::exchange::matching::Expected;
use crate::wire::ground::input::{self, Malformed};
use crate::wire::ground::text::write_decimal;
use crate::wire::values::particle::ParticleType;

/// What fields and operations of every message fill.
static CONTENT: FieldGroup = FieldGroup::new(
    &[
        common::FIELDS,
        field::FIELDS,
        op::FIELDS,
        value::FIELDS,
        expert::FIELDS,
    ],
    &[op::BIT_SETS, field::BIT_SETS],
    &[common::EXPERTS, hint::EXPERTS],
);

/// What only batches, calls, lists, maps and expressions fill.
static RARE_CONTENT: FieldGroup = FieldGroup::new(
    &[cdt::FIELDS, expression::FIELDS, predexp::FIELDS, batch::FIELDS],
    &[cdt::BIT_SETS, expression::BIT_SETS, batch::BIT_SETS],
    &[],
);

/// What the rows of a batch fill of a message's header.
static ROW_HEADERS: FieldGroup = FieldGroup::new(&[header::FIELDS], &[header::BIT_SETS], &[]);

/// The body of a message: one message of a request, one or more of a response. `top` is the proto header's item.
///
/// # Errors
/// What Wireshark threw.
pub fn body<'p>(path: &Path<'p>, tree: &Tree<'p>, top: &Tree<'p>, order: Order, body: &'p [u8]) -> Guarded {
    if !MESSAGE.is_enabled() {
        top.add(&DATA, body)?;
        return Ok(());
    }
    if path.is_request {
        request_body(path, tree, top, order, body)
    } else {
        response_body(path, tree, top, order, body)
    }
}

fn request_body<'p>(
    path: &Path<'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    order: Order,
    body: &'p [u8],
) -> Guarded {
    let (rest, message) = match Message::parse(order, body) {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = input::reason(error);
            column::line(path.packet, |out| write!(out, "Request malformed"));
            let transaction =
                exchange::on_request(path, What::Other, Expected::Single, body, Details::default());
            common::malformed(&tree.protocol(&MESSAGE, error.at)?, &error)?;
            return transaction.map_or(Ok(()), |transaction| links::request(path, top, &transaction));
        }
    };
    let kind = request::of_message(&message);
    let identity = Identity::of(message.fields());
    column::line(path.packet, |out| {
        request_line(out, &message, kind, &identity)?;
        if message.fault.is_some() && !tree.source().is_cut() {
            write!(out, " [malformed]")?;
        }
        Ok(())
    });
    let details = Details {
        timeout: if kind.is_query() {
            0
        } else {
            message.header.transaction_ttl
        },
        memory: first_pass::request(path, &message, kind, &identity),
        counts_twice: counts_twice(&message, kind),
    };
    let transaction = exchange::on_request(
        path,
        What::Message(kind),
        Expected::of_request(kind),
        body,
        details,
    );
    if is_looked_at(tree) {
        one(path, tree, &message, kind)?;
        common::leftover(top, "request", rest)?;
    } else if let Some(fault) = &message.fault {
        common::malformed(tree, fault)?;
    }
    match transaction {
        Some(transaction) => links::request(path, top, &transaction),
        None => Ok(()),
    }
}

/// Whether the request does more when it is sent twice.
fn counts_twice(message: &Message<'_>, kind: Request) -> bool {
    let changes = |op: crate::wire::client::op::Op<'_>| op.code.counts_twice();
    match kind {
        Request::UDF => true,
        Request::OPERATE | Request::WRITE => message.ops().flatten().any(changes),
        _ => false,
    }
}

fn response_body<'p>(
    path: &Path<'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    order: Order,
    body: &'p [u8],
) -> Guarded {
    let mut answer = Summary::default();
    for message in Messages::new(order, body).flatten() {
        answer.add(&message);
        first_pass::response(path, &message);
    }
    // Before the tree: whether that can be made must not change what is remembered.
    let linked = exchange::on_response(
        path,
        answer.facts,
        answer.records,
        answer.worst == ResultCode::OK,
        tree.source().is_cut(),
    );
    column::line(path.packet, |out| response_line(out, &answer, linked.as_ref()));
    let path = &Path {
        answer: linked,
        ..*path
    };
    for message in Messages::new(order, body) {
        match message {
            Ok(message) => one_of_response(path, tree, &message)?,
            Err(error) if is_looked_at(tree) => {
                common::malformed(&tree.protocol(&MESSAGE, error.at)?, &error)?;
            }
            Err(_) => {}
        }
    }
    if body.is_empty() && !tree.source().is_cut() {
        let error = Malformed::short(
            "message header",
            body,
            crate::wire::client::message::HEADER,
            "its fixed width",
        );
        common::malformed(&tree.protocol(&MESSAGE, body)?, &error)?;
    }
    match linked {
        Some(linked) => links::response(path, top, &linked),
        None => Ok(()),
    }
}

fn one_of_response<'p>(path: &Path<'p>, tree: &Tree<'p>, message: &Message<'p>) -> Guarded {
    if is_looked_at(tree) {
        one(path, tree, message, Request::INVALID)
    } else {
        result::say(tree, message.header.result_code)
    }
}

/// Whether there is a tree, or a tap that wants to know what is wrong inside of messages.
fn is_looked_at(tree: &Tree<'_>) -> bool {
    tree.exists() || tree.wants_expert(&common::MALFORMED)
}

/// One message: its item, its header, its fields and operations.
fn one<'p>(path: &Path<'p>, tree: &Tree<'p>, message: &Message<'p>, kind: Request) -> Guarded {
    let top = tree.protocol(&MESSAGE, message.bytes)?;
    if path.is_request {
        if top.is_visible() {
            top.item().label(format_args!(
                "Aerospike Message Protocol, {kind}{}",
                Identity::of(message.fields())
            ));
        }
        top.uint(&OPERATION, message.header.bytes, u32::from(kind.0))?
            .generated();
    } else {
        top.item().label(format_args!(
            "Aerospike Message Protocol, {}",
            message.header.result_code
        ));
    }
    header::header(path, &top, &message.header, kind)?;
    if path.is_request && kind == Request::SELECT && message.header.n_ops == 0 {
        top.expert(&hint::NO_BINS, format_args!(""))?;
    }
    if !path.is_request {
        batch::answered_row(path, &top, &message.header)?;
        result::say(&top, message.header.result_code)?;
    }
    if top.wants_any(&CONTENT)
        || !is_plain(message) && top.wants_any(&RARE_CONTENT)
        || kind == Request::BATCH && top.wants_any(&ROW_HEADERS)
    {
        for field in message.fields().flatten() {
            batch::field(path, &top, &field)?;
        }
        other_names(&top, message)?;
        for op in message.ops().flatten() {
            op::op(path, &top, &op)?;
        }
    }
    if let Some(fault) = &message.fault {
        common::malformed(&top, fault)?;
    }
    Ok(())
}

/// Whether a message has none but the simplest fields and values.
fn is_plain(message: &Message<'_>) -> bool {
    let is_field = |kind| {
        matches!(
            kind,
            FieldType::NAMESPACE | FieldType::SET | FieldType::KEY | FieldType::DIGEST_RIPE
        )
    };
    let is_value = |kind| {
        matches!(
            kind,
            ParticleType::NULL | ParticleType::INTEGER | ParticleType::FLOAT | ParticleType::STRING
        )
    };
    message.fields().flatten().all(|field| is_field(field.kind))
        && message
            .ops()
            .flatten()
            .all(|op| is_value(op.particle) && !op.has_call())
}

/// What follows from set and key, or from a digest that was seen with its key, if somebody looks: a walk over the
/// fields first.
fn other_names(top: &Tree<'_>, message: &Message<'_>) -> Guarded {
    let is_wanted = top.wants(&common::DIGEST)
        || top.wants(&PARTITION)
        || top.wants_expert(&common::DIGEST_MISMATCH)
        || common::wants_key(top);
    if message.header.n_fields == 0 || !is_wanted {
        return Ok(());
    }
    let Identity { set, key, digest, .. } = Identity::of(message.fields());
    match (key, digest) {
        (Some(key), digest) => common::digest_of_key(top, set, &key, digest),
        (None, Some(digest)) => common::seen_key(top, digest.0),
        (None, None) => Ok(()),
    }
}

/// `Request put test.demo "kv-1" bins a, b`, `Request batch read 6 rows test.demo`, `Request explain test.demo where …`.
fn request_line(
    out: &mut dyn fmt::Write,
    message: &Message<'_>,
    kind: Request,
    identity: &Identity<'_>,
) -> fmt::Result {
    out.write_str("Request ")?;
    if kind == Request::BATCH {
        return batch_line::request(out, message);
    }
    line::kind(out, message, kind)?;
    identity.write_to(out)?;
    line::request(out, message, kind, identity)
}

/// `Response OK gen 2 (0.18 ms)`, `Response KEY_BUSY (3.2 ms)`, `Response 60 messages, 3 errors`.
fn response_line(out: &mut dyn fmt::Write, answer: &Summary<'_>, linked: Option<&Answer>) -> fmt::Result {
    let Some(message) = &answer.last else {
        return write!(out, "Response malformed");
    };
    let header = &message.header;
    out.write_str("Response ")?;
    if answer.count > 1 {
        answer.contents(out, linked.map(|linked| linked.transaction.what))?;
        match answer.errors {
            0 => {}
            1 => write!(out, ", {}", answer.worst)?,
            errors => write!(out, ", {errors} not OK, last {}", answer.worst)?,
        }
        if header.part() == Part::Fin {
            write!(out, ", last")?;
        }
    } else {
        header.result_code.write_to(out)?;
        match header.part() {
            Part::Fin => out.write_str(" last")?,
            Part::PartitionDone(partition) => write!(out, " partition {partition} done")?,
            Part::Record | Part::Error => {
                if header.generation != 0 {
                    out.write_str(" gen ")?;
                    write_decimal(out, u64::from(header.generation), 1)?;
                }
                Identity::of(message.fields()).write_to(out)?;
            }
        }
        line::bins(out, message)?;
    }
    match linked.filter(|linked| linked.is_last) {
        Some(linked) => {
            out.write_str(" (")?;
            links::Milliseconds(linked.transaction.response_time()).write_to(out)?;
            out.write_str(")")
        }
        None => Ok(()),
    }
}
