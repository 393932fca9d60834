//! `docs/filters.md`: every name that the plugin registers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::common::document::{self, head, row};
use crate::common::fields::{Registered, registered_fields};
use crate::common::host::host;
use crate::markdown::documents;

const NAME: &str = "docs/filters.md";
/// Tables of this many values stand with their field; others are linked.
const SHORT: usize = 6;

const INTRODUCTION: &str = "# Display filters

Every name that the plugin registers: for filters, columns, `-e` and colour rules. Made from what Wireshark lists (`tshark -G fields`).

| type | in a filter |
|---|---|
| yes or no | `aerospike.msg.info2.write == 1`; the bare name asks whether it is there at all |
| number (u8 to u64, i32, i64), float | `== 14`, `> 100`, hexadecimal as `0x0e`; where there are names also `== \"KEY_BUSY\"` |
| text | `== \"demo\"`, always in double quotes; `contains \"mo\"`, `matches \"^d\"` |
| bytes | `== 1c9b8ac7`, `== 1c:9b:8a:c7`, without quotes; `contains 1c:9b` |
| duration | in seconds: `> 0.005` |
| time | `>= \"2026-11-22 20:00:00\"` |
| frame | the number of the linked frame: `== 35` |
| heading | only whether it is there |

A name stands for all its values in a frame: `aerospike.msg.result_code != 0` is true for a frame in which **no** message has the result 0, and
`any aerospike.msg.result_code != 0` for one in which some message has another. Computed values (links, times, digests from keys, texts) are shown in brackets.

";

/// Titles of the groups; a group is the second part of a name.
const TITLES: [(&str, &str); 20] = [
    ("", "Every message"),
    ("key", "Records"),
    ("msg", "Message header"),
    ("field", "Fields of messages"),
    ("op", "Operations"),
    ("value", "Values"),
    ("batch", "Batch"),
    ("cdt", "List, map, bit and HLL operations"),
    ("exp", "Expressions"),
    ("predexp", "Filters up to 5.1"),
    ("index", "Queries"),
    ("udf", "Functions"),
    ("info", "Info"),
    ("admin", "Security"),
    ("container", "Messages between nodes"),
    ("node", "Nodes and clusters"),
    ("endpoint", "Endpoints"),
    ("heartbeat", "Heartbeat"),
    ("fabric", "Fabric"),
    ("record", "Records between nodes"),
];

/// Names of few words that belong to a group of another word.
const MOVED: [(&str, &str); 14] = [
    ("aerospike.namespace", "key"),
    ("aerospike.set", "key"),
    ("aerospike.digest", "key"),
    ("aerospike.partition", "key"),
    ("aerospike.bin", "key"),
    ("aerospike.value", "value"),
    ("aerospike.trid", "index"),
    ("aerospike.cluster_key", "node"),
    ("aerospike.cluster_size", "node"),
    ("aerospike.principal", "node"),
    ("aerospike.paxos_sequence", "node"),
    ("aerospike.hlc", "node"),
    ("aerospike.succession", "node"),
    ("aerospike.records", ""),
];

fn group(name: &str) -> &str {
    let moved = MOVED.iter().find(|(start, _)| {
        name == *start || name.strip_prefix(start).is_some_and(|rest| rest.starts_with('.'))
    });
    if let Some((_, group)) = moved {
        return group;
    }
    let word = name.split('.').nth(1).unwrap_or_default();
    TITLES
        .iter()
        .find(|(key, _)| *key == word)
        .map_or("", |(key, _)| key)
}

fn kind(field: &Registered) -> String {
    match field.kind.as_str() {
        "FT_NONE" => "heading".into(),
        "FT_BOOLEAN" => "yes or no".into(),
        "FT_STRING" => "text".into(),
        "FT_BYTES" => "bytes".into(),
        "FT_FRAMENUM" => "frame".into(),
        "FT_ABSOLUTE_TIME" => "time".into(),
        "FT_RELATIVE_TIME" => "duration".into(),
        "FT_DOUBLE" => "float".into(),
        other => match other
            .strip_prefix("FT_UINT")
            .or_else(|| other.strip_prefix("FT_INT"))
        {
            Some(bits) => format!("{}{bits}", if other.contains("UINT") { 'u' } else { 'i' }),
            None => other.trim_start_matches("FT_").to_string(),
        },
    }
}

/// The values with names of each field.
fn values() -> BTreeMap<String, BTreeMap<u64, String>> {
    let mut all: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    for line in host().tshark(&["-G", "values"]).expect_success().text().lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let ["V", field, value, name] = cells[..] else {
            continue;
        };
        if field.starts_with("aerospike.") {
            let value = match value.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16),
                None => value.parse(),
            };
            all.entry(field.into())
                .or_default()
                .insert(value.unwrap_or_default(), name.into());
        }
    }
    all
}

/// The tables of the protocol's reference: where each is, and its codes and names.
fn tables() -> Vec<(String, BTreeMap<u64, String>)> {
    let mut tables = Vec::new();
    for name in documents()
        .iter()
        .filter(|name| name.starts_with("docs/protocol/"))
    {
        let text = document::read(name);
        let mut place = String::new();
        let mut rows: Option<BTreeMap<u64, String>> = None;
        for line in text.lines() {
            if line.starts_with('#') {
                let slug = line
                    .trim_start_matches('#')
                    .trim()
                    .to_lowercase()
                    .replace(' ', "-");
                let slug: String = slug
                    .chars()
                    .filter(|c| c.is_alphanumeric() || *c == '-')
                    .collect();
                place = format!("{}#{slug}", name.trim_start_matches("docs/"));
            } else if line.starts_with("<!-- table ") {
                rows = Some(BTreeMap::new());
            } else if line == "<!-- end -->" {
                tables.extend(rows.take().map(|rows| (place.clone(), rows)));
            } else if let Some(rows) = &mut rows {
                let cells: Vec<&str> = line.split(" | ").collect();
                let code = cells[0].trim_start_matches("| ");
                let code = code
                    .strip_prefix("0x")
                    .map_or_else(|| code.parse(), |hex| u64::from_str_radix(hex, 16));
                if let (Ok(code), Some(name)) = (code, cells.get(1)) {
                    rows.insert(code, name.trim_matches([' ', '|', '`']).into());
                }
            }
        }
    }
    tables
}

struct Values {
    of: BTreeMap<String, BTreeMap<u64, String>>,
    tables: Vec<(String, BTreeMap<u64, String>)>,
}

impl Values {
    /// The values of a field in words, or where they are.
    fn words(&self, name: &str) -> Option<String> {
        let values = self.of.get(name)?;
        let all = |values: &BTreeMap<u64, String>| {
            let words: Vec<String> = values
                .iter()
                .map(|(code, name)| format!("{code} `{name}`"))
                .collect();
            words.join(", ")
        };
        if values.len() <= SHORT {
            return Some(all(values));
        }
        let table = self
            .tables
            .iter()
            .find(|(_, rows)| values.iter().all(|(code, name)| rows.get(code) == Some(name)));
        Some(match table {
            Some((place, _)) => format!("[values]({place})"),
            None => all(values),
        })
    }
}

/// The expert items as the sources declare them: name, severity, group, summary. No list of Wireshark's has the severity.
fn experts() -> Vec<[String; 4]> {
    fn visit(folder: &Path, out: &mut Vec<[String; 4]>) {
        let mut entries: Vec<_> = fs::read_dir(folder)
            .expect("sources")
            .flatten()
            .map(|e| e.path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                visit(&path, out);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            for part in text.split("\nexperts! {").skip(1) {
                let part = part.split("\n}").next().unwrap_or_default();
                for item in part.split(";\n") {
                    let quoted: Vec<&str> = item.split('"').collect();
                    let [head, name, _, summary, _] = quoted[..] else {
                        continue;
                    };
                    let words: Vec<&str> = head
                        .split([':', ',', ' ', '\n'])
                        .filter(|w| !w.is_empty())
                        .collect();
                    let [.., severity, group] = words[..] else {
                        continue;
                    };
                    out.push([name.into(), severity.to_lowercase(), group.into(), summary.into()]);
                }
            }
        }
    }
    let mut all = Vec::new();
    visit(&document::path("src/dissect"), &mut all);
    all.sort();
    all
}

/// `ResponseCode` as Wireshark writes it in its list.
fn words(camel: &str) -> String {
    let mut out = String::new();
    for (at, c) in camel.chars().enumerate() {
        if c.is_uppercase() && at > 0 {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn reference() -> String {
    let (fields, _) = registered_fields();
    let values = Values {
        of: values(),
        tables: tables(),
    };
    let mut text = INTRODUCTION.to_string();
    text += "## Protocols\n\nEach can be switched off under *Analyze › Enabled Protocols* or with `--disable-protocol`.\n\n";
    text += &head(&["filter", "protocol"]);
    for (name, field) in fields.iter().filter(|(_, field)| field.kind.is_empty()) {
        text += &row(&[format!("`{name}`"), field.title.clone()]);
    }
    let plain =
        |name: &str, field: &Registered| !field.kind.is_empty() && !name.starts_with("aerospike.expert.");
    for (key, title) in TITLES {
        text += &format!("\n## {title}\n\n{}", head(&["filter", "type", "name", "what"]));
        for (name, field) in fields
            .iter()
            .filter(|(name, field)| plain(name, field) && group(name) == key)
        {
            let what = match values.words(name) {
                Some(words) if field.blurb.is_empty() => words,
                Some(words) => format!("{}: {words}", field.blurb),
                None => field.blurb.clone(),
            };
            text += &row(&[format!("`{name}`"), kind(field), field.title.clone(), what]);
        }
    }
    text += "\n## Expert information\n\nEach is a filter.\n\n";
    text += &head(&["filter", "severity", "group", "when"]);
    for [name, severity, group, summary] in experts() {
        text += &row(&[format!("`{name}`"), severity, words(&group), summary]);
    }
    text
}

#[test]
fn reference_is_what_is_registered() {
    let text = reference();
    let shown: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `aerospike"))
        .filter_map(|line| line.split('`').next())
        .collect();
    let registered = registered_fields().0.len();
    assert!(registered > 400, "{registered} names are registered");
    assert_eq!(shown.len(), registered, "names that are shown and registered");
    document::keep(NAME, &text);
}
