//! Lengths, counts and depths that no honest peer sends: each is named where it stands, and costs no more than the
//! bytes that are there.

use crate::common::Findings;
use crate::common::fields::{columns, dissector_bug, frame_of_line, frames_with};
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, buf, msg, pulse, store, uint32};

/// An AS_MSG with parts of one's own.
fn message(info1: u8, n_fields: u16, n_ops: u16, content: &[u8]) -> Vec<u8> {
    let mut body = vec![22, info1, 0, 0, 0, 0];
    body.extend([0; 12]);
    body.extend(n_fields.to_be_bytes());
    body.extend(n_ops.to_be_bytes());
    body.extend(content);
    proto(3, body.len() as u64, &body)
}

fn proto(kind: u8, size: u64, body: &[u8]) -> Vec<u8> {
    [&[2, kind], &size.to_be_bytes()[2..], body].concat()
}

fn field(kind: u8, size: u32, data: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], &[kind], data].concat()
}

fn namespace() -> Vec<u8> {
    field(0, 5, b"test")
}

fn op(code: u8, particle: u8, size: u32, value: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], &[code, particle, 0, 1, b'b'], value].concat()
}

/// A read of one bin with a value, the value being whole as far as the operation says.
fn value(code: u8, particle: u8, value: &[u8]) -> Vec<u8> {
    let op = op(code, particle, value.len() as u32 + 5, value);
    message(1, 1, 1, &[namespace(), op].concat())
}

fn filter(expression: &[u8]) -> Vec<u8> {
    let filter = field(43, expression.len() as u32 + 1, expression);
    message(1, 2, 0, &[namespace(), filter].concat())
}

const LIST: u8 = 20;
const BLOB: u8 = 4;

/// What is sent, and the expert item that names it, with some words of its text.
fn cases() -> Vec<(String, Vec<u8>, &'static str, &'static str)> {
    let mut cases = Vec::new();
    let malformed = "aerospike.expert.malformed";
    let mut case = |name: &str, bytes, expert, words| cases.push((name.to_string(), bytes, expert, words));
    for size in [0xffff_fff0u32, 0xffff_fffa, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff] {
        let first = message(1, 1, 0, &field(0, size, b"test"));
        case(
            &format!("first field of {size:#x} bytes"),
            first,
            malformed,
            "field_sz needs",
        );
        let second = message(1, 2, 0, &[namespace(), field(1, size, b"set")].concat());
        case(
            &format!("second field of {size:#x} bytes"),
            second,
            malformed,
            "field_sz needs",
        );
        let op = message(1, 1, 1, &[namespace(), op(1, 0, size, b"")].concat());
        case(
            &format!("operation of {size:#x} bytes"),
            op,
            malformed,
            "op_sz needs",
        );
        let credential = [&[0, 0, 0, 1][..], &[0; 12], &size.to_be_bytes(), &[3, b'x']].concat();
        case(
            &format!("security field of {size:#x} bytes"),
            proto(2, 22, &credential),
            malformed,
            "needs",
        );
        let batch = [&size.to_be_bytes()[..], &[0; 30]].concat();
        let batch = message(9, 1, 0, &field(41, 35, &batch));
        case(&format!("batch of {size:#x} rows"), batch, malformed, "needs");
        for (marker, kind) in [
            (0xdd, "list"),
            (0xdf, "map"),
            (0xdb, "string"),
            (0xc6, "blob"),
            (0xc9, "extension"),
        ] {
            let bytes = [&[marker][..], &size.to_be_bytes(), &[1, 2, 3]].concat();
            case(
                &format!("{kind} of {size:#x}"),
                value(2, LIST, &bytes),
                malformed,
                "needs",
            );
            case(
                &format!("{kind} of {size:#x} in a filter"),
                filter(&bytes),
                malformed,
                "",
            );
        }
    }
    case(
        "65535 fields",
        message(1, 0xffff, 0, &namespace()),
        malformed,
        "needs",
    );
    case(
        "65535 operations",
        message(1, 1, 0xffff, &namespace()),
        malformed,
        "needs",
    );
    for size in [0xffff_ffff_ffffu64, 0x8000_0000_0000, 0xffff_ffff, 0x0800_0001] {
        for kind in 1..=4 {
            let bytes = proto(kind, size, &[22; 30]);
            case(
                &format!("message of {size:#x} bytes"),
                bytes,
                "aerospike.expert.invalid_size",
                "",
            );
        }
    }
    for (name, depth) in [("33", 33), ("10,000", 10_000)] {
        // The protocol has no limit, so it is not called malformed.
        let (deep, beyond) = ("Nested deeper than 32 levels", "aerospike.expert.not_expanded");
        let lists = [vec![0x91; depth], vec![1]].concat();
        case(
            &format!("lists {name} deep"),
            value(2, LIST, &lists),
            beyond,
            deep,
        );
        let maps = [b"\x81\x01".repeat(depth), vec![1]].concat();
        case(&format!("maps {name} deep"), value(2, 19, &maps), beyond, deep);
        let not = [b"\x92\x12".repeat(depth), vec![0xc3]].concat();
        case(&format!("expressions {name} deep"), filter(&not), beyond, deep);
        let context = [b"\x93\xcc\xff\x92\x10\x00".repeat(depth), b"\x91\x10".to_vec()].concat();
        case(
            &format!("calls in contexts {name} deep"),
            value(3, BLOB, &context),
            beyond,
            "",
        );
        let levels = [
            &[0x93, 0xcc, 0xff, 0xdc][..],
            &(2 * depth as u16).to_be_bytes(),
            &b"\x10\x91".repeat(depth),
            &[1],
        ]
        .concat();
        case(
            &format!("context values {name} deep"),
            value(3, BLOB, &levels),
            malformed,
            "",
        );
    }
    let bomb = [&(128u64 << 20).to_be_bytes()[..], b"\x78\x01\x63\x62"].concat();
    case(
        "4 bytes that are 128 MiB",
        proto(4, 12, &bomb),
        malformed,
        "the original size needs",
    );
    cases
}

fn open(made: &mut Maker, number: usize, port: u16) -> (Endpoint, Endpoint) {
    let ends = (([10, 1, 0, 1], 20_000 + number as u16), ([10, 0, 0, 2], port));
    made.connect(ends.0, ends.1);
    ends
}

#[test]
fn each_is_named() {
    let cases = cases();
    let mut made = Maker::new();
    let mut frames = Vec::new();
    for (number, (_, bytes, ..)) in cases.iter().enumerate() {
        let (from, to) = open(&mut made, number, 3000);
        made.send(from, to, bytes);
        frames.push(made.frames());
    }
    host().put("made-limits", &made.finish());
    let mut findings = Findings::default();
    for options in [&[][..], &["-2"]] {
        let names = ["frame.number", "aerospike.detail"];
        let mut by_frame = std::collections::BTreeMap::new();
        for expert in [
            "aerospike.expert.malformed",
            "aerospike.expert.invalid_size",
            "aerospike.expert.not_expanded",
        ] {
            for row in columns("made-limits", options, expert, &names) {
                let frame: u32 = row[0][0].parse().expect("a number");
                by_frame.insert((frame, expert), row[1].join(","));
            }
        }
        for (frame, (name, _, expert, words)) in frames.iter().zip(&cases) {
            let said = by_frame.get(&(*frame, *expert));
            findings.check(said.is_some_and(|said| said.contains(words)), || {
                format!("{name} (frame {frame}): {said:?}")
            });
        }
        let bugs = frames_with("made-limits", options, dissector_bug());
        findings.check(bugs.is_empty(), || format!("frames {bugs:?}"));
    }
    findings.report();
}

/// More items than a frame may have: the rest is counted, and Wireshark's own limit is not reached.
#[test]
fn a_frame_has_a_budget_of_items() {
    let count = 300_000u32;
    let list = [&[0xdd][..], &count.to_be_bytes(), &vec![1; count as usize]].concat();
    let empty_ops = op(1, 0, 5, b"").repeat(60_000);
    let mut made = Maker::new();
    let mut frames = Vec::new();
    for (number, bytes) in [
        value(2, LIST, &list),
        message(1, 1, 60_000, &[namespace(), empty_ops].concat()),
        proto(1, 400_000, &b"a\n".repeat(200_000)),
    ]
    .iter()
    .enumerate()
    {
        let (from, to) = open(&mut made, number, 3000);
        made.send(from, to, bytes);
        frames.push(made.frames());
    }
    let strings = buf(21, &vec![0; 300_000]);
    let (from, to) = open(&mut made, 10, 3001);
    made.send(from, to, &msg(7, &[uint32(0, 8), strings]));
    host().put("made-items", &made.finish());
    let path = host().capture("made-items");
    let args = [
        "--cpu=30",
        "tshark",
        "-n",
        "-r",
        path.to_str().expect("a path in UTF-8"),
    ];
    let options = ["-Y", "aerospike.expert.not_expanded", "-O", "frame"];
    // In so many seconds of a processor, or it is killed.
    let ran = host().run_with(&[], "prlimit", &[&args[..], &options].concat(), "");
    let text = ran.expect_success().text();
    let found: Vec<u32> = text.lines().filter_map(frame_of_line).collect();
    assert_eq!(found, frames);
    let bugs = frames_with("made-items", &[], dissector_bug());
    assert!(bugs.is_empty(), "{bugs:?}");
}

/// A compressed heartbeat may be 1 MiB, and no byte more.
#[test]
fn a_heartbeat_inflates_to_one_mebibyte() {
    const MOST: usize = 1 << 20;
    let mut made = Maker::new();
    let mut frames = Vec::new();
    for (number, size) in [MOST, MOST + 1].into_iter().enumerate() {
        let mut fields = pulse(0xa1, 3001)[6..].to_vec();
        // Of a number that no release has: id, type and length take seven bytes.
        let room = size - 6 - fields.len() - 7;
        fields.extend(buf(60, &vec![0; room]));
        let whole = msg(5, &[fields]);
        assert_eq!(whole.len(), size);
        let (from, to) = open(&mut made, number, 3002);
        made.send(from, to, &msg(5, &[buf(6, &store(&whole))]));
        frames.push(made.frames().to_string());
    }
    host().put("made-mebibyte", &made.finish());
    let names = ["frame.number", "aerospike.heartbeat.type", "aerospike.detail"];
    let rows = columns("made-mebibyte", &[], "aerospike.heartbeat", &names);
    let [whole, beyond] = &rows[..] else {
        panic!("{rows:?}")
    };
    assert_eq!(
        (&whole[0][0], &whole[1][..]),
        (&frames[0], &["0".to_string()][..])
    );
    assert_eq!((&beyond[0][0], beyond[1].len()), (&frames[1], 0), "{beyond:?}");
    assert!(
        beyond[2]
            .iter()
            .any(|said| said.contains("holds more than was announced or is allowed")),
        "{beyond:?}"
    );
}
