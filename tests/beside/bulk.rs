//! Many captures in one table (`docs/bulk`): the scripts of the cookbook on three captures, by both engines, against the
//! reports. They need pyarrow, duckdb and pyspark (and Java), which `AEROSPIKE_PYTHON` (or `python3`) has to have.

use std::collections::BTreeMap;
use std::env;

use crate::common::captures::project;
use crate::common::fields;
use crate::common::host::host;

const CAPTURES: [&str; 3] = ["hot-keys-zipf", "scenarios/server-stall", "perf-sample-30k"];

/// Runs a script of `docs/bulk`.
fn run(script: &str, args: &[&str]) -> String {
    let text = std::fs::read(project().join("docs/bulk").join(script)).expect(script);
    let path = host().scratch(script, &text);
    let python = env::var("AEROSPIKE_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut all = vec![path.to_str().expect("a path in UTF-8")];
    all.extend(args);
    host().run(&python, &all, "").expect_success().text()
}

/// The rows of each question.
fn answers(engine: &str, folder: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut answers: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut name = String::new();
    let text = run("ask.py", &[engine, folder]);
    println!("{engine}\n{text}");
    for line in text.lines() {
        match line.strip_prefix("-- ") {
            Some(question) => name = question.into(),
            None => answers
                .entry(name.clone())
                .or_default()
                .push(line.split('\t').map(String::from).collect()),
        }
    }
    answers
}

#[test]
#[ignore = "needs pyarrow, duckdb and pyspark"]
fn both_engines_say_what_the_captures_say() {
    let folder = host().scratch_folder("parquet");
    let folder = folder.to_str().expect("a path in UTF-8");
    let files: Vec<String> = CAPTURES
        .iter()
        .map(|capture| host().capture(capture).to_string_lossy().into_owned())
        .collect();
    let mut args = vec![folder];
    args.extend(files.iter().map(String::as_str));
    let made = run("to_parquet.py", &args);
    assert_eq!(made.lines().count(), 3, "{made}");
    // What is there is not made again.
    assert_eq!(run("to_parquet.py", &args), "");
    let duckdb = answers("duckdb", folder);
    assert_eq!(duckdb, answers("spark", folder));

    let (mut times, mut keys, mut timeouts) = (Times::new(), BTreeMap::new(), 0);
    for capture in CAPTURES {
        let names = [
            "frame.time_epoch",
            "ip.src",
            "tcp.srcport",
            "aerospike.response_time",
        ];
        for row in fields::columns(capture, &[], "aerospike.response", &names) {
            let minute = row[0][0]
                .split('.')
                .next()
                .expect("seconds")
                .parse::<u64>()
                .expect("seconds")
                / 60;
            let node = format!("{}:{}", row[1][0], row[2][0]);
            let of_row = row[3].iter().map(|time| time.parse::<f64>().expect("seconds"));
            times.entry((node, minute)).or_default().extend(of_row);
        }
        let filter = "aerospike.expert.timed_out || aerospike.msg.result_code == 9";
        timeouts += fields::columns(capture, &["-2"], filter, &["frame.number"]).len();
        for row in fields::columns(capture, &[], "aerospike.request", &["aerospike.digest"]) {
            for digest in &row[0] {
                *keys.entry(digest.clone()).or_insert(0u64) += 1;
            }
        }
    }
    assert!(timeouts > 0);
    check_times(&duckdb["p99"], times);
    let mut hottest: Vec<u64> = keys.values().copied().collect();
    hottest.sort_unstable_by(|a, b| b.cmp(a));
    let by_day: BTreeMap<&str, u64> = duckdb["keys"]
        .iter()
        .filter(|row| row[1] == "1")
        .map(|row| (row[0].as_str(), row[5].parse().expect("a count")))
        .collect();
    assert_eq!(
        by_day.values().copied().max(),
        hottest.first().copied(),
        "{by_day:?}"
    );
    for row in &duckdb["keys"] {
        assert!(keys[&row[3]] >= row[5].parse().expect("a count"), "{row:?}");
    }
    let shown = duckdb["timeouts"]
        .iter()
        .map(|row| row[2].parse::<usize>().expect("a count"));
    let shown: usize = shown.sum();
    assert_eq!(shown, timeouts);
}

/// Seconds of the answers, by node and minute since 1970.
type Times = BTreeMap<(String, u64), Vec<f64>>;

fn check_times(rows: &[Vec<String>], mut times: Times) {
    times.retain(|_, times| !times.is_empty());
    assert_eq!(rows.len(), times.len());
    for (row, ((node, _), times)) in rows.iter().zip(&mut times) {
        assert_eq!(&row[0], node);
        assert_eq!(row[2], times.len().to_string(), "{row:?}");
        times.sort_by(f64::total_cmp);
        let rank = (times.len() as f64 * 0.99).ceil() as usize;
        let wanted = times[rank - 1] * 1e3;
        let found: f64 = row[3].parse().expect("milliseconds");
        assert!((found - wanted).abs() < 0.001, "{row:?}: {wanted}");
    }
}
