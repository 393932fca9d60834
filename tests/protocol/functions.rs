//! User functions on records, on batch rows and in the background, and their answers.

use crate::common::expect::{Depth, missing_scalars, value_problems};
use crate::common::literal::Lit;
use crate::common::ops::{Call, Outcome};
use crate::common::pdml::Item;
use crate::common::{Findings, capture, ops_of};

#[test]
fn of_single_records() {
    let mut findings = Findings::deep();
    let name = "udf-put-apply";
    let (list, capture) = (ops_of(name), capture(name));
    let exchanges = capture.exchanges();
    let calls: Vec<&Call> = list
        .calls_of(&["put", "apply", "get"])
        .filter(|c| !c.stayed_home())
        .collect();
    assert_eq!(calls.len(), exchanges.len());
    for (call, exchange) in calls
        .iter()
        .zip(&exchanges)
        .filter(|(call, _)| call.name == "apply")
    {
        let place = format!(
            "{name} line {}, frame {}",
            call.line, exchange.request.frame.number
        );
        findings.within(&place, |findings| {
            check_request(findings, call, exchange.request.item);
            match exchange.answer().map(|answer| answer.ops()) {
                Some(ops) => check_answer(findings, call, &ops),
                None => findings.add("no answer"),
            }
        });
    }
    findings.report();
}

fn check_request(findings: &mut Findings, call: &Call, request: &Item) {
    let [_, module, function, arguments] = &call.args[..] else {
        return findings.add("not four arguments");
    };
    let shown = (
        request.text_of("aerospike.udf.filename"),
        request.text_of("aerospike.udf.function"),
    );
    findings.check(shown == (module.str(), function.str()), || {
        format!("function {shown:?}")
    });
    let missing = missing_scalars(request, arguments);
    findings.check(missing.is_empty(), || {
        format!("arguments {missing:?} are not shown in\n{}", request.outline())
    });
    if call.policy("key").is_some() {
        findings.check(request.text_of("aerospike.key") == Some("udf-1"), || {
            "no user key".into()
        });
    }
}

/// One bin: SUCCESS with what the function returned, or FAILURE with the error's text.
fn check_answer(findings: &mut Findings, call: &Call, ops: &[&Item]) {
    let named = |bin: &str| {
        ops.iter()
            .find(|op| op.text_of("aerospike.bin.name") == Some(bin))
    };
    match &call.outcome {
        Outcome::Error { text, .. } => {
            let said = text.split_once(' ').map_or("", |(_, said)| said);
            let shown = named("FAILURE")
                .and_then(|op| op.text_of("aerospike.value.string"))
                .unwrap_or_default();
            findings.check(shown.contains(said), || {
                format!("failure {shown:?}, not {said:?}")
            });
        }
        Outcome::Value(value) => match named("SUCCESS") {
            Some(op) => findings.extend(value_problems(op, value, Depth::Elements)),
            None => findings.check(*value == Lit::None, || format!("{value:?} is not returned")),
        },
        _ => {}
    }
}

#[test]
fn in_the_background() {
    let name = "udf-background-scan-query";
    let capture = capture(name);
    let exchanges = capture.exchanges();
    let [scan, query, ops_query, ops_scan, get, unknown] = &exchanges[..] else {
        panic!("{} requests", exchanges.len());
    };
    for (exchange, trid, argument) in [
        (scan, 14_970_518_974_015_397_929_u64, 7),
        (query, 481_332_154_261_482_028, 8),
    ] {
        let item = exchange.request.item;
        assert_eq!(item.int_of("aerospike.trid"), Some(trid.into()));
        assert_eq!(item.text_of("aerospike.udf.filename"), Some("lab"));
        assert_eq!(item.text_of("aerospike.udf.function"), Some("bg"));
        assert!(
            missing_scalars(item, &Lit::Int(argument)).is_empty(),
            "{}",
            item.outline()
        );
        assert!(item.is_set("aerospike.msg.info2.write"));
        let answer = exchange.answer().expect("an answer");
        assert!(
            answer.item.is_set("aerospike.msg.info3.last"),
            "the answer is the end at once"
        );
    }
    let item = ops_query.request.item;
    assert_eq!(item.int_of("aerospike.trid"), Some(10_544_066_195_121_365_241));
    let bins: Vec<_> = item.all("aerospike.bin.name").map(|i| i.show.as_str()).collect();
    assert!(bins.contains(&"bgops") && bins.contains(&"bgw"), "{bins:?}");
    let item = ops_scan.request.item;
    assert_eq!(item.int_of("aerospike.trid"), Some(18_322_433_999_430_019_042));
    assert!(
        missing_scalars(item, &Lit::Float(2.5)).is_empty(),
        "{}",
        item.outline()
    );
    assert!(get.request.item.is_set("aerospike.msg.info1.get_all"));
    assert_eq!(
        unknown.request.item.int_of("aerospike.trid"),
        Some(4_125_045_208_496_086_378)
    );
}

/// The sum of i from 0 to 20, in parts: the client adds them up.
#[test]
fn that_aggregate() {
    let name = "query-aggregation";
    let capture = capture(name);
    let exchanges = capture.exchanges();
    let [aggregation] = &exchanges[..] else {
        panic!("{} requests", exchanges.len())
    };
    let request = aggregation.request.item;
    assert_eq!(request.text_of("aerospike.udf.filename"), Some("lab"));
    assert_eq!(request.text_of("aerospike.udf.function"), Some("sum_i"));
    assert_eq!(
        request
            .text_of("aerospike.bin.name")
            .or(request.text_of("aerospike.index.bin")),
        Some("i")
    );
    let parts = aggregation
        .answers
        .iter()
        .flat_map(|answer| answer.ops_on("SUCCESS"));
    let sum: i128 = parts.filter_map(|op| op.int_of("aerospike.value.integer")).sum();
    assert_eq!(sum, 210);
    assert!(
        aggregation
            .answers
            .last()
            .expect("answers")
            .item
            .is_set("aerospike.msg.info3.last")
    );
}

#[test]
fn of_batch_rows() {
    let mut findings = Findings::deep();
    let name = "batch-all";
    let (list, capture) = (ops_of(name), capture(name));
    let batches: Vec<_> = capture.exchanges();
    for call in list.calls_of(&["batch_apply"]) {
        let [_, module, function, arguments] = &call.args[..] else {
            continue;
        };
        let is_it = |item: &Item| {
            item.is_set("aerospike.msg.info1.batch")
                && item.text_of("aerospike.udf.filename") == module.str()
                && item.text_of("aerospike.udf.function") == function.str()
        };
        let Some(batch) = batches.iter().find(|e| is_it(e.request.item)) else {
            findings.add(format!("line {}: no such batch", call.line));
            continue;
        };
        let missing = missing_scalars(batch.request.item, arguments);
        findings.check(missing.is_empty(), || {
            format!("line {}: {missing:?} is not shown", call.line)
        });
    }
    findings.report();
}
