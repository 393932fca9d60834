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
    let first = cluster.made.at(killed).refuse(node(2, SERVICE), open);
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
        (
            "Node stopped",
            "10.0.0.2",
            3.0,
            3.0,
            1,
            first,
            &[
                "8 connections",
                "1 with requests open",
                "20 connections were refused",
            ][..],
        ),
        (
            "Connections refused",
            "10.0.0.101, 10.0.0.102 to 10.0.0.2:3000",
            3.4,
            7.0,
            20,
            refused[0],
            &["nothing listens at the port any more"],
        ),
    ];
    check("faults-killed", cluster.made, &wanted);
}

#[test]
fn a_node_that_is_cut_off() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 2]);
    let (cut, end) = (3.0, 9.0);
    cluster.beats((1, 3), 0.05, (end, end));
    for client in [1, 2] {
        cluster.works(client, 1, 0.1, end);
    }
    let mut first = None;
    for client in [1, 2] {
        let [one, two, _] = cluster.works(client, 2, 0.1, cut - 0.01);
        for (from, late) in [(one, 0.0), (two, 0.02)] {
            let at = cut + late + f64::from(client) * 0.001;
            let request = cluster
                .made
                .at(at)
                .send(from, node(2, SERVICE), &record_request(12, false));
            first.get_or_insert(request);
            // The client gives up after a second, TCP does not.
            for again in retransmissions(at, end) {
                cluster.made.at(again).again(request);
            }
            let next = cluster.client(client);
            let mut syn = cluster.made.at(at + 1.0).syn(next, node(2, SERVICE));
            for again in [2.0, 4.0] {
                syn = cluster.made.at(at + again).again(syn);
            }
        }
    }
    // Replica writes are lost, too.
    let write = write(1, 3, 0);
    let fabric = cluster.fabric(1, 2, 1.0);
    let write = cluster.made.at(3.5).send(fabric, node(2, FABRIC), &write);
    for again in retransmissions(3.5, end) {
        cluster.made.at(again).again(write);
    }
    let wanted = [(
        "Unreachable host",
        "10.0.0.2",
        3.0,
        7.022,
        4,
        first.expect("a request"),
        &["nothing from it for 6.0 s", "10.0.0.1, 10.0.0.101, 10.0.0.102"][..],
    )];
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
        cluster.beats((1, 2), 0.05, (end, from));
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
    let first = first.expect("a replica write");
    // What clients wait for is an effect of it.
    let words = ["6 requests of 10.0.0.1", "usual: 0.10 ms"];
    check(
        name,
        cluster.made,
        &[("Stalled server", "10.0.0.2", 2.02, 4.08, 6, first, &words)],
    );
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
    let writers: Vec<Endpoint> = (0..4).map(|_| cluster.open(2, 1, 0.2)).collect();
    let (mut first, mut count) = (None, 0);
    for step in 0..6_u8 {
        for (writer, number) in writers.iter().zip(0_u8..) {
            let at = 2.0 + f64::from(step) * 0.7 + f64::from(number) * 0.05;
            let digest = 100 + step * 4 + number;
            cluster.ask(*writer, 1, at, &record_request(digest, true));
            let (mark, tid) = cluster.replicates(1, 2, at + 0.0001, digest);
            first.get_or_insert(mark);
            count += 1;
            cluster.tells(2, 1, at + 0.6, &ack(tid, digest));
            cluster.answer(*writer, 1, at + 0.6003, &record_answer(0));
        }
    }
    let first = first.expect("a replica write");
    let wanted = [(
        "Stalled server",
        "10.0.0.2",
        2.0,
        5.65,
        count,
        first,
        &["24 requests of 10.0.0.1"][..],
    )];
    check("faults-slow-replica", cluster.made, &wanted);
}

#[test]
fn answers_that_are_lost() {
    let mut cluster = Cluster::new();
    cluster.works(2, 1, 0.1, 8.0);
    let [one, two, _] = cluster.works(1, 1, 0.1, 2.9);
    let (mut first, mut lost) = (None, 0);
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
        first.get_or_insert(answer);
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
            lost += 1;
        }
    }
    let wanted = [(
        "Loss on the network",
        "between 10.0.0.101 and 10.0.0.1",
        3.0,
        4.45,
        lost,
        first.expect("an answer"),
        &["12 segments sent again", "of both directions"][..],
    )];
    check("faults-lost-answers", cluster.made, &wanted);
}

#[test]
fn answers_that_are_lost_as_the_client_sees_it() {
    let mut cluster = Cluster::new();
    let [one, two, _] = cluster.works(1, 1, 0.1, 2.9);
    let (mut first, mut lost) = (None, 0);
    for (end, late, digest) in [(one, 0.0, 41), (two, 0.05, 42)] {
        let at = 3.0 + late;
        let request = cluster
            .made
            .at(at)
            .send(end, node(1, SERVICE), &record_request(digest, false));
        first.get_or_insert(request);
        for again in retransmissions(at, 5.0) {
            cluster.made.at(again).again(request);
            lost += 1;
        }
        cluster.answer(end, 1, 5.2 + late, &record_answer(0));
        for step in 0..20 {
            cluster.get(end, 1, 5.5 + f64::from(step) * 0.05, 3);
        }
    }
    let wanted = [(
        "Loss on the network",
        "10.0.0.101 to 10.0.0.1",
        3.0,
        3.05,
        lost,
        first.expect("a request"),
        &["6 segments sent again"][..],
    )];
    check("faults-lost-at-client", cluster.made, &wanted);
}

/// Writes are refused with that result by two nodes, reads go on.
fn refused_writes(name: &str, result: u8, words: &[&str]) {
    let mut cluster = Cluster::new();
    let mut first = None;
    let mut count = 0;
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
                let mark = cluster.ask(writer, to, at, &record_request(20, true));
                first.get_or_insert(mark);
                cluster.answer(writer, to, at + 0.0003, &record_answer(result));
                count += 1;
            }
        }
    }
    let first = first.expect("an answer");
    let who = "namespace test at 10.0.0.1:3000, 10.0.0.2:3000";
    check(
        name,
        cluster.made,
        &[("Writes refused", who, 2.0, 3.92, count, first, words)],
    );
}

#[test]
fn a_full_namespace() {
    let words = [
        "OUT_OF_SPACE",
        "is full or was told to stop writes",
        "asked by 10.0.0.101, 10.0.0.102",
    ];
    refused_writes("faults-full", 8, &words);
}

#[test]
fn a_device_that_cannot_follow() {
    refused_writes("faults-overload", 18, &["DEVICE_OVERLOAD", "write queue is full"]);
}

#[test]
fn a_namespace_that_has_stopped_writes() {
    refused_writes("faults-forbidden", 22, &["FORBIDDEN", "takes no such writes"]);
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
    let wanted = [(
        "SYNs unanswered",
        "10.0.0.1 to 10.0.0.2:3001",
        2.0,
        5.0,
        1,
        syn,
        &["3 SYNs without any answer", "while the host answers others"][..],
    )];
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
    let full = cluster.made.at(2.001).is_full(node(1, SERVICE), end);
    for probe in [0.2, 0.6, 1.4] {
        cluster.made.at(2.0 + probe).is_full(node(1, SERVICE), end);
    }
    cluster.made.at(4.0).acknowledge(node(1, SERVICE), end);
    cluster.made.at(4.001).send(end, node(1, SERVICE), &big[60..]);
    cluster.answer(end, 1, 4.002, &record_answer(0));
    let who = "10.0.0.1";
    let wanted = [("Slow reader", who, 2.0, 4.0, 1, full, &["window is 0"][..])];
    check("faults-full-server", cluster.made, &wanted);
}

/// A client opens six connections; the SYN is answered and what it then asks is acknowledged after so many seconds.
fn connects(cluster: &mut Cluster, syn: f64, else_: f64) -> Mark {
    let mut first = None;
    for step in 0..6 {
        let at = 2.0 + f64::from(step) * 0.3;
        let end = cluster.client(2);
        let mark = cluster.made.at(at).syn(end, node(1, SERVICE));
        first.get_or_insert(mark);
        cluster
            .made
            .at(at + syn)
            .segment(node(1, SERVICE), end, SYN | ACK, 0xff00, &[]);
        cluster.made.acknowledge(end, node(1, SERVICE));
        for step in 0..4 {
            let at = at + syn + 0.001 + f64::from(step) * (else_ + 0.01);
            cluster
                .made
                .at(at)
                .send(end, node(1, SERVICE), &record_request(20 + step, false));
            cluster.answer(end, 1, at + else_, &record_answer(0));
        }
    }
    first.expect("a SYN")
}

#[test]
fn connections_that_come_up_slowly() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 8.0);
    let first = connects(&mut cluster, 0.25, 0.0003);
    let wanted = [(
        "Slow connects",
        "10.0.0.1:3000",
        2.0,
        3.5,
        6,
        first,
        &["6 of 9 SYNs are answered after 250 ms"][..],
    )];
    check("faults-slow-connects", cluster.made, &wanted);
}

#[test]
fn connections_over_a_long_way_are_not_slow() {
    let mut cluster = Cluster::new();
    connects(&mut cluster, 0.12, 0.1203);
    check("faults-long-way", cluster.made, &[]);
}
