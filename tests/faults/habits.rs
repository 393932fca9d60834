//! What clients and tools do every day, and what the end of a capture leaves open: no fault is found in it.

use crate::cluster::{Cluster, SERVICE, check, found, node};
use crate::common::make::*;
use crate::rare::{rows_of, within};

/// An answer to a command of security: OK, or an error.
fn logs_in(cluster: &mut Cluster, from: Endpoint, at: f64, command: u8, result: u8) {
    let mut body = vec![0, 0, command, 1];
    body.resize(16, 0);
    body.extend([0, 0, 0, 4, 0]);
    body.extend(b"app");
    cluster.ask(from, 1, at, &proto(2, &body));
    let mut answer = vec![0, result, command, 0];
    answer.resize(16, 0);
    cluster.answer(from, 1, at + 0.001, &proto(2, &answer));
}

#[test]
fn a_client_that_only_asks_for_news_leaves_no_gap() {
    let mut cluster = Cluster::new();
    let news = [1, 2, 3].map(|to| cluster.open(1, to, 0.1 + f64::from(to) * 0.001));
    for second in 0..4 {
        for (to, end) in (1_u8..).zip(news) {
            let at = 0.5 + f64::from(second) * 1.01 + f64::from(to) * 0.0005;
            for step in 0..if second < 2 { 30 } else { 3 } {
                cluster.news(end, to, at + f64::from(step) * 0.0016);
            }
        }
    }
    let found = found("rare-news", cluster.made);
    let gaps = found.capture.iter().filter(|row| row.finding == "Gap in time");
    assert_eq!(gaps.count(), 0, "{found:#?}");
    assert!(found.findings.is_empty(), "{found:#?}");
}

#[test]
fn one_of_two_programs_behind_an_address_ends() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 9.0);
    let ends = cluster.works(1, 1, 0.2, 3.9);
    for end in &ends[..2] {
        cluster.ask(*end, 1, 4.0, &record_request(9, true));
    }
    for end in ends {
        cluster.made.at(4.1).end(end, node(1, SERVICE));
        cluster.made.acknowledge(node(1, SERVICE), end);
    }
    let found = found("rare-two-programs", cluster.made);
    assert_eq!(rows_of(&found, "Client died"), 0, "{found:#?}");
}

#[test]
fn a_session_that_ran_out_and_is_renewed_is_no_refusal() {
    let mut cluster = Cluster::new();
    let end = cluster.open(1, 1, 0.1);
    logs_in(&mut cluster, end, 0.2, 20, 0);
    for step in 0..10 {
        cluster.get(end, 1, 0.5 + f64::from(step) * 0.1, 3);
    }
    let again = cluster.open(1, 1, 3.0);
    logs_in(&mut cluster, again, 3.1, 0, 66);
    logs_in(&mut cluster, again, 3.2, 20, 0);
    for step in 0..10 {
        cluster.get(again, 1, 3.5 + f64::from(step) * 0.1, 3);
    }
    check("rare-session", cluster.made, &[]);
}

#[test]
fn a_password_that_is_wrong_is_a_refusal_even_if_the_right_one_follows() {
    let mut cluster = Cluster::new();
    let end = cluster.open(1, 1, 0.1);
    logs_in(&mut cluster, end, 0.2, 20, 65);
    logs_in(&mut cluster, end, 0.4, 20, 0);
    let found = found("rare-password", cluster.made);
    assert_eq!(rows_of(&found, "Login failed"), 1, "{found:#?}");
}

#[test]
fn probes_that_keep_connections_alive_are_no_loss() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 40.0);
    let end = cluster.open(2, 1, 0.2);
    cluster.get(end, 1, 0.5, 3);
    let sent = record_request(3, false).len() as u32;
    for step in 0..5 {
        // The byte before the next one, which the other end has, and its acknowledgement.
        let at = 5.0 + f64::from(step) * 5.0;
        cluster.made.at(at).send_at(end, node(1, SERVICE), sent - 1, &[0]);
        cluster.made.acknowledge(node(1, SERVICE), end);
    }
    check("rare-keepalive", cluster.made, &[]);
}

#[test]
fn a_quiet_night_between_two_days_of_work_is_none() {
    let mut cluster = Cluster::new();
    let ends = cluster.works(1, 1, 0.1, 5.0);
    for second in 5..120 {
        cluster.news(ends[2], 1, 0.5 + f64::from(second));
    }
    cluster.works(1, 1, 121.0, 126.0);
    check("rare-night", cluster.made, &[]);
}

#[test]
fn a_tool_that_looks_at_each_node_and_goes_is_nothing() {
    let mut cluster = Cluster::new();
    for to in [1, 2, 3] {
        cluster.works(1, to, 0.1, 20.0);
        for step in 0..30 {
            let at = 0.5 + f64::from(step) * 0.6 + f64::from(to) * 0.01;
            let end = cluster.open(9, to, at);
            cluster.news(end, to, at + 0.001);
            cluster.made.at(at + 0.05).close(end, node(to, SERVICE));
        }
    }
    check("rare-tool", cluster.made, &[]);
}

#[test]
fn a_program_that_reads_in_bursts_pauses_nothing() {
    let mut cluster = Cluster::new();
    let ends: Vec<Endpoint> = (0..4).map(|_| cluster.open(1, 1, 0.1)).collect();
    let news = cluster.open(1, 1, 0.11);
    for second in 0..30 {
        cluster.news(news, 1, 0.3 + f64::from(second));
    }
    // Each five seconds for half a second.
    for burst in 0..6 {
        for step in 0..100 {
            let at = 0.5 + f64::from(burst) * 5.0 + f64::from(step) * 0.005;
            cluster.get(ends[step as usize % 4], 1, at, step as u8);
        }
    }
    check("rare-bursts", cluster.made, &[]);
}

#[test]
fn a_server_that_closes_while_the_client_sends_was_not_used_after_it_closed() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 70.0);
    let end = cluster.open(2, 1, 0.2);
    cluster.get(end, 1, 0.3, 4);
    // Both at once: seen at the client, its request stands first.
    cluster
        .made
        .at(60.3)
        .send(end, node(1, SERVICE), &record_request(4, false));
    cluster.made.end(node(1, SERVICE), end);
    cluster.made.at(60.3004).refuse(node(1, SERVICE), end);
    let found = found("rare-race", cluster.made);
    assert_eq!(rows_of(&found, "Idle connection reused"), 0, "{found:#?}");
    assert_eq!(rows_of(&found, "Stalled server"), 0, "{found:#?}");
}

#[test]
fn a_request_that_is_open_when_the_capture_ends_is_no_timeout() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 5.0);
    let end = cluster.open(2, 1, 0.2);
    cluster.get(end, 1, 0.3, 4);
    cluster.ask(end, 1, 4.5, &within(1000, record_request(8, true)));
    check("rare-end", cluster.made, &[]);
}

#[test]
fn a_scan_that_the_client_leaves_early_is_no_timeout() {
    let mut cluster = Cluster::new();
    cluster.works(1, 1, 0.1, 5.0);
    let end = cluster.open(2, 1, 0.2);
    let mut body = vec![22, 1, 0, 0, 0, 0];
    body.resize(18, 0);
    body.extend([0, 1, 0, 0, 0, 0, 0, 5, 0]);
    body.extend(b"test");
    cluster.ask(end, 1, 1.0, &proto(3, &body));
    for step in 0..20 {
        let mut record = vec![22, 0, 0, 0, 0, 0];
        record.resize(18, 0);
        record.extend([0, 1, 0, 0, 0, 0, 0, 21, 4]);
        record.extend([step; 20]);
        cluster.answer(end, 1, 1.001 + f64::from(step) * 0.01, &proto(3, &record));
    }
    cluster.made.at(1.3).end(end, node(1, SERVICE));
    cluster.made.acknowledge(node(1, SERVICE), end);
    check("rare-leaves-scan", cluster.made, &[]);
}

#[test]
fn a_pool_that_is_warmed_up_at_once_is_nothing() {
    let mut cluster = Cluster::new();
    cluster.works(2, 1, 0.1, 10.0);
    let ends: Vec<Endpoint> = (0..200)
        .map(|step| cluster.open(1, 1, 1.0 + f64::from(step) * 0.0005))
        .collect();
    for step in 0..400_u32 {
        let end = ends[step as usize % 200];
        cluster.get(end, 1, 2.0 + f64::from(step) * 0.01, (step % 100) as u8);
    }
    check("rare-warm", cluster.made, &[]);
}
