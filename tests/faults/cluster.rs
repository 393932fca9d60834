//! A small cluster as a capture: clients with their pools and their news every second, replica writes, heartbeats.

use std::collections::HashMap;

use crate::common::diagnosis::{Line, Tables, tables_of};
use crate::common::host::host;
use crate::common::make::*;

pub const SERVICE: u16 = 3000;
pub const FABRIC: u16 = 3001;
pub const HEARTBEAT: u16 = 3002;

/// How long a healthy server takes.
const SOON: f64 = 0.000_3;

/// A port of a node.
pub const fn node(number: u8, port: u16) -> Endpoint {
    ([10, 0, 0, number], port)
}

pub struct Cluster {
    pub made: Maker,
    next_port: u16,
    /// Connections between nodes, by who asks, who is asked, and the lane.
    fabric: HashMap<(u8, u8, u8), Endpoint>,
    /// What is not in the order of time goes on different connections between the same nodes.
    pub lane: u8,
    tid: u32,
}

impl Cluster {
    pub fn new() -> Cluster {
        let mut made = Maker::new();
        // Something else in the capture, at its first moment.
        made.acknowledge(([10, 0, 0, 200], 5_000), ([10, 0, 0, 201], 22));
        Cluster {
            made,
            next_port: 40_000,
            fabric: HashMap::new(),
            lane: 0,
            tid: 0,
        }
    }

    /// An end of a client that nothing has used.
    pub fn client(&mut self, number: u8) -> Endpoint {
        self.next_port += 1;
        ([10, 0, 0, 100 + number], self.next_port)
    }

    /// A new connection of a client to a node.
    pub fn open(&mut self, client: u8, to: u8, at: f64) -> Endpoint {
        let from = self.client(client);
        self.made.at(at).connect(from, node(to, SERVICE));
        from
    }

    /// A request that the server acknowledges at once, and does not answer yet.
    pub fn ask(&mut self, from: Endpoint, to: u8, at: f64, request: &[u8]) -> Mark {
        let mark = self.made.at(at).send(from, node(to, SERVICE), request);
        self.made.acknowledge(node(to, SERVICE), from);
        mark
    }

    /// An answer, which the client acknowledges.
    pub fn answer(&mut self, to: Endpoint, from: u8, at: f64, answer: &[u8]) -> Mark {
        let mark = self.made.at(at).send(node(from, SERVICE), to, answer);
        self.made.acknowledge(to, node(from, SERVICE));
        mark
    }

    /// A read of a record and its answer.
    pub fn get(&mut self, from: Endpoint, to: u8, at: f64, digest: u8) -> Mark {
        let mark = self
            .made
            .at(at)
            .send(from, node(to, SERVICE), &record_request(digest, false));
        self.answer(from, to, at + SOON, &record_answer(0));
        mark
    }

    /// A round of a client's news.
    pub fn news(&mut self, from: Endpoint, to: u8, at: f64) {
        let request = proto(1, b"node\npeers-generation\npartition-generation\n");
        let answer = format!("node\tA{to}\npeers-generation\t2\npartition-generation\t4096\n");
        self.made.at(at).send(from, node(to, SERVICE), &request);
        self.answer(from, to, at + SOON, &proto(1, answer.as_bytes()));
    }

    /// A client that works on a node's records every 50 ms on two connections, and asks for news every second.
    /// Those connections, the one for news last.
    pub fn works(&mut self, client: u8, to: u8, from: f64, until: f64) -> [Endpoint; 3] {
        let ends = [0.0, 0.001, 0.002].map(|late| self.open(client, to, from + late));
        let phase = f64::from(client) * 0.007 + f64::from(to) * 0.003;
        for (end, pause, late) in [(ends[0], 0.05, 0.01), (ends[1], 0.05, 0.03), (ends[2], 1.0, 0.02)] {
            let mut at = from + phase + late;
            while at < until {
                if pause < 1.0 {
                    self.get(end, to, at, 10 + to);
                } else {
                    self.news(end, to, at);
                }
                at += pause;
            }
        }
        ends
    }

    /// The connection on which a node asks another.
    pub fn fabric(&mut self, from: u8, to: u8, at: f64) -> Endpoint {
        let key = (from, to, self.lane);
        if let Some(end) = self.fabric.get(&key) {
            return *end;
        }
        self.next_port += 1;
        let end = node(from, self.next_port);
        self.fabric.insert(key, end);
        self.made.at((at - 0.001).max(0.0)).connect(end, node(to, FABRIC));
        self.made
            .send(end, node(to, FABRIC), &hello(0xa0 + u64::from(from), 0));
        self.made.acknowledge(node(to, FABRIC), end);
        end
    }

    /// The nodes have found each other.
    pub fn forms(&mut self, nodes: &[u8]) {
        for from in nodes {
            for to in nodes.iter().filter(|to| *to != from) {
                self.fabric(*from, *to, 0.0001 * f64::from(*from));
            }
        }
    }

    /// A node tells another, which acknowledges.
    pub fn tells(&mut self, from: u8, to: u8, at: f64, message: &[u8]) -> Mark {
        let end = self.fabric(from, to, at);
        let mark = self.made.at(at).send(end, node(to, FABRIC), message);
        self.made.acknowledge(node(to, FABRIC), end);
        mark
    }

    /// A replica write, with its number for the answer.
    pub fn replicates(&mut self, from: u8, to: u8, at: f64, digest: u8) -> (Mark, u32) {
        self.tid += 1;
        let tid = self.tid;
        (self.tells(from, to, at, &write(tid, digest, 0)), tid)
    }

    /// A client's write with its replica write, all answered.
    pub fn put(&mut self, from: Endpoint, (master, replica): (u8, u8), at: f64, digest: u8) {
        self.made
            .at(at)
            .send(from, node(master, SERVICE), &record_request(digest, true));
        let (_, tid) = self.replicates(master, replica, at + 0.0001, digest);
        self.tells(replica, master, at + 0.0002, &ack(tid, digest));
        self.answer(from, master, at + SOON, &record_answer(0));
    }

    /// Heartbeats of one node to another, every 150 ms, until each of the two falls silent. The first one after that.
    pub fn beats(&mut self, (a, b): (u8, u8), from: f64, until: (f64, f64)) -> Option<Mark> {
        let mut alone = None;
        self.next_port += 1;
        let (one, other) = (node(a, self.next_port), node(b, HEARTBEAT));
        self.made.at(from).connect(one, other);
        let mut at = from + 0.01;
        while at < until.0.max(until.1) {
            for (sender, receiver, number, last, late) in
                [(one, other, a, until.0, 0.0), (other, one, b, until.1, 0.04)]
            {
                if at + late < last {
                    let pulse = pulse(0xa0 + u64::from(number), FABRIC);
                    let mark = self.made.at(at + late).send(sender, receiver, &pulse);
                    self.made.acknowledge(receiver, sender);
                    if number == a && at + 0.04 >= until.1 {
                        alone.get_or_insert(mark);
                    }
                }
            }
            at += 0.15;
        }
        alone
    }
}

/// A finding: what, who, from, to, how many, the first frame, and words of the details.
pub type Wanted<'a> = (&'a str, &'a str, f64, f64, u32, Mark, &'a [&'a str]);

/// The tables of what was made.
pub fn found(name: &str, made: Maker) -> Tables {
    host().put(name, &made.finish());
    tables_of(name, &[], "")
}

/// The diagnosis of what was made finds these roots; what else it says is an effect of one of them.
pub fn check(name: &str, made: Maker, wanted: &[Wanted<'_>]) {
    let frames: Vec<u32> = wanted.iter().map(|wanted| made.number(wanted.5)).collect();
    let found = found(name, made);
    let mut taken = Vec::new();
    for ((finding, who, from, to, count, _, words), frame) in wanted.iter().zip(frames) {
        let fits = |line: &&Line| {
            line.finding == *finding
                && line.who == *who
                && (line.from - from).abs() < 0.1
                && (line.to - to).abs() < 0.1
                && line.count == *count
                && line.frame == frame
                && words.iter().all(|word| line.details.contains(word))
        };
        let rows: Vec<&Line> = found.findings.iter().filter(fits).collect();
        let [row] = rows[..] else {
            panic!(
                "{name}: {finding}, {who}, {from} to {to}, {count}, frame {frame}, {words:?} in {found:#?}"
            );
        };
        taken.push(row.number);
    }
    for row in &found.findings {
        assert!(
            taken.contains(&row.number) || found.is_effect(row, &taken),
            "{name}: {row:#?} is said, too, and is no effect of {taken:?} in {found:#?}"
        );
    }
}
