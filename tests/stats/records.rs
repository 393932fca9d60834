//! The report of records, against what the packets' fields say.

use std::collections::HashMap;

use crate::common::fields::columns;
use crate::report;

const SIZES: &str = "Records by set (bytes, bins, seconds to live)";

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// The least value that so many of all do not exceed.
fn percentile(values: &mut [u64], share: f64) -> f64 {
    values.sort_unstable();
    let rank = (share * values.len() as f64).ceil().max(1.0) as usize;
    values[rank - 1] as f64
}

fn check(row: &[String], values: &mut [u64]) {
    let sum: u64 = values.iter().sum();
    assert_eq!(row[4], values.len().to_string(), "{row:?}");
    let mean = sum as f64 / values.len().max(1) as f64;
    assert!((number(&row[6]) - mean).abs() <= 0.06, "{row:?}: {mean}");
    for (cell, share) in [(7, 0.5), (8, 0.99), (9, 1.0)] {
        let exact = percentile(values, share);
        let found = number(&row[cell]);
        assert!((found - exact).abs() <= 0.5 + exact * 0.001, "{row:?}: {exact}");
    }
}

/// What goes one way in a set.
#[derive(Default)]
struct Way {
    sizes: Vec<u64>,
    bins: Vec<u64>,
    answers: f64,
    not_found: f64,
    generation: f64,
    largest: Option<(u64, String)>,
}

#[test]
fn sizes_as_the_fields_say() {
    // One message a frame.
    for capture in [
        "hot-keys-zipf",
        "kv-all-types",
        "large-100k",
        "kv-policies-errors",
    ] {
        let names = [
            "aerospike.namespace",
            "aerospike.set",
            "aerospike.operation",
            "aerospike.request",
            "aerospike.msg.result_code",
            "aerospike.op.size",
            "aerospike.bin.name",
            "aerospike.digest",
            "aerospike.request_in",
        ];
        let rows = columns(capture, &[], "aerospike.msg && aerospike.digest", &names);
        let writing: Vec<String> = columns(
            capture,
            &[],
            "aerospike.request && aerospike.msg.info2.write == 1",
            &["frame.number"],
        )
        .into_iter()
        .map(|row| row[0][0].clone())
        .collect();
        let numbers = columns(
            capture,
            &[],
            "aerospike.msg && aerospike.digest",
            &["frame.number"],
        );
        let mut ways: HashMap<(String, String, bool), Way> = HashMap::new();
        for (row, frame) in rows.iter().zip(&numbers) {
            let is_request = !row[3].is_empty();
            let request = if is_request { &frame[0][0] } else { &row[8][0] };
            let writes = writing.contains(request);
            let set = row[1].first().cloned().unwrap_or_default();
            let way = ways.entry((row[0][0].clone(), set, writes)).or_default();
            if !is_request {
                way.answers += 1.0;
                way.not_found += f64::from(u8::from(row[4] == ["2"]));
                way.generation += f64::from(u8::from(row[4] == ["3"]));
            }
            if writes == is_request && !row[6].is_empty() {
                let size = report::bytes_of_bins(&row[5], &row[6]);
                if way.largest.as_ref().is_none_or(|(largest, _)| size > *largest) {
                    way.largest = Some((size, row[7][0].clone()));
                }
                way.sizes.push(size);
                way.bins.push(row[6].len() as u64);
            }
        }
        let text = report::text(capture, "aerospike,records", &[]);
        let table = report::rows(&text, SIZES);
        let find = |name: &(String, String, bool), what: &str| {
            let is_it = |row: &&Vec<String>| row[1] == name.0 && row[2] == name.1 && row[3] == what;
            table.iter().find(is_it).cloned()
        };
        let mut lines = 0;
        for (name, mut way) in ways {
            let what = if name.2 { "written" } else { "read" };
            let row = find(&name, what).unwrap_or_else(|| panic!("{capture}: no {name:?} in {text}"));
            lines += 1;
            let sum: u64 = way.sizes.iter().sum();
            assert_eq!(row[5], sum.to_string(), "{capture}: {row:?}");
            for (cell, count) in [(10, way.not_found), (11, way.generation)] {
                let share = count * 100.0 / way.answers.max(1.0);
                assert!(
                    (number(&row[cell]) - share).abs() < 0.006,
                    "{capture}: {row:?}: {share}"
                );
            }
            if way.sizes.is_empty() {
                continue;
            }
            check(&row, &mut way.sizes);
            assert_eq!(Some(&row[15]), way.largest.as_ref().map(|(_, digest)| digest));
            check(
                &find(&name, &format!("bins {what}")).expect("its bins"),
                &mut way.bins,
            );
        }
        let ways = table
            .iter()
            .filter(|row| ["read", "written"].contains(&row[3].as_str()));
        assert_eq!(ways.count(), lines, "{capture}: {text}");
    }
}

#[test]
fn lives_that_are_given() {
    let filter = "aerospike.request && aerospike.msg.info2.write == 1 && aerospike.operation != \"delete\"";
    let rows = columns(
        "kv-policies-errors",
        &[],
        filter,
        &["aerospike.namespace", "aerospike.msg.record_ttl"],
    );
    let mut given: Vec<u64> = Vec::new();
    let (mut default, mut never, mut unchanged) = (0, 0, 0);
    for row in rows.iter().filter(|row| row[0] == ["test"]) {
        match row[1][0].as_str() {
            "0" => default += 1,
            "4294967295" => never += 1,
            "4294967294" => unchanged += 1,
            seconds => given.push(number(seconds) as u64),
        }
    }
    assert!(!given.is_empty() && never > 0 && unchanged > 0);
    let text = report::text("kv-policies-errors", "aerospike,records", &[]);
    let table = report::rows(&text, SIZES);
    let row = table.iter().find(|row| row[1] == "test" && row[3] == "ttl given");
    let row = row.expect("what is given");
    check(row, &mut given);
    let details = format!("{default} of the namespace, {never} never expire, {unchanged} unchanged");
    assert_eq!(row[16], details);
}

#[test]
fn batches_by_their_rows() {
    for capture in ["batch-all", "perf-sample-30k", "scenarios/hot-batch"] {
        let rows = columns(
            capture,
            &[],
            "aerospike.request && aerospike.batch.count",
            &["aerospike.batch.count"],
        );
        let mut counts: Vec<u64> = rows
            .iter()
            .flat_map(|row| &row[0])
            .map(|count| number(count) as u64)
            .collect();
        let text = report::text(capture, "aerospike,records", &[]);
        let table = report::rows(&text, "Rows of batches");
        let batches: f64 = table.iter().map(|row| number(&row[4])).sum();
        assert_eq!(batches, counts.len() as f64, "{capture}: {text}");
        let sum: u64 = counts.iter().sum();
        let details: f64 = table
            .iter()
            .map(|row| number(row[16].trim_end_matches(" rows")))
            .sum();
        assert_eq!(details, sum as f64, "{capture}: {text}");
        if let [row] = &table[..] {
            check(row, &mut counts);
        }
    }
}

#[test]
fn scans_by_who_asks() {
    for capture in ["scan-basic", "query-index", "scan-query-pagination"] {
        let is_scan = "aerospike.operation in {\"scan\", \"query\", \"aggregate\"}";
        let asked = columns(
            capture,
            &[],
            &format!("aerospike.request && {is_scan}"),
            &["frame.number", "aerospike.field.pid_count"],
        );
        let requests: Vec<&String> = asked.iter().map(|row| &row[0][0]).collect();
        let answers = columns(
            capture,
            &[],
            "aerospike.response && aerospike.request_in",
            &["aerospike.request_in", "aerospike.size", "aerospike.records"],
        );
        let (mut bytes, mut records) = (0.0, 0.0);
        for row in &answers {
            for (place, size) in row[1].iter().enumerate() {
                if row[0]
                    .get(place)
                    .is_some_and(|request| requests.contains(&request))
                {
                    bytes += number(size);
                }
            }
            records += row[2].iter().map(|records| number(records)).sum::<f64>();
        }
        assert!(bytes > 0.0 && records > 0.0, "{capture}");
        let text = report::text(capture, "aerospike,records", &[]);
        let table = report::rows(&text, "Scans and queries (partitions)");
        let sum = |cell: usize| table.iter().map(|row| number(&row[cell])).sum::<f64>();
        assert_eq!((sum(4), sum(5)), (records, bytes), "{capture}: {text}");
        let asked_here: f64 = table
            .iter()
            .map(|row| number(row[16].split(' ').next().unwrap_or_default()))
            .sum();
        assert_eq!(asked_here, asked.len() as f64, "{capture}: {text}");
        assert!(
            table.iter().all(|row| row[16].contains("10.77.0.10")),
            "{capture}: {text}"
        );
        let most = asked.iter().flat_map(|row| &row[1]).map(|count| number(count));
        let most = most.fold(0.0, f64::max);
        let shown = table.iter().map(|row| number(&row[9])).fold(0.0, f64::max);
        assert_eq!(shown, most, "{capture}: {text}");
    }
}

/// A filter counts the frames that pass.
#[test]
fn a_filter_leaves_its_part() {
    let whole = report::text("hot-keys-zipf", "aerospike,records", &[]);
    let part = report::text("hot-keys-zipf", "aerospike,records,ip.addr == 10.77.0.101", &[]);
    let other = report::text(
        "hot-keys-zipf",
        "aerospike,records,ip.addr == 10.77.0.102",
        &["-2"],
    );
    let bytes = |text: &str| -> f64 { report::rows(text, SIZES).iter().map(|row| number(&row[5])).sum() };
    assert!(bytes(&part) > 0.0 && bytes(&other) > 0.0);
    assert_eq!(bytes(&part) + bytes(&other), bytes(&whole));
}
