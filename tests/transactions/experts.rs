//! Healthy traffic is not accused, and errors are, where they are.

use crate::common::host::host;
use crate::common::ops::Outcome;
use crate::common::{Findings, capture, ops_of};

#[test]
fn healthy_captures_have_no_warning() {
    let healthy = [
        "kv-basic",
        "operate-basic",
        "scan-query-pagination",
        "hot-keys-zipf",
        "perf-sample-30k",
    ];
    let mut findings = Findings::default();
    for name in healthy {
        let text = host()
            .on(name, &["-2", "-q", "-z", "expert,warn,aerospike"])
            .expect_success()
            .text();
        for line in text.lines().filter(|line| line.contains("Aerospike")) {
            findings.add(format!("{name}: {line}"));
        }
    }
    findings.report();
}

#[test]
fn an_answer_has_a_result_item_if_the_operations_list_has_an_error() {
    let name = "kv-policies-errors";
    let (list, shown) = (ops_of(name), capture(name));
    let calls: Vec<_> = list.calls().filter(|call| !call.stayed_home()).collect();
    let exchanges = shown.exchanges();
    let mut findings = Findings::default();
    let mut errors = 0;
    assert_eq!(calls.len(), exchanges.len(), "calls and requests");
    for (call, exchange) in calls.iter().zip(&exchanges) {
        let failed = matches!(call.outcome, Outcome::Error { .. }) || call.result_code() != 0;
        errors += usize::from(failed);
        let answer = exchange
            .answer()
            .unwrap_or_else(|| panic!("no answer: {}", call.source));
        findings.check(answer.result_code() == Some(call.result_code().into()), || {
            format!("frame {}: not the result of {}", answer.frame.number, call.source)
        });
        findings.check(answer.item.has("aerospike.expert.result") == failed, || {
            format!(
                "frame {}: result item is {}: {}",
                answer.frame.number, !failed, call.source
            )
        });
    }
    assert!(errors > 5, "only {errors} errors");
    findings.report();
}
