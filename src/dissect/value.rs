//! Values of bins: the typed value, and its text whatever its type.

use core::fmt;

use super::client::Path;
use super::common::DATA;
use super::{common, field};
use crate::epan::{Guarded, Tree};
use crate::wire::op::Op;
use crate::wire::particle::{GeoJson, Hll, Value};
use crate::wire::text::{Hex, Text as Lossy};

fields! {
    VALUE: String, "aerospike.value", "Value", "A value of any type as compact text";
    INTEGER: I64, "aerospike.value.integer", "Integer", "Integer value";
    FLOAT: Double, "aerospike.value.float", "Float", "Floating-point value";
    STRING: String, "aerospike.value.string", "String", "String value";
    BYTES: Bytes, "aerospike.value.bytes", "Bytes", "Value as bytes";
    BOOL: Boolean, "aerospike.value.bool", "Bool", "Boolean value";
    GEOJSON: String, "aerospike.value.geojson", "GeoJSON", "GeoJSON text";
    GEO_FLAGS: U8, "aerospike.value.geo_flags", "Geo flags", "1: a region, not a point" .hex();
    GEO_CELLS: U16, "aerospike.value.geo_cell_count", "Number of cells", "S2 cells that follow";
    GEO_CELL: U64, "aerospike.value.geo_cell", "Cell", "S2 cell id" .hex();
    LIST: Bytes, "aerospike.value.list", "List", "List (MessagePack)";
    MAP: Bytes, "aerospike.value.map", "Map", "Map (MessagePack)";
    HLL_FLAGS: U8, "aerospike.value.hll_flags", "HLL flags", "0" .hex();
    HLL_INDEX_BITS: U8, "aerospike.value.hll_index_bits", "Index bits", "4 to 16";
    HLL_MINHASH_BITS: U8, "aerospike.value.hll_minhash_bits", "Minhash bits", "0, or 4 to 51";
    HLL_COUNT: U64, "aerospike.value.hll_count", "Cached count", "0: not computed";
    HLL_REGISTERS: Bytes, "aerospike.value.hll_registers", "Registers", "Bit-packed registers";
    CALL: Bytes, "aerospike.cdt", "Call", "Call of a list, map, bit, HLL or expression operation (MessagePack)";
}

/// A scalar value as text: `42`, `"abc"`, `2.5`, `true`, `nil`, hexadecimal bytes.
pub struct Plain<'v, 'a>(pub &'v Value<'a>);

impl fmt::Display for Plain<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Nil => f.write_str("nil"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Float(number) => write!(f, "{number:?}"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Text(text) => write!(f, "\"{}\"", Lossy(text)),
            Value::GeoJson(geo) => write!(f, "{}", Lossy(geo.json)),
            Value::Hll(hll) => write!(f, "HLL({}, {})", hll.n_index_bits, hll.n_minhash_bits),
            Value::Blob(bytes)
            | Value::List(bytes)
            | Value::Map(bytes)
            | Value::Call(bytes)
            | Value::Unknown(bytes) => write!(f, "{}", Hex(bytes)),
        }
    }
}

/// The value of a bin, under the operation's heading.
///
/// # Errors
/// What Wireshark threw.
pub fn bin<'p>(path: &Path<'p>, tree: &Tree<'p>, op: &Op<'p>, value: &Value<'p>) -> Guarded {
    typed(path, tree, op.value, value)?;
    if !matches!(
        value,
        Value::Nil | Value::Call(_) | Value::List(_) | Value::Map(_)
    ) {
        tree.text(&VALUE, op.value, format_args!("{}", Plain(value)))?
            .generated();
        tree.item().append(format_args!(" = {}", Plain(value)));
    }
    Ok(())
}

fn typed<'p>(path: &Path<'p>, tree: &Tree<'p>, bytes: &'p [u8], value: &Value<'p>) -> Guarded {
    let _ = path;
    match *value {
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
        Value::List(list) => {
            tree.add(&LIST, list)?;
        }
        Value::Map(map) => {
            tree.add(&MAP, map)?;
        }
        Value::GeoJson(geo) => geojson(tree, bytes, &geo)?,
        Value::Hll(hll) => hyperloglog(tree, bytes, &hll)?,
        Value::Call(call) => {
            tree.add(&CALL, call)?;
        }
        Value::Unknown(data) => {
            if !data.is_empty() {
                tree.add(&DATA, data)?;
            }
        }
    }
    Ok(())
}

fn geojson(tree: &Tree<'_>, bytes: &[u8], geo: &GeoJson<'_>) -> Guarded {
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
    tree.add_in(
        &HLL_COUNT,
        bytes.get(3..11).unwrap_or_default(),
        crate::wire::Order::Little,
    )?;
    if !hll.registers.is_empty() {
        tree.add(&HLL_REGISTERS, hll.registers)?;
    }
    Ok(())
}

/// The argument list of a UDF.
pub fn arguments<'p>(_: &Path<'p>, tree: &Tree<'p>, list: &'p [u8]) -> Guarded {
    tree.add(&field::UDF_ARGLIST, list).map(|_| ())
}

/// The context of an index.
pub fn context<'p>(_: &Path<'p>, tree: &Tree<'p>, list: &'p [u8]) -> Guarded {
    tree.add(&field::INDEX_CONTEXT, list).map(|_| ())
}

/// An expression.
pub fn expression<'p>(_: &Path<'p>, tree: &Tree<'p>, expression: &'p [u8]) -> Guarded {
    tree.add(&field::EXPRESSION, expression).map(|_| ())
}

/// A filter of old servers.
pub fn predexp<'p>(_: &Path<'p>, tree: &Tree<'p>, predexp: &'p [u8]) -> Guarded {
    tree.add(&field::PREDEXP, predexp).map(|_| ())
}

/// Error details.
pub fn error_details<'p>(_: &Path<'p>, tree: &Tree<'p>, map: &'p [u8]) -> Guarded {
    let _ = &common::DATA;
    tree.add(&field::ERROR_DETAILS, map).map(|_| ())
}
