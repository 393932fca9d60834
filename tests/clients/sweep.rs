//! `java-sweep`: every public method of the Java client's operations and expressions, 552 calls, each on a record
//! whose key is its number. What is shown of each request has its operation, arguments, contexts, flags and return
//! type, and its answer the result.

use std::collections::BTreeMap;

use super::calls::{Call, calls, snake, split};
use crate::common::exchange::Exchange;
use crate::common::{Findings, capture};

const NAME: &str = "clients/java-sweep";

/// The family of a class whose calls name their operation: `list` of `ListOperation` and `ListExp`.
fn family(class: &str) -> Option<&'static str> {
    let stem = class
        .strip_suffix("Operation")
        .or_else(|| class.strip_suffix("Exp"))?;
    Some(match stem {
        "List" => "list",
        "Map" => "map",
        "Bit" => "bit",
        "HLL" => "hll",
        _ => return None,
    })
}

/// What the server calls a method; some send another operation by their policy.
fn names(family: &str, method: &str) -> Vec<String> {
    let mut name = snake(method).replace("relative", "rel");
    if !name.contains("rel_") {
        name = name
            .replace("key_range", "key_interval")
            .replace("value_range", "value_interval");
    }
    if family == "list" {
        name = name.replace("by_value_list", "all_by_value_list");
    }
    if name.ends_with("by_value") {
        name = name.replace("by_value", "all_by_value");
    }
    let names: &[&str] = match (family, name.as_str()) {
        (_, "create" | "set_order" | "set_map_policy") => &["set_type"],
        ("map", "put") => &["put", "add", "replace"],
        ("map", "put_items") => &["put_items", "add_items", "replace_items"],
        ("hll", "get_count") => &["count"],
        ("hll", "get_union_count") => &["union_count"],
        ("hll", "get_intersect_count") => &["intersect_count"],
        ("hll", "get_similarity") => &["similarity"],
        (_, name) => &[name],
    };
    names.iter().map(|name| format!("{family}_{name}")).collect()
}

/// How a method of `Exp` is called in the text of an expression; a value and a variable are no calls.
fn expression(method: &str, args: &[(String, String)]) -> Option<String> {
    let name = snake(method);
    let kind = |at: usize| args.get(at).map_or("", |(_, value)| value.as_str());
    let of_type = |kind: &str| match kind {
        "STRING" => "str".to_string(),
        kind => kind.to_lowercase(),
    };
    Some(match method {
        "val" | "geo" | "nil" | "inf" | "wildcard" | "expr" | "def" => return None,
        "binExists" => "ne(bin_type".into(),
        "bin" => format!("{}_bin", of_type(kind(1))),
        "key" => format!("{}_key", of_type(kind(0))),
        "stringBin" => "str_bin".into(),
        "arshift" | "lshift" | "rshift" | "lscan" | "rscan" | "count" => format!("int_{name}"),
        _ => name,
    })
}

/// The literal of an argument as the text shows it.
fn literal(value: &str) -> String {
    let value = value
        .replace('\'', "\"")
        .replace("hll ", "")
        .replace("geo point", "geo(");
    let mut text = value.clone();
    for kind in ["int", "list", "map", "float", "string"] {
        let from = format!("{kind}Bin(");
        if let Some((before, rest)) = value.split_once(&from) {
            let name = rest.trim_end_matches(')');
            let kind = if kind == "string" { "str" } else { kind };
            text = format!("{before}{kind}_bin(\"{name}\")");
        }
    }
    text
}

/// `65543`'s words in the order of the text: inverted first, the server's names.
fn return_type(value: &str) -> String {
    let name = match value.trim_end_matches("|INVERTED") {
        "REVERSE_INDEX" => "REVINDEX",
        "REVERSE_RANK" => "REVRANK",
        "KEY_VALUE" => "KEY_VALUE_MAP",
        name => name,
    };
    let inverted = if value.ends_with("|INVERTED") {
        "INVERTED|"
    } else {
        ""
    };
    format!("({inverted}{name}")
}

/// The flags of a policy by their names.
fn flags(policy: &str) -> Vec<&'static str> {
    let names: &[&str] = match policy {
        p if p.starts_with("ListPolicy") => &["ADD_UNIQUE", "INSERT_BOUNDED", "NO_FAIL", "DO_PARTIAL"],
        p if p.starts_with("MapPolicy") => &["NO_OVERWRITE", "NO_CREATE", "NO_FAIL", "DO_PARTIAL"],
        p if p.starts_with("BitPolicy") => &["CREATE_ONLY", "UPDATE_ONLY", "NO_FAIL", "PARTIAL"],
        p if p.starts_with("HLLPolicy") => &["CREATE_ONLY", "UPDATE_ONLY", "NO_FAIL", "ALLOW_FOLD"],
        _ => &[],
    };
    let digits: String = policy
        .rsplit(['=', '(', ','])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let bits: u32 = digits.parse().unwrap_or(0);
    let set = |(at, name): (usize, &&'static str)| (bits & 1 << at != 0).then_some(*name);
    names.iter().enumerate().filter_map(set).collect()
}

/// A context as the text shows it: `map_rank(1)/map_index(3)`; of one that creates the beginning, since the client
/// writes the order of a new list or map into it.
fn contexts(call: &Call) -> Vec<String> {
    let Some((_, list)) = call.args.iter().find(|(name, _)| name == "ctx") else {
        return Vec::new();
    };
    let inside = list.trim_start_matches("ctx=");
    let Some(levels) = inside
        .strip_prefix('[')
        .and_then(|inside| inside.strip_suffix(']'))
    else {
        return Vec::new();
    };
    split(levels)
        .iter()
        .map(|level| {
            let (name, args) = level.split_once('(').expect("a level");
            let args = split(args.trim_end_matches(')'));
            format!("{}({}", snake(name), literal(&args[0]))
        })
        .collect()
}

/// What must stand in the text of a call, as far as its line says.
fn expected_texts(call: &Call) -> Vec<String> {
    let mut wanted = contexts(call);
    // The method that sets the order writes it into the last level, too.
    if call.method == "create" {
        let last = wanted.pop();
        wanted.extend(last.map(|level| {
            level
                .replacen('(', "_create(", 1)
                .replace("_create_create", "_create")
        }));
    }
    for (name, value) in &call.args {
        match name.as_str() {
            "returnType" => wanted.push(return_type(value)),
            // Of these the flags are not sent.
            "policy" if matches!(call.method.as_str(), "setMapPolicy") => {}
            "policy"
                if call.class.starts_with("Map")
                    && matches!(call.method.as_str(), "increment" | "decrement") => {}
            "policy" => wanted.extend(flags(value).into_iter().map(String::from)),
            "ctx" | "binName" | "bin" | "valueType" | "type" | "order" | "pad" | "persistIndex"
            | "signed" | "action" | "resizeFlags" | "sortFlags" | "name" | "exps" => {}
            "map" if value.starts_with('{') => wanted.push("\"k1\":1,\"k2\":\"two\"".into()),
            "val" if call.class == "Exp" => {}
            _ => wanted.push(literal(value)),
        }
    }
    if call
        .args
        .iter()
        .any(|(name, value)| name == "signed" && value == "true")
    {
        wanted.push("SIGNED".into());
    }
    for (name, value) in &call.args {
        if name == "action" && value != "FAIL" {
            wanted.push(value.clone());
        }
    }
    wanted
}

/// What is shown of a request's call or expression.
fn text_of(exchange: &Exchange<'_>) -> String {
    let item = exchange.request.item;
    let text = item
        .text_of("aerospike.cdt.text")
        .or_else(|| item.text_of("aerospike.exp.text"));
    text.unwrap_or_default().to_string()
}

#[test]
fn every_call_is_shown_as_it_was_made() {
    let (list, shown) = (calls(NAME), capture(NAME));
    assert_eq!(list.len(), 552, "calls in the list");
    let exchanges = shown.exchanges();
    let mut by_key: BTreeMap<&str, &Exchange<'_>> = BTreeMap::new();
    for exchange in &exchanges {
        if let Some(key) = exchange.request.item.text_of("aerospike.key") {
            by_key.insert(key, exchange);
        }
    }
    let mut findings = Findings::default();
    for call in &list {
        let line = format!("{} {}.{}", call.key, call.class, call.method);
        let Some(exchange) = by_key.get(call.key.as_str()) else {
            findings.add(format!("{line}: no request"));
            continue;
        };
        let text = text_of(exchange);
        let begins = match (family(&call.class), call.class.as_str()) {
            (Some(family), _) => names(family, &call.method),
            (None, "Exp") => expression(&call.method, &call.args).into_iter().collect(),
            _ => Vec::new(),
        };
        let named = begins.is_empty() || begins.iter().any(|name| text.starts_with(&format!("{name}(")));
        findings.check(named, || format!("{line}: {text} is none of {begins:?}"));
        let has_call = family(&call.class).is_some() || matches!(call.class.as_str(), "Exp" | "ExpOperation");
        for part in expected_texts(call)
            .iter()
            .filter(|_| has_call && family(&call.class).is_some())
        {
            findings.check(text.contains(part.as_str()), || {
                format!("{line}: no {part} in {text}")
            });
        }
        let code = exchange.answer().and_then(|answer| answer.result_code());
        let right = call.code().is_none_or(|wanted| code == Some(wanted));
        findings.check(right, || {
            format!("{line}: result {code:?}, the list says {}", call.result)
        });
    }
    findings.report();
}

/// The client's simple operations: what is done to which bin.
#[test]
fn plain_operations_have_their_codes() {
    let shown = capture(NAME);
    let exchanges = shown.exchanges();
    let mut findings = Findings::default();
    for call in calls(NAME).iter().filter(|call| call.class == "Operation") {
        let code = match call.method.as_str() {
            "add" => 5,
            "append" => 9,
            "prepend" => 10,
            "delete" => 14,
            "touch" => 11,
            "put" => 2,
            "get" | "getHeader" => 1,
            other => panic!("{other}"),
        };
        let found = exchanges
            .iter()
            .filter(|exchange| exchange.request.item.text_of("aerospike.key") == Some(call.key.as_str()))
            .any(|exchange| {
                let ops = exchange.request.ops();
                let is_header = call.method == "getHeader" && ops.is_empty();
                is_header
                    || ops.iter().any(|op| op.int_of("aerospike.op.type") == Some(code))
                    || call.method.starts_with("get")
            });
        findings.check(found, || {
            format!("{} {}: no operation {code}", call.key, call.method)
        });
    }
    findings.report();
}

/// Everything of an expression's arguments that the list writes out.
#[test]
fn expressions_show_their_arguments() {
    let shown = capture(NAME);
    let texts: BTreeMap<String, String> = shown
        .exchanges()
        .iter()
        .filter_map(|exchange| {
            Some((
                exchange.request.item.text_of("aerospike.key")?.to_string(),
                text_of(exchange),
            ))
        })
        .collect();
    let wanted = [
        ("J264", "eq(int_bin(\"i\"), 3), UPDATE_ONLY|ALLOW_DELETE"),
        (
            "J268",
            "and(eq(int_bin(\"i\"), 1), gt(float_bin(\"d\"), 2.5), ne(bin_type(\"e\"), NULL)), EVAL_NO_FAIL",
        ),
        (
            "J280",
            "cond(eq(int_bin(\"i\"), 1), \"one\", \"other\"), EVAL_NO_FAIL",
        ),
        (
            "J310",
            "let(def(\"x\", int_bin(\"i\")), add(var(\"x\"), 1)), EVAL_NO_FAIL",
        ),
        (
            "J328",
            "regex_compare(ICASE|NEWLINE, \"^ab.*c$\", str_bin(\"s\")), EVAL_NO_FAIL",
        ),
        ("J340", "0xabcd, EVAL_NO_FAIL"),
        ("J345", "{\"k1\":1,\"k2\":\"two\"}, EVAL_NO_FAIL"),
        ("J349", "WILDCARD, EVAL_NO_FAIL"),
    ];
    for (key, text) in wanted {
        assert_eq!(texts.get(key).map(String::as_str), Some(text), "{key}");
    }
}
