//! `java-policies`: 129 calls, each with one policy changed, on records whose keys are their numbers.

use crate::common::exchange::Exchange;
use crate::common::info::info_column;
use crate::common::{Capture, Findings, capture, captures};

const NAME: &str = "clients/java-policies";

/// The exchange of a call by its key: the last one, since some calls put a record first.
fn of<'c>(exchanges: &'c [Exchange<'c>], key: &str) -> &'c Exchange<'c> {
    let is_it = |exchange: &&Exchange<'_>| exchange.request.item.text_of("aerospike.key") == Some(key);
    exchanges
        .iter()
        .rfind(is_it)
        .unwrap_or_else(|| panic!("no request of {key}"))
}

/// What of a request's header a policy sets.
#[test]
fn policies_are_seen_in_the_header() {
    let shown = capture(NAME);
    let exchanges = shown.exchanges();
    let bit = |key: &str, name: &str| {
        of(&exchanges, key)
            .request
            .item
            .is_set(&format!("aerospike.msg.{name}"))
    };
    let number = |key: &str, name: &str| {
        of(&exchanges, key)
            .request
            .item
            .int_of(&format!("aerospike.msg.{name}"))
            .expect("a number")
    };
    for (key, name) in [
        ("P2", "info2.generation"),
        ("P3", "info2.generation_gt"),
        ("P5", "info3.update_only"),
        ("P6", "info3.create_or_replace"),
        ("P7", "info3.replace_only"),
        ("P8", "info2.create_only"),
        ("P10", "info3.commit_level_master"),
        ("P21", "info2.durable_delete"),
        ("P22", "info4.mrt_on_locking_only"),
        ("P23", "info1.xdr"),
        ("P30", "info1.compress_response"),
        ("P32", "info3.sc_read_type"),
        ("P33", "info3.sc_read_relax"),
        ("P36", "info1.consistency_level_all"),
    ] {
        assert!(bit(key, name), "{key} without {name}");
    }
    for (key, name) in [
        ("P1", "info2.generation"),
        ("P9", "info3.commit_level_master"),
        ("P35", "info1.consistency_level_all"),
    ] {
        assert!(!bit(key, name), "{key} with {name}");
    }
    assert_eq!((number("P2", "generation"), number("P3", "generation")), (7, 7));
    let ttl = |key: &str| number(key, "record_ttl");
    let never = i128::from(u32::MAX);
    assert_eq!(
        ["P11", "P12", "P13", "P14", "P15", "P16"].map(ttl),
        [never - 1, never, 0, 1, 100, 31_536_000]
    );
    assert_eq!(["P17", "P18", "P19", "P20"].map(ttl), [never - 1, never, 0, 100]);
    // A read's is the share of the life after which it is renewed.
    assert_eq!(
        ["P42", "P43", "P44", "P45", "P46"].map(ttl),
        [never, 0, 1, 80, 100]
    );
    let timeout = |key: &str| number(key, "transaction_ttl");
    assert_eq!(["P25", "P26"].map(timeout), [50, 1234]);
}

#[test]
fn the_time_to_live_of_a_read_is_a_read_touch() {
    let shown = capture(NAME);
    let exchanges = shown.exchanges();
    let text = |key: &str| {
        let item = of(&exchanges, key).request.item;
        item.first("aerospike.msg.record_ttl")
            .map(|ttl| ttl.showname.clone())
            .unwrap_or_default()
    };
    assert!(text("P45").contains("read touch at 80%"), "{}", text("P45"));
    assert!(text("P15").contains("seconds"), "{}", text("P15"));
    // The row of a batch that only reads (line P62, `get ops`), and the one with 70 %.
    let rows = ttls(&shown);
    assert!(
        rows.iter().any(|ttl| ttl.contains("read touch at 70%")),
        "{rows:?}"
    );
    assert!(
        !rows.iter().any(|ttl| ttl == "Record TTL: 70 seconds"),
        "{rows:?}"
    );
}

/// The TTL of every row of a batch.
fn ttls(shown: &Capture) -> Vec<String> {
    let messages = shown.messages();
    let rows = messages
        .iter()
        .filter(|m| m.frame.is_request())
        .flat_map(|m| m.rows());
    rows.filter_map(|row| Some(row.first("aerospike.msg.record_ttl")?.showname.clone()))
        .collect()
}

/// The lines of the list that name a result have it in the answer.
#[test]
fn results_are_those_of_the_list() {
    let shown = capture(NAME);
    let exchanges = shown.exchanges();
    let list = captures::ops_text(NAME).expect("a list");
    let mut findings = Findings::default();
    for line in list.lines() {
        let [key, _, result] = line.split('\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        let code: Option<i128> = result
            .strip_prefix("result ")
            .and_then(|rest| rest.split(' ').next()?.parse().ok());
        let has_key = exchanges
            .iter()
            .any(|e| e.request.item.text_of("aerospike.key") == Some(key));
        if let (Some(code), true) = (code, has_key) {
            let shown = of(&exchanges, key)
                .answer()
                .and_then(|answer| answer.result_code());
            findings.check(shown == Some(code), || {
                format!("{key}: {shown:?}, the list says {code}")
            });
        }
    }
    findings.report();
}

/// What the Info column says of batches, queries and keys.
#[test]
fn the_info_column_says_what_is_asked_for() {
    let column = info_column(NAME);
    for wanted in [
        "Request write test.pol -5 bins b",
        "Request write test.pol x'010203ff' bins b",
        "Request write test \"schlüssel\" bins b",
        "Request write test.pol \"P50\" incr n by 5, incr f by 2.5",
        "Request batch read 5 rows test.pol",
        "Request batch 9 rows (4 read, 1 exists, 1 write, 1 operate, 1 delete, 1 udf) test.pol",
        "Request batch operate 3 rows test.pol where eq(int_bin(\"i\"), 1)",
        "Request batch read 4 rows test",
        "Request query test.pol by i 2 to 6",
        "Request query test.pol by list l = 4",
        "Request query test.pol by map keys of m = \"a\"",
        "Request query test.pol by map values of m -1 to 4",
        "Request query test.pol by g contains geo({\"type\":\"Point\",\"coordinates\":[1,1]})",
        "Request query test.pol by m @ map_key(\"a\")/list_index(0) = 1",
        "Request background operate test.pol write z, l: list_append(9) where gt(int_bin(\"i\"), 1)",
    ] {
        assert!(column.iter().any(|line| line == wanted), "no {wanted}");
    }
    let begins = |start: &str| column.iter().any(|line| line.starts_with(start));
    assert!(begins(
        "Request query test.pol by g within geo({ \"type\": \"AeroCircle\""
    ));
    assert!(begins("Response batch 9 rows, 2 not OK, last UDF_EXECUTION"));
    assert!(begins("Response query 11 records"));
}
