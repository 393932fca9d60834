//! The text of an expert item is the same for all of its kind, so that lists of them sum up: what is particular stands in
//! items below.

use std::collections::BTreeSet;

use crate::common::document::read;
use crate::common::host::host;
use crate::common::{Findings, captures};

/// The summaries of all expert items, as the reference of filters has them (it is compared with the code).
fn summaries() -> BTreeSet<String> {
    let text = read("docs/filters.md");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| `aerospike.expert."));
    let all: BTreeSet<String> = rows
        .filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next().map(String::from))
        .collect();
    assert!(all.len() > 50, "{} summaries", all.len());
    all
}

#[test]
fn of_expert_items_have_no_figures_of_their_own() {
    let known = summaries();
    let mut findings = Findings::default();
    let mut seen = BTreeSet::new();
    let all = [
        captures::all("clients"),
        captures::all("diagnosis"),
        captures::all("hostile"),
    ]
    .concat();
    for name in all {
        let text = host()
            .on(&name, &["-2", "-q", "-z", "expert"])
            .expect_success()
            .text();
        for line in text.lines().filter(|line| line.contains("  Aerospike  ")) {
            let said = line.split("  Aerospike  ").nth(1).unwrap_or_default().trim();
            // Wireshark's own marking of what it did not put together.
            if said.starts_with("Unreassembled fragment") {
                continue;
            }
            findings.check(known.contains(said), || format!("{name}: {said}"));
            seen.insert(said.to_string());
        }
    }
    findings.check(seen.len() > 20, || format!("{} texts: {seen:?}", seen.len()));
    findings.report();
}
