//! The captures that the old Lua plugin was tested with: everything it showed, and the closing
//! message of a batch, which it lost. What is expected stands in the bytes of these captures,
//! as the protocol reference explains them.

use std::sync::Arc;

use crate::common::captures::LUA_PLUGIN;
use crate::common::exchange::Message;
use crate::common::pdml::{Frame, Item};
use crate::common::{Capture, capture};

fn old(name: &str) -> Arc<Capture> {
    capture(&format!("{LUA_PLUGIN}/{name}"))
}

fn only_message(capture: &Capture) -> Message<'_> {
    match capture.messages()[..] {
        [message] => message,
        ref all => panic!("{}: {} messages", capture.name, all.len()),
    }
}

/// The fields of these names show these texts, among others.
#[track_caller]
fn shows(item: &Item, expected: &[(&str, &str)]) {
    for (name, text) in expected {
        let found: Vec<&str> = item.all(name).map(|i| i.show.as_str()).collect();
        assert!(
            found.contains(text),
            "{name} is {found:?}, not {text}\n{}",
            item.outline()
        );
    }
}

#[track_caller]
fn shows_in_frame(frame: &Frame, expected: &[(&str, &str)]) {
    for (name, text) in expected {
        let found: Vec<&str> = frame.all(name).map(|i| i.show.as_str()).collect();
        assert!(
            found.contains(text),
            "{name} is {found:?}, not {text}\n{}",
            frame.outline()
        );
    }
}

fn digest_of(item: &Item) -> Vec<String> {
    item.all("aerospike.digest")
        .map(|i| i.show.replace(':', ""))
        .collect()
}

#[test]
#[ignore = "of captures beside the project"]
fn info_request() {
    let capture = old("test-info-request");
    let frame = &capture.frames[0];
    assert!(frame.is_request());
    shows_in_frame(
        frame,
        &[
            ("aerospike.version", "2"),
            ("aerospike.type", "1"),
            ("aerospike.size", "43"),
        ],
    );
    let names: Vec<&str> = frame
        .all("aerospike.info.name")
        .map(|i| i.show.as_str())
        .collect();
    assert_eq!(names, ["node", "peers-generation", "partition-generation"]);
    assert!(!frame.has("aerospike.info.value"));
}

#[test]
#[ignore = "of captures beside the project"]
fn info_response() {
    let capture = old("test-info-response");
    let frame = &capture.frames[0];
    assert!(frame.has("aerospike.response") && !frame.is_request());
    let texts = |name| frame.all(name).map(|i| i.show.as_str()).collect::<Vec<_>>();
    assert_eq!(
        texts("aerospike.info.name"),
        ["node", "peers-generation", "partition-generation"]
    );
    assert_eq!(texts("aerospike.info.value"), ["BB9B11300000000", "1", "0"]);
}

const WRITTEN: &str = "f59124986e96ad175b374c9487945bbcad537b74";

#[test]
#[ignore = "of captures beside the project"]
fn write_request() {
    let capture = old("test-msg-write-request");
    let message = only_message(&capture);
    assert!(message.frame.is_request());
    shows_in_frame(
        message.frame,
        &[("aerospike.type", "3"), ("aerospike.size", "106")],
    );
    shows(
        message.item,
        &[
            ("aerospike.msg.header_size", "22"),
            ("aerospike.msg.transaction_ttl", "1000"),
            ("aerospike.msg.n_fields", "3"),
            ("aerospike.msg.n_ops", "2"),
            ("aerospike.namespace", "test"),
            ("aerospike.set", "testset"),
            ("aerospike.partition", "501"),
        ],
    );
    assert!(message.item.is_set("aerospike.msg.info2.write"));
    assert!(!message.item.is_set("aerospike.msg.info1.read"));
    assert_eq!(digest_of(message.item), [WRITTEN]);
    bins(&message, "2", "Shakthi", "37");
}

/// The bins `name` and `age` of one record.
#[track_caller]
fn bins(message: &Message<'_>, op: &str, name: &str, age: &str) {
    let [first, second] = message.ops()[..] else {
        panic!("not two ops\n{}", message.outline())
    };
    shows(
        first,
        &[
            ("aerospike.op.type", op),
            ("aerospike.op.particle_type", "3"),
            ("aerospike.bin.name", "name"),
            ("aerospike.value.string", name),
        ],
    );
    shows(
        second,
        &[
            ("aerospike.op.size", "15"),
            ("aerospike.op.particle_type", "1"),
            ("aerospike.bin.name", "age"),
            ("aerospike.value.integer", age),
        ],
    );
}

#[test]
#[ignore = "of captures beside the project"]
fn write_response() {
    let capture = old("test-msg-write-response");
    let message = only_message(&capture);
    assert!(message.frame.has("aerospike.response"));
    shows(
        message.item,
        &[
            ("aerospike.msg.result_code", "0"),
            ("aerospike.msg.generation", "1"),
        ],
    );
    let void = message
        .item
        .text_of("aerospike.msg.void_time")
        .expect("a void time");
    assert!(void.contains("2017") && void.contains("30"), "void time {void}");
}

/// The capture's name says read: it is a scan of the old kind.
#[test]
#[ignore = "of captures beside the project"]
fn scan_request() {
    let capture = old("test-msg-read-request");
    let message = only_message(&capture);
    shows(
        message.item,
        &[
            ("aerospike.namespace", "test"),
            ("aerospike.set", "testset"),
            ("aerospike.trid", "4771776224120174684"),
        ],
    );
    assert!(message.item.is_set("aerospike.msg.info1.read"));
    let types: Vec<&str> = message
        .item
        .all("aerospike.field.type")
        .map(|i| i.show.as_str())
        .collect();
    assert_eq!(types, ["0", "1", "8", "9", "7"]);
    assert!(
        message
            .item
            .walk()
            .any(|i| i.show == "10000" || i.show == "10.000000000"),
        "socket timeout"
    );
}

#[test]
#[ignore = "of captures beside the project"]
fn scan_response() {
    let capture = old("test-msg-read-response");
    let message = only_message(&capture);
    shows(
        message.item,
        &[("aerospike.namespace", "test"), ("aerospike.set", "testset")],
    );
    assert!(digest_of(message.item).contains(&WRITTEN.to_string()));
    bins(&message, "1", "Shakthi", "37");
}

const ROWS: [(&str, &str, &str); 5] = [
    ("bf6c1d13e7cd10c5bd022d27e7df170c0bccd6e1", "Shakthi", "37"),
    ("c10b2c764e604c439039804ec947fa2b18520d1a", "Adith", "4"),
    ("10fd8f59adf1833152e439a2e03c19efcb12c145", "Vivaan", "1"),
    ("703ca4a03068c57171bc4be1f829fcdd604ccdc5", "Shivan", "37"),
    ("423a4a3228ec080077be88d0a0af1649", "Timo", "36"),
];

#[test]
#[ignore = "of captures beside the project"]
fn batch_request() {
    let capture = old("test-batch");
    let messages = capture.messages();
    let request = messages.first().expect("a request");
    assert!(request.frame.is_request() && request.item.is_set("aerospike.msg.info1.batch"));
    let rows = request.rows();
    assert_eq!(rows.len(), ROWS.len());
    shows(
        request.item,
        &[("aerospike.batch.count", "5"), ("aerospike.batch.flags", "0x01")],
    );
    for ((index, row), (digest, ..)) in rows.iter().enumerate().zip(ROWS) {
        assert!(
            digest_of(row).iter().any(|d| d.starts_with(digest)),
            "row {index}\n{}",
            row.outline()
        );
        shows(
            row,
            &[
                ("aerospike.batch.index", &index.to_string()),
                ("aerospike.namespace", "test"),
            ],
        );
    }
}

#[test]
#[ignore = "of captures beside the project"]
fn batch_response_with_its_closing_message() {
    let capture = old("test-batch");
    let messages = capture.messages();
    let (_, answers) = messages.split_first().expect("messages");
    let [rows @ .., end] = answers else {
        panic!("no answers")
    };
    assert_eq!(rows.len(), ROWS.len());
    for ((index, row), (digest, name, age)) in rows.iter().enumerate().zip(ROWS) {
        assert!(
            digest_of(row.item).iter().any(|d| d.starts_with(digest)),
            "row {index}\n{}",
            row.outline()
        );
        shows(
            row.item,
            &[
                ("aerospike.batch.index", &index.to_string()),
                ("aerospike.msg.result_code", "0"),
            ],
        );
        bins(row, "1", name, age);
    }
    assert!(
        end.item.is_set("aerospike.msg.info3.last"),
        "no closing message\n{}",
        end.outline()
    );
    assert_eq!(
        end.frame.all("aerospike.type").count(),
        2,
        "the closing message is a message of its own"
    );
}

#[test]
#[ignore = "of captures beside the project"]
fn payload_of_several_segments() {
    for (name, op, size) in [
        ("test-payload-request-greater-than-1500", "2", "34613"),
        ("test-payload-response-greater-than-1500", "1", "34564"),
    ] {
        let capture = old(name);
        let message = only_message(&capture);
        assert_eq!(message.frame.number, 2, "the message ends in the second frame");
        shows_in_frame(message.frame, &[("aerospike.size", size)]);
        let [record] = message.ops()[..] else {
            panic!("{name}: not one op")
        };
        shows(
            record,
            &[("aerospike.op.type", op), ("aerospike.bin.name", "license")],
        );
        let value = record
            .first("aerospike.value.bytes")
            .or_else(|| record.first("aerospike.value.string"));
        let bytes = value.expect("a value").bytes();
        assert!(
            String::from_utf8_lossy(&bytes).contains("GNU AFFERO GENERAL PUBLIC LICENSE"),
            "{name}"
        );
        assert!(bytes.len() > 34_000, "{name}: {} bytes", bytes.len());
    }
}

#[test]
#[ignore = "of captures beside the project"]
fn heartbeat_over_tcp() {
    let capture = old("test-heartbeat-mesh");
    heartbeat(&capture, &["0x0bb92e2d67270008"], "12:51:13.738");
    assert!(says(&capture, "10.0.0.11"), "the endpoint");
}

#[test]
#[ignore = "of captures beside the project"]
fn heartbeat_by_multicast() {
    let capture = old("test-heartbeat-multicast");
    let nodes = ["0x0bb93a83a5270008", "0x0bb98963cc270008", "0x0bb92e2d67270008"];
    heartbeat(&capture, &nodes, "10:29:37.433");
    assert!(
        says(&capture, "10.0.2.15") && says(&capture, "10.0.0.13"),
        "the endpoints"
    );
}

#[track_caller]
fn heartbeat(capture: &Capture, nodes: &[&str], clock: &str) {
    let frame = &capture.frames[0];
    assert!(frame.has("aerospike.heartbeat"), "{}", frame.outline());
    shows_in_frame(frame, &[("aerospike.heartbeat.type", "0")]);
    let shown: Vec<i128> = frame.all("aerospike.node").filter_map(Item::int).collect();
    for node in nodes {
        let wanted = i128::from_str_radix(&node[2..], 16).expect("a number");
        assert!(shown.contains(&wanted), "node {node} not among {shown:x?}");
    }
    assert!(
        says(capture, clock),
        "{clock}: the sender's clock\n{}",
        frame.outline()
    );
    assert!(frame.has("aerospike"), "heartbeats match `aerospike` too");
}

fn says(capture: &Capture, text: &str) -> bool {
    capture.frames[0]
        .walk()
        .any(|item| item.show.contains(text) || item.showname.contains(text))
}
