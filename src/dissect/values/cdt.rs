//! Calls of list, map, bit, HLL and string operations, their contexts, codes and flags.

use core::fmt;

use super::walk::{self, Name, Subject};
use super::{expression, value};
use crate::dissect::client::field;
use crate::epan::{BitSet, Guarded, Tree};
use crate::wire::client::op::{Op, OpCode};
use crate::wire::values::bits::{BitFlags, IntFlags, ResizeFlags};
use crate::wire::values::call::{Coded, Family, Table};
use crate::wire::values::cdt_ops::{
    CdtOp, ContextBase, ContextType, ListFlags, ListOrder, MapFlags, MapOrder, ReturnType, Returned,
    Selected, SortFlags,
};
use crate::wire::values::hll::HllFlags;
use crate::wire::values::msgpack::{self, Token};
use crate::wire::values::node::{Node, Role};
use crate::wire::values::value_text::{CallText, ContextText, EvaluationText};

fields! {
    CDT_OP: String, "aerospike.cdt.op", "Operation", "Name of the list, map, bit or HLL operation";
    CDT_TEXT: String, "aerospike.cdt.text", "Call", "The whole call as text";
    CALL: None, "aerospike.cdt", "Call", "Call of a list, map, bit or HLL operation";
    IN_CONTEXT: None, "aerospike.cdt.context_eval", "In a context", "The call that follows works inside a context";
    CONTEXT: None, "aerospike.cdt.context", "Context", "Where inside the bin a call works";
    CONTEXT_TEXT: String, "aerospike.cdt.context.text", "Context", "The context as text";
    LEVEL: None, "aerospike.cdt.context.level", "Level", "A level of the context, outermost first";
    CONTEXT_TYPE: U16, "aerospike.cdt.context.type", "Type", "How the level is chosen, in what, and what is created if it is missing" .hex();
    CONTEXT_BASE: U8, "aerospike.cdt.context.base", "Chosen by", "How the level is chosen" .values(ContextBase::TABLE);
    CONTEXT_CREATE: String, "aerospike.cdt.context.create", "Create", "Order of what is created if the level is missing";
    CONTEXT_PERSIST_INDEX: Boolean, "aerospike.cdt.context.persist_index", "Persist index", "What is created keeps a stored index";
    RETURN_TYPE: U16, "aerospike.cdt.return_type", "Return type", "What the operation answers" .values(Returned::TABLE);
    INVERTED: Boolean, "aerospike.cdt.return_type.inverted", "Inverted", "All elements but the ones selected";
    SELECT_FLAGS: U8, "aerospike.cdt.select_flags", "Select flags", "What a path selection gives" .values(Selected::TABLE);
    SELECT_NO_FAIL: Boolean, "aerospike.cdt.select_flags.no_fail", "NO_FAIL", "An unknown filter result counts as false";
}

bit_sets! {
    LIST_ORDER: U8 of ListOrder, "aerospike.cdt.order", "Order", "Order of a list";
    MAP_ORDER: U8 of MapOrder, "aerospike.cdt.order", "Order", "Order of a map";
    LIST_FLAGS: U8 of ListFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of a list operation";
    MAP_FLAGS: U8 of MapFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of a map operation";
    BIT_FLAGS: U8 of BitFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of a bit operation";
    HLL_FLAGS: U8 of HllFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of an HLL operation";
    SORT_FLAGS: U8 of SortFlags, "aerospike.cdt.sort_flags", "Sort flags", "Flags of list_sort";
    RESIZE_FLAGS: U8 of ResizeFlags, "aerospike.cdt.resize_flags", "Resize flags", "Flags of bit_resize";
    INT_FLAGS: U8 of IntFlags, "aerospike.cdt.int_flags", "Integer flags", "How bits are an integer";
}

/// The call of a request's operation as text, whatever its family.
#[derive(Clone, Copy)]
pub struct OpText<'o, 'a>(pub &'o Op<'a>);

impl fmt::Display for OpText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(op) = *self;
        match Family::of_op(op.code.0) {
            Some(family) => CallText(family, op.value).fmt(f),
            None => EvaluationText(op.value).fmt(f),
        }
    }
}

/// The call that an operation of a request carries.
///
/// # Errors
/// What Wireshark threw.
pub fn call<'p>(tree: &Tree<'p>, op: &Op<'p>, input: &'p [u8]) -> Guarded {
    let text = match op.code {
        OpCode::EXP_READ | OpCode::EXP_MODIFY => &expression::EXP_TEXT,
        _ => &CDT_TEXT,
    };
    tree.text(text, input, format_args!("{}", OpText(op)))?
        .generated();
    tree.item().append(format_args!(": {}", OpText(op)));
    if !value::is_call_wanted(tree) {
        return Ok(());
    }
    match Family::of_op(op.code.0) {
        Some(family) => walk::items(tree, Subject::new("call"), input, |input, items| {
            crate::wire::values::cdt::call(family, input, items)
        }),
        None => expression::evaluation(tree, input),
    }
}

/// The context of a secondary index.
///
/// # Errors
/// What Wireshark threw.
pub fn context<'p>(tree: &Tree<'p>, list: &'p [u8]) -> Guarded {
    tree.text(&CONTEXT_TEXT, list, format_args!("{}", ContextText(list)))?
        .generated();
    tree.item()
        .label(format_args!("INDEX_CONTEXT: {}", ContextText(list)));
    let subject = Subject {
        heading: Some(&field::INDEX_CONTEXT),
        ..Subject::new("index context")
    };
    if value::is_call_wanted(tree) || tree.wants(&field::INDEX_CONTEXT) {
        walk::items(tree, subject, list, crate::wire::values::cdt::context)?;
    }
    Ok(())
}

/// An integer that a table explains: a code or a set of flags.
///
/// # Errors
/// What Wireshark threw.
pub fn coded<'p>(tree: &Tree<'p>, node: &Node<'p>, name: Name, coded: Coded) -> Guarded {
    let part = node.bytes;
    if node.role == Role::Metadata {
        return metadata(tree, node, name, coded);
    }
    match (coded.table, u32::try_from(coded.value)) {
        (Table::CdtOp | Table::BitOp | Table::HllOp | Table::StringOp | Table::TextOp, _) => {
            operation(tree, part, name, coded)
        }
        (Table::ReturnType, Ok(bits @ 0..=0x1_FFFF)) => {
            let kind = ReturnType(bits);
            let item = tree.uint(&RETURN_TYPE, part, kind.returned().0)?;
            item.label(format_args!("{name}: {}", Numbered(coded)));
            tree.under(item, &RETURN_TYPE)?
                .boolean(&INVERTED, part, kind.is_inverted())?;
            Ok(())
        }
        (Table::ContextType, Ok(bits @ 0..=0xFFFF)) => context_type(tree, part, name, ContextType(bits)),
        (Table::SelectFlags, Ok(bits @ 0..=0x1F)) => {
            let item = tree.uint(&SELECT_FLAGS, part, bits & 0x0F)?;
            match coded.is_known() {
                true => item.label(format_args!("{name}: {coded} (0x{bits:02x})")),
                false => item.label(format_args!("{name}: {coded}")),
            };
            tree.under(item, &SELECT_FLAGS)?
                .boolean(&SELECT_NO_FAIL, part, bits & 0x10 != 0)?;
            Ok(())
        }
        (table, Ok(bits @ 0..=0xFF)) => match (set(table), expression::field_of(table)) {
            (Some(set), _) => flags(tree, set, part, name, coded, bits),
            (None, Some(_)) => expression::coded(tree, part, name, coded, bits),
            (None, None) => unexplained(tree, part, name, coded),
        },
        _ => unexplained(tree, part, name, coded),
    }
}

/// A code with its number, which is said once.
pub struct Numbered(pub Coded);

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
fn set(table: Table) -> Option<&'static BitSet> {
    Some(match table {
        Table::ListOrder => &LIST_ORDER,
        Table::MapOrder => &MAP_ORDER,
        Table::ListFlags => &LIST_FLAGS,
        Table::MapFlags => &MAP_FLAGS,
        Table::SortFlags => &SORT_FLAGS,
        Table::BitFlags => &BIT_FLAGS,
        Table::ResizeFlags => &RESIZE_FLAGS,
        Table::IntFlags | Table::Sign => &INT_FLAGS,
        Table::HllFlags => &HLL_FLAGS,
        Table::ExpFlags => &expression::EXP_FLAGS,
        Table::RegexFlags => &expression::REGEX_FLAGS,
        _ => return None,
    })
}

fn flags(tree: &Tree<'_>, set: &BitSet, part: &[u8], name: Name, coded: Coded, bits: u32) -> Guarded {
    tree.bits_of(set, part, bits)?
        .label(format_args!("{name}: {coded} (0x{bits:02x})"));
    Ok(())
}

fn unexplained(tree: &Tree<'_>, part: &[u8], name: Name, coded: Coded) -> Guarded {
    value::integer(tree, part, coded.value)?.label(format_args!("{name}: {coded}"));
    Ok(())
}

/// The operation of a call, or the marker of a call in a context.
fn operation(tree: &Tree<'_>, part: &[u8], name: Name, coded: Coded) -> Guarded {
    if coded.value == i64::from(CdtOp::CONTEXT_EVAL.0) {
        tree.add(&IN_CONTEXT, part)?;
        return Ok(());
    }
    tree.text(&CDT_OP, part, format_args!("{coded}"))?
        .label(format_args!("{name}: {}", Numbered(coded)));
    Ok(())
}

fn context_type(tree: &Tree<'_>, part: &[u8], name: Name, kind: ContextType) -> Guarded {
    let item = tree.uint(&CONTEXT_TYPE, part, kind.0)?;
    item.label(format_args!("{name}: {kind} (0x{:02x})", kind.0));
    let tree = tree.under(item, &CONTEXT_TYPE)?;
    tree.uint(&CONTEXT_BASE, part, kind.base().0)?;
    if let Some(order) = kind.creates() {
        tree.text(&CONTEXT_CREATE, part, format_args!("{order}"))?;
        tree.boolean(&CONTEXT_PERSIST_INDEX, part, kind.persists_index())?;
    }
    Ok(())
}

/// The order of a list or map, which stands in it as an ext of that type; in a map a nil is its value. An index
/// that is stored with it is its content.
fn metadata<'p>(tree: &Tree<'p>, node: &Node<'p>, name: Name, coded: Coded) -> Guarded {
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
