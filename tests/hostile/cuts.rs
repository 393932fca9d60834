//! The worked examples of both references, each cut at every place and each byte changed, one message a connection:
//! nothing breaks, and of every cut the frame says that something is missing.

use crate::common::Findings;
use crate::common::fields::{columns, dissector_bug, frames_with};
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker};

#[path = "../../src/wire/examples.rs"]
#[rustfmt::skip]
#[allow(dead_code)]
mod client;
#[path = "../../src/wire/internode/container/samples.rs"]
#[allow(dead_code, unreachable_pub)]
mod between;

struct Example {
    title: String,
    bytes: Vec<u8>,
    port: u16,
    from_server: bool,
    /// A text: it has no structure that a cut contradicts.
    is_text: bool,
}

fn examples() -> Vec<Example> {
    let client = client::CLIENT.iter().map(|(title, bytes)| Example {
        title: (*title).into(),
        bytes: bytes.to_vec(),
        port: 3000,
        from_server: ["response", "reply", "record", "error", "Error"]
            .iter()
            .any(|word| title.contains(word)),
        is_text: bytes[1] == 1,
    });
    let between = between::all()
        .into_iter()
        .enumerate()
        .map(|(number, bytes)| Example {
            title: format!("internode-protocol 12, message {number}"),
            port: if bytes[5] == 5 { 3002 } else { 3001 },
            bytes,
            from_server: false,
            is_text: false,
        });
    client.chain(between).collect()
}

/// Connections in one capture; each has one segment that a test is about.
#[derive(Default)]
struct Connections {
    made: Option<Maker>,
    count: usize,
    /// Frame and words for the segments looked at.
    looked_at: Vec<(u32, String)>,
}

impl Connections {
    fn send(&mut self, example: &Example, bytes: &[u8], missing: usize, words: String) {
        let made = self.made.get_or_insert_with(Maker::new);
        let count = self.count;
        self.count += 1;
        let network = (count / 20_000) as u8;
        let client: Endpoint = ([10, 1, network, 1], 20_000 + (count % 20_000) as u16);
        let server: Endpoint = ([10, 0, 0, 2], example.port);
        made.connect(client, server);
        let (from, to) = if example.from_server {
            (server, client)
        } else {
            (client, server)
        };
        made.send_cut(from, to, bytes, missing);
        self.looked_at.push((made.frames(), words));
        made.close(from, to);
    }

    fn put(self, name: &str) -> Vec<(u32, String)> {
        host().put(name, &self.made.expect("a connection").finish());
        self.looked_at
    }
}

/// The frames that pass a filter.
fn frames(name: &str, options: &[&str], filter: &str) -> Vec<u32> {
    let rows = columns(name, options, filter, &["frame.number"]);
    rows.iter()
        .map(|row| row[0][0].parse().expect("a number"))
        .collect()
}

/// That every frame looked at passes the filter.
fn all_pass(
    findings: &mut Findings,
    name: &str,
    options: &[&str],
    looked_at: &[(u32, String)],
    filter: &str,
) {
    let passed = frames(name, options, filter);
    for (frame, words) in looked_at {
        findings.check(passed.binary_search(frame).is_ok(), || {
            format!("{name} {options:?} frame {frame}: {words}")
        });
    }
}

fn no_bug(findings: &mut Findings, name: &str, options: &[&str]) {
    let bugs = frames_with(name, options, dissector_bug());
    findings.check(bugs.is_empty(), || {
        format!("{name} {options:?}: dissector bugs in frames {bugs:?}")
    });
}

/// The capture holds less of the packet than was sent.
#[test]
fn by_the_capture() {
    let mut all = Connections::default();
    for example in examples() {
        for end in 1..example.bytes.len() {
            let words = format!("{} captured up to {end}", example.title);
            all.send(&example, &example.bytes, example.bytes.len() - end, words);
        }
    }
    let looked_at = all.put("made-captured");
    let mut findings = Findings::default();
    for options in [&[][..], &["-2"], &["-o", "aerospike.desegment:FALSE"]] {
        all_pass(&mut findings, "made-captured", options, &looked_at, "_ws.short");
        // Cutting is no fault of those who sent it.
        let accused = frames(
            "made-captured",
            options,
            "aerospike.expert.malformed || _ws.malformed",
        );
        findings.check(accused.is_empty(), || {
            format!("{options:?}: frames {accused:?} are accused")
        });
    }
    assert!(looked_at.len() > 4000);
    findings.report();
}

/// The sender stopped in the middle of a message.
#[test]
fn by_the_sender() {
    let mut all = Connections::default();
    for example in examples() {
        for end in 1..example.bytes.len() {
            let words = format!("{} sent up to {end}", example.title);
            all.send(&example, &example.bytes[..end], 0, words);
        }
    }
    let looked_at = all.put("made-stopped");
    let mut findings = Findings::default();
    let held = "tcp.segment_data || tcp.reassembled_in";
    let marked = "_ws.unreassembled || aerospike.expert.continuation || _ws.malformed";
    for (options, marks) in [
        (&[][..], held),
        (&["-o", "aerospike.desegment:FALSE"], marked),
        (&["-o", "tcp.desegment_tcp_streams:FALSE"], marked),
    ] {
        let filter = format!("{marks} || tcp.len in {{{}}}", whole_lengths());
        all_pass(&mut findings, "made-stopped", options, &looked_at, &filter);
        let accused = frames("made-stopped", options, "aerospike.expert.malformed");
        findings.check(accused.is_empty(), || {
            format!("{options:?}: frames {accused:?} are accused")
        });
        no_bug(&mut findings, "made-stopped", options);
    }
    findings.report();
}

/// The lengths at which an example with several messages is cut between two.
fn whole_lengths() -> String {
    let mut lengths = vec![];
    for example in examples() {
        let mut at = 0;
        while at < example.bytes.len() {
            at += length(&example, at);
            if at < example.bytes.len() {
                lengths.push(at.to_string());
            }
        }
    }
    lengths.join(",")
}

/// The length of the message at a place of an example.
fn length(example: &Example, at: usize) -> usize {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    match example.port {
        3000 => 8 + number(&example.bytes[at + 2..at + 8]),
        _ => 6 + number(&example.bytes[at..at + 4]),
    }
}

/// The sender made the message too short: its size says what was sent, its counts and lengths say more.
#[test]
fn by_a_size_that_is_too_small() {
    let mut all = Connections::default();
    for example in examples().iter().filter(|example| !example.is_text) {
        let header = if example.port == 3000 { 8 } else { 6 };
        let whole = length(example, 0);
        for end in header + 1..whole {
            let mut bytes = example.bytes[..end].to_vec();
            let size = ((end - header) as u16).to_be_bytes();
            let at = if example.port == 3000 { 6 } else { 2 };
            bytes[at..at + 2].copy_from_slice(&size);
            let boundary = ends(example).contains(&end);
            let words = format!("{} with a size up to {end}", example.title);
            all.send(example, &bytes, 0, if boundary { String::new() } else { words });
        }
    }
    let looked_at = all.put("made-short");
    let mut findings = Findings::default();
    let marks =
        "aerospike.expert.malformed || aerospike.expert.invalid_size || aerospike.expert.unsupported_type";
    let judged: Vec<_> = looked_at
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .collect();
    assert!(judged.len() > 3000);
    all_pass(&mut findings, "made-short", &[], &judged, marks);
    no_bug(&mut findings, "made-short", &[]);
    findings.report();
}

/// Where an end is as good as another: between the messages of one body, between the fields of a message that has no
/// count of them.
fn ends(example: &Example) -> Vec<usize> {
    let bytes = &example.bytes;
    if example.port == 3000 {
        // Each message begins with the size of its header.
        let several =
            ["17.6", "17.8", "17.11"].contains(&example.title.split(' ').next().unwrap_or_default());
        return (31..bytes.len())
            .filter(|at| several && bytes[*at] == 22)
            .collect();
    }
    let mut at = 6;
    let mut ends = vec![];
    while at < length(example, 0) {
        let size = u32::from_be_bytes([bytes[at + 3], bytes[at + 4], bytes[at + 5], bytes[at + 6]]);
        at += match bytes[at + 2] {
            1 => 7,
            3 => 11,
            _ => 7 + size as usize,
        };
        ends.push(at);
    }
    ends
}

/// Each byte with other values: all 255 where `AEROSPIKE_ALL` is set, else the neighbours and the ends.
#[test]
fn no_changed_byte_breaks_anything() {
    let exhaustive = std::env::var_os("AEROSPIKE_ALL").is_some();
    let step = if exhaustive { 1 } else { 51 };
    let mut changes = 0;
    let mut findings = Findings::default();
    for (number, example) in examples().iter().enumerate() {
        let mut all = Connections::default();
        for at in 0..example.bytes.len() {
            for value in (1..=255u8).step_by(step) {
                let mut bytes = example.bytes.clone();
                bytes[at] ^= value;
                all.send(example, &bytes, 0, String::new());
                changes += 1;
            }
        }
        let name = format!("made-changed-{number}");
        all.put(&name);
        for options in [&[][..], &["-V"]] {
            let bugs = {
                let mut args = options.to_vec();
                let filter = format!("{} || !frame", dissector_bug());
                args.extend(["-Y", &filter]);
                let ran = host().on(&name, &args);
                findings.check(ran.success, || format!("{}: {}", ran.how, ran.stderr));
                ran.text()
            };
            findings.check(bugs.is_empty(), || format!("{}: {bugs}", example.title));
        }
    }
    println!("{changes} changes");
    findings.report();
}
