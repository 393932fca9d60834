//! Clear text where TLS is spoken.

use crate::cluster::{Cluster, check, node};
use crate::common::make::*;

const TLS: u16 = 4333;

/// A client and a node that speak TLS.
fn speaks_tls(cluster: &mut Cluster, number: u8, at: f64) {
    let (end, server) = (cluster.client(1), node(number, TLS));
    cluster.made.at(at).connect(end, server);
    for (from, to, record) in [
        (end, server, &b"\x16\x03\x01\0\x05\x01\0\0\x01\0"[..]),
        (server, end, b"\x16\x03\x03\0\x05\x02\0\0\x01\0"),
        (end, server, b"\x17\x03\x03\0\x04abcd"),
        (server, end, b"\x17\x03\x03\0\x04efgh"),
    ] {
        cluster.made.wait(0.001);
        cluster.made.send(from, to, record);
        cluster.made.acknowledge(to, from);
    }
}

#[test]
fn clear_text_on_a_tls_port() {
    let mut cluster = Cluster::new();
    speaks_tls(&mut cluster, 1, 0.5);
    let mut first = None;
    for (step, has_alert) in [true, false, true].into_iter().enumerate() {
        let at = 2.0 + step as f64;
        let (end, server) = (cluster.client(2), node(1, TLS));
        cluster.made.at(at).connect(end, server);
        let mark = cluster
            .made
            .at(at + 0.001)
            .send(end, server, &record_request(7, false));
        first.get_or_insert(mark);
        cluster.made.acknowledge(server, end);
        cluster.made.wait(0.001);
        if has_alert {
            // Fatal: protocol_version.
            cluster.made.send(server, end, b"\x15\x03\x03\0\x02\x02\x46");
        }
        cluster.made.end(server, end);
        cluster.made.end(end, server);
        cluster.made.acknowledge(server, end);
    }
    let wanted = [(
        "Clear text on a TLS port",
        "10.0.0.102 to 10.0.0.1:4333",
        2.001,
        4.001,
        3,
        first.expect("a request"),
        &["the server closes 3 of them"][..],
    )];
    check("faults-clear-on-tls", cluster.made, &wanted);
}

#[test]
fn clear_text_that_is_answered_is_at_the_right_port() {
    let mut cluster = Cluster::new();
    speaks_tls(&mut cluster, 2, 0.5);
    let (end, server) = (cluster.client(2), node(1, TLS));
    cluster.made.at(2.0).connect(end, server);
    for step in 0..5 {
        cluster
            .made
            .at(2.1 + f64::from(step))
            .send(end, server, &record_request(7, false));
        cluster.made.wait(0.0003);
        cluster.made.send(server, end, &record_answer(0));
        cluster.made.acknowledge(end, server);
    }
    cluster.made.end(server, end);
    cluster.made.end(end, server);
    check("faults-clear-on-clear", cluster.made, &[]);
}
