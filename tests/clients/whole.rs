//! Every capture of `captures/clients`: nothing is malformed or unknown but what is listed here with its reason,
//! no byte of a message is without a field, every request has its answer or a reason why not.

use std::collections::BTreeSet;

use crate::common::cover::protocols_and_leaves;
use crate::common::fields::frames_with;
use crate::common::host::host;
use crate::common::sharkd::{Node, trees};
use crate::common::{Findings, capture, captures};

/// What clients send that is malformed, by capture and frame, with the reason.
const MALFORMED: [(&str, u32, &str); 4] = [
    (
        "clients/java-sweep",
        958,
        "Exp.def alone: a name and a value where one expression stands",
    ),
    (
        "clients/native-allops",
        505,
        "exp_let of what are no definitions: an even number of parts",
    ),
    (
        "clients/native-allops",
        507,
        "cond of two parts: an odd number is needed",
    ),
    (
        "clients/native-allops",
        509,
        "def alone: a name and a value where one expression stands",
    ),
];

/// What has no name in the reference, by capture.
const UNKNOWN: [(&str, &str); 1] = [("clients/native-allops", "cdt_select(Unknown (5)")];

fn all() -> Vec<String> {
    let names = captures::all("clients");
    assert!(names.len() >= 50, "{} captures", names.len());
    names
}

#[test]
fn nothing_is_malformed_without_a_reason() {
    let mut findings = Findings::default();
    let mut met = BTreeSet::new();
    for name in all() {
        let filter = "aerospike.expert.malformed || _ws.malformed || aerospike.data";
        for frame in frames_with(&name, &[], filter) {
            let known = MALFORMED
                .iter()
                .any(|(capture, number, _)| *capture == name && *number == frame);
            findings.check(known, || format!("{name} frame {frame}"));
            met.insert((name.clone(), frame));
        }
    }
    for (name, frame, why) in MALFORMED {
        let is_met = met.contains(&(name.to_string(), frame));
        findings.check(is_met, || {
            format!("{name} frame {frame} is not malformed any more: {why}")
        });
    }
    findings.report();
}

#[test]
fn nothing_is_unknown_that_has_a_name() {
    let mut findings = Findings::default();
    for name in all() {
        let options = [
            "-O",
            "aerospike,aerospike.msg,aerospike.batch,aerospike.info,aerospike.admin",
            "-Y",
            "aerospike",
        ];
        let text = host().on(&name, &options).expect_success().text();
        for line in text.lines().filter(|line| line.contains("Unknown (")) {
            let known = UNKNOWN
                .iter()
                .any(|(capture, what)| *capture == name && line.contains(what))
                || name == "clients/native-allops" && line.contains("Select flags: Unknown (5)");
            findings.check(known, || format!("{name}: {}", line.trim()));
        }
    }
    findings.report();
}

/// Requests without an answer say why, or the capture ends before the answer.
#[test]
fn every_request_has_an_answer_or_a_reason() {
    let mut findings = Findings::default();
    for name in all() {
        // What is said of a request that has no answer is in the group "Sequence".
        let filter = "aerospike.request && !aerospike.response_in && !(_ws.expert.group == 0x02000000)";
        let unlinked = frames_with(&name, &["-2"], filter);
        if unlinked.is_empty() {
            continue;
        }
        let mut open = open_at_the_end(&name);
        open.extend(given_up(&name));
        for frame in unlinked {
            findings.check(open.contains(&frame), || format!("{name} frame {frame}"));
        }
    }
    findings.report();
}

/// The last request of each connection that ended: its client did not wait for the (whole) answer.
fn given_up(name: &str) -> BTreeSet<u32> {
    let streams = |filter: &str| -> Vec<(String, u32)> {
        let rows = crate::common::fields::columns(name, &["-2"], filter, &["tcp.stream", "frame.number"]);
        let number = |row: &Vec<Vec<String>>| row[1][0].parse().expect("a number");
        rows.iter().map(|row| (row[0].concat(), number(row))).collect()
    };
    let last: std::collections::BTreeMap<String, u32> = streams("aerospike.request").into_iter().collect();
    let ended = streams("tcp.flags.fin == 1 || tcp.flags.reset == 1");
    ended
        .iter()
        .filter_map(|(stream, frame)| last.get(stream).copied().filter(|request| request < frame))
        .collect()
}

/// Requests after which nothing of their connection's server is in the capture.
fn open_at_the_end(name: &str) -> BTreeSet<u32> {
    let rows = crate::common::fields::columns(
        name,
        &["-2"],
        "aerospike",
        &["frame.number", "tcp.stream", "aerospike.request"],
    );
    let mut open = std::collections::BTreeMap::<String, BTreeSet<u32>>::new();
    for row in &rows {
        let frame: u32 = row[0][0].parse().expect("a number");
        let stream = row[1].first().cloned().unwrap_or_default();
        let requests = open.entry(stream).or_default();
        if row[2].is_empty() {
            requests.clear();
        } else {
            requests.insert(frame);
        }
    }
    open.into_values().flatten().collect()
}

/// Captures whose frames are walked byte by byte: of every client some.
const WALKED: [&str; 14] = [
    "java-policies",
    "java-sweep",
    "java33-sweep",
    "java44-predexp-sweep",
    "java53-basic",
    "java-t-batch",
    "java-t-udf",
    "native-allops",
    "native-b64-join",
    "native-string-ctx",
    "py-native",
    "ruby-batch_operate",
    "ruby-context",
    "go-t-map",
];

#[test]
fn every_byte_has_a_field() {
    let mut findings = Findings::default();
    for name in WALKED.map(|name| format!("clients/{name}")) {
        let frames: Vec<u32> = capture(&name).ours().map(|frame| frame.number).collect();
        for (number, tree) in trees(&name, &[], &frames) {
            if MALFORMED
                .iter()
                .any(|(capture, frame, _)| *capture == name && *frame == number)
            {
                continue;
            }
            let is_info = tree
                .iter()
                .flat_map(Node::walk)
                .any(|node| node.name == "aerospike.info");
            for (source, (protocols, leaves)) in protocols_and_leaves(&tree) {
                let mut bare = protocols.without(&leaves);
                // Between the names and values of information there are tabs and line ends.
                if is_info {
                    bare.retain(|(start, end)| end - start > 2);
                }
                findings.check(bare.is_empty(), || {
                    format!("{name} frame {number} source {source}: {bare:?}")
                });
            }
        }
    }
    findings.report();
}
