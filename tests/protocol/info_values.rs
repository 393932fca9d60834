//! The pieces of structured values, parameters of commands, and the text port.

use crate::common::literal::Lit;
use crate::common::ops::{Call, Kind, Outcome};
use crate::common::pdml::{Frame, Item};
use crate::common::{Findings, capture, ops_of};

fn said(call: &Call) -> Option<(String, bool)> {
    let Outcome::Value(nodes) = &call.outcome else {
        return None;
    };
    let [(_, answer)] = nodes.pairs() else { return None };
    let value = answer.items().get(1)?;
    let partial = value.is_partial() || nodes.is_partial();
    Some((value.str()?.trim_end_matches('\n').to_string(), partial))
}

fn texts<'a>(frame: &'a Frame, name: &'a str) -> Vec<&'a str> {
    frame.all(name).map(|i| i.show.as_str()).collect()
}

/// Maps `a=1;b=2`, and lists of maps `a=1:b=2;a=3:b=4`: every pair is an item.
#[test]
fn maps_are_pairs() {
    let mut findings = Findings::default();
    let name = "info-basic";
    let (list, capture) = (ops_of(name), capture(name));
    let answers: Vec<&Frame> = capture.ours().filter(|frame| !frame.is_request()).collect();
    let mut checked = 0;
    for call in list.calls_of(&["info_all"]) {
        let command = call.args.first().and_then(Lit::str).unwrap_or_default();
        let plain = ["statistics", "namespace/", "get-config", "sets", "sindex-list"];
        if !plain.iter().any(|start| command.starts_with(start)) || command.ends_with("/nope") {
            continue;
        }
        let Some((value, partial)) = said(call) else {
            continue;
        };
        let begins = |frame: &&&Frame| {
            texts(frame, "aerospike.info.value")
                .iter()
                .any(|v| v.starts_with(&value))
        };
        let Some(frame) = answers.iter().find(begins) else {
            findings.add(format!("{command} is not answered"));
            continue;
        };
        checked += 1;
        let (names, values) = (
            texts(frame, "aerospike.info.item.name"),
            texts(frame, "aerospike.info.item.value"),
        );
        let mut pairs: Vec<&str> = value.split([';', ':']).collect();
        if partial {
            pairs.pop();
        }
        for (name, value) in pairs.iter().filter_map(|pair| pair.split_once('=')) {
            let place = || format!("{command} frame {}", frame.number);
            findings.check(names.contains(&name), || format!("{}: no item {name}", place()));
            findings.check(value.is_empty() || values.contains(&value), || {
                format!("{}: no value {value} of {name}", place())
            });
        }
    }
    assert!(checked > 3, "{checked} values");
    findings.report();
}

#[test]
fn lists_are_items() {
    let name = "info-basic";
    let capture = capture(name);
    let is_it =
        |frame: &&Frame| !frame.is_request() && texts(frame, "aerospike.info.name").contains(&"namespaces");
    let frame = capture.ours().find(is_it).expect("namespaces");
    let items = texts(frame, "aerospike.info.item.value");
    assert!(items.contains(&"test") && items.contains(&"bar"), "{items:?}");
}

#[test]
fn commands_have_their_parameters() {
    let name = "truncate";
    let capture = capture(name);
    let sets = |frame: &Frame, set: &str| {
        let names = texts(frame, "aerospike.info.param.name");
        let values = texts(frame, "aerospike.info.param.value");
        names.contains(&"namespace")
            && names.contains(&"set")
            && values.contains(&"test")
            && values.contains(&set)
    };
    for set in ["trunc", "nosuch"] {
        assert!(
            capture.ours().any(|frame| frame.is_request() && sets(frame, set)),
            "truncate of {set}"
        );
    }
}

#[test]
fn base64_is_read() {
    let name = "info-client-tend";
    let says = |item: &Item| item.show.contains("python-19.3.0") || item.showname.contains("python-19.3.0");
    assert!(
        capture(name).ours().any(|frame| frame.walk().any(says)),
        "the user agent"
    );
}

/// The text port of servers up to 8.0: lines without names in the answers.
#[test]
fn of_the_text_port() {
    let mut findings = Findings::default();
    let name = "info-text-port-3003-server80";
    let capture = capture(name);
    let requests: Vec<&str> = capture
        .ours()
        .filter(|f| f.is_request())
        .flat_map(|f| texts(f, "aerospike.info.name"))
        .collect();
    let answers: Vec<&str> = capture
        .ours()
        .filter(|f| !f.is_request())
        .flat_map(|f| texts(f, "aerospike.info.value"))
        .collect();
    for line in &ops_of(name).lines {
        let Kind::Raw { what, sent, received } = &line.kind else {
            continue;
        };
        for command in String::from_utf8_lossy(sent).lines() {
            let shown = requests
                .iter()
                .any(|name| command.trim().starts_with(name) && !name.is_empty());
            findings.check(shown, || format!("{what}: {command:?} is not among {requests:?}"));
        }
        let received = received
            .bytes()
            .map(String::from_utf8_lossy)
            .unwrap_or_default()
            .into_owned();
        let first = received.lines().next().unwrap_or_default();
        let begins = first.chars().take(60).collect::<String>();
        let shown = answers.iter().any(|value| value.starts_with(&begins));
        findings.check(shown || begins.starts_with('<'), || {
            format!("{what}: {begins:?} is not among the answers")
        });
    }
    findings.report();
}
