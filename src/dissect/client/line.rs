//! What a message does to which bins, for its line in the Info column.

use core::fmt;

use super::field::Range;
use crate::dissect::exchange::identity::Identity;
use crate::dissect::values::text::OpText;
use crate::epan::Text;
use crate::wire::client::field::{FieldType, Value as FieldValue};
use crate::wire::client::message::Message;
use crate::wire::ground::text::Text as Lossy;
use crate::wire::values::predexp::PredexpText;
use crate::wire::values::value_text::{ExpressionText, ValueText};

/// Of a request: its function with arguments, its index with the range, its calls or the names of its bins, and its
/// filter.
///
/// # Errors
/// Those of `out`.
pub fn request(out: &mut dyn fmt::Write, message: &Message<'_>, identity: &Identity<'_>) -> fmt::Result {
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
pub fn bins(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
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
