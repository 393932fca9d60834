//! The named cases: what the links, times and items say of each is what its truth says of it.

use std::fs;

use serde_json::Value;

use crate::common::captures::project;
use crate::common::fields::columns;
use crate::common::host::host;

/// What the truth of a case says of a finding: how many, at least and at most.
fn count(case: &str, finding: &str) -> (usize, usize) {
    let path = project().join(format!("captures/diagnosis/{case}.truth.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let truth: Value = serde_json::from_str(&text).expect("JSON");
    let must = truth["must"].as_array().expect("a list");
    let one = must
        .iter()
        .find(|one| one["finding"] == finding)
        .unwrap_or_else(|| panic!("{case} has no {finding}"));
    let at = |place: usize| one["count"][place].as_u64().expect("a count") as usize;
    (at(0), at(1))
}

/// That many, by the truth.
fn check_count(case: &str, finding: &str, found: usize) {
    let (least, most) = count(case, finding);
    assert!(
        (least..=most).contains(&found),
        "{case}: {found}, not {least} to {most}"
    );
}

/// A field of the frames of a case that pass a filter.
fn values(case: &str, options: &[&str], filter: &str, field: &str) -> Vec<String> {
    let name = format!("diagnosis/{case}");
    let options = [&["-2"], options].concat();
    columns(&name, &options, filter, &[field]).concat().concat()
}

fn frames(case: &str, options: &[&str], filter: &str) -> Vec<String> {
    values(case, options, filter, "frame.number")
}

const ACCUSED: &str =
    "aerospike.expert.no_response || aerospike.expert.incomplete_answer || aerospike.expert.malformed";

#[test]
fn gave_up_then_answer() {
    let case = "gave-up-then-answer";
    let given_up = values(case, &[], "aerospike.request", "aerospike.time.given_up");
    check_count(case, "Client timeouts", given_up.len());
    for time in &given_up {
        let seconds: f64 = time.parse().expect("seconds");
        assert!((0.014..0.016).contains(&seconds), "{seconds}");
    }
    assert!(frames(case, &[], ACCUSED).is_empty());
    // All of the requests are linked.
    assert!(frames(case, &[], "aerospike.request && !aerospike.response_in").is_empty());
}

#[test]
fn reused_while_open() {
    let case = "reused-while-open";
    let busy = frames(case, &[], "aerospike.expert.busy_connection");
    check_count(case, "Request on a busy connection", busy.len());
    // Those that always have several requests open are not accused.
    for name in ["pipelined-one-segment", "perf-sample-30k"] {
        let filter = "aerospike.expert.busy_connection";
        assert!(
            columns(name, &["-2"], filter, &["frame.number"]).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn retransmission_with_new_data() {
    let case = "retransmission-with-new-data";
    assert!(frames(case, &[], ACCUSED).is_empty());
    let hidden = values(case, &[], "aerospike.expert.not_handed_over", "aerospike.detail").join(",");
    assert!(hidden.contains("tcp.no_subdissector_on_error"), "{hidden}");
    // The truth: both writes are answered. The first is linked as long as TCP hides the second.
    assert_eq!(
        values(case, &[], "aerospike.request", "aerospike.response_in").len(),
        1
    );
}

#[test]
fn answers_that_are_none() {
    for case in ["answer-version-0", "info-answer-too-large"] {
        let name = format!("diagnosis/{case}");
        let texts = columns(&name, &["-2"], "aerospike", &["aerospike.detail"])
            .concat()
            .concat();
        let all = texts.join("; ");
        assert!(all.contains("of the server look like"), "{case}: {all}");
        // The server logs nothing of what it sends itself.
        assert!(!all.contains("the server logs"), "{case}: {all}");
        let accused = frames(case, &[], "aerospike.expert.malformed");
        check_count(case, "Bad answer", accused.len());
    }
    let case = "info-answer-too-large";
    // What has begun is not called missing, and is longer than the C client takes.
    assert_eq!(frames(case, &[], "aerospike.expert.incomplete_answer").len(), 1);
    assert!(
        frames(
            case,
            &[],
            "aerospike.expert.no_response && aerospike.answer.bytes"
        )
        .is_empty()
    );
    assert_eq!(frames(case, &[], "aerospike.expert.info_limit").len(), 1);
}

#[test]
fn tls_on_the_clear_port() {
    let (case, port) = ("tls-port-3000", &["-o", "aerospike.tls.port:3000"][..]);
    let severities = values(
        case,
        port,
        "aerospike.expert.unsupported_version",
        "_ws.expert.severity",
    );
    let error = 8_388_608.to_string();
    assert!(!severities.is_empty());
    assert!(!severities.contains(&error), "{severities:?}");
    // Every connection shows its first message, and each answer has its request.
    let streams = |filter: &str| {
        let mut all = values(case, port, filter, "tcp.stream");
        all.dedup();
        all.sort();
        all.dedup();
        all
    };
    let hellos = streams("tls.handshake.type == 1");
    assert_eq!(streams("aerospike.request"), hellos);
    assert!(frames(case, port, "aerospike.response && !aerospike.request_in").is_empty());
    assert!(frames(case, port, ACCUSED).is_empty());
    // The items that the window counts are those of the later passes: no error among them.
    let path = host().capture("diagnosis/tls-port-3000");
    let path = path.to_str().expect("a path in UTF-8");
    let args = [&["-n", "-2", "-r", path, "-q", "-z", "expert,error"], port].concat();
    let said = host().tshark(&args).expect_success().text();
    assert!(!said.contains("Aerospike"), "{said}");
    // A client that nobody answers in TLS keeps its error.
    let filter = "aerospike.expert.unsupported_version && _ws.expert.severity == error";
    let real = columns(
        "scenarios/wrong-protocol-to-3000",
        &["-2"],
        filter,
        &["frame.number"],
    );
    assert!(real.len() >= 3, "{real:?}");
}

#[test]
fn two_threads_that_count() {
    for case in ["counter-two-threads", "java-add-two-threads"] {
        let tried =
            "aerospike.expert.retry || aerospike.expert.duplicate_write || aerospike.expert.late_answer";
        assert!(frames(case, &[], tried).is_empty(), "{case}");
    }
}

#[test]
fn rows_of_a_batch_in_doubt() {
    let case = "batch-write-half-answered";
    let rows = values(case, &[], "aerospike.request", "aerospike.batch.in_doubt");
    check_count(case, "Writes in doubt", rows.len());
    // Those that the client sends again.
    let of = |filter: &str| values(case, &[], filter, "aerospike.digest");
    let doubts = of("aerospike.batch.in_doubt");
    for digest in of("aerospike.batch.count == 3") {
        assert!(
            doubts.iter().filter(|one| **one == digest).count() == 2,
            "{digest}"
        );
    }
    // Batches that are answered leave none.
    assert!(
        columns(
            "batch-all",
            &["-2"],
            "aerospike.batch.in_doubt",
            &["frame.number"]
        )
        .is_empty()
    );
}

#[test]
fn a_scan_that_is_reset() {
    let case = "scan-reset";
    let said = values(
        case,
        &[],
        "aerospike.expert.incomplete_answer",
        "aerospike.detail",
    );
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("the server (RST)"), "{said:?}");
    let (_, _) = count(case, "Scan ended early");
}

#[test]
fn copies_are_marked_and_nothing_else_is() {
    let case = "span-duplicates";
    // Every packet is there twice: of those with data, or an end, one is marked.
    let data = frames(case, &[], "tcp.len > 0 || tcp.flags.fin == 1");
    let copies = frames(case, &[], "aerospike.duplicate");
    assert_eq!(copies.len() * 2, data.len());
    assert!(frames(case, &[], ACCUSED).is_empty());
    // A copy is neither a link nor a time of its own.
    let answered = frames(case, &[], "aerospike.response_in");
    let requests = frames(
        case,
        &[],
        "aerospike.request && !aerospike.duplicate && aerospike.response_in",
    );
    assert_eq!(answered, requests);
    assert!(frames(case, &[], "aerospike.time.retransmission").is_empty());
}

#[test]
fn one_timeout() {
    let case = "one-timeout-quiet";
    let late = frames(
        case,
        &[],
        "aerospike.expert.timed_out || aerospike.expert.no_response",
    );
    check_count(case, "Client timeouts", late.len());
}
