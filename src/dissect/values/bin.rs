//! Values of bins, fields and calls in the tree: the text, and below it what they are made of.

use super::fields::{cdt, expression, value};
use super::node;
use super::text::OpText;
use super::walk::{self, Subject};
use crate::dissect::shared::common::{BIN_NAME, DATA, MALFORMED};
use crate::dissect::shared::hint;
use crate::epan::fields::group::FieldGroup;
use crate::epan::tree::GENERATED_TEXT;
use crate::epan::{BitSet, Field, Guarded, Text, Tree};
use crate::wire::client::fields::op::{Op, OpCode};
use crate::wire::values;
use crate::wire::values::particle::{GeoJson, Value};
use crate::wire::values::tables::call::CallFamily;
use crate::wire::values::text::value_text::BinText;
use crate::wire::values::walk::node::Strings;

/// The value of a bin, under the operation's heading.
///
/// # Errors
/// What Wireshark threw.
pub fn bin<'p>(tree: &Tree<'p>, op: &Op<'p>, value: &Value<'p>, is_request: bool) -> Guarded {
    match value {
        Value::Call(input) => return call(tree, op, input),
        // A read that names a bin has no value; a write without one deletes the bin.
        Value::Nil if is_request && !op.code.is_plain_write() => return Ok(()),
        _ => {}
    }
    add_value(tree, op.value, value)
}

/// A value that fills `bytes`: its text and its items.
///
/// # Errors
/// What Wireshark threw.
pub fn add_value<'p>(tree: &Tree<'p>, bytes: &'p [u8], value: &Value<'p>) -> Guarded {
    if tree.wants(&value::VALUE) {
        let text = Text::<GENERATED_TEXT>::of(format_args!("{}", BinText(value)));
        tree.add_text(&value::VALUE, bytes, &text)?.set_generated();
        tree.item().append(format_args!(" = {text}"));
    }
    add_typed(tree, bytes, value)
}

/// A value that fills `bytes`, with the type it has.
fn add_typed<'p>(tree: &Tree<'p>, bytes: &'p [u8], of: &Value<'p>) -> Guarded {
    match *of {
        Value::Nil => {}
        Value::Integer(number) => {
            tree.int64(&value::INTEGER, bytes, number)?;
        }
        Value::Float(number) => {
            tree.double(&value::FLOAT, bytes, number)?;
        }
        Value::Bool(truth) => {
            tree.boolean(&value::BOOL, bytes, truth)?;
        }
        Value::Text(text) => {
            tree.add(&value::STRING, text)?;
        }
        Value::Blob(blob) => {
            tree.add(&value::BYTES, blob)?;
        }
        Value::List(list) | Value::Map(list) => {
            if is_wanted(tree) {
                walk::items(tree, Subject::new("value"), list, values::walk::value)?;
            }
        }
        Value::GeoJson(geo) => geojson(tree, bytes, &geo)?,
        Value::Hll(hll) => node::hyperloglog(tree, bytes, &hll)?,
        Value::Call(data) | Value::Unknown(data) => {
            if !data.is_empty() {
                tree.add(&DATA, data)?;
            }
        }
    }
    Ok(())
}

/// A GeoJSON particle: header, cells and text.
///
/// # Errors
/// What Wireshark threw.
pub fn geojson(tree: &Tree<'_>, bytes: &[u8], geo: &GeoJson<'_>) -> Guarded {
    tree.add(&value::GEO_FLAGS, bytes.get(..1).unwrap_or_default())?;
    tree.add(&value::GEO_CELLS, bytes.get(1..3).unwrap_or_default())?;
    for cell in geo.cells() {
        tree.add(&value::GEO_CELL, cell.bytes)?;
    }
    tree.add(&value::GEOJSON, geo.json)?;
    Ok(())
}

/// The call that an operation of a request carries.
fn call<'p>(tree: &Tree<'p>, op: &Op<'p>, input: &'p [u8]) -> Guarded {
    let text = match op.code {
        OpCode::EXP_READ | OpCode::EXP_MODIFY => &expression::EXP_TEXT,
        _ => &cdt::CDT_TEXT,
    };
    tree.text(text, input, format_args!("{}", OpText(op)))?
        .set_generated();
    tree.item().append(format_args!(": {}", OpText(op)));
    if !is_call_wanted(tree) {
        return Ok(());
    }
    match CallFamily::of_op(op.code.0) {
        Some(family) => walk::items(tree, Subject::new("call"), input, |input, items| {
            values::walk::cdt::call(family, input, items)
        }),
        None => evaluation(tree, input),
    }
}

/// The context of a secondary index, under its field's heading, which has its text.
///
/// # Errors
/// What Wireshark threw.
pub fn context<'p>(tree: &Tree<'p>, heading: &'static Field, list: &'p [u8]) -> Guarded {
    let subject = Subject {
        heading: Some(heading),
        ..Subject::new("index context")
    };
    if is_call_wanted(tree) || tree.wants(heading) {
        walk::items(tree, subject, list, values::walk::cdt::context)?;
    }
    Ok(())
}

/// A filter or index expression, under its field's heading, which has its text.
///
/// # Errors
/// What Wireshark threw.
pub fn expression<'p>(tree: &Tree<'p>, input: &'p [u8]) -> Guarded {
    if !is_call_wanted(tree) {
        return Ok(());
    }
    walk::items(
        tree,
        Subject::new("expression"),
        input,
        values::walk::expression::expression,
    )
}

/// The value of an expression operation; its text is there already.
fn evaluation<'p>(tree: &Tree<'p>, input: &'p [u8]) -> Guarded {
    walk::items(
        tree,
        Subject::new("expression operation"),
        input,
        values::walk::expression::evaluation,
    )
}

/// The argument list of a UDF; some clients send nothing where there are none.
///
/// # Errors
/// What Wireshark threw.
pub fn arguments<'p>(tree: &Tree<'p>, heading: &'static Field, list: &'p [u8]) -> Guarded {
    if list.is_empty() {
        return Ok(());
    }
    let subject = Subject {
        heading: Some(heading),
        element: Some("Argument"),
        ..Subject::new("UDF arguments")
    };
    if is_wanted(tree) || tree.wants(heading) {
        walk::items(tree, subject, list, values::walk::value)?;
    }
    Ok(())
}

/// Error details: a map of subcode and message, whose strings have no type byte.
///
/// # Errors
/// What Wireshark threw.
pub fn error_details<'p>(tree: &Tree<'p>, heading: &'static Field, map: &'p [u8]) -> Guarded {
    let subject = Subject {
        heading: Some(heading),
        strings: Strings::Raw,
        ..Subject::new("error details")
    };
    if is_wanted(tree) || tree.wants(heading) {
        walk::items(tree, subject, map, values::walk::raw_value)?;
    }
    Ok(())
}

/// All that values are shown with.
static INSIDE_VALUES: FieldGroup = FieldGroup::new(&[value::FIELDS, &[&DATA]], &[ORDERS], &[&[&MALFORMED]]);
static ORDERS: &[&BitSet] = &[&cdt::LIST_ORDER, &cdt::MAP_ORDER];

/// All that calls and expressions are shown with.
static INSIDE_CALLS: FieldGroup = FieldGroup::new(
    &[
        value::FIELDS,
        cdt::FIELDS,
        expression::FIELDS,
        &[&BIN_NAME, &DATA],
    ],
    &[cdt::BIT_SETS, expression::BIT_SETS],
    &[&[&MALFORMED, &hint::ORDER_BITS, &hint::TOO_NEW]],
);

/// Whether anybody looks at what is inside of values.
fn is_wanted(tree: &Tree<'_>) -> bool {
    tree.wants_any(&INSIDE_VALUES)
}

/// Whether anybody looks at what is inside of calls and expressions.
fn is_call_wanted(tree: &Tree<'_>) -> bool {
    tree.wants_any(&INSIDE_CALLS)
}
