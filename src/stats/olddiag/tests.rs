//! Sequences that no recording of ours holds.

use super::finding::{Finding, Findings, Kind};
use super::maps::Maps;
use super::nodes::Nodes;
use super::paths::Paths;
use super::results::{Outcome, Results};
use super::segment::{End, Segment, ACK, FIN, MS, RST, SYN};
use super::silence::{Errand, STALL};
use super::tcp::Tcp;
use crate::track::fabric::Part;
use crate::track::record::Step;
use crate::wire::client::result_code::ResultCode;
use crate::wire::internode::fabric::links::Class;

const SERVER: [u8; 4] = [10, 0, 0, 1];

fn server() -> End {
    End::new(&SERVER, 3000)
}

fn client(host: u8, port: u16) -> End {
    End::new(&[10, 0, 0, host], port)
}

/// A capture as it grows; times in milliseconds.
#[derive(Default)]
struct Wire {
    tcp: Tcp,
    findings: Findings,
    frame: u32,
}

impl Wire {
    fn send(&mut self, at: i64, from: End, to: End, flags: u16, numbers: (u32, u32, u32), window: u32) {
        self.frame += 1;
        let (seq, ack, length) = numbers;
        let time = 1_000_000 * MS + at * MS;
        let segment = Segment {
            time,
            frame: self.frame,
            from,
            to,
            flags,
            seq,
            ack,
            length,
            window,
        };
        self.tcp.segment(&segment, &mut self.findings);
    }

    fn to(&mut self, at: i64, client: End, flags: u16, numbers: (u32, u32, u32)) {
        self.send(at, client, server(), flags, numbers, 100);
    }

    fn back(&mut self, at: i64, client: End, flags: u16, numbers: (u32, u32, u32)) {
        self.send(at, server(), client, flags, numbers, 100);
    }

    fn open(&mut self, at: i64, client: End) {
        self.to(at, client, SYN, (0, 0, 0));
        self.back(at, client, SYN | ACK, (0, 1, 0));
        self.to(at, client, ACK, (1, 1, 0));
    }

    fn ask(&mut self, at: i64, client: End, seq: u32) {
        self.to(at, client, ACK, (seq, 1, 50));
        let errand = Errand {
            since: 1_000_000 * MS + at * MS,
            frame: self.frame,
            client,
            digest: None,
            is_long: false,
        };
        self.tcp
            .asked((client, server()), errand.since, true, Some(errand));
    }

    /// A request and its answer at once; requests have 50 bytes and answers 30.
    fn call(&mut self, at: i64, client: End, number: u32) {
        self.ask(at, client, 1 + 50 * number);
        self.back(at, client, ACK, (1 + 30 * number, 51 + 50 * number, 30));
        self.to(at, client, ACK, (51 + 50 * number, 31 + 30 * number, 0));
    }

    fn kinds(&self) -> Vec<Kind> {
        self.findings.all().iter().map(|finding| finding.kind).collect()
    }

    fn only(&self, kind: Kind) -> &Finding {
        assert_eq!(self.kinds(), [kind], "{:#?}", self.findings.all());
        &self.findings.all()[0]
    }
}

#[test]
fn a_healthy_pool_has_no_findings() {
    let mut wire = Wire::default();
    for port in 1..100 {
        wire.open(0, client(9, port));
    }
    for at in 0..3000 {
        let who = client(9, 1 + (at % 99) as u16);
        wire.call(at, who, (at / 99) as u32);
    }
    for port in 1..100 {
        wire.to(4000, client(9, port), FIN | ACK, (9999, 999, 0));
    }
    assert_eq!(wire.kinds(), []);
}

#[test]
fn a_server_that_acknowledges_and_is_silent_is_stalled() {
    let mut wire = Wire::default();
    for port in 1..3 {
        wire.open(0, client(9, port));
        wire.call(1, client(9, port), 0);
    }
    for port in 1..3 {
        wire.ask(100, client(9, port), 51);
        wire.back(100, client(9, port), ACK, (31, 101, 0));
    }
    wire.open(300, client(8, 7));
    assert_eq!(wire.kinds(), []);
    wire.open(500, client(8, 8));
    wire.back(900, client(9, 1), ACK, (31, 101, 30));
    wire.back(900, client(9, 2), ACK, (31, 101, 30));
    let found = wire.only(Kind::StalledServer);
    assert_eq!((found.to - found.from, found.count), (800 * MS, 2));
}

#[test]
fn a_dead_host_is_unreachable() {
    let mut wire = Wire::default();
    wire.open(0, client(9, 1));
    wire.call(1, client(9, 1), 0);
    wire.ask(100, client(9, 1), 51);
    for at in [300, 700, 1500] {
        wire.to(at, client(9, 1), ACK, (51, 31, 50));
    }
    for at in [1600, 2600, 4600] {
        wire.to(at, client(9, 2), SYN, (0, 0, 0));
    }
    let found = wire.only(Kind::Unreachable);
    assert_eq!((found.count, found.frame), (5, 7));
}

#[test]
fn a_dead_host_that_only_new_connections_ask_is_unreachable() {
    let mut wire = Wire::default();
    for port in 1..5 {
        wire.to(i64::from(port) * 300, client(9, port), SYN, (0, 0, 0));
    }
    wire.to(3000, client(9, 8), SYN, (0, 0, 0));
    assert_eq!(wire.only(Kind::Unreachable).count, 4);
}

#[test]
fn answers_that_get_lost_are_the_network_s_fault() {
    let mut wire = Wire::default();
    wire.open(0, client(9, 1));
    wire.call(1, client(9, 1), 0);
    wire.ask(100, client(9, 1), 51);
    wire.back(100, client(9, 1), ACK, (31, 101, 30));
    for at in [300, 700, 1500, 3100] {
        wire.back(at, client(9, 1), ACK, (31, 101, 30));
        wire.to(at + 10, client(9, 1), ACK, (51, 31, 50));
    }
    let found = wire.only(Kind::Loss);
    assert_eq!(found.who, "10.0.0.1:3000 to 10.0.0.9");
}

#[test]
fn an_answer_that_does_not_come_from_a_server_that_talks_is_missed() {
    let mut wire = Wire::default();
    wire.open(0, client(9, 1));
    wire.open(0, client(9, 2));
    wire.ask(10, client(9, 1), 1);
    wire.back(10, client(9, 1), ACK, (1, 51, 0));
    for number in 0..30 {
        wire.call(20 + 50 * i64::from(number), client(9, 2), number);
    }
    assert_eq!(wire.only(Kind::Unanswered).count, 1);
}

#[test]
fn a_node_that_refuses_is_named_with_its_count() {
    let mut wire = Wire::default();
    for port in 1..6 {
        wire.to(i64::from(port), client(9, port), SYN, (0, 0, 0));
        wire.back(i64::from(port), client(9, port), RST | ACK, (0, 1, 0));
    }
    let found = wire.only(Kind::Refused);
    assert_eq!(
        (found.count, found.who.as_str(), found.frame),
        (5, "10.0.0.1:3000", 1)
    );
}

#[test]
fn a_server_that_dies_drops_what_is_open() {
    let mut wire = Wire::default();
    wire.open(0, client(9, 1));
    wire.ask(10, client(9, 1), 1);
    wire.back(20, client(9, 1), FIN | ACK, (1, 51, 0));
    assert_eq!(wire.only(Kind::Dropped).count, 1);
}

#[test]
fn a_window_of_zero_is_a_slow_reader_and_no_loss() {
    let mut wire = Wire::default();
    wire.open(0, client(9, 1));
    wire.ask(10, client(9, 1), 1);
    wire.back(11, client(9, 1), ACK, (1, 51, 1000));
    wire.send(12, client(9, 1), server(), ACK, (51, 1001, 0), 0);
    for at in [250, 700, 1500] {
        wire.back(at, client(9, 1), ACK, (1000, 51, 1));
        wire.send(at, client(9, 1), server(), ACK, (51, 1001, 0), 0);
    }
    wire.send(2000, client(9, 1), server(), ACK, (51, 1001, 0), 500);
    let found = wire.only(Kind::SlowReader);
    assert_eq!(
        (found.to - found.from, found.who.as_str()),
        (1988 * MS, "10.0.0.9 from 10.0.0.1:3000")
    );
}

#[test]
fn connections_that_are_never_closed_leak() {
    let mut wire = Wire::default();
    for port in 1..60 {
        wire.open(i64::from(port) * 100, client(9, port));
        wire.call(i64::from(port) * 100, client(9, port), 0);
    }
    assert!(wire.only(Kind::Leak).count > 30);
}

#[test]
fn a_connection_for_each_request_is_churn() {
    let mut wire = Wire::default();
    for port in 1..60 {
        wire.open(i64::from(port) * 100, client(9, port));
        wire.call(i64::from(port) * 100, client(9, port), 0);
        wire.to(i64::from(port) * 100 + 1, client(9, port), FIN | ACK, (51, 31, 0));
    }
    assert!(wire.only(Kind::Churn).count > 50);
}

#[test]
fn an_idle_connection_that_the_server_closed_is_used_again() {
    let mut wire = Wire::default();
    wire.open(0, client(9, 1));
    wire.call(1, client(9, 1), 0);
    wire.back(60_000, client(9, 1), FIN | ACK, (31, 51, 0));
    wire.to(60_000, client(9, 1), ACK, (51, 32, 0));
    assert_eq!(wire.kinds(), []);
    wire.ask(70_000, client(9, 1), 51);
    wire.back(70_000, client(9, 1), RST, (32, 0, 0));
    assert_eq!(wire.only(Kind::IdleClosed).count, 1);
}

#[test]
fn a_full_namespace_refuses_the_writes_of_all() {
    let (mut results, mut maps, mut findings) = (Results::default(), Maps::default(), Findings::default());
    for number in 0..10_u8 {
        let outcome = Outcome {
            time: i64::from(number),
            frame: number.into(),
            client: client(8 + number % 2, 1),
            server: server(),
            namespace: b"test",
            set: b"demo",
            digest: Some([number; 20]),
            key: None,
            operation: "write".into(),
            writes: true,
            result: ResultCode::OUT_OF_SPACE,
        };
        results.outcome(&outcome, &mut maps, &mut findings);
        let ordinary = Outcome {
            result: ResultCode::NOT_FOUND,
            writes: false,
            ..outcome
        };
        results.outcome(&ordinary, &mut maps, &mut findings);
    }
    let [found] = findings.all() else {
        panic!("{:#?}", findings.all())
    };
    assert_eq!((found.kind, found.count), (Kind::RefusedWrites, 10));
    assert_eq!(found.who, "namespace test, 10.0.0.8, 10.0.0.9");
}

#[test]
fn a_replica_that_stands_still_is_named_and_not_its_master() {
    let mut wire = Wire::default();
    let (master, replica) = (End::new(&SERVER, 9), End::new(&[10, 0, 0, 2], 3002));
    let (mut said, mut heard) = (1, 1);
    for port in 1..3 {
        wire.open(0, client(9, port));
    }
    for at in (100..3000).step_by(150) {
        wire.send(at, master, replica, ACK, (said, heard, 10), 100);
        said += 10;
        if at < 1000 {
            wire.send(at, replica, master, ACK, (heard, said, 10), 100);
            heard += 10;
        } else {
            wire.send(at, replica, master, ACK, (heard, said, 0), 100);
        }
        if (1000..1150).contains(&at) {
            for port in 1..3 {
                wire.ask(at, client(9, port), 1);
                wire.back(at, client(9, port), ACK, (1, 51, 0));
            }
        }
    }
    let found = wire.findings.all();
    let stalled: Vec<&str> = found
        .iter()
        .filter(|finding| finding.kind == Kind::StalledServer)
        .map(|finding| finding.who.as_str())
        .collect();
    assert_eq!(stalled, ["10.0.0.2"], "{found:#?}");
    assert!(wire.kinds().contains(&Kind::Unanswered), "{found:#?}");
}

#[test]
fn nodes_that_stop_at_once_are_told_in_the_order_of_their_addresses() {
    let (mut nodes, paths, mut findings) = (Nodes::default(), Paths::default(), Findings::default());
    let node = |host| End::new(&[10, 0, 0, host], 0);
    for (number, host) in (0_u32..).zip([5, 2, 8, 1, 7, 3, 6, 4]) {
        for again in 0..2 {
            let step = Step {
                class: Class::Write,
                part: Part::Request,
                number: number * 2 + again,
                is_awaited: true,
                digest: None,
            };
            nodes.step((node(9), node(host)), &step, (0, 1), &mut findings);
        }
    }
    nodes.tick(2 * STALL, &paths, &mut findings);
    let told: Vec<&str> = findings
        .all()
        .iter()
        .map(|finding| finding.who.as_str())
        .collect();
    let hosts = (1..9).map(|host| format!("10.0.0.{host}"));
    assert_eq!(told, hosts.collect::<Vec<_>>());
}
