//! Values of bins and what they are made of: the typed value, and its text whatever its type.

use super::walk::{self, Name, NodeText, Subject};
use super::{cdt, expression};
use crate::dissect::client::field;
use crate::dissect::client::stream::Path;
use crate::dissect::shared::common::{BIN_NAME, DATA, MALFORMED};
use crate::epan::group::FieldGroup;
use crate::epan::tree::GENERATED_TEXT;
use crate::epan::{BitSet, Field, Guarded, Item, Text, Tree};
use crate::wire::client::op::Op;
use crate::wire::client::proto::Order;
use crate::wire::values::call::{Content, Name as RawName};
use crate::wire::values::node::{Kind, Node, Role, Strings};
use crate::wire::values::particle::{GeoJson, HLL_COUNT_AT, Hll, ParticleType, Value};
use crate::wire::values::value_text::{BinText, RawValueText, ValueText};
use crate::wire::values::walk::{raw_value, value};

fields! {
    VALUE: String, "aerospike.value", "Value", "A value of any type as compact text";
    INTEGER: I64, "aerospike.value.integer", "Integer", "Integer value";
    UNSIGNED: U64, "aerospike.value.unsigned", "Unsigned", "Integer value from 2^63 on";
    FLOAT: Double, "aerospike.value.float", "Float", "Floating-point value";
    STRING: String, "aerospike.value.string", "String", "String value";
    BYTES: Bytes, "aerospike.value.bytes", "Bytes", "Value as bytes";
    BOOL: Boolean, "aerospike.value.bool", "Bool", "Boolean value";
    NIL: None, "aerospike.value.nil", "Nil", "No value";
    WILDCARD: None, "aerospike.value.wildcard", "Wildcard", "Matches any value; only in requests";
    INFINITY: None, "aerospike.value.infinity", "Infinity", "Greater than any value; only in requests";
    EXT: Bytes, "aerospike.value.ext", "Ext", "MessagePack ext of unknown type";
    GEOJSON: String, "aerospike.value.geojson", "GeoJSON", "GeoJSON text";
    GEO_FLAGS: U8, "aerospike.value.geo_flags", "Geo flags", "1: a region, not a point" .hex();
    GEO_CELLS: U16, "aerospike.value.geo_cell_count", "Number of cells", "S2 cells that follow";
    GEO_CELL: U64, "aerospike.value.geo_cell", "Cell", "S2 cell id" .hex();
    LIST: None, "aerospike.value.list", "List", "List";
    MAP: None, "aerospike.value.map", "Map", "Map";
    PAIR: None, "aerospike.value.pair", "Pair", "Key and value of a map";
    ELEMENT: None, "aerospike.value.element", "Element", "A string or blob with its type inside a list, map or call";
    COUNT: U32, "aerospike.value.count", "Count", "Elements of a list or pairs of a map";
    TYPE: U8, "aerospike.value.type", "Type", "Particle type of a string or blob inside a list, map or call, with the MessagePack length in front of it" .values(ParticleType::TABLE);
    LENGTH: U32, "aerospike.value.length", "Length", "MessagePack length of a string or blob without type";
    INDEX: Bytes, "aerospike.value.index", "Index", "Stored index of an ordered list or map";
    HLL_FLAGS: U8, "aerospike.value.hll_flags", "HLL flags", "0" .hex();
    HLL_INDEX_BITS: U8, "aerospike.value.hll_index_bits", "Index bits", "4 to 16";
    HLL_MINHASH_BITS: U8, "aerospike.value.hll_minhash_bits", "Minhash bits", "0, or 4 to 51";
    HLL_COUNT: U64, "aerospike.value.hll_count", "Cached count", "0: not computed";
    HLL_REGISTERS: Bytes, "aerospike.value.hll_registers", "Registers", "Bit-packed registers";
}

/// The value of a bin, under the operation's heading.
///
/// # Errors
/// What Wireshark threw.
pub fn bin<'p>(path: &Path<'p>, tree: &Tree<'p>, op: &Op<'p>, value: &Value<'p>) -> Guarded {
    match value {
        Value::Call(call) => return cdt::call(tree, op, call),
        // A read that names a bin has no value; a write without one deletes the bin.
        Value::Nil if path.is_request && !op.code.is_plain_write() => return Ok(()),
        _ => {}
    }
    shown(tree, op.value, value)
}

/// A value that fills `bytes`: its text and its items.
///
/// # Errors
/// What Wireshark threw.
pub fn shown<'p>(tree: &Tree<'p>, bytes: &'p [u8], value: &Value<'p>) -> Guarded {
    if tree.wants(&VALUE) {
        let text = Text::<GENERATED_TEXT>::of(format_args!("{}", BinText(value)));
        tree.written(&VALUE, bytes, &text)?.generated();
        tree.item().append(format_args!(" = {text}"));
    }
    typed(tree, bytes, value)
}

/// A value that fills `bytes`, with the type it has.
fn typed<'p>(tree: &Tree<'p>, bytes: &'p [u8], of: &Value<'p>) -> Guarded {
    match *of {
        Value::Nil => {}
        Value::Integer(number) => {
            tree.int64(&INTEGER, bytes, number)?;
        }
        Value::Float(number) => {
            tree.double(&FLOAT, bytes, number)?;
        }
        Value::Bool(truth) => {
            tree.boolean(&BOOL, bytes, truth)?;
        }
        Value::Text(text) => {
            tree.add(&STRING, text)?;
        }
        Value::Blob(blob) => {
            tree.add(&BYTES, blob)?;
        }
        Value::List(list) | Value::Map(list) => {
            if is_wanted(tree) {
                walk::items(tree, Subject::new("value"), list, value)?;
            }
        }
        Value::GeoJson(geo) => geojson(tree, bytes, &geo)?,
        Value::Hll(hll) => hyperloglog(tree, bytes, &hll)?,
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
    tree.add(&GEO_FLAGS, bytes.get(..1).unwrap_or_default())?;
    tree.add(&GEO_CELLS, bytes.get(1..3).unwrap_or_default())?;
    for cell in geo.cells() {
        tree.add(&GEO_CELL, cell.bytes)?;
    }
    tree.add(&GEOJSON, geo.json)?;
    Ok(())
}

fn hyperloglog(tree: &Tree<'_>, bytes: &[u8], hll: &Hll<'_>) -> Guarded {
    tree.add(&HLL_FLAGS, bytes.get(..1).unwrap_or_default())?;
    tree.add(&HLL_INDEX_BITS, bytes.get(1..2).unwrap_or_default())?;
    tree.add(&HLL_MINHASH_BITS, bytes.get(2..3).unwrap_or_default())?;
    let count = bytes.get(HLL_COUNT_AT).unwrap_or_default();
    tree.add_in(&HLL_COUNT, count, Order::Little)?;
    if !hll.registers.is_empty() {
        tree.add(&HLL_REGISTERS, hll.registers)?;
    }
    Ok(())
}

/// The header of a list, map, call or expression: how many parts it has. `count` is what it counts.
///
/// # Errors
/// What Wireshark threw.
pub fn count(tree: &Tree<'_>, header: &[u8], kind: &Kind<'_>, count: u32) -> Guarded {
    let (parts, is_ordered, of) = match *kind {
        Kind::List { count, order } => (count, order.is_some(), "elements"),
        Kind::Map { count, order } => (count, order.is_some(), "pairs"),
        _ => (count, false, "elements"),
    };
    let item = tree.uint(&COUNT, header, parts)?;
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
pub fn leaf<'p>(tree: &Tree<'p>, node: &Node<'p>, name: Name, text: NodeText<'_, 'p>) -> Guarded {
    let bytes = node.bytes;
    let item = match node.kind {
        Kind::Nil => tree.add(&NIL, bytes)?,
        Kind::Bool(truth) => tree.boolean(&BOOL, bytes, truth)?,
        Kind::Int(number) => tree.int64(&INTEGER, bytes, number)?,
        Kind::UInt(number) => tree.uint64(&UNSIGNED, bytes, number)?,
        Kind::Float(number) => tree.double(&FLOAT, bytes, number)?,
        Kind::Wildcard => tree.add(&WILDCARD, bytes)?,
        Kind::Infinity => tree.add(&INFINITY, bytes)?,
        _ => {
            let heading = tree.sub(&ELEMENT, bytes)?;
            heading.item().label(format_args!("{name}: {text}"));
            return string(&heading, node);
        }
    };
    item.label(format_args!("{name}: {text}"));
    Ok(())
}

/// A string, blob or ext: what stands in front of its content, and the content.
fn string<'p>(tree: &Tree<'p>, node: &Node<'p>) -> Guarded {
    let (content, of, particle) = match node.kind {
        // The empty string has no type byte.
        Kind::String([]) if node.bytes.len() == 1 => (&[][..], &STRING, None),
        Kind::String(text) => (text, &STRING, Some(ParticleType::STRING.0)),
        Kind::GeoJson(json) => (json, &GEOJSON, Some(ParticleType::GEOJSON.0)),
        Kind::Blob { particle, payload } => (payload, &BYTES, particle),
        Kind::Raw(text) => (text, raw_field(node.role), None),
        Kind::Ext { data, .. } => (data, &EXT, None),
        Kind::Hll(sketch) => (sketch, &BYTES, Some(ParticleType::HLL.0)),
        _ => return Ok(()),
    };
    let prefix = node.prefix(content);
    match particle {
        Some(particle) => tree.uint(&TYPE, prefix, u32::from(particle))?,
        None => tree.uint(&LENGTH, prefix, u32::try_from(content.len()).unwrap_or(u32::MAX))?,
    };
    match node.kind {
        Kind::Hll(_) => match Hll::parse(content) {
            Ok((_, hll)) => hyperloglog(tree, content, &hll),
            Err(_) => tree.add(&BYTES, content).map(|_| ()),
        },
        _ => tree.add(of, content).map(|_| ()),
    }
}

/// What a string without type byte is, by its place.
fn raw_field(role: Role) -> &'static Field {
    let Role::Arg(arg) = role else { return &STRING };
    match arg.content {
        Content::Raw(RawName::Bin) => &BIN_NAME,
        Content::Raw(RawName::Variable) => &expression::VARIABLE,
        Content::Raw(RawName::Pattern) => &expression::PATTERN,
        Content::Raw(RawName::Ael) => &expression::AEL,
        _ => &STRING,
    }
}

/// An integer that no table explains after all.
///
/// # Errors
/// What Wireshark threw.
pub fn integer<'p>(tree: &Tree<'p>, part: &[u8], number: i64) -> Guarded<Item<'p>> {
    tree.int64(&INTEGER, part, number)
}

/// The argument list of a UDF; some clients send nothing where there are none.
///
/// # Errors
/// What Wireshark threw.
pub fn arguments<'p>(tree: &Tree<'p>, list: &'p [u8]) -> Guarded {
    if list.is_empty() {
        return Ok(());
    }
    tree.text(&VALUE, list, format_args!("{}", ValueText(list)))?
        .generated();
    tree.item()
        .label(format_args!("UDF_ARGLIST: {}", ValueText(list)));
    let subject = Subject {
        heading: Some(&field::UDF_ARGLIST),
        element: Some("Argument"),
        ..Subject::new("UDF arguments")
    };
    if is_wanted(tree) || tree.wants(&field::UDF_ARGLIST) {
        walk::items(tree, subject, list, value)?;
    }
    Ok(())
}

/// Error details: a map of subcode and message, whose strings have no type byte.
///
/// # Errors
/// What Wireshark threw.
pub fn error_details<'p>(tree: &Tree<'p>, map: &'p [u8]) -> Guarded {
    tree.text(&VALUE, map, format_args!("{}", RawValueText(map)))?
        .generated();
    tree.item()
        .label(format_args!("ERROR_DETAILS: {}", RawValueText(map)));
    let subject = Subject {
        heading: Some(&field::ERROR_DETAILS),
        strings: Strings::Raw,
        ..Subject::new("error details")
    };
    if is_wanted(tree) || tree.wants(&field::ERROR_DETAILS) {
        walk::items(tree, subject, map, raw_value)?;
    }
    Ok(())
}

/// All that values are shown with.
static INSIDE_VALUES: FieldGroup = FieldGroup::new(&[FIELDS, &[&DATA]], &[ORDERS], &[&[&MALFORMED]]);
static ORDERS: &[&BitSet] = &[&cdt::LIST_ORDER, &cdt::MAP_ORDER];

/// All that calls and expressions are shown with.
static INSIDE_CALLS: FieldGroup = FieldGroup::new(
    &[FIELDS, cdt::FIELDS, expression::FIELDS, &[&BIN_NAME, &DATA]],
    &[cdt::BIT_SETS, expression::BIT_SETS],
    &[&[&MALFORMED]],
);

/// Whether anybody looks at what is inside of values.
fn is_wanted(tree: &Tree<'_>) -> bool {
    tree.wants_any(&INSIDE_VALUES)
}

/// Whether anybody looks at what is inside of calls and expressions.
#[must_use]
pub fn is_call_wanted(tree: &Tree<'_>) -> bool {
    tree.wants_any(&INSIDE_CALLS)
}
