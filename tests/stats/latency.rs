//! The latency report against what `-T fields` says of each answer: percentiles, errors, timeouts, and the split.

use std::collections::{BTreeMap, HashMap, HashSet};

use aerospike::wire::client::message::request::Request;

use crate::common::fields;
use crate::common::host::host;
use crate::report_files::{CsvRow, csv, number};

const SHARES: [(&str, f64); 4] = [
    ("p50 ms", 0.5),
    ("p90 ms", 0.9),
    ("p99 ms", 0.99),
    ("p99.9 ms", 0.999),
];

fn answers(capture: &str, report: &str) -> Vec<CsvRow> {
    csv(capture, report, &[]).remove("Answers").expect("a table")
}

/// The exact percentile: the least value that so many do not exceed.
pub fn exact(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let rank = ((share * times.len() as f64).ceil() as usize).max(1);
    times.get(rank - 1).copied().unwrap_or(0.0)
}

pub fn is_near(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() <= wanted.abs() * 0.001 + 1e-9
}

/// Milliseconds of each answer by server node.
fn times_by_node(capture: &str, filter: &str) -> BTreeMap<String, Vec<f64>> {
    let names = ["ip.src", "tcp.srcport", "aerospike.response_time"];
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in fields::columns(capture, &[], filter, &names) {
        let node = format!("{}:{}", row[0][0], row[1][0]);
        let of_frame = row[2]
            .iter()
            .map(|time| time.parse::<f64>().expect("seconds") * 1e3);
        times.entry(node).or_default().extend(of_frame);
    }
    times
}

fn check_percentiles(capture: &str, report: &str, filter: &str) {
    let rows = answers(capture, report);
    let by_node = times_by_node(capture, filter);
    let mut all: Vec<f64> = by_node.values().flatten().copied().collect();
    assert_eq!(number(&rows[0], "Answers"), all.len() as f64, "{capture}");
    for (column, share) in SHARES {
        let wanted = exact(&mut all, share);
        assert!(
            is_near(number(&rows[0], column), wanted),
            "{capture}: {column}: {:?}, {wanted}",
            rows[0]
        );
    }
    for (node, times) in by_node {
        let of_node: Vec<&CsvRow> = rows.iter().filter(|row| row["Server node"] == node).collect();
        let count: f64 = of_node.iter().map(|row| number(row, "Answers")).sum();
        assert_eq!(count, times.len() as f64, "{capture}: {node}");
        let sum: f64 = of_node
            .iter()
            .map(|row| number(row, "Answers") * number(row, "Mean ms"))
            .sum();
        assert!(
            (sum - times.iter().sum::<f64>()).abs() < 1e-3,
            "{capture}: {node}"
        );
    }
}

const CAPTURES: [&str; 8] = [
    "hot-keys-zipf",
    "kv-basic",
    "batch-all",
    "scan-basic",
    "perf-sample-30k",
    "security-auth-ce",
    "clients/asadm",
    "loss-real-client-side",
];

#[test]
fn percentiles_are_those_of_the_answers() {
    for capture in CAPTURES {
        check_percentiles(capture, "latency", "aerospike.response_time");
    }
    let slow = "aerospike.response_time > 0.0001";
    check_percentiles("perf-sample-30k", &format!("latency,{slow}"), slow);
}

/// Of captures whose requests are for one record each: by operation, with errors.
#[test]
fn each_row_is_its_operations() {
    for capture in ["hot-keys-zipf", "kv-basic", "kv-policies-errors"] {
        let mut operations: HashMap<String, String> = HashMap::new();
        for row in fields::columns(
            capture,
            &[],
            "aerospike.request",
            &["frame.number", "aerospike.operation"],
        ) {
            let name = row[1].first().map_or("info".into(), |code| {
                Request(code.parse().expect("a code")).to_string()
            });
            operations.insert(row[0][0].clone(), name);
        }
        let names = [
            "ip.src",
            "tcp.srcport",
            "aerospike.request_in",
            "aerospike.response_time",
            "aerospike.msg.result_code",
            "aerospike.info.error",
        ];
        let mut wanted: BTreeMap<(String, String), (Vec<f64>, u32)> = BTreeMap::new();
        for row in fields::columns(capture, &[], "aerospike.response_time", &names) {
            assert_eq!(row[2].len(), 1, "{capture}: {row:?}");
            let key = (
                format!("{}:{}", row[0][0], row[1][0]),
                operations[&row[2][0]].clone(),
            );
            let (times, errors) = wanted.entry(key).or_default();
            times.push(row[3][0].parse::<f64>().expect("seconds") * 1e3);
            *errors += u32::from(row[4].last().is_some_and(|code| code != "0") || !row[5].is_empty());
        }
        let rows = answers(capture, "latency");
        assert_eq!(rows.len(), wanted.len() + 1, "{capture}");
        for row in &rows[1..] {
            let key = (row["Server node"].clone(), row["Operation"].clone());
            let (times, errors) = wanted
                .get_mut(&key)
                .unwrap_or_else(|| panic!("{capture}: {key:?}"));
            assert_eq!(number(row, "Answers"), times.len() as f64);
            let share = f64::from(*errors) * 100.0 / times.len() as f64;
            assert!(
                is_near(number(row, "Errors %"), share),
                "{capture}: {row:?}: {errors}"
            );
            for (column, share) in SHARES {
                assert!(
                    is_near(number(row, column), exact(times, share)),
                    "{capture}: {column} of {row:?}"
                );
            }
        }
        let errors: u32 = wanted.values().map(|(_, errors)| errors).sum();
        let count: usize = wanted.values().map(|(times, _)| times.len()).sum();
        let share = f64::from(errors) * 100.0 / count as f64;
        assert!(is_near(number(&rows[0], "Errors %"), share), "{capture}");
    }
}

/// The mean is the server's part and the path's; the path's is computed from TCP's own fields.
#[test]
fn the_mean_is_split() {
    for capture in [
        "hot-keys-zipf",
        "kv-basic",
        "perf-sample-30k",
        "large-100k",
        "loss-real-client-side",
    ] {
        let seconds = |cell: &str| cell.parse::<f64>().unwrap_or_else(|e| panic!("{cell}: {e}"));
        let mut shakes: HashMap<String, (Option<f64>, Option<f64>)> = HashMap::new();
        let names = ["tcp.stream", "tcp.flags", "frame.time_relative"];
        for row in fields::columns(capture, &[], "tcp.flags.syn == 1", &names) {
            let flags = u32::from_str_radix(row[1][0].trim_start_matches("0x"), 16).expect("flags");
            let shake = shakes.entry(row[0][0].clone()).or_default();
            let time = Some(seconds(&row[2][0]));
            if flags & 0x10 == 0 {
                shake.0 = time;
            } else {
                shake.1 = shake.1.or(time);
            }
        }
        let requests = fields::columns(
            capture,
            &[],
            "aerospike.request",
            &["frame.number", "aerospike.operation"],
        );
        let streams: HashSet<String> = requests
            .into_iter()
            .filter(|row| {
                let code = row[1].first().map(|code| Request(code.parse().expect("a code")));
                code.is_some_and(|code| code == Request::BATCH || code.is_query())
            })
            .map(|row| row[0][0].clone())
            .collect();
        let names = [
            "tcp.stream",
            "aerospike.response_time",
            "aerospike.time.server",
            "aerospike.time.answer",
            "aerospike.time.retransmission",
            "aerospike.request_in",
        ];
        let (mut path, mut count, mut all) = (0.0, 0, 0.0);
        for row in fields::columns(capture, &[], "aerospike.response_time", &names) {
            assert_eq!(row[1].len(), 1, "{capture}: {row:?}");
            let round_trip = match shakes.get(&row[0][0]) {
                Some((Some(syn), Some(answer))) => answer - syn,
                _ => 0.0,
            };
            let resent = row[4].first().map_or(0.0, |cell| seconds(cell));
            let wait = seconds(&row[2][0]) - resent;
            // A stream takes as long as the server has more.
            let is_stream = row[5].last().is_some_and(|frame| streams.contains(frame));
            let spread = if is_stream { 0.0 } else { seconds(&row[3][0]) };
            path += round_trip.min(wait) + resent + spread;
            all += seconds(&row[1][0]);
            count += 1;
        }
        let row = answers(capture, "latency").remove(0);
        let mean = |sum: f64| sum * 1e3 / f64::from(count);
        assert!(
            (number(&row, "Path ms") - mean(path)).abs() < 1e-4,
            "{capture}: {row:?}, {}",
            mean(path)
        );
        let server = mean(all - path);
        assert!(
            (number(&row, "Server ms") - server).abs() < 1e-4,
            "{capture}: {row:?}, {server}"
        );
        let parts = number(&row, "Server ms") + number(&row, "Path ms");
        assert!(
            (parts - number(&row, "Mean ms")).abs() < 1e-6,
            "{capture}: {row:?}"
        );
        let names = ["aerospike.time.client"];
        let idle: Vec<f64> = fields::columns(capture, &[], names[0], &names)
            .iter()
            .map(|row| seconds(&row[0][0]))
            .collect();
        let wanted = idle.iter().sum::<f64>() * 1e3 / idle.len().max(1) as f64;
        assert!(
            is_near(number(&row, "Client ms"), wanted),
            "{capture}: {row:?}, {wanted}"
        );
    }
}

/// Requests that ran out of time: those the server says so of, those answered too late, those that never were.
fn timeouts(capture: &str) -> (u32, u32) {
    let names = [
        "aerospike.request",
        "aerospike.expert.timed_out",
        "aerospike.response_time",
        "aerospike.msg.result_code",
    ];
    let (mut timeouts, mut answers) = (0, 0);
    for row in fields::columns(
        capture,
        &["-2"],
        "aerospike.request || aerospike.response",
        &names,
    ) {
        answers += row[2].len() as u32;
        if row[0].is_empty() {
            let says_so = row[3].last().is_some_and(|code| code == "9" || code == "212");
            timeouts += u32::from(!row[2].is_empty() && (says_so || !row[1].is_empty()));
        } else {
            timeouts += row[1].len() as u32;
        }
    }
    (timeouts, answers)
}

#[test]
fn timeouts_are_counted_where_the_capture_proves_them() {
    let mut found = 0;
    for capture in TIMEOUTS {
        let (timeouts, answers) = timeouts(capture);
        let row = answers_row(capture);
        assert_eq!(number(&row, "Answers"), f64::from(answers), "{capture}");
        let shown = number(&row, "Timeouts %");
        // Of those that were answered, and those that never were.
        let unanswered = |of: u32| {
            (0..=of).any(|late| {
                is_near(
                    shown,
                    f64::from(timeouts) * 100.0 / f64::from((answers + late).max(1)),
                )
            })
        };
        assert!(
            unanswered(timeouts),
            "{capture}: {timeouts} of {answers}: {row:?}"
        );
        let line: f64 = csv(capture, "timeline", &[])["All of the capture"][0]["Timeouts"]
            .parse()
            .expect("a number");
        assert_eq!(line, f64::from(timeouts), "{capture}");
        found += timeouts;
    }
    assert!(found > 10, "{found}");
}

fn answers_row(capture: &str) -> CsvRow {
    answers(capture, "latency").remove(0)
}

/// Packets that are missing, came twice or in another order are no timeouts.
#[test]
fn degraded_copies_have_no_timeouts() {
    for capture in [
        "kv-all-types",
        "capture-loss-kv-all-types",
        "capture-loss-batch-300-keys",
        "duplicated-kv-all-types",
        "reordered-kv-all-types",
        "oneway-client-to-server-kv-all-types",
        "oneway-server-to-client-kv-all-types",
        "midstream-kv",
        "snaplen80-operate-list",
    ] {
        for row in answers(capture, "latency") {
            assert_eq!(row["Timeouts %"], "0", "{capture}: {row:?}");
        }
    }
    // Nor are those whose answers a filter leaves out.
    for filter in ["aerospike.request", "!(aerospike.msg.result_code == 2)"] {
        let report = format!("latency,{filter}");
        assert_eq!(
            answers("kv-policies-errors", &report)[0]["Timeouts %"],
            "0",
            "{filter}"
        );
    }
}

const TIMEOUTS: [&str; 12] = [
    "kv-policies-errors",
    "hot-keys-zipf",
    "scenarios/server-stall",
    "scenarios/network-drop-requests",
    "scenarios/retry-duplicates",
    "diagnosis/java-server-pauses",
    "diagnosis/gave-up-then-answer",
    "diagnosis/one-timeout-quiet",
    "diagnosis/forgotten-no-answer",
    "diagnosis/go-rolling-restart",
    "diagnosis/java-node-killed",
    "diagnosis/retry-storm",
];

/// Copies of a capture with timeouts, of which something is missing, never show more of them than it has.
#[test]
fn degraded_copies_have_no_more_timeouts() {
    let count = |capture: &str| {
        number(
            &csv(capture, "timeline", &[])["All of the capture"][0],
            "Timeouts",
        )
    };
    let whole = count("scenarios/server-stall");
    assert!(whole > 0.0);
    for copy in ["server-stall-dup", "server-stall-dup300us", "server-stall-snap96"] {
        assert!(count(&format!("diagnosis/{copy}")) <= whole, "{copy}");
    }
    // Some packets are gone, or one of the directions.
    for (name, filter) in [
        (
            "stall-without-some",
            "!(frame.number in {7, 19, 31, 43, 55, 67, 79, 91, 103, 115, 127, 139, 151, 163, 175, 187, 199, 391, 395, 401})",
        ),
        ("stall-client", "tcp.dstport == 3000"),
        ("stall-server", "tcp.srcport == 3000"),
    ] {
        let path = host().writable(&format!("{name}.pcapng"));
        let args = ["-Y", filter, "-w", path.to_str().expect("a path in UTF-8")];
        host().on("scenarios/server-stall", &args).expect_success();
        host().put(name, &std::fs::read(&path).expect("written"));
        let count = count(name);
        assert!(count <= whole, "{name}: {count}, {whole}");
        assert!(name == "stall-without-some" || count == 0.0, "{name}: {count}");
    }
}
