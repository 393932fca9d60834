//! List, map, bit and HLL operations: name, arguments and result in the right frame.

use crate::common::exchange::Exchange;
use crate::common::expect::{Depth, hll_problem, missing_scalars, scalars, value_problems};
use crate::common::literal::Lit;
use crate::common::ops::Call;
use crate::common::pdml::Item;
use crate::common::record::{check_records, senders};
use crate::common::{Findings, capture, ops_of};
use crate::python::{RETURN_TYPES, operation};

const CAPTURES: [&str; 4] = ["operate-list", "operate-map", "operate-bit", "operate-hll"];

/// Runs a check on every operation of every call, with its place in the request.
fn each_operation(names: &[&str], check: impl Fn(&mut Findings, &Lit, &Item)) {
    let mut findings = Findings::deep();
    for name in names.iter().copied() {
        let (list, capture) = (ops_of(name), capture(name));
        for (call, exchange) in senders(&list).iter().zip(&capture.exchanges()) {
            let Some(call) = call.filter(|call| call.name == "operate") else {
                continue;
            };
            let wanted = call.args.get(1).map(Lit::items).unwrap_or_default();
            let ops = exchange.request.ops();
            let place = format!(
                "{name} line {}, frame {}",
                call.line, exchange.request.frame.number
            );
            findings.check(ops.len() == wanted.len(), || {
                format!("{place}: {} ops", ops.len())
            });
            for (wanted, op) in wanted.iter().zip(ops) {
                findings.within(&place, |findings| check(findings, wanted, op));
            }
        }
    }
    findings.report();
}

fn number(operation: &Lit) -> i128 {
    operation.get("op").and_then(Lit::int).unwrap_or_default()
}

#[test]
fn have_their_names() {
    each_operation(&CAPTURES, |findings, wanted, op| {
        let Some(name) = operation(number(wanted)) else {
            return;
        };
        let shown = op.text_of("aerospike.cdt.op");
        findings.check(shown == Some(name), || {
            format!("{shown:?}, not {name}\n{}", op.outline())
        });
        let bin = op.text_of("aerospike.bin.name");
        let wanted_bin = wanted.get("bin").and_then(Lit::str);
        findings.check(bin == wanted_bin, || format!("bin {bin:?}, not {wanted_bin:?}"));
        let text = op.text_of("aerospike.cdt.text").unwrap_or_default();
        findings.check(text.starts_with(&format!("{name}(")), || {
            format!("text {text:?}, not {name}(…)")
        });
    });
}

/// Arguments that are values of the application, by their names in the Python client.
const VALUES: [&str; 8] = [
    "val",
    "key",
    "range",
    "value_list",
    "value_begin",
    "value_end",
    "value",
    "byte_offset",
];
/// Arguments that are positions and sizes.
const NUMBERS: [&str; 9] = [
    "index",
    "rank",
    "count",
    "bit_offset",
    "bit_size",
    "byte_size",
    "sort_flags",
    "index_bit_count",
    "mh_bit_count",
];

#[test]
fn have_their_arguments() {
    each_operation(&CAPTURES, |findings, wanted, op| {
        if operation(number(wanted)).is_none() {
            return;
        }
        let text = op.text_of("aerospike.cdt.text").unwrap_or_default().to_string();
        for name in VALUES {
            let Some(value) = wanted.get(name) else { continue };
            if matches!(value, Lit::Bool(_)) {
                let shown = text.contains("true") || text.contains("false") || op.has("aerospike.value.bool");
                findings.check(shown, || format!("{name} {value:?} is not in {text:?}"));
                continue;
            }
            let missing = missing_scalars(op, value);
            let missing: Vec<&&Lit> = missing.iter().filter(|lit| !shows_number(op, lit)).collect();
            findings.check(missing.is_empty(), || {
                format!("{name}: {missing:?} not shown in\n{}", op.outline())
            });
            for hll in value.items() {
                if let Lit::Call(_, bytes) = hll.known() {
                    findings.extend(hll_problem(op, bytes));
                }
            }
            for scalar in scalars(value) {
                let said = in_text(&text, scalar);
                findings.check(said, || format!("{name}: {scalar:?} is not in the text {text:?}"));
            }
        }
        for name in NUMBERS {
            let Some(value) = wanted.get(name) else { continue };
            findings.check(shows_number(op, value), || {
                format!("{name} {value:?} is not shown in\n{}", op.outline())
            });
        }
    });
}

fn shows_number(op: &Item, value: &Lit) -> bool {
    value
        .int()
        .is_some_and(|n| op.walk().any(|item| item.int() == Some(n)))
}

/// Whether the text of a call says a scalar; long and odd ones are looked at elsewhere.
fn in_text(text: &str, scalar: &Lit) -> bool {
    match scalar {
        Lit::Int(n) => words(text).any(|word| word == n.to_string()),
        Lit::Float(x) => words(text).any(|word| word.parse() == Ok(*x)),
        Lit::Str(s) if s.len() < 100 => text.contains(&format!("\"{s}\"")) || text.ends_with('…'),
        _ => true,
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || "-+._".contains(c)))
}

#[test]
fn have_their_return_types_and_flags() {
    each_operation(&CAPTURES, |findings, wanted, op| {
        if operation(number(wanted)).is_none() {
            return;
        }
        let text = op.text_of("aerospike.cdt.text").unwrap_or_default();
        let has = |word: &str| words(text).any(|w| w == word);
        if let Some(kind) = wanted.get("return_type").and_then(Lit::int) {
            let name = RETURN_TYPES
                .iter()
                .find(|(number, _)| *number == kind)
                .map_or("?", |(_, name)| name);
            findings.check(has(name), || format!("return type {name} is not in {text:?}"));
            let inverted = wanted.get("inverted") == Some(&Lit::Bool(true));
            findings.check(has("INVERTED") == inverted, || {
                format!("INVERTED is {inverted}, but {text:?}")
            });
        }
        let list = [
            (1, "ADD_UNIQUE"),
            (2, "INSERT_BOUNDED"),
            (4, "NO_FAIL"),
            (8, "DO_PARTIAL"),
        ];
        let map = [
            (1, "NO_OVERWRITE"),
            (2, "NO_CREATE"),
            (4, "NO_FAIL"),
            (8, "DO_PARTIAL"),
        ];
        let bit = [
            (1, "CREATE_ONLY"),
            (2, "UPDATE_ONLY"),
            (4, "NO_FAIL"),
            (8, "PARTIAL"),
        ];
        let policies = [
            ("list_policy", "write_flags", list),
            ("map_policy", "map_write_flags", map),
            ("policy", "bit_write_flags", bit),
        ];
        for (policy, flags, names) in policies {
            let flags = wanted
                .get(policy)
                .and_then(|p| p.get(flags))
                .and_then(Lit::int)
                .unwrap_or_default();
            for (bit, name) in names {
                findings.check(flags & bit == 0 || has(name), || {
                    format!("{policy} {flags}: {name} is not in {text:?}")
                });
            }
        }
        let context = !wanted.get("ctx").map(Lit::items).unwrap_or_default().is_empty();
        findings.check(text.contains(" @ ") == context, || {
            format!("context is {context}, but {text:?}")
        });
        let infinite = wanted
            .pairs()
            .iter()
            .any(|(_, v)| v.is_object("aerospike.CDTInfinite"));
        findings.check(!infinite || has("INF"), || format!("no infinity in {text:?}"));
        let wild = wanted
            .get("val")
            .is_some_and(|v| v.items().iter().any(|v| v.is_object("aerospike.CDTWildcard")));
        findings.check(!wild || has("WILDCARD"), || format!("no wildcard in {text:?}"));
    });
}

#[test]
fn return_their_results() {
    let mut findings = Findings::deep();
    for name in CAPTURES {
        let (list, capture) = (ops_of(name), capture(name));
        for (call, exchange) in senders(&list).iter().zip(&capture.exchanges()) {
            let Some(call) = call.filter(|call| call.name == "operate") else {
                continue;
            };
            let place = format!(
                "{name} line {}, frame {}",
                call.line, exchange.request.frame.number
            );
            findings.within(&place, |findings| check_results(findings, call, exchange));
        }
    }
    findings.report();
}

fn check_results(findings: &mut Findings, call: &Call, exchange: &Exchange<'_>) {
    let Some(answer) = exchange.answer() else {
        return findings.add("no answer");
    };
    let shown = answer.result_code();
    let wanted = Some(i128::from(call.result_code()));
    findings.check(shown == wanted, || {
        format!("result code {shown:?}, not {wanted:?}")
    });
    for (bin, value) in call.record_bins().map(Lit::pairs).unwrap_or_default() {
        let bin = bin.str().unwrap_or_default();
        match answer.ops_on(bin).last() {
            Some(op) => findings.extend(result_problems(call, op, value)),
            None => findings.check(*value == Lit::None, || {
                format!("bin {bin} is missing\n{}", answer.outline())
            }),
        }
    }
}

/// The Python client makes flat lists of maps that a call with KEY_VALUE returns.
fn result_problems(call: &Call, op: &Item, value: &Lit) -> Vec<String> {
    let operations = call.args.get(1).map(Lit::items).unwrap_or_default();
    let flat = operations
        .iter()
        .any(|o| o.get("return_type").and_then(Lit::int) == Some(8));
    if !flat {
        return value_problems(op, value, Depth::Elements);
    }
    let missing = missing_scalars(op, value);
    let problem = (!missing.is_empty()).then(|| format!("{missing:?} is not shown in\n{}", op.outline()));
    problem.into_iter().collect()
}

/// Lists and maps in bins, as `put` sends and `get` returns them.
#[test]
fn lists_and_maps_are_trees_and_texts() {
    let mut findings = Findings::deep();
    for name in ["kv-all-types", "operate-basic", "loopback-lo-any", "large-100k"] {
        findings.within(name, |findings| check_records(findings, &capture(name)));
    }
    findings.report();
}
