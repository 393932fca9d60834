//! Twice the traffic costs twice the instructions: small exchanges on one long connection, batches of 300 rows, records of
//! 1 MB, scans of thousands of records, messages between nodes.
//!
//! Counted, not timed, by valgrind, which `make test` installs, and without chance: Wireshark's hash tables are seeded at random,
//! which is worth a million instructions from run to run, as much as what is looked for.

mod common;
#[path = "../bench/traffic.rs"]
#[allow(dead_code)]
mod traffic;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use common::host::host;
use common::instructions::{CACHEGRIND, LENGTHS, counted, growth};
use common::make::{ACK, Endpoint, Maker, PUSH, proto, record_answer};

/// How much a doubling may add, over twice what the doubling before added. A cost that grows with the square is seen once
/// it is a twentieth of the whole.
const MOST: f64 = 1.03;

/// The instructions of tshark, its start among them, on a capture with so much of every kind of traffic.
fn instructions(count: u32) -> u64 {
    let capture = traffic::capture("every", count);
    spent(
        &format!("every-{count}.pcap"),
        &capture,
        &["-Y", "aerospike.digest contains ff:ff"],
    )
}

/// A library that stands before GLib's with a seed that is always the same.
fn without_chance() -> &'static str {
    static LIBRARY: OnceLock<String> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = host().scratch(
            "chance.c",
            b"unsigned g_random_int(void) { return 0x5bd1e995; }\n",
        );
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chance.so");
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status()
            .expect("a C compiler, which built the plugin");
        assert!(made.success());
        let bytes = std::fs::read(&library).expect("what the compiler wrote");
        let library = host().scratch("chance.so", &bytes);
        library.to_str().expect("a path in UTF-8").into()
    })
}

/// The instructions of tshark with these options on a capture.
fn spent(name: &str, capture: &[u8], options: &[&str]) -> u64 {
    let path = host().scratch(name, capture);
    let args = [
        "tshark",
        "-n",
        "-q",
        "-r",
        path.to_str().expect("a path in UTF-8"),
    ];
    let args = [&CACHEGRIND[..], &args, options].concat();
    let ran = host()
        .run_with(&[("LD_PRELOAD", without_chance())], "valgrind", &args, "")
        .expect_success();
    counted(&ran.stderr)
}

#[test]
fn twice_the_traffic_costs_twice_the_instructions() {
    let costs = LENGTHS.map(instructions);
    let growth = growth(costs);
    assert!(growth.iter().all(|more| *more < MOST), "{costs:?}: {growth:?}");
}

/// A read of a record in a namespace and set of its own.
fn name(number: u32) -> Vec<u8> {
    let mut body = vec![22, 3, 0, 0, 0, 0];
    body.extend([0; 12]);
    body.extend([0, 3, 0, 0]);
    let digest: Vec<u8> = number.to_be_bytes().into_iter().cycle().take(20).collect();
    let (namespace, set) = (format!("ns{number}"), format!("set{number}"));
    for (kind, data) in [(0, namespace.as_bytes()), (1, set.as_bytes()), (4, &digest)] {
        body.extend((data.len() as u32 + 1).to_be_bytes());
        body.push(kind);
        body.extend(data);
    }
    proto(3, &body)
}

/// Names and nodes in every capture: more than the reports have rows for, so that all of them are full.
const FIRST: u32 = 1100;

/// Packets that nobody sends, so many of every kind: what is told apart, looked up or waited for grows with them.
fn hostile(count: u32) -> Vec<u8> {
    let count = 200 * count;
    let mut made = Maker::new();
    let ends = |port: u16| -> (Endpoint, Endpoint) { (([10, 0, 9, 9], 50_000), ([10, 3, 0, 1], port)) };
    // Connections, nodes, namespaces, sets, keys.
    for number in 0..FIRST + count {
        let [.., high, low] = number.to_be_bytes();
        let (client, server) = (([10, 1, high, low], 40_000), ([10, 2, high, low], 3000));
        made.connect(client, server);
        made.send(client, server, &name(number));
        made.send(server, client, &record_answer(0));
    }
    // Info commands.
    let (client, server) = ends(3000);
    made.connect(client, server);
    for number in 0..count {
        made.send(client, server, &proto(1, format!("command{number}\n").as_bytes()));
        made.send(
            server,
            client,
            &proto(1, format!("command{number}\tok\n").as_bytes()),
        );
    }
    // Requests that stay open, and segments that cannot be read.
    let client = (client.0, 50_001);
    made.connect(client, server);
    // All are acknowledged: Wireshark walks over what is not, for each segment.
    for number in 0..count {
        made.send(client, server, &name(number));
        made.acknowledge(server, client);
    }
    for _ in 0..count {
        made.segment(server, client, ACK | PUSH, 1000, b"no header");
        made.acknowledge(client, server);
    }
    // Requests of one kind whose answers are lost, and answers of another.
    let client = (client.0, 50_002);
    made.connect(client, server);
    for number in 0..count {
        made.lose(server, client, 40);
        made.send(client, server, &proto(1, format!("command{number}\n").as_bytes()));
        made.acknowledge(server, client);
    }
    for _ in 0..count {
        made.send(server, client, &record_answer(0));
        made.acknowledge(client, server);
    }
    // Answers to nothing, many in a segment.
    let client = (client.0, 50_003);
    for _ in 0..count / 4 {
        made.segment(server, client, ACK | PUSH, 1000, &record_answer(2).repeat(40));
        made.acknowledge(client, server);
    }
    // A line of text, two bytes a segment.
    let (_, server) = ends(3003);
    made.connect(client, server);
    for _ in 0..count {
        made.segment(client, server, ACK | PUSH, 1000, b"ab");
        made.acknowledge(server, client);
    }
    made.finish()
}

/// Two passes, and one with reports.
#[test]
fn hostile_bytes_cost_no_more_than_their_number() {
    const REPORTS: [&str; 8] = [
        "-z",
        "aerospike,hotkeys",
        "-z",
        "aerospike,latency",
        "-z",
        "aerospike,srt",
        "-z",
        "aerospike,tree",
    ];
    let captures = LENGTHS.map(hostile);
    // Without a statistic tshark would dissect nothing.
    for (name, options) in [("passes", &["-2", "-z", "conv,tcp"][..]), ("reports", &REPORTS)] {
        let mut costs = [0; 4];
        for (cost, capture) in costs.iter_mut().zip(&captures) {
            *cost = spent(
                &format!("hostile-{name}-{}.pcap", capture.len()),
                capture,
                options,
            );
        }
        let growth = growth(costs);
        assert!(
            growth.iter().all(|more| *more < MOST),
            "{name}: {costs:?}: {growth:?}"
        );
    }
}

#[test]
fn what_grows_with_the_square_is_seen() {
    let start = 900_000_000;
    let linear = LENGTHS.map(|length| start + 50_000_000 * u64::from(length));
    assert_eq!(growth(linear), [1.0, 1.0]);
    let partly = LENGTHS.map(|length| start + u64::from(length) * (47_500_000 + 312_500 * u64::from(length)));
    assert!(growth(partly)[1] > MOST, "{:?}", growth(partly));
}
