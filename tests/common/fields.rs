//! `tshark -T fields`: the way to look at large captures, and the fields there are.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::host::host;

/// A line a frame: the values of each field asked for.
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
    let cell = |cell: &str| {
        cell.split(',')
            .filter(|v| !v.is_empty())
            .map(str::to_string)
            .collect()
    };
    text.lines()
        .map(|line| line.split('\t').map(cell).collect())
        .collect()
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
pub fn registered() -> &'static (BTreeMap<String, Registered>, String) {
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
