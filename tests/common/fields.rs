//! `tshark -T fields`: the way to look at large captures, and the fields there are.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::host::host;

/// A line a frame: the values of each field asked for; a boolean is `1` or `0`, as Wireshark 4.0 says it, in
/// every version.
pub fn columns(capture: &str, options: &[&str], filter: &str, names: &[&str]) -> Vec<Vec<Vec<String>>> {
    let mut args = options.to_vec();
    args.extend([
        "-Y",
        filter,
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=,",
    ]);
    for name in names {
        args.extend(["-e", name]);
    }
    let text = host().on(capture, &args).expect_success().text();
    let cell = |(number, cell): (usize, &str)| {
        cell.split(',')
            .filter(|v| !v.is_empty())
            .map(|value| match value {
                "True" if is_boolean(names[number]) => "1".into(),
                "False" if is_boolean(names[number]) => "0".into(),
                _ => value.to_string(),
            })
            .collect()
    };
    text.lines()
        .map(|line| line.split('\t').enumerate().map(cell).collect())
        .collect()
}

fn is_boolean(name: &str) -> bool {
    let field = registered_fields().0.get(name);
    field.is_some_and(|field| field.kind == "FT_BOOLEAN")
}

/// The frames that pass a filter, with every item made, as in a window: for `-T fields`, Wireshark 4.4 and later
/// make only those that are asked for.
pub fn frames_with(capture: &str, options: &[&str], filter: &str) -> Vec<u32> {
    let mut args = options.to_vec();
    // Of a frame little more is printed than its first line, though all of it is made.
    args.extend(["-Y", filter, "-O", "frame"]);
    let text = host().on(capture, &args).expect_success().text();
    text.lines().filter_map(frame_of_line).collect()
}

/// Of the first line of a frame in a printed tree.
pub fn frame_of_line(line: &str) -> Option<u32> {
    line.strip_prefix("Frame ")?.split_once(':')?.0.parse().ok()
}

/// The filter for what Wireshark calls a dissector bug.
pub fn dissector_bug() -> &'static str {
    match host().series.as_str() {
        "4.0" | "4.2" => "_ws.malformed.dissector_bug",
        _ => "_ws.dissector_bug",
    }
}

/// A field as `tshark -G fields` lists it.
#[derive(Clone, Debug)]
pub struct Registered {
    pub title: String,
    /// Such as `FT_UINT8`; empty for a protocol.
    pub kind: String,
    pub protocol: String,
    pub blurb: String,
}

/// The fields and protocols of this plugin, by filter name, and what was said on stderr.
pub fn registered_fields() -> &'static (BTreeMap<String, Registered>, String) {
    static FIELDS: OnceLock<(BTreeMap<String, Registered>, String)> = OnceLock::new();
    FIELDS.get_or_init(|| {
        let ran = host().tshark(&["-G", "fields"]).expect_success();
        let mut fields = BTreeMap::new();
        for line in ran.text().lines() {
            let mut cells = line.split('\t');
            let mut cell = || cells.next().unwrap_or_default().to_string();
            let (letter, title, name) = (cell(), cell(), cell());
            if !super::pdml::is_ours(&name) {
                continue;
            }
            let field = match letter.as_str() {
                "P" => Registered {
                    title,
                    kind: String::new(),
                    protocol: String::new(),
                    blurb: String::new(),
                },
                _ => Registered {
                    title,
                    kind: cell(),
                    protocol: cell(),
                    blurb: cells.next_back().unwrap_or_default().into(),
                },
            };
            fields.insert(name, field);
        }
        (fields, ran.stderr)
    })
}
