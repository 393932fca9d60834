//! TCP streams split at every place, and with each segment lost, repeated or swapped with the next: what is shown is
//! right or marked, and the stream is found again by the next message at a segment start.

use std::collections::BTreeMap;

use crate::common::Findings;
use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, buf, hello, msg, uint32};

const SERVER: [u8; 4] = [10, 0, 0, 2];

/// The protocols whose streams are cut into messages by length.
#[derive(Clone, Copy, PartialEq)]
enum Family {
    Client,
    Fabric,
}

const FAMILIES: [Family; 2] = [Family::Client, Family::Fabric];

impl Family {
    const fn port(self) -> u16 {
        match self {
            Family::Client => 3000,
            Family::Fabric => 3001,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Family::Client => "client",
            Family::Fabric => "fabric",
        }
    }

    /// A number of each message, and a text that repeats it: half a message shows neither, a mixture a wrong pair.
    const fn fields(self) -> [&'static str; 2] {
        match self {
            Family::Client => ["aerospike.bin.name", "aerospike.value.string"],
            Family::Fabric => ["aerospike.fabric.tid", "aerospike.digest"],
        }
    }

    fn message(self, number: u32) -> Vec<u8> {
        match self {
            Family::Client => {
                let mut body = vec![22, 0, 1, 0, 0, 0];
                body.extend([0; 12]);
                body.extend([0, 1, 0, 1, 0, 0, 0, 5, 0]);
                body.extend(b"test");
                body.extend([0, 0, 0, 106, 2, 3, 0, 2, b'm', b'0' + number as u8]);
                body.extend([b'0' + number as u8; 100]);
                let mut bytes = vec![2, 3, 0, 0, 0, 0, 0, body.len() as u8];
                bytes.extend(body);
                bytes
            }
            Family::Fabric => {
                let fields = [
                    uint32(0, 8),
                    uint32(3, 0),
                    uint32(10, number),
                    buf(2, b"test"),
                    buf(5, &[number as u8; 20]),
                    // A field that no server sends, for the length.
                    buf(20, &[number as u8; 90]),
                ];
                msg(7, &fields)
            }
        }
    }

    /// What a message shows.
    fn shown(self, number: u32) -> [String; 2] {
        match self {
            Family::Client => [format!("m{number}"), number.to_string().repeat(100)],
            Family::Fabric => [number.to_string(), format!("{number:02x}").repeat(20)],
        }
    }

    fn open(self, made: &mut Maker, connection: usize) -> (Endpoint, Endpoint, u32) {
        let ends = (
            (
                [10, 1, (connection / 20_000) as u8, 1],
                20_000 + (connection % 20_000) as u16,
            ),
            (SERVER, self.port()),
        );
        made.connect(ends.0, ends.1);
        if self == Family::Client {
            return (ends.0, ends.1, 0);
        }
        let hello = hello(0xa1, 0);
        made.send(ends.0, ends.1, &hello);
        (ends.0, ends.1, hello.len() as u32)
    }
}

/// The messages shown of each connection, in the order of the capture.
fn shown(name: &str, options: &[&str], family: Family) -> BTreeMap<usize, Vec<[String; 2]>> {
    let [number, text] = family.fields();
    let rows = columns(name, options, number, &["tcp.stream", number, text]);
    let mut streams: BTreeMap<usize, Vec<[String; 2]>> = BTreeMap::new();
    for row in rows {
        let stream = row[0][0].parse().expect("a number");
        let pairs = row[1].iter().zip(&row[2]).map(|(a, b)| [a.clone(), b.clone()]);
        let list = streams.entry(stream).or_default();
        list.extend(pairs);
        // The last message of a segment may lack its text, where it goes on in the next one.
        for number in row[1].iter().skip(row[2].len()) {
            list.push([number.clone(), String::new()]);
        }
    }
    streams
}

/// Segments with bytes of which nothing is said: neither a message, nor that they are held back, sent again, cut,
/// or without a known beginning.
fn silent(name: &str, options: &[&str], family: Family) -> Vec<String> {
    let marks = "aerospike.expert.continuation || aerospike.expert.malformed || aerospike.expert.invalid_size || \
                 aerospike.expert.unsupported_version || aerospike.expert.unsupported_type || \
                 _ws.unreassembled || _ws.malformed || _ws.short || tcp.segment_data || tcp.reassembled_in || \
                 tcp.continuation_to || \
                 tcp.analysis.retransmission || tcp.analysis.fast_retransmission || \
                 tcp.analysis.spurious_retransmission || tcp.analysis.out_of_order || aerospike.fabric.channel";
    let filter = format!("tcp.len > 0 && !({marks}) && !{}", family.fields()[0]);
    let rows = columns(name, options, &filter, &["frame.number", "tcp.stream"]);
    rows.iter()
        .map(|row| format!("frame {} of stream {}", row[0][0], row[1][0]))
        .collect()
}

const SPLIT: u32 = 3;

fn split_streams(family: Family) -> (Maker, usize) {
    let stream: Vec<u8> = (1..=SPLIT).flat_map(|number| family.message(number)).collect();
    let mut cuts: Vec<Vec<usize>> = (1..stream.len()).map(|at| vec![at]).collect();
    // Three segments, of which the last two begin at one of every eighth place.
    for first in (2..stream.len()).step_by(8) {
        cuts.extend(
            (first + 8..stream.len())
                .step_by(8)
                .map(|second| vec![first, second]),
        );
    }
    // One byte a segment.
    cuts.push((1..stream.len()).collect());
    let mut made = Maker::new();
    for (connection, cuts) in cuts.iter().enumerate() {
        let (from, to, _) = family.open(&mut made, connection);
        let mut start = 0;
        for end in cuts.iter().copied().chain([stream.len()]) {
            made.send(from, to, &stream[start..end]);
            start = end;
        }
    }
    (made, cuts.len())
}

const REASSEMBLED: [&[&str]; 3] = [&[], &["-2"], &["-o", "tcp.reassemble_out_of_order:TRUE"]];
const NOT_REASSEMBLED: [&[&str]; 2] = [
    &["-o", "aerospike.desegment:FALSE"],
    &["-o", "tcp.desegment_tcp_streams:FALSE"],
];

#[test]
fn a_stream_split_anywhere_is_shown_as_a_whole() {
    let mut findings = Findings::default();
    for family in FAMILIES {
        let (made, count) = split_streams(family);
        let name = format!("made-split-{}", family.name());
        host().put(&name, &made.finish());
        let truth: Vec<_> = (1..=SPLIT).map(|number| family.shown(number)).collect();
        for options in REASSEMBLED {
            findings.extend(frames_accused(&name, options));
            let streams = shown(&name, options, family);
            findings.within(&format!("{name} {options:?}"), |findings| {
                for stream in 0..count {
                    let shown = streams.get(&stream);
                    findings.check(shown == Some(&truth), || format!("stream {stream}: {shown:?}"));
                }
                findings.extend(silent(&name, options, family));
            });
        }
        // What is not put together is shown as far as a segment goes, or marked.
        for options in NOT_REASSEMBLED {
            let streams = shown(&name, options, family);
            findings.within(&format!("{name} {options:?}"), |findings| {
                for (stream, shown) in &streams {
                    findings.check(is_part(shown, &truth), || format!("stream {stream}: {shown:?}"));
                }
                findings.extend(silent(&name, options, family));
                findings.extend(frames_accused(&name, options));
            });
        }
    }
    findings.report();
}

/// Whether `shown` is `truth` with some left out; of a message that is not whole the text is.
fn is_part(shown: &[[String; 2]], truth: &[[String; 2]]) -> bool {
    let mut rest = truth.iter();
    let same = |a: &[String; 2], b: &[String; 2]| a[0] == b[0] && (a[1] == b[1] || a[1].is_empty());
    shown.iter().all(|message| rest.any(|other| same(message, other)))
}

/// What is only missing or late is not called wrong.
fn frames_accused(name: &str, options: &[&str]) -> Vec<String> {
    let accusations = "aerospike.expert.unsupported_version || aerospike.expert.unsupported_type || \
                       aerospike.expert.invalid_size || aerospike.expert.malformed || \
                       _ws.malformed && !_ws.malformed.reassembly";
    let rows = columns(name, options, accusations, &["frame.number", "tcp.stream"]);
    let of = |row: &Vec<Vec<String>>| {
        format!(
            "{name} {options:?}: frame {} of stream {} accused",
            row[0][0], row[1][0]
        )
    };
    rows.iter().map(of).collect()
}

/// A fault in a stream of 5 messages of 3 segments each.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lost(usize),
    /// Sent again, so many segments later.
    Repeated(usize, usize),
    Swapped(usize),
}

const MESSAGES: usize = 5;
const PARTS: usize = 3;

fn faults() -> Vec<Fault> {
    let all = MESSAGES * PARTS;
    let mut faults: Vec<Fault> = (0..all).map(Fault::Lost).collect();
    for later in [0, 1, 4] {
        faults.extend((0..all).map(|segment| Fault::Repeated(segment, later)));
    }
    faults.extend((0..all - 1).map(Fault::Swapped));
    faults
}

impl Fault {
    /// The order in which segments are in the capture.
    fn order(self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..MESSAGES * PARTS).collect();
        match self {
            Fault::Lost(segment) => drop(order.remove(segment)),
            Fault::Repeated(segment, later) => order.insert((segment + 1 + later).min(order.len()), segment),
            Fault::Swapped(segment) => order.swap(segment, segment + 1),
        }
        order
    }

    /// The messages that have all their segments in order.
    fn whole(self) -> Vec<usize> {
        let hit: Vec<usize> = match self {
            Fault::Lost(segment) => vec![segment / PARTS],
            Fault::Repeated(..) => vec![],
            Fault::Swapped(segment) => vec![segment / PARTS, (segment + 1) / PARTS],
        };
        (0..MESSAGES).filter(|message| !hit.contains(message)).collect()
    }
}

fn faulty_streams(family: Family) -> Maker {
    let mut segments = Vec::new();
    let mut at = 0;
    for number in 1..=MESSAGES as u32 {
        let message = family.message(number);
        for part in message.chunks(message.len().div_ceil(PARTS)) {
            segments.push((at, part.to_vec()));
            at += part.len() as u32;
        }
    }
    assert_eq!(segments.len(), MESSAGES * PARTS);
    let mut made = Maker::new();
    for (connection, fault) in faults().into_iter().enumerate() {
        let (from, to, start) = family.open(&mut made, connection);
        for segment in fault.order() {
            made.send_at(from, to, start + segments[segment].0, &segments[segment].1);
        }
    }
    made
}

#[test]
fn a_stream_with_a_fault_is_right_or_marked_and_found_again() {
    let mut findings = Findings::default();
    for family in FAMILIES {
        let name = format!("made-faults-{}", family.name());
        host().put(&name, &faulty_streams(family).finish());
        let truth: Vec<_> = (1..=MESSAGES as u32).map(|number| family.shown(number)).collect();
        for options in REASSEMBLED.iter().chain(&NOT_REASSEMBLED) {
            let streams = shown(&name, options, family);
            let reassembles = REASSEMBLED.contains(options);
            // Held back until what is missing has come, which it never does: the stream stops there.
            let waits = options.contains(&"tcp.reassemble_out_of_order:TRUE");
            findings.within(&format!("{name} {options:?}"), |findings| {
                for (stream, fault) in faults().into_iter().enumerate() {
                    let none = Vec::new();
                    let shown = streams.get(&stream).unwrap_or(&none);
                    let right = |message: &[String; 2]| {
                        let half = |whole: &[String; 2]| message[0] == whole[0] && message[1].is_empty();
                        truth.contains(message) || !reassembles && truth.iter().any(half)
                    };
                    findings.check(shown.iter().all(right), || format!("{fault:?}: wrong {shown:?}"));
                    if !reassembles || waits && matches!(fault, Fault::Lost(_)) {
                        continue;
                    }
                    for message in fault.whole() {
                        findings.check(shown.contains(&truth[message]), || {
                            format!("{fault:?}: message {} is not shown: {shown:?}", message + 1)
                        });
                    }
                }
                findings.extend(silent(&name, options, family));
            });
            findings.extend(frames_accused(&name, options));
        }
    }
    findings.report();
}
