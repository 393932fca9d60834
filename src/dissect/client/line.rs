//! What a message does to which bins, for its line in the Info column.

use core::fmt;

use super::field::Range;
use super::label;
use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::identity::Identity;
use crate::dissect::exchange::outcome;
use crate::dissect::exchange::request_context::RequestContext;
use crate::dissect::shared::column;
use crate::dissect::values::text::OpText;
use crate::epan::{Packet, Text, windows};
use crate::wire::client::field::{FieldType, Value as FieldValue};
use crate::wire::client::message::{Message, Part};
use crate::wire::client::request::Request;
use crate::wire::client::result_code::ResultCode;
use crate::wire::exchange::matching::Facts;
use crate::wire::ground::text::{Text as Lossy, write_decimal};
use crate::wire::values::particle::Value;
use crate::wire::values::predexp::PredexpText;
use crate::wire::values::value_text::{BinText, ExpressionText, ValueText};

/// What the messages of a response say together.
#[derive(Default)]
pub struct Summary<'a> {
    /// What decides about the end of the answer.
    pub facts: Facts,
    /// Messages.
    pub count: u32,
    /// Records in them.
    pub records: u32,
    /// The last result that is not OK.
    pub worst: ResultCode,
    /// How many are not OK.
    pub errors: u32,
    /// The last message.
    pub last: Option<Message<'a>>,
}

impl<'a> Summary<'a> {
    /// Takes a message in.
    pub fn add(&mut self, message: &Message<'a>) {
        self.facts.add(&message.header);
        self.count = self.count.saturating_add(1);
        if message.header.part() == Part::Record {
            self.records = self.records.saturating_add(1);
        }
        if message.header.result_code != ResultCode::OK {
            self.errors = self.errors.saturating_add(1);
            self.worst = message.header.result_code;
        }
        self.last = Some(*message);
    }
}

/// `Request put test.demo "kv-1" bins a, b`.
///
/// # Errors
/// Those of `out`.
pub fn request_line(
    out: &mut dyn fmt::Write,
    packet: Packet<'_>,
    message: &Message<'_>,
    kind: Request,
    identity: &Identity<'_>,
) -> fmt::Result {
    out.write_str("Request ")?;
    kind.write_to(out)?;
    label::named(packet, message, identity).write_to(out)?;
    if let Some(rows) = identity.rows {
        write!(out, " {rows} rows")?;
    }
    request(out, message, identity)
}

/// `Response put test.demo "kv-1" OK gen 2 (0.18 ms)`, `Response get test.demo b0da6e0d KEY_BUSY (3.2 ms)`, `Response batch 60
/// messages, 3 not OK, last NOT_FOUND`.
///
/// # Errors
/// Those of `out`.
pub fn response_line(out: &mut dyn fmt::Write, path: &Path<'_>, answer: &Summary<'_>) -> fmt::Result {
    let Some(message) = &answer.last else {
        return out.write_str("Response malformed");
    };
    let header = &message.header;
    out.write_str("Response ")?;
    let context = RequestContext::of(path, header);
    if let Some(context) = &context {
        let is_row = answer.count == 1 && context.row.is_some();
        if answer.count > 1 && context.row.is_some() {
            // Each row has an operation of its own.
            Request::BATCH.write_to(out)?;
        } else {
            if is_row {
                out.write_str("batch ")?;
            }
            context.operation.write_to(out)?;
        }
        out.write_str(" ")?;
    }
    if answer.count > 1 {
        write!(out, "{} messages", answer.count)?;
        match answer.errors {
            0 => {}
            1 => write!(out, ", {}", answer.worst)?,
            errors => write!(out, ", {errors} not OK, last {}", answer.worst)?,
        }
        if header.part() == Part::Fin {
            out.write_str(", last")?;
        }
    } else {
        one(out, message, context.as_ref())?;
    }
    outcome::response_marks(out, path.packet, path.answer.as_ref())
}

/// The one message of a body, behind its operation.
fn one(out: &mut dyn fmt::Write, message: &Message<'_>, context: Option<&RequestContext<'_>>) -> fmt::Result {
    let header = &message.header;
    match header.part() {
        Part::Fin => {
            header.result_code.write_to(out)?;
            out.write_str(" last")?;
        }
        Part::PartitionDone(partition) => {
            header.result_code.write_to(out)?;
            write!(out, " partition {partition} done")?;
        }
        Part::Record | Part::Error => {
            let own = Identity::of(message.fields());
            let named = label::identity(&own, context);
            if !named.is_empty() {
                // It begins with a blank, and one is there.
                let text = Text::<CALL_TEXT>::of(format_args!("{named}"));
                out.write_str(text.as_str().trim_start())?;
                out.write_str(" ")?;
            }
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
pub fn follow_message(path: &Path<'_>, message: &Message<'_>, is_one_of_many: bool) {
    if is_one_of_many {
        let context = RequestContext::of(path, &message.header);
        let heading = label::Heading {
            packet: path.packet,
            message,
            is_request: false,
            operation: Request::INVALID,
            context: context.as_ref(),
        };
        column::follow(path.packet, format_args!("  {heading}"));
    }
    follow_values(path.packet, message, false);
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
                    format_args!("    {} = {}", Lossy(op.name), BinText(&value)),
                );
            }
        }
    }
}

/// Of a request: its function with arguments, its index with the range, its calls or the names of its bins, and its
/// filter.
///
/// # Errors
/// Those of `out`.
fn request(out: &mut dyn fmt::Write, message: &Message<'_>, identity: &Identity<'_>) -> fmt::Result {
    if !identity.function.is_empty() {
        function(out, message, identity.function)?;
    }
    if !identity.index.is_empty() {
        index(out, message, identity.index)?;
    }
    if message.ops().flatten().any(|op| op.has_call()) {
        calls(out, message)?;
    } else {
        bins(out, message)?;
    }
    filter(out, message)
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
        list => cut(ValueText(list)),
    };
    let inside = text.as_str();
    let inside = inside.strip_prefix('[').unwrap_or(inside);
    let inside = inside.strip_suffix(']').unwrap_or(inside);
    write!(out, " {}({inside})", Lossy(name))
}

/// ` by age = 30`, ` by age 20 to 30`.
fn index(out: &mut dyn fmt::Write, message: &Message<'_>, name: &[u8]) -> fmt::Result {
    write!(out, " by {}", Lossy(name))?;
    for field in message.fields().flatten() {
        if let Ok(FieldValue::IndexRange(range)) = field.value() {
            write!(out, "{}", cut(Range(&range)))?;
        }
    }
    Ok(())
}

/// Calls of a request that are written out, each with so much of its text, and operations in all.
const CALLS: u32 = 3;
const OPERATIONS: u32 = 6;
const CALL_TEXT: usize = 100;

/// The calls with their bins: ` l: list_append(11), m: map_size(), …`. What is no call is its bin's name.
fn calls(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    let mut between = " ";
    let mut calls = 0u32;
    for (op, shown) in message.ops().flatten().zip(0u32..) {
        if calls == CALLS || shown == OPERATIONS {
            return write!(out, ", …");
        }
        calls += u32::from(op.has_call());
        let name = Lossy(op.name);
        match (op.has_call(), op.name) {
            (true, []) => write!(out, "{between}{}", cut(OpText(&op)))?,
            (true, _) => write!(out, "{between}{name}: {}", cut(OpText(&op)))?,
            (false, []) => write!(out, "{between}{}", op.code)?,
            (false, _) => write!(out, "{between}{name}")?,
        }
        between = ", ";
    }
    Ok(())
}

/// ` where gt(int_bin("age"), 30)`.
fn filter(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    for field in message.fields().flatten() {
        if field.kind != FieldType::PREDEXP {
            continue;
        }
        match field.value() {
            Ok(FieldValue::Expression(input)) => write!(out, " where {}", cut(ExpressionText(input)))?,
            Ok(FieldValue::Predexp(input)) => write!(out, " where {}", cut(PredexpText(input)))?,
            _ => {}
        }
    }
    Ok(())
}

fn cut(text: impl fmt::Display) -> Text<CALL_TEXT> {
    Text::of(format_args!("{text}"))
}

/// The bins' names, each once in a row, six at most.
///
/// # Errors
/// Those of `out`.
fn bins(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    let mut last: &[u8] = b"";
    let mut shown = 0u32;
    for op in message.ops().flatten() {
        if op.name.is_empty() || op.name == last {
            continue;
        }
        if shown == 6 {
            return write!(out, ", …");
        }
        out.write_str(if shown == 0 { " bins " } else { ", " })?;
        Lossy(op.name).write_to(out)?;
        last = op.name;
        shown += 1;
    }
    Ok(())
}
