//! What must not leave the house: keys, digests, users and addresses become names that are the same throughout a report.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::grid::Grid;
use crate::side::Side;
use crate::table::Table;

/// What can be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Hidden {
    /// User keys.
    Keys,
    /// Digests of records.
    Digests,
    /// Names of users, and of the applications that clients name.
    Users,
    /// Addresses of clients and nodes, and names that stand for them.
    Addresses,
}

impl Hidden {
    /// As the user names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Digests => "digests",
            Self::Users => "users",
            Self::Addresses => "addresses",
        }
    }
}

/// Gives names, the same for the same thing.
#[derive(Debug, Default)]
pub struct Hider {
    kinds: BTreeSet<Hidden>,
    names: HashMap<(&'static str, String), String>,
    counts: HashMap<&'static str, usize>,
    /// Addresses that are nodes.
    nodes: BTreeSet<String>,
    /// In quotes and no keys.
    open_names: BTreeSet<String>,
}

/// Columns whose cells are all addresses or names of hosts.
const HOSTS: &[&str] = &["Advertised", "Addresses", "TLS name", "Host"];

impl Hider {
    /// One that hides these.
    #[must_use]
    pub fn new(kinds: &[Hidden]) -> Self {
        Self {
            kinds: kinds.iter().copied().collect(),
            ..Self::default()
        }
    }

    fn hides(&self, kind: Hidden) -> bool {
        self.kinds.contains(&kind)
    }

    fn name(&mut self, kind: &'static str, what: &str) -> String {
        if what.is_empty() {
            return String::new();
        }
        let key = (kind, what.to_owned());
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("{kind}-{count}");
        self.names.insert(key, name.clone());
        name
    }

    /// Hides what is to be hidden in all that is known of a side.
    pub fn hide(&mut self, side: &mut Side) {
        if self.kinds.is_empty() {
            return;
        }
        self.learn(side);
        if self.hides(Hidden::Addresses) {
            self.hide_grid(&mut side.grid);
        }
        let clients = std::mem::take(&mut side.clients);
        side.clients = clients
            .into_iter()
            .map(|(address, client, application)| {
                let application = if self.hides(Hidden::Users) && application != "not-set" {
                    self.name("application", &application)
                } else {
                    application
                };
                (self.text(&address), client, application)
            })
            .collect();
        for source in &mut side.sources {
            // A capture is often called by its host.
            let name = self.text(&source.name());
            source.path = name.into();
            source.problems = source.problems.iter().map(|problem| self.text(problem)).collect();
        }
        for table in side.tables.values_mut() {
            self.hide_table(table);
        }
        self.hide_keys(side);
    }

    /// Which addresses are nodes, so that the names say it; and what stands in quotes and is no key.
    fn learn(&mut self, side: &Side) {
        let host = |endpoint: &str| {
            endpoint
                .rsplit_once(':')
                .map(|(host, _)| host.trim_matches(['[', ']']).to_owned())
        };
        self.nodes
            .extend(side.grid.lines.keys().filter_map(|(node, _)| host(node)));
        for table in side.tables.values() {
            for row in table.all() {
                self.nodes.extend(
                    ["Server node", "Node"]
                        .iter()
                        .filter_map(|column| host(row.text(column))),
                );
                self.open_names
                    .extend(["Namespace", "Set", "Bin"].map(|column| row.text(column).to_owned()));
            }
        }
        let records = side.hot_keys.hottest(usize::MAX);
        self.open_names.extend(
            records
                .iter()
                .flat_map(|record| [record.namespace.clone(), record.set.clone()]),
        );
    }

    fn hide_grid(&mut self, grid: &mut Grid) {
        let lines = std::mem::take(&mut grid.lines);
        grid.lines = lines
            .into_iter()
            .map(|((node, operation), line)| ((self.text(&node), operation), line))
            .collect();
    }

    fn hide_table(&mut self, table: &mut Table) {
        for row in &mut table.rows {
            for (column, cell) in table.columns.iter().zip(&mut row.cells) {
                *cell = self.cell(column, cell);
            }
        }
    }

    fn cell(&mut self, column: &str, cell: &str) -> String {
        match column {
            "Build" | "Version" => cell.to_owned(),
            "Key" if self.hides(Hidden::Keys) => self.name("key", cell),
            _ if HOSTS.contains(&column) && self.hides(Hidden::Addresses) => {
                let names: Vec<String> = cell
                    .split([' ', ',', ';'])
                    .filter(|name| !name.is_empty())
                    .map(|name| {
                        let hidden = self.text(name);
                        if hidden == name {
                            self.name("host", name)
                        } else {
                            hidden
                        }
                    })
                    .collect();
                names.join(", ")
            }
            _ => self.text(cell),
        }
    }

    fn hide_keys(&mut self, side: &mut Side) {
        // By their place, so that the hottest is the first.
        let order: Vec<(String, String)> = (side.hot_keys.hottest(usize::MAX).into_iter())
            .map(|record| (record.key.clone(), record.digest.clone()))
            .collect();
        let mut names = BTreeMap::new();
        for (key, digest) in order {
            let hidden_key = if self.hides(Hidden::Keys) {
                self.name("key", &key)
            } else {
                key
            };
            let hidden_digest = if self.hides(Hidden::Digests) {
                self.name("digest", &digest)
            } else {
                digest.clone()
            };
            names.insert(digest, (hidden_key, hidden_digest));
        }
        for record in side.hot_keys.records_mut() {
            record.filter = self.text(&record.filter);
            if let Some((key, digest)) = names.get(&record.digest) {
                (record.key, record.digest) = (key.clone(), digest.clone());
            }
        }
    }

    /// A text in which addresses, digests, keys and users may stand.
    #[must_use]
    pub fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = "";
        while let Some(letter) = rest.chars().next() {
            if letter == '"' && self.hides(Hidden::Keys) {
                let (quoted, length) = quoted(rest);
                let inner = self.quoted(quoted);
                out.push_str(&inner);
                rest = &rest[length..];
                continue;
            }
            let is_word = |letter: char| {
                letter.is_alphanumeric() || matches!(letter, '.' | ':' | '_' | '-' | '[' | ']' | '\'')
            };
            let length = rest
                .find(|letter| !is_word(letter))
                .unwrap_or(rest.len())
                .max(letter.len_utf8());
            let word = &rest[..length];
            if is_word(letter) {
                let hidden = self.word(before, word);
                out.push_str(&hidden);
                before = word;
            } else {
                out.push_str(word);
            }
            rest = &rest[length..];
        }
        out
    }

    fn quoted(&mut self, quoted: &str) -> String {
        let is_open = self.open_names.contains(quoted);
        if is_open {
            format!("\"{quoted}\"")
        } else {
            format!("\"{}\"", self.name("key", quoted))
        }
    }

    fn word(&mut self, before: &str, word: &str) -> String {
        let bare = word.trim_end_matches([':', '.', '-']);
        let tail = &word[bare.len()..];
        let is_hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.hides(Hidden::Digests) && bare.len() == 40 && is_hex(bare) {
            return self.name("digest", bare) + tail;
        }
        if self.hides(Hidden::Keys) && (bare.starts_with("x'") || (before == "key" && !bare.is_empty())) {
            return self.name("key", bare) + tail;
        }
        if self.hides(Hidden::Users) && before == "user" {
            return self.name("user", bare) + tail;
        }
        if self.hides(Hidden::Addresses) {
            // A server's version looks like an address.
            if matches!(before, "build" | "version" | "Build") {
                return word.to_owned();
            }
            if let Some(hidden) = self.address(bare) {
                return hidden + tail;
            }
            // A node's id is made of the address of its network card.
            if (12..=16).contains(&bare.len())
                && is_hex(bare)
                && bare.bytes().any(|byte| byte.is_ascii_alphabetic())
            {
                return self.name("id", &bare.to_lowercase()) + tail;
            }
        }
        word.to_owned()
    }

    /// An address, with or without port, or none.
    fn address(&mut self, word: &str) -> Option<String> {
        if let Some(host) = self.host(word) {
            return Some(host);
        }
        let (host, port) = word.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        Some(format!("{}:{port}", self.host(host)?))
    }

    fn host(&mut self, word: &str) -> Option<String> {
        let bare = word
            .strip_prefix('[')
            .and_then(|word| word.strip_suffix(']'))
            .unwrap_or(word);
        let is_address = bare.parse::<Ipv4Addr>().is_ok()
            || (bare.contains("::") || bare.matches(':').count() == 7) && bare.parse::<Ipv6Addr>().is_ok();
        if !is_address {
            return None;
        }
        let kind = if self.nodes.contains(bare) { "node" } else { "host" };
        Some(self.name(kind, bare))
    }
}

/// What stands between quotes, and how long it is with them.
fn quoted(text: &str) -> (&str, usize) {
    let inner = &text[1..];
    match inner.find('"') {
        Some(end) => (&inner[..end], end + 2),
        None => (inner, text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hider(kinds: &[Hidden]) -> Hider {
        let mut hider = Hider::new(kinds);
        hider.nodes.insert("10.77.0.11".to_owned());
        hider.open_names.extend(["test".to_owned()]);
        hider
    }

    #[test]
    fn the_same_address_has_the_same_name_everywhere() {
        let mut hider = hider(&[Hidden::Addresses]);
        assert_eq!(
            hider.text("10.77.0.101, 10.77.0.9 (+3) to 10.77.0.11:3000"),
            "host-1, host-2 (+3) to node-1:3000"
        );
        assert_eq!(
            hider.text("ip.addr == 10.77.0.11 and tcp.port == 3000 and frame.time_relative >= 2.287"),
            "ip.addr == node-1 and tcp.port == 3000 and frame.time_relative >= 2.287"
        );
        assert_eq!(hider.text("[fe80::1]:3000 and ::1."), "host-3:3000 and host-4.");
        assert_eq!(hider.text("node BB9020011AC4202 (a1)"), "node id-1 (a1)");
        assert_eq!(
            hider.text("at 12:03:04.5, build 8.1.2.0, 40 ms"),
            "at 12:03:04.5, build 8.1.2.0, 40 ms"
        );
    }

    #[test]
    fn what_is_not_to_be_hidden_stays() {
        let text = "10.77.0.11 test/demo 6eeb1726231f5d5b7b5a70e83ffca80fb578a0f5 \"b0\" user bob";
        assert_eq!(hider(&[]).text(text), text);
        assert_eq!(
            hider(&[Hidden::Digests]).text(text),
            "10.77.0.11 test/demo digest-1 \"b0\" user bob"
        );
        assert_eq!(
            hider(&[Hidden::Keys, Hidden::Users]).text(text),
            "10.77.0.11 test/demo 6eeb1726231f5d5b7b5a70e83ffca80fb578a0f5 \"key-1\" user user-1"
        );
        assert_eq!(
            hider(&[Hidden::Keys]).text("aerospike.namespace == \"test\" and aerospike.key == \"b0\""),
            "aerospike.namespace == \"test\" and aerospike.key == \"key-1\""
        );
    }
}
