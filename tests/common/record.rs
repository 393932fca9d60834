//! A call on one record against what is shown of it: key, policies, operations, answer.

use super::exchange::{Exchange, Message};
use super::expect::{key_text, value_problems};
use super::literal::Lit;
use super::ops::{Call, Key, Kind, OpsList, from_hex};
use super::pdml::Item;
use super::{Capture, Findings, ops_of};

/// Calls that send one message and get one back.
const ON_A_RECORD: [&str; 12] = [
    "put",
    "get",
    "select",
    "exists",
    "touch",
    "append",
    "prepend",
    "increment",
    "remove",
    "remove_bin",
    "operate",
    "operate_ordered",
];

/// What sends one message: a call, or a scan or query in words (`None`).
pub fn senders(list: &OpsList) -> Vec<Option<&Call>> {
    // Information, functions' files, users and indexes do not go by these messages, and the two
    // ends of a transaction not by one alone.
    const ELSEWHERE: [&str; 8] = [
        "info", "udf_", "admin_", "index_", "connect", "truncate", "commit", "abort",
    ];
    let elsewhere = |name: &str| ELSEWHERE.iter().any(|prefix| name.starts_with(prefix));
    let mut out = Vec::new();
    for line in &list.lines {
        match &line.kind {
            Kind::Call(call) if !call.stayed_home() && !elsewhere(&call.name) => out.push(Some(call)),
            Kind::Text { what, .. } if what.starts_with("scan") || what.starts_with("query") => {
                out.push(None)
            }
            _ => {}
        }
    }
    out
}

/// Every call on one record of a capture: the k-th call is the k-th request.
pub fn check_records(findings: &mut Findings, capture: &Capture) {
    let list = ops_of(&capture.name);
    let (calls, exchanges) = (senders(&list), capture.exchanges());
    findings.check(!calls.is_empty() && calls.len() <= exchanges.len(), || {
        format!("{} calls, but {} requests", calls.len(), exchanges.len())
    });
    for (call, exchange) in calls.iter().zip(&exchanges) {
        let Some(call) = call.filter(|call| ON_A_RECORD.contains(&call.name.as_str())) else {
            continue;
        };
        let place = format!(
            "line {} {}, frame {}",
            call.line, call.name, exchange.request.frame.number
        );
        findings.within(&place, |findings| check_call(findings, call, exchange));
    }
}

pub fn check_call(findings: &mut Findings, call: &Call, exchange: &Exchange<'_>) {
    if let Some(key) = call.key() {
        check_key(findings, call, &key, exchange.request.item);
    }
    check_policies(findings, call, exchange.request.item);
    check_request(findings, call, &exchange.request);
    match exchange.answer() {
        Some(answer) => check_answer(findings, call, answer),
        None => findings.add("no answer"),
    }
    findings.check(exchange.answers.len() == 1, || {
        format!("{} answers", exchange.answers.len())
    });
}

fn check_key(findings: &mut Findings, call: &Call, key: &Key<'_>, request: &Item) {
    findings.check(
        request.text_of("aerospike.namespace") == Some(key.namespace),
        || {
            format!(
                "namespace {:?}, not {}",
                request.text_of("aerospike.namespace"),
                key.namespace
            )
        },
    );
    let set = request.text_of("aerospike.set").filter(|set| !set.is_empty());
    findings.check(set == key.set, || format!("set {set:?}, not {:?}", key.set));
    let digests: Vec<Vec<u8>> = request.all("aerospike.digest").map(digest).collect();
    match call.known_digest() {
        Some(known) => findings.check(digests.contains(&known), || {
            format!("digest {known:02x?} not among {digests:02x?}")
        }),
        None => findings.check(digests.len() == 1, || "no digest".into()),
    }
    let partition = call
        .known_digest()
        .map(|d| i128::from(d[0]) | i128::from(d[1] & 15) << 8);
    let shown = request.int_of("aerospike.partition");
    findings.check(partition.is_none() || shown == partition, || {
        format!("partition {shown:?}, not {partition:?}")
    });
    if call.policy("key") == Some(&Lit::Int(1)) {
        let wanted = key_text(key.user_key);
        let shown = request.text_of("aerospike.key");
        findings.check(shown == wanted.as_deref(), || {
            format!("key {shown:?}, not {wanted:?}")
        });
    }
}

/// The digest shown; a generated one covers other bytes than its own.
pub fn digest(item: &Item) -> Vec<u8> {
    let digits: String = item.show.chars().filter(char::is_ascii_hexdigit).collect();
    from_hex(&digits)
}

/// Policies and metadata that have a bit or a number of their own in the request's header.
fn check_policies(findings: &mut Findings, call: &Call, request: &Item) {
    // `respond_all_ops` is not among them: this client leaves it out of the request.
    let bits: [(&str, i128, &str); 10] = [
        ("gen", 1, "info2.generation"),
        ("gen", 2, "info2.generation_gt"),
        ("exists", 1, "info2.create_only"),
        ("exists", 2, "info3.update_only"),
        ("exists", 3, "info3.replace_only"),
        ("exists", 4, "info3.create_or_replace"),
        ("commit_level", 1, "info3.commit_level_master"),
        ("durable_delete", 1, "info2.durable_delete"),
        ("read_mode_ap", 1, "info1.consistency_level_all"),
        ("on_locking_only", 1, "info4.mrt_on_locking_only"),
    ];
    for (policy, value, bit) in bits {
        let field = format!("aerospike.msg.{bit}");
        if call.policy(policy).and_then(Lit::int) == Some(value) {
            findings.check(request.is_set(&field), || {
                format!("policy {policy}: {field} is not set")
            });
        }
    }
    // The answer to a write has nothing worth compressing.
    if call.policy("compress") == Some(&Lit::Bool(true)) && ["get", "select"].contains(&call.name.as_str()) {
        let set = request.is_set("aerospike.msg.info1.compress_response");
        findings.check(set, || "policy compress: compress_response is not set".into());
    }
    let mut number = |field: &str, wanted: Option<i128>| {
        let shown = request.first(field).map(read_unsigned);
        findings.check(wanted.is_none() || shown == wanted, || {
            format!("{field} is {shown:?}, not {wanted:?}")
        });
    };
    number("aerospike.msg.generation", call.meta("gen").and_then(Lit::int));
    number("aerospike.msg.record_ttl", call.meta("ttl").and_then(Lit::int));
    number(
        "aerospike.msg.record_ttl",
        call.policy("read_touch_ttl_percent").and_then(Lit::int),
    );
    // The server is told the shorter of the two.
    let timeouts = [call.policy("socket_timeout"), call.policy("total_timeout")];
    let shortest = timeouts.into_iter().flatten().filter_map(Lit::int).min();
    number("aerospike.msg.transaction_ttl", shortest);
}

/// The number in the bytes of a field, whatever the plugin makes of it.
fn read_unsigned(item: &Item) -> i128 {
    item.bytes().iter().fold(0, |n, byte| n << 8 | i128::from(*byte))
}

fn check_request(findings: &mut Findings, call: &Call, request: &Message<'_>) {
    let set = |bit: &str| request.item.is_set(&format!("aerospike.msg.{bit}"));
    let bits: &[&str] = match call.name.as_str() {
        "get" => &["info1.read", "info1.get_all"],
        "select" => &["info1.read"],
        "exists" => &["info1.read", "info1.get_no_bins"],
        "remove" => &["info2.write", "info2.delete"],
        "operate" | "operate_ordered" => &[],
        _ => &["info2.write"],
    };
    for bit in bits {
        findings.check(set(bit), || format!("aerospike.msg.{bit} is not set"));
    }
    let arg = |index: usize| call.args.get(index).unwrap_or(&Lit::None);
    match call.name.as_str() {
        "put" => check_bins(findings, request, arg(1), 2),
        "select" => check_bin_names(findings, request, arg(1), 1),
        "remove_bin" => check_bin_names(findings, request, arg(1), 2),
        "touch" => findings.check(op_types(request).contains(&11), || "no op TOUCH".into()),
        "append" => one_op(findings, request, 9, arg(1), arg(2)),
        "prepend" => one_op(findings, request, 10, arg(1), arg(2)),
        "increment" => one_op(findings, request, 5, arg(1), arg(2)),
        "operate" | "operate_ordered" => check_operations(findings, request, arg(1)),
        _ => {}
    }
}

fn op_types(message: &Message<'_>) -> Vec<i128> {
    message
        .ops()
        .iter()
        .filter_map(|op| op.int_of("aerospike.op.type"))
        .collect()
}

/// Every bin of a dictionary has an op of this type with its value.
fn check_bins(findings: &mut Findings, message: &Message<'_>, bins: &Lit, op_type: i128) {
    for (name, value) in bins.pairs() {
        one_op(findings, message, op_type, name, value);
    }
}

fn one_op(findings: &mut Findings, message: &Message<'_>, op_type: i128, bin: &Lit, value: &Lit) {
    let bin = bin.str().unwrap_or_default();
    match &message.ops_on(bin)[..] {
        [op] => {
            let shown = op.int_of("aerospike.op.type");
            findings.check(shown == Some(op_type), || {
                format!("bin {bin}: op {shown:?}, not {op_type}")
            });
            for problem in value_problems(op, value, findings.depth) {
                findings.add(format!("bin {bin}: {problem}"));
            }
        }
        ops => findings.add(format!("bin {bin}: {} ops\n{}", ops.len(), message.outline())),
    }
}

fn check_bin_names(findings: &mut Findings, message: &Message<'_>, names: &Lit, op_type: i128) {
    for name in names.items().iter().filter_map(Lit::str) {
        let types: Vec<_> = message
            .ops_on(name)
            .iter()
            .map(|op| op.int_of("aerospike.op.type"))
            .collect();
        findings.check(types == [Some(op_type)], || {
            format!("bin {name}: ops {types:?}, not {op_type}")
        });
    }
}

/// Operations of one `operate`, in order: `{'op': 6, 'bin': 'i', 'val': 5}`.
fn check_operations(findings: &mut Findings, request: &Message<'_>, operations: &Lit) {
    let (ops, wanted) = (request.ops(), operations.items());
    let same = ops.len() == wanted.len() || (operations.is_partial() && ops.len() > wanted.len());
    findings.check(same, || format!("{} ops, not {}", ops.len(), wanted.len()));
    for (op, wanted) in ops.iter().zip(wanted) {
        // The numbers of the Python client for what is in the base protocol.
        let base = match wanted.get("op").and_then(Lit::int) {
            Some(0) => 1,
            Some(1) => 2,
            Some(6) => 5,
            Some(other @ (9 | 10 | 11 | 14)) => other,
            _ => continue,
        };
        let shown = op.int_of("aerospike.op.type");
        findings.check(shown == Some(base), || format!("op {shown:?}, not {base}"));
        let bin = wanted.get("bin").and_then(Lit::str);
        let shown = op.text_of("aerospike.bin.name").filter(|name| !name.is_empty());
        findings.check(shown == bin, || format!("bin {shown:?}, not {bin:?}"));
        match wanted.get("val") {
            Some(ttl) if base == 11 => {
                let shown = request.item.first("aerospike.msg.record_ttl").map(read_unsigned);
                findings.check(shown == ttl.int(), || {
                    format!("record ttl {shown:?}, not {ttl:?}")
                });
            }
            Some(value) => findings.extend(value_problems(op, value, findings.depth)),
            None => {}
        }
    }
}

fn check_answer(findings: &mut Findings, call: &Call, answer: &Message<'_>) {
    let (shown, wanted) = (answer.result_code(), i128::from(call.result_code()));
    findings.check(shown == Some(wanted), || {
        format!("result code {shown:?}, not {wanted}")
    });
    if let Some(meta) = call.record_meta() {
        let (shown, wanted) = (
            answer.item.int_of("aerospike.msg.generation"),
            meta.get("gen").and_then(Lit::int),
        );
        findings.check(shown == wanted, || {
            format!("generation {shown:?}, not {wanted:?}")
        });
        check_void_time(findings, meta, answer);
    }
    let Some(bins) = call.record_bins() else { return };
    match bins.known() {
        // operate_ordered: a list of pairs.
        Lit::List(pairs) => {
            let ops = answer.ops();
            findings.check(ops.len() >= pairs.len(), || {
                format!("{} ops, not {}", ops.len(), pairs.len())
            });
            for pair in pairs {
                let (bin, value) = (pair.items()[0].str().unwrap_or_default(), &pair.items()[1]);
                check_bin(findings, answer, bin, value);
            }
        }
        _ => {
            for (bin, value) in bins.pairs() {
                check_bin(findings, answer, bin.str().unwrap_or_default(), value);
            }
        }
    }
}

/// Several results for one bin: the client keeps the last.
pub fn check_bin(findings: &mut Findings, answer: &Message<'_>, bin: &str, value: &Lit) {
    let ops = answer.ops_on(bin);
    let Some(op) = ops.last() else {
        findings.check(matches!(value, Lit::None), || {
            format!("bin {bin} is not in the answer\n{}", answer.outline())
        });
        return;
    };
    for problem in value_problems(op, value, findings.depth) {
        findings.add(format!("bin {bin}: {problem}"));
    }
}

/// The client makes a time to live of the void time with its own clock.
pub fn check_void_time(findings: &mut Findings, meta: &Lit, answer: &Message<'_>) {
    const EPOCH: f64 = 1_262_304_000.0;
    let Some(ttl) = meta.get("ttl").and_then(Lit::int) else {
        return;
    };
    let names = ["aerospike.msg.void_time", "aerospike.msg.record_ttl"];
    let Some(item) = names.iter().find_map(|name| answer.item.first(name)) else {
        return findings.add("no void time");
    };
    let raw = read_unsigned(item);
    if ttl == 0xFFFF_FFFF {
        return findings.check(raw == 0, || {
            format!("void time {raw}, but the record never expires")
        });
    }
    let expires = raw as f64 + EPOCH;
    let wanted = answer.frame.time + ttl as f64;
    findings.check((expires - wanted).abs() <= 2.0, || {
        format!("void time {expires}, not {wanted}")
    });
    findings.check(item.name.ends_with("void_time"), || {
        "void time is not shown as a time".into()
    });
}
