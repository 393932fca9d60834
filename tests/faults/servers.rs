//! Servers that are dead, stalled, full or slow, and networks that lose packets.

use crate::cluster::{Cluster, FABRIC, SERVICE, check, node};
use crate::common::make::*;

/// How TCP sends a segment again and again: after 200 ms, then twice as long each time.
fn retransmissions(at: f64, until: f64) -> Vec<f64> {
    let (mut times, mut next, mut wait) = (Vec::new(), at + 0.2, 0.2);
    while next < until {
        times.push(next);
        wait *= 2.0;
        next += wait;
    }
    times
}

#[test]
fn a_node_whose_process_is_killed() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 3]);
    let killed = 3.0;
    let mut ends = Vec::new();
    for client in [1, 2] {
        cluster.works(client, 1, 0.1, 8.0);
        ends.extend(cluster.works(client, 2, 0.1, killed - 0.01));
    }
    let idle = cluster.open(1, 2, 0.15);
    cluster.get(idle, 2, 0.2, 7);
    let open = cluster.open(2, 2, 0.16);
    cluster.get(open, 2, 0.2, 7);
    cluster
        .made
        .at(2.9999)
        .send(open, node(2, SERVICE), &record_request(8, false));
    // The kernel closes everything; where bytes were not read, by RST.
    let _first = cluster.made.at(killed).refuse(node(2, SERVICE), open);
    for end in ends.iter().chain([&idle]) {
        cluster.made.wait(0.000_02);
        cluster.made.end(node(2, SERVICE), *end);
    }
    for end in ends.iter().chain([&idle]) {
        cluster.made.wait(0.000_02);
        cluster.made.acknowledge(*end, node(2, SERVICE));
    }
    // One client does not notice and sends; all then try to connect.
    cluster
        .made
        .at(3.05)
        .send(ends[0], node(2, SERVICE), &record_request(12, false));
    cluster.made.refuse(node(2, SERVICE), ends[0]);
    cluster
        .made
        .at(3.3)
        .send(idle, node(2, SERVICE), &record_request(13, false));
    cluster.made.refuse(node(2, SERVICE), idle);
    let mut refused = Vec::new();
    for step in 0..10 {
        for client in [1, 2] {
            let end = cluster.client(client);
            refused.push(
                cluster
                    .made
                    .at(3.4 + f64::from(step) * 0.4)
                    .syn(end, node(2, SERVICE)),
            );
            cluster.made.refuse(node(2, SERVICE), end);
        }
    }
    let wanted = [
        ("Node stopped", "10.0.0.2", 3.0),
        ("Connections refused", "10.0.0.2:3000", 3.4),
    ];
    check("faults-cut-off", cluster.made, &wanted);
}

/// Clients write to node 1; node 2, which holds the replicas, stands still from 2 to 5 s: its kernel goes on.
fn stalled_replica(name: &str, has_heartbeats: bool) {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 2, 3]);
    let (from, until, end) = (2.0, 5.0, 7.0);
    for client in [1, 2] {
        cluster.works(client, 3, 0.1, end);
        cluster.works(client, 1, 0.1, end);
    }
    let mut first = None;
    if has_heartbeats {
        cluster.beats((1, 3), 0.05, (end, end));
        first = cluster.beats((1, 2), 0.05, (end, from));
    }
    for client in [1, 2] {
        cluster.lane = client;
        let writer = cluster.open(client, 1, 0.2);
        let phase = f64::from(client) * 0.02;
        for step in 0..17_u8 {
            cluster.put(writer, (1, 2), 0.3 + f64::from(step) * 0.1 + phase, step);
        }
        // Each try waits a second, is answered by TIMEOUT, and the next write follows.
        let mut at = from + phase;
        let mut late = Vec::new();
        for digest in 60..63_u8 {
            let digest = digest + 10 * client;
            cluster.ask(writer, 1, at, &record_request(digest, true));
            let (mark, tid) = cluster.replicates(1, 2, at + 0.0001, digest);
            first.get_or_insert(mark);
            late.push((tid, digest));
            cluster.answer(writer, 1, at + 1.01, &record_answer(9));
            at += 1.02;
        }
        if !has_heartbeats {
            for (tid, digest) in late {
                cluster.tells(2, 1, until + 0.1 + phase, &ack(tid, digest));
            }
            for step in 0..10 {
                cluster.put(writer, (1, 2), until + 0.5 + f64::from(step) * 0.1, 4);
            }
        }
    }
    let _first = first.expect("a replica write");
    let from = if has_heartbeats { 1.9 } else { from };
    check(name, cluster.made, &[("Stalled server", "10.0.0.2", from)]);
}

#[test]
fn a_replica_that_stands_still() {
    stalled_replica("faults-replica", false);
}

#[test]
fn a_replica_that_stands_still_and_sends_no_heartbeats() {
    stalled_replica("faults-replica-heartbeats", true);
}

#[test]
fn a_replica_that_is_slow() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 2]);
    cluster.works(1, 1, 0.1, 8.0);
    let writers: Vec<End> = (0..4).map(|_| cluster.open(2, 1, 0.2)).collect();
    let mut first = None;
    for step in 0..6_u8 {
        for (writer, number) in writers.iter().zip(0_u8..) {
            let at = 2.0 + f64::from(step) * 0.7 + f64::from(number) * 0.05;
            let digest = 100 + step * 4 + number;
            cluster.ask(*writer, 1, at, &record_request(digest, true));
            let (mark, tid) = cluster.replicates(1, 2, at + 0.0001, digest);
            first.get_or_insert(mark);
            cluster.tells(2, 1, at + 0.6, &ack(tid, digest));
            cluster.answer(*writer, 1, at + 0.6003, &record_answer(0));
        }
    }
    let _first = first.expect("a replica write");
    let wanted = [("Stalled server", "10.0.0.2", 2.0)];
    check("faults-slow-replica", cluster.made, &wanted);
}

#[test]
fn answers_that_are_lost() {
    let mut cluster = Cluster::new();
    cluster.works(2, 1, 0.1, 8.0);
    let [one, two, _] = cluster.works(1, 1, 0.1, 2.9);
    let mut first = None;
    for (end, late) in [(one, 0.0), (two, 0.05)] {
        let at = 3.0 + late;
        let request = cluster
            .made
            .at(at)
            .send(end, node(1, SERVICE), &record_request(11, false));
        // Seen between the two: the answer is on its way and gets lost, so both ends send again.
        let answer = cluster
            .made
            .at(at + 0.0003)
            .send(node(1, SERVICE), end, &record_answer(0));
        first.get_or_insert(request);
        let mut times: Vec<(f64, bool)> = Vec::new();
        for again in retransmissions(at, 5.0) {
            times.extend([(again, true), (again + 0.004, false)]);
        }
        for (again, is_request) in times {
            if is_request {
                cluster.made.at(again).again(request);
                cluster.made.acknowledge(node(1, SERVICE), end);
            } else {
                cluster.made.at(again).again(answer);
            }
        }
    }
    let wanted = [("Loss on the network", "10.0.0.101", 3.0)];
    check("faults-lost-answers", cluster.made, &wanted);
}

#[test]
fn answers_that_are_lost_as_the_client_sees_it() {
    let mut cluster = Cluster::new();
    let [one, two, _] = cluster.works(1, 1, 0.1, 2.9);
    let mut first = None;
    for (end, late, digest) in [(one, 0.0, 41), (two, 0.05, 42)] {
        let at = 3.0 + late;
        let request = cluster
            .made
            .at(at)
            .send(end, node(1, SERVICE), &record_request(digest, false));
        first.get_or_insert(request);
        for again in retransmissions(at, 5.0) {
            cluster.made.at(again).again(request);
        }
        cluster.answer(end, 1, 5.2 + late, &record_answer(0));
        for step in 0..20 {
            cluster.get(end, 1, 5.5 + f64::from(step) * 0.05, 3);
        }
    }
    let wanted = [("Loss on the network", "10.0.0.101 to 10.0.0.1", 3.0)];
    check("faults-lost-at-client", cluster.made, &wanted);
}

/// Writes are refused with that result by two nodes, reads go on.
fn refused_writes(name: &str, result: u8) {
    let mut cluster = Cluster::new();
    let mut first = None;
    for client in [1, 2] {
        for to in [1, 2] {
            cluster.works(client, to, 0.1, 6.0);
            let writer = cluster.open(client, to, 0.2);
            for step in 0..10 {
                let at = 0.3 + f64::from(step) * 0.1 + f64::from(to) * 0.01;
                cluster.ask(writer, to, at, &record_request(20, true));
                cluster.answer(writer, to, at + 0.002, &record_answer(0));
            }
            for step in 0..20 {
                let at = 2.0 + f64::from(step) * 0.1 + f64::from(to) * 0.01 + f64::from(client) * 0.001;
                cluster.ask(writer, to, at, &record_request(20, true));
                let mark = cluster.answer(writer, to, at + 0.0003, &record_answer(result));
                first.get_or_insert(mark);
            }
        }
    }
    let who = "namespace test";
    check(name, cluster.made, &[("Writes refused", who, 2.0)]);
}

#[test]
fn a_full_namespace() {
    refused_writes("faults-full", 8);
}

#[test]
fn a_device_that_cannot_follow() {
    refused_writes("faults-overload", 18);
}

#[test]
fn a_namespace_that_has_stopped_writes() {
    refused_writes("faults-forbidden", 22);
}

#[test]
fn a_port_that_a_firewall_drops() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 3]);
    cluster.works(1, 1, 0.1, 8.0);
    cluster.works(1, 2, 0.1, 8.0);
    // Node 2 is heard on its service port, and not on the port of the fabric.
    let end = node(1, 50_001);
    let syn = cluster.made.at(2.0).syn(end, node(2, FABRIC));
    for again in [3.0, 5.0] {
        cluster.made.at(again).again(syn);
    }
    let wanted = [("SYNs unanswered", "10.0.0.1 to 10.0.0.2:3001", 2.0)];
    check("faults-firewall", cluster.made, &wanted);
}

#[test]
fn a_server_that_does_not_read() {
    let mut cluster = Cluster::new();
    cluster.works(2, 1, 0.1, 8.0);
    let end = cluster.open(1, 1, 0.2);
    cluster.get(end, 1, 0.3, 1);
    let big = record_request(9, true);
    cluster.made.at(2.0).send(end, node(1, SERVICE), &[0; 0]);
    cluster.made.at(2.0).send(end, node(1, SERVICE), &big[..60]);
    let _full = cluster.made.at(2.001).is_full(node(1, SERVICE), end);
    for probe in [0.2, 0.6, 1.4] {
        cluster.made.at(2.0 + probe).is_full(node(1, SERVICE), end);
    }
    cluster.made.at(4.0).acknowledge(node(1, SERVICE), end);
    cluster.made.at(4.001).send(end, node(1, SERVICE), &big[60..]);
    cluster.answer(end, 1, 4.002, &record_answer(0));
    let who = "10.0.0.1";
    let wanted = [("Slow reader", who, 2.0)];
    check("faults-full-server", cluster.made, &wanted);
}
