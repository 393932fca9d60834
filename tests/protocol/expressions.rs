//! Expressions: filters of single records and queries, and operations that read and write by one.

use crate::common::literal::Lit;
use crate::common::ops::{Kind, OpsList};
use crate::common::record::{check_records, senders};
use crate::common::{Findings, capture, ops_of};

/// A node of the Python client's flat list: `(81, 2, {'bin': 'i'}, 0)`.
struct Nodes<'a> {
    nodes: &'a [Lit],
}

/// Ends the operands of what takes any number of them.
const END: i128 = 150;

impl Nodes<'_> {
    /// The text of the next expression; `None` where the test does not know how to say it.
    fn text(&mut self) -> Option<String> {
        let (node, rest) = self.nodes.split_first()?;
        self.nodes = rest;
        let [code, kind, fixed, operands] = node.items() else {
            return None;
        };
        let value = fixed.get("val");
        match code.int()? {
            81 => {
                let kinds = [
                    "nil", "bool", "int", "str", "list", "map", "blob", "float", "geo", "hll",
                ];
                let kind = kinds.get(usize::try_from(kind.int()?).ok()?)?;
                Some(format!("{kind}_bin({:?})", fixed.get("bin")?.str()?))
            }
            82 => Some(format!("bin_type({:?})", fixed.get("bin")?.str()?)),
            // The client makes this of the type of the bin.
            83 => Some(format!("ne(bin_type({:?}), NULL)", fixed.get("bin")?.str()?)),
            124 => Some(format!("var({:?})", value?.str()?)),
            126 => Some(format!("def({:?}, {})", value?.str()?, self.text()?)),
            128 | 200 => scalar(value?),
            code => {
                let mut operands = self.operands(operands.int()?)?;
                // What the type of a bin is compared with is a type.
                if operands.iter().any(|operand| operand.starts_with("bin_type(")) {
                    for operand in &mut operands {
                        *operand = particle(operand).map_or_else(|| operand.clone(), String::from);
                    }
                }
                Some(format!("{}({})", name(code)?, operands.join(", ")))
            }
        }
    }

    fn operands(&mut self, count: i128) -> Option<Vec<String>> {
        let mut out = Vec::new();
        for _ in 0..count {
            let ends = self.nodes.first().and_then(|node| node.items().first()?.int()) == Some(END);
            if ends {
                self.nodes = self.nodes.get(1..)?;
                break;
            }
            out.push(self.text()?);
        }
        Some(out)
    }
}

/// The name of a particle type.
fn particle(number: &str) -> Option<&'static str> {
    Some(match number {
        "0" => "NULL",
        "1" => "INTEGER",
        "2" => "FLOAT",
        "3" => "STRING",
        "4" => "BLOB",
        "17" => "BOOL",
        "19" => "MAP",
        "20" => "LIST",
        _ => return None,
    })
}

fn scalar(value: &Lit) -> Option<String> {
    match value {
        Lit::Int(n) => Some(n.to_string()),
        Lit::Float(x) if x.fract() != 0.0 => Some(x.to_string()),
        Lit::Str(s) if !s.contains(['"', '\\', '{']) => Some(format!("\"{s}\"")),
        Lit::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// Names as the clients' builders have them; numbers of the Python client.
fn name(code: i128) -> Option<&'static str> {
    const NAMES: [(i128, &str); 36] = [
        (0, "unknown"),
        (1, "eq"),
        (2, "ne"),
        (3, "gt"),
        (4, "ge"),
        (5, "lt"),
        (6, "le"),
        (16, "and"),
        (17, "or"),
        (18, "not"),
        (19, "exclusive"),
        (20, "add"),
        (21, "sub"),
        (22, "mul"),
        (23, "div"),
        (24, "pow"),
        (25, "log"),
        (26, "mod"),
        (27, "abs"),
        (28, "floor"),
        (29, "ceil"),
        (30, "to_int"),
        (31, "to_float"),
        (32, "int_and"),
        (33, "int_or"),
        (34, "int_xor"),
        (35, "int_not"),
        (36, "int_lshift"),
        (37, "int_rshift"),
        (38, "int_arshift"),
        (39, "int_count"),
        (50, "min"),
        (51, "max"),
        (69, "set_name"),
        (123, "cond"),
        (125, "let"),
    ];
    NAMES
        .iter()
        .find(|(number, _)| *number == code)
        .map(|(_, name)| *name)
}

/// What must stand in the text of any expression: its bins and its short literals.
fn tokens(expression: &Lit) -> Vec<String> {
    let mut out = Vec::new();
    for node in expression.items() {
        let [_, _, fixed, _] = node.items() else { continue };
        out.extend(
            fixed
                .get("bin")
                .and_then(Lit::str)
                .map(|bin| format!("\"{bin}\"")),
        );
        out.extend(fixed.get("val").and_then(scalar));
    }
    out
}

fn check_text(findings: &mut Findings, shown: Option<&str>, expression: &Lit) {
    let Some(shown) = shown else {
        return findings.add("no text of an expression");
    };
    for token in tokens(expression) {
        // A number can be the type of a bin.
        let is_type = particle(&token).is_some_and(|name| shown.contains(name));
        findings.check(is_type || shown.contains(&token), || {
            format!("{token} is not in {shown:?}")
        });
    }
    let mut nodes = Nodes {
        nodes: expression.items(),
    };
    if let Some(wanted) = nodes.text().filter(|_| !expression.is_partial()) {
        let same = shown == wanted || shown.starts_with(&format!("{wanted}, "));
        findings.check(same, || format!("{shown:?}, not {wanted:?}"));
    }
}

#[test]
fn of_filters() {
    let mut findings = Findings::default();
    let mut checked = 0;
    let name = "expressions-record";
    let (list, capture) = (ops_of(name), capture(name));
    for (call, exchange) in senders(&list).iter().zip(&capture.exchanges()) {
        let Some((call, filter)) = call.and_then(|call| Some((call, call.policy("expressions")?))) else {
            continue;
        };
        let place = format!(
            "{name} line {}, frame {}",
            call.line, exchange.request.frame.number
        );
        let shown = exchange.request.item.text_of("aerospike.exp.text");
        findings.within(&place, |findings| check_text(findings, shown, filter));
        let types: Vec<_> = exchange
            .request
            .item
            .all("aerospike.field.type")
            .map(|i| i.show.as_str())
            .collect();
        findings.check(types.contains(&"43"), || {
            format!("{place}: no filter field among {types:?}")
        });
        checked += 1;
    }
    assert!(checked > 30, "{checked} filters");
    findings.report();
}

#[test]
fn that_read_and_write_bins() {
    let mut findings = Findings::default();
    let name = "expressions-record";
    let (list, capture) = (ops_of(name), capture(name));
    for (call, exchange) in senders(&list).iter().zip(&capture.exchanges()) {
        let Some(call) = call.filter(|call| call.name == "operate") else {
            continue;
        };
        let operations = call.args.get(1).map(Lit::items).unwrap_or_default();
        for (operation, op) in operations.iter().zip(exchange.request.ops()) {
            let Some(expression) = operation.get("expr") else {
                continue;
            };
            let place = format!(
                "{name} line {}, frame {}",
                call.line, exchange.request.frame.number
            );
            findings.within(&place, |findings| {
                check_text(findings, op.text_of("aerospike.exp.text"), expression);
                let code = operation
                    .get("op")
                    .and_then(Lit::int)
                    .map(|number| number - 2200 + 7);
                let shown = op.int_of("aerospike.op.type");
                findings.check(shown == code, || format!("op {shown:?}, not {code:?}"));
                let bin = op.text_of("aerospike.bin.name");
                findings.check(bin == operation.get("bin").and_then(Lit::str), || {
                    format!("bin {bin:?}")
                });
                let flags = operation.get("expr_flags").and_then(Lit::int).unwrap_or_default();
                let text = op.text_of("aerospike.exp.text").unwrap_or_default();
                for (bit, name) in [(1, "CREATE_ONLY"), (2, "UPDATE_ONLY"), (16, "EVAL_NO_FAIL")] {
                    findings.check((flags & bit != 0) == text.contains(name), || {
                        format!("flags {flags}, but {text:?}")
                    });
                }
            });
        }
    }
    findings.report();
}

/// Everything else of the same calls: keys, bins, results.
#[test]
fn leave_the_rest_of_a_call_as_it_is() {
    let mut findings = Findings::deep();
    let name = "expressions-record";
    findings.within(name, |findings| check_records(findings, &capture(name)));
    findings.report();
}

/// Calls inside an expression, by what the comment before the call says.
#[test]
fn hold_calls() {
    const CALLS: [(&str, &[&str]); 6] = [
        ("list size", &["list_size(", "list_bin(\"l\")"]),
        (
            "list get_by_rank",
            &["list_get_by_rank(VALUE, -1", "list_bin(\"l\")"],
        ),
        (
            "map get_by_key",
            &["map_get_by_key(VALUE, \"a\"", "map_bin(\"m\")"],
        ),
        ("map_size(map_put)", &["map_size(map_put(\"zz\", 1"]),
        ("bit count", &["bit_count(0, 32", "blob_bin(\"b\")"]),
        ("list literal", &["[3,1,2]"]),
    ];
    let name = "expressions-record";
    let (list, capture) = (ops_of(name), capture(name));
    let exchanges = capture.exchanges();
    let calls = senders(&list);
    for (what, parts) in CALLS {
        let line = line_after(&list, what);
        let at = calls
            .iter()
            .position(|call| call.is_some_and(|call| call.line == line))
            .expect("a call");
        let request = exchanges[at].request;
        let text = request.item.text_of("aerospike.exp.text").unwrap_or_default();
        for part in parts {
            assert!(
                text.contains(part),
                "{what}: {part} is not in {text:?}, frame {}",
                request.frame.number
            );
        }
    }
}

/// The line after the comment that ends with these words.
fn line_after(list: &OpsList, what: &str) -> usize {
    let says = |kind: &Kind| matches!(kind, Kind::Comment(text) if text.ends_with(what));
    let comment = list
        .lines
        .iter()
        .find(|line| says(&line.kind))
        .unwrap_or_else(|| panic!("no comment {what}"));
    comment.number + 1
}

#[test]
fn of_queries_and_scans() {
    let wanted = ["lt(int_bin(\"i\"), 7)", "lt(int_bin(\"i\"), 7)", "name3", "name3"];
    let name = "expressions-query-scan";
    let capture = capture(name);
    let exchanges = capture.exchanges();
    assert_eq!(exchanges.len(), wanted.len());
    for (exchange, wanted) in exchanges.iter().zip(wanted) {
        let text = exchange
            .request
            .item
            .text_of("aerospike.exp.text")
            .unwrap_or_default();
        assert!(
            text.contains(wanted),
            "{text:?}, not {wanted:?}, frame {}",
            exchange.request.frame.number
        );
    }
}
