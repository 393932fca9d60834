//! Security messages: logins, users, roles. What gives access is covered, but printed only on demand.

use core::fmt::Write as _;

use crate::dissect::admin::field;
use crate::dissect::admin::field::{FIELD_SIZE, add_broken, field, opaque, secret_field, unreadable};
use crate::dissect::admin::line::{Lower, SecuritySummary, Subject, request_line, response_line};
use crate::dissect::exchange::body::{RequestBody, ResponseBody, SecurityMessages};
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::{self, outcome};
use crate::dissect::shared::column;
use crate::dissect::shared::common::{self, DATA, RESULT};
use crate::dissect::shared::result;
use crate::epan::fields::group::FieldGroup;
use crate::epan::{Guarded, Packet, Text, Tree};
use crate::protocols::ADMIN;
use crate::track::client::transactions::{RequestKind, Transaction};
use crate::wire::admin::message::{
    COMMAND_AT, Command, FieldId, HEADER, Message, Messages, N_FIELDS_AT, RESULT_AT, SCHEME_AT,
};
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::exchange::matching::{EndFacts, Expected};
use crate::wire::ground::at::{Cover, part};
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::LossyText;

fields! {
    SCHEME: U8, "aerospike.admin.scheme", "Scheme", "0";
    RESULT_CODE: U8, "aerospike.admin.result_code", "Result code", "Result of a security request" .values(ResultCode::TABLE);
    COMMAND: U8, "aerospike.admin.command", "Command", "What a security request asks for" .values(Command::TABLE);
    N_FIELDS: U8, "aerospike.admin.n_fields", "Number of fields", "Fields that follow the header";
    RESERVED: Bytes, "aerospike.admin.reserved", "Reserved", "Unused bytes, 0";
}

/// All that a security message fills.
static CONTENT: FieldGroup =
    FieldGroup::new(&[FIELDS, field::FIELDS, common::FIELDS], &[], &[common::EXPERTS]);

/// The body of a security message. `top` is the proto header's item.
///
/// # Errors
/// What Wireshark threw.
pub fn body<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, top: &Tree<'p>) -> Guarded {
    if context.is_request {
        request_body(context, tree, top)
    } else {
        response_body(context, tree, top)
    }
}

fn request_body<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, top: &Tree<'p>) -> Guarded {
    let all = SecurityMessages::new(context.packet, Messages::new(context.body), false);
    let first = all.iter().next().and_then(Result::ok);
    let body = first
        .as_ref()
        .map_or(RequestBody::Unreadable(Expected::Security), RequestBody::Security);
    let asked = exchange::on_request(context, &body);
    column::line(context.packet, |out| match &first {
        Some(message) => request_line(out, message),
        None if tree.source().is_cut() => write!(out, "Request security"),
        None => write!(out, "Request security, malformed"),
    });
    if let Some(message) = &first {
        credential(context.packet, message);
    }
    messages(context, tree, top, &all, None)?;
    asked.map_or(Ok(()), |transaction| outcome::request(context, top, &transaction))
}

/// Who logs in, for Wireshark's list of credentials.
fn credential(packet: Packet<'_>, message: &Message<'_>) {
    let info = match message.command {
        Command::LOGIN => c"login",
        Command::AUTHENTICATE => c"authenticate",
        _ => return,
    };
    let mut user = None;
    let mut proof = None;
    for field in message.fields().flatten() {
        match field.id {
            FieldId::USER => user = Some(field.data),
            id if id.is_sensitive() => proof = proof.or(Some(id)),
            _ => {}
        }
    }
    if let (Some(user), Some(proof)) = (user, proof) {
        let user = Text::<256>::of(format_args!("{}", LossyText(user)));
        packet.credential(secret_field(proof), &user, info);
    }
}

fn response_body<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, top: &Tree<'p>) -> Guarded {
    let all = SecurityMessages::new(context.packet, Messages::new(context.body), true);
    let mut facts = EndFacts::default();
    let mut answer = SecuritySummary::default();
    for message in all.iter().flatten() {
        facts.add_security(&message);
        answer.add(message);
    }
    let linked = exchange::on_response(
        context,
        &ResponseBody::Security(&all),
        facts,
        answer.records,
        answer.worst.is_none(),
        tree.source().is_cut(),
    );
    let command = linked.as_ref().and_then(|linked| command_of(&linked.transaction));
    column::line(context.packet, |out| {
        response_line(out, &answer, command)?;
        if answer.last.is_none() && !tree.source().is_cut() {
            write!(out, ", malformed")?;
        }
        outcome::response_marks(out, context.packet, linked.as_ref())
    });
    messages(context, tree, top, &all, command)?;
    outcome::response(context, top, linked.as_ref())
}

fn command_of(transaction: &Transaction) -> Option<Command> {
    match transaction.what {
        RequestKind::Security(command) => Some(Command(command)),
        _ => None,
    }
}

/// The messages of a body, one in a request; `command` is what was asked, where that is known.
fn messages<'p>(
    context: &MessageContext<'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    all: &SecurityMessages<'p>,
    command: Option<Command>,
) -> Guarded {
    let body = context.body;
    let is_shown = ADMIN.is_enabled();
    if !is_shown && !body.is_empty() {
        opaque(top, body)?;
    }
    if body.is_empty() && !tree.source().is_cut() {
        let error = Malformed::short("security header", body, HEADER, "its fixed width");
        common::add_error(top, &error)?;
    }
    let most = if context.is_request { 1 } else { usize::MAX };
    let mut cover = Cover::new(body);
    for message in all.iter().take(most) {
        match message {
            Ok(message) => {
                if tree.exists() && is_shown {
                    one(context, tree, &message, command)?;
                } else if !context.is_request {
                    result::say(top, message.result)?;
                }
                cover.through(message.bytes);
            }
            Err(error) if is_shown => {
                let part = tree.protocol(&ADMIN, cover.rest())?;
                add_broken(&part, &mut cover, &DATA, &error)?;
                return Ok(());
            }
            Err(_) => return Ok(()),
        }
    }
    let rest = cover.rest();
    if rest.is_empty() || !is_shown {
        return Ok(());
    }
    let error = Malformed::illegal("security message", rest, "bytes follow its end");
    unreadable(top, &error)
}

fn one<'p>(
    context: &MessageContext<'p>,
    tree: &Tree<'p>,
    message: &Message<'p>,
    command: Option<Command>,
) -> Guarded {
    let top = tree.protocol(&ADMIN, message.bytes)?;
    if !top.wants_any(&CONTENT) {
        return if context.is_request {
            Ok(())
        } else {
            result::say(&top, message.result)
        };
    }
    let bytes = message.bytes;
    top.add(&SCHEME, part(bytes, SCHEME_AT))?;
    if context.is_request {
        top.item().label(format_args!(
            "Aerospike Security Protocol, {}{}",
            Lower(message.command),
            Subject(message)
        ));
        top.add(&RESERVED, part(bytes, RESULT_AT))?
            .label(format_args!("Result code: none in a request"));
        top.add(&COMMAND, part(bytes, COMMAND_AT))?;
    } else {
        top.item().label(format_args!(
            "Aerospike Security Protocol, {}{}",
            message.result,
            Subject(message)
        ));
        top.add(&RESULT_CODE, part(bytes, RESULT_AT))?;
        top.uint(&RESULT, part(bytes, RESULT_AT), u32::from(message.result.0))?
            .set_generated()
            .set_hidden();
        top.add(&RESERVED, part(bytes, COMMAND_AT))?
            .label(format_args!("Command: none in a response"));
        if let Some(command) = command {
            top.uint(&COMMAND, &[], u32::from(command.0))?.set_generated();
        }
    }
    top.add(&N_FIELDS, part(bytes, N_FIELDS_AT))?;
    top.add(&RESERVED, message.reserved)?;
    if !context.is_request {
        result::say(&top, message.result)?;
    }
    let mut cover = Cover::new(bytes);
    cover.through(message.reserved);
    for item in message.fields().flatten() {
        field(&top, &item)?;
        cover.through(item.bytes);
    }
    match &message.fault {
        Some(fault) => {
            let size = cover.until(fault.at);
            if !size.is_empty() {
                top.add(&FIELD_SIZE, size)?;
            }
            unreadable(&top, fault)
        }
        None => Ok(()),
    }
}
