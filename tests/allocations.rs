//! Dissecting allocates nothing in Rust: what it needs comes from the packet's and the file's memory of Wireshark.
//!
//! The plugin counts what Rust allocates while a capture is open. Twice the packets of one kind must not make that
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
