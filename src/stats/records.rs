//! Records: how large they are, set by set, read and written; what becomes of requests for them; batches, scans.
//!
//! A record's size is that of the operations that name a bin: headers of operations, names and values. All is written when
//! the tables are drawn, the largest first.

use std::collections::HashMap;

use super::shared::endpoint::{Endpoint, names};
use super::shared::opening::PRESS_APPLY;
use super::shared::operation::Operation;
use super::shared::percentiles::Percentiles;
use crate::epan::reports::stats::{Cell, Column, Report, ReportRow, ReportTables};
use crate::track::client::transactions::RequestKind;
use crate::track::record::{Event, Record, Records, Touch};
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::text::{Hex, LossyText};
use crate::wire::ground::time::Ttl;

/// Tables.
const SIZES: u32 = 0;
const BATCHES: u32 = 1;
const SCANS: u32 = 2;

/// Columns.
const NUMBER: u32 = 0;
const NAMESPACE: u32 = 1;
const SET: u32 = 2;
const WHAT: u32 = 3;
const COUNT: u32 = 4;
const BYTES: u32 = 5;
const MEAN: u32 = 6;
const P50: u32 = 7;
const P99: u32 = 8;
const MAX: u32 = 9;
const NOT_FOUND: u32 = 10;
const GENERATION: u32 = 11;
const RATE: u32 = 12;
const BYTES_RATE: u32 = 13;
const FIRST_FRAME: u32 = 14;
const LARGEST: u32 = 15;
const DETAILS: u32 = 16;

/// Sets, kinds of batches and scans at most; the others are counted together.
const MOST: usize = 500;
const OTHERS: &str = "(others)";

/// Numbers of one kind.
#[derive(Default)]
struct Values {
    percentiles: Percentiles,
    sum: u64,
    max: u64,
}

impl Values {
    fn add(&mut self, value: u64) {
        self.percentiles.add(i64::try_from(value).unwrap_or(i64::MAX));
        self.sum = self.sum.saturating_add(value);
        self.max = self.max.max(value);
    }

    /// Whether a value is larger than all so far.
    fn is_largest(&self, value: u64) -> bool {
        value > self.max || self.percentiles.is_empty()
    }

    fn write(&self, row: ReportRow) {
        let count = self.percentiles.len();
        row.unsigned(COUNT, short(count));
        row.decimal(MEAN, self.sum as f64 / count.max(1) as f64);
        let [p50, p99] = self.percentiles.at([0.5, 0.99]);
        let max = self.max as f64;
        for (column, value) in [(P50, p50.min(max)), (P99, p99.min(max)), (MAX, max)] {
            row.unsigned(column, short((value + 0.5) as u64));
        }
    }
}

/// What goes one way: what is read, or what is written.
#[derive(Default)]
struct Way {
    requests: u32,
    answers: u32,
    not_found: u32,
    generation: u32,
    sizes: Values,
    bins: Values,
    largest: Option<[u8; LENGTH]>,
    first_frame: u32,
}

impl Way {
    fn add(&mut self, frame: u32, touch: &Touch<'_>) {
        if self.first_frame == 0 {
            self.first_frame = frame;
        }
        match touch.result {
            Some(result) => {
                self.answers += 1;
                self.not_found += u32::from(result == ResultCode::NOT_FOUND);
                self.generation += u32::from(result == ResultCode::GENERATION);
            }
            None => self.requests += 1,
        }
        let carries = touch.writes == touch.result.is_none();
        if let (true, Some(size), bins @ 1..) = (carries, touch.content.size, touch.content.bins) {
            if self.sizes.is_largest(u64::from(size)) {
                self.largest = Some(touch.digest);
            }
            self.sizes.add(u64::from(size));
            self.bins.add(u64::from(bins));
        }
    }
}

/// What writes say of how long a record lives.
#[derive(Default)]
struct Lives {
    given: Values,
    default: u32,
    never: u32,
    unchanged: u32,
    first_frame: u32,
}

impl Lives {
    fn add(&mut self, frame: u32, ttl: Ttl) {
        match ttl {
            Ttl::NamespaceDefault => self.default += 1,
            Ttl::NeverExpires => self.never += 1,
            Ttl::Unchanged => self.unchanged += 1,
            Ttl::Seconds(seconds) | Ttl::TooLong(seconds) => self.given.add(u64::from(seconds)),
            _ => return,
        }
        if self.first_frame == 0 {
            self.first_frame = frame;
        }
    }
}

/// A set.
#[derive(Default)]
struct SetSizes {
    read: Way,
    written: Way,
    lives: Lives,
}

/// Batches of one kind.
#[derive(Default)]
struct Batches {
    rows: Values,
    bytes: u64,
    first_frame: u32,
}

/// Scans or queries of one kind, of one client.
#[derive(Default)]
struct Scans {
    requests: u32,
    records: u64,
    bytes: u64,
    partitions: Values,
    nodes: Vec<Endpoint>,
    first_frame: u32,
    /// From the first request to the last message of an answer.
    seen: Option<(i64, i64)>,
}

type SetName = (Box<[u8]>, Box<[u8]>);

/// The report.
#[derive(Default)]
pub struct RecordSizes {
    sets: HashMap<SetName, SetSizes>,
    other_sets: SetSizes,
    batches: HashMap<String, Batches>,
    scans: HashMap<(SetName, Endpoint, u8), Scans>,
    seen: Option<(i64, i64)>,
    /// Records of messages that are not told one by one, and messages that Wireshark had no room for.
    left_out: (u64, u64),
    /// It was opened while the capture was read.
    is_late: bool,
}

fn short(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn widen(seen: &mut Option<(i64, i64)>, time: i64) {
    let (first, last) = seen.unwrap_or((time, time));
    *seen = Some((first.min(time), last.max(time)));
}

fn seconds(seen: Option<(i64, i64)>) -> f64 {
    seen.map_or(0.0, |(first, last)| (last - first) as f64 / 1e9)
}

fn rate(count: f64, seconds: f64) -> f64 {
    if seconds > 0.0 { count / seconds } else { 0.0 }
}

impl Report<Records> for RecordSizes {
    const NUMBER: u8 = 9;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Records";
    const CLI: &'static core::ffi::CStr = c"aerospike,records";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"No.", Cell::Unsigned, 4),
        Column::new(c"Namespace", Cell::Text, 12),
        Column::new(c"Set", Cell::Text, 12),
        Column::new(c"What", Cell::Text, 14),
        Column::new(c"Count", Cell::Unsigned, 8),
        Column::new(c"Bytes", Cell::Decimal(0), 12),
        Column::new(c"Mean", Cell::Decimal(1), 10),
        Column::new(c"p50", Cell::Unsigned, 9),
        Column::new(c"p99", Cell::Unsigned, 9),
        Column::new(c"Max", Cell::Unsigned, 9),
        Column::new(c"% NOT_FOUND", Cell::Decimal(2), 11),
        Column::new(c"% GENERATION", Cell::Decimal(2), 12),
        Column::new(c"Count/s", Cell::Decimal(1), 9),
        Column::new(c"Bytes/s", Cell::Decimal(1), 12),
        Column::new(c"First frame", Cell::Unsigned, 11),
        Column::new(c"Largest", Cell::Text, 40),
        Column::new(c"Details", Cell::Text, 20),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[
        c"Records by set (bytes, bins, seconds to live)",
        c"Rows of batches",
        c"Scans and queries (partitions)",
    ];

    fn comes_late(&mut self) {
        self.is_late = true;
    }

    fn on_open(&mut self, tables: &ReportTables) {
        self.write(tables);
    }

    fn packet(&mut self, record: &Record<'_>, _: &ReportTables) -> bool {
        widen(&mut self.seen, record.time);
        for touch in record.touches {
            // Nobody asks for the single records of a scan.
            if !touch.request.is_query() {
                self.count(record.frame, touch);
            }
        }
        self.left_out.0 += u64::from(record.left_out);
        self.left_out.1 += u64::from(record.messages_missing());
        if let RequestKind::Message(request) = record.what {
            match request {
                Request::BATCH | Request::BATCH_DIRECT => self.batch(record),
                _ if request.is_query() => self.scan(record, request),
                _ => {}
            }
        }
        true
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        self.write(tables);
    }
}

impl RecordSizes {
    fn count(&mut self, frame: u32, touch: &Touch<'_>) {
        let name: SetName = (touch.namespace.into(), touch.set.into());
        let is_full = self.sets.len() >= MOST;
        let place = match self.sets.get_mut(&name) {
            Some(known) => known,
            None if is_full => &mut self.other_sets,
            None => self.sets.entry(name).or_default(),
        };
        let way = if touch.writes {
            &mut place.written
        } else {
            &mut place.read
        };
        way.add(frame, touch);
        let is_write = touch.writes && touch.request != Request::DELETE;
        if let (true, Some(ttl)) = (is_write, touch.content.ttl) {
            place.lives.add(frame, ttl);
        }
    }

    fn batch(&mut self, record: &Record<'_>) {
        let name = Operation::of(record).to_string();
        let batches = self.batches.entry(name).or_default();
        if matches!(record.event, Event::Asked) {
            let rows = record.touches.len() as u64 + u64::from(record.left_out);
            batches.rows.add(rows);
            if batches.first_frame == 0 {
                batches.first_frame = record.frame;
            }
        }
        batches.bytes += u64::from(record.detail.size);
    }

    fn scan(&mut self, record: &Record<'_>, request: Request) {
        let name: SetName = (record.namespace.into(), record.set.into());
        let client = Endpoint::new(record.client.address, 0);
        let node = Endpoint::new(record.server.address, record.server.port);
        let key = (name, client, request.0);
        if self.scans.len() >= MOST && !self.scans.contains_key(&key) {
            self.left_out.0 += u64::from(record.detail.records);
            return;
        }
        let scans = self.scans.entry(key).or_default();
        if matches!(record.event, Event::Asked) {
            scans.requests += 1;
            if record.detail.partitions > 0 {
                scans.partitions.add(u64::from(record.detail.partitions));
            }
        } else {
            scans.bytes += u64::from(record.detail.size);
        }
        if scans.first_frame == 0 {
            scans.first_frame = record.frame;
        }
        scans.records += u64::from(record.detail.records);
        widen(&mut scans.seen, record.time);
        if scans.nodes.len() < MOST && !scans.nodes.contains(&node) {
            scans.nodes.push(node);
        }
    }

    fn write(&self, tables: &ReportTables) {
        for table in [SIZES, BATCHES, SCANS] {
            tables.clear(table);
        }
        let mut rows = Rows { tables, next: [0; 3] };
        let seconds = seconds(self.seen);
        let mut sets: Vec<(&SetName, &SetSizes)> = self.sets.iter().collect();
        sets.sort_by_key(|(name, place)| {
            let bytes = place.read.sizes.sum + place.written.sizes.sum;
            (core::cmp::Reverse(bytes), *name)
        });
        let text = |name: &[u8]| LossyText(name).to_string();
        for ((namespace, set), place) in sets {
            place.write(&mut rows, (&text(namespace), &text(set)), seconds);
        }
        self.other_sets.write(&mut rows, (OTHERS, OTHERS), seconds);
        self.write_left_out(&mut rows);
        let mut batches: Vec<(&String, &Batches)> = self.batches.iter().collect();
        batches.sort_by_key(|(name, batches)| (core::cmp::Reverse(batches.rows.sum), *name));
        for (name, batches) in batches {
            let Some(row) = rows.add(BATCHES, ("", ""), name, batches.first_frame) else {
                break;
            };
            batches.rows.write(row);
            row.decimal(BYTES, batches.bytes as f64);
            row.decimal(RATE, rate(batches.rows.percentiles.len() as f64, seconds));
            row.decimal(BYTES_RATE, rate(batches.bytes as f64, seconds));
            row.text(DETAILS, format_args!("{} rows", batches.rows.sum));
        }
        let mut scans: Vec<(&(SetName, Endpoint, u8), &Scans)> = self.scans.iter().collect();
        scans.sort_by_key(|(key, scans)| (core::cmp::Reverse(scans.bytes), *key));
        for ((name, client, request), scans) in scans {
            let what = Request(*request).to_string();
            let place = (&*text(&name.0), &*text(&name.1));
            let Some(row) = rows.add(SCANS, place, &what, scans.first_frame) else {
                break;
            };
            scans.write(row, *client);
        }
    }

    fn write_left_out(&self, rows: &mut Rows<'_>) {
        if self.is_late {
            rows.add(SIZES, ("(not counted)", ""), PRESS_APPLY, 0);
        }
        let (records, messages) = self.left_out;
        if records == 0 && messages == 0 {
            // The first table always has a row.
            if rows.next[SIZES as usize] == 0 {
                rows.add(SIZES, ("", ""), "none", 0);
            }
            return;
        }
        if let Some(row) = rows.add(SIZES, ("", ""), "not counted", 0) {
            row.unsigned(COUNT, short(records));
            let most = crate::epan::memory::MOST_TAPPED;
            row.text(
                DETAILS,
                format_args!("records beyond the limits; and {messages} messages beyond {most} a frame"),
            );
        }
    }
}

/// The tables as they grow.
struct Rows<'s> {
    tables: &'s ReportTables,
    next: [u32; 3],
}

impl Rows<'_> {
    fn add(&mut self, table: u32, place: (&str, &str), what: &str, first_frame: u32) -> Option<ReportRow> {
        let next = self.next.get_mut(table as usize)?;
        let row = self.tables.row(table, *next)?;
        *next += 1;
        row.unsigned(NUMBER, *next);
        row.text(NAMESPACE, format_args!("{}", place.0));
        row.text(SET, format_args!("{}", place.1));
        row.text(WHAT, format_args!("{what}"));
        // Text output ends a row at its first empty cell.
        row.unsigned(COUNT, 0);
        for column in BYTES..=BYTES_RATE {
            row.decimal(column, 0.0);
        }
        for column in P50..=MAX {
            row.unsigned(column, 0);
        }
        row.unsigned(FIRST_FRAME, first_frame);
        row.text(LARGEST, format_args!(""));
        row.text(DETAILS, format_args!(""));
        Some(row)
    }
}

impl SetSizes {
    fn write(&self, rows: &mut Rows<'_>, place: (&str, &str), seconds: f64) {
        for (way, what, bins) in [
            (&self.read, "read", "bins read"),
            (&self.written, "written", "bins written"),
        ] {
            if way.first_frame == 0 {
                continue;
            }
            let Some(row) = rows.add(SIZES, place, what, way.first_frame) else {
                return;
            };
            way.write(row, seconds);
            if way.bins.percentiles.is_empty() {
                continue;
            }
            if let Some(row) = rows.add(SIZES, place, bins, way.first_frame) {
                way.bins.write(row);
            }
        }
        let lives = &self.lives;
        if lives.first_frame == 0 {
            return;
        }
        if let Some(row) = rows.add(SIZES, place, "ttl given", lives.first_frame) {
            lives.given.write(row);
            row.text(
                DETAILS,
                format_args!(
                    "{} of the namespace, {} never expire, {} unchanged",
                    lives.default, lives.never, lives.unchanged
                ),
            );
        }
    }
}

impl Way {
    fn write(&self, row: ReportRow, seconds: f64) {
        self.sizes.write(row);
        row.decimal(BYTES, self.sizes.sum as f64);
        let share = |count: u32| f64::from(count) * 100.0 / f64::from(self.answers.max(1));
        row.decimal(NOT_FOUND, share(self.not_found));
        row.decimal(GENERATION, share(self.generation));
        row.decimal(RATE, rate(self.sizes.percentiles.len() as f64, seconds));
        row.decimal(BYTES_RATE, rate(self.sizes.sum as f64, seconds));
        if let Some(digest) = &self.largest {
            row.text(LARGEST, format_args!("{}", Hex(digest)));
        }
        row.text(
            DETAILS,
            format_args!(
                "{} requests, {} answers, {} NOT_FOUND, {} GENERATION",
                self.requests, self.answers, self.not_found, self.generation
            ),
        );
    }
}

impl Scans {
    fn write(&self, row: ReportRow, client: Endpoint) {
        self.partitions.write(row);
        row.unsigned(COUNT, short(self.records));
        row.decimal(BYTES, self.bytes as f64);
        let seconds = seconds(self.seen);
        row.decimal(RATE, rate(self.records as f64, seconds));
        row.decimal(BYTES_RATE, rate(self.bytes as f64, seconds));
        row.text(
            DETAILS,
            format_args!(
                "{} requests of {client} to {}, {} records",
                self.requests,
                names(&self.nodes),
                self.records
            ),
        );
    }
}
