//! Clients that leak or churn connections, use closed ones, do not read, or do not follow the cluster.

use crate::cluster::{Cluster, SERVICE, check, node};
use crate::common::make::*;

/// A read at node 1 of a record that node 2 owns.
pub fn pass_on(cluster: &mut Cluster, from: Endpoint, at: f64, digest: u8) -> Mark {
    let mark = cluster.ask(from, 1, at, &record_request(digest, false));
    let tid = 1000 + u32::from(digest);
    let request = proxy_message(1, tid, digest, &swapped_request(digest, false));
    cluster.tells(1, 2, at + 0.0001, &request);
    cluster.tells(
        2,
        1,
        at + 0.0006,
        &proxy_message(2, tid, digest, &record_answer(0)),
    );
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
        let mark = pass_on(&mut cluster, end, at, step);
        first.get_or_insert(mark);
        // What it asks of the owner is in order.
        cluster.get(end, 1, at + 0.05, 90);
    }
    let wanted = [(
        "Stale partition map",
        "10.0.0.102 to 10.0.0.1:3000",
        3.0,
        6.9,
        40,
        first.expect("a request"),
        &["do not own the partition", "10.0.0.2"][..],
    )];
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
        let mark = cluster.ask(one, 1, at, &record_request(step, false));
        cluster.answer(one, 1, at + 0.0003, &record_answer(11));
        first.get_or_insert(mark);
        cluster.get(two, 2, at + 0.002, step);
    }
    let wanted = [(
        "Server errors",
        "10.0.0.1:3000",
        4.0,
        6.7,
        10,
        first.expect("a request"),
        &["UNAVAILABLE", "none by the 1 other nodes", "10.0.0.102"][..],
    )];
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
    let wanted = [(
        "Connection leak",
        "10.0.0.102 to 10.0.0.1:3000",
        2.0,
        17.8,
        80,
        first.expect("a SYN"),
        &["80 connections were opened", "none is closed"][..],
    )];
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
    let wanted = [(
        "Connection churn",
        "10.0.0.102 to 10.0.0.1:3000",
        2.0,
        5.96,
        100,
        first.expect("a SYN"),
        &["25.3 a second", "1.0 requests each"][..],
    )];
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
        cluster.made.at(60.6 + late).end(node(1, SERVICE), end);
        cluster.made.at(60.64 + late).acknowledge(end, node(1, SERVICE));
        let request =
            cluster
                .made
                .at(70.0 + late)
                .send(end, node(1, SERVICE), &record_request(digest, false));
        first.get_or_insert(request);
        cluster.made.refuse(node(1, SERVICE), end);
    }
    let wanted = [(
        "Idle connection reused",
        "10.0.0.102 to 10.0.0.1:3000",
        70.0,
        70.2,
        3,
        first.expect("a request"),
        &["the server had closed 9.4 s before"][..],
    )];
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
    let full = cluster.made.at(2.002).is_full(end, node(1, SERVICE));
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
    let wanted = [("Slow reader", who, 2.0, 5.0, 1, full, &["window is 0"][..])];
    check("faults-slow-reader", cluster.made, &wanted);
}

#[test]
fn a_client_that_dies() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 8.0);
    let ends = cluster.works(2, 1, 0.1, 3.9);
    for (end, late) in ends[..2].iter().zip([0.0, 0.001]) {
        cluster.ask(*end, 1, 4.0 + late, &record_request(9, true));
    }
    // The kernel closes what the process had open, in the midst of its requests.
    let first = cluster.made.at(4.1).end(ends[0], node(1, SERVICE));
    cluster.made.end(ends[1], node(1, SERVICE));
    cluster.made.end(ends[2], node(1, SERVICE));
    for end in ends {
        cluster.made.acknowledge(node(1, SERVICE), end);
    }
    let wanted = [(
        "Client died",
        "10.0.0.102",
        4.1,
        4.1,
        2,
        first,
        &["3 connections", "2 with requests open"][..],
    )];
    check("faults-died", cluster.made, &wanted);
}

#[test]
fn a_client_that_closes_all_and_goes_on_has_not_died() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 8.0);
    let ends = cluster.works(2, 1, 0.1, 3.9);
    for end in &ends[..2] {
        cluster.ask(*end, 1, 4.0, &record_request(9, true));
    }
    for end in ends {
        cluster.made.at(4.1).end(end, node(1, SERVICE));
        cluster.made.acknowledge(node(1, SERVICE), end);
    }
    cluster.works(2, 1, 4.5, 8.0);
    let found = crate::cluster::found("faults-not-dead", cluster.made);
    assert!(
        !found.findings.iter().any(|line| line.finding == "Client died"),
        "{found:#?}"
    );
}

#[test]
fn a_client_that_ends_when_all_is_answered_has_not_died() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 8.0);
    for end in cluster.works(2, 1, 0.1, 3.9) {
        cluster.made.at(4.1).close(end, node(1, SERVICE));
    }
    check("faults-ended", cluster.made, &[]);
}

/// Four bytes in base64 for three.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .zip([16, 8, 0])
            .fold(0_u32, |sum, (byte, shift)| sum | u32::from(*byte) << shift);
        for (letter, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let index = (number >> shift & 63) as usize;
            text.push(if letter <= three.len() {
                LETTERS[index] as char
            } else {
                '='
            });
        }
    }
    text
}

/// Three nodes, two copies: of the three remainders of a partition each node is master of one and holds another, too.
fn owns(node: u8) -> (u16, u16) {
    match node {
        1 => (1, 0),
        2 => (0, 2),
        _ => (2, 1),
    }
}

/// A client asks a node for its partitions of `test`.
fn asks_for_replicas(cluster: &mut Cluster, from: Endpoint, to: u8, at: f64) {
    let (master, copy) = owns(to);
    let column = |remainder: u16| {
        let mut bytes = [0_u8; 512];
        for partition in (0..4096_u16).filter(|partition| partition % 3 == remainder) {
            bytes[usize::from(partition / 8)] |= 0x80 >> (partition % 8);
        }
        base64(&bytes)
    };
    let answer = format!("replicas\ttest:0,2,{},{}\n", column(master), column(copy));
    cluster
        .made
        .at(at)
        .send(from, node(to, SERVICE), &proto(1, b"replicas\n"));
    cluster.answer(from, to, at + 0.0005, &proto(1, answer.as_bytes()));
}

/// Digests whose partitions have that remainder.
fn digests(remainder: u16) -> impl Iterator<Item = u8> {
    (0..=255_u8).filter(move |digest| {
        aerospike::wire::client::fields::digest::partition(&[*digest; 20]) % 3 == remainder
    })
}

/// Clients work on three nodes, which say what they hold; one asks node 1 from some second on.
fn asks_node_1(from: f64, remainder: u16) -> (Cluster, Mark) {
    let mut cluster = Cluster::new();
    for to in [1, 2, 3] {
        let [_, _, news] = cluster.works(1, to, 0.1, 16.0);
        asks_for_replicas(&mut cluster, news, to, 16.1);
        let early = cluster.open(1, to, 0.3);
        asks_for_replicas(&mut cluster, early, to, 0.5);
    }
    let end = cluster.open(2, 1, 0.2);
    let mut first = None;
    for (digest, step) in digests(remainder).take(10).zip(0..) {
        let mark = cluster.get(end, 1, from + f64::from(step) * 0.2, digest);
        first.get_or_insert(mark);
    }
    (cluster, first.expect("a request"))
}

#[test]
fn a_client_that_asks_a_node_which_said_that_it_has_no_copy() {
    let (cluster, first) = asks_node_1(11.0, 2);
    let wanted = [(
        "Stale partition map",
        "10.0.0.102 to 10.0.0.1:3000",
        11.0,
        12.8,
        10,
        first,
        &["have no copy of the partition", "10.0.0.3:3000"][..],
    )];
    check("faults-stale-replicas", cluster.made, &wanted);
}

#[test]
fn a_client_that_has_not_yet_learnt_the_map_or_reads_a_replica_is_no_fault() {
    let (cluster, _) = asks_node_1(4.0, 2);
    check("faults-map-is-new", cluster.made, &[]);
    let (cluster, _) = asks_node_1(11.0, 0);
    check("faults-reads-replica", cluster.made, &[]);
}
