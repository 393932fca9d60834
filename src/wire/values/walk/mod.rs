//! One walk over values, calls and expressions for everybody who wants to see their structure.
//!
//! The walk reads the bytes once, front to back, and tells a [`Sink`] what it meets: a [`leaf`]
//! with its exact bytes, or the [`open`] and later [`close`] of something that has parts. A tree
//! is built by one sink, a line of text by another ([`value_text`](super::text::value_text)). A sink's
//! own error ends the walk and comes back as [`Stop::Sink`]; bytes that cannot be read end it as
//! [`Stop::Malformed`], after everything before them has been told. Then what is open stays open:
//! there is no `close` on the way out.
//!
//! [`leaf`]: Sink::leaf
//! [`open`]: Sink::open
//! [`close`]: Sink::close
//!
//! What can be read but is not what the protocol has at its place (a call that is no list, an
//! unknown number of arguments) is told to [`Sink::wrong`], shown as plain values, and the walk
//! goes on.
//!
//! Every byte belongs to exactly one leaf, or to the header of exactly one opened node: the header
//! of a list or map (its first 1 to 5 bytes).

pub mod cdt;
pub mod expression;
pub mod node;

use super::particle::msgpack::{self, Token};
use super::tables::arg::NumberTable;
use super::tables::call::Coded;
use crate::wire::ground::at::before;
use crate::wire::ground::input::Malformed;
use node::{Node, NodeKind, Role, Strings};

/// Who is told what the walk meets.
pub trait Sink<'a> {
    /// What can go wrong on the sink's side.
    type Error;

    /// Something with parts begins. `node.bytes` runs from its first byte to the end of the input:
    /// its extent is not known yet.
    ///
    /// # Errors
    /// The sink's own; it ends the walk.
    fn open(&mut self, node: &Node<'a>) -> Result<Visit, Self::Error>;

    /// What was opened ends here; `node.bytes` are its exact bytes.
    ///
    /// # Errors
    /// The sink's own; it ends the walk.
    fn close(&mut self, node: &Node<'a>) -> Result<(), Self::Error>;

    /// Something without parts; `node.bytes` are its exact bytes.
    ///
    /// # Errors
    /// The sink's own; it ends the walk.
    fn leaf(&mut self, node: &Node<'a>) -> Result<(), Self::Error>;

    /// How many levels of containers it takes, [`msgpack::LEVELS`] at most.
    fn levels(&self) -> usize {
        msgpack::LEVELS
    }

    /// What comes next is not what the protocol has here, and is told as plain values.
    ///
    /// # Errors
    /// The sink's own; it ends the walk.
    fn wrong(&mut self, _: &Malformed<'a>) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// What a sink wants of a node that it was told is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Its parts.
    Into,
    /// Only its end: the parts are stepped over, and a context inside is not found.
    Over,
}

/// Why a walk ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop<'a, E> {
    /// The bytes cannot be read on.
    Malformed(Malformed<'a>),
    /// The sink failed.
    Sink(E),
}

impl<'a, E> From<nom::Err<Malformed<'a>>> for Stop<'a, E> {
    fn from(error: nom::Err<Malformed<'a>>) -> Self {
        Self::Malformed(crate::wire::ground::input::reason(error))
    }
}

/// The bytes behind what was walked, or why the walk ended early.
pub type Walked<'a, E> = Result<&'a [u8], Stop<'a, E>>;

/// Walks one value: the content of a list or map bin, or of UDF arguments.
///
/// # Errors
/// [`Stop`].
///
/// Source: client-protocol 6.1, 6.2.
pub fn value<'a, S: Sink<'a>>(input: &'a [u8], sink: &mut S) -> Walked<'a, S::Error> {
    Walk::new(sink).value(Role::Whole, 0, input, Strings::Typed)
}

/// Walks one value whose strings have no type bytes: error details (field 45).
///
/// # Errors
/// [`Stop`].
///
/// Source: client-protocol 4, 6.1.
pub fn raw_value<'a, S: Sink<'a>>(input: &'a [u8], sink: &mut S) -> Walked<'a, S::Error> {
    Walk::new(sink).value(Role::Whole, 0, input, Strings::Raw)
}

/// A walk under way.
pub(super) struct Walk<'s, S> {
    sink: &'s mut S,
    /// Containers may be nested so many levels deeper.
    levels: usize,
}

impl<'a, 's, S: Sink<'a>> Walk<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Self {
            levels: sink.levels().min(msgpack::LEVELS),
            sink,
        }
    }

    /// Tells of a leaf that begins `input` and ends before `rest`.
    pub(super) fn leaf(
        &mut self,
        role: Role,
        index: u32,
        kind: NodeKind<'a>,
        input: &'a [u8],
        rest: &'a [u8],
    ) -> Walked<'a, S::Error> {
        let node = Node {
            role,
            index,
            kind,
            bytes: before(input, rest),
        };
        self.sink.leaf(&node).map_err(Stop::Sink)?;
        Ok(rest)
    }

    /// Tells of a node with parts that begins `node.bytes`: opens it, lets `parts` walk them and
    /// closes it. `parts` returns what is left and the kind as it is known by then; `values` says
    /// how many values they are, for who steps over them (`None`: all that is left).
    pub(super) fn nest<F>(
        &mut self,
        node: Node<'a>,
        values: Option<u64>,
        parts: F,
    ) -> Result<(&'a [u8], NodeKind<'a>), Stop<'a, S::Error>>
    where
        F: FnOnce(&mut Self) -> Result<(&'a [u8], NodeKind<'a>), Stop<'a, S::Error>>,
    {
        let around = self.levels;
        let inside = if node.kind.is_container() {
            around
                .checked_sub(1)
                .ok_or(Stop::Malformed(msgpack::too_deep(node.bytes)))?
        } else {
            around
        };
        let (rest, kind) = match self.sink.open(&node).map_err(Stop::Sink)? {
            Visit::Into => {
                self.levels = inside;
                let done = parts(self)?;
                self.levels = around;
                done
            }
            Visit::Over => match values {
                Some(count) => (msgpack::skip_values(node.bytes, count, around)?.0, node.kind),
                None => (&[][..], node.kind),
            },
        };
        let whole = Node {
            kind,
            bytes: before(node.bytes, rest),
            ..node
        };
        self.sink.close(&whole).map_err(Stop::Sink)?;
        Ok((rest, kind))
    }

    /// Tells that what begins `at` is not what the protocol has there.
    pub(super) fn wrong(
        &mut self,
        what: &'static str,
        at: &'a [u8],
        by: &'static str,
    ) -> Result<(), Stop<'a, S::Error>> {
        self.sink
            .wrong(&Malformed::illegal(what, at, by))
            .map_err(Stop::Sink)
    }

    /// Walks one value.
    pub(super) fn value(
        &mut self,
        role: Role,
        index: u32,
        input: &'a [u8],
        strings: Strings,
    ) -> Walked<'a, S::Error> {
        let (rest, token) = msgpack::head(input)?;
        let (count, of_map) = match token {
            Token::List(count) => (count, false),
            Token::Map(count) => (count, true),
            _ => return self.leaf(role, index, NodeKind::of(token, strings), input, rest),
        };
        let order = match count {
            0 => None,
            _ => msgpack::metadata(rest, of_map),
        };
        let count = count.saturating_sub(u32::from(order.is_some()));
        let coded = order.map(|(_, flags)| Coded {
            table: if of_map {
                NumberTable::MapOrder
            } else {
                NumberTable::ListOrder
            },
            value: i64::from(flags),
        });
        let kind = match of_map {
            true => NodeKind::Map { count, order: coded },
            false => NodeKind::List { count, order: coded },
        };
        let node = Node {
            role,
            index,
            kind,
            bytes: input,
        };
        let (rest, _) = self.nest(node, Some(1), |walk| {
            let mut left = rest;
            if let (Some((after, _)), Some(order)) = (order, coded) {
                left = walk.leaf(Role::Metadata, 0, NodeKind::Coded(order), rest, after)?;
            }
            for index in 0..count {
                if of_map {
                    enough("msgpack map", left, count.saturating_sub(index))?;
                    left = walk.pair(index, left, strings)?;
                } else {
                    enough("msgpack list", left, count.saturating_sub(index))?;
                    left = walk.value(Role::Element, index, left, strings)?;
                }
            }
            Ok((left, kind))
        })?;
        Ok(rest)
    }

    fn pair(&mut self, index: u32, input: &'a [u8], strings: Strings) -> Walked<'a, S::Error> {
        let node = Node {
            role: Role::Pair,
            index,
            kind: NodeKind::Pair,
            bytes: input,
        };
        let (rest, _) = self.nest(node, Some(2), |walk| {
            let left = walk.value(Role::Key, 0, input, strings)?;
            enough("msgpack map", left, 1)?;
            let left = walk.value(Role::Value, 1, left, strings)?;
            Ok((left, NodeKind::Pair))
        })?;
        Ok(rest)
    }
}

/// Whether there is anything left for the `needed` values that a count still asks for.
pub(super) fn enough<'a, E>(what: &'static str, left: &'a [u8], needed: u32) -> Result<(), Stop<'a, E>> {
    if left.is_empty() && needed > 0 {
        return Err(Stop::Malformed(Malformed::short(
            what,
            left,
            needed as usize,
            "its count",
        )));
    }
    Ok(())
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
