//! A long capture of many clients: what is kept of it, what is said of what is not, and what it costs.

use std::env;
use std::process::Command;

use aerospike::epan::taps::tcp_tap::TcpSegment;
use aerospike::epan::taps::tcp_tap::{ACK, FIN, RST, SYN};
use aerospike::stats::diagnosis::evidence::Evidence;
use aerospike::stats::diagnosis::findings::{FindingKind, Findings, Notice, causes};
use aerospike::stats::diagnosis::log::Log;
use aerospike::stats::diagnosis::rules;
use aerospike::track::client::transactions::RequestKind;
use aerospike::track::record::{Detail, Endpoint, Event, Pulse, Record, RecordContent, Touch};
use aerospike::wire::client::message::request::Request;
use aerospike::wire::client::message::result_code::ResultCode;

use super::common::instructions::{CACHEGRIND, LENGTHS, counted, growth};

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_700_000_000 * SECOND;
const CLIENTS: u32 = 300;
const KEYS: u32 = 100_000;
/// Requests of a connection.
const REQUESTS: u32 = 10;

/// A connection as the taps see it: what it has said, and its ends.
struct Spoken {
    stream: u32,
    client: ([u8; 4], u16),
    server: ([u8; 4], u16),
    /// The next sequence number of the client and of the server.
    next: [u32; 2],
}

struct Traffic {
    log: Log,
    frame: u32,
}

impl Traffic {
    fn segment(&mut self, spoken: &mut Spoken, time: i64, by_client: bool, flags: u8, length: u32) {
        self.frame += 1;
        let (from, to) = if by_client {
            (spoken.client, spoken.server)
        } else {
            (spoken.server, spoken.client)
        };
        let [own, other] = if by_client { [0, 1] } else { [1, 0] };
        let segment = TcpSegment {
            source: (&from.0, from.1),
            destination: (&to.0, to.1),
            frame: self.frame,
            stream: spoken.stream,
            seq: spoken.next[own],
            ack: if flags & ACK == 0 { 0 } else { spoken.next[other] },
            relative: spoken.next[own],
            length,
            window: 65_535,
            flags: flags.into(),
            twice: 0,
            is_cut: false,
            is_copy: false,
            head: &[],
            time,
            start: START,
        };
        self.log.segment(&segment);
        spoken.next[own] += length + u32::from(flags & (SYN | FIN) != 0);
    }

    fn record(&mut self, spoken: &Spoken, time: i64, key: u32, is_answer: bool) {
        let mut digest = [0; 20];
        digest[..4].copy_from_slice(&(key % KEYS).to_le_bytes());
        let touches = [Touch {
            namespace: b"test",
            set: b"demo",
            digest,
            key: None,
            request: Request::GET,
            writes: false,
            result: is_answer.then_some(ResultCode::OK),
            content: RecordContent::default(),
        }];
        let end = spoken.next[usize::from(is_answer)];
        self.log.record(&Record {
            event: if is_answer {
                Event::Answered {
                    is_first: true,
                    is_last: true,
                }
            } else {
                Event::Asked
            },
            what: RequestKind::Message(Request::GET),
            frame: self.frame,
            time,
            client: Endpoint {
                address: &spoken.client.0,
                port: spoken.client.1,
            },
            server: Endpoint {
                address: &spoken.server.0,
                port: spoken.server.1,
            },
            transaction: None,
            timing: None,
            namespace: b"test",
            set: b"demo",
            command: b"",
            results: if is_answer { &[ResultCode::OK] } else { &[] },
            touches: &touches,
            detail: Detail {
                end: Some(end),
                size: 60,
                timeout: 1000,
                fingerprint: u64::from(key % KEYS) + 1,
                ends: is_answer,
                ..Detail::default()
            },
            left_out: 0,
            missing: None,
        });
    }
}

impl Traffic {
    /// A heartbeat of one of two nodes, which gives another key of its cluster each time.
    fn pulse(&mut self, spoken: &Spoken, time: i64, number: u32) {
        let node = number % 2;
        let address = [10, 2, 0, 2 + node as u8];
        let ends = [&address, &spoken.server.0].map(|address| Endpoint { address, port: 3002 });
        self.log.record(&Record {
            event: Event::Internode {
                protocol: "heartbeat",
                kind: "PULSE",
                op: "",
                step: None,
            },
            what: RequestKind::Other,
            frame: self.frame,
            time,
            client: ends[0],
            server: ends[1],
            transaction: None,
            timing: None,
            namespace: b"",
            set: b"",
            command: b"",
            results: &[],
            touches: &[],
            detail: Detail {
                pulse: Some(Pulse {
                    node: 0xa2 + u64::from(node),
                    cluster: None,
                    hears: None,
                    key: 1 + u64::from(number),
                    size: 1,
                    members: None,
                }),
                ..Detail::default()
            },
            left_out: 0,
            missing: None,
        });
    }
}

/// An hour of so many connections of 300 clients to six nodes; all of them closed but those of the last minutes.
fn hour(connections: u32, requests: u32) -> Log {
    let mut traffic = Traffic {
        log: Log::default(),
        frame: 0,
    };
    let mut key = 0_u32;
    let step = 3600 * SECOND / i64::from(connections);
    // Some are open beside each other all the time.
    for group in 0..connections.div_ceil(CLIENTS) {
        let of_group = (connections - group * CLIENTS).min(CLIENTS);
        let begin = START + i64::from(group * CLIENTS) * step;
        let length = step * i64::from(CLIENTS);
        let mut all: Vec<Spoken> = (0..of_group)
            .map(|number| Spoken {
                stream: group * CLIENTS + number,
                client: (
                    [10, 1, (number / 250) as u8, (number % 250) as u8],
                    20_000 + (group % 40_000) as u16,
                ),
                server: ([10, 2, 0, 1 + (number % 6) as u8], 3000),
                next: [1000, 5000],
            })
            .collect();
        for (spoken, late) in all.iter_mut().zip(0_i64..) {
            let at = begin + late * 1000;
            traffic.segment(spoken, at, true, SYN, 0);
            traffic.segment(spoken, at + 100_000, false, SYN | ACK, 0);
            traffic.segment(spoken, at + 100_300, true, ACK, 0);
        }
        for round in 0..requests {
            for (spoken, late) in all.iter_mut().zip(0_i64..) {
                let at = begin + 1_000_000 + i64::from(round) * (length - 10_000_000) / i64::from(requests);
                let at = at + late * 10_000;
                key = key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let key = key >> 8;
                traffic.segment(spoken, at, true, ACK, 82);
                traffic.record(spoken, at, key, false);
                traffic.segment(spoken, at + 200_000, false, ACK, 68);
                traffic.record(spoken, at + 200_000, key, true);
            }
        }
        if (group + 2) * CLIENTS < connections {
            for (spoken, late) in all.iter_mut().zip(0_i64..) {
                let at = begin + length - 5_000_000 + late * 1000;
                traffic.segment(spoken, at, true, FIN | ACK, 0);
                traffic.segment(spoken, at + 100_000, false, FIN | ACK, 0);
                traffic.segment(spoken, at + 100_300, true, ACK, 0);
            }
        }
    }
    traffic.log
}

/// A node that ends, and clients that try to connect to it so many times in the hour that follows, whenever it was; and as
/// many pulses of two nodes that say another thing each time.
fn hour_without_a_node(tries: u32) -> Log {
    let mut traffic = Traffic {
        log: Log::default(),
        frame: 0,
    };
    let at_node = |stream: u32, client: u32| Spoken {
        stream,
        client: (
            [10, 1, (client / 250) as u8, (client % 250) as u8],
            20_000 + (stream % 40_000) as u16,
        ),
        server: ([10, 2, 0, 1], 3000),
        next: [1000, 5000],
    };
    let mut served: Vec<Spoken> = (0..CLIENTS).map(|client| at_node(client, client)).collect();
    for (spoken, late) in served.iter_mut().zip(0_i64..) {
        let at = START + late * 1_000_000;
        traffic.segment(spoken, at, true, SYN, 0);
        traffic.segment(spoken, at + 100_000, false, SYN | ACK, 0);
        traffic.segment(spoken, at + 200_000, true, ACK, 82);
        traffic.record(spoken, at + 200_000, 7, false);
        traffic.segment(spoken, at + 400_000, false, ACK, 68);
        traffic.record(spoken, at + 400_000, 7, true);
    }
    for (spoken, late) in served.iter_mut().zip(0_i64..) {
        traffic.segment(spoken, START + 2 * SECOND + late * 1000, false, FIN | ACK, 0);
    }
    let step = 3600 * SECOND / i64::from(tries);
    for number in 0..tries {
        let mut spoken = at_node(CLIENTS + number, number % CLIENTS);
        let at = START + 3 * SECOND + i64::from(number) * step;
        traffic.segment(&mut spoken, at, true, SYN, 0);
        traffic.segment(&mut spoken, at + 100_000, false, RST | ACK, 0);
        traffic.pulse(&spoken, at, number);
    }
    traffic.log
}

#[test]
fn an_hour_of_tries_at_a_node_that_ended_costs_what_their_number_does() {
    let test = "bounds::an_hour_of_tries_at_a_node_that_ended_costs_what_their_number_does";
    assert_linear(test, 2_500, |tries| {
        let findings = found(&hour_without_a_node(tries));
        let of = |kind| findings.of(kind).map(|row| row.count).collect::<Vec<_>>();
        assert_eq!(of(FindingKind::NodeStopped).len(), 1, "{:#?}", findings.rows);
        assert_eq!(of(FindingKind::Refused), [tries], "{:#?}", findings.rows);
    });
}

fn found(log: &Log) -> Findings {
    let evidence = Evidence::of(log);
    let mut findings = Findings::default();
    rules::run(&evidence, &mut findings);
    causes::arrange(&mut findings);
    findings
}

#[test]
fn an_hour_of_connections_costs_what_their_number_does() {
    let test = "bounds::an_hour_of_connections_costs_what_their_number_does";
    assert_linear(test, 2 * CLIENTS, |connections| {
        let findings = found(&hour(connections, REQUESTS));
        assert!(findings.rows.is_empty(), "{:#?}", findings.rows);
    });
}

/// How many, in a process that is counted.
const COUNT: &str = "AEROSPIKE_TEST_COUNT";

/// How much a doubling may add, over twice what the doubling before added: what is sorted costs a little more than its number
/// says, and Rust's hash tables have a random seed.
const MOST: f64 = 1.1;

/// That `check` costs what its number says, by the instructions of once, twice, four and eight times `count`. A test
/// hands on its own name: for each it runs again, in a process that is counted, where `check` is called.
fn assert_linear(test: &str, count: u32, check: impl Fn(u32)) {
    if let Ok(count) = env::var(COUNT) {
        return check(count.parse().expect("a number"));
    }
    let costs = LENGTHS.map(|times| {
        let ran = Command::new("valgrind")
            .args(CACHEGRIND)
            .arg(env::current_exe().expect("this program"))
            .args(["--exact", test])
            .env(COUNT, (count * times).to_string())
            .output()
            .expect("valgrind, which make test installs");
        let words = String::from_utf8_lossy(&ran.stderr);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}{words}");
        counted(&words)
    });
    let growth = growth(costs);
    println!("{test}: {costs:?}: {growth:?}");
    assert!(growth.iter().all(|more| *more < MOST), "{costs:?}: {growth:?}");
}

#[test]
fn what_is_too_much_is_dropped_from_what_is_closed_and_a_row_says_so() {
    // Some 4.5 million segments and messages, of which 2.5 million are kept at most.
    let log = hour(12_000, 75);
    let all = u64::from(log.connections.iter().map(|one| one.stream).max().expect("one") + 1);
    assert_eq!(all, 12_000);
    let held: usize = log
        .connections
        .iter()
        .map(|one| one.segments.len() + one.messages.len())
        .sum();
    assert!(held <= 2_500_000, "{held} are kept");
    assert!(held >= 1_500_000, "{held} are kept");
    let gone = log
        .connections
        .iter()
        .filter(|one| one.segments.is_empty())
        .count();
    // The oldest of those that are closed; those that are open are whole.
    assert!(gone > 3_000, "{gone}");
    let is_gone = |index: usize| log.connections[index].segments.is_empty();
    assert!((0..gone).all(is_gone), "others are dropped than the oldest");
    for open in &log.connections[11_700..] {
        assert_eq!(open.segments.len(), 3 + 2 * 75, "stream {}", open.stream);
        assert_eq!(open.messages.len(), 2 * 75, "stream {}", open.stream);
    }
    let findings = found(&log);
    let dropped: Vec<_> = findings
        .notes
        .iter()
        .filter(|note| note.notice == Notice::Dropped)
        .collect();
    let [dropped] = dropped[..] else {
        panic!("{:#?}", findings.notes);
    };
    assert_eq!(dropped.count as usize, gone, "{dropped:#?}");
    assert!(findings.rows.is_empty(), "{:#?}", findings.rows);
}
