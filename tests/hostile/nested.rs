//! Each grammar that can stand in itself, 10,000 deep, read in every way: it ends, with a word on where.

use crate::common::Findings;
use crate::common::captures;
use crate::common::fields::{columns, dissector_bug, frames_with};
use crate::common::host::host;
use crate::common::make::{Maker, hello, proxy_message, store};

const DEPTH: usize = 10_000;

fn proto(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[2, kind], &(body.len() as u64).to_be_bytes()[2..], body].concat()
}

fn message(info1: u8, fields: &[Vec<u8>], ops: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![22, info1, 0, 0, 0, 0];
    body.extend([0; 12]);
    body.extend((fields.len() as u16).to_be_bytes());
    body.extend((ops.len() as u16).to_be_bytes());
    body.extend(fields.concat());
    body.extend(ops.concat());
    proto(3, &body)
}

fn field(kind: u8, data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32 + 1).to_be_bytes()[..], &[kind], data].concat()
}

fn value(code: u8, particle: u8, value: &[u8]) -> Vec<u8> {
    let size = (value.len() as u32 + 5).to_be_bytes();
    let op = [&size[..], &[code, particle, 0, 1, b'b'], value].concat();
    message(1, &[field(0, b"test")], &[op])
}

fn filter(expression: &[u8]) -> Vec<u8> {
    message(1, &[field(0, b"test"), field(43, expression)], &[])
}

/// What stands before the innermost and what stands behind it, so many times.
fn nest(before: &[u8], inner: &[u8], behind: &[u8]) -> Vec<u8> {
    [before.repeat(DEPTH), inner.to_vec(), behind.repeat(DEPTH)].concat()
}

/// A batch of one row whose only field is a batch of one row, and so on; as many as a field's size can tell in all.
fn batches(depth: usize) -> Vec<u8> {
    let mut data = Vec::new();
    for _ in 0..depth {
        let row = [
            &[0, 0, 0, 1, 0][..],
            &[0; 4],
            &[7; 20],
            &[0, 3],
            &[0, if data.is_empty() { 0 } else { 1 }, 0, 0],
        ]
        .concat();
        let inner = if data.is_empty() {
            field(0, b"test")
        } else {
            field(41, &data)
        };
        data = [row, inner].concat();
    }
    message(9, &[field(41, &data)], &[])
}

fn compress(depth: usize) -> Vec<u8> {
    let mut whole = value(2, 1, &7u64.to_be_bytes());
    for _ in 0..depth {
        let size = (whole.len() as u64).to_be_bytes();
        whole = proto(4, &[&size[..], &store(&whole)].concat());
    }
    whole
}

/// What nests, to which port.
fn grammars() -> Vec<(&'static str, u16, Vec<u8>)> {
    let call = b"\x95\x7f\x04\x00\x92\x10\x00";
    vec![
        ("lists", 3000, value(2, 20, &nest(b"\x91", b"\x07", b""))),
        ("maps", 3000, value(2, 19, &nest(b"\x81\x01", b"\x07", b""))),
        (
            "keys of maps",
            3000,
            value(2, 19, &nest(b"\x81", b"\x07", b"\x01")),
        ),
        ("expressions", 3000, filter(&nest(b"\x92\x12", b"\xc3", b""))),
        (
            "definitions",
            3000,
            filter(&nest(b"\x94\x7d\xa1x", b"\x07", b"\x07")),
        ),
        (
            "calls in expressions",
            3000,
            filter(&nest(call, b"\x93\x51\x04\xa1b", b"")),
        ),
        (
            "expressions in calls",
            3000,
            filter(&nest(b"\x95\x7f\x02\x00\x92\x13", b"\x07", b"\x93\x51\x04\xa1b")),
        ),
        (
            "calls in contexts",
            3000,
            value(3, 4, &nest(b"\x93\xcc\xff\x92\x10\x00", b"\x91\x10", b"")),
        ),
        (
            "values in contexts",
            3000,
            value(
                3,
                4,
                &[
                    &b"\x93\xcc\xff\x92\x22"[..],
                    &nest(b"\x91", b"\x07", b""),
                    b"\x91\x10",
                ]
                .concat(),
            ),
        ),
        (
            "expressions in contexts",
            3000,
            value(
                3,
                4,
                &[
                    &b"\x94\xcc\xfe\x92\x04"[..],
                    &nest(b"\x92\x12", b"\xc3", b""),
                    b"\x00",
                ]
                .concat(),
            ),
        ),
        (
            "arguments of a function",
            3000,
            message(
                1,
                &[field(0, b"test"), field(32, &nest(b"\x91", b"\x07", b""))],
                &[],
            ),
        ),
        (
            "context of an index",
            3000,
            message(
                1,
                &[field(0, b"test"), field(23, &nest(b"\x92\x22", b"\x07", b""))],
                &[],
            ),
        ),
        (
            "predicates",
            3000,
            filter(&nest(
                b"",
                b"\x00\x0a\x00\x00\x00\x08\0\0\0\0\0\0\0\x07",
                b"\x00\x03\x00\x00\x00\x00",
            )),
        ),
        ("batches", 3000, batches(1000)),
        ("compressed messages", 3000, compress(300)),
        ("a list in a compressed message", 3000, {
            let whole = value(2, 20, &nest(b"\x91", b"\x07", b""));
            proto(
                4,
                &[&(whole.len() as u64).to_be_bytes()[..], &store(&whole)].concat(),
            )
        }),
        (
            "a list in a message that is passed on",
            3001,
            proxy_message(2, 9, 7, &value(2, 20, &nest(b"\x91", b"\x07", b""))),
        ),
    ]
}

fn capture() -> Vec<u32> {
    let mut made = Maker::new();
    let mut frames = Vec::new();
    for (number, (_, port, bytes)) in grammars().iter().enumerate() {
        let (from, to) = (([10, 1, 0, 1], 20_000 + number as u16), ([10, 0, 0, 2], *port));
        made.connect(from, to);
        if *port == 3001 {
            // A connection of nodes begins with a hello.
            made.send(from, to, &hello(7, 0));
        }
        made.send(from, to, bytes);
        frames.push(made.frames());
    }
    host().put("made-nested", &made.finish());
    frames
}

#[test]
fn ten_thousand_levels_end_in_every_way() {
    let frames = capture();
    let mut findings = Findings::default();
    let profile = host().scratch_folder("home/wireshark/profiles/Aerospike");
    for entry in std::fs::read_dir(captures::project().join("profile/Aerospike")).expect("the profile") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name");
        std::fs::copy(&path, profile.join(name)).expect("copied");
    }
    let ways: [&[&str]; 7] = [
        &["-V"],
        &["-2", "-V"],
        &["-Y", "aerospike.value.integer == 7"],
        &["-Y", "aerospike.exp.op || aerospike.cdt.op || aerospike.digest"],
        &["-q", "-z", "expert", "-z", "aerospike,hotkeys"],
        &["-C", "Aerospike"],
        &["-C", "Aerospike", "-V"],
    ];
    for way in ways {
        let ran = host().on("made-nested", way);
        findings.check(ran.success, || format!("{}: {}", ran.how, ran.stderr));
        let text = ran.text();
        findings.check(!text.contains("Dissector bug"), || format!("{}: a bug", ran.how));
    }
    let bugs = frames_with("made-nested", &[], dissector_bug());
    findings.check(bugs.is_empty(), || format!("frames {bugs:?}"));
    // Not read here: that reader, too, has a limit of levels.
    let path = host().capture("made-nested");
    let mut input = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"load","params":{{"file":{path:?}}}}}"#);
    for frame in &frames {
        let id = frame + 1000;
        input += &format!(
            "\n{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"frame\",\"params\":{{\"frame\":{frame},\"proto\":true}}}}"
        );
    }
    let ran = host().run("sharkd", &["-"], &(input + "\n"));
    findings.check(ran.success, || format!("{}: {}", ran.how, ran.stderr));
    let trees = ran
        .text()
        .lines()
        .filter(|line| line.contains("\"tree\":"))
        .count();
    findings.check(trees == frames.len(), || {
        format!("{trees} trees of {}", frames.len())
    });
    // What the protocol forbids is malformed, all else is not shown further.
    let forbidden = ["batches", "compressed messages"];
    let flat = ["predicates"];
    let names = ["frame.number", "aerospike.detail"];
    let rows = columns("made-nested", &[], "aerospike", &names);
    for (frame, (name, ..)) in frames.iter().zip(grammars()) {
        let row = rows.iter().find(|row| row[0] == [frame.to_string()]);
        let said = row.map(|row| row[1].join(",")).unwrap_or_default();
        let is_right = if forbidden.contains(&name) {
            said.contains("cannot stand") || said.contains("holds no message")
        } else {
            flat.contains(&name) || said.contains("Nested deeper than 32 levels")
        };
        findings.check(is_right, || format!("{name} (frame {frame}): {said}"));
    }
    findings.report();
}
