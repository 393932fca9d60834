//! What happened when: a row an interval, with the events of the cluster and of its configuration in their place.
//!
//! Requests count where they were sent, answers (and their errors and times) where they were complete, timeouts without an
//! answer where the time was over. Rows are written when they are drawn; the memory does not grow with the capture but
//! for its connections, of which [`connections::MOST`] are kept.

pub mod connections;
pub mod events;
pub mod interval;

use self::connections::Connections;
use self::events::Events;
use self::interval::Interval;
use super::shared::intervals::{Counts as _, Intervals};
use super::shared::open_requests::OpenRequests;
use super::shared::opening::PRESS_APPLY;
use super::shared::outcome;
use crate::epan::memory::MOST_TAPPED;
use crate::epan::plugin::register::preference;
use crate::epan::reports::stats::{Cell, Column, Report, ReportRow, ReportTables};
use crate::epan::taps::tcp_tap::{Frame, Frames, Heard};
use crate::track::record::{Event, Record, Records};

/// Tables.
const TOTALS: u32 = 0;
const LIST: u32 = 1;

/// Columns.
const FROM: u32 = 0;
const TO: u32 = 1;
const REQUESTS: u32 = 2;
const ANSWERS: u32 = 3;
const ERRORS: u32 = 4;
const TIMEOUTS: u32 = 5;
const OPEN: u32 = 6;
const P50: u32 = 7;
const P99: u32 = 8;
const CONNECTIONS: u32 = 9;
const OPENED: u32 = 10;
const BYTES: u32 = 11;
const EVENTS: u32 = 12;

/// The report.
#[derive(Default)]
pub struct Timeline {
    /// When the capture starts.
    start: i64,
    /// The last packet.
    now: i64,
    intervals: Intervals<Interval>,
    open: OpenRequests<()>,
    connections: Connections,
    events: Events,
    /// Messages that Wireshark had no room for.
    missing: u32,
    /// It was opened while the capture was read.
    is_late: bool,
}

impl Report<Frames<Records>> for Timeline {
    const NUMBER: u8 = 3;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Timeline";
    const CLI: &'static core::ffi::CStr = c"aerospike,timeline";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"From (s)", Cell::Decimal(3), 10),
        Column::new(c"To (s)", Cell::Decimal(3), 10),
        Column::new(c"Requests", Cell::Unsigned, 8),
        Column::new(c"Answers", Cell::Unsigned, 8),
        Column::new(c"Errors", Cell::Unsigned, 6),
        Column::new(c"Timeouts", Cell::Unsigned, 8),
        Column::new(c"Open", Cell::Unsigned, 6),
        Column::new(c"p50 ms", Cell::Decimal(3), 9),
        Column::new(c"p99 ms", Cell::Decimal(3), 9),
        Column::new(c"Connections", Cell::Unsigned, 11),
        Column::new(c"Opened", Cell::Unsigned, 6),
        Column::new(c"Bytes", Cell::Decimal(0), 11),
        Column::new(c"Events", Cell::Text, 40),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[c"All of the capture", c"By interval"];

    fn comes_late(&mut self) {
        self.is_late = true;
    }

    fn on_open(&mut self, tables: &ReportTables) {
        // A row without values is not shown.
        let row = tables.row(TOTALS, 0);
        if let Some(row) = row.filter(|_| self.is_late) {
            // Where it is seen.
            row.text(FROM, format_args!("not counted: {PRESS_APPLY}"));
        }
    }

    fn packet(&mut self, frame: &Frame<'_, Records>, _: &ReportTables) -> bool {
        if self.now == 0 {
            self.start = frame.start();
            self.intervals = Intervals::new(frame.start(), preference::timeline_interval());
        }
        self.now = self.now.max(frame.time());
        for heard in frame.heard() {
            match heard {
                Heard::Segment(segment) => {
                    self.open.on_segment(&segment);
                    if let Some(bytes) = self.connections.segment(&segment) {
                        self.intervals.at(segment.time).bytes += u64::from(bytes);
                    }
                }
                Heard::Record(record) => self.record(&record),
            }
        }
        let open = self.open.open_count();
        self.note_open(frame.time(), open);
        true
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        tables.clear(TOTALS);
        tables.clear(LIST);
        self.events.read();
        let mut rows = self.intervals.rows(self.now);
        let width = self.intervals.width();
        let place = |time: i64| usize::try_from((time - self.start).max(0) / width).unwrap_or(0);
        for (deadline, ()) in self.open.overdue(self.now) {
            if let Some(row) = rows.get_mut(place(deadline)) {
                row.timeouts += 1;
            }
        }
        let mut all = Interval::default();
        let counts = self.connections.counts(self.start, width, rows.len());
        for row in &rows {
            all.merge(row);
        }
        if let Some(row) = tables.row(TOTALS, 0) {
            self.write(&all, (0, self.now - self.start), row);
            let last = counts.last().map_or(0, |(_, open)| *open);
            row.unsigned(CONNECTIONS, last);
            row.unsigned(OPENED, counts.iter().map(|(opened, _)| opened).sum());
            row.text(EVENTS, format_args!("{}", self.notes()));
        }
        let mut from = 0;
        for ((number, interval), (opened, open)) in (0u32..).zip(&rows).zip(counts) {
            let Some(row) = tables.row(LIST, number) else {
                return;
            };
            self.write(interval, (from, from + width), row);
            row.unsigned(CONNECTIONS, open);
            row.unsigned(OPENED, opened);
            let events = self.events.between(self.start + from, self.start + from + width);
            row.text(EVENTS, format_args!("{events}"));
            from += width;
        }
    }
}

impl Timeline {
    fn record(&mut self, record: &Record<'_>) {
        self.missing = self.missing.saturating_add(record.messages_missing());
        self.events.record(record);
        match record.event {
            Event::Asked => {
                self.connections.record(record, &mut self.intervals);
                self.open.on_request(record, ());
                self.intervals.at(record.time).requests += 1;
            }
            Event::Answered { is_last, .. } => {
                self.connections.record(record, &mut self.intervals);
                let Some(time) = record.response_time().filter(|_| is_last) else {
                    return;
                };
                self.note_open(record.time, self.open.open_count());
                self.open.on_response(record);
                let row = self.intervals.at(record.time);
                row.answers += 1;
                row.errors += u32::from(outcome::is_error(record));
                row.timeouts += u32::from(outcome::is_timeout(record));
                row.times.add(time);
            }
            Event::Refused { .. } | Event::Internode { .. } => {}
        }
    }

    /// So many requests are open at a time, and until another number is told.
    fn note_open(&mut self, time: i64, open: usize) {
        let interval = self.intervals.at(time);
        interval.open = interval.open.max(open);
        self.intervals.empty().open = open;
    }

    /// How long the rows are, and what is not in them.
    fn notes(&self) -> String {
        let mut notes = format!("rows of {} ms", self.intervals.width() / 1_000_000);
        let missing = [
            (self.missing, "messages", "beyond", MOST_TAPPED, " a frame"),
            (
                self.connections.left_out(),
                "connections",
                "beyond",
                u32::try_from(connections::MOST).unwrap_or(u32::MAX),
                "",
            ),
            (
                self.events.left_out(),
                "events",
                "beyond",
                u32::try_from(events::MOST).unwrap_or(u32::MAX),
                "",
            ),
        ];
        for (count, what, beyond, most, of) in missing.into_iter().filter(|note| note.0 > 0) {
            notes.push_str(&format!("; not counted: {count} {what} {beyond} {most}{of}"));
        }
        if self.is_late {
            notes.push_str(&format!("; not counted: {PRESS_APPLY}"));
        }
        notes
    }

    fn write(&self, interval: &Interval, (from, to): (i64, i64), row: ReportRow) {
        let seconds = |time: i64| time as f64 / 1e9;
        row.decimal(FROM, seconds(from));
        row.decimal(TO, seconds(to));
        row.unsigned(REQUESTS, interval.requests);
        row.unsigned(ANSWERS, interval.answers);
        row.unsigned(ERRORS, interval.errors);
        row.unsigned(TIMEOUTS, interval.timeouts);
        row.unsigned(OPEN, u32::try_from(interval.open).unwrap_or(u32::MAX));
        let [p50, p99] = interval.times.at([0.5, 0.99]);
        row.decimal(P50, p50 / 1e6);
        row.decimal(P99, p99 / 1e6);
        row.decimal(BYTES, interval.bytes as f64);
    }
}
