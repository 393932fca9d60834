//! The lines that people click: each is the item of the value it shows, and says what it is.

use std::collections::BTreeSet;

use crate::common::fields::registered_fields;
use crate::common::pdml::Item;
use crate::common::{Findings, capture};

const CAPTURES: [&str; 8] = [
    "kv-all-types",
    "keys-send-key-types",
    "batch-all",
    "expressions-record",
    "operate-map",
    "udf-put-apply",
    "scan-basic",
    "query-index",
];

/// Fields of a message that have no single value.
const WITHOUT_VALUE: [&str; 5] = [
    "SCAN_OPTIONS",
    "BVAL_ARRAY",
    "QUERY_BINLIST",
    "INDEX_RANGE",
    "UDF_ARGLIST: 0",
];

fn is_typed(item: &Item) -> bool {
    let field = registered_fields().0.get(&item.name);
    field.is_some_and(|field| !field.kind.is_empty() && field.kind != "FT_NONE")
}

/// A filter made of a line is on its value: it has a type, and the same field does not stand below it a second time.
#[test]
fn a_line_is_the_item_of_its_value() {
    let mut findings = Findings::default();
    let mut names = BTreeSet::new();
    for name in CAPTURES {
        let capture = capture(name);
        for frame in &capture.frames {
            for line in frame.aerospike().flat_map(|item| item.walk()) {
                let has = |child: &str| line.children.iter().any(|item| item.name == child);
                let is_line = has("aerospike.field.size")
                    || has("aerospike.op.size")
                    || has("aerospike.batch.row_flags");
                if !is_line {
                    continue;
                }
                let place = || format!("{name} frame {}: {} {}", frame.number, line.name, line.showname);
                let is_plain = WITHOUT_VALUE.iter().any(|known| line.showname.starts_with(known))
                    || line.int_of("aerospike.op.name_size") == Some(0);
                findings.check(is_typed(line) || is_plain, || format!("{}: no value", place()));
                let again = line.children.iter().any(|item| item.name == line.name);
                findings.check(!again, || format!("{}: a second time below", place()));
                names.insert(line.name.clone());
            }
        }
    }
    for name in [
        "aerospike.namespace",
        "aerospike.set",
        "aerospike.key",
        "aerospike.digest",
        "aerospike.bin.name",
        "aerospike.batch.index",
        "aerospike.batch.count",
        "aerospike.exp.text",
        "aerospike.trid",
        "aerospike.udf.function",
    ] {
        findings.check(names.contains(name), || format!("no line is {name}"));
    }
    findings.report();
}

/// Rows, records and single answers are told apart, whichever message they are.
#[test]
fn answers_say_what_they_are() {
    let says = |name: &str, filter: fn(&Item) -> bool, form: fn(&str) -> bool| {
        let capture = capture(name);
        let mut seen = 0;
        for frame in &capture.frames {
            if !frame.has("aerospike.response") {
                continue;
            }
            for item in frame
                .aerospike()
                .filter(|item| item.name == "aerospike.msg" && filter(item))
            {
                let label = item.showname.strip_prefix("Aerospike Message Protocol, ");
                let label = label.unwrap_or_else(|| panic!("{}", item.showname));
                assert!(form(label), "{name} frame {}: {label}", frame.number);
                seen += 1;
            }
        }
        assert!(seen > 3, "{name}: {seen}");
    };
    let last = |item: &Item| item.is_set("aerospike.msg.info3.last");
    says(
        "batch-all",
        |item| item.has("aerospike.batch.index"),
        |label| label.starts_with("row "),
    );
    says("batch-all", last, |label| label == "last, OK");
    says(
        "scan-basic",
        |item| item.int_of("aerospike.msg.n_fields") > Some(0),
        |label| label.starts_with("record test."),
    );
    says(
        "kv-policies-errors",
        |item| !item.has("aerospike.batch.index"),
        |label| label.contains(", ") && label.contains(" test."),
    );
    // The row's index is not shown as a timeout, too.
    for frame in capture("batch-all")
        .frames
        .iter()
        .filter(|frame| frame.has("aerospike.response"))
    {
        for message in frame.aerospike().filter(|item| item.has("aerospike.batch.index")) {
            for ttl in message.all("aerospike.msg.transaction_ttl") {
                assert!(ttl.hidden, "{}", message.outline());
            }
        }
    }
}
