//! The walk of expressions: filters, index expressions, expression operations.
//!
//! An expression is a value, or a list that begins with an opcode: a [`NodeKind::Expression`] with the
//! opcode and its arguments as parts. Literal lists are quoted. The call of a CDT, bit or HLL
//! operation is an expression too; its parts are the result type, the system, the call
//! ([`NodeKind::Call`] or [`NodeKind::InContext`]) and the operand.
//!
//! Source: client-protocol 7.

use super::cdt::Ahead;
use super::node::{Node, NodeKind, Role, Strings};
use super::{Sink, Stop, Walk, Walked, enough};
use crate::wire::values::particle::msgpack::{self, Token};
use crate::wire::values::tables::arg::{Arg, NumberTable, RawName};
use crate::wire::values::tables::call::CallFamily;
use crate::wire::values::tables::expression_ops::{ExpOp, ResultType};

const OPCODE: Arg = Arg::code("opcode", NumberTable::ExpOp);
const EXPRESSION: Arg = Arg::expression("expression");
const FLAGS: Arg = Arg::code("flags", NumberTable::ExpFlags).optional();
const OPERAND: Arg = Arg::expression("operand");
const CONDITION: Arg = Arg::expression("condition");
const RESULT: Arg = Arg::expression("result");
const DEFAULT: Arg = Arg::expression("default");
const NAME: Arg = Arg::raw("name", RawName::Variable);
const VALUE: Arg = Arg::expression("value");
const ARGUMENT: Arg = Arg::expression("argument");

/// Whether the data of field 43 are an old predicate and no expression.
///
/// Source: client-protocol 4, 7.6.
#[must_use]
pub fn is_predexp(field: &[u8]) -> bool {
    field.first() == Some(&0)
}

/// Walks an expression: fields 43 and 24.
///
/// # Errors
/// [`Stop`].
///
/// Source: client-protocol 7.2.
pub fn expression<'a, S: Sink<'a>>(input: &'a [u8], sink: &mut S) -> Walked<'a, S::Error> {
    Walk::new(sink).expression(Role::Whole, 0, input)
}

/// Walks the value of an expression operation (ops 7 and 8): `[expression]` or `[expression, flags]`.
///
/// # Errors
/// [`Stop`].
///
/// Source: client-protocol 7.5.
pub fn evaluation<'a, S: Sink<'a>>(input: &'a [u8], sink: &mut S) -> Walked<'a, S::Error> {
    Walk::new(sink).evaluation(input)
}

/// The opcode, if the list that begins `input` has the shape of its operation: a fitting number of
/// arguments, and integers where the text of the operation is made of them. What was cut off fits.
///
/// The error is whether the list is wrong (and not merely cut before its opcode).
fn op(input: &[u8], count: u32) -> Result<ExpOp, bool> {
    let (rest, op) = match Ahead::first_of(input) {
        Ahead::Int(rest, op) => (rest, op),
        Ahead::Other => return Err(true),
        Ahead::Cut => return Err(false),
    };
    let op = ExpOp(u8::try_from(op).map_err(|_| true)?);
    let given = (count as usize).saturating_sub(1);
    let shaped = match op {
        ExpOp::REC_KEY | ExpOp::BIN | ExpOp::VAR_BUILTIN => !matches!(Ahead::of(rest), Ahead::Other),
        ExpOp::CALL => is_call(rest),
        ExpOp::LET | ExpOp::COND => given >= 3 && given % 2 == 1,
        _ => true,
    };
    let fits = op.args().is_none_or(|args| Arg::fits(args, given));
    match shaped && fits {
        true => Ok(op),
        false => Err(true),
    }
}

/// What explains a number that is compared with a type or a time: one side of the comparison says which it is.
///
/// Source: client-protocol 7.3, 7.4.
fn explanation(op: ExpOp, input: &[u8]) -> Option<NumberTable> {
    if !(ExpOp::EQ..=ExpOp::LE).contains(&op) {
        return None;
    }
    let table = |input| match Ahead::first_of(input) {
        Ahead::Int(_, op) => match u8::try_from(op).map(ExpOp) {
            Ok(ExpOp::BIN_TYPE) => Some(NumberTable::ParticleType),
            Ok(ExpOp::META_LAST_UPDATE | ExpOp::META_VOID_TIME) => Some(NumberTable::Nanoseconds),
            _ => None,
        },
        _ => None,
    };
    // Of the other side only a number is of interest.
    table(input).or_else(|| match Ahead::of(input) {
        Ahead::Int(behind, _) => table(behind),
        _ => None,
    })
}

/// The type that an expression gives, if its first bytes say so.
///
/// Source: client-protocol 7.2, 7.4.
#[must_use]
pub fn result_type(input: &[u8]) -> Option<ResultType> {
    let (_, token) = msgpack::head(input).ok()?;
    let Token::List(_) = token else {
        return match token {
            Token::Nil => Some(ResultType::NIL),
            Token::Bool(_) => Some(ResultType::BOOL),
            Token::Int(_) | Token::UInt(_) => Some(ResultType::INT),
            Token::Float(_) => Some(ResultType::FLOAT),
            Token::Map(_) => Some(ResultType::MAP),
            Token::Str(body) => match msgpack::split_type(body)?.0 {
                3 => Some(ResultType::STR),
                _ => None,
            },
            _ => None,
        };
    };
    let (rest, op) = Ahead::first_of(input).int()?;
    Some(match ExpOp(u8::try_from(op).ok()?) {
        op if (ExpOp::EQ..=ExpOp::IN_LIST).contains(&op) => ResultType::BOOL,
        ExpOp::AND | ExpOp::OR | ExpOp::NOT | ExpOp::EXCLUSIVE => ResultType::BOOL,
        ExpOp::META_KEY_EXISTS | ExpOp::META_IS_TOMBSTONE => ResultType::BOOL,
        op if (ExpOp::INT_AND..=ExpOp::INT_RSCAN).contains(&op) => ResultType::INT,
        ExpOp::TO_INT | ExpOp::BIN_TYPE => ResultType::INT,
        ExpOp::TO_FLOAT => ResultType::FLOAT,
        ExpOp::TO_STRING | ExpOp::META_SET_NAME => ResultType::STR,
        ExpOp::META_DIGEST_MOD
        | ExpOp::META_DEVICE_SIZE
        | ExpOp::META_LAST_UPDATE
        | ExpOp::META_SINCE_UPDATE
        | ExpOp::META_VOID_TIME
        | ExpOp::META_TTL
        | ExpOp::META_MEMORY_SIZE
        | ExpOp::META_RECORD_SIZE => ResultType::INT,
        ExpOp::QUOTE | ExpOp::MAP_KEYS | ExpOp::MAP_VALUES => ResultType::LIST,
        ExpOp::BIN | ExpOp::REC_KEY | ExpOp::VAR_BUILTIN | ExpOp::CALL => {
            ResultType(u8::try_from(Ahead::of(rest).int()?.1).ok()?)
        }
        _ => return None,
    })
}

/// Whether result type, system and call follow.
fn is_call(input: &[u8]) -> bool {
    let system = match Ahead::of(input) {
        Ahead::Int(rest, _) => Ahead::of(rest),
        other => other,
    };
    match system {
        Ahead::Int(rest, system) => {
            CallFamily::of_system(system).is_some() && !matches!(Ahead::first_of(rest), Ahead::Other)
        }
        Ahead::Other => false,
        Ahead::Cut => true,
    }
}

impl<'a, S: Sink<'a>> Walk<'_, S> {
    /// Walks an expression.
    pub(super) fn expression(&mut self, role: Role, index: u32, input: &'a [u8]) -> Walked<'a, S::Error> {
        let (content, token) = msgpack::head(input)?;
        let Token::List(count) = token else {
            return self.value(role, index, input, Strings::Typed);
        };
        let op = match op(input, count) {
            Ok(op) => op,
            Err(wrong) => {
                if wrong {
                    self.wrong("expression", input, "not an opcode with the arguments it takes")?;
                }
                return self.value(role, index, input, Strings::Typed);
            }
        };
        let kind = NodeKind::Expression { op, context: None };
        let node = Node {
            role,
            index,
            kind,
            bytes: input,
        };
        let (rest, _) = self.nest(node, Some(1), |walk| {
            let left = walk.code(OPCODE, 0, content)?;
            let count = count.saturating_sub(1);
            match op {
                ExpOp::CALL => walk.operand_call(left, count),
                ExpOp::LET => Ok((walk.definitions(left, count)?, kind)),
                _ => Ok((walk.operands(op, left, count)?, kind)),
            }
        })?;
        Ok(rest)
    }

    /// The arguments of all operations but LET and CALL.
    fn operands(&mut self, op: ExpOp, input: &'a [u8], count: u32) -> Walked<'a, S::Error> {
        let args = op.args().unwrap_or(&[]);
        let compared = explanation(op, input);
        let last = count.saturating_sub(1);
        let mut left = input;
        for index in 0..count {
            enough("expression", left, count.saturating_sub(index))?;
            let arg = match op {
                ExpOp::COND if index == last => DEFAULT,
                ExpOp::COND if index % 2 == 0 => CONDITION,
                ExpOp::COND => RESULT,
                _ => Arg::at(args, index as usize).unwrap_or(ARGUMENT),
            };
            left = match (compared, Ahead::of(left)) {
                (Some(table), Ahead::Int(..)) => self.code(Arg::code(arg.name, table), index, left)?,
                _ => self.argument(arg, index, left)?,
            };
        }
        Ok(left)
    }

    /// Of a LET: names with their values, then the result.
    fn definitions(&mut self, input: &'a [u8], count: u32) -> Walked<'a, S::Error> {
        let mut left = input;
        for index in 0..count / 2 {
            enough(
                "expression",
                left,
                count.saturating_sub(index).saturating_sub(index),
            )?;
            let node = Node {
                role: Role::Definition,
                index,
                kind: NodeKind::Definition,
                bytes: left,
            };
            let (rest, _) = self.nest(node, Some(2), |walk| {
                let value = walk.argument(NAME, 0, left)?;
                enough("expression", value, 1)?;
                Ok((walk.argument(VALUE, 1, value)?, NodeKind::Definition))
            })?;
            left = rest;
        }
        enough("expression", left, 1)?;
        self.argument(RESULT, count / 2, left)
    }

    /// Of a CALL: result type, system, call, operand.
    fn operand_call(
        &mut self,
        input: &'a [u8],
        count: u32,
    ) -> Result<(&'a [u8], NodeKind<'a>), Stop<'a, S::Error>> {
        let args = ExpOp::CALL.args().unwrap_or(&[]);
        let mut family = CallFamily::Cdt;
        let mut context = None;
        let mut left = input;
        for index in 0..count {
            enough("expression", left, count.saturating_sub(index))?;
            let arg = Arg::at(args, index as usize).unwrap_or(OPERAND);
            match index {
                1 => {
                    family = Ahead::of(left)
                        .int()
                        .and_then(|(_, system)| CallFamily::of_system(system))
                        .unwrap_or(family);
                    left = self.code(arg, index, left)?;
                }
                2 => (left, context) = self.call(family, true, Role::Arg(arg), index, left)?,
                _ => left = self.argument(arg, index, left)?,
            }
        }
        let kind = NodeKind::Expression {
            op: ExpOp::CALL,
            context,
        };
        Ok((left, kind))
    }

    fn evaluation(&mut self, input: &'a [u8]) -> Walked<'a, S::Error> {
        let (content, token) = msgpack::head(input)?;
        let Token::List(count @ 1..=2) = token else {
            self.wrong(
                "expression operation",
                input,
                "not a list of expression and flags",
            )?;
            return self.value(Role::Whole, 0, input, Strings::Typed);
        };
        let node = Node {
            role: Role::Whole,
            index: 0,
            kind: NodeKind::Evaluation,
            bytes: input,
        };
        let (rest, _) = self.nest(node, Some(1), |walk| {
            enough("expression operation", content, count)?;
            let mut left = walk.argument(EXPRESSION, 0, content)?;
            if count == 2 {
                enough("expression operation", left, 1)?;
                left = walk.argument(FLAGS, 1, left)?;
            }
            Ok((left, NodeKind::Evaluation))
        })?;
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_result_is_known_from_its_first_bytes() {
        let gives = |bytes: &[u8]| result_type(bytes);
        // eq(int_bin("a"), 1), add(…), int_bin("a"), bool_bin("a"), 5, a variable.
        assert_eq!(gives(b"\x93\x01\x93\x51\x02\xa1a\x01"), Some(ResultType::BOOL));
        assert_eq!(gives(b"\x93\x51\x02\xa1a"), Some(ResultType::INT));
        assert_eq!(gives(b"\x93\x51\x01\xa1a"), Some(ResultType::BOOL));
        assert_eq!(
            gives(b"\x95\x7f\x02\x00\x91\x10\x93\x51\x04\xa1l"),
            Some(ResultType::INT)
        );
        assert_eq!(gives(b"\x05"), Some(ResultType::INT));
        assert_eq!(gives(b"\x91\x46"), Some(ResultType::STR));
        assert_eq!(gives(b"\x92\x7c\xa1x"), None);
        assert_eq!(gives(b"\x91"), None);
    }
}
