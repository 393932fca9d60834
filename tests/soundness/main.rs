//! Proof of the guard, with a plugin that counts values with a destructor and injects faults (feature `soundness`):
//! nothing stays alive, nothing aborts, the rest of the file is dissected, and the message names the fault.

#[path = "../common/mod.rs"]
mod common;

mod memory;
mod tables;

use std::collections::BTreeMap;

use common::Findings;
use common::fields::{dissector_bug, frame_of_line};
use common::host::{Ran, host};
use common::pdml;

/// Wireshark's own checks of the memory it lends.
const STRICT: (&str, &str) = ("WIRESHARK_DEBUG_WMEM_OVERRIDE", "strict");

/// A fault, where it strikes, and what has to be said about it.
struct Case {
    fault: &'static str,
    capture: &'static str,
    options: &'static [&'static str],
    /// In the tree of the frame, or on stderr.
    says: &'static str,
    /// Of the frames, how many show it.
    frames: Expected,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// None: the fault is outside dissection, and only stderr tells.
    None,
    One,
    Many,
}

const fn case(fault: &'static str, says: &'static str, frames: Expected) -> Case {
    Case {
        fault,
        capture: "kv-basic",
        options: &[],
        says,
        frames,
    }
}

const NO_FIELD: &str = "Unregistered hf!";
const TOO_MANY: &str = "more than 1000000 items in the tree";
/// Wireshark 4.6 counts items that do not go forward, too, and that strikes first.
const NO_PROGRESS: &str = "start_idle_count";
const FAILED: &str = "a callback failed; its results are incomplete";

const CASES: [Case; 20] = [
    case("panic-segment@5", "an injected panic (segment)", Expected::One),
    case("panic-segment@0", "an injected panic (segment)", Expected::Many),
    case("panic-message@5", "an injected panic (message)", Expected::One),
    case("panic-message@0", "an injected panic (message)", Expected::Many),
    case("panic-length@5", "an injected panic (length)", Expected::One),
    case("panic-length@0", "an injected panic (length)", Expected::Many),
    case("panic-item@100", "an injected panic (item)", Expected::One),
    case("panic-item@0", "an injected panic (item)", Expected::Many),
    case("panic-open", FAILED, Expected::None),
    Case {
        capture: "nonstandard-port-4333",
        options: &["--enable-heuristic", "aerospike_tcp"],
        ..case(
            "panic-heuristic@1",
            "an injected panic (heuristic)",
            Expected::One,
        )
    },
    Case {
        options: &[
            "-z",
            "aerospike,hotkeys",
            "-z",
            "aerospike,diagnosis",
            "-z",
            "aerospike,tree",
        ],
        ..case("panic-tap@3", FAILED, Expected::None)
    },
    Case {
        options: &[
            "-z",
            "aerospike,hotkeys",
            "-z",
            "aerospike,diagnosis",
            "-z",
            "aerospike,tree",
        ],
        ..case("panic-tap@0", FAILED, Expected::None)
    },
    case("bad-field@100", NO_FIELD, Expected::One),
    case("bad-field@0", NO_FIELD, Expected::Many),
    case("beyond@1", "Malformed Packet", Expected::One),
    case("items@5", TOO_MANY, Expected::One),
    case("depth@5", "Maximum tree depth", Expected::One),
    case("depth@0", "Maximum tree depth", Expected::Many),
    case("subdissector@5", "Malformed Packet", Expected::One),
    case("subdissector@0", "Malformed Packet", Expected::Many),
];

/// What the plugin says of itself when the file is closed.
struct Report(BTreeMap<String, u64>);

impl Report {
    fn of(ran: &Ran) -> Option<Report> {
        let line = ran
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("aerospike soundness: "))
            .next_back()?;
        let pairs = line.split(' ').filter_map(|pair| pair.split_once('='));
        let count = |(name, count): (&str, &str)| Some((name.to_string(), count.parse().ok()?));
        pairs.map(count).collect::<Option<_>>().map(Report)
    }

    fn get(&self, name: &str) -> u64 {
        *self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    /// Every destructor ran, in an entry that was left by a throw or a panic as in any other.
    fn check(&self, findings: &mut Findings) {
        findings.check(self.get("alive") == 0 && self.get("left") == 0, || {
            format!("values stay alive: {:?}", self.0)
        });
        findings.check(self.get("entries") > 0 && self.get("values") > 0, || {
            format!("nothing was counted: {:?}", self.0)
        });
    }
}

fn tshark(fault: &str, capture: &str, options: &[&str]) -> Ran {
    let path = host().capture(capture);
    let mut args = vec!["-n", "-r", path.to_str().expect("a path in UTF-8")];
    args.extend(options);
    let variables = [STRICT, ("AEROSPIKE_FAULT", fault)];
    host().run_with(&variables, "tshark", &args, "")
}

/// Nothing that depends on another frame.
const FIELDS: [&str; 6] = [
    "aerospike.type",
    "aerospike.msg.info2",
    "aerospike.msg.result_code",
    "aerospike.namespace",
    "aerospike.digest",
    "aerospike.bin.name",
];

/// What every frame says of itself.
fn frames(document: &str) -> BTreeMap<u32, Vec<String>> {
    let values = |frame: &pdml::Frame| {
        let items = frame.aerospike().flat_map(pdml::Item::walk);
        let asked = items.filter(|item| FIELDS.contains(&item.name.as_str()));
        asked.map(|item| format!("{} {}", item.name, item.show)).collect()
    };
    let frames = pdml::parse(document);
    frames.iter().map(|frame| (frame.number, values(frame))).collect()
}

/// The frames whose tree says `text`.
fn frames_that_say(tree: &str, text: &str) -> Vec<u32> {
    let mut frame = 0;
    let mut found = Vec::new();
    for line in tree.lines() {
        frame = frame_of_line(line).unwrap_or(frame);
        if line.contains(text) && found.last() != Some(&frame) {
            found.push(frame);
        }
    }
    found
}

fn check(case: &Case) -> Findings {
    let mut findings = Findings::default();
    let mut options = vec!["-V"];
    options.extend(case.options);
    let ran = tshark(case.fault, case.capture, &options);
    findings.check(ran.success, || format!("{}\n{}", ran.how, ran.stderr));
    let Some(report) = Report::of(&ran) else {
        findings.add(format!("no report: {}", ran.stderr));
        return findings;
    };
    report.check(&mut findings);
    findings.check(report.get("fired") > 0, || "the fault did not strike".into());
    let text = ran.text();
    let says = if case.says == TOO_MANY && text.contains(NO_PROGRESS) {
        NO_PROGRESS
    } else {
        case.says
    };
    let named = frames_that_say(&text, says);
    let wanted = match case.frames {
        Expected::None => named.is_empty() && ran.stderr.contains(case.says),
        Expected::One => named.len() == 1,
        Expected::Many => named.len() > 5,
    };
    findings.check(wanted, || {
        format!("{:?} shown in frames {named:?}\n{}", case.says, ran.stderr)
    });
    if case.frames == Expected::Many {
        return findings;
    }

    // The others are what they are without a fault. All items are made, as above, so that it strikes at the same place.
    let mut options = vec!["-T", "pdml"];
    options.extend(case.options);
    let whole = tshark("", case.capture, &options).expect_success();
    let ran = tshark(case.fault, case.capture, &options);
    let (whole, faulty) = (frames(&whole.text()), frames(&ran.text()));
    findings.check(whole.len() > 10 && whole.len() == faulty.len(), || {
        format!("{} frames of {}", faulty.len(), whole.len())
    });
    let differ: Vec<u32> = whole
        .iter()
        .filter(|(number, text)| faulty.get(number) != Some(text))
        .map(|(number, _)| *number)
        .collect();
    findings.check(differ.len() <= 1, || format!("frames {differ:?} differ"));
    findings
}

#[test]
fn each_fault_is_named_and_leaves_nothing_alive() {
    let mut findings = Findings::default();
    for case in &CASES {
        findings.within(case.fault, |inner| *inner = check(case));
    }
    findings.report();
}

/// What the exceptions of everyday are: packets cut by the capture, by TCP, and by those who sent them.
#[test]
fn cut_packets_leave_nothing_alive() {
    let mut findings = Findings::default();
    let names = [
        "snaplen128-kv-all-types",
        "snaplen128-batch-all",
        "snaplen128-heartbeat-mesh-steady",
        "snaplen80-operate-list",
        "malformed-proto",
        "capture-loss-kv-all-types",
    ];
    let mut thrown = 0;
    for name in names {
        for options in [
            &["-V"][..],
            &["-2", "-V"],
            &["-q", "-z", "expert"],
            &[
                "-V",
                "-o",
                "aerospike.desegment:FALSE",
                "-o",
                "tcp.desegment_tcp_streams:FALSE",
            ],
        ] {
            let ran = tshark("", name, options);
            findings.within(&format!("{name} {options:?}"), |findings| {
                findings.check(ran.success, || ran.stderr.clone());
                let Some(report) = Report::of(&ran) else {
                    findings.add("no report");
                    return;
                };
                report.check(findings);
                if report.get("thrown") > 0 {
                    thrown += report.get("thrown");
                    findings.check(report.get("alive_at_throw") > 0, || {
                        "no value to leave alive".into()
                    });
                }
                findings.check(!ran.text().contains("Dissector bug"), || "a dissector bug".into());
            });
        }
    }
    assert!(thrown > 100, "only {thrown} exceptions");
    findings.report();
}

/// The counter sees what it is there for: a throw that passes by the guard.
#[test]
fn a_throw_past_the_guard_is_seen() {
    let ran = tshark("unguarded@5", "kv-basic", &["-V"]);
    let report = Report::of(&ran).unwrap_or_else(|| panic!("no report: {}", ran.stderr));
    assert_eq!(report.get("fired"), 1);
    assert!(
        report.get("alive") > 0 && report.get("left") > 0,
        "{:?}",
        report.0
    );
}

/// Tests that look for dissector bugs would see one: the filter for them finds the frame that names it.
#[test]
fn a_dissector_bug_is_found_by_its_filter() {
    for fault in [
        "panic-item@100",
        "panic-item@0",
        "panic-message@5",
        "bad-field@100",
    ] {
        let shown = tshark(fault, "kv-basic", &["-V"]).expect_success();
        let shown = frames_that_say(&shown.text(), "Dissector bug");
        let found = tshark(fault, "kv-basic", &["-O", "frame", "-Y", dissector_bug()]).expect_success();
        let found: Vec<u32> = found.text().lines().filter_map(frame_of_line).collect();
        assert!(!shown.is_empty(), "{fault}");
        assert_eq!(found, shown, "{fault}");
    }
    let none = tshark("", "kv-basic", &["-O", "frame", "-Y", dissector_bug()]).expect_success();
    assert_eq!(none.text(), "");
}
