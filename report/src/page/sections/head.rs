//! The top of the page: what was captured when, and the first figures.

use serde_json::{Value, json};

use super::tables::table;
use crate::grid::millis;
use crate::histogram::Fine;
use crate::page::about::{About, Named};
use crate::side::Side;
use crate::source::Source;
use crate::table::Cells;
use crate::text;

/// The top of the page.
pub fn head(about: &About, named: Named<'_>) -> Value {
    let side = named.side;
    let packets: u64 = side
        .sources
        .iter()
        .filter_map(|source| source.extent.packets)
        .sum();
    let names: Vec<String> = side.sources.iter().take(3).map(Source::name).collect();
    let more = side.sources.len().saturating_sub(names.len());
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let when = if side.is_empty() {
        "no packets".to_owned()
    } else if side.origin == 0 {
        "times unknown".to_owned()
    } else {
        format!(
            "{}, {} to {} ({})",
            text::date(side.origin, about.zone),
            text::clock(side.origin, about.zone),
            text::clock(side.end, about.zone),
            text::zone(about.zone)
        )
    };
    let problems: Vec<String> = (side.sources.iter())
        .flat_map(|source| {
            source
                .problems
                .iter()
                .map(move |problem| format!("{}: {problem}", source.name()))
        })
        .collect();
    let part = if about.part.is_empty() {
        String::new()
    } else {
        format!(" · counted is only {}", about.part)
    };
    json!({
        "name": named.name,
        "sources": format!("{}{more} · {when}{part}", names.join(", ")),
        "problems": problems,
        "tiles": tiles(side, packets),
    })
}

fn tiles(side: &Side, packets: u64) -> Vec<Value> {
    let tile = |name: &str, value: String, unit: &str| json!({ "name": name, "value": value, "unit": unit });
    let mut tiles = vec![
        tile("Packets", text::count(packets), ""),
        tile(
            "Length",
            text::significant((side.end - side.origin) as f64 / 1e9),
            "s",
        ),
    ];
    let rows: Vec<Cells<'_>> = table(side, "timeline")
        .into_iter()
        .flat_map(|table| table.of("All of the capture"))
        .collect();
    let sum = |column: &str| rows.iter().map(|row| row.count(column)).sum::<u64>();
    if !rows.is_empty() {
        for (name, column) in [
            ("Requests", "Requests"),
            ("Answers", "Answers"),
            ("Errors", "Errors"),
            ("Timeouts", "Timeouts"),
        ] {
            tiles.push(tile(name, text::count(sum(column)), ""));
        }
    }
    let mut all = Fine::default();
    side.grid.lines.values().for_each(|line| all.merge(&line.all));
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        if let Some(time) = all.quantile(share) {
            tiles.push(tile(name, text::significant(millis(time)), "ms"));
        }
    }
    tiles
}
