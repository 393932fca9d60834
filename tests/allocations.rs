//! Dissecting allocates nothing in Rust: what it needs comes from the packet's and the file's memory of Wireshark. And it
//! parses each message once, whoever looks at it.
//!
//! The plugin counts what Rust allocates while a capture is open, and what it parses. Twice the packets of one kind must not make that
//! number grow, once everything has been used: with a feature of its own, since a plugin that counts is no plugin to
//! install (`cargo test --features count-allocations --test allocations`).

mod common;
#[path = "../bench/traffic.rs"]
#[allow(dead_code)]
mod traffic;

use common::host::host;

/// What Rust allocated while tshark dissected so many exchanges of a kind.
fn allocations(kind: &str, count: u32, arguments: &[&str]) -> u64 {
    let name = format!("{kind}-{count}.pcap");
    let path = host().scratch(&name, &traffic::capture(kind, count));
    let mut all = vec!["-n", "-r", path.to_str().expect("a path in UTF-8")];
    all.extend(arguments);
    let ran = host().tshark(&all).expect_success();
    let line = ran.stderr.lines().find_map(|line| {
        line.strip_prefix("aerospike: ")?
            .strip_suffix(" allocations")?
            .parse()
            .ok()
    });
    line.unwrap_or_else(|| panic!("no count in {:?}", ran.stderr))
}

#[test]
fn dissecting_allocates_nothing_in_rust() {
    let modes: [&[&str]; 5] = [
        &["-q", "-z", "conv,tcp"],
        &[],
        &["-V"],
        &["-2", "-q", "-z", "conv,tcp"],
        &["-q", "-Y", "aerospike.digest contains ff:ff"],
    ];
    for kind in ["small", "mixed", "batches", "scans", "fabric"] {
        let count = match kind {
            "mixed" => 1500,
            "scans" => 1,
            _ => 20,
        };
        for mode in modes {
            let (once, twice) = (allocations(kind, count, mode), allocations(kind, 2 * count, mode));
            assert_eq!(
                once,
                twice,
                "{kind}, {count} and {} of them, tshark {mode:?}",
                2 * count
            );
        }
    }
}

/// How many messages there are in a capture: each shows its header once.
fn messages(path: &str) -> usize {
    let fields = [
        "-T",
        "fields",
        "-e",
        "aerospike.msg.header_size",
        "-E",
        "aggregator= ",
    ];
    let ran = host()
        .tshark(&[&["-n", "-r", path][..], &fields].concat())
        .expect_success();
    ran.text().split_whitespace().count()
}

/// How many messages tshark parsed in a capture, and how often it walked over one for what it says.
fn parse(path: &str, arguments: &[&str]) -> (usize, usize) {
    let ran = host()
        .tshark(&[&["-n", "-r", path][..], arguments].concat())
        .expect_success();
    let counts = ran.stderr.lines().find_map(|line| {
        let counts = line
            .strip_prefix("aerospike: ")?
            .strip_suffix(" walks for what they say")?;
        let (messages, walks) = counts.split_once(" messages parsed, ")?;
        Some((messages.parse().ok()?, walks.parse().ok()?))
    });
    counts.unwrap_or_else(|| panic!("no counts in {:?}", ran.stderr))
}

/// Each message is parsed and walked once, whatever looks at it.
fn expect_one_parse(path: &str) {
    let reports = [
        "-z",
        "aerospike,hotkeys",
        "-z",
        "aerospike,diagnosis",
        "-z",
        "aerospike,tree",
    ];
    let count = messages(path);
    assert!(count > 100, "{count} messages in {path}");
    for arguments in [&[][..], &["-V"], &reports, &[&["-V"][..], &reports].concat()] {
        assert_eq!(
            parse(path, arguments),
            (count, count),
            "{path}, tshark {arguments:?}"
        );
    }
}

#[test]
fn a_message_is_parsed_once_for_all_who_look() {
    // Rows of batches are walked one by one: this capture has none.
    expect_one_parse(host().capture("kv-all-types").to_str().expect("a path in UTF-8"));
}

#[test]
fn the_messages_of_one_body_are_parsed_once() {
    let path = host().scratch("scans-once.pcap", &traffic::capture("scans", 1));
    expect_one_parse(path.to_str().expect("a path in UTF-8"));
}
