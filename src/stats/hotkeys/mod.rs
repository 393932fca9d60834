//! The hot key report: a row a record, hottest first, from single requests, batch rows and (by preference) scans.
//!
//! Rows are put in order and written when they are drawn.

mod counts;

use core::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use self::counts::{
    AtNode, Counts, DIGEST, FILTER, FIRST_FRAME, KEY, NAMESPACE, NODE_SHARE, RANK, REQUESTS, SET, SHARE,
};
use super::shared::endpoint::Endpoint;
use super::shared::names::Names;
use super::shared::opening::PRESS_APPLY;
use super::shared::percentiles::rounded_up;
use crate::epan::Text;
use crate::epan::memory::MOST_TAPPED;
use crate::epan::plugin::register::preference;
use crate::epan::reports::stats::{Cell, Column, Report, ReportRow, ReportTables, has_windows};
use crate::track::record::{Record, Records, Touch};
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::client::fields::key::KeyLiteral;
use crate::wire::ground::text::{Hex, LossyText};

/// Rows that are listed at most.
const ROWS: usize = 100_000;
/// Keys that are counted at most; the hottest of them are listed.
const COUNTED: usize = 1_000_000;
/// Shares of so many of the hottest keys are shown.
const TOPS: [usize; 4] = [1, 10, 100, 1000];

/// Bytes of a user key that are shown, and that are kept of all together.
const KEY_TEXT: usize = 4096;
const KEY_TEXTS: usize = 128 << 20;

/// Tables.
const TOTALS: u32 = 0;
const LIST: u32 = 1;

/// Nodes of a key that are counted: its master and its copies. What goes elsewhere is left out.
const COPIES: usize = 3;
/// Nodes that are told apart; the others count as one.
const NODES: u16 = 1024;

/// A record, and what is counted of it.
struct Key {
    digest: [u8; LENGTH],
    /// Namespace and set by their numbers; the set as soon as a message tells it.
    namespace: u32,
    set: u32,
    /// The user key as it is shown, likewise.
    user_key: Option<Box<str>>,
    counts: Counts,
    at_nodes: [AtNode; COPIES],
    /// The first frame that asks for it or answers.
    first_frame: u32,
}

/// `1 key`, `50 keys`.
struct Keys(usize);

impl core::fmt::Display for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} key{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// The filter that finds a record's packets. It has `and`, not `&&`: cells may stand between bars.
struct Filter<'k>(&'k [u8; LENGTH], &'k [u8]);

impl core::fmt::Display for Filter<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(digest, namespace) = *self;
        write!(f, "aerospike.digest == {}", Hex(digest))?;
        // One with other characters is no name of a namespace, and could break the filter.
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-$".contains(byte);
        if !namespace.is_empty() && namespace.iter().all(is_plain) {
            write!(f, " and aerospike.namespace == \"{}\"", LossyText(namespace))?;
        }
        Ok(())
    }
}

/// The rows of the totals as they grow.
struct Totals<'s> {
    tables: &'s ReportTables,
    rows: u32,
    /// What shares are of: all keys, those that are not counted one by one included.
    whole: u64,
}

impl Totals<'_> {
    /// A row, behind the last; `keys` says which.
    fn add(&mut self, name: &str, keys: core::fmt::Arguments<'_>) -> Option<ReportRow> {
        let row = self.tables.row(TOTALS, self.rows)?;
        self.rows += 1;
        row.unsigned(RANK, self.rows);
        row.text(NAMESPACE, format_args!("{name}"));
        row.text(KEY, keys);
        for column in [SET, DIGEST, FILTER] {
            row.text(column, format_args!(""));
        }
        Some(row)
    }

    /// Likewise, of keys with so many requests.
    fn share(&mut self, name: &str, keys: core::fmt::Arguments<'_>, heat: u64) {
        let share = share(heat, self.whole);
        if let Some(row) = self.add(name, keys) {
            row.unsigned(REQUESTS, u32::try_from(heat).unwrap_or(u32::MAX));
            row.decimal(SHARE, share);
        }
    }
}

/// Per cent of all.
fn share(heat: u64, whole: u64) -> f64 {
    heat as f64 * 100.0 / whole.max(1) as f64
}

/// The report.
pub struct HotKeys {
    /// Rows at most.
    limit: usize,
    /// Namespaces and sets.
    names: Names,
    /// The namespace of the last touch.
    namespace: u32,
    index: HashMap<(u32, [u8; LENGTH]), u32, RandomState>,
    keys: Vec<Key>,
    /// Bytes of the user keys.
    texts: usize,
    all: Counts,
    /// Of keys that are not counted one by one.
    others: Counts,
    /// Messages that Wireshark had no room for.
    missing: u32,
    /// Nodes by address and port, and all that goes to each.
    nodes: HashMap<Endpoint, u16, RandomState>,
    at_nodes: Vec<AtNode>,
    /// When the first and the last message were seen.
    seen: Option<(i64, i64)>,
    /// Requests a second below which a key is not listed.
    least: u32,
    /// It was opened while the capture was read.
    is_late: bool,
}

impl Default for HotKeys {
    fn default() -> Self {
        let limit = match usize::try_from(preference::hotkeys_rows()) {
            Ok(rows @ 1..ROWS) if has_windows() => rows,
            _ => ROWS,
        };
        Self {
            limit,
            names: Names::default(),
            namespace: 0,
            index: HashMap::default(),
            keys: Vec::new(),
            texts: 0,
            all: Counts::default(),
            others: Counts::default(),
            missing: 0,
            nodes: HashMap::default(),
            at_nodes: Vec::new(),
            seen: None,
            least: preference::hotkeys_least(),
            is_late: false,
        }
    }
}

impl Report<Records> for HotKeys {
    const NUMBER: u8 = 0;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Hot Key Report";
    const CLI: &'static core::ffi::CStr = c"aerospike,hotkeys";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"Rank", Cell::Unsigned, 6),
        Column::new(c"Namespace", Cell::Text, 12),
        Column::new(c"Set", Cell::Text, 12),
        Column::new(c"Key", Cell::Text, 20),
        Column::new(c"Requests", Cell::Unsigned, 8),
        Column::new(c"Share %", Cell::Decimal(1), 7),
        Column::new(c"Errors", Cell::Unsigned, 6),
        Column::new(c"Mean ms", Cell::Decimal(3), 9),
        Column::new(c"Max ms", Cell::Decimal(3), 9),
        Column::new(c"Reads", Cell::Unsigned, 8),
        Column::new(c"Writes", Cell::Unsigned, 8),
        Column::new(c"Responses", Cell::Unsigned, 9),
        Column::new(c"\xce\xb4 req-resp", Cell::Signed, 10),
        Column::new(c"First frame", Cell::Unsigned, 11),
        Column::new(c"Digest", Cell::Text, 40),
        Column::new(c"Filter", Cell::Text, 40),
        Column::new(c"Requests/s", Cell::Decimal(1), 10),
        Column::new(c"Bytes/s", Cell::Decimal(1), 12),
        Column::new(c"Mean size", Cell::Decimal(1), 10),
        Column::new(c"% NOT_FOUND", Cell::Decimal(2), 11),
        Column::new(c"% of node", Cell::Decimal(1), 9),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[c"All keys", c"Keys, hottest first"];

    fn comes_late(&mut self) {
        self.is_late = true;
    }

    fn on_open(&mut self, tables: &ReportTables) {
        self.on_draw(tables);
    }

    fn packet(&mut self, record: &Record<'_>, _: &ReportTables) -> bool {
        let (first, last) = self.seen.unwrap_or((record.time, record.time));
        self.seen = Some((first.min(record.time), last.max(record.time)));
        self.missing = self.missing.saturating_add(record.messages_missing());
        let Some(like) = record.touches.last() else {
            return record.missing.is_some();
        };
        let node = self.node(record);
        for touch in record.touches {
            self.count(record, touch, node);
        }
        // Of those that are left out only the number is known.
        for _ in 0..record.left_out {
            self.all.add(record, like);
            self.others.add(record, like);
        }
        true
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        tables.clear(TOTALS);
        tables.clear(LIST);
        let (first, last) = self.seen.unwrap_or_default();
        let seconds = (last - first) as f64 / 1e9;
        // Of those with the same heat, that which was seen first.
        let mut order: Vec<&Key> = self.keys.iter().collect();
        order.sort_by_key(|key| Reverse(key.counts.heat()));
        let heat = |keys: &[&Key]| keys.iter().map(|key| u64::from(key.counts.heat())).sum::<u64>();
        // That of all together can be less: of one key the requests pass a filter, of another the answers.
        let of_keys = heat(&order);
        let others = u64::from(self.others.heat());
        let mut totals = Totals {
            tables,
            rows: 0,
            whole: of_keys + others,
        };
        if let Some(row) = totals.add("all keys", format_args!("{}", Keys(self.keys.len()))) {
            self.all.write(row);
            self.all.write_rates(row, seconds);
            row.decimal(SHARE, share(totals.whole, totals.whole));
        }
        for top in TOPS {
            if let Some(keys) = order.get(..top).filter(|_| order.len() > top) {
                totals.share(&format!("top {top}"), format_args!(""), heat(keys));
            }
        }
        let (listed, left) = order.split_at(self.limit.min(order.len()));
        if !left.is_empty() {
            totals.share("not listed", format_args!("{}", Keys(left.len())), heat(left));
        }
        let least = rounded_up(f64::from(self.least) * seconds);
        let hot = listed.partition_point(|key| u64::from(key.counts.heat()) >= least);
        let (listed, cooler) = listed.split_at(hot);
        if !cooler.is_empty() {
            let keys = Keys(cooler.len());
            totals.share(
                "cooler",
                format_args!("{keys}, less than {}/s each", self.least),
                heat(cooler),
            );
        }
        if others > 0 {
            totals.share("not counted", format_args!(""), others);
        }
        if self.missing > 0 {
            let missing = self.missing;
            totals.add(
                "not counted",
                format_args!("{missing} messages, beyond {MOST_TAPPED} a frame"),
            );
        }
        if self.texts >= KEY_TEXTS {
            totals.add(
                "not told",
                format_args!("user keys beyond {} MB", KEY_TEXTS >> 20),
            );
        }
        if self.is_late {
            totals.add("not counted", format_args!("{PRESS_APPLY}"));
        }
        for (place, key) in (0u32..).zip(listed) {
            let Some(row) = tables.row(LIST, place) else {
                return;
            };
            row.unsigned(RANK, place + 1);
            self.write(key, row);
            key.counts.write(row);
            key.counts.write_rates(row, seconds);
            row.decimal(SHARE, share(u64::from(key.counts.heat()), totals.whole));
            row.decimal(NODE_SHARE, self.share_of_node(key));
        }
    }
}

impl HotKeys {
    /// Which record it is, and what finds its packets.
    fn write(&self, key: &Key, row: ReportRow) {
        let namespace = self.names.get(key.namespace);
        row.text(NAMESPACE, format_args!("{}", LossyText(namespace)));
        row.text(SET, format_args!("{}", LossyText(self.names.get(key.set))));
        row.text(
            KEY,
            format_args!("{}", key.user_key.as_deref().unwrap_or_default()),
        );
        row.unsigned(FIRST_FRAME, key.first_frame);
        row.text(DIGEST, format_args!("{}", Hex(&key.digest)));
        row.text(FILTER, format_args!("{}", Filter(&key.digest, namespace)));
    }

    /// Per cent of the requests of the node that most of the key's go to.
    fn share_of_node(&self, key: &Key) -> f64 {
        let most = key.at_nodes.iter().max_by_key(|at| at.heat());
        most.map_or(0.0, |at| {
            let all = self.at_nodes.get(usize::from(at.node)).map_or(0, AtNode::heat);
            share(u64::from(at.heat()), u64::from(all))
        })
    }

    /// The number of the node that is asked.
    fn node(&mut self, record: &Record<'_>) -> u16 {
        let end = Endpoint::new(record.server.address, record.server.port);
        let next = u16::try_from(self.nodes.len()).unwrap_or(NODES).min(NODES);
        let number = match self.nodes.get(&end) {
            Some(known) => return *known,
            None if next < NODES => *self.nodes.entry(end).or_insert(next),
            None => NODES,
        };
        if usize::from(number) >= self.at_nodes.len() {
            self.at_nodes.resize(usize::from(number) + 1, AtNode::default());
        }
        number
    }

    fn count(&mut self, record: &Record<'_>, touch: &Touch<'_>, node: u16) {
        let before = self.all;
        self.all.add(record, touch);
        let after = self.all;
        if let Some(at) = self.at_nodes.get_mut(usize::from(node)) {
            at.add(&before, &after);
        }
        let Some(key) = self.find(touch, record.frame) else {
            self.others.add(record, touch);
            return;
        };
        let is_there = |at: &&mut AtNode| at.node == node || at.heat() == 0;
        if let Some(at) = key.at_nodes.iter_mut().find(is_there) {
            at.node = node;
            at.add(&before, &after);
        }
        key.counts.add(record, touch);
    }

    /// The key, or a new one; with set and user key, as soon as a message tells them.
    fn find(&mut self, touch: &Touch<'_>, first_frame: u32) -> Option<&mut Key> {
        if self.names.get(self.namespace) != touch.namespace {
            self.namespace = self.names.number(touch.namespace);
            if self.names.get(self.namespace) != touch.namespace {
                // There are too many.
                return None;
            }
        }
        let next = self.keys.len();
        let number = match self.index.entry((self.namespace, touch.digest)) {
            std::collections::hash_map::Entry::Occupied(known) => *known.get() as usize,
            std::collections::hash_map::Entry::Vacant(new) if next < COUNTED => {
                new.insert(u32::try_from(next).ok()?);
                self.keys.push(Key {
                    digest: touch.digest,
                    namespace: self.namespace,
                    set: 0,
                    user_key: None,
                    counts: Counts::default(),
                    at_nodes: [AtNode::default(); COPIES],
                    first_frame,
                });
                next
            }
            std::collections::hash_map::Entry::Vacant(_) => return None,
        };
        let key = self.keys.get_mut(number)?;
        if key.set == 0 && !touch.set.is_empty() {
            key.set = self.names.number(touch.set);
        }
        if let (None, Some(user_key)) = (&key.user_key, &touch.key) {
            let text = Text::<KEY_TEXT>::of(format_args!("{}", KeyLiteral(user_key)));
            if self.texts < KEY_TEXTS {
                self.texts += text.as_str().len();
                key.user_key = Some(text.as_str().into());
            }
        }
        Some(key)
    }
}
