//! What looks like a fault and is none.

use crate::cluster::{Cluster, SERVICE, check, node};
use crate::common::make::*;

#[test]
fn a_cluster_at_work_has_no_findings() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 2, 3]);
    for (client, to) in [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)] {
        cluster.works(client, to, 0.1, 8.0);
    }
    let writer = cluster.open(1, 1, 0.2);
    for step in 0..70 {
        cluster.put(writer, (1, 2), 0.3 + f64::from(step) * 0.1, 50);
    }
    for pair in [(1, 2), (1, 3), (2, 3)] {
        cluster.beats(pair, 0.05, (8.0, 8.0));
    }
    check("faults-healthy", cluster.made, &[]);
}

#[test]
fn a_pool_that_grew_in_a_burst_and_is_trimmed_is_no_leak_and_no_churn() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.0, 70.0);
    let burst: Vec<Endpoint> = (0..60).map(|_| cluster.open(1, 1, 1.0)).collect();
    for (end, late) in burst.iter().zip(0..) {
        cluster.get(*end, 1, 1.1 + f64::from(late) * 0.001, 3);
    }
    // A second burst finds them idle; a client closes what was idle for 55 s.
    for end in &burst[..30] {
        cluster.get(*end, 1, 6.0, 3);
    }
    for late in 0..8 {
        let more = cluster.open(1, 1, 6.5 + f64::from(late) * 0.1);
        cluster.get(more, 1, 6.6 + f64::from(late) * 0.1, 3);
    }
    for (end, late) in burst.iter().zip(0..) {
        cluster
            .made
            .at(62.0 + f64::from(late) * 0.01)
            .close(*end, node(1, SERVICE));
    }
    check("faults-burst", cluster.made, &[]);
}

#[test]
fn a_monitor_that_connects_anew_each_time_is_no_churn() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.0, 20.0);
    for step in 0..38 {
        let at = 0.4 + f64::from(step) * 0.5;
        let end = cluster.open(9, 1, at);
        cluster.news(end, 1, at + 0.001);
        cluster.made.at(at + 0.003).close(end, node(1, SERVICE));
    }
    check("faults-monitor", cluster.made, &[]);
}

#[test]
fn an_idle_connection_that_is_closed_and_not_used_again_is_none() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.0, 70.0);
    let idle = cluster.open(1, 1, 0.5);
    cluster.get(idle, 1, 0.6, 3);
    // The server closes, the client sees it and closes, too.
    cluster.made.at(60.6).end(node(1, SERVICE), idle);
    cluster.made.at(60.64).acknowledge(idle, node(1, SERVICE));
    cluster.made.at(63.0).end(idle, node(1, SERVICE));
    check("faults-idle-unused", cluster.made, &[]);
}

#[test]
fn a_slow_batch_is_no_stall() {
    let mut cluster = Cluster::new();
    let ends = [cluster.open(1, 1, 0.0), cluster.open(1, 1, 0.01)];
    for (end, late) in ends.into_iter().zip([0.0, 0.05]) {
        cluster.get(end, 1, 0.1 + late, 1);
        cluster.ask(end, 1, 1.0 + late, &batch((late * 100.0) as u8));
        cluster.answer(end, 1, 1.7 + late, &record_answer(0));
    }
    check("faults-slow-batch", cluster.made, &[]);
}

/// A batch read of one record.
fn batch(digest: u8) -> Vec<u8> {
    let mut field = vec![0, 0, 0, 1, 1, 0, 0, 0, 0];
    field.extend([digest; 20]);
    field.extend([0, 3, 0, 1, 0, 0, 0, 0, 0, 5, 0]);
    field.extend(b"test");
    let mut body = vec![22, 8];
    body.resize(18, 0);
    body.extend([0, 1, 0, 0]);
    body.extend((field.len() as u32 + 1).to_be_bytes());
    body.push(41);
    body.extend(field);
    proto(3, &body)
}

#[test]
fn requests_that_are_passed_on_while_partitions_move_are_ordinary() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 2]);
    cluster.works(1, 1, 0.1, 8.0);
    let end = cluster.open(2, 1, 0.2);
    // EXCHANGE DATA: the nodes agree on a new cluster.
    let exchange = msg(9, &[uint32(0, 1), uint32(1, 0), uint64(2, 0xc1)]);
    let mark = cluster.tells(1, 2, 4.0, &exchange);
    for step in 0..10_u8 {
        let at = 4.1 + f64::from(step) * 0.1;
        crate::clients::pass_on(&mut cluster, end, at, step);
    }
    check(
        "faults-rebalance",
        cluster.made,
        &[("Cluster changed", "10.0.0.1, 10.0.0.2", 4.0, 4.0, 1, mark, &[])],
    );
}

#[test]
fn one_replica_write_that_is_late_is_nothing() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 2]);
    let end = cluster.open(1, 1, 0.2);
    cluster.put(end, (1, 2), 0.5, 4);
    cluster.ask(end, 1, 1.0, &record_request(5, true));
    let (_, tid) = cluster.replicates(1, 2, 1.001, 5);
    cluster.tells(2, 1, 1.5, &ack(tid, 5));
    cluster.answer(end, 1, 1.501, &record_answer(0));
    cluster.put(end, (1, 2), 3.0, 4);
    check("faults-one-late", cluster.made, &[]);
}

#[test]
fn a_client_that_takes_its_leave_by_tls_stops_no_node() {
    let mut cluster = Cluster::new();
    let ends = cluster.works(1, 1, 0.1, 4.0);
    for end in ends {
        // The last bytes are a close notify, and the server closes first.
        cluster
            .made
            .at(4.5)
            .send(end, node(1, SERVICE), b"\x15\x03\x03\0\x13 a close notify");
        cluster.made.end(node(1, SERVICE), end);
        cluster.made.end(end, node(1, SERVICE));
        cluster.made.acknowledge(node(1, SERVICE), end);
    }
    let found = crate::cluster::found("faults-goodbye", cluster.made);
    assert!(
        !found.findings.iter().any(|line| line.finding == "Node stopped"),
        "{found:#?}"
    );
}
