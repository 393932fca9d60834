//! The timeline against `-T fields`, and against the other reports.

use std::collections::{HashMap, HashSet};

use crate::common::fields;
use crate::latency::{exact, is_near};
use crate::report::HotKeys;
use crate::report_files::{CsvRow, csv, number};

/// What a frame has of ours, and of TCP.
struct Packet {
    /// Nanoseconds since 1970.
    time: i64,
    stream: String,
    length: u64,
    flags: u32,
    requests: usize,
    /// Milliseconds.
    times: Vec<f64>,
    is_error: bool,
    is_copy: bool,
}

fn nanoseconds(text: &str) -> i64 {
    let (seconds, rest) = text.split_once('.').unwrap_or((text, ""));
    let rest = format!("{rest:0<9}");
    seconds.parse::<i64>().expect("seconds") * 1_000_000_000 + rest[..9].parse::<i64>().expect("a fraction")
}

fn packets(capture: &str) -> Vec<Packet> {
    let names = [
        "frame.time_epoch",
        "tcp.stream",
        "tcp.len",
        "tcp.flags",
        "aerospike.request",
        "aerospike.response_time",
        "aerospike.msg.result_code",
        "aerospike.info.error",
        "aerospike.admin.result_code",
        "aerospike.duplicate",
    ];
    let fails = |codes: &[String]| codes.last().is_some_and(|code| code != "0");
    fields::columns(capture, &[], "frame", &names)
        .into_iter()
        .map(|row| Packet {
            time: nanoseconds(&row[0][0]),
            stream: row[1].first().cloned().unwrap_or_default(),
            length: row[2]
                .first()
                .map_or(0, |length| length.parse().expect("a length")),
            flags: row[3].first().map_or(0, |flags| {
                u32::from_str_radix(flags.trim_start_matches("0x"), 16).expect("flags")
            }),
            // TCP of 4.6 hands some copies over, which are shown, too.
            requests: if row[9].is_empty() { row[4].len() } else { 0 },
            times: row[5]
                .iter()
                .map(|time| time.parse::<f64>().expect("seconds") * 1e3)
                .collect(),
            is_copy: !row[9].is_empty(),
            is_error: fails(&row[6]) || fails(&row[8]) || !row[7].is_empty(),
        })
        .collect()
}

#[derive(Default, Clone)]
struct Wanted {
    requests: usize,
    times: Vec<f64>,
    errors: usize,
    bytes: u64,
    opened: usize,
    connections: i64,
}

/// The rows as the packets give them; `width` in nanoseconds.
fn rows_of_packets(packets: &[Packet], width: i64) -> Vec<Wanted> {
    let ours: HashSet<&str> = packets
        .iter()
        .filter(|packet| packet.requests > 0 || !packet.times.is_empty())
        .map(|packet| packet.stream.as_str())
        .collect();
    let start = packets[0].time;
    let last = packets.iter().map(|packet| packet.time).max().expect("packets");
    let mut rows = vec![Wanted::default(); ((last - start) / width) as usize + 1];
    let (mut opened, mut closed): (HashMap<&str, usize>, HashMap<&str, usize>) = Default::default();
    for packet in packets {
        let place = ((packet.time - start) / width) as usize;
        let row = &mut rows[place];
        row.requests += packet.requests;
        row.times.extend(&packet.times);
        row.errors += usize::from(packet.is_error && !packet.times.is_empty());
        if ours.contains(packet.stream.as_str()) {
            row.bytes += if packet.is_copy { 0 } else { packet.length };
            if packet.flags & 0x12 == 0x12 {
                opened.entry(&packet.stream).or_insert(place);
            }
            if packet.flags & 5 != 0 {
                closed.entry(&packet.stream).or_insert(place);
            }
        }
    }
    for stream in ours {
        let from = opened.get(stream).copied();
        if let Some(from) = from {
            rows[from].opened += 1;
        }
        let until = closed.get(stream).copied().unwrap_or(rows.len());
        for row in &mut rows[from.unwrap_or(0)..until] {
            row.connections += 1;
        }
    }
    rows
}

fn check(capture: &str, options: &[&str], rows_at_most: usize) -> Vec<CsvRow> {
    let mut tables = csv(capture, "timeline", options);
    let rows = tables.remove("By interval").expect("rows");
    let all = tables.remove("All of the capture").expect("totals").remove(0);
    assert!(rows.len() <= rows_at_most, "{capture}: {}", rows.len());
    let width = ((number(&rows[0], "To (s)") - number(&rows[0], "From (s)")) * 1e9).round() as i64;
    assert!(
        all["Events"].starts_with(&format!("rows of {} ms", width / 1_000_000)),
        "{all:?}"
    );
    let packets = packets(capture);
    let wanted = rows_of_packets(&packets, width);
    assert_eq!(rows.len(), wanted.len(), "{capture}: {width}");
    for (place, (row, wanted)) in rows.iter().zip(wanted).enumerate() {
        let from = place as f64 * width as f64 / 1e9;
        assert!((number(row, "From (s)") - from).abs() < 1e-9);
        let same = |column: &str, wanted: f64| {
            assert_eq!(number(row, column), wanted, "{capture}: {column} of {row:?}");
        };
        same("Requests", wanted.requests as f64);
        same("Answers", wanted.times.len() as f64);
        same("Errors", wanted.errors as f64);
        same("Bytes", wanted.bytes as f64);
        same("Opened", wanted.opened as f64);
        same("Connections", wanted.connections as f64);
        let mut times = wanted.times;
        for (column, share) in [("p50 ms", 0.5), ("p99 ms", 0.99)] {
            let exact = exact(&mut times, share);
            assert!(
                is_near(number(row, column), exact),
                "{capture}: {column} of {row:?}: {exact}"
            );
        }
    }
    // Open requests: one more for each request, one less for each answer; none on a connection that is closed.
    let (mut open, mut highest) = (0i64, vec![0i64; rows.len()]);
    let mut of_streams: HashMap<&str, Option<i64>> = HashMap::new();
    let start = packets[0].time;
    let mut here = 0;
    for packet in &packets {
        let place = ((packet.time - start) / width) as usize;
        for row in &mut highest[here..=place] {
            *row = (*row).max(open);
        }
        here = place.max(here);
        let of_stream = of_streams.entry(&packet.stream).or_insert(Some(0));
        if packet.flags & 5 != 0 {
            open -= of_stream.take().unwrap_or(0);
        }
        let Some(of_stream) = of_stream else { continue };
        for change in [packet.requests as i64, -(packet.times.len() as i64)] {
            *of_stream += change;
            open += change;
            highest[place] = highest[place].max(open);
        }
    }
    let found: Vec<i64> = rows.iter().map(|row| number(row, "Open") as i64).collect();
    assert_eq!(found, highest, "{capture}");
    // The rows are the whole.
    for column in ["Requests", "Answers", "Errors", "Timeouts", "Opened", "Bytes"] {
        let sum: f64 = rows.iter().map(|row| number(row, column)).sum();
        assert_eq!(sum, number(&all, column), "{capture}: {column}");
    }
    let mut times: Vec<f64> = packets
        .iter()
        .flat_map(|packet| packet.times.iter().copied())
        .collect();
    for (column, share) in [("p50 ms", 0.5), ("p99 ms", 0.99)] {
        let exact = exact(&mut times, share);
        assert!(
            is_near(number(&all, column), exact),
            "{capture}: {column}: {all:?}: {exact}"
        );
    }
    let latency = csv(capture, "latency", &[]).remove("Answers").expect("rows");
    assert_eq!(all["Answers"], latency[0]["Answers"], "{capture}");
    let parts: f64 = latency[1..].iter().map(|row| number(row, "Answers")).sum();
    assert_eq!(parts, number(&all, "Answers"), "{capture}");
    rows
}

#[test]
fn each_row_is_what_its_packets_say() {
    for capture in [
        "hot-keys-zipf",
        "kv-basic",
        "perf-sample-30k",
        "clients/asadm",
        "batch-all",
    ] {
        check(capture, &[], 100);
        check(capture, &["-o", "aerospike.timeline_interval:50"], 10_000);
    }
}

/// What came twice is counted once: by its own fields, and as without the copies.
#[test]
fn copies_of_packets_are_not_counted() {
    let whole = |capture: &str| {
        let mut tables = csv(capture, "timeline", &[]);
        tables.remove("All of the capture").expect("totals").remove(0)
    };
    for (copy, original) in [
        ("duplicated-kv-all-types", "kv-all-types"),
        ("diagnosis/server-stall-dup300us", "scenarios/server-stall"),
    ] {
        let copies = packets(copy).iter().filter(|packet| packet.is_copy).count();
        assert!(copies > 30, "{copy}: {copies}");
        check(copy, &[], 100);
        let (copied, once) = (whole(copy), whole(original));
        for column in ["Requests", "Answers", "Errors", "Timeouts", "Opened", "Bytes"] {
            assert_eq!(copied[column], once[column], "{copy}: {column}");
        }
    }
}

/// All three count the same.
#[test]
fn sums_are_those_of_hot_keys() {
    for capture in ["hot-keys-zipf", "kv-basic", "kv-policies-errors", "kv-all-types"] {
        let keys = HotKeys::on(capture, "", &[]).all;
        let latency = csv(capture, "latency", &[]).remove("Answers").expect("rows");
        let of_records: f64 = latency[1..]
            .iter()
            .filter(|row| !["info", "security"].contains(&row["Operation"].as_str()))
            .map(|row| number(row, "Answers"))
            .sum();
        assert_eq!(of_records, keys.responses as f64, "{capture}");
        let timeline = &csv(capture, "timeline,aerospike.msg", &[])["All of the capture"][0];
        assert_eq!(number(timeline, "Requests"), keys.requests as f64, "{capture}");
        assert_eq!(number(timeline, "Answers"), keys.responses as f64, "{capture}");
        assert_eq!(number(timeline, "Errors"), keys.errors as f64, "{capture}");
    }
}

/// The cluster's changes stand in the row of their time; a cluster that stays as it is has none.
#[test]
fn events_stand_in_their_place() {
    let events = |capture: &str, options: &[&str]| -> Vec<(f64, f64, String)> {
        csv(capture, "timeline", options)["By interval"]
            .iter()
            .filter(|row| !row["Events"].is_empty())
            .map(|row| {
                (
                    number(row, "From (s)"),
                    number(row, "To (s)"),
                    row["Events"].clone(),
                )
            })
            .collect()
    };
    for capture in ["heartbeat-mesh-steady", "perf-sample-30k", "kv-basic"] {
        assert_eq!(events(capture, &[]), [], "{capture}");
    }
    let joined = events("cluster-mesh-join-no-migration", &[]);
    let text: Vec<&str> = joined.iter().map(|(_, _, text)| text.as_str()).collect();
    let text = text.join("; ");
    for wanted in [
        "A1 is in a cluster of 2, before of 1",
        "A1 is in a cluster of 3, before of 2",
        "A2 is in a cluster of 3, before of 2",
    ] {
        assert!(text.contains(wanted), "no {wanted:?} in {joined:?}");
    }
    // Those of the configuration: when their command was sent.
    let names = ["frame.time_relative"];
    let mut found = 0;
    for capture in ["truncate", "clients/asadm", "info-many-in-one"] {
        let filter = "aerospike.request && aerospike.info.name matches \"^(set-config|truncate|truncate-namespace|recluster|sindex-create)(:|$)\"";
        let shown = events(capture, &[]);
        for row in fields::columns(capture, &[], filter, &names) {
            let time: f64 = row[0][0].parse().expect("seconds");
            let here = shown.iter().find(|(from, to, _)| *from <= time && time < *to);
            assert!(here.is_some(), "{capture}: nothing at {time} in {shown:?}");
            found += 1;
        }
    }
    assert!(found > 0);
}

/// Set lengths and the preference's default; the same again in a second pass.
#[test]
fn the_interval_is_set_or_found() {
    for (options, rows, width) in [
        (vec!["-o", "aerospike.timeline_interval:7"], None, 0.007),
        (vec!["-o", "aerospike.timeline_interval:1000"], Some(1), 1.0),
        (vec![], None, 0.005),
    ] {
        let found = csv("hot-keys-zipf", "timeline", &options)
            .remove("By interval")
            .expect("rows");
        let first = &found[0];
        assert!(
            (number(first, "To (s)") - width).abs() < 1e-9,
            "{options:?}: {first:?}"
        );
        assert!(rows.is_none_or(|rows| found.len() == rows), "{options:?}");
        let mut again = options.clone();
        again.push("-2");
        assert_eq!(
            csv("hot-keys-zipf", "timeline", &again)["By interval"],
            found,
            "{options:?}"
        );
    }
}
