//! Reports of several captures as one: rows of the same name are added up, times are moved to those of the first capture.

use std::collections::{BTreeMap, HashMap};

use crate::source::Source;
use crate::table::{Row, Table};

/// The reports of all captures, by name. `told` is by the captures' order.
#[must_use]
pub fn tables(
    sources: &[Source],
    origin: i64,
    mut told: Vec<(usize, BTreeMap<String, Table>)>,
) -> BTreeMap<String, Table> {
    if let [(_, _)] = told[..] {
        return told.pop().map(|(_, tables)| tables).unwrap_or_default();
    }
    let mut all: BTreeMap<String, Vec<(usize, Table)>> = BTreeMap::new();
    for (number, tables) in told {
        for (name, table) in tables {
            all.entry(name).or_default().push((number, table));
        }
    }
    let since = |number: usize| {
        let first = sources
            .get(number)
            .and_then(|source| source.extent.times)
            .map_or(origin, |(first, _)| first);
        (first - origin) as f64 / 1e9
    };
    let merged = all.into_iter().map(|(name, mut parts)| {
        for (number, table) in &mut parts {
            move_times(table, since(*number));
        }
        let table = match name.as_str() {
            "timeline" => append(parts),
            "diagnosis" => findings(sources, parts),
            _ => add_up(parts),
        };
        (name, table)
    });
    merged.collect()
}

/// Columns that say a time since the capture's first frame.
fn is_time(column: &str) -> bool {
    column.ends_with("(s)") && !column.starts_with("Idle") && !column.starts_with("For")
}

fn move_times(table: &mut Table, since: f64) {
    let places: Vec<usize> = (0..table.columns.len())
        .filter(|place| is_time(&table.columns[*place]))
        .collect();
    for row in &mut table.rows {
        for place in &places {
            if let Ok(time) = row.cells[*place].parse::<f64>() {
                row.cells[*place] = number(time + since);
            }
        }
    }
}

/// As the plugin writes them: without digits that say nothing.
fn number(number: f64) -> String {
    format!("{}", (number * 1e9).round() / 1e9)
}

fn append(parts: Vec<(usize, Table)>) -> Table {
    let mut parts = parts.into_iter().map(|(_, table)| table);
    let mut all = parts.next().unwrap_or_default();
    parts.for_each(|table| all.rows.extend(table.rows));
    all
}

/// How cells of the same row become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Part of the row's name.
    Name,
    Sum,
    Most,
    Least,
    /// By the row's count.
    Mean,
    /// The first that is there.
    First,
}

/// Columns of text that say something of a row rather than its name.
const REMARKS: &[&str] = &["No.", "Rank", "Filter", "Largest", "Details", "First frame"];

fn rule(column: &str, is_number: bool) -> Rule {
    let has = |parts: &[&str]| parts.iter().any(|part| column.contains(part));
    if REMARKS.contains(&column) {
        Rule::First
    } else if !is_number {
        Rule::Name
    } else if has(&["Max", "max", "Peak", "p50", "p90", "p99", "To (s)", "Last"]) {
        Rule::Most
    } else if has(&["Min", "min", "From (s)", "First"]) {
        Rule::Least
    } else if has(&["Mean", "mean", "%", "/s", "Share", "share", " ms"]) {
        Rule::Mean
    } else {
        Rule::Sum
    }
}

/// Adds up what counts, row by row.
fn add_up(parts: Vec<(usize, Table)>) -> Table {
    let columns = parts
        .first()
        .map(|(_, table)| table.columns.clone())
        .unwrap_or_default();
    let is_number = |place: usize| {
        let mut cells = parts
            .iter()
            .flat_map(|(_, table)| &table.rows)
            .map(|row| row.cells[place].as_str());
        cells.all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok())
    };
    let rules: Vec<Rule> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| rule(column, is_number(place)))
        .collect();
    // The first column that is added up weighs the means.
    let weight = rules.iter().position(|rule| *rule == Rule::Sum);
    let mut rows: Vec<Row> = Vec::new();
    let mut places: HashMap<(String, Vec<String>), usize> = HashMap::new();
    for row in parts.into_iter().flat_map(|(_, table)| table.rows) {
        let names = row
            .cells
            .iter()
            .zip(&rules)
            .filter(|(_, rule)| **rule == Rule::Name)
            .map(|(cell, _)| cell.clone());
        let name = (row.table.clone(), names.collect::<Vec<_>>());
        match places.get(&name) {
            Some(place) => add_row(&mut rows[*place], &row, &rules, weight),
            None => {
                places.insert(name, rows.len());
                rows.push(row);
            }
        }
    }
    // Rows of one table stay together.
    let mut order: Vec<String> = Vec::new();
    for row in &rows {
        if !order.contains(&row.table) {
            order.push(row.table.clone());
        }
    }
    rows.sort_by_key(|row| order.iter().position(|table| *table == row.table));
    number_rows(&columns, &mut rows);
    Table { columns, rows }
}

/// Rows have numbers from 1 in each table.
fn number_rows(columns: &[String], rows: &mut [Row]) {
    let Some(place) = columns.iter().position(|column| column == "No.") else {
        return;
    };
    let mut next: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let number = next.entry(row.table.clone()).or_default();
        *number += 1;
        row.cells[place] = number.to_string();
    }
}

fn add_row(into: &mut Row, row: &Row, rules: &[Rule], weight: Option<usize>) {
    let weigh = |row: &Row| {
        weight
            .and_then(|place| row.cells[place].parse().ok())
            .unwrap_or(1.0_f64)
    };
    let weights = (weigh(into), weigh(row));
    for (place, rule) in rules.iter().enumerate() {
        let one = into.cells[place].parse::<f64>();
        let other = row.cells[place].parse::<f64>();
        let (one, other) = match (one, other) {
            (Ok(one), Ok(other)) => (one, other),
            (Err(_), _) if into.cells[place].is_empty() => {
                into.cells[place].clone_from(&row.cells[place]);
                continue;
            }
            _ => continue,
        };
        into.cells[place] = number(match rule {
            Rule::Name | Rule::First => continue,
            Rule::Sum => one + other,
            Rule::Most => one.max(other),
            Rule::Least => one.min(other),
            Rule::Mean => {
                (one * weights.0 + other * weights.1) / (weights.0 + weights.1).max(f64::MIN_POSITIVE)
            }
        });
    }
}

/// The same finding about the same one in several captures is one; its words are those of where it counts most.
fn findings(sources: &[Source], parts: Vec<(usize, Table)>) -> Table {
    let Some(columns) = parts.first().map(|(_, table)| table.columns.clone()) else {
        return Table::default();
    };
    let find = |name: &str| columns.iter().position(|column| column == name);
    let (Some(no), Some(finding), Some(who), Some(count), Some(cause)) = (
        find("No."),
        find("Finding"),
        find("Who"),
        find("Count"),
        find("Cause"),
    ) else {
        return append(parts);
    };
    let mut all: Vec<Merged> = Vec::new();
    for (number, table) in parts {
        // The root's number in its own capture to its place here.
        let mut roots: HashMap<String, usize> = HashMap::new();
        for row in table.rows {
            let root = roots.get(&row.cells[cause]).copied();
            let same = all.iter().position(|merged| {
                let is_same = |place: usize| merged.row.cells[place] == row.cells[place];
                merged.row.table == row.table && merged.root == root && is_same(finding) && is_same(who)
            });
            let place = same.unwrap_or(all.len());
            if row.table == "Findings" && row.cells[cause].is_empty() {
                roots.insert(row.cells[no].clone(), place);
            }
            match same {
                Some(place) => all[place].add(row, number, count, &columns),
                None => all.push(Merged {
                    most: row.cells[count].parse().unwrap_or(0.0),
                    row,
                    root,
                    captures: vec![number],
                }),
            }
        }
    }
    renumber(sources, all, columns, [no, cause])
}

struct Merged {
    row: Row,
    root: Option<usize>,
    captures: Vec<usize>,
    most: f64,
}

impl Merged {
    fn add(&mut self, row: Row, number: usize, count: usize, columns: &[String]) {
        let counted = row.cells[count].parse().unwrap_or(0.0);
        let before = self.row.cells.clone();
        if counted > self.most {
            self.most = counted;
            self.row = row.clone();
        }
        for (place, column) in columns.iter().enumerate() {
            let (Ok(one), Ok(other)) = (before[place].parse::<f64>(), row.cells[place].parse::<f64>()) else {
                continue;
            };
            match column.as_str() {
                "Count" => self.row.cells[place] = self::number(one + other),
                "From (s)" => self.row.cells[place] = self::number(one.min(other)),
                "To (s)" => self.row.cells[place] = self::number(one.max(other)),
                _ => {}
            }
        }
        self.captures.push(number);
    }
}

/// Roots by weight, each followed by its effects, numbered again.
fn renumber(sources: &[Source], all: Vec<Merged>, columns: Vec<String>, [no, cause]: [usize; 2]) -> Table {
    let details = columns.iter().position(|column| column == "Details");
    let mut order: Vec<usize> = (0..all.len())
        .filter(|place| all[*place].root.is_none())
        .collect();
    // The plugin's order is by weight; where captures are added up, the count has to do.
    order.sort_by(|one, other| {
        let weight = |place: &usize| {
            (
                all[*place].row.table != "This capture",
                -count_of(&all[*place], &columns),
            )
        };
        weight(one)
            .partial_cmp(&weight(other))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut rows = Vec::new();
    let mut next: HashMap<String, usize> = HashMap::new();
    for root in order {
        let effects = (0..all.len()).filter(|place| all[*place].root == Some(root));
        let mut number_of_root = String::new();
        for place in std::iter::once(root).chain(effects) {
            let merged = &all[place];
            let mut row = merged.row.clone();
            let number = next.entry(row.table.clone()).or_default();
            *number += 1;
            row.cells[no] = number.to_string();
            row.cells[cause].clone_from(&number_of_root);
            if place == root {
                number_of_root = number.to_string();
            }
            if let Some(details) = details {
                row.cells[details] += &seen_in(sources, merged);
            }
            rows.push(row);
        }
    }
    Table { columns, rows }
}

fn count_of(merged: &Merged, columns: &[String]) -> f64 {
    let place = columns.iter().position(|column| column == "Count");
    place
        .and_then(|place| merged.row.cells[place].parse().ok())
        .unwrap_or(0.0)
}

fn seen_in(sources: &[Source], merged: &Merged) -> String {
    match merged.captures[..] {
        [only] => format!(" (in {})", sources.get(only).map_or(String::new(), Source::name)),
        _ => format!(
            " (in {} of {} captures; figures of the one with most)",
            merged.captures.len(),
            sources.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tshark::Extent;

    fn sources() -> Vec<Source> {
        let source = |name: &str, first: i64| Source {
            path: name.into(),
            size: 1,
            extent: Extent {
                packets: Some(1),
                times: Some((first, first + 1)),
            },
            problems: Vec::new(),
            is_read: true,
        };
        vec![source("a.pcap", 1_000_000_000), source("b.pcap", 11_000_000_000)]
    }

    fn merge(name: &str, one: &str, other: &str) -> Table {
        let parse = |text: &str| BTreeMap::from([(name.to_owned(), Table::parse(text.as_bytes()).unwrap())]);
        let merged = tables(
            &sources(),
            1_000_000_000,
            vec![(0, parse(one)), (1, parse(other))],
        );
        merged[name].clone()
    }

    #[test]
    fn rows_of_one_name_are_added_up() {
        let table = merge(
            "latency",
            "Table,Server node,Operation,Answers,Mean ms,Max ms,% > 1 ms\nAnswers,n,get,10,1,5,10\nAnswers,n,put,1,2,2,0\n",
            "Table,Server node,Operation,Answers,Mean ms,Max ms,% > 1 ms\nAnswers,n,get,30,2,4,20\n",
        );
        assert_eq!(table.rows.len(), 2);
        let get = table.of("Answers").next().unwrap();
        let numbers = ["Answers", "Mean ms", "Max ms", "% > 1 ms"].map(|column| get.number(column));
        assert_eq!(numbers, [Some(40.0), Some(1.75), Some(5.0), Some(17.5)]);
    }

    #[test]
    fn a_finding_of_two_captures_is_one_and_keeps_its_effects() {
        let head = "Table,No.,Finding,Who,Details,Count,From (s),To (s),Cause\n";
        let table = merge(
            "diagnosis",
            &format!("{head}Findings,1,Stalled server,n,few,5,1,2,\nFindings,2,Retries,c,r,3,1,2,1\n"),
            &format!("{head}Findings,1,Hot key,k,h,1,1,1,\nFindings,2,Stalled server,n,many,9,3,4,\n"),
        );
        let rows: Vec<_> = table.of("Findings").collect();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.text("No."), row.text("Finding"), row.text("Cause")))
            .collect();
        assert_eq!(
            shown,
            [
                ("1", "Stalled server", ""),
                ("2", "Retries", "1"),
                ("3", "Hot key", "")
            ]
        );
        assert_eq!(
            rows[0].text("Details"),
            "many (in 2 of 2 captures; figures of the one with most)"
        );
        assert_eq!(
            (
                rows[0].count("Count"),
                rows[0].number("From (s)"),
                rows[0].number("To (s)")
            ),
            (14, Some(1.0), Some(14.0))
        );
        assert_eq!(rows[2].text("Details"), "h (in b.pcap)");
    }

    #[test]
    fn a_timeline_goes_on_in_the_next_capture() {
        let head = "Table,From (s),Requests\n";
        let table = merge("timeline", &format!("{head}T,0,5\n"), &format!("{head}T,0.5,7\n"));
        let times: Vec<_> = table.of("T").map(|row| row.number("From (s)")).collect();
        assert_eq!(times, [Some(0.0), Some(10.5)]);
    }
}
