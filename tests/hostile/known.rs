//! Captures made byte by byte to bring the plugin down, or to make it lie: each is read in every way, within bounds, and
//! what is right is said of it.

use crate::common::fields::{columns, frames_with};
use crate::common::host::{Ran, host};
use crate::common::{Findings, captures};

/// Address space of a tshark that reads any of them: its own is below 300 MiB with the plugin.
const SPACE: u64 = (300 + 256) << 20;

/// Statistics that are there all at once.
const REPORTS: [&str; 5] = [
    "expert",
    "aerospike,tree",
    "aerospike,hotkeys",
    "aerospike,latency",
    "aerospike,srt",
];

/// tshark on a capture with no more memory than it may have.
fn run_bounded(capture: &str, args: &[&str]) -> Ran {
    let path = host().capture(capture);
    let space = format!("--as={SPACE}");
    let mut all = vec![
        space.as_str(),
        "tshark",
        "-n",
        "-r",
        path.to_str().expect("UTF-8"),
    ];
    all.extend(args);
    host().run("prlimit", &all, "")
}

fn all_of_them() -> Vec<String> {
    let names = captures::all("hostile");
    assert!(names.len() > 15, "{names:?}");
    names
}

#[test]
fn each_ends_within_bounds_whoever_looks() {
    let mut reports = vec!["-q"];
    reports.extend(REPORTS.iter().flat_map(|report| ["-z", report]));
    let ways: [&[&str]; 4] = [&["-V"], &["-2", "-V"], &["-Y", "aerospike.digest"], &reports];
    let mut findings = Findings::default();
    for name in all_of_them() {
        for way in ways {
            let ran = run_bounded(&name, way);
            findings.check(ran.success, || format!("{}: {}", ran.how, ran.stderr));
            let text = ran.text();
            findings.check(!text.contains("Dissector bug"), || {
                format!("{}: a dissector bug", ran.how)
            });
            // A share of more than all is none.
            let share = text.lines().find(|line| {
                let percent = line
                    .split(" % of")
                    .next()
                    .and_then(|part| part.rsplit('|').next());
                let percent = percent.and_then(|number| number.trim().parse::<f64>().ok());
                line.contains(" % of the requests") && percent.is_none_or(|percent| percent > 100.0)
            });
            findings.check(share.is_none(), || format!("{}: {share:?}", ran.how));
        }
    }
    findings.report();
}

/// Frames whose item of that name says these words.
fn said(capture: &str, expert: &str, words: &str) -> usize {
    let rows = columns(capture, &[], expert, &["aerospike.detail"]);
    rows.iter().filter(|row| row[0].join(",").contains(words)).count()
}

#[test]
fn what_is_left_out_is_said() {
    let malformed = "aerospike.expert.malformed";
    let beyond = "aerospike.expert.not_expanded";
    let batch = said(
        "hostile/batch-in-batch-3000",
        malformed,
        "a batch cannot stand in a row of a batch",
    );
    assert_eq!(batch, 1, "one batch in one request");
    assert!(said("hostile/rows-memory-20x5.3M", beyond, "Not inflated") > 0);
    assert!(
        said(
            "hostile/items-dissector-bug",
            beyond,
            "more items are not expanded"
        ) > 0
    );
    // One message of a node carries one of a client.
    let protos = columns(
        "hostile/proxy-inflate-memory",
        &[],
        "aerospike.fabric",
        &["aerospike.type"],
    );
    assert!(protos.iter().all(|row| row[0].len() <= 2), "{protos:?}");
}

/// The count of a row of the overview that follows a heading, at its depth.
fn count(text: &str, name: &str, depth: usize) -> Option<u64> {
    let indented = format!("{}{name} ", " ".repeat(depth));
    let line = text.lines().find(|line| line.starts_with(&indented))?;
    line[indented.len()..].split_whitespace().next()?.parse().ok()
}

fn overview(capture: &str) -> String {
    let ran = host()
        .on(capture, &["-q", "-z", "aerospike,tree"])
        .expect_success();
    ran.text()
}

#[test]
fn a_namespace_that_is_called_like_a_heading_stays_a_namespace() {
    let text = overview("hostile/tree-namespace-clients");
    assert_eq!(count(&text, "Namespaces and sets", 0), Some(5), "{text}");
    assert_eq!(count(&text, "Clients", 1), Some(5), "the namespace: {text}");
    assert_eq!(count(&text, "Clients", 0), Some(5), "the heading: {text}");
    assert_eq!(count(&text, "10.0.0.9", 1), Some(5), "{text}");
    let text = overview("hostile/tree-namespace-heading");
    assert_eq!(count(&text, "Namespaces and sets", 0), Some(20_000), "{text}");
    assert_eq!(count(&text, "Namespaces and sets", 1), Some(20_000), "{text}");
    assert_eq!(count(&text, "demo", 2), Some(20_000), "{text}");
}

/// What an error message quotes is shown; the connection goes on as if it were not there, and it is not counted.
#[test]
fn quoted_bytes_are_shown_and_forgotten() {
    let capture = "hostile/icmp-0";
    let quoted = frames_with(capture, &[], "icmp && aerospike.namespace");
    assert_eq!(quoted.len(), 1, "{quoted:?}");
    for options in [&[][..], &["-2"]] {
        let linked = columns(capture, options, "aerospike.request_in", &["frame.number"]);
        assert_eq!(linked.len(), 7, "{options:?}: {linked:?}");
        let of_quoted = columns(
            capture,
            options,
            "icmp && aerospike.response_in",
            &["frame.number"],
        );
        assert!(of_quoted.is_empty(), "{of_quoted:?}");
    }
    let text = overview(capture);
    assert_eq!(count(&text, "Message types", 0), Some(14), "{text}");
    assert_eq!(count(&text, "Operations", 0), Some(7), "{text}");
}

/// Odd, and right: keep-alives, data in the SYN, a window of 0, numbers that wrap.
#[test]
fn what_tcp_allows_is_no_trouble() {
    for (name, answers) in [("ka", 5), ("synpay", 4), ("win0", 3), ("wrap", 4)] {
        for options in [&[][..], &["-2"]] {
            let capture = format!("hostile/{name}");
            let linked = columns(&capture, options, "aerospike.request_in", &["frame.number"]);
            assert_eq!(linked.len(), answers, "{name} {options:?}: {linked:?}");
        }
    }
}
