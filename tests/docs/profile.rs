//! The Wireshark profile: its filters are filters, its fields are registered.

use std::fs;

use crate::common::Findings;
use crate::common::document;
use crate::common::fields::registered_fields;
use crate::common::host::host;

/// The lines of a file of the profile that say something.
fn lines(name: &str) -> Vec<String> {
    let path = document::path(&format!("profile/Aerospike/{name}"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let said = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    said.map(str::to_string).collect()
}

/// The cells of a line in double quotes.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
    inner.unwrap_or_else(|| panic!("{line}")).split("\",\"").collect()
}

/// Filters by where they stand: colours, buttons, graphs and plots.
fn filters() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in lines("colorfilters") {
        let parts: Vec<&str> = line.split('@').collect();
        assert_eq!(parts.len(), 4, "{line}");
        all.push((parts[1].to_string(), parts[2].to_string()));
    }
    for (file, name, filter) in [("dfilter_buttons", 1, 2), ("io_graphs", 1, 2), ("plots", 2, 3)] {
        for line in lines(file) {
            let cells = cells(&line);
            if !cells[filter].is_empty() {
                all.push((format!("{file}: {}", cells[name]), cells[filter].to_string()));
            }
        }
    }
    all
}

#[test]
fn its_filters_are_taken() {
    let mut findings = Findings::default();
    let all = filters();
    assert!(all.len() > 20, "{all:?}");
    for (name, filter) in all {
        let ran = host().on("kv-basic", &["-2", "-Y", &filter]);
        findings.check(ran.success && ran.stderr.is_empty(), || {
            format!("{name}: {filter}: {}", ran.stderr)
        });
    }
    findings.report();
}

#[test]
fn its_columns_and_graphs_are_of_fields() {
    let (fields, _) = registered_fields();
    let columns = lines("preferences");
    let columns: Vec<&str> = columns
        .iter()
        .filter_map(|line| line.split("%Cus:").nth(1)?.split(':').next())
        .collect();
    assert!(columns.len() >= 4, "{columns:?}");
    let widths = lines("recent").join("\n");
    for column in &columns {
        assert!(fields.contains_key(*column), "{column}");
        assert!(
            widths.contains(&format!("%Cus:{column}, ")),
            "{column} has no width"
        );
    }
    let mut graphs = 0;
    for (file, field, count) in [("io_graphs", 6, 9), ("plots", 6, 8)] {
        for line in lines(file) {
            let cells = cells(&line);
            assert_eq!(cells.len(), count, "{file}: {line}");
            if !cells[field].is_empty() {
                graphs += 1;
                assert_eq!(fields[cells[field]].kind, "FT_DOUBLE", "{file}: {line}");
            }
        }
    }
    assert!(graphs >= 5, "{graphs}");
}

/// The unit of the column is that of the Info column.
#[test]
fn its_response_time_is_in_the_unit_of_the_info_column() {
    use crate::common::fields::columns;
    let names = [
        "aerospike.response_time_ms",
        "aerospike.response_time",
        "_ws.col.Info",
    ];
    let rows = columns("kv-basic", &[], "aerospike.response_time", &names);
    assert!(rows.len() > 10);
    for row in rows {
        let number = |cell: &str| cell.parse::<f64>().expect("a number");
        let milliseconds = number(&row[0][0]);
        assert!(
            (milliseconds - number(&row[1][0]) * 1000.0).abs() < 1e-6,
            "{row:?}"
        );
        // The Info column cuts where the other rounds.
        let info = row[2].join(" ");
        let shown = info
            .rsplit_once('(')
            .and_then(|(_, rest)| rest.split(" ms)").next());
        let shown = number(shown.expect("a time"));
        assert!((shown - milliseconds).abs() < 0.01 || shown >= 10.0, "{row:?}");
    }
}
