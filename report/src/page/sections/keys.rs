//! The hottest keys.

use serde_json::{Value, json};

use super::tables::more;
use crate::hotkeys::COUNTS;
use crate::page::sentences;
use crate::side::Side;
use crate::text;

/// Records that are shown.
const KEYS: usize = 25;

/// Hot keys.
#[must_use]
pub fn hot_keys(side: &Side) -> Value {
    let keys = &side.hot_keys;
    if keys.is_empty() {
        return json!({});
    }
    let seconds = ((side.end - side.origin) as f64 / 1e9).max(1e-9);
    let hottest = keys.hottest(KEYS);
    let has_key = hottest.iter().any(|record| !record.key.is_empty());
    let has_bytes = hottest.iter().any(|record| record.bytes.is_some());
    let mut columns = vec![
        json!({ "name": "#", "number": true }),
        json!({ "name": "Namespace" }),
        json!({ "name": "Set" }),
    ];
    if has_key {
        columns.push(json!({ "name": "Key" }));
    }
    columns.push(json!({ "name": "Digest" }));
    columns.extend(["Requests", "Share %", "Requests/s"].map(|name| json!({ "name": name, "number": true })));
    if has_bytes {
        columns.push(json!({ "name": "Bytes", "number": true }));
    }
    columns.extend(
        ["Reads", "Writes", "Errors", "Mean ms", "Max ms"]
            .map(|name| json!({ "name": name, "number": true })),
    );
    let all = keys.all.requests().max(1) as f64;
    let rows: Vec<Value> = hottest
        .iter()
        .enumerate()
        .map(|(place, record)| {
            let number = |text: String| json!({ "text": text, "class": "number" });
            let mut cells = vec![
                number((place + 1).to_string()),
                json!({ "text": record.namespace }),
                json!({ "text": record.set }),
            ];
            if has_key {
                cells.push(json!({ "text": record.key }));
            }
            cells.push(json!({ "text": record.digest, "code": true }));
            cells.push(number(text::count(record.requests())));
            cells.push(number(text::number(record.requests() as f64 / all * 100.0, 2)));
            cells.push(number(text::significant(record.requests() as f64 / seconds)));
            if has_bytes {
                cells.push(number(record.bytes.map_or(String::new(), text::bytes)));
            }
            // Reads, writes, errors.
            cells.extend((2..COUNTS.len()).map(|place| number(text::count(record.counts[place]))));
            cells.push(number(text::significant(record.mean_ms())));
            cells.push(number(text::significant(record.time.1)));
            Value::Array(cells)
        })
        .collect();
    let more = more(keys.len(), rows.len(), "record");
    json!({ "sentences": sentences::traffic::hot_keys(keys), "tables": [{ "columns": columns, "rows": rows, "more": more }] })
}
