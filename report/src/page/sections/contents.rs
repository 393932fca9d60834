//! What is in the page, and what is not.

use serde_json::{Value, json};

use crate::page::about::{About, Named, section};
use crate::text;

/// The last section.
pub fn contents(about: &About, sides: &[Named<'_>]) -> Value {
    let mut sentences = vec![
        "No values: what records hold is not in this page. In it are names of namespaces, sets and bins, figures, times, \
         versions, and the filters that find the packets in the capture."
            .to_owned(),
    ];
    let shown: Vec<&str> = ["keys", "digests", "users", "addresses"]
        .into_iter()
        .filter(|kind| !about.hidden.iter().any(|hidden| hidden == kind))
        .collect();
    if !about.hidden.is_empty() {
        sentences.push(format!(
            "Replaced by names that are the same throughout this page: {}. Filters with such names find nothing as they stand.",
            about.hidden.join(", ")
        ));
    }
    if !shown.is_empty() {
        sentences.push(format!("Shown as they are: {}.", shown.join(", ")));
    }
    sentences.push(about.made_by.clone());
    let rows = sides.iter().flat_map(|named| {
        named.side.sources.iter().map(move |source| {
            let (first, last) = source.extent.times.unwrap_or_default();
            let is_there = source.extent.times.is_some();
            let clock = |at| if is_there { text::clock(at, about.zone) } else { String::new() };
            json!([
                { "text": source.name() },
                { "text": text::bytes(source.size as f64), "class": "number" },
                { "text": source.extent.packets.map_or(String::new(), text::count), "class": "number" },
                { "text": clock(first) },
                { "text": clock(last) },
                { "text": if source.problems.is_empty() { "read to its end".to_owned() } else { source.problems.join("; ") }, "class": "long" },
            ])
        })
    });
    let columns = [
        ("Capture", false),
        ("Size", true),
        ("Packets", true),
        ("First", false),
        ("Last", false),
        ("", false),
    ]
    .map(|(name, number)| json!({ "name": name, "number": number }));
    let tables = json!([{ "columns": columns, "rows": rows.collect::<Vec<_>>() }]);
    section(
        "contents",
        "What is in this page",
        vec![json!({ "sentences": sentences, "tables": tables })],
    )
}
