//! What the walk over values, calls and expressions meets: one node at a time.

use crate::wire::ground::at::before;
use crate::wire::values::particle::msgpack::{self, Token};
use crate::wire::values::tables::arg::Arg;
use crate::wire::values::tables::call::{CallFamily, Coded};
use crate::wire::values::tables::cdt_ops::ContextType;
use crate::wire::values::tables::expression_ops::ExpOp;

/// Something that the walk met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node<'a> {
    /// What it is for the node around it.
    pub role: Role,
    /// Its place among its siblings, from 0; metadata do not count.
    pub index: u32,
    /// What it is.
    pub kind: NodeKind<'a>,
    /// Its bytes, headers and type bytes included.
    pub bytes: &'a [u8],
}

impl<'a> Node<'a> {
    /// The bytes of a list or map in front of its first part, and the number they count (pairs of a
    /// map; metadata count too). Nothing for what has no header of its own.
    ///
    /// Of a call in the legacy form these are the bytes behind the operation.
    #[must_use]
    pub fn header(&self) -> (&'a [u8], u32) {
        let list = match (self.kind, self.bytes) {
            (NodeKind::Pair | NodeKind::Definition | NodeKind::Level(_), _) => &[],
            (NodeKind::Call(_), [0, _, list @ ..]) => list,
            _ => self.bytes,
        };
        match msgpack::head(list) {
            Ok((rest, Token::List(count) | Token::Map(count))) => (before(list, rest), count),
            _ => (&[], 0),
        }
    }

    /// The bytes of a string, blob or ext in front of `payload`, which is its end: marker, length
    /// and type byte.
    #[must_use]
    pub fn prefix(&self, payload: &[u8]) -> &'a [u8] {
        before(self.bytes, payload)
    }
}

/// What a node is for the node around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What the walk was asked to read.
    Whole,
    /// How the list or map around it is ordered. In a map its bytes include the nil.
    Metadata,
    /// An element of a list.
    Element,
    /// A pair of a map.
    Pair,
    /// The key of a pair.
    Key,
    /// The value of a pair.
    Value,
    /// One level of a context: its type and its value.
    Level,
    /// A variable of a `let`: its name and its value.
    Definition,
    /// A named part: an operation, an argument, a context, …
    Arg(Arg),
}

impl Role {
    /// The role in words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Whole => "value",
            Self::Metadata => "order",
            Self::Element => "element",
            Self::Pair => "pair",
            Self::Key => "key",
            Self::Value => "value",
            Self::Level => "level",
            Self::Definition => "definition",
            Self::Arg(arg) => arg.name,
        }
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NodeKind<'a> {
    /// Leaf: nil.
    Nil,
    /// Leaf: a boolean.
    Bool(bool),
    /// Leaf: an integer.
    Int(i64),
    /// Leaf: an integer from 2^63 on.
    UInt(u64),
    /// Leaf: a double.
    Float(f64),
    /// Leaf: a string, without its type byte 3.
    String(&'a [u8]),
    /// Leaf: a string that has no type byte, or none that is known.
    Raw(&'a [u8]),
    /// Leaf: GeoJSON text, without its type byte 23.
    GeoJson(&'a [u8]),
    /// Leaf: a HyperLogLog, without its type byte 18.
    Hll(&'a [u8]),
    /// Leaf: a blob.
    Blob {
        /// Its type byte: 4, or 7 to 12 for a language's; `None`: a msgpack bin without one.
        particle: Option<u8>,
        /// Without the type byte.
        payload: &'a [u8],
    },
    /// Leaf: the value that matches anything.
    Wildcard,
    /// Leaf: the value that is greater than anything.
    Infinity,
    /// Leaf: any other ext.
    Ext {
        /// Its type.
        ext_type: u8,
        /// Its content.
        data: &'a [u8],
    },
    /// Leaf: an integer that is a code or a set of flags; also order metadata.
    Coded(Coded),

    /// Open: a list.
    List {
        /// Its elements, metadata not counted.
        count: u32,
        /// Its order, if it has metadata.
        order: Option<Coded>,
    },
    /// Open: a map.
    Map {
        /// Its pairs, metadata not counted.
        count: u32,
        /// Its order, if it has metadata.
        order: Option<Coded>,
    },
    /// Open: a pair of a map.
    Pair,
    /// Open: a variable of a `let`.
    Definition,
    /// Open: `[op, argument, …]`, or a path selection, or the form with a leading u16.
    Call(Call<'a>),
    /// Open: `[0xFF, context, call]`.
    InContext(Call<'a>),
    /// Open: a list of levels.
    Context,
    /// Open: one level of a context.
    Level(ContextType),
    /// Open: `[opcode, argument, …]`.
    Expression {
        /// The operation.
        op: ExpOp,
        /// Of a CALL, when it is closed: the context of the call inside.
        context: Option<&'a [u8]>,
    },
    /// Open: `[expression, flags]`, the value of an expression operation.
    Evaluation,
}

/// What is known of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// Whose operation it is.
    pub family: CallFamily,
    /// Whether it is part of an expression: then lists are expressions and an operand follows it.
    pub inside: bool,
    /// The bytes of its context list, once it is closed.
    pub context: Option<&'a [u8]>,
}

impl<'a> NodeKind<'a> {
    /// The kind of a token that is not a list or map.
    pub(super) fn of(token: Token<'a>, strings: Strings) -> Self {
        let typed = |body| match strings {
            Strings::Typed => msgpack::split_type(body),
            Strings::Raw => None,
        };
        match token {
            Token::Nil => Self::Nil,
            Token::Bool(value) => Self::Bool(value),
            Token::Int(value) => Self::Int(value),
            Token::UInt(value) => Self::UInt(value),
            Token::Float(value) => Self::Float(value),
            Token::Str(body) | Token::Bin(body) => match (typed(body), token) {
                (Some((3, payload)), _) => Self::String(payload),
                (Some((18, payload)), _) => Self::Hll(payload),
                (Some((23, payload)), _) => Self::GeoJson(payload),
                (Some((particle, payload)), _) => Self::Blob {
                    particle: Some(particle),
                    payload,
                },
                (None, Token::Bin(payload)) => Self::Blob {
                    particle: None,
                    payload,
                },
                (None, _) if body.is_empty() && strings == Strings::Typed => Self::String(body),
                (None, _) => Self::Raw(body),
            },
            Token::WILDCARD => Self::Wildcard,
            Token::INFINITY => Self::Infinity,
            Token::Ext { ext_type, data } => Self::Ext { ext_type, data },
            // Containers are opened, not told as leaves: this arm is for completeness.
            Token::List(count) => Self::List { count, order: None },
            Token::Map(count) => Self::Map { count, order: None },
        }
    }

    /// Whether it is a list or map of its own and so one level of nesting.
    pub(super) const fn is_container(&self) -> bool {
        !matches!(self, Self::Pair | Self::Definition | Self::Level(_))
    }

    /// The context of a call that is closed.
    pub(super) const fn context(&self) -> Option<&'a [u8]> {
        match self {
            Self::Call(call) | Self::InContext(call) => call.context,
            Self::Expression { context, .. } => *context,
            _ => None,
        }
    }
}

/// Whether strings begin with a type byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strings {
    /// Yes: values.
    Typed,
    /// No: error details (field 45).
    Raw,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::values::tables::call::CallFamily;

    fn node<'a>(kind: NodeKind<'a>, bytes: &'a [u8]) -> Node<'a> {
        Node {
            role: Role::Whole,
            index: 0,
            kind,
            bytes,
        }
    }

    #[test]
    fn the_header_is_what_no_part_covers() {
        let call = NodeKind::Call(Call {
            family: CallFamily::Cdt,
            inside: false,
            context: None,
        });
        assert_eq!(node(call, b"\x92\x01\x05").header(), (&b"\x92"[..], 2));
        assert_eq!(node(call, b"\0\x01\x91\x05").header(), (&b"\x91"[..], 1));
        assert_eq!(node(call, b"\0\x10").header(), (&b""[..], 0));
        let list = NodeKind::List {
            count: 0,
            order: None,
        };
        // A count is not believed here, only read.
        assert_eq!(
            node(list, b"\xdd\xff\xff\xff\xff").header(),
            (&b"\xdd\xff\xff\xff\xff"[..], u32::MAX)
        );
        assert_eq!(node(NodeKind::Context, b"\xdc\0").header(), (&b""[..], 0));
        assert_eq!(node(NodeKind::Pair, b"\x91\x01\x02").header(), (&b""[..], 0));
    }

    #[test]
    fn the_prefix_ends_where_the_content_begins() {
        let bytes = b"\xa4\x03abc";
        let text = node(NodeKind::String(&bytes[2..]), bytes);
        assert_eq!(text.prefix(&bytes[2..]), b"\xa4\x03");
        assert_eq!(text.prefix(b""), bytes);
    }
}
