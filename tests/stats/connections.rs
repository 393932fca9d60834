//! The report of connections against TCP's own fields.

use std::collections::{BTreeMap, HashSet};

use crate::common::fields;
use crate::latency::{exact, is_near};
use crate::report_files::{CsvRow, csv, number};

#[derive(Default)]
struct Stream {
    client: String,
    node: String,
    syn: Option<f64>,
    opened: Option<f64>,
    /// When it was closed, by the client.
    closed: Option<(f64, bool)>,
    requests: usize,
    idle: Vec<f64>,
    round_trip: Option<f64>,
    resent: usize,
}

/// The connections with messages of clients, from the fields of each packet.
fn streams(capture: &str) -> Vec<Stream> {
    let names = [
        "tcp.stream",
        "frame.time_relative",
        "ip.src",
        "tcp.srcport",
        "ip.dst",
        "tcp.dstport",
        "tcp.flags",
        "aerospike.request",
        "aerospike.response",
        "aerospike.time.client",
        "tcp.analysis.initial_rtt",
        "tcp.len",
        "tcp.seq",
    ];
    let mut streams: BTreeMap<u32, Stream> = BTreeMap::new();
    let mut servers: BTreeMap<u32, String> = BTreeMap::new();
    let packets = fields::columns(capture, &[], "tcp", &names);
    for row in &packets {
        let number = row[0][0].parse().expect("a stream");
        let (from, to) = (
            format!("{}:{}", row[2][0], row[3][0]),
            format!("{}:{}", row[4][0], row[5][0]),
        );
        if !row[7].is_empty() {
            servers.insert(number, to);
        } else if !row[8].is_empty() {
            servers.insert(number, from);
        }
    }
    let nodes: HashSet<String> = servers.values().cloned().collect();
    let mut sent: HashSet<(u32, String, String)> = HashSet::new();
    for row in packets {
        let number = row[0][0].parse().expect("a stream");
        // Those on which nothing is said, too, if others have said something to that node.
        let ends = [
            format!("{}:{}", row[2][0], row[3][0]),
            format!("{}:{}", row[4][0], row[5][0]),
        ];
        let of_node = ends.iter().find(|end| nodes.contains(*end));
        let Some(node) = servers.get(&number).or(of_node) else {
            continue;
        };
        let time: f64 = row[1][0].parse().expect("seconds");
        let flags = u32::from_str_radix(row[6][0].trim_start_matches("0x"), 16).expect("flags");
        let from = format!("{}:{}", row[2][0], row[3][0]);
        let by_client = from != *node;
        let stream = streams.entry(number).or_insert_with(|| Stream {
            node: node.clone(),
            ..Stream::default()
        });
        stream.client = if by_client {
            row[2][0].clone()
        } else {
            row[4][0].clone()
        };
        match flags & 0x12 {
            0x02 => stream.syn = stream.syn.or(Some(time)),
            0x12 => stream.opened = stream.opened.or(Some(time)),
            _ => {}
        }
        if flags & 5 != 0 {
            stream.closed = stream.closed.or(Some((time, by_client)));
        }
        stream.requests += row[7].len();
        stream.idle.extend(
            row[9]
                .iter()
                .map(|time| time.parse::<f64>().expect("seconds") * 1e3),
        );
        if let Some(time) = row[10].first() {
            stream.round_trip = stream
                .round_trip
                .or(Some(time.parse::<f64>().expect("seconds") * 1e3));
        }
        // Bytes with the same beginning a second time.
        let has_data = row[11][0] != "0";
        let is_new = !has_data || sent.insert((number, from, row[12][0].clone()));
        stream.resent += usize::from(!is_new);
    }
    streams.into_values().collect()
}

fn check_row(capture: &str, row: &CsvRow, streams: &[&Stream]) {
    let same = |column: &str, wanted: usize| {
        assert_eq!(
            number(row, column),
            wanted as f64,
            "{capture}: {column} of {row:?}"
        );
    };
    let count = |holds: &dyn Fn(&Stream) -> bool| streams.iter().filter(|stream| holds(stream)).count();
    same("At start", count(&|stream| stream.opened.is_none()));
    same("Opened", count(&|stream| stream.opened.is_some()));
    same("Not opened", 0);
    same(
        "Closed by client",
        count(&|stream| stream.closed.is_some_and(|(_, by_client)| by_client)),
    );
    same(
        "by node",
        count(&|stream| stream.closed.is_some_and(|(_, by_client)| !by_client)),
    );
    same("At end", count(&|stream| stream.closed.is_none()));
    let requests: usize = streams.iter().map(|stream| stream.requests).sum();
    same("Requests", requests);
    assert!(
        is_near(number(row, "each"), requests as f64 / streams.len() as f64),
        "{capture}: {row:?}"
    );
    // At each moment at which one came.
    let is_open = |stream: &Stream, at: f64| {
        stream.opened.is_none_or(|opened| opened <= at) && stream.closed.is_none_or(|(closed, _)| closed > at)
    };
    let moments = streams.iter().map(|stream| stream.opened.unwrap_or(0.0));
    let peak = moments
        .map(|at| count(&|stream| is_open(stream, at)))
        .max()
        .unwrap_or(0);
    same("Peak", peak);
    let mut idle: Vec<f64> = streams
        .iter()
        .flat_map(|stream| stream.idle.iter().copied())
        .collect();
    assert!(
        is_near(number(row, "Idle p50 ms"), exact(&mut idle, 0.5)),
        "{capture}: {row:?}"
    );
    assert!(
        is_near(number(row, "Idle max ms"), exact(&mut idle, 1.0)),
        "{capture}: {row:?}"
    );
    let mut connects: Vec<f64> = streams
        .iter()
        .filter_map(|stream| Some((stream.opened? - stream.syn?) * 1e3))
        .collect();
    let found = number(row, "Connect p50 ms");
    assert!(
        (found - exact(&mut connects, 0.5)).abs() < 1e-3,
        "{capture}: {row:?}"
    );
    let found = number(row, "Connect max ms");
    assert!(
        (found - exact(&mut connects, 1.0)).abs() < 1e-3,
        "{capture}: {row:?}"
    );
    let mut trips: Vec<f64> = streams.iter().filter_map(|stream| stream.round_trip).collect();
    let found = number(row, "Round trip ms");
    assert!(
        (found - exact(&mut trips, 0.5)).abs() < 1e-3,
        "{capture}: {row:?}"
    );
    same(
        "Retransmissions",
        streams.iter().map(|stream| stream.resent).sum(),
    );
}

#[test]
fn each_row_is_what_its_packets_say() {
    for capture in [
        "hot-keys-zipf",
        "kv-basic",
        "perf-sample-30k",
        "clients/asadm",
        "midstream-kv",
    ] {
        let streams = streams(capture);
        let mut tables = csv(capture, "connections", &[]);
        let all = &tables.remove("All connections").expect("totals")[0];
        check_row(capture, all, &streams.iter().collect::<Vec<_>>());
        let rows = tables.remove("By client and node").expect("rows");
        let pairs: HashSet<(&str, &str)> = streams
            .iter()
            .map(|stream| (stream.client.as_str(), stream.node.as_str()))
            .collect();
        assert_eq!(rows.len(), pairs.len(), "{capture}");
        for row in &rows {
            let of_row: Vec<&Stream> = streams
                .iter()
                .filter(|stream| stream.client == row["Client"] && stream.node == row["Node"])
                .collect();
            check_row(capture, row, &of_row);
        }
    }
}

/// What TCP sent again, and who was refused.
#[test]
fn trouble_is_counted() {
    let row = csv("loss-real-client-side", "connections", &[])
        .remove("All connections")
        .expect("totals")
        .remove(0);
    let wanted: usize = streams("loss-real-client-side")
        .iter()
        .map(|stream| stream.resent)
        .sum();
    assert!(wanted > 0);
    assert_eq!(number(&row, "Retransmissions"), wanted as f64);
    let row = csv("diagnosis/java-node-killed", "connections", &[])
        .remove("All connections")
        .expect("totals")
        .remove(0);
    assert!(number(&row, "Not opened") > 0.0, "{row:?}");
    for capture in ["kv-basic", "hot-keys-zipf"] {
        let row = csv(capture, "connections", &[])
            .remove("All connections")
            .expect("totals")
            .remove(0);
        assert_eq!(
            (row["Not opened"].as_str(), row["Retransmissions"].as_str()),
            ("0", "0"),
            "{capture}"
        );
    }
}
