//! Reports as CSV in the folder of a preference: whole, replaced as a whole, and said once where they cannot be.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::host::host;
use crate::report::rows;

/// A row by the names of the columns.
pub type CsvRow = BTreeMap<String, String>;

/// The cells of CSV text, line by line (RFC 4180).
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            _ => cell.push(letter),
        }
    }
    assert!(line.is_empty() && cell.is_empty() && !quoted, "cut: {text}");
    lines
}

/// The rows of a report's file, by table.
pub fn parse(text: &str) -> BTreeMap<String, Vec<CsvRow>> {
    let lines = cells(text);
    let (head, rest) = lines.split_first().expect("a head");
    assert_eq!(head[0], "Table");
    let mut tables: BTreeMap<String, Vec<CsvRow>> = BTreeMap::new();
    for line in rest {
        assert_eq!(line.len(), head.len(), "{line:?}");
        let row = head.iter().cloned().zip(line.iter().cloned()).skip(1).collect();
        tables.entry(line[0].clone()).or_default().push(row);
    }
    tables
}

/// What tshark writes of a report, `hotkeys` or `hotkeys,FILTER`, of a capture.
pub fn csv(capture: &str, report: &str, options: &[&str]) -> BTreeMap<String, Vec<CsvRow>> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("reports-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let folder = host().scratch_folder(&folder);
    let preference = format!("aerospike.report_folder:{}", folder.display());
    let statistic = format!("aerospike,{report}");
    let mut args = vec!["-o", &preference, "-q", "-z", &statistic];
    args.extend(options);
    let ran = host().on(capture, &args).expect_success();
    assert!(!ran.stderr.contains("Aerospike"), "{}", ran.stderr);
    let name = report.split(',').next().expect("a name");
    let file = folder.join(format!("{name}.csv"));
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let files: Vec<_> = fs::read_dir(&folder).expect("a folder").flatten().collect();
    // Beside that of latency is what it has by interval.
    assert_eq!(files.len(), if name == "latency" { 2 } else { 1 }, "{files:?}");
    fs::remove_dir_all(&folder).expect("it was made here");
    parse(&text)
}

/// A number of a row.
pub fn number(row: &CsvRow, column: &str) -> f64 {
    let cell = row
        .get(column)
        .unwrap_or_else(|| panic!("no {column} in {row:?}"));
    cell.parse()
        .unwrap_or_else(|e| panic!("{column} of {row:?}: {e}"))
}

#[test]
fn every_open_report_is_written_as_it_is_printed() {
    let folder = host().scratch_folder("all-reports");
    let preference = format!("aerospike.report_folder:{}", folder.display());
    let names = ["hotkeys", "latency", "diagnosis", "timeline", "connections"];
    let mut args = vec!["-o".to_string(), preference, "-q".into()];
    for name in names {
        args.extend(["-z".into(), format!("aerospike,{name}")]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let text = host().on("kv-policies-errors", &args).expect_success().text();
    for name in names {
        let file = fs::read_to_string(folder.join(format!("{name}.csv"))).expect(name);
        for (title, found) in parse(&file) {
            let printed = rows(&text, &title);
            // Tables of two reports may have one title, and a table with none has no line of its own.
            assert!(!found.is_empty(), "{name}: {title}");
            let first: Vec<&str> = found
                .iter()
                .filter_map(|row| row.values().next())
                .map(String::as_str)
                .collect();
            assert_eq!(first.len(), found.len());
            if printed.len() == found.len() {
                for (row, cells) in found.iter().zip(&printed) {
                    for value in row
                        .values()
                        .filter(|value| value.parse::<f64>().is_err() && !value.is_empty())
                    {
                        assert!(
                            cells.iter().any(|cell| cell == value.trim()),
                            "{name}: {value:?} in {cells:?}"
                        );
                    }
                }
            }
        }
    }
    // No other file: those that were written beside are gone.
    let mut files: Vec<String> = fs::read_dir(&folder)
        .expect("a folder")
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let wanted = names.iter().chain(&["latency_by_interval"]);
    let mut wanted: Vec<String> = wanted.map(|name| format!("{name}.csv")).collect();
    wanted.sort();
    assert_eq!(files, wanted);
}

/// What latency has by interval adds up to its rows, and each answer counts in the interval that it came in.
#[test]
fn latency_by_interval_adds_up() {
    let capture = "perf-sample-30k";
    let filter = "aerospike.response_time and aerospike.type and not aerospike.duplicate";
    let names = [
        "frame.time_epoch",
        "aerospike.response_time",
        "aerospike.time.server",
    ];
    let frames = crate::common::fields::columns(capture, &[], filter, &names);
    let numbers = |cells: &[String]| -> Vec<f64> {
        let numbers = cells.iter().map(|cell| cell.parse().expect("a number"));
        numbers.collect()
    };
    for interval in [0, 250] {
        let folder = host().scratch_folder("by-interval");
        let folder_preference = format!("aerospike.report_folder:{}", folder.display());
        let interval_preference = format!("aerospike.timeline_interval:{interval}");
        let mut args = vec!["-o", &folder_preference, "-o", &interval_preference, "-q"];
        args.extend(["-z", "aerospike,latency", "-z", "aerospike,timeline"]);
        host().on(capture, &args).expect_success();
        let read = |name: &str| parse(&fs::read_to_string(folder.join(name)).expect(name));
        let rows = read("latency_by_interval.csv")
            .remove("By interval")
            .expect("rows");
        let mut sums: BTreeMap<(String, String), [f64; 3]> = BTreeMap::new();
        for row in &rows {
            let times = row["Times ns"].split(' ').map(|time| {
                let (time, count) = time.split_once(':').expect("a time and a count");
                let [time, count] = [time, count].map(|text| text.parse::<f64>().expect("a number"));
                (time, count)
            });
            let (mut sum, mut count) = (0.0, 0.0);
            for (time, times) in times {
                assert!(time <= number(row, "Max ns") * 1.0005, "{row:?}");
                sum += time * times;
                count += times;
            }
            assert_eq!(count, number(row, "Answers"), "{row:?}");
            assert!((sum / number(row, "Sum ns") - 1.0).abs() < 0.0006, "{row:?}");
            let names = (row["Server node"].clone(), row["Operation"].clone());
            let all = sums.entry(names).or_default();
            all[0] += count;
            all[1] += number(row, "Sum ns");
            all[2] = all[2].max(number(row, "Max ns"));
        }
        for row in &read("latency.csv")["Answers"][1..] {
            let [count, sum, max] = sums[&(row["Server node"].clone(), row["Operation"].clone())];
            assert_eq!(count, number(row, "Answers"), "{row:?}");
            assert!(
                (sum / count / 1e6 - number(row, "Mean ms")).abs() < 1e-9,
                "{row:?}"
            );
            assert_eq!(max / 1e6, number(row, "Max ms"), "{row:?}");
        }
        // As the packets say.
        let start: f64 = crate::common::fields::columns(capture, &[], "frame.number == 1", &names)[0][0][0]
            .parse()
            .expect("a time");
        let (mut wanted, mut server) = (BTreeMap::<i64, f64>::new(), 0.0);
        let width = number(&rows[0], "To (s)") - number(&rows[0], "From (s)");
        let first = if interval == 0 { start } else { 0.0 };
        for frame in &frames {
            let at = ((numbers(&frame[0])[0] - first) / width).floor() as i64;
            *wanted.entry(at).or_default() += frame[1].len() as f64;
            server += numbers(&frame[2]).iter().sum::<f64>();
        }
        let mut counted = BTreeMap::<i64, f64>::new();
        for row in &rows {
            let middle = (number(row, "From (s)") + number(row, "To (s)")) / 2.0 + start;
            let at = ((middle - first) / width).floor() as i64;
            *counted.entry(at).or_default() += number(row, "Answers");
        }
        assert_eq!(counted, wanted, "{interval}");
        let counted: f64 = rows.iter().map(|row| number(row, "Service time ns")).sum();
        assert!((counted / 1e9 - server).abs() < 1e-6, "{counted} {server}");
    }
}

/// Keys as they are, whatever is in them; the table cuts nothing of them.
#[test]
fn cells_are_whole() {
    for capture in ["keys-send-key-types", "kv-all-types", "hot-keys-zipf"] {
        let tables = csv(capture, "hotkeys", &[]);
        let listed = &tables["Keys, hottest first"];
        let text = crate::report::text(capture, "aerospike,hotkeys", &[]);
        let report = crate::report::HotKeys::parse(&text);
        assert_eq!(listed.len(), report.keys.len(), "{capture}");
        for (row, key) in listed.iter().zip(&report.keys) {
            assert_eq!(row["Digest"], key.digest);
            assert_eq!(row["Filter"], key.filter);
            assert_eq!(number(row, "Requests"), key.requests as f64);
            assert!((number(row, "Mean ms") - key.mean).abs() < 0.001);
        }
    }
}

#[test]
fn written_only_where_a_folder_is_set_and_told_once_where_it_cannot_be() {
    let args = ["-q", "-z", "aerospike,hotkeys", "-z", "aerospike,latency"];
    let ran = host().on("kv-basic", &args).expect_success();
    assert!(!ran.stderr.contains("Aerospike"), "{}", ran.stderr);
    let mut args = args.to_vec();
    args.extend(["-o", "aerospike.report_folder:/proc/nowhere"]);
    let ran = host().on("kv-basic", &args).expect_success();
    assert_eq!(ran.stderr.matches("/proc/nowhere").count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("Aerospike reports cannot be written to /proc/nowhere: "),
        "{}",
        ran.stderr
    );
    assert!(ran.text().contains("Keys, hottest first"));
}

/// What was there is replaced, and a link of that name is not followed.
#[test]
fn an_old_file_is_replaced() {
    let folder = host().scratch_folder("old-report");
    let old = host().scratch("old-report-target", b"mine");
    std::os::unix::fs::symlink(&old, folder.join("latency.csv")).expect("a link");
    let preference = format!("aerospike.report_folder:{}", folder.display());
    for _ in 0..2 {
        host()
            .on("kv-basic", &["-o", &preference, "-q", "-z", "aerospike,latency"])
            .expect_success();
    }
    assert_eq!(fs::read(&old).expect("it is there"), b"mine");
    let file = folder.join("latency.csv");
    assert!(!file.is_symlink());
    assert_eq!(
        parse(&fs::read_to_string(file).expect("written"))["Answers"][0]["Server node"],
        "(all)"
    );
}
