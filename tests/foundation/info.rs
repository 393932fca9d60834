//! Information requests and answers, line by line, from the operations lists.

use crate::common::literal::Lit;
use crate::common::ops::{Call, Kind, OpsList, Outcome};
use crate::common::pdml::{Frame, Item};
use crate::common::{Findings, capture, ops_of};

/// A line of an answer.
struct Pair<'a> {
    name: &'a str,
    value: &'a Item,
    /// The item that holds both, if there is one.
    line: &'a Item,
}

fn pairs(frame: &Frame) -> Vec<Pair<'_>> {
    let mut out = Vec::new();
    let mut name = None;
    for top in frame.aerospike() {
        for item in top.walk() {
            match item.name.as_str() {
                "aerospike.info.name" => name = Some(item),
                "aerospike.info.value" => out.extend(name.take().map(|name| Pair {
                    name: &name.show,
                    value: item,
                    line: top,
                })),
                _ => {}
            }
        }
    }
    for pair in &mut out {
        let holds = |item: &&Item| {
            item.walk().any(|i| std::ptr::eq(i, pair.value)) && !std::ptr::eq(*item, pair.value)
        };
        if let Some(line) = pair.line.walk().filter(holds).last() {
            pair.line = line;
        }
    }
    out
}

/// Whether the name shown is of this command: all of it, or without its parameters.
fn is_command(shown: &str, command: &str) -> bool {
    command
        .strip_prefix(shown)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', ';']))
}

/// `{'A1': (None, 'value\n')}`: what the only node said, as it begins.
fn value_said(call: &Call) -> Option<(&str, bool)> {
    let Outcome::Value(nodes) = &call.outcome else {
        return None;
    };
    let [(_, answer)] = nodes.pairs() else { return None };
    let value = answer.items().get(1)?;
    Some((
        value.str()?.trim_end_matches('\n'),
        value.is_partial() || nodes.is_partial(),
    ))
}

#[test]
fn commands_and_their_values() {
    let mut findings = Findings::default();
    for name in ["info-basic", "kv-any-sll2", "udf-put-apply", "truncate"] {
        findings.within(name, |findings| check_commands(findings, name, &ops_of(name)));
    }
    findings.report();
}

fn check_commands(findings: &mut Findings, name: &str, list: &OpsList) {
    let capture = capture(name);
    let mut frames = capture.frames.iter();
    for call in list.calls_of(&["info_all"]) {
        let command = call.args.first().and_then(Lit::str).unwrap_or_default();
        let place = format!("line {}: {command:?}", call.line);
        // The client's own requests stand between those of the list.
        let Some((frame, at)) = frames.by_ref().find_map(|frame| {
            let at = pairs(frame)
                .iter()
                .position(|pair| is_command(pair.name, command));
            at.map(|at| (frame, at))
        }) else {
            return findings.add(format!("{place} is not answered"));
        };
        let pairs = pairs(frame);
        let pair = &pairs[at];
        let (shown, place) = (&pair.value.show, format!("{place}, frame {}", frame.number));
        match (&call.outcome, value_said(call)) {
            (Outcome::Error { code, .. }, _) => {
                findings.check(shown.starts_with(&format!("ERROR:{code}:")), || {
                    format!("{place}: value {shown:?}")
                });
                let number = pair.line.int_of("aerospike.info.error_code");
                findings.check(number == Some(i128::from(*code)), || {
                    format!("{place}: error code {number:?}")
                });
            }
            (_, Some((value, partial))) => {
                let same = shown == value || (partial && shown.starts_with(value));
                findings.check(same, || format!("{place}: {shown:?}, not {value:?}"));
                let error =
                    pair.line.has("aerospike.info.error") || pair.line.has("aerospike.info.error_code");
                // `type=unknown` is an error too.
                let says_so = value.contains("rror") || value.contains("unknown");
                findings.check(!error || says_so, || format!("{place}: shown as an error"));
            }
            _ => {}
        }
    }
}

#[test]
fn several_commands_in_one_request() {
    let name = "info-many-in-one";
    let list = ops_of(name);
    let capture = capture(name);
    let call = list.calls_of(&["info_all"]).next().expect("a call");
    let commands: Vec<&str> = call.args[0].str().unwrap_or_default().split('\n').collect();
    let named = |frame: &&Frame| {
        let names: Vec<&str> = frame
            .all("aerospike.info.name")
            .map(|i| i.show.as_str())
            .collect();
        names.len() == commands.len() && names.iter().zip(&commands).all(|(n, c)| is_command(n, c))
    };
    let request = capture.frames.iter().filter(|f| f.is_request()).find(named);
    let answer = capture.frames.iter().filter(|f| !f.is_request()).find(named);
    let request = request.unwrap_or_else(|| panic!("no request of {commands:?}"));
    assert!(!request.has("aerospike.info.value"), "a request has no values");
    let answer = answer.expect("an answer of the same commands");
    assert_eq!(pairs(answer).len(), commands.len(), "one value a command");
}

/// Positions: the bytes under a name and under a value are their text.
#[test]
fn names_and_values_cover_their_own_bytes() {
    let mut findings = Findings::default();
    for name in [
        "info-basic",
        "info-many-in-one",
        "info-client-tend",
        "info-admin-port-3008",
    ] {
        for frame in &capture(name).frames {
            for item in frame
                .walk()
                .filter(|i| ["aerospike.info.name", "aerospike.info.value"].contains(&i.name.as_str()))
            {
                let bytes = item.bytes();
                let same = bytes == item.show.as_bytes() || bytes.iter().any(|b| !(32..127).contains(b));
                findings.check(same, || {
                    format!(
                        "{name} frame {}: {:?} is not at {}+{}",
                        frame.number, item.show, item.pos, item.size
                    )
                });
            }
        }
    }
    findings.report();
}

/// The admin port takes the same messages; requests were sent by hand.
#[test]
fn over_the_admin_port() {
    let name = "info-admin-port-3008";
    let capture = capture(name);
    for line in &ops_of(name).lines {
        let Kind::Raw { what, sent, .. } = &line.kind else {
            continue;
        };
        let text = String::from_utf8_lossy(sent.get(8..).unwrap_or_default()).into_owned();
        if sent.get(1) == Some(&1) {
            let shown = |frame: &&Frame| {
                let mut names = frame.all("aerospike.info.name").map(|i| i.show.as_str());
                frame.is_request() && text.lines().all(|command| names.any(|n| is_command(n, command)))
            };
            assert!(
                capture.frames.iter().any(|f| shown(&f)),
                "{what}: no request of {text:?}"
            );
        }
    }
}
