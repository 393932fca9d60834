//! Clients of server 8.2: what they send has names, although a server of 8.1 refuses it.

use crate::common::fields::{columns, frames_with};
use crate::common::info::info_column;

#[test]
fn conditions_are_text() {
    let column = info_column("clients/native-string-ctx");
    assert!(
        column
            .iter()
            .any(|line| line == "Request explain test.nat by nat_i where $.i > 3"),
        "{column:?}"
    );
    let name = "clients/py-native";
    let column = info_column(name);
    let wanted = "Request explain test.nat where $.i > 3 and $.s == 'Hello World'";
    assert!(column.iter().any(|line| line == wanted), "{column:?}");
    let flagged = frames_with(
        name,
        &[],
        "aerospike.where.flags.explain == 1 && aerospike.where contains \"$.i\"",
    );
    assert_eq!(flagged.len(), 2);
}

#[test]
fn operations_of_8_2_have_names() {
    let column = info_column("clients/native-b64-join");
    for call in [
        "b: bit_b64_encode()",
        "b: bit_b64_encode(0, 2)",
        "l: list_join()",
        "l: list_join(\",\")",
    ] {
        assert!(
            column.iter().any(|line| line.ends_with(call)),
            "{call}: {column:?}"
        );
    }
}

/// aerospike-native nests a string operation in a context as it nests list and map operations.
#[test]
fn string_operations_in_a_context() {
    let name = "clients/native-string-ctx";
    let column = info_column(name);
    for call in [
        "m: string_substr(1, 3) @ map_key(\"a\")",
        "m: string_upper(0) @ map_key(\"a\")",
        "l: string_replace([\"l\",\"L\"], 0) @ list_index(1)",
    ] {
        assert!(
            column.iter().any(|line| line.ends_with(call)),
            "{call}: {column:?}"
        );
    }
    assert_eq!(frames_with(name, &[], "aerospike.expert.malformed"), [0u32; 0]);
}

#[test]
fn the_verbosity_of_errors_has_names() {
    let name = "clients/native-string-ctx";
    let names = ["aerospike.msg.info4.error_verbosity"];
    let rows = columns(
        name,
        &[],
        "aerospike.request && aerospike.msg.info1.read == 1",
        &names,
    );
    let mut values: Vec<String> = rows.into_iter().flatten().flatten().collect();
    values.sort();
    values.dedup();
    assert_eq!(values, ["0", "1", "2", "3"]);
    let text =
        crate::common::host::host().on(name, &["-V", "-Y", "aerospike.msg.info4.error_verbosity == 3"]);
    let text = text.expect_success().text();
    assert!(text.contains("ERROR_VERBOSITY: EXPRESSION_TRACE"), "{text}");
}

/// Every operation of the list is one request: what it is called, and what it is given.
#[test]
fn every_operation_is_named() {
    let column = info_column("clients/native-allops");
    for call in [
        "b: bit_resize(1)",
        "b: bit_insert(1, \"v\")",
        "b: bit_lshift(1, 1, 1)",
        "b: bit_add(1, 1, 1, SIGNED)",
        "b: bit_get_int(1, 1, SIGNED)",
        "l: cdt_select(LEAF_VALUES) @ all_children(true)",
        "l: cdt_select(APPLY, result_remove()) @ all_children(true)",
        "h: hll_add([1,2], 1, 1)",
        "h: hll_similarity([1,2])",
        "l: list_join()",
        "l: list_get_by_value_rel_rank_range(COUNT, \"v\", 1, 1)",
        "m: map_remove_by_key_rel_index_range(COUNT, \"v\", 1, 1)",
        "incr l by \"v\"",
        "append l",
        "prepend l",
        "s: string_strlen()",
    ] {
        assert!(column.iter().any(|line| line.ends_with(call)), "{call}");
    }
    for exp in ["aerospike.exp.ael == \",\"", "aerospike.exp.op == 99"] {
        assert!(
            !frames_with("clients/native-allops", &[], exp).is_empty(),
            "{exp}"
        );
    }
}
