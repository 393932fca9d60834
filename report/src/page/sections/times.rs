//! What happened when, how long answers took, and where their time went.

use serde_json::{Value, json};

use super::tables::{plugin_tables, table, tables_of};
use crate::findings;
use crate::grid::{Grid, PARTS, millis};
use crate::histogram::Fine;
use crate::page::about::{About, Named};
use crate::page::charts::{self, Interval, Limits, Width};
use crate::page::sentences;
use crate::side::Side;
use crate::table::Table;
use crate::text;

/// A picture for each width that the page needs.
fn chart(is_half: bool, caption: &str, draw: impl Fn(Width) -> String) -> Value {
    json!({
        "wide": draw(if is_half { Width::Half } else { Width::Wide }),
        "narrow": draw(Width::Narrow),
        "caption": caption,
    })
}

/// Over time.
#[must_use]
pub fn timeline(side: &Side, limits: Limits, is_half: bool, about: &About) -> Value {
    let rows: Vec<Interval> = charts::intervals(table(side, "timeline"));
    let is_silent = |row: &Interval| row.rates == [0.0; 4] && row.open == (0.0, 0.0) && row.events.is_empty();
    if rows.iter().all(is_silent) {
        return json!({});
    }
    let all = findings::findings(table(side, "diagnosis"));
    let caption = format!(
        "Seconds since the first packet, which came at {} ({}). Numbers are those of the findings{}. \
         An error is an answer whose result is not OK: NOT_FOUND counts, too.",
        text::clock(side.origin, about.zone),
        text::zone(about.zone),
        if rows.iter().all(|row| row.events.is_empty()) {
            ""
        } else {
            ", e marks an event of the cluster or its configuration"
        }
    );
    json!({
        "sentences": sentences::times::timeline(&rows, (side.end - side.origin) as f64 / 1e9),
        "charts": [chart(is_half, &caption, |width| charts::timeline(&rows, &all, limits, width))],
        "tables": plugin_tables(side, "timeline", &["By interval"], Some("The figures of the picture")),
    })
}

/// Response times by node and operation.
#[must_use]
pub fn latency(side: &Side, limits: Option<(f64, f64)>, is_half: bool) -> Value {
    if side.grid.lines.is_empty() && !side.is_ours() {
        return json!({});
    }
    let end = (side.end - side.origin) as f64 / 1e9;
    let charts: Vec<Value> = limits
        .filter(|_| !side.grid.lines.is_empty())
        .map(|limits| {
            chart(
                is_half,
                "Each row is a node's answers to an operation, colour their p99 in that time.",
                |width| charts::heat_map(&side.grid, end, limits, width),
            )
        })
        .into_iter()
        .collect();
    let mut tables = latency_table(side);
    tables.extend(map_table(&side.grid));
    json!({ "sentences": sentences::times::latency(&side.grid), "charts": charts, "tables": tables })
}

/// Columns of the latency report that belong to where the time went.
const SPLIT: &[&str] = &["Server ms", "Path ms", "Client ms"];

/// The plugin's table; percentiles of several captures are ours, as they cannot be added up.
fn latency_table(side: &Side) -> Vec<Value> {
    let Some(mut table) = table(side, "latency").cloned() else {
        return Vec::new();
    };
    if side.sources.len() > 1 {
        own_percentiles(&mut table, &side.grid);
    }
    // By node and operation, after the row of all.
    let names = ["Server node", "Operation"].map(|name| table.column(name));
    table
        .rows
        .sort_by_key(|row| names.map(|place| place.and_then(|place| row.cells.get(place)).cloned()));
    tables_of(&table.without(SPLIT), &[], None)
}

fn own_percentiles(table: &mut Table, grid: &Grid) {
    let names: Vec<(String, String, u64)> = (table.all())
        .map(|row| {
            (
                row.text("Server node").to_owned(),
                row.text("Operation").to_owned(),
                row.count("Answers"),
            )
        })
        .collect();
    let shares = [
        ("p50 ms", 0.5),
        ("p90 ms", 0.9),
        ("p99 ms", 0.99),
        ("p99.9 ms", 0.999),
    ];
    for (column, share) in shares {
        let Some(place) = table.column(column) else {
            continue;
        };
        for (row, (node, operation, answers)) in table.rows.iter_mut().zip(&names) {
            let mut times = Fine::default();
            let is_all = |name: &str| name == "(all)";
            let wanted = grid.lines.iter().filter(|((of, what), _)| {
                (is_all(node) || of == node) && (is_all(operation) || what == operation)
            });
            wanted.for_each(|(_, line)| times.merge(&line.all));
            // Only where both counted the same.
            let value = (times.count() == *answers)
                .then(|| times.quantile(share))
                .flatten();
            row.cells[place] = value.map_or(String::new(), |value| millis(value).to_string());
        }
    }
}

/// The figures of the heat map.
fn map_table(grid: &Grid) -> Option<Value> {
    let rows = charts::map_rows(grid);
    let (first, last) = grid.used()?;
    let mut columns = vec![json!({ "name": "From (s)", "number": true })];
    columns.extend(
        rows.iter()
            .map(|(node, operation)| json!({ "name": format!("{operation} {node}"), "number": true })),
    );
    let body: Vec<Value> = (first..=last)
        .map(|interval| {
            let mut cells =
                vec![json!({ "text": text::number(grid.starts(interval), 3), "class": "number" })];
            cells.extend(rows.iter().map(|name| {
                let times = grid
                    .lines
                    .get(*name)
                    .and_then(|line| line.by_interval.get(&interval));
                let p99 = times
                    .and_then(|times| times.quantile(0.99))
                    .map_or(String::new(), |p99| text::significant(millis(p99)));
                json!({ "text": p99, "class": "number" })
            }));
            Value::Array(cells)
        })
        .collect();
    Some(json!({ "closed": "The figures of the heat map: p99 in ms", "columns": columns, "rows": body }))
}

/// Where the time went.
#[must_use]
pub fn split(side: &Side, sides: &[Named<'_>], is_half: bool) -> Value {
    let grid = &side.grid;
    let rows = charts::map_rows(grid);
    if rows.is_empty() {
        return json!({});
    }
    let sum = |grid: &Grid, name| charts::means(grid, name).iter().sum::<f64>();
    let most = sides.iter().flat_map(|named| {
        charts::map_rows(&named.side.grid)
            .into_iter()
            .map(|name| sum(&named.side.grid, name))
    });
    let most = most.fold(0.0, f64::max);
    let mut columns = vec![
        json!({ "name": "Node" }),
        json!({ "name": "Operation" }),
        json!({ "name": "Answers", "number": true }),
    ];
    columns.extend(
        PARTS
            .iter()
            .map(|(_, _, words)| json!({ "name": format!("{words}, ms"), "number": true })),
    );
    let body: Vec<Value> = rows
        .iter()
        .map(|name| {
            let count = grid.lines.get(*name).map_or(0, |line| line.all.count());
            let mut cells = vec![
                json!({ "text": name.0 }),
                json!({ "text": name.1 }),
                json!({ "text": text::count(count), "class": "number" }),
            ];
            cells.extend(
                charts::means(grid, name)
                    .map(|mean| json!({ "text": text::significant(mean), "class": "number" })),
            );
            Value::Array(cells)
        })
        .collect();
    json!({
        "sentences": sentences::times::split(grid),
        "charts": [chart(is_half, "Means of each answer, as seen where the capture was taken; the response time beside the bar begins when the request was sent.", |width| charts::split(grid, most, width))],
        "tables": [{ "closed": "The figures of the picture", "columns": columns, "rows": body }],
    })
}
