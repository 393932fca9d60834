//! Old predicates: field 43 up to 5.1, still accepted by 5.2 to 5.7 (client-protocol 7.6).
//!
//! Items follow each other in postfix order, children first. The text turns them round:
//! `and(gt(int_bin("age"), 30), eq(str_bin("s"), "u"))`; where that is not possible (operands
//! missing or left over, more than 128 items or 32 levels) the items stand in the order of the
//! wire: `int_bin("age") 30 gt`.

use core::fmt::{self, Write};

use nom::Parser as _;
use nom::combinator::consumed;

use super::value_text::{geo, hex, write_quoted};
use crate::wire::ground::input::{Malformed, Parse};
use crate::wire::ground::input::{be_i64, be_u16, be_u32, front, reason, sized_bytes};
use crate::wire::values::particle::GeoJson;
use crate::wire::values::particle::msgpack::LEVELS;
use crate::wire::values::tables::arg::NumberTable;
use crate::wire::values::tables::call::Coded;

table! {
    /// What an item is.
    ///
    /// Source: client-protocol 7.6.
    pub PredexpTag: u16 {
        1 => AND as "and",
        2 => OR as "or",
        3 => NOT as "not",
        10 => INTEGER_VALUE as "int",
        11 => STRING_VALUE as "str",
        12 => GEOJSON_VALUE as "geo",
        100 => INTEGER_BIN as "int_bin",
        101 => STRING_BIN as "str_bin",
        102 => GEOJSON_BIN as "geo_bin",
        103 => LIST_BIN as "list_bin",
        104 => MAP_BIN as "map_bin",
        120 => INTEGER_VAR as "int_var",
        121 => STRING_VAR as "str_var",
        122 => GEOJSON_VAR as "geo_var",
        150 => REC_DEVICE_SIZE as "device_size",
        151 => REC_LAST_UPDATE as "last_update",
        152 => REC_VOID_TIME as "void_time",
        153 => REC_DIGEST_MODULO as "digest_modulo",
        200 => INTEGER_EQUAL as "eq",
        201 => INTEGER_UNEQUAL as "ne",
        202 => INTEGER_GREATER as "gt",
        203 => INTEGER_GREATEREQ as "ge",
        204 => INTEGER_LESS as "lt",
        205 => INTEGER_LESSEQ as "le",
        210 => STRING_EQUAL as "eq",
        211 => STRING_UNEQUAL as "ne",
        212 => STRING_REGEX as "regex_compare",
        220 => GEOJSON_WITHIN as "geo_within",
        221 => GEOJSON_CONTAINS as "geo_contains",
        250 => LIST_ITERATE_OR as "list_or",
        251 => MAPKEY_ITERATE_OR as "mapkey_or",
        252 => MAPVAL_ITERATE_OR as "mapval_or",
        253 => LIST_ITERATE_AND as "list_and",
        254 => MAPKEY_ITERATE_AND as "mapkey_and",
        255 => MAPVAL_ITERATE_AND as "mapval_and",
    }
}

/// One item of a predicate.
///
/// ```text
/// +--------------+-----------------+------+
/// | tag (u16 BE) | length (u32 BE) | data |
/// +--------------+-----------------+------+
///  0              2                 6
/// ```
///
/// Source: client-protocol 7.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// What it is.
    pub tag: PredexpTag,
    /// What belongs to it.
    pub data: &'a [u8],
    /// Tag, length and data.
    pub bytes: &'a [u8],
}

/// What the data of an item say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// Nothing: the tag says all.
    None,
    /// The number of children (u16 BE).
    Children(u16),
    /// An integer (i64 BE).
    Integer(i64),
    /// A string.
    String(&'a [u8]),
    /// A GeoJSON particle.
    GeoJson(GeoJson<'a>),
    /// The name of a bin or variable.
    Name(&'a [u8]),
    /// The divisor of the digest (i32 BE).
    Modulus(i32),
    /// Flags of a regular expression (u32 BE).
    RegexFlags(u32),
    /// Of a tag that nobody knows.
    Unknown(&'a [u8]),
}

/// Reads one item.
///
/// # Errors
/// Fewer than 6 bytes, or fewer than the length says behind them.
///
/// Source: client-protocol 7.6.
pub fn item(input: &[u8]) -> Parse<'_, Item<'_>> {
    let data = sized_bytes("predexp data", "its length", be_u32("predexp length"));
    consumed((be_u16("predexp tag").map(PredexpTag), data))
        .map(|(bytes, (tag, data))| Item { tag, data, bytes })
        .parse(input)
}

/// The items of a predicate; after an item that cannot be read there are no more.
///
/// Source: client-protocol 7.6.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a>(pub &'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        match item(self.0) {
            Ok((rest, item)) => {
                self.0 = rest;
                Some(Ok(item))
            }
            Err(error) => {
                self.0 = &[];
                Some(Err(reason(error)))
            }
        }
    }
}

impl<'a> Item<'a> {
    /// What the data say.
    ///
    /// # Errors
    /// Data too short for the tag.
    pub fn value(&self) -> Result<Data<'a>, Malformed<'a>> {
        let data = self.data;
        match self.tag.0 {
            1 | 2 => front(be_u16("predexp children").map(Data::Children), data),
            10 => front(be_i64("predexp integer").map(Data::Integer), data),
            11 => Ok(Data::String(data)),
            12 => front(GeoJson::parse.map(Data::GeoJson), data),
            100..=104 | 120..=122 | 250..=255 => Ok(Data::Name(data)),
            153 => front(be_u32("predexp modulus").map(|n| Data::Modulus(n as i32)), data),
            212 => front(be_u32("predexp regex flags").map(Data::RegexFlags), data),
            3 | 150..=152 | 200..=205 | 210 | 211 | 220 | 221 => Ok(Data::None),
            _ => Ok(Data::Unknown(data)),
        }
    }

    /// How many of the results before it the item takes. `None` for a tag that nobody knows, or a
    /// number of children that cannot be read.
    #[must_use]
    pub fn operands(&self) -> Option<usize> {
        match (self.tag.0, self.value()) {
            (_, Ok(Data::Children(count))) => Some(usize::from(count)),
            (3, _) => Some(1),
            (200..=212 | 220 | 221 | 250..=255, _) => Some(2),
            (10..=12 | 100..=104 | 120..=122 | 150..=153, _) => Some(0),
            _ => None,
        }
    }

    /// The item without its operands: a whole value, or the beginning of a function with what the
    /// item itself says. Tells whether brackets are open.
    fn begin(&self, out: &mut dyn Write) -> Result<Open, fmt::Error> {
        let name = self.tag;
        match self.value() {
            Ok(Data::Integer(value)) => write!(out, "{value}")?,
            Ok(Data::String(text)) => write_quoted(out, text)?,
            Ok(Data::GeoJson(value)) => geo(out, value.json)?,
            Ok(Data::None | Data::Children(_)) => {
                write!(out, "{name}(")?;
                return Ok(Open::Empty);
            }
            Ok(Data::Name(text)) => {
                write!(out, "{name}(")?;
                write_quoted(out, text)?;
                return Ok(Open::Begun);
            }
            Ok(Data::Modulus(value)) => {
                write!(out, "{name}({value}")?;
                return Ok(Open::Begun);
            }
            Ok(Data::RegexFlags(0)) => {
                write!(out, "{name}(")?;
                return Ok(Open::Empty);
            }
            Ok(Data::RegexFlags(flags)) => {
                let flags = Coded {
                    table: NumberTable::RegexFlags,
                    value: i64::from(flags),
                };
                write!(out, "{name}({flags}")?;
                return Ok(Open::Begun);
            }
            Ok(Data::Unknown(data)) => {
                write!(out, "predexp_{}(", name.0)?;
                hex(out, data)?;
                return Ok(Open::Begun);
            }
            Err(_) => {
                write!(out, "{name}(")?;
                hex(out, self.data)?;
                return Ok(Open::Begun);
            }
        }
        Ok(Open::No)
    }
}

/// Where the text of an item stands once the item itself is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A value: no brackets.
    No,
    /// Behind a bracket.
    Empty,
    /// Behind the first argument.
    Begun,
}

/// The text of a predicate.
#[derive(Clone, Copy, Debug)]
pub struct PredexpText<'a>(pub &'a [u8]);

impl fmt::Display for PredexpText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Tree::of(self.0) {
            Some((tree, root)) => tree.write(root, f),
            None => postfix(self.0, f),
        }
    }
}

/// The items in the order of the wire.
fn postfix(input: &[u8], out: &mut dyn Write) -> fmt::Result {
    for (index, item) in Items(input).enumerate() {
        if index > 0 {
            out.write_char(' ')?;
        }
        let Ok(item) = item else {
            return out.write_char('…');
        };
        match (item.value(), item.operands()) {
            // What only joins others is a word; how many it joins stands in brackets.
            (Ok(Data::None), Some(1..)) => write!(out, "{}", item.tag)?,
            (Ok(Data::Children(count)), _) => write!(out, "{}({count})", item.tag)?,
            _ => {
                if item.begin(out)? != Open::No {
                    out.write_char(')')?;
                }
            }
        }
    }
    Ok(())
}

/// So many items are turned round.
const ITEMS: usize = 128;

/// The items with their children in order.
struct Tree<'a>([Branch<'a>; ITEMS]);

#[derive(Clone, Copy)]
struct Branch<'a> {
    item: Item<'a>,
    first_child: Option<usize>,
    /// The next child of the same parent.
    next: Option<usize>,
    /// The item after which the item with all its operands begins.
    before: Option<usize>,
    height: usize,
}

impl<'a> Tree<'a> {
    /// The tree and its root, if the items make one.
    fn of(input: &'a [u8]) -> Option<(Self, usize)> {
        const EMPTY: Branch<'_> = Branch {
            item: Item {
                tag: PredexpTag(0),
                data: &[],
                bytes: &[],
            },
            first_child: None,
            next: None,
            before: None,
            height: 0,
        };
        let mut tree = Self([EMPTY; ITEMS]);
        let mut last = None;
        for (index, item) in Items(input).enumerate() {
            let item = item.ok()?;
            let mut branch = Branch {
                item,
                before: last,
                height: 1,
                ..EMPTY
            };
            for _ in 0..item.operands()? {
                let child = branch.before?;
                let operand = tree.0.get_mut(child)?;
                operand.next = branch.first_child;
                branch.first_child = Some(child);
                branch.before = operand.before;
                branch.height = branch.height.max(operand.height.saturating_add(1));
            }
            if branch.height > LEVELS {
                return None;
            }
            *tree.0.get_mut(index)? = branch;
            last = Some(index);
        }
        let root = last?;
        tree.0.get(root)?.before.is_none().then_some((tree, root))
    }

    fn write(&self, root: usize, out: &mut dyn Write) -> fmt::Result {
        let Some(branch) = self.0.get(root) else {
            return Ok(());
        };
        let mut open = branch.item.begin(out)?;
        let mut child = branch.first_child;
        while let Some(index) = child {
            if open == Open::Begun {
                out.write_str(", ")?;
            }
            open = Open::Begun;
            self.write(index, out)?;
            child = self.0.get(index).and_then(|branch| branch.next);
        }
        match open {
            Open::No => Ok(()),
            _ => out.write_char(')'),
        }
    }
}

#[cfg(test)]
#[path = "predexp_tests.rs"]
mod tests;
