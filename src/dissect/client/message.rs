//! Messages (AS_MSG): header, fields, operations; one or many in a body.

use core::fmt::Write as _;

use super::answer::ResponseSummary;
use super::line::{request_line, response_line};
use super::{batch, field, header, label, line, op};
use crate::dissect::exchange::answered_request::AnsweredRequest;
use crate::dissect::exchange::body::{AnswerMessages, RequestBody, ResponseBody};
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::{self, answered_request, first_pass, outcome, owner};
use crate::dissect::shared::column;
use crate::dissect::shared::common::{self, DATA, OPERATION, PARTITION};
use crate::dissect::shared::{hint, result};
use crate::dissect::values::fields::{cdt, expression, value};
use crate::dissect::values::predexp;
use crate::epan::fields::expert;
use crate::epan::fields::group::FieldGroup;
use crate::epan::taps::windows;
use crate::epan::{Guarded, Tree};
use crate::protocols::{BATCH, MESSAGE};
use crate::track::record::TAP;
use crate::wire::client::fields::digest::Digest;
use crate::wire::client::fields::field::{Field, FieldType, FieldValue};
use crate::wire::client::message::identity::Identity;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{Message, Messages};
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
pub fn body<'p>(context: &mut MessageContext<'p>, tree: &Tree<'p>, top: &Tree<'p>) -> Guarded {
    if !MESSAGE.is_enabled() {
        top.add(&DATA, context.body)?;
        return Ok(());
    }
    if context.is_request {
        request_body(context, tree, top)
    } else {
        response_body(context, tree, top)
    }
}

fn request_body<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, top: &Tree<'p>) -> Guarded {
    // It is big: it stays where it is.
    let mut parsed = Message::parse(context.order, context.body);
    let (rest, message) = match &mut parsed {
        Ok((rest, message)) => (*rest, message),
        Err(error) => {
            let error = input::reason(error.clone());
            column::line(context.packet, |out| write!(out, "Request malformed"));
            let transaction = exchange::on_request(context, &RequestBody::Unreadable(Expected::Single));
            common::add_error(&tree.protocol(&MESSAGE, error.at)?, &error)?;
            return transaction.map_or(Ok(()), |transaction| outcome::request(context, top, &transaction));
        }
    };
    if context.is_proxied {
        message.set_proxied();
    }
    let message = &*message;
    let transaction = exchange::on_request(context, &RequestBody::Message(message));
    column::line(context.packet, |out| {
        request_line(out, context.packet, message)?;
        outcome::request_marks(out, context, transaction.as_ref())?;
        if message.fault().is_some() && !tree.source().is_cut() {
            write!(out, " [malformed]")?;
        }
        Ok(())
    });
    line::follow_values(context.packet, message, true);
    if is_looked_at(tree) {
        one(context, tree, message)?;
        common::leftover(top, "request", rest)?;
    } else if let Some(fault) = message.fault() {
        common::add_error(tree, fault)?;
    }
    match transaction {
        Some(transaction) => outcome::request(context, top, &transaction),
        None => Ok(()),
    }
}

fn response_body<'p>(context: &mut MessageContext<'p>, tree: &Tree<'p>, top: &Tree<'p>) -> Guarded {
    let body = context.body;
    let are_looked_at = is_looked_at(tree) || TAP.has_listener() || windows::is_followed();
    let messages = AnswerMessages::new(context.packet, Messages::new(context.order, body), are_looked_at);
    let mut answer = ResponseSummary::default();
    messages.each(|message| {
        answer.add(message);
        first_pass::response(context, message);
    });
    // Before the tree: whether that can be made must not change what is remembered.
    context.answer = exchange::on_response(
        context,
        &ResponseBody::Message(&messages),
        answer.facts,
        answer.records,
        answer.worst == ResultCode::OK,
        tree.source().is_cut(),
    );
    let context = &*context;
    column::line(context.packet, |out| {
        response_line(out, context, &answer, messages.first())
    });
    if windows::is_followed() {
        for message in messages.iter().flatten() {
            line::follow_message(context, &message, answer.count > 1);
        }
    }
    // An error is noted even if nobody looks.
    if is_looked_at(tree) || answer.has_expert {
        for message in messages.iter() {
            match message {
                Ok(message) => one_of_response(context, tree, &message)?,
                Err(error) if is_looked_at(tree) => {
                    common::add_error(&tree.protocol(&MESSAGE, error.at)?, &error)?;
                }
                Err(_) => {}
            }
        }
    }
    if body.is_empty() && !tree.source().is_cut() {
        let error = Malformed::short(
            "message header",
            body,
            crate::wire::client::message::HEADER,
            "its fixed width",
        );
        common::add_error(&tree.protocol(&MESSAGE, body)?, &error)?;
    }
    outcome::response(context, top, context.answer.as_ref())
}

fn one_of_response<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, message: &Message<'p>) -> Guarded {
    if is_looked_at(tree) {
        one(context, tree, message)
    } else {
        result::say(tree, message.header.result_code)
    }
}

/// Whether there is a tree, or a tap that wants to know what is wrong inside of messages.
fn is_looked_at(tree: &Tree<'_>) -> bool {
    tree.exists() || tree.wants_expert(&common::MALFORMED)
}

/// One message: its item, its header, its fields and operations.
fn one<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, message: &Message<'p>) -> Guarded {
    let kind = if context.is_request {
        message.request()
    } else {
        Request::INVALID
    };
    let top = tree.protocol(&MESSAGE, message.bytes)?;
    let request = (!context.is_request && AnsweredRequest::is_wanted(&top))
        .then(|| AnsweredRequest::of(context, &message.header))
        .flatten();
    if top.is_visible() {
        let text = label::Heading {
            packet: context.packet,
            message,
            is_request: context.is_request,
            request: request.as_ref(),
        };
        top.item()
            .label(format_args!("Aerospike Message Protocol, {text}"));
    }
    if context.is_request {
        top.uint(&OPERATION, message.header.bytes, u32::from(kind.0))?
            .set_generated();
    }
    let is_row = |answer| answered_request::is_row(&answer, &message.header);
    let row = context.answer.is_some_and(is_row).then_some(&batch::INDEX);
    header::header(context, &top, &message.header, kind, row)?;
    if context.is_request && kind == Request::SELECT && message.header.n_ops == 0 {
        top.expert(&hint::NO_BINS, format_args!(""))?;
    }
    if first_pass::is_single(kind) && owner::is_wanted(context, &top) {
        let identity = message.identity();
        if let Some(digest) = identity.record() {
            let writes = first_pass::writes(kind, message.header.info2);
            owner::items(context, &top, identity.namespace, &digest, writes)?;
        }
    }
    // Of a stream as a whole the proto header's item says it.
    if let Some(request) = request.filter(|request| request.row.is_some() || !context.is_stream()) {
        request.items(&top)?;
    }
    if !context.is_request {
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
            batch::field(context, &top, &field)?;
            if let Some(digest) = seen_digest(&field).filter(|_| common::wants_key(&top) && !has_key()) {
                common::seen_key(&top, digest.0)?;
            }
        }
        digest_of_key(&top, message)?;
        for op in message.ops().flatten() {
            op::op(context, &top, &op)?;
        }
    }
    if let Some(fault) = message.fault() {
        common::add_error(&top, fault)?;
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

/// What follows from set and key, if somebody looks.
fn digest_of_key(top: &Tree<'_>, message: &Message<'_>) -> Guarded {
    let is_wanted =
        top.wants(&common::DIGEST) || top.wants(&PARTITION) || top.wants_expert(&common::DIGEST_MISMATCH);
    if message.header.n_fields == 0 || !is_wanted {
        return Ok(());
    }
    let Identity { set, key, digest, .. } = *message.identity();
    match key {
        Some(key) => common::digest_of_key(top, set, &key, digest),
        None => Ok(()),
    }
}
