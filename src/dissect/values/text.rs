//! The text of a call, whatever its family.

use core::fmt;

use crate::wire::client::fields::op::Op;
use crate::wire::values::tables::call::CallFamily;
use crate::wire::values::text::value_text::{CallText, EvaluationText};

/// The call of a request's operation as text, whatever its family.
#[derive(Clone, Copy)]
pub struct OpText<'o, 'a>(pub &'o Op<'a>);

impl fmt::Display for OpText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(op) = *self;
        match CallFamily::of_op(op.code.0) {
            Some(family) => CallText(family, op.value).fmt(f),
            None => EvaluationText(op.value).fmt(f),
        }
    }
}
