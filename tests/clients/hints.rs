//! Hints: what a request has that servers refuse, said where it is, and not where it is right.

use crate::common::fields::{columns, frames_seen};
use crate::common::host::host;
use crate::common::make::{End, Maker, proto};

const CLIENT: End = ([10, 0, 0, 9], 41000);
const NODE: End = ([10, 0, 0, 1], 3000);

/// A request on one record: the bits, fields behind namespace and digest, operations.
fn request(info: [u8; 2], fields: &[Vec<u8>], ops: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![22, info[0], info[1], 0, 0, 0];
    body.extend([0; 8]);
    body.extend(1000u32.to_be_bytes());
    body.extend((fields.len() as u16 + 2).to_be_bytes());
    body.extend((ops.len() as u16).to_be_bytes());
    body.extend(field(0, b"test"));
    body.extend(field(4, &[7; 20]));
    body.extend(fields.iter().flatten().chain(ops.iter().flatten()));
    proto(3, &body)
}

fn field(kind: u8, data: &[u8]) -> Vec<u8> {
    let size = (data.len() as u32 + 1).to_be_bytes();
    [&size[..], &[kind], data].concat()
}

fn op(code: u8, particle: u8, value: &[u8]) -> Vec<u8> {
    let size = (value.len() as u32 + 5).to_be_bytes();
    [&size[..], &[code, particle, 0, 1, b'b'], value].concat()
}

const LIST: u8 = 20;
const MAP: u8 = 19;
const CALL: u8 = 4;

#[test]
fn hints_are_said_where_they_are_due() {
    let write = |particle, value: &[u8]| request([0, 1], &[], &[op(2, particle, value)]);
    let filter = |expression: &[u8]| request([3, 0], &[field(43, expression)], &[]);
    let call = |value: &[u8]| request([0, 1], &[], &[op(4, CALL, value)]);
    let cases: [(&str, Vec<u8>); 13] = [
        ("is ordered, but is not", write(LIST, b"\x93\xc7\x00\x01\x02\x01")),
        ("", write(LIST, b"\x93\xc7\x00\x01\x01\x02")),
        ("", write(LIST, b"\x92\x02\x01")),
        (
            "is ordered, but is not",
            write(MAP, b"\x83\xc7\x00\x01\xc0\xa2\x03b\x01\xa2\x03a\x01"),
        ),
        (
            "no integer, string or blob",
            write(MAP, b"\x81\xcb\x40\x04\0\0\0\0\0\0\x01"),
        ),
        ("", write(MAP, b"\x81\xa2\x03a\x01")),
        ("filter is not boolean", filter(b"\x93\x51\x02\xa1a")),
        ("filter is not boolean", filter(b"\x05")),
        ("", filter(b"\x93\x01\x93\x51\x02\xa1a\x01")),
        ("neither named bins nor all", request([1, 0], &[], &[])),
        ("", request([3, 0], &[], &[])),
        // list_increment(0, 1, 4): NO_FAIL where the order stands; and with an order.
        ("bits that only write flags have", call(b"\x94\x0c\x00\x01\x04")),
        ("", call(b"\x95\x0c\x00\x01\x01\x04")),
    ];
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    let mut wanted = Vec::new();
    for (words, bytes) in &cases {
        made.send(CLIENT, NODE, bytes);
        wanted.push((made.frames(), *words));
    }
    host().put("made-hints", &made.finish());
    let names = ["frame.number", "_ws.expert.message"];
    let said: Vec<(u32, String)> = columns("made-hints", &[], "aerospike.expert.hint", &names)
        .into_iter()
        .map(|row| (row[0][0].parse().expect("a number"), row[1].join(",")))
        .collect();
    for (frame, words) in wanted {
        let found = said
            .iter()
            .find(|(number, _)| *number == frame)
            .map(|(_, text)| text.as_str());
        match (words, found) {
            ("", found) => assert_eq!(found, None, "frame {frame}"),
            (words, Some(text)) => assert!(text.contains(words), "frame {frame}: {text}"),
            (words, None) => panic!("frame {frame}: no {words}"),
        }
    }
}

/// A nested map with keys of every type, which the server answered with UNKNOWN (1): line P52 of its list.
#[test]
fn a_real_map_with_wrong_keys() {
    assert_eq!(
        frames_seen("clients/java-policies", &[], "aerospike.expert.hint"),
        [158]
    );
}
