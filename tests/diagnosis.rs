//! The diagnosis of recorded faults, from what the notes on each recording say; nothing else is accused, and healthy
//! captures have no findings.

mod common;

use common::diagnosis::{Line, diagnosis_of};

/// What is found, who, from, to, how many, and words of the details; times to a tenth of a second.
type Expected = (&'static str, &'static str, f64, f64, u32, &'static str);

fn check(capture: &str, expected: &[Expected]) {
    let found = diagnosis_of(capture, "");
    assert_eq!(found.len(), expected.len(), "{capture}: {found:#?}");
    for (finding, who, from, to, count, words) in expected {
        let fits = |line: &&Line| {
            line.finding == *finding
                && line.who.contains(who)
                && (line.from - from).abs() < 0.1
                && (line.to - to).abs() < 0.1
                && line.count == *count
                && line.frame > 0
                && line.details.contains(words)
        };
        assert_eq!(
            found.iter().filter(fits).count(),
            1,
            "{capture}: {finding} {who} in {found:#?}"
        );
    }
}

#[test]
fn a_stopped_server_is_stalled_and_the_network_is_not_accused() {
    check(
        "scenarios/server-stall",
        &[
            (
                "Stalled server",
                "10.77.0.11:3000",
                2.2,
                5.403,
                12,
                "10.77.0.101, 10.77.0.102",
            ),
            ("Retries", "10.77.0.101", 3.233, 5.296, 5, ""),
        ],
    );
}

#[test]
fn lost_requests_are_the_network_s_fault() {
    check(
        "scenarios/network-drop-requests",
        &[
            (
                "Loss on the network",
                "10.77.0.101 to 10.77.0.11:3000",
                2.175,
                4.228,
                25,
                "the other end lives",
            ),
            ("Retries", "10.77.0.101", 5.228, 5.229, 2, ""),
        ],
    );
}

#[test]
fn a_busy_key_is_hot() {
    let digest = "test/demo b0da6e0d54cd4ff6ec5090d624bdec219cabff8c";
    check(
        "scenarios/key-busy",
        &[("Hot key", digest, 1.443, 1.857, 15, "KEY_BUSY")],
    );
}

#[test]
fn errors_of_an_application_are_grouped_and_ordinary_results_are_none() {
    let app = "10.77.0.101, test/demo";
    check(
        "scenarios/app-config-errors",
        &[
            ("Application errors", app, 1.546, 1.547, 3, "RECORD_TOO_BIG"),
            (
                "Writes refused",
                "namespace bar, 10.77.0.101",
                1.748,
                1.748,
                3,
                "nsup-period",
            ),
            ("Application errors", app, 1.954, 2.956, 2, "BIN_NAME"),
            ("Application errors", app, 3.958, 3.958, 1, "PARAMETER"),
        ],
    );
}

#[test]
fn strangers_at_the_service_port_are_named() {
    let stranger = |from, to, count, words| {
        (
            "Unsupported protocol",
            "10.77.0.101 to 10.77.0.11:3000",
            from,
            to,
            count,
            words,
        )
    };
    check(
        "scenarios/wrong-protocol-to-3000",
        &[
            stranger(0.977, 2.841, 3, "TLS ClientHello"),
            stranger(3.648, 3.648, 1, "HTTP"),
            stranger(4.837, 4.837, 1, "SSH"),
            stranger(5.635, 5.635, 1, "info command as text"),
            stranger(6.636, 6.636, 1, "heartbeat"),
            stranger(7.635, 7.635, 1, "fabric"),
            stranger(8.635, 13.638, 4, "proto header"),
            stranger(11.637, 11.637, 1, "Redis"),
            stranger(12.638, 12.638, 1, "remote desktop"),
        ],
    );
}

#[test]
fn lost_boundaries_are_the_client_s_fault() {
    check(
        "scenarios/sync-loss",
        &[
            ("Lost boundaries", "10.77.0.101:41444", 1.005, 1.005, 1, "size"),
            ("Application errors", "10.77.0.101", 1.005, 1.005, 1, "PARAMETER"),
            ("Retries", "10.77.0.101", 1.554, 1.554, 1, ""),
        ],
    );
}

#[test]
fn increments_that_were_applied_again_are_counted() {
    check(
        "scenarios/retry-duplicates",
        &[
            (
                "Stalled server",
                "10.77.0.11:3000",
                2.035,
                2.504,
                3,
                "10.77.0.101",
            ),
            (
                "Stalled server",
                "10.77.0.11:3000",
                3.518,
                4.006,
                3,
                "10.77.0.101",
            ),
            ("Retries", "10.77.0.101", 2.236, 3.919, 4, ""),
            (
                "Duplicate write",
                "868d6f5c576a852fe2c80689466c6574d3101b4d",
                2.035,
                4.006,
                4,
                "",
            ),
        ],
    );
}

#[test]
fn refused_ports_are_found() {
    let capture = "scenarios/cluster-fabric-refused";
    let found = diagnosis_of(capture, "");
    assert!(
        found.iter().all(|line| line.finding == "Connections refused"),
        "{found:#?}"
    );
    let fabric = found.iter().filter(|line| line.who.ends_with(":3001"));
    let (count, last) = fabric.fold((0, 0.0), |(count, last), line| {
        (count + line.count, line.to.max(last))
    });
    assert!(
        (80..=84).contains(&count) && (9.5..9.95).contains(&last),
        "{found:#?}"
    );
}

#[test]
fn healthy_captures_have_no_findings() {
    for capture in [
        "kv-basic",
        "operate-basic",
        "scan-query-pagination",
        "hot-keys-zipf",
        "perf-sample-30k",
        "scenarios/hot-batch",
        "reordered-large-100k",
        "client-nodejs",
        "midstream-kv",
        "oneway-client-to-server-kv-all-types",
        "capture-loss-kv-all-types",
        "kv-all-types",
        "large-100k",
        "heartbeat-mesh-steady",
        "cluster-replication-writes-slim",
        "cluster-smd-slim",
        "compressed-both-ways",
        "info-text-port-3003-server80",
        "duplicated-kv-all-types",
        "scenarios/tls-service-13",
    ] {
        let found = diagnosis_of(capture, "");
        assert!(found.is_empty(), "{capture}: {found:#?}");
    }
}

#[test]
fn requests_to_nodes_that_do_not_own_the_partition_are_found() {
    let capture = "cluster-proxy-slim";
    // Every request of its client goes to the wrong node on purpose.
    let found = diagnosis_of(capture, "");
    assert_eq!(found.len(), 3, "{found:#?}");
    for line in &found {
        assert_eq!(line.finding, "Stale partition map", "{found:#?}");
        assert!(line.who.starts_with("10.77.0.101 to 10.77.0.1"), "{found:#?}");
    }
}

#[test]
fn a_node_that_leaves_and_one_that_is_cut_off_are_named_once() {
    for (capture, finding) in [
        ("cluster-mesh-join-no-migration", "Node stopped"),
        ("cluster-split-heal-dupres-slim", "Unreachable host"),
    ] {
        let mut found = diagnosis_of(capture, "");
        // Seeds that are not up yet refuse.
        found.retain(|line| line.finding != "Connections refused");
        let named: Vec<_> = found
            .iter()
            .map(|line| (line.finding.as_str(), line.who.as_str()))
            .collect();
        assert_eq!(named, [(finding, "10.77.0.13")], "{capture}: {found:#?}");
    }
}

#[test]
fn a_filter_holds_for_both_taps() {
    let capture = "scenarios/network-drop-requests";
    let found = diagnosis_of(capture, ",ip.addr == 10.77.0.102");
    assert!(found.is_empty(), "{found:#?}");
}
