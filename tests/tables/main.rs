//! The protocol's reference: its tables are those of the code.
//!
//! A table stands in `docs/protocol/*.md` between `<!-- table NAME -->` and `<!-- end -->`, NAME being its path in
//! `src/wire`. Codes, names and remarks are the code's; descriptions of flags and contents are its doc comments.

#[allow(dead_code)]
#[path = "../common/document.rs"]
mod document;
mod list;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use document::{head, row};
use list::{Table, tables};

/// The table as Markdown.
fn markdown(name: &str, table: &Table) -> String {
    let mut text = String::new();
    match table {
        Table::Rows(rows) => {
            let remarks = rows.iter().any(|row| !row.remark.is_empty());
            text += &head(if remarks {
                &["code", "name", "remark"]
            } else {
                &["code", "name"]
            });
            let wide = rows.iter().all(|row| row.value > 0xff);
            for one in *rows {
                let code = if wide {
                    format!("0x{:x}", one.value)
                } else {
                    one.value.to_string()
                };
                let cells = [code, format!("`{}`", one.name), one.remark.to_string()];
                text += &row(if remarks { &cells } else { &cells[..2] });
            }
        }
        Table::Operations(rows, arguments) => {
            let remarks = rows.iter().any(|row| !row.remark.is_empty());
            text += &head(if remarks {
                &["code", "name", "arguments", "remark"]
            } else {
                &["code", "name", "arguments"]
            });
            for one in *rows {
                let cells = [
                    one.value.to_string(),
                    format!("`{}`", one.name),
                    arguments(one.value),
                    one.remark.to_string(),
                ];
                text += &row(if remarks { &cells } else { &cells[..3] });
            }
        }
        Table::Flags(flags) => {
            let words = source::flags(name);
            let mut flags = flags.clone();
            flags.sort_unstable();
            text += &head(&["bits", "name", "meaning"]);
            for (bits, flag) in flags.iter().filter(|(_, flag)| !flag.is_empty()) {
                let meaning = words
                    .get(*flag)
                    .unwrap_or_else(|| panic!("{name}: {flag} is not described"));
                text += &row(&[format!("0x{bits:02x}"), format!("`{flag}`"), meaning.clone()]);
            }
        }
        Table::Fields(specs) => {
            text += &head(&["id", "name", "wire type", "content", "remark"]);
            for spec in *specs {
                text += &row(&[
                    spec.id.to_string(),
                    format!("`{}`", spec.name),
                    spec.wire.to_string(),
                    format!("{:?}", spec.kind),
                    spec.remark.to_string(),
                ]);
            }
        }
        Table::FieldTypes(rows) => {
            let words = source::alternatives("client/fields/field.rs", "pub enum FieldValue<'a>");
            text += &head(&["type", "name", "data", "remark"]);
            for one in *rows {
                let data: Vec<&str> = words
                    .iter()
                    .filter(|(_, comment)| names_before_colon(comment).any(|name| name == one.name))
                    .map(|(_, comment)| comment.split_once(": ").map_or("below", |(_, data)| data))
                    .map(|data| data.trim_end_matches('.'))
                    .collect();
                text += &row(&[
                    one.value.to_string(),
                    format!("`{}`", one.name),
                    data.join("; or "),
                    one.remark.to_string(),
                ]);
            }
        }
        Table::Kinds(used) => {
            let words = source::alternatives("internode/container/spec.rs", "pub enum ContentKind");
            text += &head(&["content", "what it is"]);
            for (name, comment) in words.iter().filter(|(name, _)| used.contains(name)) {
                // A comment that only names a table of the code.
                let own = comment.trim_end_matches('.') == name;
                text += &row(&[
                    name.as_str(),
                    if own {
                        "Codes or flags: their table stands beside the fields."
                    } else {
                        comment
                    },
                ]);
            }
        }
    }
    text
}

fn names_before_colon(comment: &str) -> impl Iterator<Item = &str> {
    comment
        .split(':')
        .next()
        .unwrap_or_default()
        .split([' ', ',', '.', '(', ')'])
        .filter(|word| word.len() > 2)
}

/// The document with its tables as they are in the code.
fn fill(name: &str, text: &str, tables: &BTreeMap<&str, Table>, shown: &mut BTreeSet<String>) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        let Some(table) = line
            .strip_prefix("<!-- table ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        let found = tables
            .get(table)
            .unwrap_or_else(|| panic!("{name}: no table {table}"));
        out += &format!("\n{}\n<!-- end -->\n", markdown(table, found));
        shown.insert(table.to_string());
        assert!(
            lines.any(|line| line == "<!-- end -->"),
            "{name}: {table} has no end"
        );
    }
    out
}

#[test]
fn tables_are_those_of_the_code() {
    let tables: BTreeMap<&str, Table> = tables().into_iter().collect();
    let mut shown = BTreeSet::new();
    for name in document::documents() {
        let text = document::read(&name);
        document::keep(&name, &fill(&name, &text, &tables, &mut shown));
    }
    let missing: Vec<&&str> = tables.keys().filter(|name| !shown.contains(**name)).collect();
    assert!(missing.is_empty(), "no document shows {missing:?}");
}

#[test]
fn no_table_of_the_code_is_forgotten() {
    let listed: BTreeSet<String> = tables().into_iter().map(|(name, _)| name.to_string()).collect();
    let declared = source::read_declared();
    assert!(declared.len() > 60, "{} tables are declared", declared.len());
    let missing: Vec<_> = declared.difference(&listed).collect();
    assert!(missing.is_empty(), "not in tests/tables/list.rs: {missing:?}");
}

/// Links between the documents go to files and headings that exist.
#[test]
fn links_lead_somewhere() {
    let mut bad = Vec::new();
    let mut links = 0;
    for name in document::documents() {
        let text = document::read(&name);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = document::path(&name).parent().expect("a folder").to_path_buf();
            let path = if file.is_empty() {
                document::path(&name)
            } else {
                folder.join(file)
            };
            if !path.exists() {
                bad.push(format!("{name}: {target}"));
            } else if !anchor.is_empty() {
                let headed = fs::read_to_string(&path).unwrap_or_default();
                if !headed
                    .lines()
                    .any(|line| line.starts_with('#') && slug(line) == anchor)
                {
                    bad.push(format!("{name}: {target}: no such heading"));
                }
            }
        }
    }
    assert!(links > 20 && bad.is_empty(), "{links} links\n{}", bad.join("\n"));
}

/// The anchor of a heading, as code hosts make it.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}
