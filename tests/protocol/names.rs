//! Names of the whole client protocol; and all that the interface promises, where its text is here.

use std::fs;

use crate::common::Findings;
use crate::common::captures::project;
use crate::common::fields::registered;

const FIELDS: [(&str, &str); 14] = [
    ("aerospike.info.param.name", "FT_STRING"),
    ("aerospike.info.param.value", "FT_STRING"),
    ("aerospike.info.item.name", "FT_STRING"),
    ("aerospike.info.item.value", "FT_STRING"),
    ("aerospike.value", "FT_STRING"),
    ("aerospike.cdt.op", "FT_STRING"),
    ("aerospike.cdt.text", "FT_STRING"),
    ("aerospike.exp.text", "FT_STRING"),
    ("aerospike.admin.command", "FT_UINT8"),
    ("aerospike.admin.result_code", "FT_UINT8"),
    ("aerospike.admin.user", "FT_STRING"),
    ("aerospike.expert.result", ""),
    ("aerospike.expert.digest_mismatch", ""),
    ("aerospike.expert.not_expanded", ""),
];

#[test]
fn of_the_client_protocol() {
    let (fields, _) = registered();
    let mut findings = Findings::default();
    for (name, kind) in FIELDS {
        let found = fields.get(name).map(|field| field.kind.as_str());
        findings.check(
            found.is_some() && (kind.is_empty() || found == Some(kind)),
            || format!("{name} is {found:?}"),
        );
    }
    findings.report();
}

/// The names in backquotes of a table row; `.info1` goes on with the name before it.
fn names_of(row: &str) -> Vec<String> {
    let cell = row.split('|').nth(1).unwrap_or_default();
    let mut out: Vec<String> = Vec::new();
    for name in cell.split('`').skip(1).step_by(2) {
        match (name.strip_prefix('.'), out.first()) {
            (Some(short), Some(first)) => {
                // `aerospike.value.integer`, `.float`; `aerospike.msg.header_size`, `.info1`.
                let stem = first.rsplit_once('.').map_or("", |(stem, _)| stem);
                out.push(format!("{stem}.{short}"));
            }
            _ => out.push(name.to_string()),
        }
    }
    out
}

/// The rows between a heading and the next.
fn rows<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let part = text.split(&format!("\n## {heading}")).nth(1).unwrap_or_default();
    let part = part.split("\n## ").next().unwrap_or_default();
    part.lines().filter(|line| line.starts_with("| `")).collect()
}

#[test]
fn of_the_whole_interface() {
    let Ok(text) = fs::read_to_string(project().join("../shared/design/interface.md")) else {
        return eprintln!("not tested: the interface's description is not here");
    };
    let (fields, _) = registered();
    let mut findings = Findings::default();
    for row in [rows(&text, "Protocols"), rows(&text, "Fields that are fixed")].concat() {
        for name in names_of(row) {
            findings.check(fields.contains_key(&name), || format!("{name} is missing"));
        }
    }
    for row in rows(&text, "Expert information") {
        for name in names_of(row) {
            let name = format!("aerospike.expert.{name}");
            findings.check(fields.contains_key(&name), || format!("{name} is missing"));
        }
    }
    findings.report();
}
