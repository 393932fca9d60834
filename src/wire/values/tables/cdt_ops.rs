//! The tables of list and map operations: numbers, names, arguments, return types, flags, orders
//! and the levels of a context (client-protocol 6.2, 6.4, 6.5, 6.6).

use core::fmt;

use bitflags::bitflags;

use super::arg::{Arg, NumberTable, operations, write_flags};

const RETURN: Arg = Arg::code("return type", NumberTable::ReturnType);
const INDEX: Arg = Arg::value("index");
const RANK: Arg = Arg::value("rank");
const COUNT: Arg = Arg::value("count");
const MORE: Arg = Arg::value("count").optional();
const VALUE: Arg = Arg::value("value");
const VALUES: Arg = Arg::value("values");
const KEY: Arg = Arg::value("key");
const KEYS: Arg = Arg::value("keys");
const ITEMS: Arg = Arg::value("items");
const BEGIN: Arg = Arg::value("begin");
const END: Arg = Arg::value("end").optional();
const SEPARATOR: Arg = Arg::value("separator").optional();
const DELTA: Arg = Arg::value("delta").optional();
const LIST_ORDER: Arg = Arg::code("order", NumberTable::ListOrder);
const LIST_FLAGS: Arg = Arg::code("write flags", NumberTable::ListFlags).optional();
const MAP_ORDER: Arg = Arg::code("order", NumberTable::MapOrder);
const MAP_FLAGS: Arg = Arg::code("write flags", NumberTable::MapFlags).optional();
const SORT_FLAGS: Arg = Arg::code("sort flags", NumberTable::SortFlags).optional();

operations! {
    /// An operation on a list (below 64) or a map, or one of the two wrappers (254, 255).
    ///
    /// Source: client-protocol 6.4.
    pub CdtOp: u8 {
        0 => LIST_SET_TYPE as "list_set_type": "set the order, or create" (LIST_ORDER),
        1 => LIST_APPEND as "list_append" (VALUE, LIST_ORDER.optional(), LIST_FLAGS),
        2 => LIST_APPEND_ITEMS as "list_append_items" (ITEMS, LIST_ORDER.optional(), LIST_FLAGS),
        3 => LIST_INSERT as "list_insert" (INDEX, VALUE, LIST_FLAGS),
        4 => LIST_INSERT_ITEMS as "list_insert_items" (INDEX, ITEMS, LIST_FLAGS),
        5 => LIST_POP as "list_pop" (INDEX),
        6 => LIST_POP_RANGE as "list_pop_range" (INDEX, MORE),
        7 => LIST_REMOVE as "list_remove" (INDEX),
        8 => LIST_REMOVE_RANGE as "list_remove_range" (INDEX, MORE),
        9 => LIST_SET as "list_set" (INDEX, VALUE, LIST_FLAGS),
        10 => LIST_TRIM as "list_trim" (INDEX, COUNT),
        11 => LIST_CLEAR as "list_clear" (),
        12 => LIST_INCREMENT as "list_increment" (INDEX, DELTA, LIST_ORDER.optional(), LIST_FLAGS),
        13 => LIST_SORT as "list_sort" (SORT_FLAGS),
        16 => LIST_SIZE as "list_size" (),
        17 => LIST_GET as "list_get" (INDEX),
        18 => LIST_GET_RANGE as "list_get_range" (INDEX, MORE),
        19 => LIST_GET_BY_INDEX as "list_get_by_index" (RETURN, INDEX),
        20 => LIST_GET_BY_VALUE as "list_get_by_value" (RETURN, VALUE),
        21 => LIST_GET_BY_RANK as "list_get_by_rank" (RETURN, RANK),
        22 => LIST_GET_ALL_BY_VALUE as "list_get_all_by_value" (RETURN, VALUE),
        23 => LIST_GET_ALL_BY_VALUE_LIST as "list_get_all_by_value_list" (RETURN, VALUES),
        24 => LIST_GET_BY_INDEX_RANGE as "list_get_by_index_range" (RETURN, INDEX, MORE),
        25 => LIST_GET_BY_VALUE_INTERVAL as "list_get_by_value_interval" (RETURN, BEGIN, END),
        26 => LIST_GET_BY_RANK_RANGE as "list_get_by_rank_range" (RETURN, RANK, MORE),
        27 => LIST_GET_BY_VALUE_REL_RANK_RANGE as "list_get_by_value_rel_rank_range": "since 4.3"
            (RETURN, VALUE, RANK, MORE),
        28 => LIST_JOIN as "list_join": "since 8.2" (SEPARATOR),
        32 => LIST_REMOVE_BY_INDEX as "list_remove_by_index" (RETURN, INDEX),
        33 => LIST_REMOVE_BY_VALUE as "list_remove_by_value" (RETURN, VALUE),
        34 => LIST_REMOVE_BY_RANK as "list_remove_by_rank" (RETURN, RANK),
        35 => LIST_REMOVE_ALL_BY_VALUE as "list_remove_all_by_value" (RETURN, VALUE),
        36 => LIST_REMOVE_ALL_BY_VALUE_LIST as "list_remove_all_by_value_list" (RETURN, VALUES),
        37 => LIST_REMOVE_BY_INDEX_RANGE as "list_remove_by_index_range" (RETURN, INDEX, MORE),
        38 => LIST_REMOVE_BY_VALUE_INTERVAL as "list_remove_by_value_interval" (RETURN, BEGIN, END),
        39 => LIST_REMOVE_BY_RANK_RANGE as "list_remove_by_rank_range" (RETURN, RANK, MORE),
        40 => LIST_REMOVE_BY_VALUE_REL_RANK_RANGE as "list_remove_by_value_rel_rank_range": "since 4.3"
            (RETURN, VALUE, RANK, MORE),
        64 => MAP_SET_TYPE as "map_set_type": "set the order, or create" (MAP_ORDER),
        65 => MAP_ADD as "map_add": "create only" (KEY, VALUE, MAP_ORDER.optional()),
        66 => MAP_ADD_ITEMS as "map_add_items": "create only" (ITEMS, MAP_ORDER.optional()),
        67 => MAP_PUT as "map_put" (KEY, VALUE, MAP_ORDER.optional(), MAP_FLAGS),
        68 => MAP_PUT_ITEMS as "map_put_items" (ITEMS, MAP_ORDER.optional(), MAP_FLAGS),
        69 => MAP_REPLACE as "map_replace": "update only" (KEY, VALUE),
        70 => MAP_REPLACE_ITEMS as "map_replace_items": "update only" (ITEMS),
        73 => MAP_INCREMENT as "map_increment" (KEY, DELTA, MAP_ORDER.optional()),
        74 => MAP_DECREMENT as "map_decrement" (KEY, DELTA, MAP_ORDER.optional()),
        75 => MAP_CLEAR as "map_clear" (),
        76 => MAP_REMOVE_BY_KEY as "map_remove_by_key" (RETURN, KEY),
        77 => MAP_REMOVE_BY_INDEX as "map_remove_by_index" (RETURN, INDEX),
        78 => MAP_REMOVE_BY_VALUE as "map_remove_by_value" (RETURN, VALUE),
        79 => MAP_REMOVE_BY_RANK as "map_remove_by_rank" (RETURN, RANK),
        81 => MAP_REMOVE_BY_KEY_LIST as "map_remove_by_key_list" (RETURN, KEYS),
        82 => MAP_REMOVE_ALL_BY_VALUE as "map_remove_all_by_value" (RETURN, VALUE),
        83 => MAP_REMOVE_BY_VALUE_LIST as "map_remove_by_value_list" (RETURN, VALUES),
        84 => MAP_REMOVE_BY_KEY_INTERVAL as "map_remove_by_key_interval" (RETURN, BEGIN, END),
        85 => MAP_REMOVE_BY_INDEX_RANGE as "map_remove_by_index_range" (RETURN, INDEX, MORE),
        86 => MAP_REMOVE_BY_VALUE_INTERVAL as "map_remove_by_value_interval" (RETURN, BEGIN, END),
        87 => MAP_REMOVE_BY_RANK_RANGE as "map_remove_by_rank_range" (RETURN, RANK, MORE),
        88 => MAP_REMOVE_BY_KEY_REL_INDEX_RANGE as "map_remove_by_key_rel_index_range": "since 4.3"
            (RETURN, KEY, INDEX, MORE),
        89 => MAP_REMOVE_BY_VALUE_REL_RANK_RANGE as "map_remove_by_value_rel_rank_range": "since 4.3"
            (RETURN, VALUE, RANK, MORE),
        96 => MAP_SIZE as "map_size" (),
        97 => MAP_GET_BY_KEY as "map_get_by_key" (RETURN, KEY),
        98 => MAP_GET_BY_INDEX as "map_get_by_index" (RETURN, INDEX),
        99 => MAP_GET_BY_VALUE as "map_get_by_value" (RETURN, VALUE),
        100 => MAP_GET_BY_RANK as "map_get_by_rank" (RETURN, RANK),
        102 => MAP_GET_ALL_BY_VALUE as "map_get_all_by_value" (RETURN, VALUE),
        103 => MAP_GET_BY_KEY_INTERVAL as "map_get_by_key_interval" (RETURN, BEGIN, END),
        104 => MAP_GET_BY_INDEX_RANGE as "map_get_by_index_range" (RETURN, INDEX, MORE),
        105 => MAP_GET_BY_VALUE_INTERVAL as "map_get_by_value_interval" (RETURN, BEGIN, END),
        106 => MAP_GET_BY_RANK_RANGE as "map_get_by_rank_range" (RETURN, RANK, MORE),
        107 => MAP_GET_BY_KEY_LIST as "map_get_by_key_list" (RETURN, KEYS),
        108 => MAP_GET_BY_VALUE_LIST as "map_get_by_value_list" (RETURN, VALUES),
        109 => MAP_GET_BY_KEY_REL_INDEX_RANGE as "map_get_by_key_rel_index_range": "since 4.3"
            (RETURN, KEY, INDEX, MORE),
        110 => MAP_GET_BY_VALUE_REL_RANK_RANGE as "map_get_by_value_rel_rank_range": "since 4.3"
            (RETURN, VALUE, RANK, MORE),
        254 => SELECT as "cdt_select": "path select or apply, since 8.1.1" (),
        255 => CONTEXT_EVAL as "context_eval": "the call that follows works inside a context, since 4.6" ()
    }
}

bitflags! {
    /// Order of a list: argument, metadata and context alike. 0 is unordered.
    ///
    /// Source: client-protocol 6.2, 6.4.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ListOrder: u32 {
        /// Kept sorted by value.
        const ORDERED = 0x01;
        /// With an index that is stored (7.0).
        const PERSIST_INDEX = 0x10;
    }

    /// Order of a map: argument, metadata and context alike. 0 is unordered.
    ///
    /// Source: client-protocol 6.2, 6.4.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MapOrder: u32 {
        /// Kept sorted by key and by value.
        const KEY_VALUE_ORDERED = 0x03;
        /// Kept sorted by key.
        const KEY_ORDERED = 0x01;
        /// Kept sorted by value: legal only with the bit above.
        const VALUE_ORDERED = 0x02;
        /// In results: the pairs stand in the order of the answer.
        const PRESERVE_ORDER = 0x08;
        /// With an index that is stored (7.0).
        const PERSIST_INDEX = 0x10;
    }

    /// Write flags of list operations.
    ///
    /// Source: client-protocol 6.4.1.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ListFlags: u32 {
        /// Refuse a value that is there already.
        const ADD_UNIQUE = 0x01;
        /// Refuse an index beyond the end.
        const INSERT_BOUNDED = 0x02;
        /// A refusal is no error (4.3).
        const NO_FAIL = 0x04;
        /// Of many, those that can be done are done (4.3).
        const DO_PARTIAL = 0x08;
    }

    /// Write flags of map operations.
    ///
    /// Source: client-protocol 6.4.1.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MapFlags: u32 {
        /// Create only.
        const NO_OVERWRITE = 0x01;
        /// Update only.
        const NO_CREATE = 0x02;
        /// A refusal is no error (4.3).
        const NO_FAIL = 0x04;
        /// Of many, those that can be done are done (4.3).
        const DO_PARTIAL = 0x08;
    }

    /// Flags of `list_sort`.
    ///
    /// Source: client-protocol 6.4.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SortFlags: u32 {
        /// Greatest first.
        const DESCENDING = 0x01;
        /// Equal values once.
        const DROP_DUPLICATES = 0x02;
    }
}

table! {
    /// What an operation answers, without the inverted bit.
    ///
    /// Source: client-protocol 6.4.2.
    pub Returned: u32 {
        0 => NONE,
        1 => INDEX,
        2 => REVINDEX,
        3 => RANK,
        4 => REVRANK,
        5 => COUNT,
        6 => KEY,
        7 => VALUE,
        8 => KEY_VALUE_MAP: "called MAP before 6.3",
        9 => INDEX_RANGE,
        10 => REVINDEX_RANGE,
        11 => RANK_RANGE,
        12 => REVRANK_RANGE,
        13 => EXISTS: "since 6.1",
        16 => UNORDERED_MAP: "since 6.3",
        17 => ORDERED_MAP: "since 6.3"
    }
}

/// What an operation answers: a code in the low 16 bits, and the bit that asks for all the others.
///
/// Source: client-protocol 6.4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnType(pub u32);

impl ReturnType {
    /// All elements but the ones selected.
    pub const INVERTED: u32 = 0x1_0000;

    /// The code.
    #[must_use]
    pub const fn return_type(self) -> Returned {
        Returned(self.0 & 0xFFFF)
    }

    /// Whether the selection is turned round.
    #[must_use]
    pub const fn is_inverted(self) -> bool {
        self.0 & Self::INVERTED != 0
    }
}

impl fmt::Display for ReturnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_inverted() {
            f.write_str("INVERTED|")?;
        }
        self.return_type().fmt(f)?;
        match self.0 & !(Self::INVERTED | 0xFFFF) {
            0 => Ok(()),
            unknown => write!(f, "|0x{unknown:x}"),
        }
    }
}

table! {
    /// What a path selection gives: the low four bits of its flags.
    ///
    /// Source: client-protocol 6.6.
    pub Selected: u32 {
        0 => MATCHING_TREE,
        1 => LEAF_VALUES,
        2 => LEAF_MAP_KEYS,
        3 => LEAF_MAP_KEYS_VALUES,
        4 => APPLY: "an expression replaces each selected leaf"
    }
}

bitflags! {
    /// The other bits of a path selection's flags.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct SelectBits: u32 {
        /// An unknown filter result counts as false.
        const NO_FAIL = 0x10;
    }
}

/// The flags of a path selection: a code in the low four bits and `NO_FAIL` (0x10).
///
/// Source: client-protocol 6.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectFlags(pub u32);

impl fmt::Display for SelectFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Selected(self.0 & 0x0F).fmt(f)?;
        match self.0 & !0x0F {
            0 => Ok(()),
            bits => {
                f.write_str("|")?;
                write_flags::<SelectBits>(f, bits, "")
            }
        }
    }
}

table! {
    /// How one level of a context is chosen: the low four bits of its type.
    ///
    /// Source: client-protocol 6.5.
    pub ContextBase: u32 {
        0 => INDEX as "index",
        1 => RANK as "rank",
        2 => KEY as "key",
        3 => VALUE as "value",
        4 => EXP as "exp": "since 8.1.1",
        8 => INDEX_LIST as "index_list": "numbered in 8.1.2, not implemented",
        9 => RANK_LIST as "rank_list": "numbered in 8.1.2, not implemented",
        10 => KEY_LIST as "key_list": "since 8.1.2",
        11 => VALUE_LIST as "value_list": "numbered in 8.1.2, not implemented"
    }
}

/// The type of one level of a context: how it is chosen, in what, and what is created if missing.
///
/// Prints the name that [`value_text`](crate::wire::values::text::value_text) gives the level: `list_index`, `map_key`,
/// `map_key_create`, `all_children`.
///
/// Source: client-protocol 6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextType(pub u32);

impl ContextType {
    const LIST: u32 = 0x10;
    const MAP: u32 = 0x20;
    const KIND: u32 = 0x30;
    const CREATE: u32 = 0xC0;
    const PERSIST_INDEX: u32 = 0x100;
    const AND: u32 = 0x200;
    const KNOWN: u32 = 0x3FF;

    /// How the level is chosen.
    #[must_use]
    pub const fn base(self) -> ContextBase {
        ContextBase(self.0 & 0x0F)
    }

    /// Whether the level is chosen by an expression, so that its value is one.
    #[must_use]
    pub const fn is_expression(self) -> bool {
        self.base().0 == ContextBase::EXP.0
    }

    /// What is created if the level is missing, or `None`.
    #[must_use]
    pub const fn creates(self) -> Option<&'static str> {
        match (self.0 & Self::CREATE, self.0 & Self::KIND) {
            (0, _) => None,
            (0x40, _) => Some("UNORDERED"),
            (0x80, Self::LIST) => Some("UNORDERED_UNBOUNDED"),
            (0x80, _) => Some("KEY_ORDERED"),
            (_, Self::LIST) => Some("ORDERED"),
            _ => Some("KEY_VALUE_ORDERED"),
        }
    }

    /// Whether what is created keeps a stored index (7.0).
    #[must_use]
    pub const fn persists_index(self) -> bool {
        self.0 & Self::PERSIST_INDEX != 0
    }
}

impl fmt::Display for ContextType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.0 & Self::KIND;
        match (self.is_expression(), self.0 & Self::AND != 0) {
            (true, false) if kind == 0 => f.write_str("all_children")?,
            (true, true) if kind == 0 => f.write_str("and_filter")?,
            _ => {
                f.write_str(match kind {
                    Self::LIST => "list_",
                    Self::MAP => "map_",
                    _ => "",
                })?;
                match self.base().name() {
                    Some(name) => f.write_str(name)?,
                    None => write!(f, "context_{}", self.base().0)?,
                }
            }
        }
        if self.creates().is_some() {
            f.write_str("_create")?;
        }
        match self.0 & !Self::KNOWN {
            0 => Ok(()),
            unknown => write!(f, "|0x{unknown:x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_numbers_of_the_reference() {
        assert_eq!(CdtOp(73).name(), Some("map_increment"));
        assert_eq!(CdtOp(96), CdtOp::MAP_SIZE);
        assert_eq!(CdtOp(14).args(), None);
        let names = CdtOp(19).args().unwrap().iter().map(|arg| arg.name);
        assert_eq!(names.collect::<Vec<_>>(), ["return type", "index"]);
        assert_eq!(CdtOp::TABLE.len(), 36 + 37 + 2);
        for row in CdtOp::TABLE {
            let prefix = match row.value {
                0..64 => "list_",
                64..254 => "map_",
                254 => "cdt_",
                _ => "context_",
            };
            assert!(row.name.starts_with(prefix), "{}", row.name);
        }
    }

    #[test]
    fn context_types_print_as_the_clients_call_them() {
        for (bits, text, creates) in [
            (0x10, "list_index", None),
            (0x11, "list_rank", None),
            (0x13, "list_value", None),
            (0x20, "map_index", None),
            (0x22, "map_key", None),
            (0x2A, "map_key_list", None),
            (0x04, "all_children", None),
            (0x204, "and_filter", None),
            (0x50, "list_index_create", Some("UNORDERED")),
            (0x90, "list_index_create", Some("UNORDERED_UNBOUNDED")),
            (0xD0, "list_index_create", Some("ORDERED")),
            (0x62, "map_key_create", Some("UNORDERED")),
            (0xA2, "map_key_create", Some("KEY_ORDERED")),
            (0xE2, "map_key_create", Some("KEY_VALUE_ORDERED")),
            (0x17, "list_context_7", None),
            (0x810, "list_index|0x800", None),
        ] {
            assert_eq!(ContextType(bits).to_string(), text);
            assert_eq!(ContextType(bits).creates(), creates);
        }
        assert!(ContextType(0x1A2).persists_index());
    }
}
