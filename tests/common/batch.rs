//! A batch call against what is shown of it: every row with its key, its answer with its result.

use super::exchange::{Exchange, Message};
use super::literal::Lit;
use super::ops::{Call, Key, Outcome};
use super::pdml::Item;
use super::record::{check_bin, check_void_time, digest, senders};
use super::{Capture, Findings, ops_of};

/// Every batch call of a capture: the k-th call is the k-th request.
pub fn check_batches(findings: &mut Findings, capture: &Capture) {
    let list = ops_of(&capture.name);
    let (calls, exchanges) = (senders(&list), capture.exchanges());
    findings.check(!calls.is_empty() && calls.len() <= exchanges.len(), || {
        format!("{} calls, but {} requests", calls.len(), exchanges.len())
    });
    for (call, exchange) in calls.iter().zip(&exchanges) {
        let Some(call) = call.filter(|call| call.name.starts_with("batch")) else {
            continue;
        };
        let place = format!(
            "line {} {}, frame {}",
            call.line, call.name, exchange.request.frame.number
        );
        findings.within(&place, |findings| check_batch(findings, call, exchange));
    }
}

/// A batch of one row may go as a request on one record.
fn check_single(findings: &mut Findings, exchange: &Exchange<'_>, result: &Lit) {
    let [key, code, _] = result.items() else {
        return findings.add("no row in the list");
    };
    let key = Key::of(key).expect("a key");
    let namespace = exchange.request.item.text_of("aerospike.namespace");
    findings.check(namespace == Some(key.namespace), || {
        format!("namespace {namespace:?}")
    });
    let shown = exchange.answer().and_then(Message::result_code);
    findings.check(shown == code.int(), || {
        format!("result code {shown:?}, not {code:?}")
    });
}

pub fn check_batch(findings: &mut Findings, call: &Call, exchange: &Exchange<'_>) {
    let Outcome::Rows(listed) = &call.outcome else {
        return findings.add("no rows in the list");
    };
    let results = listed.items();
    let request = exchange.request.item;
    match results {
        [only] if !request.is_set("aerospike.msg.info1.batch") => {
            return check_single(findings, exchange, only);
        }
        _ => {}
    }
    let rows = exchange.request.rows();
    let count = request.int_of("aerospike.batch.count");
    findings.check(count == Some(rows.len() as i128), || {
        format!("count {count:?}, but {} rows", rows.len())
    });
    let same = rows.len() == results.len() || (listed.is_partial() && rows.len() > results.len());
    findings.check(same, || format!("{} rows, not {}", rows.len(), results.len()));
    findings.check(request.has("aerospike.batch.flags"), || "no batch flags".into());
    check_flags(findings, call, request);
    for (index, result) in results.iter().enumerate() {
        findings.within(&format!("row {index}"), |findings| {
            let of_index = |item: &&&Item| item.int_of("aerospike.batch.index") == Some(index as i128);
            match rows.iter().find(of_index) {
                Some(row) => check_row(findings, call, row, result),
                None => findings.add("not in the request"),
            }
            check_result(findings, exchange, index as i128, result);
        });
    }
    check_end(findings, exchange);
}

/// Policies of a batch and the bits they set.
fn check_flags(findings: &mut Findings, call: &Call, request: &Item) {
    let flags = request.int_of("aerospike.batch.flags").unwrap_or_default();
    let policies = [
        ("allow_inline", 0x01),
        ("allow_inline_ssd", 0x02),
        ("respond_all_keys", 0x04),
    ];
    for (policy, bit) in policies {
        if let Some(Lit::Bool(on)) = call.policy(policy) {
            findings.check((flags & bit != 0) == *on, || {
                format!("{policy} is {on}, but the flags are {flags:#x}")
            });
        }
    }
}

fn check_row(findings: &mut Findings, call: &Call, row: &Item, result: &Lit) {
    let [key, _, record] = result.items() else {
        return findings.add("no row in the list");
    };
    let Some(key) = Key::of(key) else {
        return findings.add("no key in the list");
    };
    let known = record
        .items()
        .first()
        .and_then(Key::of)
        .and_then(|key| key.digest);
    let shown: Vec<Vec<u8>> = row.all("aerospike.digest").map(digest).collect();
    findings.check(!shown.is_empty(), || "no digest".into());
    if let Some(known) = known {
        findings.check(shown.iter().any(|d| d == known), || {
            format!("digest {known:02x?} not among {shown:02x?}")
        });
    }
    if row.is_set("aerospike.batch.repeat") {
        return;
    }
    let namespace = row.text_of("aerospike.namespace");
    findings.check(namespace == Some(key.namespace), || {
        format!("namespace {namespace:?}")
    });
    // Sets are sent where the policy asks for it, and where a key goes with the row.
    let set = row.text_of("aerospike.set").filter(|set| !set.is_empty());
    findings.check(set.is_none() || set == key.set, || {
        format!("set {set:?}, not {:?}", key.set)
    });
    let arg = |index: usize| call.args.get(index).unwrap_or(&Lit::None);
    let shows = |lit: &Lit| {
        lit.str()
            .is_some_and(|text| row.walk().any(|item| item.show == text))
    };
    match call.name.as_str() {
        "batch_read" => {
            for bin in arg(1).items() {
                findings.check(shows(bin), || {
                    format!("bin {bin:?} is not asked for\n{}", row.outline())
                });
            }
        }
        "batch_apply" => {
            for name in [arg(1), arg(2)] {
                findings.check(shows(name), || {
                    format!("{name:?} of the function is not there\n{}", row.outline())
                });
            }
        }
        "batch_operate" => {
            for operation in arg(1).items() {
                let bin = operation.get("bin").unwrap_or(&Lit::None);
                findings.check(shows(bin), || {
                    format!("bin {bin:?} is not in the row\n{}", row.outline())
                });
            }
        }
        _ => {}
    }
}

fn check_result(findings: &mut Findings, exchange: &Exchange<'_>, index: i128, result: &Lit) {
    let of_row = |m: &&Message<'_>| m.item.int_of("aerospike.batch.index") == Some(index);
    let not_the_end = |m: &&Message<'_>| !m.item.is_set("aerospike.msg.info3.last");
    let answers: Vec<_> = exchange
        .answers
        .iter()
        .filter(of_row)
        .filter(not_the_end)
        .collect();
    let [answer] = &answers[..] else {
        return findings.add(format!("{} answers", answers.len()));
    };
    let [_, code, record] = result.items() else { return };
    findings.check(answer.result_code() == code.int(), || {
        format!("result code {:?}, not {code:?}", answer.result_code())
    });
    if let [_, meta, rest @ ..] = record.items() {
        let shown = answer.item.int_of("aerospike.msg.generation");
        let wanted = meta.get("gen").and_then(Lit::int);
        findings.check(shown == wanted, || {
            format!("generation {shown:?}, not {wanted:?}")
        });
        check_void_time(findings, meta, answer);
        for (bin, value) in rest.iter().flat_map(|bins| bins.pairs()) {
            check_bin(findings, answer, bin.str().unwrap_or_default(), value);
        }
    }
}

/// The message that closes a batch: alone with LAST set.
fn check_end(findings: &mut Findings, exchange: &Exchange<'_>) {
    let last: Vec<bool> = exchange
        .answers
        .iter()
        .map(|m| m.item.is_set("aerospike.msg.info3.last"))
        .collect();
    let ends = last.iter().filter(|last| **last).count();
    findings.check(ends == 1 && last.last() == Some(&true), || {
        format!("{ends} closing messages, of {}", last.len())
    });
}
