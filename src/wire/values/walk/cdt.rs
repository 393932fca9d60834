//! The walk of calls: list, map, bit, HLL and string operations, and their contexts.
//!
//! A call is told as a [`NodeKind::Call`] with the operation and its arguments as parts. One inside a
//! context is a [`NodeKind::InContext`] around the marker 255, the [`NodeKind::Context`] and the call; a
//! path selection and a string operation have their context as a part of the call itself.
//!
//! Source: client-protocol 6.3–6.9.

use super::node::{Call, Node, NodeKind, Role, Strings};
use super::{Sink, Stop, Walk, Walked, enough};
use crate::wire::ground::at::before;
use crate::wire::ground::input::be_u16;
use crate::wire::values::particle::msgpack::{self, Token};
use crate::wire::values::tables::arg::{Arg, ArgContent, NumberTable};
use crate::wire::values::tables::call::{CallFamily, Coded};
use crate::wire::values::tables::cdt_ops::{CdtOp, ContextType};

/// The marker of a call inside a context.
const CONTEXT_EVAL: i64 = CdtOp::CONTEXT_EVAL.0 as i64;
/// The marker of a path selection.
const SELECT: i64 = CdtOp::SELECT.0 as i64;

const CONTEXT: Arg = Arg::value("context");
const CALL: Arg = Arg::value("call");
const ARGUMENT: Arg = Arg::value("argument");
const CONTEXT_TYPE: Arg = Arg::code("type", NumberTable::ContextType);
const CONTEXT_VALUE: Arg = Arg::value("value");
const CONTEXT_EXPRESSION: Arg = Arg::expression("expression");
const SELECT_FLAGS: Arg = Arg::code("select flags", NumberTable::SelectFlags);
const APPLY: Arg = Arg::expression("apply").optional();

/// The part of a call that says which operation it is.
pub(super) const fn operation(family: CallFamily) -> Arg {
    Arg::code("operation", family.table())
}

/// Walks the value of a list, map, bit, HLL or string operation.
///
/// # Errors
/// [`Stop`].
///
/// Source: client-protocol 6.3, 6.7–6.9.
pub fn call<'a, S: Sink<'a>>(family: CallFamily, input: &'a [u8], sink: &mut S) -> Walked<'a, S::Error> {
    let mut walk = Walk::new(sink);
    match input.first() {
        Some(0) if family == CallFamily::Cdt => walk.legacy(input),
        _ => Ok(walk.call(family, false, Role::Whole, 0, input)?.0),
    }
}

/// Walks a context list: of a secondary index (field 23), or one that was found in a call.
///
/// # Errors
/// [`Stop`].
///
/// Source: client-protocol 4, 6.5.
pub fn context<'a, S: Sink<'a>>(input: &'a [u8], sink: &mut S) -> Walked<'a, S::Error> {
    Ok(Walk::new(sink).context(Role::Whole, 0, input)?.0)
}

/// The operation that a call names, without walking it; a context around it is stepped over.
/// `None` if the bytes do not say.
///
/// Source: client-protocol 6.3.
#[must_use]
pub fn operation_of(family: CallFamily, input: &[u8]) -> Option<Coded> {
    let coded = |value| Coded {
        table: family.table(),
        value,
    };
    if family == CallFamily::Cdt && input.first() == Some(&0) {
        let (_, op) = be_u16("CDT call")(input).ok()?;
        return Some(coded(i64::from(op)));
    }
    let (rest, op) = Ahead::first_of(input).int()?;
    if op != CONTEXT_EVAL {
        return Some(coded(op));
    }
    let (rest, ()) = msgpack::skip(rest).ok()?;
    let op = match Ahead::of(rest) {
        Ahead::Int(rest, op) if family.may_be_flat() => Ahead::Int(rest, op),
        _ => Ahead::first_of(rest),
    };
    op.int().map(|(_, op)| coded(op))
}

/// What a look ahead finds.
pub(super) enum Ahead<'a> {
    /// An integer, and what is left behind it.
    Int(&'a [u8], i64),
    /// Something else.
    Other,
    /// Nothing that can be read: the walk will say why when it comes there.
    Cut,
}

impl<'a> Ahead<'a> {
    /// The token that begins `input`.
    pub(super) fn of(input: &'a [u8]) -> Self {
        match msgpack::head(input) {
            Ok((rest, Token::Int(value))) => Self::Int(rest, value),
            Ok(_) => Self::Other,
            Err(_) => Self::Cut,
        }
    }

    /// The first element of the list that begins `input`.
    pub(super) fn first_of(input: &'a [u8]) -> Self {
        match msgpack::head(input) {
            Ok((rest, Token::List(1..))) => Self::of(rest),
            Ok(_) => Self::Other,
            Err(_) => Self::Cut,
        }
    }

    /// The integer and what is left behind it.
    pub(super) const fn int(self) -> Option<(&'a [u8], i64)> {
        match self {
            Self::Int(rest, value) => Some((rest, value)),
            Self::Other | Self::Cut => None,
        }
    }
}

/// Whether behind marker and context there is no call, but an operation: clients differ in how they pack a string
/// operation in a context.
///
/// Source: client-protocol 6.9.
fn is_flat(input: &[u8]) -> bool {
    let behind = Ahead::first_of(input)
        .int()
        .and_then(|(rest, _)| msgpack::skip(rest).ok());
    behind.is_none_or(|(rest, ())| !matches!(msgpack::head(rest), Ok((_, Token::List(_)))))
}

/// What is left, and the context that was found.
type Called<'a, E> = Result<(&'a [u8], Option<&'a [u8]>), Stop<'a, E>>;

impl<'a, S: Sink<'a>> Walk<'_, S> {
    /// Walks a call in any form but the legacy one.
    pub(super) fn call(
        &mut self,
        family: CallFamily,
        inside: bool,
        role: Role,
        index: u32,
        input: &'a [u8],
    ) -> Called<'a, S::Error> {
        let (content, token) = msgpack::head(input)?;
        let (count, op) = match (token, Ahead::first_of(input)) {
            (Token::List(count), Ahead::Int(_, op)) => (count, op),
            (_, ahead) => {
                if !matches!(ahead, Ahead::Cut) {
                    self.wrong("call", input, "not a list that begins with an operation")?;
                }
                return Ok((self.value(role, index, input, Strings::Typed)?, None));
            }
        };
        let call = Call {
            family,
            inside,
            context: None,
        };
        let is_flat = family.may_be_flat() && is_flat(input);
        let in_context = op == CONTEXT_EVAL && !is_flat;
        let kind = if in_context {
            NodeKind::InContext(call)
        } else {
            NodeKind::Call(call)
        };
        let node = Node {
            role,
            index,
            kind,
            bytes: input,
        };
        let (rest, kind) = self.nest(node, Some(1), |walk| {
            let left = walk.code(operation(family), 0, content)?;
            let count = count.saturating_sub(1);
            let (left, context) = match (op, family) {
                (SELECT, CallFamily::Cdt) => walk.select(left, count)?,
                (CONTEXT_EVAL, _) if is_flat => walk.flat(family, left, count)?,
                (CONTEXT_EVAL, _) => walk.in_context(family, inside, left, count)?,
                _ => (walk.arguments(family, inside, op, left, count)?, None),
            };
            let call = Call { context, ..call };
            let kind = if in_context {
                NodeKind::InContext(call)
            } else {
                NodeKind::Call(call)
            };
            Ok((left, kind))
        })?;
        Ok((rest, kind.context()))
    }

    /// `u16 BE op`, then perhaps a list of arguments. Deprecated, but still accepted in 8.1.
    fn legacy(&mut self, input: &'a [u8]) -> Walked<'a, S::Error> {
        let (rest, op) = be_u16("CDT call")(input)?;
        let op = i64::from(op);
        let kind = NodeKind::Call(Call {
            family: CallFamily::Cdt,
            inside: false,
            context: None,
        });
        let node = Node {
            role: Role::Whole,
            index: 0,
            kind,
            bytes: input,
        };
        let (rest, _) = self.nest(node, None, |walk| {
            let role = Role::Arg(operation(CallFamily::Cdt));
            let coded = Coded {
                table: NumberTable::CdtOp,
                value: op,
            };
            let left = walk.leaf(role, 0, NodeKind::Coded(coded), input, rest)?;
            if left.is_empty() {
                return Ok((left, kind));
            }
            match msgpack::head(left)? {
                (left, Token::List(count)) => {
                    let left = walk.arguments(CallFamily::Cdt, false, op, left, count)?;
                    Ok((left, kind))
                }
                _ => {
                    walk.wrong("CDT call", left, "its arguments are not a list")?;
                    let left = walk.value(Role::Arg(ARGUMENT), 0, left, Strings::Typed)?;
                    Ok((left, kind))
                }
            }
        })?;
        Ok(rest)
    }

    /// Behind the 255: context, call.
    fn in_context(
        &mut self,
        family: CallFamily,
        inside: bool,
        input: &'a [u8],
        count: u32,
    ) -> Called<'a, S::Error> {
        if count != 2 {
            self.wrong("call in a context", input, "not three elements")?;
        }
        let mut left = input;
        let mut context = None;
        for index in 0..count {
            enough("call in a context", left, count.saturating_sub(index))?;
            match index {
                0 => (left, context) = self.context(Role::Arg(CONTEXT), index, left)?,
                1 => left = self.call(family, inside, Role::Arg(CALL), index, left)?.0,
                _ => left = self.value(Role::Arg(ARGUMENT), index, left, Strings::Typed)?,
            }
        }
        Ok((left, context))
    }

    /// Behind the 255 of a string operation as C client 7.5 packs it: context, operation, arguments.
    fn flat(&mut self, family: CallFamily, input: &'a [u8], count: u32) -> Called<'a, S::Error> {
        if count < 2 {
            self.wrong("call in a context", input, "no operation")?;
        }
        let mut left = input;
        let mut context = None;
        for index in 0..count {
            enough("call in a context", left, count.saturating_sub(index))?;
            match index {
                0 => (left, context) = self.context(Role::Arg(CONTEXT), index, left)?,
                1 => left = self.code(operation(family), index, left)?,
                _ => left = self.value(Role::Arg(ARGUMENT), index, left, Strings::Typed)?,
            }
        }
        Ok((left, context))
    }

    /// Behind the 254: context, flags, perhaps the expression to apply.
    fn select(&mut self, input: &'a [u8], count: u32) -> Called<'a, S::Error> {
        if !(2..=3).contains(&count) {
            self.wrong("CDT select", input, "not three or four elements")?;
        }
        let mut left = input;
        let mut context = None;
        for index in 0..count {
            enough("CDT select", left, count.saturating_sub(index))?;
            match index {
                0 => (left, context) = self.context(Role::Arg(CONTEXT), index, left)?,
                1 => left = self.code(SELECT_FLAGS, index, left)?,
                2 => left = self.expression(Role::Arg(APPLY), index, left)?,
                _ => left = self.value(Role::Arg(ARGUMENT), index, left, Strings::Typed)?,
            }
        }
        Ok((left, context))
    }

    /// The arguments of an operation.
    fn arguments(
        &mut self,
        family: CallFamily,
        inside: bool,
        op: i64,
        input: &'a [u8],
        count: u32,
    ) -> Walked<'a, S::Error> {
        let args = family.args(op);
        if args.is_some_and(|args| !Arg::fits(args, count as usize)) {
            self.wrong("call", input, "not as many arguments as its operation takes")?;
        }
        let args = args.unwrap_or(&[]);
        let mut left = input;
        for index in 0..count {
            enough("call", left, count.saturating_sub(index))?;
            let arg = Arg::at(args, index as usize).unwrap_or(ARGUMENT);
            let is_list = matches!(msgpack::head(left), Ok((_, Token::List(_))));
            left = if inside && is_list {
                self.expression(Role::Arg(arg), index, left)?
            } else {
                self.argument(arg, index, left)?
            };
        }
        Ok(left)
    }

    /// One argument, as its table says.
    pub(super) fn argument(&mut self, arg: Arg, index: u32, input: &'a [u8]) -> Walked<'a, S::Error> {
        match arg.content {
            ArgContent::Value => self.value(Role::Arg(arg), index, input, Strings::Typed),
            ArgContent::Raw(_) => match msgpack::head(input)? {
                // Some clients write such a text in the form of a blob.
                (rest, Token::Bin(text)) => {
                    self.leaf(Role::Arg(arg), index, NodeKind::Raw(text), input, rest)
                }
                _ => self.value(Role::Arg(arg), index, input, Strings::Raw),
            },
            ArgContent::Code(_) => self.code(arg, index, input),
            ArgContent::Expression => self.expression(Role::Arg(arg), index, input),
        }
    }

    /// An integer that a table explains.
    pub(super) fn code(&mut self, arg: Arg, index: u32, input: &'a [u8]) -> Walked<'a, S::Error> {
        match (arg.content, Ahead::of(input)) {
            (ArgContent::Code(table), Ahead::Int(rest, value)) => {
                let kind = NodeKind::Coded(Coded { table, value });
                return self.leaf(Role::Arg(arg), index, kind, input, rest);
            }
            (_, Ahead::Other) => self.wrong(arg.name, input, "not an integer")?,
            _ => {}
        }
        self.value(Role::Arg(arg), index, input, Strings::Typed)
    }

    /// A context list; what comes back with the rest is its bytes.
    pub(super) fn context(&mut self, role: Role, index: u32, input: &'a [u8]) -> Called<'a, S::Error> {
        let (content, token) = msgpack::head(input)?;
        let Token::List(count) = token else {
            self.wrong("context", input, "not a list")?;
            return Ok((self.value(role, index, input, Strings::Typed)?, None));
        };
        let node = Node {
            role,
            index,
            kind: NodeKind::Context,
            bytes: input,
        };
        let (rest, _) = self.nest(node, Some(1), |walk| {
            let mut left = content;
            for level in 0..count / 2 {
                enough("context", left, count.saturating_sub(level).saturating_sub(level))?;
                left = walk.level(level, left)?;
            }
            if count % 2 == 1 {
                enough("context", left, 1)?;
                walk.wrong("context", left, "a type without its value")?;
                left = walk.code(CONTEXT_TYPE, count / 2, left)?;
            }
            Ok((left, NodeKind::Context))
        })?;
        Ok((rest, Some(before(input, rest))))
    }

    /// One level of a context: type and value.
    fn level(&mut self, index: u32, input: &'a [u8]) -> Walked<'a, S::Error> {
        let context = Ahead::of(input)
            .int()
            .and_then(|(_, bits)| u32::try_from(bits).ok());
        // Of a type that is no type the value is still shown.
        let context = ContextType(context.unwrap_or(0));
        let node = Node {
            role: Role::Level,
            index,
            kind: NodeKind::Level(context),
            bytes: input,
        };
        let (rest, _) = self.nest(node, Some(2), |walk| {
            let left = walk.code(CONTEXT_TYPE, 0, input)?;
            enough("context", left, 1)?;
            let left = if context.is_expression() {
                walk.argument(CONTEXT_EXPRESSION, 1, left)?
            } else {
                walk.argument(CONTEXT_VALUE, 1, left)?
            };
            Ok((left, NodeKind::Level(context)))
        })?;
        Ok(rest)
    }
}
