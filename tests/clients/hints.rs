//! Hints: what a request has that servers refuse, said where it is, and not where it is right.

use crate::common::fields::{columns, frames_with};
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, proto, store};

const CLIENT: Endpoint = ([10, 0, 0, 9], 41000);
const NODE: Endpoint = ([10, 0, 0, 1], 3000);

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
        frames_with("clients/java-policies", &[], "aerospike.expert.hint"),
        [158]
    );
}

/// An answer to the info command `build`.
fn build(said: &str) -> Vec<u8> {
    proto(1, format!("build\t{said}\n").as_bytes())
}

/// What a server cannot know yet, by the build that it says it is.
#[test]
fn what_is_newer_than_the_server() {
    let list = |call: &[u8]| request([1, 0], &[], &[op(3, CALL, call)]);
    let filter = |expression: &[u8]| request([3, 0], &[field(43, expression)], &[]);
    // list_join(","), which is since 8.2; list_size(); a filter with in_list, since 8.1.2.
    let (join, size) = (list(b"\x92\x1c\xa2\x03,"), list(b"\x91\x10"));
    let in_list = filter(b"\x93\x09\x01\x92\x7e\x91\x01");
    let condition = request([3, 0], &[field(44, b"\0$.i > 3")], &[]);
    for (said, wanted) in [
        (Some("8.1.2.0"), &[true, false, false, true][..]),
        (Some("8.1.1.3"), &[true, false, true, true]),
        (Some("8.2.0.0-rc1"), &[false; 4]),
        (Some("ERROR:4:unrecognized command"), &[false; 4]),
        (None, &[false; 4]),
    ] {
        let name = format!("made-build-{}", said.unwrap_or("none").replace([':', ' '], "-"));
        let mut made = Maker::new();
        made.connect(CLIENT, NODE);
        if let Some(said) = said {
            made.send(CLIENT, NODE, &proto(1, b"build\n"));
            made.send(NODE, CLIENT, &build(said));
        }
        let mut due = Vec::new();
        for (bytes, is_due) in [&join, &size, &in_list, &condition].into_iter().zip(wanted) {
            made.send(CLIENT, NODE, bytes);
            due.extend(is_due.then(|| made.frames()));
            made.send(NODE, CLIENT, &crate::common::make::record_answer(0));
        }
        host().put(&name, &made.finish());
        let filter = "_ws.expert.message contains \"Newer than the server\"";
        for options in [&[][..], &["-2"]] {
            assert_eq!(frames_with(&name, options, filter), due, "{name} {options:?}");
        }
    }
    // In truth: clients of 8.2 against a server of 8.1.2.
    let filter = "_ws.expert.message contains \"Newer than the server\"";
    assert_eq!(frames_with("clients/native-allops", &[], filter), [117, 513, 647]);
    assert!(frames_with("clients/java-sweep", &[], filter).is_empty());
}

/// What is said of info commands and answers.
#[test]
fn info_that_is_not_answered_as_it_should_be() {
    let cases: [(&[u8], Vec<u8>, &str, bool); 8] = [
        (
            b"build\nnode\n",
            b"build\t8.1.2.0\nnode\tA1\n".to_vec(),
            "",
            false,
        ),
        // The second has no line feed.
        (b"build\nnode", b"build\t8.1.2.0\n".to_vec(), "info_ignored", true),
        // One line for two commands.
        (
            b"build\nnode\n",
            b"build\t8.1.2.0\n".to_vec(),
            "info_ignored",
            false,
        ),
        // An error of the request as a whole is no missing line.
        (
            b"build\nnode\n",
            b"ERROR:80:not authenticated\n".to_vec(),
            "",
            false,
        ),
        (b"replicas\n", b"replicas\ttest:0,1,AAAA;\n".to_vec(), "", false),
        (b"replicas\n", b"replicas\t\n".to_vec(), "info_replicas", false),
        (
            b"replicas\n",
            b"replicas\t:0,1,AAAA;\n".to_vec(),
            "info_replicas",
            false,
        ),
        (
            b"sets\n",
            [&b"sets\t"[..], &[b'x'; 512 << 10], b"\n"].concat(),
            "info_limit",
            false,
        ),
    ];
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    let mut wanted = Vec::new();
    for (asked, answered, expert, is_request) in &cases {
        made.send(CLIENT, NODE, &proto(1, asked));
        let request = made.frames();
        made.send(NODE, CLIENT, &proto(1, answered));
        wanted.push((if *is_request { request } else { made.frames() }, *expert));
    }
    host().put("made-info-notes", &made.finish());
    for expert in ["info_ignored", "info_replicas", "info_limit"] {
        let due: Vec<u32> = wanted
            .iter()
            .filter(|(_, name)| *name == expert)
            .map(|(frame, _)| *frame)
            .collect();
        let filter = format!("aerospike.expert.{expert}");
        for options in [&[][..], &["-2"]] {
            assert_eq!(frames_with("made-info-notes", options, &filter), due, "{expert}");
        }
    }
    // What clients really ask gets none of them.
    for name in [
        "info-client-tend",
        "info-many-in-one",
        "clients/java-t-kv",
        "clients/py-kv",
    ] {
        for expert in ["info_ignored", "info_replicas", "info_limit"] {
            let filter = format!("aerospike.expert.{expert}");
            assert!(frames_with(name, &[], &filter).is_empty(), "{name} {expert}");
        }
    }
}

/// The original size of a compressed message is that of the message inside: the server requires it.
#[test]
fn a_compressed_message_of_another_size() {
    let inner = request([3, 0], &[], &[]);
    let wrapped = |original: u64| {
        let mut body = original.to_be_bytes().to_vec();
        body.extend(store(&inner));
        proto(4, &body)
    };
    let size = inner.len() as u64;
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    for original in [size, size + 1, size - 1, size + 100] {
        made.send(CLIENT, NODE, &wrapped(original)); // 4, 6, 8, 10
        made.send(NODE, CLIENT, &crate::common::make::record_answer(0));
    }
    // The right size, little endian, of clients before November 2019.
    let mut old = size.to_le_bytes().to_vec();
    old.extend(store(&inner));
    made.send(CLIENT, NODE, &proto(4, &old)); // 12
    // As many bytes as announced, of a message that says it is longer.
    let mut short = inner.clone();
    short[7] += 1;
    let mut body = size.to_be_bytes().to_vec();
    body.extend(store(&short));
    made.send(CLIENT, NODE, &proto(4, &body)); // 13
    host().put("made-compressed-sizes", &made.finish());
    for options in [&[][..], &["-2"]] {
        let malformed = frames_with("made-compressed-sizes", options, "aerospike.expert.malformed");
        assert_eq!(malformed, [6, 8, 10, 13], "{options:?}");
    }
    for name in ["compressed", "compressed-both-ways"] {
        assert!(
            frames_with(name, &[], "aerospike.expert.malformed").is_empty(),
            "{name}"
        );
    }
}
