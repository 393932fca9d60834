//! Twice the traffic costs twice the instructions: small exchanges on one long connection, batches of 300 rows, records of
//! 1 MB, scans of thousands of records, messages between nodes.
//!
//! Counted, not timed, by valgrind, which `make test` installs.

mod common;
#[path = "../bench/traffic.rs"]
#[allow(dead_code)]
mod traffic;

use common::host::host;

/// Traffic at these multiples.
const LENGTHS: [u32; 4] = [1, 2, 4, 8];

/// How much a doubling may add, over twice what the doubling before added. A cost that grows with the square is seen once
/// it is a twentieth of the whole.
const MOST: f64 = 1.03;

/// What each doubling adds, over twice what the doubling before added: 1 is linear, 2 is quadratic.
fn growth(costs: [u64; 4]) -> [f64; 2] {
    let [first, second, third] = [0, 1, 2].map(|at| costs[at + 1] as f64 - costs[at] as f64);
    [second / first / 2.0, third / second / 2.0]
}

/// The instructions of tshark, its start among them, on a capture with so much of every kind of traffic.
fn instructions(count: u32) -> u64 {
    let path = host().scratch(&format!("every-{count}.pcap"), &traffic::capture("every", count));
    let args = [
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
        "tshark",
        "-n",
        "-q",
        "-Y",
        "aerospike.digest contains ff:ff",
        "-r",
        path.to_str().expect("a path in UTF-8"),
    ];
    let ran = host().run("valgrind", &args, "").expect_success();
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("I   refs:") || line.contains("I refs:"));
    let digits: String = line
        .unwrap_or_default()
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .replace([',', ' '], "");
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no count in {:?}", ran.stderr))
}

#[test]
fn twice_the_traffic_costs_twice_the_instructions() {
    let costs = LENGTHS.map(instructions);
    let growth = growth(costs);
    assert!(growth.iter().all(|more| *more < MOST), "{costs:?}: {growth:?}");
}

#[test]
fn what_grows_with_the_square_is_seen() {
    let start = 900_000_000;
    let linear = LENGTHS.map(|length| start + 50_000_000 * u64::from(length));
    assert_eq!(growth(linear), [1.0, 1.0]);
    let partly = LENGTHS.map(|length| start + u64::from(length) * (47_500_000 + 312_500 * u64::from(length)));
    assert!(growth(partly)[1] > MOST, "{:?}", growth(partly));
}
