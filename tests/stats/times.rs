//! Response times: the tables agree with the field of each answer.

use std::collections::{BTreeMap, HashMap};

use aerospike::wire::client::message::request::Request;

use crate::common::fields;
use crate::report::{rows, text};

/// Seconds of each answer, by operation as the tables call it; of batches only by `batch`.
fn shown(capture: &str) -> BTreeMap<String, Vec<f64>> {
    let mut operations: HashMap<String, Vec<String>> = HashMap::new();
    let names = ["frame.number", "aerospike.operation"];
    for row in fields::columns(capture, &[], "aerospike.request", &names) {
        operations.insert(row[0][0].clone(), row[1].clone());
    }
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let names = ["aerospike.request_in", "aerospike.response_time"];
    for row in fields::columns(capture, &[], "aerospike.response_time", &names) {
        assert!(row[1].len() <= row[0].len());
        // The last of the frame's messages end the answers.
        for (time, request) in row[1].iter().rev().zip(row[0].iter().rev()) {
            let name = match operations[request].first().map(String::as_str) {
                None => "info".into(),
                Some("1") => "batch".into(),
                Some(number) => Request(number.parse().expect("a number")).to_string(),
            };
            times
                .entry(name)
                .or_default()
                .push(time.parse().expect("seconds"));
        }
    }
    times
}

fn group(name: &str) -> &str {
    match name.split(' ').next() {
        Some(first @ ("batch" | "info")) => first,
        Some("security") => "info",
        _ => name,
    }
}

/// Rows of a table of service response times: name, calls, min, max, mean, sum in microseconds.
fn table(text: &str, heading: &str) -> Vec<(String, u64, [f64; 4])> {
    text.lines()
        .skip_while(|line| !(line.starts_with("Index") && line.contains(heading)))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .map(|line| {
            let mut cells: Vec<&str> = line.split_whitespace().collect();
            let mut numbers = [0.0; 4];
            for number in numbers.iter_mut().rev() {
                *number = cells.pop().expect("a number").parse::<f64>().expect("a number") * 1e6;
            }
            let calls = cells.pop().expect("calls").parse().expect("a number");
            (cells[1..].join(" "), calls, numbers)
        })
        .collect()
}

#[derive(Default)]
struct Sum {
    calls: u64,
    max: f64,
    min: Option<f64>,
    sum: f64,
}

fn check(capture: &str, text: &str, shown: &BTreeMap<String, Vec<f64>>) {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let both = [table(text, "Operation"), table(text, "Command")].concat();
    for (name, calls, [min, max, mean, total]) in both {
        let sum = sums.entry(group(&name).to_string()).or_default();
        sum.calls += calls;
        sum.max = sum.max.max(max);
        sum.min = Some(sum.min.unwrap_or(min).min(min));
        sum.sum += total;
        assert!((mean - total / calls as f64).abs() < 1.0, "{capture}: {name}");
    }
    assert_eq!(
        sums.keys().collect::<Vec<_>>(),
        shown.keys().collect::<Vec<_>>(),
        "{capture}"
    );
    for (name, times) in shown {
        let sum = &sums[name];
        let total: f64 = times.iter().sum();
        let max = times.iter().copied().fold(0.0, f64::max);
        let min = times.iter().copied().fold(f64::MAX, f64::min);
        assert_eq!(sum.calls, times.len() as u64, "{capture}: {name}");
        // The table is printed in whole microseconds.
        assert!((sum.max - max * 1e6).abs() <= 1.0, "{capture}: max of {name}");
        assert!(
            (sum.min.unwrap_or(0.0) - min * 1e6).abs() <= 1.0,
            "{capture}: min of {name}"
        );
        assert!((sum.sum - total * 1e6).abs() <= 10.0, "{capture}: sum of {name}");
    }
}

const CAPTURES: [&str; 7] = [
    "hot-keys-zipf",
    "kv-basic",
    "batch-all",
    "scan-basic",
    "query-index",
    "perf-sample-30k",
    "security-auth-ce",
];

#[test]
fn as_each_answer_says() {
    for capture in CAPTURES {
        let shown = shown(capture);
        check(capture, &text(capture, "aerospike,srt", &[]), &shown);
        check(capture, &text(capture, "aerospike,srt", &["-2"]), &shown);
        check(capture, &text(capture, "aerospike,srt,aerospike", &[]), &shown);
    }
}

#[test]
fn of_what_a_filter_leaves() {
    let slow = text(
        "hot-keys-zipf",
        "aerospike,srt,aerospike.response_time > 0.001",
        &[],
    );
    let times = shown("hot-keys-zipf");
    let count = times.values().flatten().filter(|time| **time > 0.001).count() as u64;
    assert!(count > 0);
    assert_eq!(
        [table(&slow, "Operation"), table(&slow, "Command")]
            .concat()
            .iter()
            .map(|row| row.1)
            .sum::<u64>(),
        count
    );
}

#[test]
fn latency_by_node_and_operation() {
    for capture in CAPTURES {
        let report = rows(&text(capture, "aerospike,latency", &[]), "Answers");
        let shown = shown(capture);
        let times: Vec<f64> = shown.values().flatten().copied().collect();
        let number = |cell: &str| cell.parse::<f64>().unwrap_or_else(|e| panic!("{cell}: {e}"));
        let all = &report[0];
        assert_eq!(all[0], "(all)");
        assert_eq!(all[2], times.len().to_string(), "{capture}");
        for (column, limit) in [(6, 0.001), (7, 0.008), (8, 0.064)] {
            let over = times.iter().filter(|time| **time > limit).count();
            let share = over as f64 * 100.0 / times.len() as f64;
            assert!(
                (number(&all[column]) - share).abs() < 0.01,
                "{capture}: over {limit}"
            );
        }
        let mean = times.iter().sum::<f64>() * 1000.0 / times.len() as f64;
        assert!((number(&all[4]) - mean).abs() < 0.002, "{capture}: mean");
        for row in &report {
            let found = fields::columns(capture, &[], &row[19], &["frame.number"]);
            assert!(!row[19].contains('|'), "{capture}: {row:?}");
            assert!(
                found.iter().any(|frame| frame[0][0] == row[18]),
                "{capture}: {row:?}"
            );
        }
        let parts: f64 = report[1..].iter().map(|row| number(&row[2])).sum();
        assert_eq!(parts as usize, times.len());
        let rates: f64 = report[1..].iter().map(|row| number(&row[3])).sum();
        let rate = number(&all[3]);
        assert!(
            (rates - rate).abs() <= rate * 0.002 + 0.5,
            "{capture}: {rates} and {rate}"
        );
    }
}
