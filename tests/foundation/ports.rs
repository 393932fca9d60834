//! Ports are preferences; each is set and seen to act.

use crate::common::fields::columns;
use crate::common::host::host;

/// Frames of a capture that match a filter, with options.
fn frames(name: &str, options: &[&str], filter: &str) -> usize {
    columns(name, options, filter, &["frame.number"]).len()
}

/// Wireshark's standard preferences add ports; what they take away differs by its version.
#[test]
fn of_clients() {
    assert!(frames("kv-basic", &[], "aerospike") > 0);
    assert!(frames("kv-basic", &["-o", "aerospike.tcp.port:2999-3000"], "aerospike") > 0);
    let requests = "aerospike.msg && aerospike.request";
    let off = ["--disable-heuristic", "aerospike_clear_tcp"];
    assert_eq!(frames("nonstandard-port-4333", &off, requests), 0);
    let options = ["-o", "aerospike.tcp.port:3000,4333"];
    assert_eq!(
        frames("nonstandard-port-4333", &[&off[..], &options].concat(), requests),
        5
    );
    assert!(
        frames("info-admin-port-3008", &[], "aerospike.type == 1") > 0,
        "3008 is known"
    );
}

/// What is in clear at a port for TLS is recognised, and named as such once a connection; where the user says that the
/// port is one of clients, or not one for TLS, it is not.
#[test]
fn in_clear_at_a_port_for_tls() {
    let (name, said) = ("nonstandard-port-4333", "aerospike.expert.clear_on_tls_port");
    for pass in [&[][..], &["-2"]] {
        let mut told = columns(name, pass, said, &["tcp.stream"]);
        let mut all = columns(name, pass, "aerospike", &["tcp.stream"]);
        assert!(all.len() > told.len());
        told.sort();
        all.sort();
        all.dedup();
        assert_eq!(told, all, "{pass:?}");
    }
    for options in [
        ["-o", "aerospike.tcp.port:3000,4333"],
        ["-d", "tcp.port==4333,aerospike"],
    ] {
        assert!(frames(name, &options, "aerospike") > 0);
        assert_eq!(frames(name, &options, said), 0, "{options:?}");
    }
    for name in ["kv-basic", "scenarios/tls-service-13"] {
        assert!(frames(name, &[], "aerospike") > 0, "{name}");
        assert_eq!(frames(name, &[], said), 0, "{name}");
    }
}

#[test]
fn of_heartbeats() {
    let tries = [
        (
            "heartbeat-mesh-steady",
            "aerospike.heartbeat.tcp.port:3999",
            "aerospike.heartbeat.tcp.port:3002",
        ),
        (
            "heartbeat-multicast-steady",
            "aerospike.heartbeat.udp.port:9999",
            "aerospike.heartbeat.udp.port:9917-9918",
        ),
    ];
    for (name, off, on) in tries {
        let with_default = frames(name, &[], "aerospike.heartbeat");
        assert!(with_default > 0, "{name}");
        assert_eq!(frames(name, &["-o", off], "aerospike.heartbeat"), 0, "{off}");
        assert_eq!(
            frames(name, &["-o", on], "aerospike.heartbeat"),
            with_default,
            "{on}"
        );
        assert_eq!(
            frames(name, &[], "aerospike"),
            with_default,
            "`aerospike` matches heartbeats"
        );
        assert_eq!(
            frames(name, &["--disable-protocol", "aerospike"], "aerospike.heartbeat"),
            with_default
        );
    }
}

/// A stock Wireshark gives TCP 3002 to gsm_ipa, and a saved preference of it does so again.
#[test]
fn of_heartbeats_against_gsm_ipa() {
    let name = "heartbeat-mesh-steady";
    assert_eq!(frames(name, &[], "gsm_ipa"), 0);
    let text = host().tshark(&["-G", "defaultprefs"]).expect_success().text();
    let lines = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once(": "));
    for (preference, value) in lines.filter(|(name, _)| name.starts_with("gsm_ipa.tcp.port")) {
        let saved = format!("{preference}:{value}");
        assert_eq!(frames(name, &["-o", &saved], "gsm_ipa"), 0, "-o {saved}");
        assert!(
            frames(name, &["-o", &saved], "aerospike.heartbeat") > 0,
            "-o {saved}"
        );
    }
}

#[test]
fn every_protocol_is_in_decode_as() {
    let text = host().tshark(&["-G", "decodes"]).expect_success().text();
    for (table, name) in [
        ("tcp.port", "aerospike"),
        ("tcp.port", "aerospike.heartbeat"),
        ("udp.port", "aerospike.heartbeat"),
    ] {
        let there = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let mut there = there.filter(|cells| cells.first() == Some(&table));
        assert!(
            there.any(|cells| cells.last() == Some(&name)),
            "{name} is not in {table}"
        );
    }
    let options = ["-d", "tcp.port==4333,aerospike"];
    assert!(frames("nonstandard-port-4333", &options, "aerospike.msg") > 0);
    let said = host()
        .on("nonstandard-port-4333", &options)
        .expect_success()
        .stderr;
    assert_eq!(said, "", "one name, one dissector");
}
