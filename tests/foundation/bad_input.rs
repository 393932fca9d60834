//! Captures with gaps, cut packets, a missing direction or nonsense: no crash, no accusation of
//! what is only missing, nothing silent.

use crate::common::cover::{Ranges, account_for};
use crate::common::fields::columns;
use crate::common::pdml::Frame;
use crate::common::sharkd::{Node, trees};
use crate::common::{Findings, capture_with};

const INCOMPLETE: [&str; 13] = [
    "capture-loss-batch-300-keys",
    "capture-loss-kv-all-types",
    "duplicated-kv-all-types",
    "loss-real-client-side",
    "midstream-kv",
    "midstream-large-in-request",
    "midstream-scan",
    "oneway-client-to-server-kv-all-types",
    "oneway-server-to-client-kv-all-types",
    "pipelined-one-segment",
    "reordered-kv-all-types",
    "reordered-large-100k",
    "scenarios/network-drop-requests",
];
const CUT: [&str; 4] = [
    "snaplen128-batch-all",
    "snaplen128-heartbeat-mesh-steady",
    "snaplen128-kv-all-types",
    "snaplen80-operate-list",
];
const WRONG: [&str; 3] = [
    "malformed-proto",
    "scenarios/wrong-protocol-to-3000",
    "scenarios/sync-loss",
];
/// Wireshark's default, and its reassembly of what comes out of order.
const ORDERS: [&[&str]; 2] = [&[], &["-o", "tcp.reassemble_out_of_order:TRUE"]];

fn all_bad() -> Vec<&'static str> {
    [&INCOMPLETE[..], &CUT, &WRONG].concat()
}

fn says(frame: &Frame, text: &str) -> bool {
    frame
        .walk()
        .any(|item| item.showname.contains(text) || item.show.contains(text))
}

#[test]
fn no_crash_and_no_dissector_bug() {
    let mut findings = Findings::default();
    for name in all_bad() {
        for options in ORDERS {
            let capture = capture_with(name, options);
            findings.check(capture.stderr.is_empty(), || {
                format!("{name}: {}", capture.stderr)
            });
            for frame in &capture.frames {
                findings.check(!says(frame, "Dissector bug"), || {
                    format!("{name} {}", frame.outline())
                });
            }
        }
    }
    findings.report();
}

/// What is only missing is not called malformed.
#[test]
fn missing_bytes_are_nobodys_fault() {
    let accusations = [
        "aerospike.expert.unsupported_version",
        "aerospike.expert.unsupported_type",
        "aerospike.expert.invalid_size",
        "aerospike.expert.malformed",
        "_ws.malformed",
    ];
    let mut findings = Findings::default();
    for name in [&INCOMPLETE[..], &CUT].concat() {
        for options in ORDERS {
            for frame in &capture_with(name, options).frames {
                for accusation in accusations {
                    findings.check(!frame.has(accusation), || {
                        format!("{name} {accusation}\n{}", frame.outline())
                    });
                }
            }
        }
    }
    findings.report();
}

/// Of a packet cut by the snap length, what is there is shown, and Wireshark says the rest.
#[test]
fn cut_packets_show_what_is_there() {
    let mut findings = Findings::default();
    for name in CUT {
        // Where a message goes on that Wireshark could not put together: source port and sequence number.
        let mut goes_on = Vec::new();
        let frames = &capture_with(name, &[]).frames;
        for frame in frames {
            let text = |name| frame.first(name).map(|item| item.show.as_str());
            let place = |sequence| [text("tcp.srcport"), text(sequence)];
            if frame.has("_ws.unreassembled.expert") {
                goes_on.push(place("tcp.nxtseq"));
            }
            let captured = frame
                .first("tcp.payload")
                .map_or(0, |payload| payload.bytes().len());
            // The bytes of a message's header, or of a heartbeat's first field.
            let enough = captured >= 30;
            let shown = frame
                .aerospike()
                .flat_map(|item| item.walk())
                .filter(|item| item.size > 0)
                .count();
            let held = frame.has("tcp.segment_data") || frame.has("tcp.analysis.retransmission");
            // The rest of a message whose first segment was cut: nobody can read it, and it is marked so.
            let rest = frame.has("aerospike.expert.continuation") && goes_on.contains(&place("tcp.seq"));
            let held = held || rest;
            findings.check(!enough || held || shown > 5, || {
                format!("{name}: little is shown\n{}", frame.outline())
            });
        }
    }
    findings.report();
}

/// Every byte that came to port 3000 is shown, held for reassembly, or marked.
#[test]
fn nothing_is_silent() {
    let mut findings = Findings::default();
    for name in all_bad() {
        for (options, value) in ORDERS.into_iter().zip(["FALSE", "TRUE"]) {
            let capture = capture_with(name, options);
            let with_payload = capture
                .frames
                .iter()
                .filter(|frame| has_payload(frame) && !is_repeated(frame));
            let numbers: Vec<u32> = with_payload.map(|frame| frame.number).collect();
            for (number, tree) in trees(name, &[("tcp.reassemble_out_of_order", value)], &numbers) {
                let silent = payload(&tree).without(&account_for(&tree));
                findings.check(silent.is_empty(), || {
                    format!("{name} (out of order {value}) frame {number}: silent about {silent:?}")
                });
            }
        }
    }
    findings.report();
}

fn has_payload(frame: &Frame) -> bool {
    frame.has("tcp.payload") && frame.all("tcp.port").any(|port| port.show == "3000")
}

/// TCP hands over what it has handed over before no second time.
fn is_repeated(frame: &Frame) -> bool {
    let kinds = [
        "retransmission",
        "fast_retransmission",
        "spurious_retransmission",
        "keep_alive",
        "out_of_order",
    ];
    kinds
        .iter()
        .any(|kind| frame.has(&format!("tcp.analysis.{kind}")))
}

fn payload(tree: &[Node]) -> Ranges {
    let all = tree
        .iter()
        .flat_map(Node::walk)
        .filter(|node| node.name == "tcp.payload");
    Ranges::of(all.map(|node| (node.start, node.start + node.length)).collect())
}

/// Both directions go on after a gap: the number of messages seen is near that of the whole
/// capture, less what the missing packets held.
#[test]
fn no_direction_is_swallowed_by_a_gap() {
    for (name, requests, answers) in [
        ("capture-loss-kv-all-types", 60, 60),
        ("midstream-kv", 12, 13),
        ("midstream-scan", 6, 1),
        ("midstream-large-in-request", 3, 4),
        ("oneway-client-to-server-kv-all-types", 68, 0),
        ("oneway-server-to-client-kv-all-types", 0, 68),
        ("duplicated-kv-all-types", 68, 68),
        ("reordered-kv-all-types", 60, 55),
    ] {
        let (to, from) = (
            count(name, "aerospike.request"),
            count(name, "aerospike.response"),
        );
        assert!(
            to >= requests && from >= answers,
            "{name}: {to} requests, {from} answers"
        );
    }
}

fn count(name: &str, direction: &str) -> usize {
    let filter = format!("aerospike.msg && {direction}");
    let rows = columns(name, &[], &filter, &["aerospike.msg.result_code"]);
    rows.iter().map(|row| row[0].len()).sum()
}
