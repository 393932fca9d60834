//! A node of a value, call or expression in the tree: what it is called, its text, its items.

use core::fmt;

use super::fields::{cdt, expression, value};
use crate::dissect::shared::common::BIN_NAME;
use crate::dissect::shared::hint;
use crate::epan::fields::field;
use crate::epan::{BitSet, Field, Guarded, Tree};
use crate::wire::client::proto::Order;
use crate::wire::ground::text::LossyText;
use crate::wire::values::particle::msgpack::{self, Token};
use crate::wire::values::particle::{HLL_COUNT_AT, Hll, ParticleType};
use crate::wire::values::tables::arg::{ArgContent, NumberTable, RawName};
use crate::wire::values::tables::call::Coded;
use crate::wire::values::tables::cdt_ops::{CdtOp, ContextType, ReturnType};
use crate::wire::values::tables::expression_ops::System;
use crate::wire::values::text::value_text::{
    CallText, ContextText, EvaluationText, ExpressionText, RawValueText, ValueText,
};
use crate::wire::values::walk::cdt::operation_of;
use crate::wire::values::walk::node::{Node, NodeKind, Role, Strings};

/// What a node is called in the tree: `[0]`, `Argument 0`, `Key`, `Return type`.
#[derive(Clone, Copy)]
pub struct NodeLabel {
    role: Role,
    index: u32,
    whole: &'static str,
    element: Option<&'static str>,
}

impl NodeLabel {
    /// Of a node; `whole` is what a whole is called, `element` what its elements are.
    #[must_use]
    pub const fn new(node: &Node<'_>, whole: &'static str, element: Option<&'static str>) -> Self {
        Self {
            role: node.role,
            index: node.index,
            whole,
            element,
        }
    }
}

impl fmt::Display for NodeLabel {
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
pub struct NodeText<'n, 'a>(pub &'n Node<'a>, pub Strings);

impl fmt::Display for NodeText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(node, strings) = *self;
        let bytes = node.bytes;
        match (node.kind, node.role) {
            // The text of a whole value stands in an item of its own.
            (NodeKind::List { count, order }, Role::Whole) => {
                write!(f, "{count} element{}", plural(count))?;
                order.map_or(Ok(()), |order| write!(f, ", {order}"))
            }
            (NodeKind::Map { count, order }, Role::Whole) => {
                write!(f, "{count} pair{}", plural(count))?;
                order.map_or(Ok(()), |order| write!(f, ", {order}"))
            }
            (NodeKind::Call(call) | NodeKind::InContext(call), _)
                if call.inside || node.role == Role::Whole =>
            {
                match operation_of(call.family, bytes) {
                    Some(op) => write!(f, "{op}"),
                    None => f.write_str("unknown operation"),
                }
            }
            (NodeKind::Call(call) | NodeKind::InContext(call), _) => CallText(call.family, bytes).fmt(f),
            (NodeKind::Context, _) => ContextText(bytes).fmt(f),
            (NodeKind::Evaluation, _) => EvaluationText(bytes).fmt(f),
            (NodeKind::Expression { .. }, _) => ExpressionText(bytes).fmt(f),
            (NodeKind::Pair, _) => {
                text(f, bytes, strings)?;
                f.write_str(": ")?;
                text(f, behind(bytes), strings)
            }
            (NodeKind::Definition, _) => {
                text(f, bytes, Strings::Raw)?;
                f.write_str(", ")?;
                ExpressionText(behind(bytes)).fmt(f)
            }
            (NodeKind::Level(level), _) => {
                write!(f, "{level}(")?;
                if level.is_expression() {
                    ExpressionText(behind(bytes)).fmt(f)?;
                } else {
                    text(f, behind(bytes), strings)?;
                }
                f.write_str(")")
            }
            (NodeKind::Raw(_), _) => text(f, bytes, Strings::Raw),
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
    if count == 1 { "" } else { "s" }
}

/// The header of a list, map, call or expression: how many parts it has. `count` is what it counts.
///
/// # Errors
/// What Wireshark threw.
pub fn count(tree: &Tree<'_>, header: &[u8], kind: &NodeKind<'_>, count: u32) -> Guarded {
    let (parts, is_ordered, of) = match *kind {
        NodeKind::List { count, order } => (count, order.is_some(), "elements"),
        NodeKind::Map { count, order } => (count, order.is_some(), "pairs"),
        _ => (count, false, "elements"),
    };
    let item = tree.uint(&value::COUNT, header, parts)?;
    item.label(format_args!("Number of {of}: {parts}"));
    if is_ordered {
        item.append(format_args!(" and the order"));
    }
    Ok(())
}

/// A value without parts inside a list, map or call.
///
/// # Errors
/// What Wireshark threw.
pub fn leaf<'p>(tree: &Tree<'p>, node: &Node<'p>, name: NodeLabel, text: NodeText<'_, 'p>) -> Guarded {
    let bytes = node.bytes;
    let item = match node.kind {
        NodeKind::Nil => tree.boolean(&value::NIL, bytes, true)?,
        NodeKind::Bool(truth) => tree.boolean(&value::BOOL, bytes, truth)?,
        NodeKind::Int(number) => tree.int64(&value::INTEGER, bytes, number)?,
        NodeKind::UInt(number) => tree.uint64(&value::UNSIGNED, bytes, number)?,
        NodeKind::Float(number) => tree.double(&value::FLOAT, bytes, number)?,
        NodeKind::Wildcard => tree.boolean(&value::WILDCARD, bytes, true)?,
        NodeKind::Infinity => tree.boolean(&value::INFINITY, bytes, true)?,
        _ => return string(tree, node, name, text),
    };
    item.label(format_args!("{name}: {text}"));
    Ok(())
}

/// A content that its line can be the item of: the rest stands below.
const SHORT: usize = 1024;

/// A string, blob or ext: its line is the item of its content; below it what stands in front of that.
fn string<'p>(tree: &Tree<'p>, node: &Node<'p>, name: NodeLabel, text: NodeText<'_, 'p>) -> Guarded {
    let (content, of, particle) = match node.kind {
        // The empty string has no type byte.
        NodeKind::String([]) if node.bytes.len() == 1 => (&[][..], &value::STRING, None),
        NodeKind::String(text) => (text, &value::STRING, Some(ParticleType::STRING.0)),
        NodeKind::GeoJson(json) => (json, &value::GEOJSON, Some(ParticleType::GEOJSON.0)),
        NodeKind::Blob { particle, payload } => (payload, &value::BYTES, particle),
        NodeKind::Raw(text) => (text, raw_field(node.role), None),
        NodeKind::Ext { data, .. } => (data, &value::EXT, None),
        NodeKind::Hll(sketch) => (sketch, &value::BYTES, Some(ParticleType::HLL.0)),
        _ => return Ok(()),
    };
    let prefix = node.prefix(content);
    let is_short = content.len() < SHORT && !matches!(node.kind, NodeKind::Hll(_));
    let heading = if is_short {
        let item = match of.kind() {
            field::FieldKind::Bytes => tree.bytes(of, node.bytes, content)?,
            _ => tree.text(of, node.bytes, format_args!("{}", LossyText(content)))?,
        };
        item.label(format_args!("{name}: {text}"));
        tree.under(item, of)?
    } else {
        tree.line(&value::ELEMENT, node.bytes, name, format_args!("{text}"))?
    };
    let tree = &heading;
    match particle {
        Some(particle) => tree.uint(&value::TYPE, prefix, u32::from(particle))?,
        None => tree.uint(
            &value::LENGTH,
            prefix,
            u32::try_from(content.len()).unwrap_or(u32::MAX),
        )?,
    };
    match node.kind {
        _ if is_short => Ok(()),
        NodeKind::Hll(_) => match Hll::parse(content) {
            Ok((_, hll)) => hyperloglog(tree, content, &hll),
            Err(_) => tree.add(&value::BYTES, content).map(|_| ()),
        },
        _ => tree.add(of, content).map(|_| ()),
    }
}

/// A HyperLogLog sketch: header and registers.
///
/// # Errors
/// What Wireshark threw.
pub fn hyperloglog(tree: &Tree<'_>, bytes: &[u8], hll: &Hll<'_>) -> Guarded {
    tree.add(&value::HLL_FLAGS, bytes.get(..1).unwrap_or_default())?;
    tree.add(&value::HLL_INDEX_BITS, bytes.get(1..2).unwrap_or_default())?;
    tree.add(&value::HLL_MINHASH_BITS, bytes.get(2..3).unwrap_or_default())?;
    let count = bytes.get(HLL_COUNT_AT).unwrap_or_default();
    tree.add_in(&value::HLL_COUNT, count, Order::Little)?;
    if !hll.registers.is_empty() {
        tree.add(&value::HLL_REGISTERS, hll.registers)?;
    }
    Ok(())
}

/// What a string without type byte is, by its place.
fn raw_field(role: Role) -> &'static Field {
    let Role::Arg(arg) = role else {
        return &value::STRING;
    };
    match arg.content {
        ArgContent::Raw(RawName::Bin) => &BIN_NAME,
        ArgContent::Raw(RawName::Variable) => &expression::VARIABLE,
        ArgContent::Raw(RawName::Pattern) => &expression::PATTERN,
        ArgContent::Raw(RawName::Ael) => &expression::AEL,
        _ => &value::STRING,
    }
}

/// An integer that a table explains: a code or a set of flags.
///
/// # Errors
/// What Wireshark threw.
pub fn add_coded<'p>(tree: &Tree<'p>, node: &Node<'p>, name: NodeLabel, coded: Coded) -> Guarded {
    let part = node.bytes;
    if node.role == Role::Metadata {
        return metadata(tree, node, name, coded);
    }
    let order = match coded.table {
        NumberTable::ListOrder => LIST_ORDER,
        NumberTable::MapOrder => MAP_ORDER,
        _ => -1,
    };
    if coded.value & !order != 0 {
        tree.expert(&hint::ORDER_BITS, format_args!("The order is {}", coded.value))?;
    }
    hint::too_new(tree, coded, coded.since())?;
    match (coded.table, u32::try_from(coded.value)) {
        (
            NumberTable::CdtOp
            | NumberTable::BitOp
            | NumberTable::HllOp
            | NumberTable::StringOp
            | NumberTable::TextOp,
            _,
        ) => operation(tree, part, name, coded),
        (NumberTable::ReturnType, Ok(bits @ 0..=0x1_FFFF)) => {
            let kind = ReturnType(bits);
            let item = tree.uint(&cdt::RETURN_TYPE, part, kind.return_type().0)?;
            item.label(format_args!("{name}: {}", Numbered(coded)));
            tree.under(item, &cdt::RETURN_TYPE)?
                .boolean(&cdt::INVERTED, part, kind.is_inverted())?;
            Ok(())
        }
        (NumberTable::ContextType, Ok(bits @ 0..=0xFFFF)) => {
            context_type(tree, part, name, ContextType(bits))
        }
        (NumberTable::SelectFlags, Ok(bits @ 0..=0x1F)) => {
            let item = tree.uint(&cdt::SELECT_FLAGS, part, bits & 0x0F)?;
            match coded.is_known() {
                true => item.label(format_args!("{name}: {coded} (0x{bits:02x})")),
                false => item.label(format_args!("{name}: {coded}")),
            };
            tree.under(item, &cdt::SELECT_FLAGS)?
                .boolean(&cdt::SELECT_NO_FAIL, part, bits & 0x10 != 0)?;
            Ok(())
        }
        (table, Ok(bits @ 0..=0xFF)) => match (set(table), expression_field(table)) {
            (Some(set), _) => flags(tree, set, part, name, coded, bits),
            (None, Some(_)) => expression_code(tree, part, name, coded, bits),
            (None, None) => add_unexplained(tree, part, name, coded),
        },
        _ => add_unexplained(tree, part, name, coded),
    }
}

/// Bits that the order of a list and of a map can have.
const LIST_ORDER: i64 = 0x11;
const MAP_ORDER: i64 = 0x1b;

/// A code with its number, which is said once.
struct Numbered(Coded);

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(coded) = *self;
        coded.fmt(f)?;
        if coded.is_known() {
            write!(f, " ({})", coded.value)
        } else {
            Ok(())
        }
    }
}

/// The bit set of a table.
fn set(table: NumberTable) -> Option<&'static BitSet> {
    Some(match table {
        NumberTable::ListOrder => &cdt::LIST_ORDER,
        NumberTable::MapOrder => &cdt::MAP_ORDER,
        NumberTable::ListFlags => &cdt::LIST_FLAGS,
        NumberTable::MapFlags => &cdt::MAP_FLAGS,
        NumberTable::SortFlags => &cdt::SORT_FLAGS,
        NumberTable::BitFlags => &cdt::BIT_FLAGS,
        NumberTable::ResizeFlags => &cdt::RESIZE_FLAGS,
        NumberTable::IntFlags | NumberTable::Sign => &cdt::INT_FLAGS,
        NumberTable::HllFlags => &cdt::HLL_FLAGS,
        NumberTable::ExpFlags => &expression::EXP_FLAGS,
        NumberTable::RegexFlags => &expression::REGEX_FLAGS,
        _ => return None,
    })
}

fn flags(tree: &Tree<'_>, set: &BitSet, part: &[u8], name: NodeLabel, coded: Coded, bits: u32) -> Guarded {
    tree.bits_of(set, part, bits)?
        .label(format_args!("{name}: {coded} (0x{bits:02x})"));
    Ok(())
}

fn add_unexplained(tree: &Tree<'_>, part: &[u8], name: NodeLabel, coded: Coded) -> Guarded {
    tree.int64(&value::INTEGER, part, coded.value)?
        .label(format_args!("{name}: {coded}"));
    Ok(())
}

/// The operation of a call, or the marker of a call in a context.
fn operation(tree: &Tree<'_>, part: &[u8], name: NodeLabel, coded: Coded) -> Guarded {
    if coded.value == i64::from(CdtOp::CONTEXT_EVAL.0) {
        tree.boolean(&cdt::IN_CONTEXT, part, true)?
            .label(format_args!("In a context"));
        return Ok(());
    }
    tree.text(&cdt::CDT_OP, part, format_args!("{coded}"))?
        .label(format_args!("{name}: {}", Numbered(coded)));
    Ok(())
}

fn context_type(tree: &Tree<'_>, part: &[u8], name: NodeLabel, kind: ContextType) -> Guarded {
    let item = tree.uint(&cdt::CONTEXT_TYPE, part, kind.0)?;
    item.label(format_args!("{name}: {kind} (0x{:02x})", kind.0));
    let tree = tree.under(item, &cdt::CONTEXT_TYPE)?;
    tree.uint(&cdt::CONTEXT_BASE, part, kind.base().0)?;
    if let Some(order) = kind.creates() {
        tree.text(&cdt::CONTEXT_CREATE, part, format_args!("{order}"))?;
        tree.boolean(&cdt::CONTEXT_PERSIST_INDEX, part, kind.persists_index())?;
    }
    Ok(())
}

/// The order of a list or map, which stands in it as an ext of that type; in a map a nil is its value. An index
/// that is stored with it is its content.
fn metadata<'p>(tree: &Tree<'p>, node: &Node<'p>, name: NodeLabel, coded: Coded) -> Guarded {
    let Some(set) = set(coded.table) else {
        return Ok(());
    };
    let bits = u32::try_from(coded.value).unwrap_or(0);
    let content = match msgpack::token(node.bytes) {
        Ok((_, Token::Ext { data, .. })) => data,
        _ => &[],
    };
    let at = (content.as_ptr() as usize).wrapping_sub(node.bytes.as_ptr() as usize);
    let (order, index) = match (content.is_empty(), node.bytes.split_at_checked(at)) {
        (false, Some(parts)) => parts,
        _ => (node.bytes, &[][..]),
    };
    flags(tree, set, order, name, coded, bits)?;
    if !index.is_empty() {
        tree.add(&value::INDEX, index)?;
    }
    Ok(())
}

/// The field of a code in an expression.
fn expression_field(table: NumberTable) -> Option<&'static Field> {
    Some(match table {
        NumberTable::ExpOp => &expression::EXP_OP,
        NumberTable::ResultType | NumberTable::BinType | NumberTable::KeyType | NumberTable::LoopType => {
            &expression::TYPE
        }
        NumberTable::LoopVariable => &expression::LOOP_VARIABLE,
        NumberTable::System => &expression::SYSTEM,
        _ => return None,
    })
}

/// A code in an expression.
fn expression_code(tree: &Tree<'_>, part: &[u8], name: NodeLabel, coded: Coded, bits: u32) -> Guarded {
    let Some(of) = expression_field(coded.table) else {
        return Ok(());
    };
    if coded.table != NumberTable::System {
        tree.uint(of, part, bits)?
            .label(format_args!("{name}: {}", Numbered(coded)));
        return Ok(());
    }
    let system = System(u8::try_from(bits).unwrap_or_default());
    let item = tree.uint(of, part, u32::from(system.runner().0))?;
    item.label(format_args!("{name}: {}", Numbered(coded)));
    tree.under(item, of)?
        .boolean(&expression::MODIFY, part, system.modifies())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::values::tables::cdt_ops::ContextType;

    fn node<'a>(role: Role, kind: NodeKind<'a>, bytes: &'a [u8]) -> Node<'a> {
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
            let name = NodeLabel {
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
        let list = NodeKind::List {
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
            text(node(Role::Pair, NodeKind::Pair, b"\xa2\x03k\x91\x05\x07")),
            "\"k\": [5]"
        );
        let level = NodeKind::Level(ContextType(0x22));
        assert_eq!(text(node(Role::Level, level, b"\x22\xa2\x03k")), "map_key(\"k\")");
        assert_eq!(text(node(Role::Level, level, b"\x22")), "map_key(…)");
        assert_eq!(
            text(node(
                Role::Definition,
                NodeKind::Definition,
                b"\xa1x\x93\x51\x02\xa1i"
            )),
            "\"x\", int_bin(\"i\")"
        );
    }
}
