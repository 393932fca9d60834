//! Links both ways, against what TCP's bytes say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::packets::{Random, Variant, variant};
use super::streams::{Proto, Truth, truth};
use crate::common::Findings;
use crate::common::captures;
use crate::common::fields::columns;

const PORT: [&str; 2] = ["-o", "aerospike.tcp.port:3000,3008,4333"];

/// The frame's partners, in its order: of its answers, of its requests.
pub type Links = BTreeMap<u32, (Vec<u32>, Vec<u32>)>;

pub fn shown(capture: &str, options: &[&str]) -> Links {
    let mut all = PORT.to_vec();
    all.extend(options);
    let names = ["frame.number", "aerospike.request_in", "aerospike.response_in"];
    let numbers = |cell: &Vec<String>| cell.iter().map(|n| n.parse().expect("a frame")).collect();
    let mut links = Links::new();
    for row in columns(
        capture,
        &all,
        "aerospike.request_in || aerospike.response_in",
        &names,
    ) {
        links.insert(
            row[0][0].parse().expect("a frame"),
            (numbers(&row[1]), numbers(&row[2])),
        );
    }
    links
}

fn expected_links(truth: &Truth, both: bool) -> Links {
    // A frame's messages stand in the order of their bytes, which is the order of the exchanges.
    let mut links = Links::new();
    for exchange in &truth.exchanges {
        for answer in &exchange.answers {
            let of_frame = links.entry(answer.frame()).or_default();
            of_frame.0.push(exchange.request.frame());
        }
        if let (true, true, Some(last)) = (both, exchange.complete, exchange.answers.last()) {
            links
                .entry(exchange.request.frame())
                .or_default()
                .1
                .push(last.frame());
        }
    }
    links
}

/// Captures from the first packet of their connections to the last, with nothing missing between.
fn complete() -> Vec<String> {
    let partial = [
        "capture-loss",
        "midstream",
        "oneway",
        "snaplen",
        "reordered",
        "loss-real",
        "heartbeat",
        "cluster",
        "malformed",
        "info-text",
    ];
    let mut names = captures::all("");
    names.retain(|name| !partial.iter().any(|p| name.starts_with(p)));
    names
}

#[test]
fn of_every_message_of_complete_captures() {
    let mut findings = Findings::default();
    let mut answers = 0;
    for name in complete() {
        let truth = truth(&name);
        findings.check(truth.left_over == 0, || {
            format!("{name}: {} answers without request", truth.left_over)
        });
        answers += truth.exchanges.iter().map(|e| e.answers.len()).sum::<usize>();
        for (pass, options) in [("one pass", &[][..]), ("two passes", &["-2"][..])] {
            let (expected, shown) = (
                expected_links(&truth, pass == "two passes"),
                shown(&name, options),
            );
            let frames: BTreeSet<&u32> = expected.keys().chain(shown.keys()).collect();
            for frame in frames {
                let (want, have) = (expected.get(frame), shown.get(frame));
                findings.check(want == have, || {
                    format!("{name} frame {frame}, {pass}: {want:?}, shown {have:?}")
                });
            }
        }
    }
    findings.check(answers > 5000, || format!("only {answers} answers"));
    findings.report();
}

/// Where a message of the whole capture may be shown in a variant: at any frame that carries bytes of it,
/// or at the one that fills the last gap before its end.
fn places(proto: &Proto, truth: &Truth, position: &HashMap<u32, u32>) -> BTreeSet<u32> {
    let before = &truth.segments[&proto.direction][..proto.up_to];
    let filled = before.iter().filter_map(|frame| position.get(frame)).max();
    let carried = proto.frames.iter().filter_map(|frame| position.get(frame));
    carried.chain(filled).copied().collect()
}

/// How many links a variant shows, each of which has to be one of the whole capture.
fn check(findings: &mut Findings, variant: &Variant, truth: &Truth) -> usize {
    let position: HashMap<u32, u32> = variant.frames.iter().copied().zip(1..).collect();
    let mut right: BTreeSet<(u32, u32)> = BTreeSet::new();
    for exchange in &truth.exchanges {
        let requests = places(&exchange.request, truth, &position);
        for answer in &exchange.answers {
            for at in places(answer, truth, &position) {
                right.extend(requests.iter().map(|request| (*request, at)));
            }
        }
    }
    let mut links = 0;
    for out_of_order in ["TRUE", "FALSE"] {
        let preference = format!("tcp.reassemble_out_of_order:{out_of_order}");
        for options in [&["-o", &preference][..], &["-2", "-o", &preference][..]] {
            for (frame, (requests, answers)) in shown(&variant.name, options) {
                let pairs = requests.iter().map(|request| (*request, frame));
                for pair in pairs.chain(answers.iter().map(|answer| (frame, *answer))) {
                    links += 1;
                    findings.check(right.contains(&pair), || {
                        format!(
                            "{} {options:?}: request {} is not answered in {}",
                            variant.name, pair.0, pair.1
                        )
                    });
                }
            }
        }
    }
    links
}

const VARIED: [&str; 5] = [
    "pipelined-one-segment",
    "kv-all-types",
    "batch-all",
    "scan-query-pagination",
    "large-100k",
];

fn check_all(what: &str, arrange: impl Fn(&Truth, Vec<u32>, &mut Random) -> Vec<u32>) -> usize {
    let mut findings = Findings::default();
    let mut links = 0;
    for name in VARIED {
        let truth = truth(name);
        for seed in 1..=2_u64 {
            let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let what = format!("{what}-{seed}");
            let made = variant(name, &what, |frames| arrange(&truth, frames, &mut random));
            links += check(&mut findings, &made, &truth);
        }
    }
    findings.report();
    links
}

fn some(links: usize) {
    assert!(links > 100, "only {links} links");
}

#[test]
fn that_exist_are_right_where_packets_are_lost() {
    some(check_all("lost", |_, mut frames, random| {
        frames.retain(|_| random.below(15) != 0);
        frames
    }));
}

#[test]
fn that_exist_are_right_where_packets_are_swapped() {
    some(check_all("swapped", |_, mut frames, random| {
        for at in 1..frames.len() {
            if random.below(6) == 0 {
                frames.swap(at - 1, at);
            }
        }
        frames
    }));
}

#[test]
fn that_exist_are_right_where_the_capture_begins_late() {
    some(check_all("late", |_, frames, random| {
        let from = frames.len() / 8 + random.below(frames.len() / 2);
        frames[from..].to_vec()
    }));
}

#[test]
fn do_not_exist_where_one_side_is_missing() {
    for side in [false, true] {
        let links = check_all(&format!("without-{side}"), |truth, mut frames, _| {
            let gone: BTreeSet<u32> = truth
                .segments
                .iter()
                .filter(|((_, from_server), _)| *from_server == side)
                .flat_map(|(_, frames)| frames.iter().copied())
                .collect();
            frames.retain(|frame| !gone.contains(frame));
            frames
        });
        assert_eq!(links, 0);
    }
}
