//! What answers say of their requests.

use std::collections::HashMap;

use crate::common::fields::{columns, frames_with};

const NAMES: [&str; 6] = [
    "aerospike.operation",
    "aerospike.namespace",
    "aerospike.set",
    "aerospike.digest",
    "aerospike.partition",
    "aerospike.key",
];

/// Requests on one record say the same as their answers.
#[test]
fn an_answer_says_what_its_request_said() {
    for capture in [
        "kv-basic",
        "kv-all-types",
        "kv-policies-errors",
        "keys-send-key-types",
    ] {
        for pass in [&[][..], &["-2"]] {
            let single = "aerospike.msg.n_fields && !aerospike.batch && !aerospike.trid";
            let names = [&["frame.number"], &NAMES[..]].concat();
            let filter = format!("aerospike.request && {single}");
            let rows = columns(capture, pass, &filter, &names);
            let asked: HashMap<String, _> = rows.into_iter().map(|row| (row[0][0].clone(), row)).collect();
            let names = [&["aerospike.request_in"], &NAMES[..]].concat();
            let mut compared = 0;
            for row in columns(capture, pass, "aerospike.request_in && aerospike.msg", &names) {
                let Some(request) = asked.get(&row[0][0]) else {
                    continue;
                };
                assert_eq!(row[1..], request[1..], "{capture}: request {}", row[0][0]);
                compared += 1;
            }
            assert!(compared > 10, "{capture}: {compared}");
        }
    }
}

/// Nothing of it where the preference says so.
#[test]
fn by_preference_an_answer_says_nothing_of_its_request() {
    for capture in ["kv-basic", "batch-all"] {
        let off = ["-o", "aerospike.context_on_answers:FALSE"];
        let generated = "aerospike.response && aerospike.msg && (aerospike.operation || aerospike.namespace || aerospike.digest)";
        assert!(columns(capture, &off, generated, &["frame.number"]).is_empty());
        assert!(!columns(capture, &[], generated, &["frame.number"]).is_empty());
        let asked = columns(capture, &off, "aerospike.operation", &["frame.number"]);
        assert_eq!(
            columns(
                capture,
                &[],
                "aerospike.request && aerospike.operation",
                &["frame.number"]
            ),
            asked
        );
    }
}

/// The questions of every day, each by one filter, in one pass and in two.
#[test]
fn one_filter_has_operation_record_result_and_time() {
    let questions = [
        (
            "kv-policies-errors",
            r#"aerospike.operation == "write" && aerospike.result == "GENERATION""#,
        ),
        (
            "kv-all-types",
            r#"aerospike.operation == "write" && aerospike.response_time > 0.00005"#,
        ),
        (
            "batch-all",
            r#"aerospike.digest == c8001cf840fa01fb64ffd28c852370710574bf19 && aerospike.result == "NOT_FOUND""#,
        ),
        ("batch-all", r#"aerospike.key == "b0" && aerospike.response_time"#),
        (
            "kv-basic",
            r#"aerospike.set == "demo" && aerospike.response_time > 0.00003"#,
        ),
        ("batch-all", "aerospike.digest contains c8:00:1c:f8"),
    ];
    for (capture, question) in questions {
        let seen = frames_with(capture, &[], question);
        assert!(!seen.is_empty(), "{capture}: {question}");
        assert_eq!(
            frames_with(capture, &["-2"], question),
            seen,
            "{capture}: {question}"
        );
        let all = columns(capture, &[], "aerospike", &["frame.number"]).len();
        assert!(seen.len() < all, "{capture}: {question} finds everything");
    }
}

/// Said of answers whose request the capture does not hold, and of no other: not where packets are out of order.
#[test]
fn an_answer_without_a_request_says_so() {
    let missing = "aerospike.request_missing";
    for capture in ["midstream-kv", "oneway-server-to-client-kv-all-types"] {
        for pass in [&[][..], &["-2"]] {
            let found = columns(capture, pass, missing, &["frame.number", "aerospike.request_in"]);
            assert!(!found.is_empty(), "{capture}");
            assert!(found.iter().all(|row| row[1].is_empty()), "{capture}");
        }
    }
    for capture in [
        "kv-all-types",
        "batch-all",
        "pipelined-one-segment",
        "client-nodejs",
        "compressed-both-ways",
        "security-auth-ce",
        "reordered-kv-all-types",
        "duplicated-kv-all-types",
    ] {
        for pass in [&[][..], &["-2"]] {
            let found = columns(capture, pass, missing, &["frame.number"]);
            assert!(found.is_empty(), "{capture} {pass:?}: {found:?}");
        }
    }
}
