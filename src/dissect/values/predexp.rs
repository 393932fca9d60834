//! Old predicates: the filter of servers up to 5.7.

use super::bin;
use super::fields::{expression, value};
use crate::dissect::shared::common::{self, BIN_NAME, DATA};
use crate::epan::{Field, Guarded, Tree};
use crate::wire::values::text::predexp::{Data, Item, Items, PredexpTag, PredexpText};

fields! {
    PREDEXP: String, "aerospike.predexp", "Predicate expression", "Filter of servers up to 5.7";
    TEXT: String, "aerospike.predexp.text", "Predicate expression", "The predicate as text";
    ITEM: String, "aerospike.predexp.item", "Item", "An item of the predicate; operands stand before what joins them";
    TAG: U16, "aerospike.predexp.tag", "Tag", "What the item is" .values(PredexpTag::TABLE);
    LENGTH: U32, "aerospike.predexp.length", "Length", "Length of the item's data";
    CHILDREN: U16, "aerospike.predexp.children", "Children", "Items before it that it joins";
    MODULUS: I32, "aerospike.predexp.modulus", "Modulus", "Divisor of the digest";
}

/// A predicate, under its field's heading, which has its text.
///
/// # Errors
/// What Wireshark threw.
pub fn predexp<'p>(tree: &Tree<'p>, input: &'p [u8]) -> Guarded {
    let tree = tree.line(
        &PREDEXP,
        input,
        PREDEXP.name(),
        format_args!("{}", PredexpText(input)),
    )?;
    let mut items = Items(input);
    loop {
        let left = items.0;
        match items.next() {
            Some(Ok(next)) => item(&tree, &next)?,
            Some(Err(error)) => return common::malformed_in(&tree, left, &error),
            None => return Ok(()),
        }
    }
}

fn item<'p>(tree: &Tree<'p>, item: &Item<'p>) -> Guarded {
    // One item alone has its own text.
    let tree = tree.line(
        &ITEM,
        item.bytes,
        item.tag,
        format_args!("{}", PredexpText(item.bytes)),
    )?;
    tree.add(&TAG, item.bytes.get(..2).unwrap_or_default())?;
    tree.add(&LENGTH, item.bytes.get(2..6).unwrap_or_default())?;
    let data = match item.value() {
        Ok(data) => data,
        Err(error) => return common::malformed_in(&tree, item.data, &error),
    };
    match data {
        Data::Children(_) => number(&tree, &CHILDREN, item.data, 2),
        Data::Integer(_) => number(&tree, &value::INTEGER, item.data, 8),
        Data::Modulus(_) => number(&tree, &MODULUS, item.data, 4),
        Data::RegexFlags(flags) => {
            let (own, rest) = item.data.split_at_checked(4).unwrap_or((item.data, &[]));
            tree.bits_of(&expression::REGEX_FLAGS, own, flags)?;
            others(&tree, rest)
        }
        Data::String(text) => tree.add(&value::STRING, text).map(|_| ()),
        Data::GeoJson(geo) => bin::geojson(&tree, item.data, &geo),
        Data::Name(name) => match item.tag.0 {
            100..=104 => tree.add(&BIN_NAME, name).map(|_| ()),
            _ => tree.add(&expression::VARIABLE, name).map(|_| ()),
        },
        Data::None => others(&tree, item.data),
        Data::Unknown(data) => others(&tree, data),
    }
}

fn number(tree: &Tree<'_>, field: &Field, data: &[u8], width: usize) -> Guarded {
    let (own, rest) = data.split_at_checked(width).unwrap_or((data, &[]));
    tree.add(field, own)?;
    others(tree, rest)
}

/// What is more than the tag asks for.
fn others(tree: &Tree<'_>, data: &[u8]) -> Guarded {
    if !data.is_empty() {
        tree.add(&DATA, data)?;
    }
    Ok(())
}
