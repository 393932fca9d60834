//! The hot key report: a row a record, hottest first, from single requests, batch rows and (by preference) scans.
//!
//! Longer than 500 lines: one list and all that keeps it in order.
//!
//! Wireshark prints and shows rows in the order in which they are, and asks for nothing before it does; so they are
//! kept in order as the counts grow, and the totals with them.

mod counts;

use std::collections::HashMap;

use self::counts::{
    AtNode, Counts, DIGEST, FILTER, FIRST_FRAME, KEY, NAMESPACE, NODE_SHARE, RANK, REQUESTS, SET, SHARE,
};
use super::diagnosis::endpoint::Endpoint;
use super::opening::{Opening, PRESS_APPLY};
use super::ranking::Ranking;
use crate::epan::plugin::register::preference;
use crate::epan::reports::stats::{Cell, Column, Report, Row, Sheet, has_windows};
use crate::track::record::{Record, Records, Touch};
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::client::fields::key::KeyLiteral;
use crate::wire::ground::text::{Hex, LossyText};

/// Rows that are listed at most.
const ROWS: u32 = 100_000;
/// Keys that are counted at most; the hottest of them are listed.
const COUNTED: usize = 1_000_000;
/// Namespaces at most.
const NAMESPACES: usize = 65_536;
/// Shares of so many of the hottest keys are shown.
const TOPS: [u32; 4] = [1, 10, 100, 1000];

/// Tables.
const TOTALS: u32 = 0;
const LIST: u32 = 1;

/// So many of the hottest keys always show a share that is right to a thousandth.
const HOTTEST: u32 = 32;

/// Nodes of a key that are counted: its master and its copies. What goes elsewhere is left out.
const COPIES: usize = 3;
/// Nodes that are told apart; the others count as one.
const NODES: u16 = 1024;

#[derive(Clone, Copy)]
struct Key {
    counts: Counts,
    at_nodes: [AtNode; COPIES],
    /// Its place in the list, if it is listed.
    place: Option<u32>,
    /// The first frame that asks for it or answers.
    first_frame: u32,
    /// Its row says set and user key.
    has_names: (bool, bool),
}

/// `1 key`, `50 keys`.
struct Keys(usize);

impl core::fmt::Display for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} key{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// A row of the totals that says which share of all is its.
#[derive(Clone, Copy, Default)]
struct Share {
    row: Option<u32>,
    heat: u64,
}

/// The filter that finds a record's packets. It has `and`, not `&&`: cells may stand between bars.
struct Filter<'t, 'p>(&'t Touch<'p>);

impl core::fmt::Display for Filter<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(touch) = *self;
        write!(f, "aerospike.digest == {}", Hex(&touch.digest))?;
        // One with other characters is no name of a namespace, and could break the filter.
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-$".contains(byte);
        if !touch.namespace.is_empty() && touch.namespace.iter().all(is_plain) {
            write!(
                f,
                " and aerospike.namespace == \"{}\"",
                LossyText(touch.namespace)
            )?;
        }
        Ok(())
    }
}

/// The report.
pub struct HotKeys {
    limit: u32,
    namespaces: HashMap<Box<[u8]>, u32>,
    index: HashMap<(u32, [u8; LENGTH]), u32>,
    keys: Vec<Key>,
    ranking: Ranking,
    all: Counts,
    /// The heat of all keys that are counted. (That of all together can be less: of one key the requests pass a filter,
    /// of another the answers.)
    heat: u64,
    tops: [Share; TOPS.len()],
    /// What is listed.
    listed: Share,
    /// Of keys that are not counted one by one.
    others: Share,
    others_counts: Counts,
    /// Messages that Wireshark had no room for, and the row that says it.
    missing: (u32, Option<u32>),
    rows: u32,
    /// Nodes by address and port, and all that goes to each.
    nodes: HashMap<Endpoint, u16>,
    at_nodes: Vec<AtNode>,
    /// When the first and the last message were seen.
    seen: Option<(i64, i64)>,
    /// Requests a second below which a key is not listed.
    least: u32,
    /// The row that says how many are not.
    cooler: Option<u32>,
    /// Rows are hidden since the tables were drawn.
    is_hiding: bool,
    opening: Opening,
    /// The heat of all for which the shares of the hottest, and of every key, are right.
    shares_of: (u64, u64),
}

impl Default for HotKeys {
    fn default() -> Self {
        let limit = match preference::hotkeys_rows() {
            rows @ 1..ROWS if has_windows() => rows,
            _ => ROWS,
        };
        Self {
            limit,
            namespaces: HashMap::new(),
            index: HashMap::new(),
            keys: Vec::new(),
            ranking: Ranking::default(),
            all: Counts::default(),
            heat: 0,
            tops: [Share::default(); TOPS.len()],
            listed: Share::default(),
            others: Share::default(),
            others_counts: Counts::default(),
            missing: (0, None),
            rows: 0,
            nodes: HashMap::new(),
            at_nodes: Vec::new(),
            seen: None,
            least: preference::hotkeys_least(),
            cooler: None,
            is_hiding: false,
            opening: Opening::default(),
            shares_of: (0, 0),
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

    fn opened(&mut self, sheet: &Sheet) {
        self.opening = Opening::now();
        self.total_row(sheet, "all keys");
        self.write_all(sheet);
    }

    fn packet(&mut self, record: &Record<'_>, sheet: &Sheet) -> bool {
        if core::mem::take(&mut self.is_hiding) {
            for place in 0..self.ranking.len() {
                let _ = sheet.row(LIST, place);
            }
        }
        let (first, last) = self.seen.unwrap_or((record.time, record.time));
        self.seen = Some((first.min(record.time), last.max(record.time)));
        if self.opening.misses(record.frame) {
            let row = self.total_row(sheet, "not counted");
            if let Some(row) = row.and_then(|row| sheet.row(TOTALS, row)) {
                row.text(KEY, format_args!("{PRESS_APPLY}"));
            }
        }
        for touch in record.touches {
            self.count(record, touch, sheet);
        }
        if let Some(like) = record.touches.last() {
            // Of those that are left out only the number is known.
            for _ in 0..record.left_out {
                self.all.add(record, like);
                self.others_counts.add(record, like);
            }
            self.write_all(sheet);
            self.write_shares(sheet);
            self.write_key_shares(sheet);
        }
        self.miss(record.messages_missing(), sheet);
        !record.touches.is_empty() || record.missing.is_some()
    }

    fn drawn(&mut self, sheet: &Sheet) {
        let (first, last) = self.seen.unwrap_or_default();
        let seconds = (last - first) as f64 / 1e9;
        if let Some(row) = sheet.row(TOTALS, 0) {
            self.all.write_rates(row, seconds);
        }
        for place in 0..self.ranking.len() {
            let key = self.ranking.at(place).and_then(|who| self.keys.get(who as usize));
            if let (Some(key), Some(row)) = (key, sheet.row(LIST, place)) {
                key.counts.write_rates(row, seconds);
                row.decimal(NODE_SHARE, self.share_of_node(key));
            }
        }
        self.hide(sheet, seconds);
    }
}

impl HotKeys {
    /// Hides what is cooler than the preference says: the last rows, as they are ordered by the same count.
    fn hide(&mut self, sheet: &Sheet, seconds: f64) {
        let least = (f64::from(self.least) * seconds).ceil() as u64;
        let heat = |place| {
            let key = self.keys.get(self.ranking.at(place)? as usize)?;
            Some(u64::from(key.counts.heat()))
        };
        let (mut low, mut high) = (0, self.ranking.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if heat(middle).is_some_and(|heat| heat >= least) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let hidden = self.ranking.len() - low;
        if hidden == 0 && self.cooler.is_none() {
            return;
        }
        let sum = (low..self.ranking.len()).filter_map(heat).sum();
        self.is_hiding = hidden > 0;
        sheet.keep(LIST, low);
        if self.cooler.is_none() {
            self.cooler = self.total_row(sheet, "cooler");
        }
        let share = Share {
            row: self.cooler,
            heat: sum,
        };
        if let Some(row) = share.row.and_then(|row| sheet.row(TOTALS, row)) {
            row.text(
                KEY,
                format_args!("{}, less than {}/s each", Keys(hidden as usize), self.least),
            );
        }
        self.write_share(sheet, share);
    }

    /// Per cent of the requests of the node that most of the key's go to.
    fn share_of_node(&self, key: &Key) -> f64 {
        let most = key.at_nodes.iter().max_by_key(|at| at.heat());
        most.map_or(0.0, |at| {
            let all = self.at_nodes.get(usize::from(at.node)).map_or(0, AtNode::heat);
            f64::from(at.heat()) * 100.0 / f64::from(all.max(1))
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

    fn count(&mut self, record: &Record<'_>, touch: &Touch<'_>, sheet: &Sheet) {
        let before = self.all;
        self.all.add(record, touch);
        let (after, node) = (self.all, self.node(record));
        if let Some(at) = self.at_nodes.get_mut(usize::from(node)) {
            at.add(&before, &after);
        }
        let Some(id) = self.find(touch, record.frame) else {
            self.others_counts.add(record, touch);
            return;
        };
        let Some(key) = self.keys.get_mut(id) else { return };
        let is_there = |at: &&mut AtNode| at.node == node || at.heat() == 0;
        if let Some(at) = key.at_nodes.iter_mut().find(is_there) {
            at.node = node;
            at.add(&before, &after);
        }
        let before = key.counts.heat();
        key.counts.add(record, touch);
        let (counts, place) = (key.counts, key.place);
        self.heat += u64::from(counts.heat() - before);
        let place = match place {
            Some(place) => Some(place),
            None => self.list(id, before, touch, sheet),
        };
        let Some(mut place) = place else { return };
        if counts.heat() > before {
            place = self.raise(id, place, before, sheet);
        }
        let Some(row) = sheet.row(LIST, place) else { return };
        counts.write(row);
        row.decimal(SHARE, self.share(u64::from(counts.heat())));
        self.name(id, row, touch);
    }

    /// The key's number, or a new one.
    fn find(&mut self, touch: &Touch<'_>, first_frame: u32) -> Option<usize> {
        let namespaces = &mut self.namespaces;
        let namespace = match namespaces.get(touch.namespace) {
            Some(known) => *known,
            None if namespaces.len() < NAMESPACES && self.keys.len() < COUNTED => {
                let number = u32::try_from(namespaces.len()).ok()?;
                namespaces.insert(touch.namespace.into(), number);
                number
            }
            None => return None,
        };
        let next = self.keys.len();
        match self.index.entry((namespace, touch.digest)) {
            std::collections::hash_map::Entry::Occupied(known) => Some(*known.get() as usize),
            std::collections::hash_map::Entry::Vacant(new) if next < COUNTED => {
                new.insert(u32::try_from(next).ok()?);
                self.keys.push(Key {
                    counts: Counts::default(),
                    at_nodes: [AtNode::default(); COPIES],
                    place: None,
                    first_frame,
                    has_names: (false, false),
                });
                Some(next)
            }
            std::collections::hash_map::Entry::Vacant(_) => None,
        }
    }

    /// Lists a key that is not: behind the last, or in its place if it has become hotter. `before` is its heat before
    /// this record.
    fn list(&mut self, id: usize, before: u32, touch: &Touch<'_>, sheet: &Sheet) -> Option<u32> {
        let who = u32::try_from(id).ok()?;
        let place = if self.ranking.len() < self.limit {
            let place = self.ranking.append(who);
            sheet.row(LIST, place)?.unsigned(RANK, place + 1);
            place
        } else {
            let last = self.ranking.at(self.ranking.len().checked_sub(1)?)? as usize;
            let last_heat = self.keys.get(last)?.counts.heat();
            if self.keys.get(id)?.counts.heat() <= last_heat || before < last_heat {
                return None;
            }
            let (_, place) = self.ranking.replace_last(who)?;
            self.keys.get_mut(last)?.place = None;
            place
        };
        let row = sheet.row(LIST, place)?;
        row.text(NAMESPACE, format_args!("{}", LossyText(touch.namespace)));
        row.text(SET, format_args!(""));
        row.text(KEY, format_args!(""));
        row.text(DIGEST, format_args!("{}", Hex(&touch.digest)));
        row.text(FILTER, format_args!("{}", Filter(touch)));
        let key = self.keys.get_mut(id)?;
        row.unsigned(FIRST_FRAME, key.first_frame);
        key.place = Some(place);
        key.has_names = (false, false);
        Some(place)
    }

    /// Set and user key, as soon as a message tells them.
    fn name(&mut self, id: usize, row: Row, touch: &Touch<'_>) {
        let Some(key) = self.keys.get_mut(id) else { return };
        if !key.has_names.0 && !touch.set.is_empty() {
            key.has_names.0 = true;
            row.text(SET, format_args!("{}", LossyText(touch.set)));
        }
        if let (false, Some(user_key)) = (key.has_names.1, &touch.key) {
            key.has_names.1 = true;
            row.text(KEY, format_args!("{}", KeyLiteral(user_key)));
        }
    }

    /// A key's heat has grown by one: it changes places with the first of those it was equal to.
    fn raise(&mut self, id: usize, from: u32, before: u32, sheet: &Sheet) -> u32 {
        let keys = &self.keys;
        let heat = |who: u32| keys.get(who as usize).map_or(0, |key| key.counts.heat());
        let to = self.ranking.raise(from, before, heat);
        let other = self.ranking.at(from);
        if let Some(other) = other.and_then(|other| self.keys.get_mut(other as usize)) {
            other.place = Some(from);
        }
        if let Some(key) = self.keys.get_mut(id) {
            key.place = Some(to);
        }
        sheet.swap(LIST, from, to);
        for (top, share) in TOPS.into_iter().zip(&mut self.tops) {
            share.heat += u64::from(to < top);
        }
        self.listed.heat += 1;
        to
    }

    /// A row of the totals, behind the last.
    fn total_row(&mut self, sheet: &Sheet, name: &str) -> Option<u32> {
        let number = self.rows;
        let row = sheet.row(TOTALS, number)?;
        row.unsigned(RANK, number + 1);
        row.text(NAMESPACE, format_args!("{name}"));
        for column in [SET, KEY, DIGEST, FILTER] {
            row.text(column, format_args!(""));
        }
        self.rows += 1;
        Some(number)
    }

    /// Says how many messages are not counted, in a row of their own.
    fn miss(&mut self, more: u32, sheet: &Sheet) {
        if more == 0 {
            return;
        }
        self.missing.0 = self.missing.0.saturating_add(more);
        if self.missing.1.is_none() {
            self.missing.1 = self.total_row(sheet, "not counted");
        }
        if let Some(row) = self.missing.1.and_then(|row| sheet.row(TOTALS, row)) {
            let most = crate::epan::memory::MOST_TAPPED;
            row.text(
                KEY,
                format_args!("{} messages, beyond {most} a frame", self.missing.0),
            );
        }
    }

    fn write_all(&mut self, sheet: &Sheet) {
        if let Some(row) = sheet.row(TOTALS, 0) {
            row.text(KEY, format_args!("{}", Keys(self.keys.len())));
            self.all.write(row);
            row.decimal(SHARE, self.share(self.whole()));
        }
    }

    /// What shares are of: all keys, those that are not counted one by one included.
    fn whole(&self) -> u64 {
        self.heat + u64::from(self.others_counts.heat())
    }

    /// Per cent of all.
    fn share(&self, heat: u64) -> f64 {
        heat as f64 * 100.0 / self.whole().max(1) as f64
    }

    /// As the sum of all grows, the shares of keys that nobody asks for shrink: those of the hottest are written again
    /// when it has grown by a thousandth, those of all when as many records were counted as an eighth of the keys.
    fn write_key_shares(&mut self, sheet: &Sheet) {
        let (hottest, all) = self.shares_of;
        let rows = self.ranking.len();
        let is_due = self.heat - all >= (all / 1000).max(u64::from(rows) / 8);
        let first = if is_due {
            rows
        } else if self.heat - hottest > hottest / 1000 {
            HOTTEST.min(rows)
        } else {
            return;
        };
        for place in 0..first {
            let key = self.ranking.at(place).and_then(|who| self.keys.get(who as usize));
            if let (Some(key), Some(row)) = (key, sheet.row(LIST, place)) {
                row.decimal(SHARE, self.share(u64::from(key.counts.heat())));
            }
        }
        self.shares_of = (self.heat, if is_due { self.heat } else { all });
    }

    fn write_shares(&mut self, sheet: &Sheet) {
        let mut tops = self.tops;
        for (top, share) in TOPS.into_iter().zip(&mut tops) {
            if share.row.is_none() && self.keys.len() > top as usize {
                let name = crate::epan::Text::<16>::of(format_args!("top {top}"));
                share.row = self.total_row(sheet, name.as_str());
            }
            self.write_share(sheet, *share);
        }
        self.tops = tops;
        if self.keys.len() > self.limit as usize {
            let mut share = Share {
                heat: self.heat.saturating_sub(self.listed.heat),
                ..self.listed
            };
            if share.row.is_none() {
                share.row = self.total_row(sheet, "not listed");
            }
            if let Some(row) = share.row.and_then(|row| sheet.row(TOTALS, row)) {
                let left = self.keys.len() - self.limit as usize;
                row.text(KEY, format_args!("{}", Keys(left)));
            }
            self.write_share(sheet, share);
            self.listed.row = share.row;
        }
        self.others.heat = u64::from(self.others_counts.heat());
        if self.others.heat > 0 {
            let mut share = self.others;
            if share.row.is_none() {
                share.row = self.total_row(sheet, "not counted");
            }
            self.write_share(sheet, share);
            self.others = share;
        }
    }

    fn write_share(&self, sheet: &Sheet, share: Share) {
        if let Some(row) = share.row.and_then(|row| sheet.row(TOTALS, row)) {
            row.unsigned(REQUESTS, u32::try_from(share.heat).unwrap_or(u32::MAX));
            row.decimal(SHARE, self.share(share.heat));
        }
    }
}
