//! A report of the plugin as it writes it for programs: `NAME.csv`, whose first column names the table.

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

/// The rows of one or more tables with the same columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Headings, without that of the table's name.
    pub columns: Vec<String>,
    /// Rows in their order.
    pub rows: Vec<Row>,
}

/// A row: the table it stands in, and its cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The heading of its table, such as `Findings`.
    pub table: String,
    /// As many as there are columns; an empty one was not written.
    pub cells: Vec<String>,
}

impl Table {
    /// Reads a file of the plugin.
    ///
    /// # Errors
    /// Those of the file, and what is no CSV.
    pub fn read(path: &Path) -> io::Result<Self> {
        Self::parse(io::BufReader::new(std::fs::File::open(path)?))
    }

    /// Reads CSV with a line of headings.
    ///
    /// # Errors
    /// Those of the reader, and what is no CSV.
    pub fn parse(from: impl io::Read) -> io::Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(from);
        let columns: Vec<String> = reader.headers()?.iter().skip(1).map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record?;
            let mut cells = record.iter().map(str::to_owned);
            let table = cells.next().unwrap_or_default();
            let mut cells: Vec<String> = cells.collect();
            cells.resize(columns.len(), String::new());
            rows.push(Row { table, cells });
        }
        Ok(Self { columns, rows })
    }

    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The names of its tables, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.table.as_str()) {
                names.push(&row.table);
            }
        }
        names
    }

    /// The rows of one of its tables.
    pub fn of<'t>(&'t self, table: &'t str) -> impl Iterator<Item = Cells<'t>> {
        self.all().filter(move |cells| cells.row.table == table)
    }

    /// All rows.
    pub fn all(&self) -> impl Iterator<Item = Cells<'_>> {
        self.rows.iter().map(|row| Cells { table: self, row })
    }

    /// Without some columns.
    #[must_use]
    pub fn without(&self, columns: &[&str]) -> Self {
        let stays: Vec<bool> = self
            .columns
            .iter()
            .map(|column| !columns.contains(&column.as_str()))
            .collect();
        let keep = |cells: &[String]| {
            cells
                .iter()
                .zip(&stays)
                .filter(|(_, stays)| **stays)
                .map(|(cell, _)| cell.clone())
                .collect()
        };
        Self {
            columns: keep(&self.columns),
            rows: (self.rows.iter())
                .map(|row| Row {
                    table: row.table.clone(),
                    cells: keep(&row.cells),
                })
                .collect(),
        }
    }

    /// For programs: an array of objects by table.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut tables = Map::new();
        for name in self.names() {
            let rows = self.of(name).map(|row| {
                let cells = self
                    .columns
                    .iter()
                    .zip(&row.row.cells)
                    .filter(|(_, cell)| !cell.is_empty());
                Value::Object(
                    cells
                        .map(|(column, cell)| (column.clone(), cell_to_json(column, cell)))
                        .collect(),
                )
            });
            tables.insert(name.to_owned(), rows.collect());
        }
        Value::Object(tables)
    }
}

/// Columns whose cells are text even where they look like numbers.
const TEXTS: &[&str] = &[
    "Key",
    "Digest",
    "Namespace",
    "Set",
    "Cause",
    "Node",
    "Name",
    "Bin",
];

fn cell_to_json(column: &str, cell: &str) -> Value {
    if TEXTS.contains(&column) {
        return json!(cell);
    }
    if let Ok(number) = cell.parse::<i64>() {
        return json!(number);
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => json!(number),
        _ => json!(cell),
    }
}

/// A row whose cells are asked for by their headings.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'t> {
    table: &'t Table,
    /// The row itself.
    pub row: &'t Row,
}

impl<'t> Cells<'t> {
    /// A cell's text; empty where there is no such column.
    #[must_use]
    pub fn text(&self, column: &str) -> &'t str {
        let place = self.table.column(column);
        place
            .and_then(|place| self.row.cells.get(place))
            .map_or("", String::as_str)
    }

    /// A cell's number, if it is one.
    #[must_use]
    pub fn number(&self, column: &str) -> Option<f64> {
        self.text(column).trim().parse().ok()
    }

    /// A count; 0 where there is none.
    #[must_use]
    pub fn count(&self, column: &str) -> u64 {
        self.number(column).map_or(0, |number| number as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "Table,No.,Finding,Details\r\nThis capture,1,Packets missing,\r\nFindings,1,Retries,\"2 of 3, \"\"late\"\"\"\r\n";

    #[test]
    fn cells_are_found_by_table_and_heading() {
        let table = Table::parse(CSV.as_bytes()).unwrap();
        assert_eq!(table.names(), ["This capture", "Findings"]);
        let row = table.of("Findings").next().unwrap();
        assert_eq!(row.text("Details"), "2 of 3, \"late\"");
        assert_eq!(
            (row.count("No."), row.number("Finding"), row.text("none")),
            (1, None, "")
        );
    }

    #[test]
    fn programs_get_numbers_as_numbers_and_keys_as_text() {
        let table = Table::parse("Table,Key,Requests,Share %,Max ms\nKeys,42,7,0.5,\n".as_bytes()).unwrap();
        assert_eq!(
            table.to_json().to_string(),
            r#"{"Keys":[{"Key":"42","Requests":7,"Share %":0.5}]}"#
        );
    }
}
