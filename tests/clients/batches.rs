//! Batches of clients that write a wrong size into the field of the rows: all rows are there, and a note says it.

use std::collections::BTreeSet;

use crate::common::capture;
use crate::common::fields::frames_with;

/// Requests whose rows are all shown, and answers that are linked to their rows.
fn check(name: &str, missized: &[u32], expected: usize) {
    let shown = capture(name);
    let mut batches = 0;
    for message in shown.messages().iter().filter(|m| m.frame.is_request()) {
        let Some(count) = message.item.int_of("aerospike.batch.count") else {
            continue;
        };
        batches += 1;
        let rows = message.rows();
        assert_eq!(rows.len() as i128, count, "{}", message.outline());
        assert!(
            !message.item.has("aerospike.expert.malformed"),
            "{}",
            message.outline()
        );
        for row in rows {
            assert!(row.has("aerospike.digest"), "{}", message.outline());
        }
    }
    assert!(batches >= expected, "{name}: {batches} batches");
    let noted: BTreeSet<u32> = frames_with(name, &[], "aerospike.expert.batch_size")
        .into_iter()
        .collect();
    for frame in missized {
        assert!(noted.contains(frame), "{name} frame {frame}: {noted:?}");
    }
    // Every row of an answer has the digest of the request's.
    for message in shown.messages().iter().filter(|m| !m.frame.is_request()) {
        if message.item.has("aerospike.batch.index") {
            assert!(message.item.has("aerospike.digest"), "{}", message.outline());
        }
    }
}

#[test]
fn rows_are_read_by_their_count() {
    check("clients/java-policies", &[190], 10);
    check("clients/java53-basic", &[833], 1);
    // Ruby counts the filter in, and in its classic batch read writes no size at all.
    check("clients/ruby-batch_operate", &[85, 288, 433], 30);
}

/// Clients whose sizes are right have no note.
#[test]
fn a_right_size_is_no_note() {
    for name in ["batch-all", "clients/java-t-batch"] {
        assert_eq!(
            frames_with(name, &[], "aerospike.expert.batch_size"),
            [0u32; 0],
            "{name}"
        );
    }
}

/// A server that knows no batch direct any more answers with one message, without LAST.
#[test]
fn a_refused_batch_direct_is_answered() {
    let name = "clients/java33-sweep";
    let requests = frames_with(name, &["-2"], "aerospike.request && aerospike.operation == 2");
    assert_eq!(requests, [80, 84, 87, 89]);
    let linked = frames_with(
        name,
        &["-2"],
        "aerospike.request && aerospike.operation == 2 && aerospike.response_in",
    );
    assert_eq!(linked, requests);
    let silent = frames_with(name, &["-2"], "aerospike.expert.no_response");
    assert_eq!(silent, [0u32; 0]);
    // What follows is its own: the batch after them has its row and its end.
    let shown = capture(name);
    let frame = shown
        .frames
        .iter()
        .find(|frame| frame.number == 84)
        .expect("frame 84");
    let field = frame
        .all("aerospike.field.type")
        .find(|item| item.int() == Some(6))
        .expect("field 6");
    assert!(field.showname.contains("DIGEST_RIPE_ARRAY"), "{}", field.showname);
    assert!(frame.all("aerospike.digest").count() >= 1);
}
