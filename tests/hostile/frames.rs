//! What a frame and a capture may ask of what is remembered and told: beyond it, the rest is said by its number.

use crate::common::fields::{columns, frames_with};
use crate::common::host::host;
use crate::common::make::{
    ACK, Endpoint, Maker, PUSH, batch_read, deflate, hello, proto, pulse, record_answer, record_request,
    write,
};

const CLIENT: Endpoint = ([10, 0, 0, 1], 40_000);
const SERVER: Endpoint = ([10, 0, 0, 2], 3000);
const NODES: [Endpoint; 2] = [([10, 0, 0, 2], 50_001), ([10, 0, 0, 3], 3001)];

/// Messages of a frame that reports are told of, as docs/reliability.md says it.
const TOLD: usize = 4_900;
const WINDOW: u16 = 0xff00;

fn report(capture: &str, name: &str) -> String {
    host().on(capture, &["-q", "-z", name]).expect_success().text()
}

#[test]
fn messages_that_reports_are_not_told_of_are_a_row_of_each() {
    // An info message without a body asks for everything: 8 bytes.
    let ask = [2, 1, 0, 0, 0, 0, 0, 0];
    for (requests, missing) in [(TOLD, 0), (TOLD + 77, 77)] {
        let mut made = Maker::new();
        made.connect(CLIENT, SERVER);
        made.segment(CLIENT, SERVER, PUSH | ACK, WINDOW, &ask.repeat(requests));
        let capture = format!("told-{requests}");
        host().put(&capture, &made.finish());
        let said = |name, words: &str| {
            let text = report(&capture, name);
            let line = text.lines().find(|line| line.contains(words));
            assert_eq!(line.is_some(), missing > 0, "{name}: {text}");
            let number = |line: &str| {
                line.split(|c: char| !c.is_ascii_digit())
                    .any(|word| word.parse() == Ok(missing))
            };
            assert!(line.is_none_or(number), "{name}: {line:?}");
        };
        said("aerospike,tree", "(beyond 4900 a frame: counted here alone)");
        said("aerospike,hotkeys", "messages, beyond 4900 a frame");
        said("aerospike,latency", "(not counted)");
    }
}

#[test]
fn quoted_messages_of_nodes_are_shown_and_forgotten() {
    let [from, to] = NODES;
    let beat: Endpoint = (from.0, 9918);
    let mut made = Maker::new();
    made.connect(from, to);
    made.send(from, to, &hello(0xa1, 0));
    let replica = made.send(from, to, &write(1, 7, 0));
    let quoted = [
        made.quote(replica),
        // The same once more: nothing is remembered of the first either.
        made.quote(replica),
    ]
    .map(|mark| made.number(mark));
    let heartbeat = made.datagram(beat, (to.0, 9918), &pulse(0xa1, 3001));
    let told = made.quote(heartbeat);
    let told = made.number(told);
    host().put("quoted-nodes", &made.finish());
    let capture = "quoted-nodes";
    let fabric = frames_with(capture, &[], "icmp && aerospike.fabric.tid");
    assert_eq!(fabric, quoted);
    assert_eq!(frames_with(capture, &[], "icmp && aerospike.heartbeat"), [told]);
    // A quote is not the packet once more: no retry, no link, and what it hides is not missed.
    for options in [&[][..], &["-2"]] {
        let linked = columns(
            capture,
            options,
            "icmp && (aerospike.response_in || aerospike.request_in || aerospike.expert.retry)",
            &["frame.number", "_ws.expert.message"],
        );
        assert!(linked.is_empty(), "{options:?}: {linked:?}");
    }
    let text = report(capture, "aerospike,tree");
    for (name, count) in [("fabric", "2"), ("heartbeat", "1")] {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        let counted = line.and_then(|line| line.split_whitespace().nth(1));
        assert_eq!(counted, Some(count), "{name}: {text}");
    }
}

#[test]
fn a_quoted_request_is_not_the_one_that_is_answered() {
    let mut made = Maker::new();
    made.connect(CLIENT, SERVER);
    let asked = made.send(CLIENT, SERVER, &record_request(1, false));
    made.quote(asked);
    let answered = made.send(SERVER, CLIENT, &record_answer(0));
    let (asked, answered) = (made.number(asked), made.number(answered));
    host().put("quoted-request", &made.finish());
    let linked = columns(
        "quoted-request",
        &["-2"],
        "aerospike.request_in",
        &["frame.number", "aerospike.request_in"],
    );
    assert_eq!(linked, [[[answered.to_string()], [asked.to_string()]]]);
}

/// A batch read of that many rows, compressed: the same one again and again.
fn compressed_batch(rows: usize) -> Vec<u8> {
    let inner = proto(3, &batch_read(std::iter::repeat_n((0, [0xab; 20]), rows)));
    let size = (inner.len() as u64).to_be_bytes();
    proto(4, &[&size[..], &deflate(&inner)].concat())
}

/// Bytes that stand for many more: what is kept of a capture is in proportion to its own bytes, and the frame in which
/// that ends says so, once.
#[test]
fn what_is_kept_ends_with_a_word() {
    // As many rows as exhaust what a frame may show, too.
    let request = compressed_batch(100_000);
    let mut made = Maker::new();
    made.connect(CLIENT, SERVER);
    for _ in 0..16 {
        made.send(CLIENT, SERVER, &request);
        made.send(SERVER, CLIENT, &record_answer(0));
    }
    host().put("kept", &made.finish());
    let words = "From here on not all is remembered";
    let filter = "aerospike.expert.not_expanded";
    for options in [&[][..], &["-2"]] {
        let rows = columns("kept", options, filter, &["frame.number", "aerospike.detail"]);
        let said = rows.iter().filter(|row| row[1].join(",").contains(words));
        assert_eq!(said.count(), 1, "{options:?}: {rows:?}");
    }
    let silent = columns("kv-all-types", &[], filter, &["frame.number"]);
    assert!(silent.is_empty(), "{silent:?}");
}
