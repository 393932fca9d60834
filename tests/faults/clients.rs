//! Clients that leak or churn connections, use closed ones, do not read, or do not follow the cluster.

use crate::cluster::{Cluster, SERVICE, check, node};
use crate::common::make::*;

/// A read at node 1 of a record that node 2 owns.
pub fn passed_on(cluster: &mut Cluster, from: End, at: f64, digest: u8) -> Mark {
    let mark = cluster.ask(from, 1, at, &record_request(digest, false));
    let tid = 1000 + u32::from(digest);
    let request = proxied(1, tid, digest, &swapped_request(digest, false));
    cluster.tells(1, 2, at + 0.0001, &request);
    cluster.tells(2, 1, at + 0.0006, &proxied(2, tid, digest, &record_answer(0)));
    cluster.answer(from, 1, at + 0.0007, &record_answer(0));
    mark
}

#[test]
fn a_client_that_does_not_renew_its_partition_map() {
    let mut cluster = Cluster::new();
    cluster.forms(&[1, 2]);
    for to in [1, 2] {
        cluster.works(1, to, 0.1, 9.0);
    }
    let end = cluster.open(2, 1, 0.2);
    let news = cluster.open(2, 1, 0.21);
    for step in 0..9 {
        cluster.news(news, 1, 0.3 + f64::from(step));
    }
    let mut first = None;
    for step in 0..40_u8 {
        let at = 3.0 + f64::from(step) * 0.1;
        let mark = passed_on(&mut cluster, end, at, step);
        first.get_or_insert(mark);
        // What it asks of the owner is in order.
        cluster.get(end, 1, at + 0.05, 90);
    }
    let wanted = [("Stale partition map", "10.0.0.102 to 10.0.0.1:3000", 3.0)];
    check("faults-stale-map", cluster.made, &wanted);
}

#[test]
fn a_client_that_asks_where_the_partition_is_not() {
    let mut cluster = Cluster::new();
    for to in [1, 2] {
        cluster.works(1, to, 0.1, 9.0);
    }
    let [one, two] = [cluster.open(2, 1, 0.2), cluster.open(2, 2, 0.21)];
    let mut first = None;
    for step in 0..10_u8 {
        let at = 4.0 + f64::from(step) * 0.3;
        cluster.ask(one, 1, at, &record_request(step, false));
        let mark = cluster.answer(one, 1, at + 0.0003, &record_answer(11));
        first.get_or_insert(mark);
        cluster.get(two, 2, at + 0.002, step);
    }
    let wanted = [("Server errors", "10.0.0.1:3000", 4.0)];
    check("faults-unavailable", cluster.made, &wanted);
}

#[test]
fn connections_that_are_never_closed() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.0, 20.0);
    cluster.works(2, 1, 0.0, 20.0);
    let mut first = None;
    for step in 0..80 {
        let at = 2.0 + f64::from(step) * 0.2;
        let end = cluster.client(2);
        let mark = cluster.made.at(at).connect(end, node(1, SERVICE));
        first.get_or_insert(mark);
        cluster.get(end, 1, at + 0.001, 3);
    }
    let wanted = [("Connection leak", "10.0.0.102 to 10.0.0.1:3000", 2.0)];
    check("faults-leak", cluster.made, &wanted);
}

#[test]
fn a_connection_for_each_request() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.0, 8.0);
    let mut first = None;
    for step in 0..100 {
        let at = 2.0 + f64::from(step) * 0.04;
        let end = cluster.client(2);
        let mark = cluster.made.at(at).connect(end, node(1, SERVICE));
        first.get_or_insert(mark);
        cluster.get(end, 1, at + 0.001, 3);
        cluster.made.at(at + 0.003).close(end, node(1, SERVICE));
    }
    let wanted = [("Connection churn", "10.0.0.102 to 10.0.0.1:3000", 2.0)];
    check("faults-churn", cluster.made, &wanted);
}

#[test]
fn idle_connections_that_the_server_has_closed_are_used_again() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.0, 75.0);
    cluster.works(2, 1, 0.0, 75.0);
    let mut first = None;
    for (late, digest) in [(0.0, 1), (0.1, 2), (0.2, 3)] {
        let end = cluster.open(2, 1, 0.5 + late);
        cluster.get(end, 1, 0.6 + late, 3);
        let fin = cluster.made.at(60.6 + late).end(node(1, SERVICE), end);
        first.get_or_insert(fin);
        cluster.made.at(60.64 + late).acknowledge(end, node(1, SERVICE));
        cluster
            .made
            .at(70.0 + late)
            .send(end, node(1, SERVICE), &record_request(digest, false));
        cluster.made.refuse(node(1, SERVICE), end);
    }
    let wanted = [("Idle connection reused", "10.0.0.102 to 10.0.0.1:3000", 70.0)];
    check("faults-idle", cluster.made, &wanted);
}

#[test]
fn a_client_that_does_not_read() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 8.0);
    let end = cluster.open(2, 1, 0.2);
    cluster.get(end, 1, 0.3, 1);
    cluster.ask(end, 1, 2.0, &record_request(9, false));
    // An answer of 40,000 bytes, which does not fit.
    let mut body = vec![22, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    body.resize(20, 0);
    body.extend([0, 1]);
    body.extend(40_000_u32.to_be_bytes());
    body.extend([1, 4, 0, 1, b'v']);
    body.resize(22 + 4 + 40_000, b'x');
    let answer = proto(3, &body);
    cluster
        .made
        .at(2.001)
        .send(node(1, SERVICE), end, &answer[..20_000]);
    let _full = cluster.made.at(2.002).is_full(end, node(1, SERVICE));
    for probe in [0.2, 0.6, 1.4] {
        cluster.made.at(2.0 + probe).acknowledge(node(1, SERVICE), end);
        cluster.made.is_full(end, node(1, SERVICE));
    }
    cluster.made.at(5.0).acknowledge(end, node(1, SERVICE));
    cluster
        .made
        .at(5.001)
        .send(node(1, SERVICE), end, &answer[20_000..]);
    cluster.made.at(5.002).acknowledge(end, node(1, SERVICE));
    let who = "10.0.0.102";
    let wanted = [("Slow reader", who, 2.0)];
    check("faults-slow-reader", cluster.made, &wanted);
}
