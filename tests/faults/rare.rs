//! Faults of which there are few recordings: what comes again and again is one row, and what only looks
//! alike is none.

use crate::cluster::{Cluster, SERVICE, found, node};
use crate::common::diagnosis::{Tables, tables_of};
use crate::common::host::host;
use crate::common::make::*;

/// The same request with another timeout.
pub fn within(milliseconds: u32, mut request: Vec<u8>) -> Vec<u8> {
    request[22..26].copy_from_slice(&milliseconds.to_be_bytes());
    request
}

/// Rows of that name.
pub fn rows_of(found: &Tables, finding: &str) -> usize {
    found.findings.iter().filter(|row| row.finding == finding).count()
}

/// A connection over a way that takes so long there and back, seen at the client.
fn opens_far(cluster: &mut Cluster, at: f64, way: f64) -> Endpoint {
    let end = cluster.client(1);
    cluster.made.at(at).syn(end, node(1, SERVICE));
    cluster
        .made
        .at(at + way)
        .segment(node(1, SERVICE), end, SYN | ACK, 0xff00, &[]);
    cluster.made.acknowledge(end, node(1, SERVICE));
    end
}

#[test]
fn a_limit_of_connections_at_the_end_of_a_long_way() {
    let mut cluster = Cluster::new();
    let way = 0.08;
    let old = opens_far(&mut cluster, 0.1, way);
    for step in 0..60 {
        let at = 0.5 + f64::from(step) * 0.1;
        cluster
            .made
            .at(at)
            .send(old, node(1, SERVICE), &record_request(7, false));
        cluster.answer(old, 1, at + way + 0.0003, &record_answer(0));
    }
    for step in 0..6 {
        let at = 3.0 + f64::from(step) * 0.2;
        let end = opens_far(&mut cluster, at, way);
        cluster
            .made
            .at(at + way + 0.0002)
            .send(end, node(1, SERVICE), &record_request(8, false));
        cluster
            .made
            .at(at + 2.0 * way + 0.0005)
            .refuse(node(1, SERVICE), end);
    }
    let found = found("rare-limit-far", cluster.made);
    assert_eq!(rows_of(&found, "Connection limit"), 1, "{found:#?}");
}

#[test]
fn connects_that_are_late_because_all_is_late_for_a_moment() {
    let mut cluster = Cluster::new();
    cluster.works(2, 1, 0.1, 9.0);
    let busy = cluster.open(1, 1, 0.2);
    let mut at = 0.5;
    for burst in 0..5 {
        while at < 1.5 + f64::from(burst) {
            cluster.get(busy, 1, at, 3);
            at += 0.02;
        }
        // All that comes back to this client takes 130 ms.
        for step in 0..6 {
            opens_far(&mut cluster, at + f64::from(step) * 0.02, 0.13);
        }
        cluster
            .made
            .at(at + 0.001)
            .send(busy, node(1, SERVICE), &record_request(9, false));
        cluster.answer(busy, 1, at + 0.131, &record_answer(0));
        at += 0.3;
    }
    let found = found("rare-late-burst", cluster.made);
    assert_eq!(rows_of(&found, "Slow connects"), 0, "{found:#?}");
}

/// Reads that time out at the client after 200 ms and are sent again on another connection after that pause.
fn retries_after(name: &str, pauses: &[f64]) -> Tables {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 20.0);
    for (step, pause) in (0_u8..).zip(pauses) {
        let at = 2.0 + f64::from(step) * 1.5;
        let [one, two] = [cluster.open(1, 1, at - 0.1), cluster.open(1, 1, at - 0.09)];
        let request = within(200, record_request(100 + step, false));
        cluster.ask(one, 1, at, &request);
        cluster.made.at(at + 0.2).end(one, node(1, SERVICE));
        cluster.made.acknowledge(node(1, SERVICE), one);
        cluster.ask(two, 1, at + 0.2 + pause, &request);
        cluster.answer(two, 1, at + 0.2003 + pause, &record_answer(0));
    }
    found(name, cluster.made)
}

#[test]
fn retries_that_wait_first() {
    let found = retries_after("rare-sleep-between", &[0.1; 8]);
    assert_eq!(rows_of(&found, "Retries"), 1, "{found:#?}");
    let retries = found.findings.iter().find(|row| row.finding == "Retries");
    assert_eq!(retries.map(|row| row.count), Some(8), "{found:#?}");
}

#[test]
fn the_same_asked_again_at_any_time_is_no_retry() {
    let pauses = [0.03, 0.19, 0.12, 0.07, 0.16, 0.05, 0.1, 0.14];
    let found = retries_after("rare-any-time", &pauses);
    assert_eq!(rows_of(&found, "Retries"), 0, "{found:#?}");
}

#[test]
fn a_thread_that_asks_the_same_every_300_ms_retries_nothing() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 20.0);
    let request = within(200, record_request(77, false));
    let mut end = cluster.open(1, 1, 0.5);
    for step in 0..50 {
        let at = 1.0 + f64::from(step) * 0.3;
        cluster.ask(end, 1, at, &request);
        if step % 6 == 5 {
            cluster.made.at(at + 0.2).end(end, node(1, SERVICE));
            cluster.made.acknowledge(node(1, SERVICE), end);
            end = cluster.open(1, 1, at + 0.25);
        } else {
            cluster.answer(end, 1, at + 0.1999, &record_answer(0));
        }
    }
    let found = found("rare-each-300ms", cluster.made);
    assert_eq!(rows_of(&found, "Retries"), 0, "{found:#?}");
}

#[test]
fn timeouts_that_come_again_and_again_are_one_row() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 130.0);
    let end = cluster.open(2, 1, 0.2);
    for step in 0..6_u8 {
        let at = 5.0 + f64::from(step) * 20.0;
        cluster.ask(end, 1, at, &within(100, record_request(step, false)));
        cluster.answer(end, 1, at + 0.15, &record_answer(0));
    }
    let found = found("rare-trickle", cluster.made);
    assert_eq!(rows_of(&found, "Client timeouts"), 1, "{found:#?}");
    assert_eq!(found.findings[0].count, 6, "{found:#?}");
}

/// An answer of a scan with one record, which is its last.
fn scan(cluster: &mut Cluster, from: Endpoint, at: f64, takes: f64) {
    let mut body = vec![22, 1, 0, 0, 0, 0];
    body.resize(18, 0);
    body.extend([0, 2, 0, 0]);
    for (kind, data) in [(0, &b"test"[..]), (1, b"big")] {
        body.extend((data.len() as u32 + 1).to_be_bytes());
        body.push(kind);
        body.extend(data);
    }
    cluster.ask(from, 1, at, &proto(3, &body));
    let mut last = vec![22, 0, 0, 1, 0, 0];
    last.resize(22, 0);
    cluster.answer(from, 1, at + takes, &proto(3, &last));
}

#[test]
fn scans_that_slow_down_the_rest_each_time_they_run_are_one_row() {
    let mut cluster = Cluster::new();
    let [reader, scanner] = [cluster.open(1, 1, 0.1), cluster.open(7, 1, 0.2)];
    for step in 0..8 {
        scan(&mut cluster, scanner, 3.0 + f64::from(step) * 5.0, 1.0);
    }
    for step in 0..2200_u32 {
        let at = 0.5 + f64::from(step) * 0.02;
        let is_slow = (3.0..44.0).contains(&at) && (at - 3.0) % 5.0 < 1.0;
        cluster
            .made
            .at(at)
            .send(reader, node(1, SERVICE), &record_request(3, false));
        cluster.answer(
            reader,
            1,
            at + if is_slow { 0.012 } else { 0.0003 },
            &record_answer(0),
        );
    }
    let found = found("rare-scans", cluster.made);
    assert_eq!(rows_of(&found, "Heavy scan"), 1, "{found:#?}");
    let heavy = &found.findings[0];
    assert_eq!(
        (heavy.finding.as_str(), heavy.count),
        ("Heavy scan", 8),
        "{found:#?}"
    );
}

#[test]
fn a_client_that_pauses_three_times_is_one_row() {
    let mut cluster = Cluster::new();
    cluster.works(2, 1, 0.1, 30.0);
    for (from, until) in [(0.1, 6.0), (9.0, 15.0), (18.0, 24.0), (27.0, 30.0)] {
        let ends = [0.0, 0.001, 0.002].map(|late| cluster.open(1, 1, from + late));
        for (end, pause, late) in [(ends[0], 0.05, 0.01), (ends[1], 0.05, 0.03), (ends[2], 1.0, 0.02)] {
            let mut at = from + late;
            while at < until {
                if pause < 1.0 {
                    cluster.get(end, 1, at, 11);
                } else {
                    cluster.news(end, 1, at);
                }
                at += pause;
            }
        }
    }
    let found = found("rare-pauses", cluster.made);
    assert_eq!(rows_of(&found, "Client paused"), 1, "{found:#?}");
}

#[test]
fn one_of_two_processes_on_a_host_stops() {
    let mut cluster = Cluster::new();
    let other = 3100;
    let ends = cluster.works(1, 1, 0.1, 3.0);
    // The second process goes on at another port.
    let second = cluster.client(1);
    cluster.made.at(0.15).connect(second, node(1, other));
    for step in 0..160 {
        let at = 0.2 + f64::from(step) * 0.05;
        cluster
            .made
            .at(at)
            .send(second, node(1, other), &record_request(5, false));
        cluster
            .made
            .at(at + 0.0003)
            .send(node(1, other), second, &record_answer(0));
        cluster.made.acknowledge(second, node(1, other));
    }
    let mut first = None;
    for end in ends {
        let mark = cluster.made.at(3.1).end(node(1, SERVICE), end);
        first.get_or_insert(mark);
        cluster.made.acknowledge(end, node(1, SERVICE));
    }
    for step in 0..8 {
        let end = cluster.client(1);
        cluster
            .made
            .at(3.5 + f64::from(step) * 0.5)
            .syn(end, node(1, SERVICE));
        cluster.made.refuse(node(1, SERVICE), end);
    }
    host().put("rare-two-processes", &cluster.made.finish());
    let ports = ["-o", "aerospike.tcp.port:3000,3100"];
    let found = tables_of("rare-two-processes", &ports, "");
    let stopped = found.findings.iter().find(|row| row.finding == "Node stopped");
    assert_eq!(
        stopped.map(|row| row.who.as_str()),
        Some("10.0.0.1:3000"),
        "{found:#?}"
    );
}

#[test]
fn a_node_that_is_slow_for_a_while_is_told_from_its_peers() {
    let mut cluster = Cluster::new();
    for to in [1, 2, 3] {
        let ends = [cluster.open(1, to, 0.1), cluster.open(2, to, 0.11)];
        for step in 0..240_u32 {
            let at = 0.5 + f64::from(step) * 0.05 + f64::from(to) * 0.001;
            let takes = if to == 2 && (4.0..8.0).contains(&at) {
                0.03
            } else {
                0.0003
            };
            let end = ends[step as usize % 2];
            cluster
                .made
                .at(at)
                .send(end, node(to, SERVICE), &record_request(to, false));
            cluster.made.at(at + 0.0001).acknowledge(node(to, SERVICE), end);
            cluster.answer(end, to, at + takes, &record_answer(0));
        }
    }
    let found = found("rare-slow-node", cluster.made);
    assert_eq!(found.findings.len(), 1, "{found:#?}");
    let row = &found.findings[0];
    assert_eq!(
        (row.finding.as_str(), row.who.as_str()),
        ("Slow server", "10.0.0.2:3000"),
        "{found:#?}"
    );
    assert!(
        (3.4..4.7).contains(&row.from) && (7.4..8.6).contains(&row.to),
        "{row:#?}"
    );
}

#[test]
fn timeouts_of_slow_requests_are_their_effect() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 20.0);
    let end = cluster.open(2, 1, 0.2);
    for step in 0..200_u32 {
        let at = 0.5 + f64::from(step) * 0.09;
        let is_slow = step % 12 == 5;
        cluster.ask(end, 1, at, &within(50, record_request((step % 200) as u8, false)));
        cluster.answer(
            end,
            1,
            at + if is_slow { 0.06 } else { 0.0003 },
            &record_answer(0),
        );
    }
    let slow = cluster.open(3, 1, 0.3);
    for step in 0..30_u32 {
        let at = 0.6 + f64::from(step) * 0.6;
        cluster.ask(
            slow,
            1,
            at,
            &within(100, record_request((step % 200) as u8, false)),
        );
        cluster.answer(
            slow,
            1,
            at + if step % 2 == 0 { 0.3 } else { 0.0003 },
            &record_answer(0),
        );
    }
    let found = found("rare-tail", cluster.made);
    let number = |finding: &str| found.findings.iter().find(|row| row.finding == finding);
    let (slow, late) = (number("Slow requests"), number("Client timeouts"));
    assert!(slow.is_some() && late.is_some(), "{found:#?}");
    assert_eq!(
        late.and_then(|row| row.cause),
        slow.map(|row| row.number),
        "{found:#?}"
    );
}
