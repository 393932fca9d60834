//! Numbers of the Python client in the operations lists, and what they are on the wire.

/// Name on the wire of a list, map, bit or HLL operation of the Python client.
pub fn operation(number: i128) -> Option<&'static str> {
    let names: &[&str] = match number {
        1001..=1041 => &LISTS,
        1101..=1144 => &MAPS,
        2000..=2017 => &BITS,
        2100..=2111 => &HLLS,
        _ => return None,
    };
    let first = [1001, 1101, 2000, 2100]
        .into_iter()
        .rfind(|first| number >= *first)?;
    let name = names.get(usize::try_from(number - first).ok()?).copied();
    match number {
        1041 => Some("list_set_type"),
        1144 => Some("map_set_type"),
        _ => name,
    }
}

/// From 1001. "Get by value" means all of them on the wire.
const LISTS: [&str; 33] = [
    "list_append",
    "list_append_items",
    "list_insert",
    "list_insert_items",
    "list_pop",
    "list_pop_range",
    "list_remove",
    "list_remove_range",
    "list_clear",
    "list_set",
    "list_get",
    "list_get_range",
    "list_trim",
    "list_size",
    "list_increment",
    "list_get_by_index",
    "list_get_by_index_range",
    "list_get_by_rank",
    "list_get_by_rank_range",
    "list_get_all_by_value",
    "list_get_all_by_value_list",
    "list_get_by_value_interval",
    "list_remove_by_index",
    "list_remove_by_index_range",
    "list_remove_by_rank",
    "list_remove_by_rank_range",
    "list_remove_all_by_value",
    "list_remove_all_by_value_list",
    "list_remove_by_value_interval",
    "list_set_type",
    "list_sort",
    "list_remove_by_value_rel_rank_range",
    "list_get_by_value_rel_rank_range",
];

/// From 1101.
const MAPS: [&str; 31] = [
    "map_set_type",
    "map_put",
    "map_put_items",
    "map_increment",
    "map_decrement",
    "map_size",
    "map_clear",
    "map_remove_by_key",
    "map_remove_by_key_list",
    "map_remove_by_key_interval",
    "map_remove_all_by_value",
    "map_remove_by_value_list",
    "map_remove_by_value_interval",
    "map_remove_by_index",
    "map_remove_by_index_range",
    "map_remove_by_rank",
    "map_remove_by_rank_range",
    "map_get_by_key",
    "map_get_by_key_interval",
    "map_get_all_by_value",
    "map_get_by_value_interval",
    "map_get_by_index",
    "map_get_by_index_range",
    "map_get_by_rank",
    "map_get_by_rank_range",
    "map_get_by_value_list",
    "map_get_by_key_list",
    "map_remove_by_value_rel_rank_range",
    "map_remove_by_key_rel_index_range",
    "map_get_by_value_rel_rank_range",
    "map_get_by_key_rel_index_range",
];

/// From 2000.
const BITS: [&str; 18] = [
    "bit_resize",
    "bit_insert",
    "bit_remove",
    "bit_set",
    "bit_or",
    "bit_xor",
    "bit_and",
    "bit_not",
    "bit_lshift",
    "bit_rshift",
    "bit_add",
    "bit_subtract",
    "bit_get_int",
    "bit_set_int",
    "bit_get",
    "bit_count",
    "bit_lscan",
    "bit_rscan",
];

/// From 2100.
const HLLS: [&str; 12] = [
    "hll_add",
    "hll_describe",
    "hll_fold",
    "hll_count",
    "hll_intersect_count",
    "hll_similarity",
    "hll_get_union",
    "hll_union_count",
    "hll_init",
    "hll_refresh_count",
    "hll_set_union",
    "hll_may_contain",
];

/// Names of return types, by number.
pub const RETURN_TYPES: [(i128, &str); 16] = [
    (0, "NONE"),
    (1, "INDEX"),
    (2, "REVINDEX"),
    (3, "RANK"),
    (4, "REVRANK"),
    (5, "COUNT"),
    (6, "KEY"),
    (7, "VALUE"),
    (8, "KEY_VALUE_MAP"),
    (9, "INDEX_RANGE"),
    (10, "REVINDEX_RANGE"),
    (11, "RANK_RANGE"),
    (12, "REVRANK_RANGE"),
    (13, "EXISTS"),
    (16, "UNORDERED_MAP"),
    (17, "ORDERED_MAP"),
];

#[test]
fn numbers_have_their_names() {
    let known = [
        (1001, "list_append"),
        (1018, "list_get_by_rank"),
        (1033, "list_get_by_value_rel_rank_range"),
        (1118, "map_get_by_key"),
        (1131, "map_get_by_key_rel_index_range"),
        (2015, "bit_count"),
        (2111, "hll_may_contain"),
    ];
    for (number, name) in known {
        assert_eq!(operation(number), Some(name));
    }
    assert_eq!(operation(0), None);
    assert_eq!(operation(1035), None);
}
