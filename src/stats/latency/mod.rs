//! Latency by server node and operation: operations a second and the share over 1, 8 and 64 ms, as
//! `asadm show latencies` tells from the servers; percentiles, errors, timeouts, and where the time went.
//!
//! Rows are written when they are drawn.

pub mod by_interval;

use std::collections::HashMap;

use self::by_interval::ByInterval;
use super::report_files;
use super::shared::endpoint::Endpoint;
use super::shared::open_requests::{CONNECTIONS, OpenRequests};
use super::shared::opening::PRESS_APPLY;
use super::shared::operation::Operation;
use super::shared::outcome;
use super::shared::percentiles::Percentiles;
use crate::epan::memory::MOST_TAPPED;
use crate::epan::plugin::register::preference;
use crate::epan::reports::stats::{Cell, Column, Report, ReportRow, ReportTables};
use crate::epan::taps::tcp_tap::{Frame, Frames, Heard};
use crate::track::client::transactions::RequestKind;
use crate::track::record::{Event, Record, Records};
use crate::wire::client::message::request::Request;

/// Thresholds in milliseconds.
const OVER: [i64; 3] = [1, 8, 64];
/// Percentiles.
const SHARES_BELOW: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// Columns.
const NODE: u32 = 0;
const OPERATION: u32 = 1;
const COUNT: u32 = 2;
const RATE: u32 = 3;
const MEAN: u32 = 4;
const MAX: u32 = 5;
const SHARES: u32 = 6;
const PERCENTILES: u32 = 9;
const ERRORS: u32 = 13;
const TIMEOUTS: u32 = 14;
const SERVER: u32 = 15;
const PATH: u32 = 16;
const CLIENT: u32 = 17;
const FIRST_FRAME: u32 = 18;
const FILTER: u32 = 19;

/// Rows at most, the one of all and the one of the others aside.
const ROWS: usize = 1000;

/// A node and an operation, by its number; the row of all has none, that of the others neither.
type Name = (Endpoint, u32);

/// A sum of times and how many they are.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: u32,
    time: i64,
}

impl Sum {
    fn add(&mut self, time: i64) {
        self.count += 1;
        self.time += time;
    }

    /// Milliseconds.
    fn mean(self) -> f64 {
        self.time as f64 / 1e6 / f64::from(self.count.max(1))
    }
}

#[derive(Clone, Default)]
struct Line {
    node: String,
    operation: String,
    /// When its first answer came, as a number in the order of such.
    place: Option<usize>,
    over: [u32; OVER.len()],
    times: Sum,
    slowest: i64,
    percentiles: Percentiles,
    errors: u32,
    timeouts: u32,
    path: i64,
    client: Sum,
    /// The frame of its first answer; 0: none.
    first_frame: u32,
    /// What finds its answers.
    filter: String,
}

/// The report.
pub struct Latency {
    index: HashMap<Name, usize>,
    /// Line 0 is all.
    lines: Vec<Line>,
    /// The line of nodes and operations that have none of their own.
    others: Option<usize>,
    /// Lines that have an answer.
    places: usize,
    open: OpenRequests<usize>,
    /// The same by interval, where reports are written as files.
    by_interval: Option<ByInterval>,
    /// When the first and the last record that counts were seen.
    seen: Option<(i64, i64)>,
    /// The last packet.
    now: i64,
    /// Messages that Wireshark had no room for.
    missing: u32,
    /// It was opened while the capture was read.
    is_late: bool,
}

impl Default for Latency {
    fn default() -> Self {
        let all = Line {
            node: "(all)".into(),
            operation: "(all)".into(),
            filter: "aerospike.response_time".into(),
            ..Line::default()
        };
        Self {
            index: HashMap::new(),
            lines: vec![all],
            others: None,
            places: 0,
            open: OpenRequests::default(),
            by_interval: None,
            seen: None,
            now: i64::MIN,
            missing: 0,
            is_late: false,
        }
    }
}

impl Report<Frames<Records>> for Latency {
    const NUMBER: u8 = 1;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Latency";
    const CLI: &'static core::ffi::CStr = c"aerospike,latency";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"Server node", Cell::Text, 24),
        Column::new(c"Operation", Cell::Text, 20),
        Column::new(c"Answers", Cell::Unsigned, 9),
        Column::new(c"ops/s", Cell::Decimal(1), 10),
        Column::new(c"Mean ms", Cell::Decimal(3), 9),
        Column::new(c"Max ms", Cell::Decimal(3), 9),
        Column::new(c"% > 1 ms", Cell::Decimal(2), 9),
        Column::new(c"% > 8 ms", Cell::Decimal(2), 9),
        Column::new(c"% > 64 ms", Cell::Decimal(2), 9),
        Column::new(c"p50 ms", Cell::Decimal(3), 9),
        Column::new(c"p90 ms", Cell::Decimal(3), 9),
        Column::new(c"p99 ms", Cell::Decimal(3), 9),
        Column::new(c"p99.9 ms", Cell::Decimal(3), 9),
        Column::new(c"Errors %", Cell::Decimal(2), 8),
        Column::new(c"Timeouts %", Cell::Decimal(2), 10),
        Column::new(c"Server ms", Cell::Decimal(3), 9),
        Column::new(c"Path ms", Cell::Decimal(3), 9),
        Column::new(c"Client ms", Cell::Decimal(3), 9),
        Column::new(c"First frame", Cell::Unsigned, 11),
        Column::new(c"Filter", Cell::Text, 40),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[c"Answers"];

    fn comes_late(&mut self) {
        self.is_late = true;
    }

    fn on_open(&mut self, tables: &ReportTables) {
        self.write_tables(tables);
    }

    fn packet(&mut self, frame: &Frame<'_, Records>, _: &ReportTables) -> bool {
        if self.now == i64::MIN && preference::report_folder().is_some() {
            self.by_interval = Some(ByInterval::new(frame.start(), preference::timeline_interval()));
        }
        self.now = self.now.max(frame.time());
        let mut is_ours = false;
        for heard in frame.heard() {
            match heard {
                Heard::Segment(segment) => self.open.on_segment(&segment),
                Heard::Record(record) => {
                    is_ours = true;
                    self.record(&record);
                }
            }
        }
        is_ours
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        self.write_tables(tables);
        if let Some(by_interval) = &mut self.by_interval {
            let name = |line: usize| self.lines.get(line).map(|line| (&*line.node, &*line.operation));
            report_files::write_file(by_interval::FILE, |file| by_interval.write(file, name));
        }
    }
}

impl Latency {
    fn write_tables(&self, tables: &ReportTables) {
        let mut late = vec![0u32; self.lines.len()];
        for (_, line) in self.open.overdue(self.now) {
            for number in [0, line] {
                if let Some(late) = late.get_mut(number) {
                    *late += 1;
                }
            }
        }
        let mut shown: Vec<usize> = (1..self.lines.len())
            .filter(|number| self.place(*number).is_some() || late.get(*number).is_some_and(|late| *late > 0))
            .collect();
        // Those that were never answered stand behind.
        shown.sort_by_key(|number| self.place(*number).unwrap_or(usize::MAX));
        shown.insert(0, 0);
        tables.clear(0);
        let mut next = 0;
        for number in shown {
            let (Some(line), Some(row)) = (self.lines.get(number), tables.row(0, next)) else {
                return;
            };
            self.write(line, late.get(number).copied().unwrap_or(0), row);
            next += 1;
        }
        let notes = [
            (self.missing, "messages beyond", MOST_TAPPED, "a frame"),
            (
                self.open.unwatched_count(),
                "connections beyond",
                u32::try_from(CONNECTIONS).unwrap_or(u32::MAX),
                "",
            ),
        ];
        for (count, what, most, of) in notes.into_iter().filter(|note| note.0 > 0) {
            let Some(row) = tables.row(0, next) else { return };
            self.write(&Line::default(), 0, row);
            row.text(NODE, format_args!("(not counted)"));
            row.text(OPERATION, format_args!("{what} {most} {of}"));
            row.unsigned(COUNT, count);
            next += 1;
        }
        if let Some(row) = self.is_late.then(|| tables.row(0, next)).flatten() {
            self.write(&Line::default(), 0, row);
            row.text(NODE, format_args!("(not counted)"));
            row.text(OPERATION, format_args!("{PRESS_APPLY}"));
        }
    }
}

impl Line {
    fn add(&mut self, time: i64, path: i64, record: &Record<'_>) {
        self.times.add(time);
        self.percentiles.add(time);
        self.slowest = self.slowest.max(time);
        for (over, threshold) in self.over.iter_mut().zip(OVER) {
            *over += u32::from(time > threshold * 1_000_000);
        }
        self.path += path;
        self.errors += u32::from(outcome::is_error(record));
        self.timeouts += u32::from(outcome::is_timeout(record));
    }
}

/// The number of a record's operation, as it is called in brief.
fn operation(record: &Record<'_>) -> u32 {
    match record.what {
        RequestKind::Message(request) => {
            let writes = record.transaction.is_some_and(|transaction| transaction.writes);
            u32::from(request.0) << 1 | u32::from(writes && request == Request::BATCH)
        }
        RequestKind::Info => 1 << 16,
        RequestKind::Security(_) => 2 << 16,
        RequestKind::Other => 3 << 16,
    }
}

/// What of an answer's time was spent on the way: to the server and back, until the request was sent the last time, and
/// (but for a stream, which takes as long as the server has more) from the answer's first byte to its last.
fn on_the_way(record: &Record<'_>, time: i64, round_trip: Option<i64>) -> i64 {
    let (Some(transaction), Some(timing)) = (record.transaction, record.timing) else {
        return round_trip.unwrap_or(0).min(time).max(0);
    };
    let began = timing.answer_began;
    let again = timing.repeats.filter(|repeats| repeats.last_at <= began);
    let resent = again.map_or(0, |repeats| repeats.last_at.wrapping_sub(transaction.asked_at));
    let spread = if transaction.is_stream() {
        0
    } else {
        record.time.wrapping_sub(began)
    };
    let wait = time - spread - resent;
    (spread + resent + round_trip.unwrap_or(0).min(wait)).clamp(0, time.max(0))
}

impl Latency {
    fn place(&self, number: usize) -> Option<usize> {
        self.lines.get(number)?.place
    }

    fn record(&mut self, record: &Record<'_>) {
        self.missing = self.missing.saturating_add(record.messages_missing());
        match record.event {
            Event::Asked if record.transaction.is_some() => {
                self.see(record.time);
                let line = self.line(record);
                if let Some(idle) = self.open.on_request(record, line) {
                    for number in [0, line] {
                        if let Some(line) = self.lines.get_mut(number) {
                            line.client.add(idle);
                        }
                    }
                }
            }
            Event::Answered { is_last: true, .. } => {
                self.see(record.time);
                self.answer(record);
            }
            _ => self.see(record.time),
        }
    }

    fn see(&mut self, time: i64) {
        let (first, last) = self.seen.unwrap_or((time, time));
        self.seen = Some((first.min(time), last.max(time)));
    }

    fn answer(&mut self, record: &Record<'_>) {
        let Some(time) = record.response_time() else {
            return;
        };
        let done = self.open.on_response(record);
        let path = on_the_way(record, time, done.and_then(|done| done.round_trip));
        let number = self.line(record);
        for number in [0, number] {
            if let Some(line) = self.lines.get_mut(number) {
                line.add(time, path, record);
                if line.first_frame == 0 {
                    line.first_frame = record.frame;
                }
            }
        }
        if let Some(by_interval) = &mut self.by_interval {
            by_interval.add(number, time, record);
        }
        if let Some(line) = self.lines.get_mut(number).filter(|line| line.place.is_none()) {
            line.place = Some(self.places);
            self.places += 1;
        }
    }

    /// The number of a record's line.
    fn line(&mut self, record: &Record<'_>) -> usize {
        let name = (
            Endpoint::new(record.server.address, record.server.port),
            operation(record),
        );
        if let Some(number) = self.index.get(&name) {
            return *number;
        }
        let number = self.lines.len();
        if self.index.len() < ROWS {
            self.index.insert(name, number);
            self.lines.push(Line {
                node: record.server.to_string(),
                operation: Operation::brief(record).to_string(),
                filter: Filter(record).to_string(),
                ..Line::default()
            });
            return number;
        }
        if let Some(others) = self.others {
            return others;
        }
        self.others = Some(number);
        self.lines.push(Line {
            node: "(others)".into(),
            operation: "(others)".into(),
            ..Line::default()
        });
        number
    }

    /// Answers a second over all the time that the report has seen.
    fn rate(&self, line: &Line) -> f64 {
        let (first, last) = self.seen.unwrap_or_default();
        let seconds = (last - first) as f64 / 1e9;
        if seconds > 0.0 {
            f64::from(line.times.count) / seconds
        } else {
            0.0
        }
    }

    /// A row; `late` requests of it were never answered in their time.
    fn write(&self, line: &Line, late: u32, row: ReportRow) {
        let count = f64::from(line.times.count.max(1));
        let percent = |part: u32, of: f64| f64::from(part) * 100.0 / of;
        row.text(NODE, format_args!("{}", line.node));
        row.text(OPERATION, format_args!("{}", line.operation));
        row.unsigned(COUNT, line.times.count);
        row.decimal(RATE, self.rate(line));
        for (column, over) in (SHARES..).zip(line.over) {
            row.decimal(column, percent(over, count));
        }
        row.decimal(MEAN, line.times.mean());
        row.decimal(MAX, line.slowest as f64 / 1e6);
        for (column, time) in (PERCENTILES..).zip(line.percentiles.at(SHARES_BELOW)) {
            row.decimal(column, time / 1e6);
        }
        row.decimal(ERRORS, percent(line.errors, count));
        let ended = f64::from(line.times.count.saturating_add(late).max(1));
        row.decimal(TIMEOUTS, percent(line.timeouts.saturating_add(late), ended));
        row.decimal(SERVER, (line.times.time - line.path) as f64 / 1e6 / count);
        row.decimal(PATH, line.path as f64 / 1e6 / count);
        row.decimal(CLIENT, line.client.mean());
        if line.first_frame != 0 {
            row.unsigned(FIRST_FRAME, line.first_frame);
        }
        row.text(FILTER, format_args!("{}", line.filter));
    }
}

/// The filter that finds a row's answers. It has `and`, not `&&`: cells may stand between bars.
struct Filter<'r, 'p>(&'r Record<'p>);

impl core::fmt::Display for Filter<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(record) = *self;
        let (server, ip) = (
            record.server,
            if record.server.address.len() == 16 {
                "ipv6"
            } else {
                "ip"
            },
        );
        write!(
            f,
            "{ip}.src == {} and tcp.srcport == {}",
            server.host(),
            server.port
        )?;
        f.write_str(" and aerospike.response_time and ")?;
        match record.what {
            RequestKind::Message(request) => write!(f, "aerospike.operation == \"{request}\""),
            RequestKind::Info => f.write_str("aerospike.info"),
            RequestKind::Security(_) => f.write_str("aerospike.admin"),
            RequestKind::Other => f.write_str("aerospike"),
        }
    }
}
