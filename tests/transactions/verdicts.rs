//! Each verdict on a request or an answer: where it is due, and next to it where it is not.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{End, Maker, proto, record_answer, record_request};

const CLIENT: [u8; 4] = [10, 0, 0, 9];
const NODE: End = ([10, 0, 0, 1], 3000);
const OTHER_NODE: End = ([10, 0, 0, 2], 3000);
const FIRST: End = (CLIENT, 41000);
const SECOND: End = (CLIENT, 41001);
/// The timeout in the requests of `record_request`, in seconds.
const TIMEOUT: f64 = 1.0;
const NONE: [u32; 0] = [];

/// Frames that have an expert item, on a later pass.
fn judged(name: &str, options: &[&str], verdict: &str) -> Vec<u32> {
    let filter = format!("aerospike.expert.{verdict}");
    let options = [&["-2"], options].concat();
    let rows = columns(name, &options, &filter, &["frame.number"]);
    rows.iter()
        .map(|row| row[0][0].parse().expect("a number"))
        .collect()
}

/// What is said in words of frames with an expert item.
fn words(name: &str, verdict: &str) -> String {
    let filter = format!("aerospike.expert.{verdict}");
    let rows = columns(name, &["-2"], &filter, &["aerospike.detail"]);
    rows.into_iter().flatten().flatten().collect::<Vec<_>>().join(",")
}

fn numbers(rows: Vec<Vec<Vec<String>>>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row.concat()).collect()
}

#[test]
fn an_answer_after_the_requests_own_timeout() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.send(FIRST, NODE, &record_request(1, false)); // 4
    made.wait(TIMEOUT * 0.9);
    made.send(NODE, FIRST, &record_answer(0)); // 5: in time
    made.send(FIRST, NODE, &record_request(2, false)); // 6
    made.wait(TIMEOUT * 1.1);
    made.send(NODE, FIRST, &record_answer(0)); // 7: too late
    host().put("made-timed-out", &made.finish());
    assert_eq!(judged("made-timed-out", &[], "timed_out"), [7]);
    assert_eq!(judged("made-timed-out", &[], "late_answer"), NONE);
    assert!(words("made-timed-out", "timed_out").contains("1000 ms"));
}

#[test]
fn slow_by_the_preference_alone() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    for (digest, seconds) in [(1, 0.004), (2, 0.006)] {
        made.send(FIRST, NODE, &record_request(digest, false)); // 4, 6
        made.wait(seconds);
        made.send(NODE, FIRST, &record_answer(0)); // 5, 7
    }
    host().put("made-slow", &made.finish());
    assert_eq!(judged("made-slow", &[], "slow"), NONE);
    let limit = ["-o", "aerospike.slow_threshold:5"];
    assert_eq!(judged("made-slow", &limit, "slow"), [7]);
}

/// A write, or the same with the operation INCR in its place: 13 bytes of the operation end the message.
fn change(adds: bool) -> Vec<u8> {
    let mut request = record_request(7, true);
    let code = request.len() - 13;
    assert_eq!(request[code], 2, "the operation WRITE");
    if adds {
        request[code] = 5;
    }
    request
}

/// A request that is sent again on another connection to another node while the first is open; both are answered.
fn tried_twice(name: &str, request: &[u8], pause: f64, results: [u8; 2]) {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.connect(SECOND, OTHER_NODE);
    made.send(FIRST, NODE, request); // 7
    made.wait(pause);
    made.send(SECOND, OTHER_NODE, request); // 8
    made.send(OTHER_NODE, SECOND, &record_answer(results[1])); // 9
    made.send(NODE, FIRST, &record_answer(results[0])); // 10
    host().put(name, &made.finish());
}

#[test]
fn a_retry_its_late_answer_and_what_was_done_twice() {
    tried_twice("made-retry", &change(true), 0.5, [0, 0]);
    assert_eq!(judged("made-retry", &[], "retry"), [8]);
    assert_eq!(judged("made-retry", &[], "late_answer"), [10]);
    assert_eq!(judged("made-retry", &[], "duplicate_write"), [10]);
    let fields = ["frame.number", "aerospike.retry_of", "aerospike.retried_in"];
    let filter = "aerospike.retry_of || aerospike.retried_in";
    let rows = numbers(columns("made-retry", &["-2"], filter, &fields));
    assert_eq!(rows, [vec!["7", "8"], vec!["8", "7"]]);
}

#[test]
fn doing_it_twice_counts_where_it_is_not_the_same_as_once() {
    tried_twice("made-retry-put", &change(false), 0.5, [0, 0]);
    assert_eq!(judged("made-retry-put", &[], "retry"), [8]);
    assert_eq!(judged("made-retry-put", &[], "duplicate_write"), NONE);
    // One of the two was refused: KEY_BUSY.
    tried_twice("made-retry-refused", &change(true), 0.5, [14, 0]);
    assert_eq!(judged("made-retry-refused", &[], "late_answer"), [10]);
    assert_eq!(judged("made-retry-refused", &[], "duplicate_write"), NONE);
}

#[test]
fn equal_requests_at_the_same_time_or_after_an_answer_are_no_retry() {
    // Two threads.
    tried_twice("made-no-retry", &change(true), 0.0, [0, 0]);
    for verdict in ["retry", "late_answer", "duplicate_write"] {
        assert_eq!(judged("made-no-retry", &[], verdict), NONE, "{verdict}");
    }
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.connect(SECOND, OTHER_NODE);
    for (from, to) in [(FIRST, NODE), (SECOND, OTHER_NODE)] {
        made.send(from, to, &change(true));
        made.wait(0.5);
        made.send(to, from, &record_answer(0));
    }
    host().put("made-one-after-the-other", &made.finish());
    for verdict in ["retry", "late_answer", "duplicate_write"] {
        assert_eq!(
            judged("made-one-after-the-other", &[], verdict),
            NONE,
            "{verdict}"
        );
    }
}

#[test]
fn no_response_where_the_connection_ended_and_the_capture_is_whole() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.send(FIRST, NODE, &record_request(1, false)); // 4
    made.acknowledge(NODE, FIRST);
    made.wait(2.0);
    made.close(FIRST, NODE);
    made.connect(SECOND, NODE);
    made.send(SECOND, NODE, &record_request(2, false)); // 12: still open at the end
    host().put("made-silent", &made.finish());
    assert_eq!(judged("made-silent", &[], "no_response"), [4]);
    let said = words("made-silent", "no_response");
    assert!(
        said.contains("acknowledged the request") && said.contains("closed by the client"),
        "{said}"
    );
    // Nobody can know at the first reading.
    let rows = columns(
        "made-silent",
        &[],
        "aerospike.expert.no_response",
        &["frame.number"],
    );
    assert!(rows.is_empty(), "{rows:?}");
}

#[test]
fn no_response_is_not_said_across_a_gap() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.send(FIRST, NODE, &record_request(1, false));
    made.lose(NODE, FIRST, record_answer(0).len() as u32);
    made.wait(0.1);
    made.acknowledge(FIRST, NODE);
    made.close(FIRST, NODE);
    host().put("made-lost-answer", &made.finish());
    assert_eq!(judged("made-lost-answer", &[], "no_response"), NONE);
}

#[test]
fn closed_after_what_is_no_header() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.send(FIRST, NODE, b"GET / HTTP/1.1\r\n\r\n"); // 4
    made.refuse(NODE, FIRST);
    made.connect(SECOND, NODE);
    made.send(SECOND, NODE, b"GET / HTTP/1.1\r\n\r\n"); // 9: nothing follows
    host().put("made-closed", &made.finish());
    assert_eq!(judged("made-closed", &[], "unsupported_version"), [4, 9]);
    assert_eq!(judged("made-closed", &[], "closed"), [4]);
}

/// Set "demo" and key "b0" (a string) have one digest only.
#[test]
fn a_digest_that_set_and_key_do_not_give() {
    let rows = columns(
        "batch-all",
        &[],
        "aerospike.key == \"b0\" && aerospike.digest",
        &["aerospike.digest", "aerospike.set"],
    );
    let [digest] = &rows[0][0][..1] else {
        panic!("no digest")
    };
    let right: Vec<u8> = (0..20)
        .map(|at| u8::from_str_radix(&digest[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect();
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    let mut wrong = right.clone();
    wrong[19] ^= 1;
    for digest in [&right, &wrong] {
        let mut body = vec![22, 3, 0, 0, 0, 0];
        body.extend([0; 12]);
        body.extend([0, 4, 0, 0]);
        let set = rows[0][1][0].as_bytes();
        for (kind, data) in [(0, &b"test"[..]), (1, set), (2, b"\x03b0"), (4, digest)] {
            body.extend((data.len() as u32 + 1).to_be_bytes());
            body.push(kind);
            body.extend(data);
        }
        made.send(FIRST, NODE, &proto(3, &body)); // 4, 6
        made.send(NODE, FIRST, &record_answer(0));
    }
    host().put("made-digests", &made.finish());
    assert_eq!(judged("made-digests", &[], "digest_mismatch"), [6]);
}
