//! The tree of values, calls and expressions: an item or a heading for each node of the walk.
//!
//! Every byte belongs to one item without children: the header of a list or map has an item of its own, and so
//! has the type byte of a string (with the length in front of it).

use core::fmt;

use super::{cdt, expression, value};
use crate::dissect::client::message;
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded, Thrown, Tree};
use crate::wire::ground::input::Malformed;
use crate::wire::values::cdt::operation_of;
use crate::wire::values::msgpack;
use crate::wire::values::node::{Kind, Node, Role, Strings};
use crate::wire::values::value_text::{
    CallText, ContextText, EvaluationText, ExpressionText, RawValueText, ValueText,
};
use crate::wire::values::walk::{Sink, Stop, Visit, Walked};

/// Headings that can be open at once: 32 containers with a pair, level or definition in each, and the root.
const DEPTH: usize = 2 * msgpack::LEVELS + 2;

/// What the walk goes over.
#[derive(Clone, Copy)]
pub struct Subject {
    /// What it is, for what follows its end.
    pub what: &'static str,
    /// The heading of the whole; `None`: that of its kind.
    pub heading: Option<&'static Field>,
    /// What an element of the whole is called; `None`: by its index alone.
    pub element: Option<&'static str>,
    /// Whether strings have type bytes.
    pub strings: Strings,
}

impl Subject {
    /// A value with nothing special about it.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self {
            what,
            heading: None,
            element: None,
            strings: Strings::Typed,
        }
    }
}

/// Walks `input` into the tree, if anybody looks.
///
/// # Errors
/// What Wireshark threw.
pub fn items<'p>(
    tree: &Tree<'p>,
    subject: Subject,
    input: &'p [u8],
    walk: impl FnOnce(&'p [u8], &mut Items<'p>) -> Walked<'p, Thrown>,
) -> Guarded {
    let mut items = Items {
        trees: [*tree; DEPTH],
        depth: 0,
        subject,
        input,
        covered: 0,
    };
    match walk(input, &mut items) {
        Ok(rest) => message::leftover(tree, subject.what, rest),
        Err(Stop::Sink(thrown)) => Err(thrown),
        Err(Stop::Malformed(error)) => items.stopped(&error),
    }
}

/// The sink that makes items.
pub struct Items<'p> {
    /// The open headings, outermost first; the first is where the whole hangs.
    trees: [Tree<'p>; DEPTH],
    depth: usize,
    subject: Subject,
    input: &'p [u8],
    /// So many bytes of the input have items.
    covered: usize,
}

impl<'p> Items<'p> {
    fn tree(&self) -> Tree<'p> {
        // The walk never goes deeper; if it did, what is deeper would hang on the last heading.
        self.trees[self.depth.min(DEPTH - 1)]
    }

    fn offset(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).wrapping_sub(self.input.as_ptr() as usize)
    }

    fn cover(&mut self, part: &[u8]) {
        let end = self.offset(part).wrapping_add(part.len());
        if end <= self.input.len() {
            self.covered = self.covered.max(end);
        }
    }

    /// The bytes could not be read on: what was read of them, and the rest with the reason.
    fn stopped(&self, error: &Malformed<'p>) -> Guarded {
        let tree = self.tree();
        let at = self.offset(error.at);
        if let Some(read @ [_, ..]) = self.input.get(self.covered..at) {
            tree.add(&common::DATA, read)?;
        }
        common::malformed(&tree, error)
    }

    fn heading(&self, node: &Node<'p>) -> &'static Field {
        match (node.role, self.subject.heading) {
            (Role::Whole, Some(heading)) => heading,
            _ => heading(&node.kind),
        }
    }

    fn name(&self, node: &Node<'p>, whole: &'static str) -> Name {
        Name {
            role: node.role,
            index: node.index,
            whole,
            element: self.subject.element.filter(|_| self.depth == 1),
        }
    }
}

/// The heading of a node with parts.
fn heading(kind: &Kind<'_>) -> &'static Field {
    match kind {
        Kind::Map { .. } => &value::MAP,
        Kind::Pair => &value::PAIR,
        Kind::Call(_) | Kind::InContext(_) => &cdt::CALL,
        Kind::Context => &cdt::CONTEXT,
        Kind::Level(_) => &cdt::LEVEL,
        Kind::Expression { .. } => &expression::EXPRESSION,
        Kind::Definition => &expression::DEFINITION,
        Kind::Evaluation => &expression::EVALUATION,
        _ => &value::LIST,
    }
}

impl<'p> Sink<'p> for Items<'p> {
    type Error = Thrown;

    fn open(&mut self, node: &Node<'p>) -> Guarded<Visit> {
        let heading = self.heading(node);
        let tree = self.tree().sub(heading, node.bytes)?;
        tree.item().label(format_args!(
            "{}: {}",
            self.name(node, heading.name()),
            NodeText(node, self.subject.strings)
        ));
        let (header, count) = node.header();
        if !header.is_empty() {
            self.cover(header);
            value::count(&tree, header, &node.kind, count)?;
        }
        self.depth += 1;
        if let Some(slot) = self.trees.get_mut(self.depth) {
            *slot = tree;
        }
        Ok(Visit::Into)
    }

    fn close(&mut self, node: &Node<'p>) -> Guarded {
        self.tree().item().set_length(node.bytes.len());
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn leaf(&mut self, node: &Node<'p>) -> Guarded {
        let tree = self.tree();
        self.cover(node.bytes);
        let name = self.name(node, "Value");
        match node.kind {
            Kind::Coded(coded) => cdt::coded(&tree, node, name, coded),
            _ => value::leaf(&tree, node, name, NodeText(node, self.subject.strings)),
        }
    }

    fn wrong(&mut self, why: &Malformed<'p>) -> Guarded {
        let tree = self.tree();
        tree.expert(
            &common::MALFORMED,
            format_args!("{why} (at offset {})", common::offset(&tree, why.at)),
        )
    }
}

/// What a node is called in the tree: `[0]`, `Argument 0`, `Key`, `Return type`.
#[derive(Clone, Copy)]
pub struct Name {
    role: Role,
    index: u32,
    whole: &'static str,
    element: Option<&'static str>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.role, self.element) {
            (Role::Element, Some(element)) => write!(f, "{element} {}", self.index),
            (Role::Element, None) => write!(f, "[{}]", self.index),
            (Role::Whole, _) => f.write_str(self.whole),
            (Role::Pair, _) => write!(f, "Pair {}", self.index),
            (Role::Level, _) => write!(f, "Level {}", self.index),
            (role, _) => {
                let mut letters = role.label().chars();
                if let Some(first) = letters.next() {
                    write!(f, "{}", first.to_ascii_uppercase())?;
                }
                f.write_str(letters.as_str())
            }
        }
    }
}

/// A node as text: what it is as far as that fits into a line. Of a node that was just opened the end is not
/// known, but its text finds it.
#[derive(Clone, Copy)]
pub struct NodeText<'n, 'a>(&'n Node<'a>, Strings);

impl fmt::Display for NodeText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(node, strings) = *self;
        let bytes = node.bytes;
        match (node.kind, node.role) {
            // The text of a whole value stands in an item of its own.
            (Kind::List { count, order }, Role::Whole) => {
                write!(f, "{count} element{}", plural(count))?;
                order.map_or(Ok(()), |order| write!(f, ", {order}"))
            }
            (Kind::Map { count, order }, Role::Whole) => {
                write!(f, "{count} pair{}", plural(count))?;
                order.map_or(Ok(()), |order| write!(f, ", {order}"))
            }
            (Kind::Call(call) | Kind::InContext(call), _) if call.inside || node.role == Role::Whole => {
                match operation_of(call.family, bytes) {
                    Some(op) => write!(f, "{op}"),
                    None => f.write_str("unknown operation"),
                }
            }
            (Kind::Call(call) | Kind::InContext(call), _) => CallText(call.family, bytes).fmt(f),
            (Kind::Context, _) => ContextText(bytes).fmt(f),
            (Kind::Evaluation, _) => EvaluationText(bytes).fmt(f),
            (Kind::Expression { .. }, _) => ExpressionText(bytes).fmt(f),
            (Kind::Pair, _) => {
                text(f, bytes, strings)?;
                f.write_str(": ")?;
                text(f, behind(bytes), strings)
            }
            (Kind::Definition, _) => {
                text(f, bytes, Strings::Raw)?;
                f.write_str(", ")?;
                ExpressionText(behind(bytes)).fmt(f)
            }
            (Kind::Level(level), _) => {
                write!(f, "{level}(")?;
                if level.is_expression() {
                    ExpressionText(behind(bytes)).fmt(f)?;
                } else {
                    text(f, behind(bytes), strings)?;
                }
                f.write_str(")")
            }
            (Kind::Raw(_), _) => text(f, bytes, Strings::Raw),
            _ => text(f, bytes, strings),
        }
    }
}

fn text(f: &mut fmt::Formatter<'_>, bytes: &[u8], strings: Strings) -> fmt::Result {
    match strings {
        Strings::Typed => write!(f, "{}", ValueText(bytes)),
        Strings::Raw => write!(f, "{}", RawValueText(bytes)),
    }
}

/// What follows the value that begins `bytes`.
fn behind(bytes: &[u8]) -> &[u8] {
    msgpack::skip(bytes).map_or(&[], |(rest, ())| rest)
}

const fn plural(count: u32) -> &'static str {
    if count == 1 {
        ""
    } else {
        "s"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::values::cdt_ops::ContextType;

    fn node<'a>(role: Role, kind: Kind<'a>, bytes: &'a [u8]) -> Node<'a> {
        Node {
            role,
            index: 3,
            kind,
            bytes,
        }
    }

    #[test]
    fn names_say_what_a_node_is() {
        let name = |role, element| {
            let name = Name {
                role,
                index: 3,
                whole: "Call",
                element,
            };
            name.to_string()
        };
        assert_eq!(name(Role::Element, None), "[3]");
        assert_eq!(name(Role::Element, Some("Argument")), "Argument 3");
        assert_eq!(name(Role::Key, None), "Key");
        assert_eq!(name(Role::Whole, None), "Call");
        assert_eq!(name(Role::Level, Some("Argument")), "Level 3");
    }

    #[test]
    fn an_open_node_has_the_text_of_its_first_value() {
        let text = |node: Node<'_>| NodeText(&node, Strings::Typed).to_string();
        let list = Kind::List {
            count: 2,
            order: None,
        };
        // Behind the node's end stand other bytes.
        assert_eq!(
            text(node(Role::Element, list, b"\x92\x01\xa2\x03ax")),
            "[1,\"a\"]"
        );
        assert_eq!(text(node(Role::Whole, list, b"\x92\x01\xa2\x03ax")), "2 elements");
        assert_eq!(
            text(node(Role::Pair, Kind::Pair, b"\xa2\x03k\x91\x05\x07")),
            "\"k\": [5]"
        );
        let level = Kind::Level(ContextType(0x22));
        assert_eq!(text(node(Role::Level, level, b"\x22\xa2\x03k")), "map_key(\"k\")");
        assert_eq!(text(node(Role::Level, level, b"\x22")), "map_key(…)");
        assert_eq!(
            text(node(
                Role::Definition,
                Kind::Definition,
                b"\xa1x\x93\x51\x02\xa1i"
            )),
            "\"x\", int_bin(\"i\")"
        );
    }
}
