//! Messages (AS_MSG): header, fields, operations; one or many in a body.

use core::fmt::Write as _;

use super::answer::Summary;
use super::line::{request_line, response_line};
use super::{batch, field, header, label, line, op};
use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::identity::Identity;
use crate::dissect::exchange::request_context::RequestContext;
use crate::dissect::exchange::{self, Details, first_pass, outcome, owner, request_context};
use crate::dissect::shared::column;
use crate::dissect::shared::common::{self, DATA, OPERATION, PARTITION};
use crate::dissect::shared::{hint, result};
use crate::dissect::values::fields::{cdt, expression, value};
use crate::dissect::values::predexp;
use crate::epan::expert;
use crate::epan::group::FieldGroup;
use crate::epan::{Guarded, Tree, windows};
use crate::protocols::{BATCH, MESSAGE};
use crate::track::transactions::What;
use crate::wire::client::digest::Digest;
use crate::wire::client::field::{Field, FieldType, Value as FieldValue};
use crate::wire::client::message::{Message, Messages};
use crate::wire::client::proto::Order;
use crate::wire::client::request::{self, Request};
use crate::wire::client::result_code::ResultCode;
use crate::wire::exchange::matching::Expected;
use crate::wire::ground::input::{self, Malformed};
use crate::wire::values::particle::ParticleType;

/// What fields and operations of every message fill.
static CONTENT: FieldGroup = FieldGroup::new(
    &[
        common::FIELDS,
        field::FIELDS,
        op::FIELDS,
        value::FIELDS,
        expert::FIELDS,
        owner::FIELDS,
    ],
    &[op::BIT_SETS, field::BIT_SETS],
    &[common::EXPERTS, hint::EXPERTS, owner::EXPERTS],
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
            return transaction.map_or(Ok(()), |transaction| outcome::request(path, top, &transaction));
        }
    };
    let kind = request::of_message(&message);
    let identity = Identity::of(message.fields());
    let memory = first_pass::request(path, &message, kind, &identity);
    let details = Details {
        timeout: if kind.is_query() {
            0
        } else {
            message.header.transaction_ttl
        },
        memory,
        counts_twice: memory.counts_twice || first_pass::counts_twice(kind, message.ops()),
        ..Details::default()
    };
    let transaction = exchange::on_request(
        path,
        What::Message(kind),
        Expected::of_request(kind),
        body,
        details,
    );
    column::line(path.packet, |out| {
        request_line(out, path.packet, &message, kind, &identity)?;
        outcome::request_marks(out, path, transaction.as_ref())?;
        if message.fault.is_some() && !tree.source().is_cut() {
            write!(out, " [malformed]")?;
        }
        Ok(())
    });
    line::follow_values(path.packet, &message, true);
    if is_looked_at(tree) {
        one(path, tree, &message, kind)?;
        common::leftover(top, "request", rest)?;
    } else if let Some(fault) = &message.fault {
        common::malformed(tree, fault)?;
    }
    match transaction {
        Some(transaction) => outcome::request(path, top, &transaction),
        None => Ok(()),
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
    let path = &Path {
        answer: linked,
        ..*path
    };
    column::line(path.packet, |out| response_line(out, path, &answer));
    if windows::is_followed() {
        for message in Messages::new(order, body).flatten() {
            line::follow_message(path, &message, answer.count > 1);
        }
    }
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
    outcome::response(path, top, linked.as_ref())
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
    let context = (!path.is_request && RequestContext::is_wanted(&top))
        .then(|| RequestContext::of(path, &message.header))
        .flatten();
    if top.is_visible() {
        let text = label::Heading {
            packet: path.packet,
            message,
            is_request: path.is_request,
            operation: kind,
            context: context.as_ref(),
        };
        top.item()
            .label(format_args!("Aerospike Message Protocol, {text}"));
    }
    if path.is_request {
        top.uint(&OPERATION, message.header.bytes, u32::from(kind.0))?
            .generated();
    }
    let is_row = |answer| request_context::is_row(&answer, &message.header);
    let row = path.answer.is_some_and(is_row).then_some(&batch::INDEX);
    header::header(path, &top, &message.header, kind, row)?;
    if path.is_request && kind == Request::SELECT && message.header.n_ops == 0 {
        top.expert(&hint::NO_BINS, format_args!(""))?;
    }
    if first_pass::is_single(kind) && owner::is_wanted(path, &top) {
        let identity = Identity::of(message.fields());
        if let Some(digest) = identity.record() {
            let writes = first_pass::writes(kind, message.header.info2);
            owner::items(path, &top, identity.namespace, &digest, writes)?;
        }
    }
    // Of a stream as a whole the proto header's item says it.
    if let Some(context) = context.filter(|context| context.row.is_some() || !path.is_stream()) {
        context.items(&top)?;
    }
    if !path.is_request {
        result::say(&top, message.header.result_code)?;
    }
    if top.wants_any(&CONTENT)
        || !is_plain(message) && top.wants_any(&RARE_CONTENT)
        || kind == Request::BATCH && (top.wants_any(&ROW_HEADERS) || top.wants_protocol(&BATCH))
    {
        let has_key = || {
            message
                .fields()
                .flatten()
                .any(|field| field.kind == FieldType::KEY)
        };
        for field in message.fields().flatten() {
            batch::field(path, &top, &field)?;
            if let Some(digest) = seen_digest(&field).filter(|_| common::wants_key(&top) && !has_key()) {
                common::seen_key(&top, digest.0)?;
            }
        }
        digest_of_key(&top, message)?;
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

/// The digest of a field that may have been seen with its key.
fn seen_digest<'a>(field: &Field<'a>) -> Option<Digest<'a>> {
    match (field.kind, field.value()) {
        (FieldType::DIGEST_RIPE, Ok(FieldValue::Digest(digest))) => Some(digest),
        _ => None,
    }
}

/// What follows from set and key, if somebody looks: a walk over the fields first.
fn digest_of_key(top: &Tree<'_>, message: &Message<'_>) -> Guarded {
    let is_wanted =
        top.wants(&common::DIGEST) || top.wants(&PARTITION) || top.wants_expert(&common::DIGEST_MISMATCH);
    if message.header.n_fields == 0 || !is_wanted {
        return Ok(());
    }
    let Identity { set, key, digest, .. } = Identity::of(message.fields());
    match key {
        Some(key) => common::digest_of_key(top, set, &key, digest),
        None => Ok(()),
    }
}
