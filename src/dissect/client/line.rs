//! What a message does to which bins, for its line in the Info column.

use core::fmt;

use super::answer::ResponseSummary;
use super::field::Range;
use super::label;
use super::text;
use crate::dissect::exchange::answered_request::AnsweredRequest;
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::outcome;
use crate::dissect::shared::column;
use crate::dissect::values::text::OpText;
use crate::epan::taps::windows;
use crate::epan::{Packet, Text};
use crate::wire::client::fields::field::{FieldType, FieldValue};
use crate::wire::client::fields::op::{Op, OpCode};
use crate::wire::client::fields::query::{IndexType, WhereFlags};
use crate::wire::client::message::request::Request;
use crate::wire::client::message::{Message, ResponsePart};
use crate::wire::ground::text::{LossyText, write_decimal};
use crate::wire::values::particle::{ParticleType, Value};

use crate::wire::values::text::value_text::{BinText, ContextText, ExpressionText, ValueText};

/// `Request put test.demo "kv-1" bins a, b`.
///
/// # Errors
/// Those of `out`.
pub fn request_line(out: &mut dyn fmt::Write, packet: Packet<'_>, message: &Message<'_>) -> fmt::Result {
    out.write_str("Request ")?;
    let kind = message.request();
    if kind == Request::BATCH {
        return super::batch_line::request(out, message);
    }
    self::kind(out, message, kind)?;
    label::known_identity(packet, message).write_to(out)?;
    request(out, message, kind)
}

/// Of an answer that begins with `first`: `Response put test.demo "kv-1" OK gen 2 (0.18 ms)`, `Response get test.demo
/// b0da6e0d KEY_BUSY (3.2 ms)`, `Response batch 60 messages, 3 not OK, last NOT_FOUND`.
///
/// # Errors
/// Those of `out`.
pub fn response_line(
    out: &mut dyn fmt::Write,
    context: &MessageContext<'_>,
    answer: &ResponseSummary<'_>,
    first: Option<&Message<'_>>,
) -> fmt::Result {
    let Some((header, first)) = answer.last.as_ref().zip(first) else {
        return out.write_str("Response malformed");
    };
    out.write_str("Response")?;
    let request = AnsweredRequest::of(context, header);
    if let Some(request) = &request {
        let is_row = answer.count == 1 && request.row.is_some();
        if answer.count > 1 && request.row.is_some() {
            // Each row has an operation of its own.
            out.write_str(" batch")?;
        } else {
            out.write_str(if is_row { " batch " } else { " " })?;
            request.operation.write_to(out)?;
        }
    }
    if answer.count > 1 {
        out.write_str(" ")?;
        answer.contents(out, context.answer.map(|linked| linked.transaction.what))?;
        match answer.errors {
            0 => {}
            1 => write!(out, ", {}", answer.worst)?,
            errors => write!(out, ", {errors} not OK, last {}", answer.worst)?,
        }
        if header.part() == ResponsePart::Fin {
            out.write_str(", last")?;
        }
    } else {
        one(out, first, request.as_ref())?;
    }
    outcome::response_marks(out, context.packet, context.answer.as_ref())
}

/// The one message of a body, behind its operation: ` b0da6e0d KEY_BUSY`.
fn one(
    out: &mut dyn fmt::Write,
    message: &Message<'_>,
    request: Option<&AnsweredRequest<'_>>,
) -> fmt::Result {
    let header = &message.header;
    match header.part() {
        ResponsePart::Fin => {
            out.write_str(" ")?;
            header.result_code.write_to(out)?;
            out.write_str(" last")?;
        }
        ResponsePart::PartitionDone(partition) => {
            out.write_str(" ")?;
            header.result_code.write_to(out)?;
            write!(out, " partition {partition} done")?;
        }
        ResponsePart::Record | ResponsePart::Error => {
            let named = label::identity(message.identity(), request);
            match &named.key {
                // A key can be long, and the result comes behind it.
                Some(_) => out.write_str(text::cut(named).as_str())?,
                None => named.write_to(out)?,
            }
            out.write_str(" ")?;
            header.result_code.write_to(out)?;
            if header.generation != 0 {
                out.write_str(" gen ")?;
                write_decimal(out, u64::from(header.generation), 1)?;
            }
        }
    }
    bins(out, message)
}

/// A message of an answer, for the stream that somebody follows: of several its heading, and the values.
pub fn follow_message(context: &MessageContext<'_>, message: &Message<'_>, is_one_of_many: bool) {
    if is_one_of_many {
        let request = AnsweredRequest::of(context, &message.header);
        let heading = label::Heading {
            packet: context.packet,
            message,
            is_request: false,
            request: request.as_ref(),
        };
        column::follow(context.packet, format_args!("  {heading}"));
    }
    follow_values(context.packet, message, false);
}

/// The values of a message, for the stream that somebody follows: `    a = 1`, a line each.
pub fn follow_values(packet: Packet<'_>, message: &Message<'_>, is_request: bool) {
    if !windows::is_followed() {
        return;
    }
    for op in message.ops().flatten() {
        let value = if is_request { op.argument() } else { op.content() };
        match value {
            // A read names its bin alone, and a call is in the line.
            Ok(Value::Nil | Value::Call(_)) | Err(_) => {}
            Ok(value) => {
                column::follow(
                    packet,
                    format_args!("    {} = {}", LossyText(op.name), BinText(&value)),
                );
            }
        }
    }
}

/// The kind of a request: a query that only asks how it would run is explained.
///
/// # Errors
/// Those of `out`.
pub fn kind(out: &mut dyn fmt::Write, message: &Message<'_>, kind: Request) -> fmt::Result {
    let is_explained = kind.is_query()
        && message.fields().flatten().any(|field| {
            matches!(field.value(), Ok(FieldValue::Where(condition)) if condition.flags.contains(WhereFlags::EXPLAIN))
        });
    if is_explained {
        out.write_str("explain")
    } else {
        kind.write_to(out)
    }
}

/// Of a request: its function with arguments, its index with the range, what it does with its bins, and its filter.
///
/// # Errors
/// Those of `out`.
pub fn request(out: &mut dyn fmt::Write, message: &Message<'_>, kind: Request) -> fmt::Result {
    let called = message.identity().function;
    if !called.is_empty() {
        function(out, message, called)?;
    }
    if kind.is_query() {
        index(out, message)?;
        old_bins(out, message)?;
    }
    let is_touch = kind == Request::TOUCH;
    if !is_touch && message.ops().flatten().any(|op| !is_bin(&op)) {
        operations(out, message)?;
    } else {
        bins(out, message)?;
    }
    text::filter(out, message)
}

/// Whether an operation is no more than a bin that is read or written.
const fn is_bin(op: &Op<'_>) -> bool {
    matches!(op.code, OpCode::READ | OpCode::WRITE) && !op.has_call()
}

/// ` echo("a", 1)`.
fn function(out: &mut dyn fmt::Write, message: &Message<'_>, name: &[u8]) -> fmt::Result {
    let arguments = message
        .fields()
        .flatten()
        .find(|field| field.kind == FieldType::UDF_ARGLIST);
    let list = arguments.map_or(&[][..], |field| field.data);
    let text = match list {
        [] => Text::new(),
        list => text::cut(ValueText(list)),
    };
    let inside = text.as_str();
    let inside = inside.strip_prefix('[').unwrap_or(inside);
    let inside = inside.strip_suffix(']').unwrap_or(inside);
    write!(out, " {}({inside})", LossyText(name))
}

/// ` by age = 30`, ` by map keys of m = "a"`, ` by g within geo(…)`, ` by add(int_bin("a"), int_bin("b")) = 2`,
/// ` by index-name`.
fn index(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    let mut name: &[u8] = b"";
    let (mut range, mut kind, mut expression, mut context) = (None, IndexType::DEFAULT, None, None);
    for field in message.fields().flatten() {
        match (field.kind, field.value()) {
            (FieldType::INDEX_NAME, _) => name = field.data,
            (FieldType::INDEX_RANGE, Ok(FieldValue::IndexRange(found))) => range = Some(found),
            (FieldType::INDEX_TYPE, Ok(FieldValue::IndexType(found))) => kind = found,
            (FieldType::INDEX_EXPRESSION, Ok(FieldValue::Expression(found))) => expression = Some(found),
            (FieldType::INDEX_CONTEXT, Ok(FieldValue::IndexContext(found))) => context = Some(found),
            _ => {}
        }
    }
    let bin = range.as_ref().map_or(&b""[..], |range| range.bin);
    if name.is_empty() && range.is_none() && expression.is_none() {
        return Ok(());
    }
    out.write_str(match kind {
        IndexType::LIST => " by list ",
        IndexType::MAPKEYS => " by map keys of ",
        IndexType::MAPVALUES => " by map values of ",
        _ => " by ",
    })?;
    match (expression, bin) {
        (Some(expression), _) => write!(out, "{}", text::cut(ExpressionText(expression)))?,
        (None, []) => LossyText(name).write_to(out)?,
        (None, bin) => LossyText(bin).write_to(out)?,
    }
    if let Some(context) = context {
        write!(out, " @ {}", text::cut(ContextText(context)))?;
    }
    match &range {
        Some(range) => write!(out, "{}", text::cut(Range(range))),
        None => Ok(()),
    }
}

/// The bins that a query of old clients names in a field.
fn old_bins(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    for field in message.fields().flatten() {
        let Ok(FieldValue::BinList(list)) = field.value() else {
            continue;
        };
        for (name, shown) in list.iter().flatten().zip(0usize..) {
            if shown == BINS {
                return out.write_str(", …");
            }
            out.write_str(if shown == 0 { " bins " } else { ", " })?;
            LossyText(name.text).write_to(out)?;
        }
    }
    Ok(())
}

/// Calls of a request that are written out, each with so much of its text, and operations in all.
const CALLS: u32 = 3;
const OPERATIONS: u32 = 6;
/// Bins that are named.
const BINS: usize = 6;

/// What each operation does: ` l: list_append(11), incr n by 1, append s, delete, read b, …`.
fn operations(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    let mut between = " ";
    let mut calls = 0u32;
    for (op, shown) in message.ops().flatten().zip(0u32..) {
        if calls == CALLS || shown == OPERATIONS {
            return write!(out, ", …");
        }
        calls += u32::from(op.has_call());
        out.write_str(between)?;
        operation(out, &op)?;
        between = ", ";
    }
    Ok(())
}

fn operation(out: &mut dyn fmt::Write, op: &Op<'_>) -> fmt::Result {
    let name = LossyText(op.name);
    let is_nil = op.particle == ParticleType::NULL;
    let verb = match op.code {
        _ if op.has_call() && op.name.is_empty() => return write!(out, "{}", text::cut(OpText(op))),
        _ if op.has_call() => return write!(out, "{name}: {}", text::cut(OpText(op))),
        OpCode::TO_STRING => return write!(out, "to_string({name})"),
        OpCode::INCR | OpCode::MC_INCR => {
            write!(out, "incr {name}")?;
            return match op.content() {
                Ok(value) => write!(out, " by {}", text::cut(BinText(&value))),
                Err(_) => Ok(()),
            };
        }
        OpCode::APPEND | OpCode::MC_APPEND => "append",
        OpCode::PREPEND | OpCode::MC_PREPEND => "prepend",
        OpCode::TOUCH | OpCode::MC_TOUCH => "touch",
        OpCode::DELETE_ALL => "delete",
        OpCode::WRITE if is_nil => "delete bin",
        OpCode::WRITE => "write",
        OpCode::READ if op.name.is_empty() => "read all bins",
        OpCode::READ => "read",
        code => {
            write!(out, "{code}")?;
            ""
        }
    };
    match op.name {
        [] => out.write_str(verb),
        _ => write!(out, "{verb} {name}"),
    }
}

/// The bins' names, each once in a row, six at most.
///
/// # Errors
/// Those of `out`.
fn bins(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    let mut last: &[u8] = b"";
    let mut shown = 0usize;
    for op in message.ops().flatten() {
        if op.name.is_empty() || op.name == last {
            continue;
        }
        if shown == BINS {
            return write!(out, ", …");
        }
        out.write_str(if shown == 0 { " bins " } else { ", " })?;
        LossyText(op.name).write_to(out)?;
        last = op.name;
        shown += 1;
    }
    Ok(())
}
