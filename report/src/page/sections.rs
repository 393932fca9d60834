//! What stands in each section of the page.
//!
//! One file, though a long one: each section is short, and all share the makers of cells and tables at its end.

use serde_json::{Value, json};

use super::charts::{self, Interval, Limits, Width};
use super::{About, Named, section};
use crate::findings::{self, Finding};
use crate::grid::{Grid, PARTS, millis};
use crate::hotkeys::COUNTS;
use crate::sentences;
use crate::side::Side;
use crate::table::{Cells, Table};
use crate::text;

/// Rows of a table that are shown.
const ROWS: usize = 60;
/// Records that are shown.
const KEYS: usize = 25;

/// A side's table of the plugin, if there is one.
fn table<'s>(side: &'s Side, name: &str) -> Option<&'s Table> {
    side.tables.get(name)
}

/// The top of the page.
pub(super) fn head(about: &About, named: Named<'_>) -> Value {
    let side = named.side;
    let packets: u64 = side
        .sources
        .iter()
        .filter_map(|source| source.extent.packets)
        .sum();
    let names: Vec<String> = side
        .sources
        .iter()
        .take(3)
        .map(crate::side::Source::name)
        .collect();
    let more = side.sources.len().saturating_sub(names.len());
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let when = if side.origin == 0 {
        "no packets".to_owned()
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
    let mut all = crate::histogram::Fine::default();
    side.grid.lines.values().for_each(|line| all.merge(&line.all));
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        if let Some(time) = all.quantile(share) {
            tiles.push(tile(name, text::significant(millis(time)), "ms"));
        }
    }
    tiles
}

/// What is wrong, and what the capture can prove: the first two sections' worth in one.
pub(super) fn findings(about: &About, sides: &[Named<'_>]) -> Value {
    let sides = sides.iter().map(|named| {
        let side = named.side;
        let all = findings::findings(table(side, "diagnosis"));
        let roots: Vec<Value> = (all.iter().filter(|finding| finding.cause.is_none()))
            .map(|root| {
                let mut shown = show(root, side, about);
                let effects = all.iter().filter(|finding| finding.cause == Some(root.number));
                shown["effects"] = effects.map(|effect| show(effect, side, about)).collect();
                shown
            })
            .collect();
        json!({ "name": named.name, "sentences": summary(side, &all), "findings": roots })
    });
    section("findings", "What is wrong", sides.collect())
}

/// Whether there is no packet at all.
fn is_empty(side: &Side) -> bool {
    side.sources.iter().all(|source| source.extent.packets == Some(0))
}

fn summary(side: &Side, all: &[Finding]) -> Vec<String> {
    let roots = all.iter().filter(|finding| finding.cause.is_none()).count() as u64;
    let is_foreign = findings::about_capture(table(side, "diagnosis"))
        .iter()
        .any(|note| note.name == "No Aerospike");
    if is_empty(side) {
        vec!["There are no packets in this capture.".to_owned()]
    } else if is_foreign {
        vec!["No Aerospike message was understood in this capture; what stands below says why, as far as packets tell.".to_owned()]
    } else if roots == 0 {
        vec!["Nothing that the packets prove is wrong.".to_owned()]
    } else {
        let effects = all.len() as u64 - roots;
        let effects = if effects == 0 {
            String::new()
        } else {
            format!(", with {}", text::counted(effects, "effect"))
        };
        let order = if roots > 1 {
            " The first weighs most: failed calls come before time lost."
        } else {
            ""
        };
        vec![format!("{}{effects}.{order}", text::counted(roots, "finding"))]
    }
}

fn show(finding: &Finding, side: &Side, about: &About) -> Value {
    let meaning = finding.meaning();
    let when = finding.times.map(|(from, to)| {
        let clock = text::clock(side.origin + (from * 1e9) as i64, about.zone);
        if to - from < 0.0005 {
            format!("{} ({clock})", text::at(from))
        } else {
            format!(
                "{} to {} (from {clock}, for {})",
                text::at(from),
                text::at(to),
                text::seconds(to - from)
            )
        }
    });
    json!({
        "no": finding.number,
        "name": finding.name,
        "who": finding.who,
        "details": sentence(&finding.details),
        "meaning": meaning.meaning,
        "next": meaning.next,
        "count": text::count(finding.count),
        "when": when,
        "frame": finding.first_frame,
        "cause": finding.cause,
        "filter": finding.filter,
    })
}

/// With a capital letter and a full stop, unless it begins with a name or number.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    let end = if text.ends_with('.') || text.is_empty() {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", letters.as_str())
}

/// All sections between the findings and the end.
pub(super) fn all(about: &About, sides: &[Named<'_>]) -> Vec<Value> {
    let is_half = sides.len() > 1;
    let make = |id: &str, title: &str, of: &dyn Fn(&Side) -> Value| {
        let sides: Vec<Value> = sides
            .iter()
            .map(|named| {
                let mut shown = of(named.side);
                shown["name"] = json!(named.name);
                shown
            })
            .collect();
        let is_blank = |side: &Value| {
            ["sentences", "proofs", "charts", "tables"]
                .iter()
                .all(|part| side[part].as_array().is_none_or(Vec::is_empty))
        };
        (!sides.iter().all(is_blank)).then(|| section(id, title, sides))
    };
    let limits = sides.iter().fold(Limits::default(), |limits, named| {
        limits.with(&charts::intervals(table(named.side, "timeline")))
    });
    let map = sides
        .iter()
        .filter_map(|named| charts::map_limits(&named.side.grid))
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let sections = [
        make("capture", "What the capture can prove", &provable),
        make("timeline", "Over time", &|side| {
            timeline(side, limits, is_half, about)
        }),
        make("latency", "Response times by node and operation", &|side| {
            latency(side, map, is_half)
        }),
        make("split", "Where the time went", &|side| {
            split(side, sides, is_half)
        }),
        make("hotkeys", "Hot keys", &hot_keys),
        make("connections", "Connections", &|side| {
            json!({
                "sentences": table(side, "connections").map_or(Vec::new(), sentences::connections),
                "tables": plugin_tables(side, "connections", &["By client and node"], None),
            })
        }),
        make("records", "Records and sets", &|side| {
            json!({
                "sentences": table(side, "records").map_or(Vec::new(), sentences::records),
                "tables": plugin_tables(side, "records", &[], None),
            })
        }),
        make("cluster", "Cluster", &|side| {
            json!({
                "sentences": table(side, "cluster").map_or(Vec::new(), sentences::cluster),
                "tables": plugin_tables(side, "cluster", &[], None),
            })
        }),
        make("software", "Software seen", &software),
    ];
    sections.into_iter().flatten().collect()
}

fn provable(side: &Side) -> Value {
    let notes = findings::about_capture(table(side, "diagnosis"));
    if is_empty(side) {
        return json!({});
    }
    if notes.is_empty() {
        return json!({ "sentences": ["The capture is whole and clean: silence in it is silence."] });
    }
    let proofs = notes.iter().map(|note| {
        json!({
            "name": note.name,
            "who": note.who,
            "details": sentence(&note.details),
            "silent": note.meaning().next,
        })
    });
    json!({ "proofs": proofs.collect::<Vec<_>>() })
}

/// A picture for each width that the page needs.
fn chart(is_half: bool, caption: &str, draw: impl Fn(Width) -> String) -> Value {
    json!({
        "wide": draw(if is_half { Width::Half } else { Width::Wide }),
        "narrow": draw(Width::Narrow),
        "caption": caption,
    })
}

fn timeline(side: &Side, limits: Limits, is_half: bool, about: &About) -> Value {
    let rows: Vec<Interval> = charts::intervals(table(side, "timeline"));
    if rows.is_empty() {
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
        "sentences": sentences::timeline(&rows),
        "charts": [chart(is_half, &caption, |width| charts::timeline(&rows, &all, limits, width))],
        "tables": plugin_tables(side, "timeline", &["By interval"], Some("The figures of the picture")),
    })
}

fn latency(side: &Side, limits: Option<(f64, f64)>, is_half: bool) -> Value {
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
    json!({ "sentences": sentences::latency(&side.grid), "charts": charts, "tables": tables })
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
            let mut times = crate::histogram::Fine::default();
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

fn split(side: &Side, sides: &[Named<'_>], is_half: bool) -> Value {
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
        "sentences": sentences::split(grid),
        "charts": [chart(is_half, "Means of each answer, as seen where the capture was taken; the response time beside the bar begins when the request was sent.", |width| charts::split(grid, most, width))],
        "tables": [{ "closed": "The figures of the picture", "columns": columns, "rows": body }],
    })
}

fn hot_keys(side: &Side) -> Value {
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
    json!({ "sentences": sentences::hot_keys(keys), "tables": [{ "columns": columns, "rows": rows, "more": more }] })
}

fn more(all: usize, shown: usize, noun: &str) -> String {
    let left = all.saturating_sub(shown) as u64;
    if left == 0 {
        String::new()
    } else {
        format!("{} more: --json has them.", text::counted(left, noun))
    }
}

fn plugin_tables(side: &Side, name: &str, only: &[&str], closed: Option<&str>) -> Vec<Value> {
    table(side, name).map_or(Vec::new(), |table| tables_of(table, only, closed))
}

/// The tables of a report of the plugin, or some of them, as the page shows them. With a name in `closed` they are closed at
/// first, and have all rows.
fn tables_of(table: &Table, only: &[&str], closed: Option<&str>) -> Vec<Value> {
    let mut names = table.names();
    names.retain(|name| only.is_empty() || only.contains(name));
    // A row that says that nothing was left out.
    let is_idle = |row: &Cells<'_>| row.text("What") == "not counted" && row.count("Count") == 0;
    let one_of_many = names.len() > 1;
    let tables = names.iter().map(|name| {
        let rows: Vec<Cells<'_>> = table.of(name).filter(|row| !is_idle(row)).collect();
        let used: Vec<usize> = (0..table.columns.len())
            .filter(|place| {
                rows.iter().any(|row| !row.row.cells[*place].is_empty())
                    && !matches!(table.columns[*place].as_str(), "Filter" | "No.")
            })
            .collect();
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
        let caption = if one_of_many { *name } else { "" };
        let more = more(rows.len(), body.len(), "row");
        json!({ "caption": caption, "columns": columns, "rows": body, "more": more, "closed": closed })
    });
    tables
        .filter(|table| {
            table["columns"]
                .as_array()
                .is_some_and(|columns| !columns.is_empty())
        })
        .collect()
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

fn software(side: &Side) -> Value {
    let mut rows: Vec<Value> = Vec::new();
    let mut clients: std::collections::BTreeMap<(&str, &str), Vec<&str>> = std::collections::BTreeMap::new();
    for (address, client, application) in &side.clients {
        clients.entry((client, application)).or_default().push(address);
    }
    for ((client, application), addresses) in clients {
        let application = if application == "not-set" { "" } else { application };
        rows.push(json!([{ "text": "Client" }, { "text": client }, { "text": application }, { "text": named(&addresses), "class": "long" }]));
    }
    let mut builds: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for row in table(side, "cluster").into_iter().flat_map(Table::all) {
        let Some(build) = sentences::build(row.text("What")) else {
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
    if rows.is_empty() && is_empty(side) {
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

/// What is in the page, and what is not.
pub(super) fn contents(about: &About, sides: &[Named<'_>]) -> Value {
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
