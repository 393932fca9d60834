//! Each verdict on a request or an answer: where it is due, and next to it where it is not.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, proto, record_answer, record_request};

const CLIENT: [u8; 4] = [10, 0, 0, 9];
const NODE: Endpoint = ([10, 0, 0, 1], 3000);
const OTHER_NODE: Endpoint = ([10, 0, 0, 2], 3000);
const FIRST: Endpoint = (CLIENT, 41000);
const SECOND: Endpoint = (CLIENT, 41001);
/// The timeout in the requests of `record_request`, in seconds.
const TIMEOUT: f64 = 1.0;
const NONE: [u32; 0] = [];

/// Frames that have an expert item, on a later pass.
fn frames_judged(name: &str, options: &[&str], verdict: &str) -> Vec<u32> {
    let filter = format!("aerospike.expert.{verdict}");
    let options = [&["-2"], options].concat();
    let rows = columns(name, &options, &filter, &["frame.number"]);
    rows.iter()
        .map(|row| row[0][0].parse().expect("a number"))
        .collect()
}

/// A field of each frame with an expert item.
fn figures(name: &str, verdict: &str, field: &str) -> Vec<String> {
    let filter = format!("aerospike.expert.{verdict}");
    numbers(columns(name, &["-2"], &filter, &[field])).concat()
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
    assert_eq!(frames_judged("made-timed-out", &[], "timed_out"), [7]);
    assert_eq!(frames_judged("made-timed-out", &[], "late_answer"), NONE);
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
    assert_eq!(frames_judged("made-slow", &[], "slow"), NONE);
    let limit = ["-o", "aerospike.slow_threshold:5"];
    assert_eq!(frames_judged("made-slow", &limit, "slow"), [7]);
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
    tried_twice("made-retry", &change(true), 1.1, [0, 0]);
    assert_eq!(frames_judged("made-retry", &[], "retry"), [8]);
    assert_eq!(frames_judged("made-retry", &[], "late_answer"), [10]);
    assert_eq!(frames_judged("made-retry", &[], "duplicate_write"), [10]);
    let fields = ["frame.number", "aerospike.retry_of", "aerospike.retried_in"];
    let filter = "aerospike.retry_of || aerospike.retried_in";
    let rows = numbers(columns("made-retry", &["-2"], filter, &fields));
    assert_eq!(rows, [vec!["7", "8"], vec!["8", "7"]]);
}

#[test]
fn doing_it_twice_counts_where_it_is_not_the_same_as_once() {
    tried_twice("made-retry-put", &change(false), 1.1, [0, 0]);
    assert_eq!(frames_judged("made-retry-put", &[], "retry"), [8]);
    assert_eq!(frames_judged("made-retry-put", &[], "duplicate_write"), NONE);
    // One of the two was refused: KEY_BUSY.
    tried_twice("made-retry-refused", &change(true), 1.1, [14, 0]);
    assert_eq!(frames_judged("made-retry-refused", &[], "late_answer"), [10]);
    assert_eq!(frames_judged("made-retry-refused", &[], "duplicate_write"), NONE);
}

#[test]
fn equal_requests_at_the_same_time_or_after_an_answer_are_no_retry() {
    // Two threads, also while the server is slow: nothing says that the client gave the first up.
    for (name, pause) in [("made-no-retry", 0.0), ("made-no-retry-slow", 0.5)] {
        tried_twice(name, &change(true), pause, [0, 0]);
        for verdict in ["retry", "late_answer", "duplicate_write"] {
            assert_eq!(frames_judged(name, &[], verdict), NONE, "{name} {verdict}");
        }
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
            frames_judged("made-one-after-the-other", &[], verdict),
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
    assert_eq!(frames_judged("made-silent", &[], "no_response"), [4]);
    assert_eq!(
        figures("made-silent", "no_response", "aerospike.acknowledged"),
        ["1"]
    );
    assert_eq!(
        figures("made-silent", "no_response", "aerospike.closed_by"),
        ["the client (FIN)"]
    );
    // It allowed a second, and the client closed after two.
    assert_eq!(frames_judged("made-silent", &[], "timed_out"), [4]);
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
    assert_eq!(frames_judged("made-lost-answer", &[], "no_response"), NONE);
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
    assert_eq!(frames_judged("made-closed", &[], "unsupported_version"), [4, 9]);
    assert_eq!(frames_judged("made-closed", &[], "closed"), [4]);
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
    assert_eq!(frames_judged("made-digests", &[], "digest_mismatch"), [6]);
}

/// A client that closes after 80 ms of a request that allows 1000 ms, and gets its answer 15 ms later.
#[test]
fn an_answer_after_the_client_closed_is_the_requests_answer() {
    for (name, is_reset) in [("made-given-up", false), ("made-given-up-reset", true)] {
        let mut made = Maker::new();
        made.connect(FIRST, NODE);
        made.send(FIRST, NODE, &record_request(1, false)); // 4
        made.acknowledge(NODE, FIRST);
        made.wait(0.08);
        if is_reset {
            made.refuse(FIRST, NODE);
        } else {
            made.end(FIRST, NODE);
            made.acknowledge(NODE, FIRST);
        }
        made.wait(0.015);
        made.send(NODE, FIRST, &record_answer(0));
        host().put(name, &made.finish());
        let last = if is_reset { "7" } else { "8" };
        let filter = "aerospike.response_in";
        let links = columns(name, &["-2"], filter, &["frame.number", "aerospike.response_in"]);
        assert_eq!(numbers(links), [["4", last]], "{name}");
        for verdict in ["no_response", "incomplete_answer", "timed_out"] {
            assert_eq!(frames_judged(name, &[], verdict), NONE, "{name} {verdict}");
        }
        let given_up = columns(name, &["-2"], filter, &["aerospike.time.given_up"])
            .concat()
            .concat();
        let seconds: f64 = given_up.concat().parse().expect("seconds");
        assert!((0.014..0.016).contains(&seconds), "{name}: {seconds}");
    }
}

#[test]
fn not_answered_in_time_while_tcp_sends_it_again() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    let request = made.send(FIRST, NODE, &record_request(1, false)); // 4
    for wait in [0.2, 0.4, 0.8] {
        made.wait(wait);
        made.again(request);
    }
    // Another connection shows that the time has passed; its own request still has time.
    made.connect(SECOND, NODE);
    made.send(SECOND, NODE, &record_request(2, false)); // 11
    host().put("made-sent-again", &made.finish());
    assert_eq!(frames_judged("made-sent-again", &[], "timed_out"), [4]);
    assert_eq!(frames_judged("made-sent-again", &[], "no_response"), NONE);
    assert_eq!(figures("made-sent-again", "timed_out", "aerospike.resent"), ["3"]);
    assert_eq!(
        figures("made-sent-again", "timed_out", "aerospike.acknowledged"),
        ["0"]
    );
}

#[test]
fn an_answer_that_began_is_not_called_missing() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.send(FIRST, NODE, &record_request(1, false)); // 4
    let mut answer = proto(3, &[0; 4000]);
    answer[8] = 22;
    made.send(NODE, FIRST, &answer[..1448]);
    made.acknowledge(FIRST, NODE);
    made.refuse(NODE, FIRST);
    host().put("made-broken-off", &made.finish());
    assert_eq!(frames_judged("made-broken-off", &[], "incomplete_answer"), [4]);
    assert_eq!(frames_judged("made-broken-off", &[], "no_response"), NONE);
    let of = |field| figures("made-broken-off", "incomplete_answer", field);
    assert_eq!(of("aerospike.answer.bytes"), ["1448"]);
    assert_eq!(of("aerospike.answer.size"), ["4008"]);
    assert_eq!(of("aerospike.closed_by"), ["the server (RST)"]);
}

#[test]
fn a_request_behind_one_that_is_overdue() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.send(FIRST, NODE, &record_request(1, false)); // 4
    made.wait(TIMEOUT * 1.1);
    made.send(FIRST, NODE, &record_request(2, false)); // 5
    made.send(NODE, FIRST, &record_answer(0));
    made.send(NODE, FIRST, &record_answer(0));
    // One that always has several open.
    made.connect(SECOND, NODE);
    for digest in 3..6 {
        made.send(SECOND, NODE, &record_request(digest, false));
    }
    made.wait(TIMEOUT * 1.1);
    made.send(SECOND, NODE, &record_request(6, false));
    host().put("made-busy", &made.finish());
    assert_eq!(frames_judged("made-busy", &[], "busy_connection"), [5]);
    assert_eq!(
        figures("made-busy", "busy_connection", "aerospike.busy_with"),
        ["4"]
    );
}

#[test]
fn a_copy_is_marked_and_what_is_sent_again_is_not() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    let first = made.send(FIRST, NODE, &record_request(1, false)); // 4
    made.again(first); // 5: at once, a copy
    made.wait(0.3);
    made.again(first); // 6
    made.send(NODE, FIRST, &record_answer(0));
    host().put("made-copies", &made.finish());
    for options in [&[][..], &["-2"][..]] {
        let rows = columns("made-copies", options, "aerospike.duplicate", &["frame.number"]);
        assert_eq!(numbers(rows), [["5"]], "{options:?}");
    }
}

/// A copy may come behind later segments of its connection and of others, and once more.
#[test]
fn a_copy_is_found_behind_others() {
    let mut made = Maker::new();
    made.connect(FIRST, NODE);
    made.connect(SECOND, NODE); // 6
    let first = made.send(FIRST, NODE, &record_request(1, false)); // 7
    for digest in 2..6 {
        made.send(FIRST, NODE, &record_request(digest, false)); // 8, 10, 12, 14
        made.send(SECOND, NODE, &record_request(digest, false)); // 9, 11, 13, 15
    }
    made.again(first); // 16
    made.again(first); // 17
    made.send(FIRST, NODE, &record_request(6, false)); // 18: new
    host().put("made-copies-behind", &made.finish());
    let rows = columns(
        "made-copies-behind",
        &[],
        "aerospike.duplicate",
        &["frame.number"],
    );
    assert_eq!(numbers(rows), [["16"], ["17"]]);
}

/// Long before the timeout: what counts is that the client closed the first connection a moment before.
#[test]
fn a_retry_of_a_client_that_closed_the_first_connection() {
    for (name, pause, retries) in [
        ("made-retry-closed", 0.004, &[9][..]),
        ("made-retry-much-later", 0.2, &NONE[..]),
    ] {
        let mut made = Maker::new();
        made.connect(FIRST, NODE);
        made.connect(SECOND, OTHER_NODE);
        made.send(FIRST, NODE, &change(true)); // 7
        made.wait(0.05);
        made.end(FIRST, NODE); // 8
        made.wait(pause);
        made.send(SECOND, OTHER_NODE, &change(true)); // 9
        made.send(OTHER_NODE, SECOND, &record_answer(0));
        made.send(NODE, FIRST, &record_answer(0)); // 11: applied all the same
        host().put(name, &made.finish());
        assert_eq!(frames_judged(name, &[], "retry"), retries, "{name}");
        let twice: &[u32] = if retries.is_empty() { &[] } else { &[11] };
        assert_eq!(frames_judged(name, &[], "duplicate_write"), twice, "{name}");
    }
}
