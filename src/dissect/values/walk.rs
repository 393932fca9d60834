//! The tree of values, calls and expressions: an item or a heading for each node of the walk.
//!
//! Every byte belongs to one item without children: the header of a list or map has an item of its own, and so
//! has the type byte of a string (with the length in front of it).

use super::fields::{cdt, expression, value};
use super::node::{self, NodeLabel, NodeText};
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded, Thrown, Tree};
use crate::wire::ground::input::Malformed;
use crate::wire::values::particle::msgpack;
use crate::wire::values::walk::node::{Node, NodeKind, Role, Strings};
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
        Ok(rest) => common::leftover(tree, subject.what, rest),
        Err(Stop::Sink(thrown)) => Err(thrown),
        Err(Stop::Malformed(error)) => items.add_stop(&error),
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
    fn add_stop(&self, error: &Malformed<'p>) -> Guarded {
        let tree = self.tree();
        let at = self.offset(error.at);
        if let Some(read @ [_, ..]) = self.input.get(self.covered..at) {
            tree.add(&common::DATA, read)?;
        }
        if msgpack::is_too_deep(error) {
            return common::too_deep(&tree, error.at);
        }
        common::add_error(&tree, error)
    }

    fn heading(&self, node: &Node<'p>) -> &'static Field {
        match (node.role, self.subject.heading) {
            (Role::Whole, Some(heading)) => heading,
            _ => heading(&node.kind),
        }
    }

    fn name(&self, node: &Node<'p>, whole: &'static str) -> NodeLabel {
        NodeLabel::new(node, whole, self.subject.element.filter(|_| self.depth == 1))
    }
}

/// The heading of a node with parts.
fn heading(kind: &NodeKind<'_>) -> &'static Field {
    match kind {
        NodeKind::Map { .. } => &value::MAP,
        NodeKind::Pair => &value::PAIR,
        NodeKind::Call(_) | NodeKind::InContext(_) => &cdt::CALL,
        NodeKind::Context => &cdt::CONTEXT,
        NodeKind::Level(_) => &cdt::LEVEL,
        NodeKind::Expression { .. } => &expression::EXPRESSION,
        NodeKind::Definition => &expression::DEFINITION,
        NodeKind::Evaluation => &expression::EVALUATION,
        _ => &value::LIST,
    }
}

impl<'p> Sink<'p> for Items<'p> {
    type Error = Thrown;

    fn levels(&self) -> usize {
        self.trees[0].packet().levels_left()
    }

    fn open(&mut self, node: &Node<'p>) -> Guarded<Visit> {
        let heading = self.heading(node);
        let text = NodeText(node, self.subject.strings);
        let name = self.name(node, heading.name());
        let tree = self
            .tree()
            .line(heading, node.bytes, name, format_args!("{text}"))?;
        let (header, count) = node.header();
        if !header.is_empty() {
            self.cover(header);
            node::count(&tree, header, &node.kind, count)?;
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
            NodeKind::Coded(coded) => node::add_coded(&tree, node, name, coded),
            _ => node::leaf(&tree, node, name, NodeText(node, self.subject.strings)),
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
