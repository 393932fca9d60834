//! The packet list: a line that can be read without opening the packet.

use std::collections::BTreeMap;

use crate::common::expect::key_text;
use crate::common::host::host;
use crate::common::literal::Lit;
use crate::common::record::senders;
use crate::common::{Findings, capture, ops_of};

/// The lines of the packet list by frame number.
fn lines(name: &str) -> BTreeMap<u32, String> {
    let text = host().on(name, &[]).expect_success().text();
    let numbered = text.lines().filter_map(|line| {
        let (number, rest) = line.trim_start().split_once(' ')?;
        Some((number.parse().ok()?, rest.to_string()))
    });
    numbered.collect()
}

/// Names of results, without the server's prefix.
const RESULTS: [(i32, &str); 10] = [
    (2, "NOT_FOUND"),
    (3, "GENERATION"),
    (4, "PARAMETER"),
    (5, "RECORD_EXISTS"),
    (12, "INCOMPATIBLE_TYPE"),
    (23, "ELEMENT_NOT_FOUND"),
    (24, "ELEMENT_EXISTS"),
    (25, "ENTERPRISE_ONLY"),
    (26, "OP_NOT_APPLICABLE"),
    (27, "FILTERED_OUT"),
];

#[test]
fn name_operation_record_bins_and_result() {
    let mut findings = Findings::default();
    for name in [
        "kv-basic",
        "kv-policies-errors",
        "keys-send-key-types",
        "operate-basic",
    ] {
        let (list, capture, lines) = (ops_of(name), capture(name), lines(name));
        let mut told = std::collections::HashMap::new();
        for (call, exchange) in senders(&list).iter().zip(&capture.exchanges()) {
            let (Some(call), Some(answer)) = (call, exchange.answer()) else {
                continue;
            };
            let Some(key) = call.key() else { continue };
            let line = &lines[&exchange.request.frame.number];
            let place = format!("{name} line {} {}: {line:?}", call.line, call.name);
            findings.check(line.contains(" Aerospike "), || format!("{place}: the protocol"));
            let record = format!("{}.{}", key.namespace, key.set.unwrap_or_default());
            findings.check(line.contains(record.trim_end_matches('.')), || {
                format!("{place}: no {record}")
            });
            let digest = call.known_digest().unwrap_or_default();
            let start: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
            // A key that this or an earlier message told stands in the place of the digest.
            if let Some(text) = key_text(key.user_key) {
                told.insert(digest.clone(), text);
            }
            let by_key = line
                .split_once(record.trim_end_matches('.'))
                .zip(told.get(&digest))
                .is_some_and(|((_, rest), text)| rest.contains(text.as_str()));
            findings.check(by_key || line.contains(&start), || {
                format!("{place}: neither key nor {start}")
            });
            let bins = call.args.get(1).map(Lit::pairs).unwrap_or_default();
            for bin in bins.iter().take(3).filter_map(|(bin, _)| bin.str()) {
                findings.check(line.contains(bin), || format!("{place}: no bin {bin}"));
            }
            let line = &lines[&answer.frame.number];
            let code = call.result_code();
            let result = RESULTS
                .iter()
                .find(|(number, _)| *number == code)
                .map_or("OK", |(_, name)| name);
            findings.check(line.contains(result), || {
                format!("{name} line {}: {line:?} without {result}", call.line)
            });
        }
    }
    findings.report();
}

/// Several messages in one segment stand side by side.
#[test]
fn join_the_messages_of_a_frame() {
    let name = "pipelined-one-segment";
    let capture = capture(name);
    let several = capture.frames.iter().filter(|frame| frame.messages().len() > 1);
    let lines = lines(name);
    let mut frames = 0;
    for frame in several {
        frames += 1;
        let line = &lines[&frame.number];
        let parts = line.matches(" | ").count() + 1;
        let headers = frame.all("aerospike.type").count();
        assert_eq!(parts, headers, "frame {}: {line}", frame.number);
    }
    assert!(frames >= 2, "{frames} frames with several messages");
}
