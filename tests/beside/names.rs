//! All names that the interface promises, against its text.

use std::fs;

use crate::common::Findings;
use crate::common::captures::project;
use crate::common::fields::registered_fields;

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
#[ignore = "of a document beside the project, which may be ahead of the code"]
fn of_the_whole_interface() {
    let path = project().join("../shared/design/interface.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (fields, _) = registered_fields();
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
