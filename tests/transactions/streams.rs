//! Requests and answers of a capture, put together from TCP's bytes alone, with the plugin off.
//!
//! A connection answers strictly in order, so each complete answer belongs to the oldest request
//! that has none. When an answer is complete follows from the kind of its request.

use std::collections::{BTreeMap, VecDeque};

use crate::common::fields::columns;
use crate::common::ops::from_hex;

/// Ports of the service and admin listeners in the captures.
pub const PORTS: [&str; 4] = ["3000", "3008", "4333", "3003"];

const INFO: u8 = 1;
const SECURITY: u8 = 2;
const MESSAGE: u8 = 3;
const COMPRESSED: u8 = 4;
const HEADER: usize = 8;
const MESSAGE_HEADER: usize = 22;

/// A proto in one direction of a connection.
#[derive(Clone, Debug)]
pub struct Proto {
    pub bytes: Vec<u8>,
    /// The frames that carry bytes of it, the one that completes it last.
    pub frames: Vec<u32>,
    /// The frames of its direction up to its end.
    pub up_to: usize,
    pub direction: (String, bool),
}

impl Proto {
    pub fn frame(&self) -> u32 {
        *self.frames.last().expect("a proto has bytes")
    }
}

/// A request with the protos that answer it.
#[derive(Debug)]
pub struct Exchange {
    pub request: Proto,
    pub answers: Vec<Proto>,
    pub complete: bool,
}

/// What a whole capture holds.
#[derive(Default)]
pub struct Truth {
    pub exchanges: Vec<Exchange>,
    /// Answers that no request precedes: none in a complete capture.
    pub left_over: usize,
    /// The frames with bytes, by connection and whether from the server, in the stream's order.
    pub segments: BTreeMap<(String, bool), Vec<u32>>,
}

struct Segment {
    frame: u32,
    sequence: u32,
    bytes: Vec<u8>,
}

/// The exchanges of a capture in which no byte is missing.
pub fn truth(capture: &str) -> Truth {
    let names = [
        "frame.number",
        "tcp.stream",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.seq_raw",
        "tcp.payload",
    ];
    let options = ["--disable-protocol", "aerospike"];
    let mut directions: BTreeMap<(String, bool), Vec<Segment>> = BTreeMap::new();
    for row in columns(capture, &options, "tcp.len > 0 && !icmp", &names) {
        let cell = |at: usize| row[at].first().map_or("", String::as_str);
        let from_server = PORTS.contains(&cell(2));
        if !from_server && !PORTS.contains(&cell(3)) {
            continue;
        }
        let number = |at: usize| cell(at).parse::<u32>().expect("a number");
        directions
            .entry((cell(1).into(), from_server))
            .or_default()
            .push(Segment {
                frame: number(0),
                sequence: number(4),
                bytes: from_hex(&cell(5).replace(':', "")),
            });
    }
    let mut truth = Truth::default();
    let mut connections: BTreeMap<String, Vec<(bool, Proto)>> = BTreeMap::new();
    for (key, segments) in directions {
        let (protos, frames) = protos(&key, segments);
        connections
            .entry(key.0.clone())
            .or_default()
            .extend(protos.into_iter().map(|proto| (key.1, proto)));
        truth.segments.insert(key, frames);
    }
    for mut protos in connections.into_values() {
        protos.sort_by_key(|(_, proto)| proto.frame());
        pair(protos, &mut truth);
    }
    truth
}

/// The protos of a direction: bytes in the order of the sequence, the first copy of each.
fn protos(direction: &(String, bool), mut segments: Vec<Segment>) -> (Vec<Proto>, Vec<u32>) {
    let Some(base) = segments
        .iter()
        .map(|s| s.sequence)
        .reduce(|a, b| if (b.wrapping_sub(a) as i32) < 0 { b } else { a })
    else {
        return Default::default();
    };
    segments.sort_by_key(|segment| (segment.sequence.wrapping_sub(base), segment.frame));
    let (mut stream, mut ends, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    for segment in segments {
        let at = segment.sequence.wrapping_sub(base) as usize;
        if at > stream.len() {
            break;
        }
        if let Some(fresh) = segment
            .bytes
            .get(stream.len() - at..)
            .filter(|fresh| !fresh.is_empty())
        {
            stream.extend(fresh);
            ends.push(stream.len());
            frames.push(segment.frame);
        }
    }
    let (mut out, mut start) = (Vec::new(), 0);
    while let Some(header) = stream.get(start..start + HEADER) {
        let size = header[2..]
            .iter()
            .fold(0, |size, byte| size << 8 | usize::from(*byte));
        let end = start + HEADER + size;
        if header[0] != 2 || end > stream.len() {
            break;
        }
        let first = ends.partition_point(|segment_end| *segment_end <= start);
        let last = ends.partition_point(|segment_end| *segment_end < end);
        let mut touched = frames[first..=last].to_vec();
        touched.sort_unstable();
        out.push(Proto {
            bytes: stream[start..end].to_vec(),
            frames: touched,
            up_to: last + 1,
            direction: direction.clone(),
        });
        start = end;
    }
    (out, frames)
}

/// What ends the answer to a request.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    One,
    Security,
    Last {
        may_fail_to_start: bool,
    },
    /// What is inside is not looked at: everything up to the next request.
    NextRequest,
}

fn pair(protos: Vec<(bool, Proto)>, truth: &mut Truth) {
    let mut open: VecDeque<(Until, Exchange)> = VecDeque::new();
    for (from_server, proto) in protos {
        if !from_server {
            if open
                .front()
                .is_some_and(|(until, e)| *until == Until::NextRequest && !e.answers.is_empty())
            {
                let (_, mut exchange) = open.pop_front().expect("there is a front");
                exchange.complete = true;
                truth.exchanges.push(exchange);
            }
            let exchange = Exchange {
                request: proto,
                answers: Vec::new(),
                complete: false,
            };
            open.push_back((until(&exchange.request.bytes), exchange));
            continue;
        }
        let Some((until, exchange)) = open.front_mut() else {
            truth.left_over += 1;
            continue;
        };
        if proto.bytes[1] == COMPRESSED && *until != Until::One {
            *until = Until::NextRequest;
        }
        let ends = ends(*until, &proto.bytes, exchange.answers.is_empty());
        exchange.answers.push(proto);
        if ends {
            exchange.complete = true;
            truth
                .exchanges
                .extend(open.pop_front().map(|(_, exchange)| exchange));
        }
    }
    for (until, mut exchange) in open {
        exchange.complete = until == Until::NextRequest && !exchange.answers.is_empty();
        truth.exchanges.push(exchange);
    }
}

fn until(request: &[u8]) -> Until {
    match (request[1], request.get(HEADER..)) {
        (INFO, _) => Until::One,
        (SECURITY, Some([_, _, 9 | 16, ..])) => Until::Security,
        (MESSAGE, Some(body)) if body.len() >= MESSAGE_HEADER => {
            if body[1] & 8 != 0 {
                return Until::Last {
                    may_fail_to_start: false,
                };
            }
            let fields = fields(body);
            let has = |kind: u8| fields.iter().any(|(k, _)| *k == kind);
            let background = body[2] & 1 != 0 || fields.iter().any(|(k, value)| *k == 33 && *value == [2]);
            // A digest names one record; a transaction id, scan options, partitions or a range many.
            if !has(4) && [7, 8, 11, 22].into_iter().any(has) && !background {
                Until::Last {
                    may_fail_to_start: true,
                }
            } else {
                Until::One
            }
        }
        (COMPRESSED, _) => Until::NextRequest,
        _ => Until::One,
    }
}

fn ends(until: Until, answer: &[u8], is_first: bool) -> bool {
    let body = &answer[HEADER..];
    match until {
        Until::One => true,
        Until::Security => body.get(1) != Some(&0),
        Until::NextRequest => false,
        Until::Last { may_fail_to_start } => {
            let failed = may_fail_to_start
                && is_first
                && body.len() == MESSAGE_HEADER
                && body[5] != 0
                && body[3] & 4 == 0;
            failed || has_last(body)
        }
    }
}

/// The end of the parts, each with its size before it, that begin at an offset.
fn skip(body: &[u8], mut at: usize, count: usize) -> usize {
    for _ in 0..count {
        let size = body
            .get(at..at + 4)
            .map_or(0, |s| u32::from_be_bytes([s[0], s[1], s[2], s[3]]));
        at += 4 + size as usize;
    }
    at
}

fn count(message: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([message[at], message[at + 1]]))
}

fn fields(message: &[u8]) -> Vec<(u8, &[u8])> {
    let mut out = Vec::new();
    let mut at = MESSAGE_HEADER;
    for _ in 0..count(message, 18) {
        let end = skip(message, at, 1);
        if let Some([kind, value @ ..]) = message.get(at + 4..end) {
            out.push((*kind, value));
        }
        at = end;
    }
    out
}

/// Whether any message of an answer says that it is the last.
fn has_last(mut body: &[u8]) -> bool {
    while body.len() >= MESSAGE_HEADER {
        if body[3] & 1 != 0 {
            return true;
        }
        let end = skip(body, MESSAGE_HEADER, count(body, 18) + count(body, 20));
        body = body.get(end..).unwrap_or_default();
    }
    false
}
