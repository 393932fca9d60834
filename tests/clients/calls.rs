//! The lines of the sweeps' operations lists: `J1⇥Class.method(name=value, …)⇥result`.

use crate::common::captures;

/// One call of a sweep.
pub struct Call {
    /// The key of its record.
    pub key: String,
    pub class: String,
    pub method: String,
    pub args: Vec<(String, String)>,
    pub result: String,
}

impl Call {
    /// The result code that the answer must have; `None` where the list does not tell.
    pub fn code(&self) -> Option<i128> {
        if let Some(rest) = self.result.strip_prefix("result ") {
            return rest.split(' ').next()?.parse().ok();
        }
        match self.result.as_str() {
            // The client gives nothing for a record that is not there.
            "null" => Some(2),
            text if text.starts_with("(gen:") || text == "ok" => Some(0),
            _ => None,
        }
    }
}

/// The calls of a list, in order.
pub fn calls(name: &str) -> Vec<Call> {
    let text = captures::ops_text(name).unwrap_or_else(|| panic!("no list of {name}"));
    text.lines().filter_map(call).collect()
}

fn call(line: &str) -> Option<Call> {
    let mut columns = line.split('\t');
    let (key, what, result) = (columns.next()?, columns.next()?, columns.next()?);
    let (function, args) = what.split_once('(')?;
    let (class, method) = function.split_once('.')?;
    let args = split(args.strip_suffix(')')?);
    let named = |arg: &String| {
        let (name, value) = arg.split_once('=')?;
        Some((name.to_string(), value.to_string()))
    };
    Some(Call {
        key: key.into(),
        class: class.into(),
        method: method.into(),
        args: args.iter().filter_map(named).collect(),
        result: result.into(),
    })
}

/// The parts between commas that stand in no bracket and no quote.
pub fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted) = (Vec::new(), String::new(), 0i32, false);
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_string());
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    if !part.trim().is_empty() {
        parts.push(part.trim().to_string());
    }
    parts
}

/// `getByValueRange` as `get_by_value_range`.
pub fn snake(camel: &str) -> String {
    let mut out = String::new();
    for c in camel.chars() {
        if c.is_uppercase() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[test]
fn a_line_of_a_sweep_is_read() {
    let call = call("J8\tListOperation.append(policy=ListPolicy(ORDERED,flags=1), value='a,b', ctx=ctx=[mapKey('k'), listIndex(1)])\tresult 26 Error 26,1")
        .expect("a call");
    assert_eq!(
        (call.class.as_str(), call.method.as_str(), call.code()),
        ("ListOperation", "append", Some(26))
    );
    let values: Vec<&str> = call.args.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(
        values,
        [
            "ListPolicy(ORDERED,flags=1)",
            "'a,b'",
            "ctx=[mapKey('k'), listIndex(1)]"
        ]
    );
}
