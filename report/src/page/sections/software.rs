//! Which software was seen.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::tables::table;
use crate::page::sentences;
use crate::side::Side;
use crate::table::Table;

/// Clients and servers by what they say they are.
#[must_use]
pub fn software(side: &Side) -> Value {
    let mut rows: Vec<Value> = Vec::new();
    let mut clients: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (address, client, application) in &side.clients {
        clients.entry((client, application)).or_default().push(address);
    }
    for ((client, application), addresses) in clients {
        let application = if application == "not-set" { "" } else { application };
        rows.push(json!([{ "text": "Client" }, { "text": client }, { "text": application }, { "text": named(&addresses), "class": "long" }]));
    }
    let mut builds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in table(side, "cluster").into_iter().flat_map(Table::all) {
        let Some(build) = sentences::traffic::build(row.text("What")) else {
            continue;
        };
        let nodes = builds.entry(build).or_default();
        if !nodes.contains(&row.text("Node")) {
            nodes.push(row.text("Node"));
        }
    }
    for (build, nodes) in builds {
        rows.push(json!([{ "text": "Server" }, { "text": build }, { "text": "" }, { "text": named(&nodes), "class": "long" }]));
    }
    if rows.is_empty() && !side.is_ours() {
        return json!({});
    }
    if rows.is_empty() {
        return json!({ "sentences": ["No client or server says its version in this capture: clients do since servers of 8.1, when they connect."] });
    }
    let columns = ["What", "Version", "Application", "Where"].map(|name| json!({ "name": name }));
    json!({ "tables": [{ "columns": columns, "rows": rows }] })
}

/// Up to ten by name.
fn named(all: &[&str]) -> String {
    let more = all.len().saturating_sub(10);
    let more = if more > 0 {
        format!(" (+{more})")
    } else {
        String::new()
    };
    all.iter().take(10).copied().collect::<Vec<_>>().join(", ") + &more
}
