//! Names of fields in documents are registered.

use std::collections::BTreeSet;

use crate::common::Findings;
use crate::common::document;
use crate::common::fields::registered_fields;
use crate::common::host::host;
use crate::markdown::documents;

/// Words that begin like a field and are none: files, dissectors, and Wireshark's own preferences for ports, which it does not list.
const OTHERS: [&str; 8] = [
    "aerospike.so",
    "aerospike.lua",
    "aerospike.dll",
    "aerospike.pcap",
    "aerospike.info_text",
    "aerospike.tls",
    "aerospike.tcp.port",
    "aerospike.tls.port",
];

/// `aerospike.…` wherever it stands in a text, without the dot of a sentence; a name that goes on with a star, a
/// slash or an ellipsis is only the beginning of one.
fn names(text: &str) -> BTreeSet<(String, bool)> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("aerospike.") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || "._-/".contains(c)) {
            continue;
        }
        let end =
            text[at..].find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c)));
        let word = &text[at..end.map_or(text.len(), |end| at + end)];
        let open = text[at + word.len()..].starts_with(['*', '…', '<', 'N']);
        found.insert((word.trim_end_matches('.').to_string(), open));
    }
    found
}

fn preferences() -> BTreeSet<String> {
    let text = host().tshark(&["-G", "defaultprefs"]).expect_success().text();
    let lines = text.lines().map(|line| line.trim_start_matches('#'));
    lines
        .filter_map(|line| line.split_once(": ").map(|(name, _)| name.to_string()))
        .collect()
}

/// Each preference has its row in the README. Those of the main ports are Wireshark's own kind, which it does not list.
#[test]
fn every_preference_is_in_the_readme() {
    let readme = document::read("README.md");
    let mut findings = Findings::default();
    let own = preferences()
        .into_iter()
        .filter(|name| name.starts_with("aerospike."));
    let main = ["aerospike.tcp.port", "aerospike.tls.port"].map(String::from);
    let all: Vec<String> = own.chain(main).collect();
    assert!(all.len() > 10, "{all:?}");
    for name in all {
        findings.check(readme.contains(&format!("\n| `{name}` |")), || {
            format!("{name} has no row in README.md")
        });
    }
    findings.report();
}

#[test]
fn in_documents_are_registered() {
    let (fields, _) = registered_fields();
    let preferences = preferences();
    let mut findings = Findings::default();
    let mut count = 0;
    for document in documents() {
        for (name, open) in names(&document::read(&document)) {
            count += 1;
            let starts = |known: &String| known.starts_with(&format!("{name}.")) || known.starts_with(&name);
            let known = fields.contains_key(&name)
                || preferences.contains(&name)
                || OTHERS.contains(&name.as_str())
                || open && (name == "aerospike" || fields.keys().any(starts));
            findings.check(known, || format!("{document}: {name} is not registered"));
        }
    }
    findings.report();
    assert!(count > 200, "{count} names");
}

/// Names of the Lua plugin, as its source registers them (lower-case for protocols).
const OLD: &str = include_str!("lua-plugin-names.txt");

#[test]
fn of_the_lua_plugin_have_a_successor() {
    let text = document::read("docs/from-the-lua-plugin.md");
    let cells = |line: &str, at: usize| -> Vec<String> {
        let cell = line.split(" | ").nth(at).unwrap_or_default();
        cell.split('`').skip(1).step_by(2).map(str::to_string).collect()
    };
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let listed: BTreeSet<String> = rows.iter().flat_map(|row| cells(row, 0)).collect();
    let old: BTreeSet<String> = OLD.lines().map(str::to_string).collect();
    assert!(old.len() > 70, "{} names", old.len());
    let missing: Vec<_> = old.difference(&listed).collect();
    let invented: Vec<_> = listed.difference(&old).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "without a row {missing:?}, of nobody {invented:?}"
    );
    let mut findings = Findings::default();
    for row in rows {
        let new = cells(row, 1);
        findings.check(!new.is_empty(), || format!("no successor: {row}"));
        for name in new {
            findings.check(registered_fields().0.contains_key(&name), || {
                format!("{name} is not registered")
            });
        }
    }
    findings.report();
}
