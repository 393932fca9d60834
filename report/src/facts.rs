//! The facts of a report for programs (`--json`): what the page is made of, with whole cells and plain numbers.

use serde_json::{Map, Value, json};

use crate::findings;
use crate::side::Side;

/// Records in it.
const KEYS: usize = 1000;

/// A side.
#[must_use]
pub fn of_side(side: &Side) -> Value {
    let sources = side.sources.iter().map(|source| {
        json!({
            "file": source.name(),
            "bytes": source.size,
            "packets": source.extent.packets,
            "first": source.extent.times.map(|(first, _)| seconds(first)),
            "last": source.extent.times.map(|(_, last)| seconds(last)),
            "is_read": source.is_read,
            "problems": source.problems,
        })
    });
    let diagnosis = side.tables.get("diagnosis");
    let list = |all: Vec<findings::Finding>| all.iter().map(findings::Finding::to_json).collect::<Vec<_>>();
    let reports = side.tables.iter().filter(|(name, _)| *name != "diagnosis");
    let clients = side.clients.iter().map(|(address, client, application)| {
        json!({ "address": address, "client": client, "application": application })
    });
    json!({
        "captures": sources.collect::<Vec<_>>(),
        "first": seconds(side.origin),
        "length_s": (side.end - side.origin) as f64 / 1e9,
        "this_capture": list(findings::about_capture(diagnosis)),
        "findings": list(findings::findings(diagnosis)),
        "answers": side.grid.to_json(),
        "hot_keys": side.hot_keys.to_json(KEYS),
        "clients": clients.collect::<Vec<_>>(),
        "reports": reports.map(|(name, table)| (name.clone(), table.to_json())).collect::<Map<_, _>>(),
    })
}

/// Seconds since 1970, with all digits.
fn seconds(nanoseconds: i64) -> String {
    format!(
        "{}.{:09}",
        nanoseconds.div_euclid(1_000_000_000),
        nanoseconds.rem_euclid(1_000_000_000)
    )
}
