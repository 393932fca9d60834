//! Pieces of lines in the Info column: texts that are cut, and the filter of a request.

use core::fmt;

use crate::epan::Text;
use crate::wire::client::fields::field::{FieldType, FieldValue};
use crate::wire::client::message::Message;
use crate::wire::ground::text::LossyText;
use crate::wire::values::text::predexp::PredexpText;
use crate::wire::values::text::value_text::ExpressionText;

/// Bytes of a call, an expression or a range in a line.
const CALL_TEXT: usize = 100;

/// ` where gt(int_bin("age"), 30)`, ` where $.age > 30`.
///
/// # Errors
/// Those of `out`.
pub fn filter(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    if !message.has_filter() {
        return Ok(());
    }
    for field in message.fields().flatten() {
        match field.value() {
            Ok(FieldValue::Expression(input)) if field.kind == FieldType::PREDEXP => {
                write!(out, " where {}", cut(ExpressionText(input)))?;
            }
            Ok(FieldValue::Where(condition)) => write!(out, " where {}", cut(LossyText(condition.text)))?,
            Ok(FieldValue::Predexp(input)) => write!(out, " where {}", cut(PredexpText(input)))?,
            _ => {}
        }
    }
    Ok(())
}

/// A text, as far as a line has room for it.
pub(super) fn cut(text: impl fmt::Display) -> Text<CALL_TEXT> {
    Text::of(format_args!("{text}"))
}
