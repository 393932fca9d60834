//! Tables as the page shows them.

use serde_json::{Value, json};

use crate::side::Side;
use crate::table::{Cells, Table};
use crate::text;

/// Rows of a table that are shown.
const ROWS: usize = 60;
/// Columns beside which there is no room for long texts.
const COLUMNS: usize = 10;
/// Columns of long texts.
const LONG: [&str; 2] = ["Largest", "Details"];

/// A side's report of the plugin, if there is one.
#[must_use]
pub fn table<'s>(side: &'s Side, name: &str) -> Option<&'s Table> {
    side.tables.get(name)
}

/// /// What is said of rows that are not shown.
#[must_use]
pub fn more(all: usize, shown: usize, noun: &str) -> String {
    let left = all.saturating_sub(shown) as u64;
    if left == 0 {
        String::new()
    } else {
        format!("{} more: --json has them.", text::counted(left, noun))
    }
}

/// The tables of a report of the plugin, or some of them; with a name in `closed` they are closed at first.
#[must_use]
pub fn plugin_tables(side: &Side, name: &str, only: &[&str], closed: Option<&str>) -> Vec<Value> {
    table(side, name).map_or(Vec::new(), |table| tables_of(table, only, closed))
}

/// The tables of a report of the plugin, or some of them, as the page shows them. With a name in `closed` they are closed at
/// first, and have all rows.
#[must_use]
pub fn tables_of(table: &Table, only: &[&str], closed: Option<&str>) -> Vec<Value> {
    let mut names = table.names();
    names.retain(|name| only.is_empty() || only.contains(name));
    // A row that says that there is nothing, or that nothing was left out.
    let idle = ["none", "not counted", "nothing of a cluster was seen"];
    let is_idle = |row: &Cells<'_>| idle.contains(&row.text("What")) && row.count("Count") == 0;
    let one_of_many = names.len() > 1;
    let tables = names.iter().map(|name| {
        let rows: Vec<Cells<'_>> = table.of(name).filter(|row| !is_idle(row)).collect();
        let used: Vec<usize> = (0..table.columns.len())
            .filter(|place| is_used(&table.columns[*place], *place, &rows))
            .collect();
        // What is long stands below its row, where the table is wide.
        let is_below = |place: usize| used.len() > COLUMNS && LONG.contains(&table.columns[place].as_str());
        let (below, used): (Vec<usize>, Vec<usize>) = used.iter().copied().partition(|place| is_below(*place));
        let is_number = |place: usize| {
            rows.iter().all(|row| {
                let cell = row.row.cells[place].as_str();
                cell.is_empty() || (cell.parse::<f64>().is_ok() && !is_name(&table.columns[place]))
            })
        };
        let columns: Vec<Value> = used
            .iter()
            .map(|place| json!({ "name": heading(&table.columns[*place]), "number": is_number(*place) }))
            .collect();
        let limit = if closed.is_none() { ROWS } else { usize::MAX };
        let body: Vec<Value> = (rows.iter().take(limit))
            .map(|row| {
                used.iter()
                    .map(|place| {
                        shown_cell(&table.columns[*place], &row.row.cells[*place], is_number(*place))
                    })
                    .collect()
            })
            .collect();
        let below: Vec<String> = (rows.iter().take(limit)).map(|row| long_cells(row, table, &below)).collect();
        let caption = if one_of_many { *name } else { "" };
        let more = more(rows.len(), body.len(), "row");
        json!({ "caption": caption, "columns": columns, "rows": body, "below": below, "more": more, "closed": closed })
    });
    tables
        .filter(|table| {
            table["columns"]
                .as_array()
                .is_some_and(|columns| !columns.is_empty())
        })
        .collect()
}

/// Whether a column says anything in these rows.
fn is_used(column: &str, place: usize, rows: &[Cells<'_>]) -> bool {
    // What nodes say to each other has none of these, nor have most sets.
    let may_be_nothing = matches!(column, "Records" | "Bytes" | "% GENERATION");
    let says = |row: &Cells<'_>| {
        let cell = row.row.cells[place].as_str();
        !(cell.is_empty() || may_be_nothing && cell == "0")
    };
    !matches!(column, "Filter" | "No.") && rows.iter().any(says)
}

/// Cells in a line of their own: `Largest: c1cf…; 14688 requests`.
fn long_cells(row: &Cells<'_>, table: &Table, places: &[usize]) -> String {
    let cells = places
        .iter()
        .map(|place| (table.columns[*place].as_str(), row.row.cells[*place].as_str()));
    let cells = cells.filter(|(_, cell)| !cell.is_empty());
    let texts = cells.map(|(column, cell)| match column {
        "Details" => cell.to_owned(),
        _ => format!("{column}: {cell}"),
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// A heading that may be broken where it is long.
fn heading(column: &str) -> String {
    column.replace("Retransmissions", "Retrans\u{ad}missions")
}

/// Columns whose numbers are names.
fn is_name(column: &str) -> bool {
    matches!(
        column,
        "Key"
            | "Digest"
            | "Node"
            | "Set"
            | "Namespace"
            | "Server node"
            | "Client"
            | "Id"
            | "Key of cluster"
            | "Cluster key"
    )
}

fn shown_cell(column: &str, cell: &str, is_number: bool) -> Value {
    if is_number {
        json!({ "text": text::cell(column, cell).0, "class": "number" })
    } else if cell.len() > 40 && !is_name(column) && column != "Largest" {
        json!({ "text": cell, "class": "long" })
    } else {
        json!({ "text": cell })
    }
}
