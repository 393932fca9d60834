//! Latency by server node and operation: operations a second and the share over 1, 8 and 64 ms, as
//! `asadm show latencies` tells from the servers.

use std::collections::HashMap;

use super::opening::{Opening, PRESS_APPLY};
use super::operation::Operation;
use crate::epan::Text;
use crate::epan::stats::{Cell, Column, Report, Row, Sheet};
use crate::track::record::{Record, Records};
use crate::track::transactions::What;

/// Thresholds in milliseconds.
const OVER: [i64; 3] = [1, 8, 64];

/// Columns.
const NODE: u32 = 0;
const OPERATION: u32 = 1;
const COUNT: u32 = 2;
const RATE: u32 = 3;
const MEAN: u32 = 4;
const MAX: u32 = 5;
const SHARES: u32 = 6;
const FIRST_FRAME: u32 = 9;
const FILTER: u32 = 10;

/// All rows show a new rate at every answer up to so many rows; beyond that, when the time has grown by a thousandth.
const FEW: usize = 32;

/// Rows at most, the one of all and the one of the others aside.
const ROWS: usize = 1000;

#[derive(Clone, Copy, Default)]
struct Line {
    count: u32,
    over: [u32; OVER.len()],
    time: i64,
    slowest: i64,
    first_frame: u32,
}

/// The report.
#[derive(Default)]
pub struct Latency {
    /// Row by node and operation; row 0 is all.
    index: HashMap<String, usize>,
    lines: Vec<Line>,
    /// When the first and the last record that counts were seen.
    seen: Option<(i64, i64)>,
    /// The time for which all rates are right.
    refreshed: i64,
    /// Messages that Wireshark had no room for, and the row that says it.
    missing: (u32, usize),
    opening: Opening,
}

impl Report<Records> for Latency {
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
        Column::new(c"First frame", Cell::Unsigned, 11),
        Column::new(c"Filter", Cell::Text, 40),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[c"Answers"];

    fn opened(&mut self, sheet: &Sheet) {
        self.opening = Opening::now();
        self.lines.push(Line::default());
        if let Some(row) = sheet.row(0, 0) {
            row.text(NODE, format_args!("(all)"));
            row.text(OPERATION, format_args!("(all)"));
            row.text(FILTER, format_args!("aerospike.response_time"));
            self.write(0, row);
        }
    }

    fn packet(&mut self, record: &Record<'_>, sheet: &Sheet) -> bool {
        let (first, last) = self.seen.unwrap_or((record.time, record.time));
        let seen = (first.min(record.time), last.max(record.time));
        self.seen = Some(seen);
        self.miss(record.messages_missing(), sheet);
        if self.opening.misses(record.frame) {
            let (name, why) = (format_args!("(not counted)"), format_args!("{PRESS_APPLY}"));
            self.line(PRESS_APPLY, name, why, sheet);
        }
        let Some(time) = record.response_time() else {
            return false;
        };
        let name = Text::<128>::of(format_args!("{} {}", record.server, Operation::brief(record)));
        let known = self.index.get(name.as_str()).copied();
        let number = match known {
            Some(number) => number,
            None if self.index.len() < ROWS => {
                let (node, operation) = (record.server, Operation::brief(record));
                let number = self.line(
                    name.as_str(),
                    format_args!("{node}"),
                    format_args!("{operation}"),
                    sheet,
                );
                if let Some(row) = row(sheet, number) {
                    row.text(FILTER, format_args!("{}", Filter(record)));
                }
                number
            }
            // No node and operation are called so.
            None => match self.index.get(OTHERS) {
                Some(number) => *number,
                None => self.line(OTHERS, format_args!("{OTHERS}"), format_args!("{OTHERS}"), sheet),
            },
        };
        for number in [0, number] {
            if let Some(line) = self.lines.get_mut(number) {
                line.add(time);
                if line.first_frame == 0 {
                    line.first_frame = record.frame;
                }
            }
            if let Some(row) = row(sheet, number) {
                self.write(number, row);
            }
        }
        let span = seen.1 - seen.0;
        if self.lines.len() <= FEW || span - self.refreshed > self.refreshed / 1000 {
            self.refreshed = span;
            for number in 0..self.lines.len() {
                if let Some(row) = row(sheet, number) {
                    row.decimal(RATE, self.rate(number));
                }
            }
        }
        true
    }
}

fn row(sheet: &Sheet, number: usize) -> Option<Row> {
    sheet.row(0, u32::try_from(number).ok()?)
}

impl Line {
    fn add(&mut self, time: i64) {
        self.count += 1;
        self.time += time;
        self.slowest = self.slowest.max(time);
        for (over, threshold) in self.over.iter_mut().zip(OVER) {
            *over += u32::from(time > threshold * 1_000_000);
        }
    }
}

/// The row of those that have none of their own.
const OTHERS: &str = "(others)";

impl Latency {
    /// A line and row of its own, behind the last.
    fn line(
        &mut self,
        name: &str,
        node: core::fmt::Arguments<'_>,
        operation: core::fmt::Arguments<'_>,
        sheet: &Sheet,
    ) -> usize {
        let number = self.lines.len();
        self.lines.push(Line::default());
        self.index.insert(name.to_owned(), number);
        if let Some(row) = row(sheet, number) {
            row.text(NODE, node);
            row.text(OPERATION, operation);
            row.text(FILTER, format_args!(""));
        }
        number
    }

    /// Says how many messages are not counted, in a row of their own.
    fn miss(&mut self, more: u32, sheet: &Sheet) {
        if more == 0 {
            return;
        }
        if self.missing.0 == 0 {
            self.missing.1 = self.line(
                "(not counted)",
                format_args!("(not counted)"),
                format_args!("messages beyond {} a frame", crate::epan::memory::MOST_TAPPED),
                sheet,
            );
        }
        self.missing.0 = self.missing.0.saturating_add(more);
        if let Some(row) = row(sheet, self.missing.1) {
            self.write(self.missing.1, row);
            row.unsigned(COUNT, self.missing.0);
        }
    }

    /// Answers a second over all the time that the report has seen.
    fn rate(&self, number: usize) -> f64 {
        let (first, last) = self.seen.unwrap_or_default();
        let seconds = (last - first) as f64 / 1e9;
        let count = self.lines.get(number).map_or(0, |line| line.count);
        if seconds > 0.0 {
            f64::from(count) / seconds
        } else {
            0.0
        }
    }

    fn write(&self, number: usize, row: Row) {
        let Some(line) = self.lines.get(number) else {
            return;
        };
        let count = f64::from(line.count.max(1));
        row.unsigned(COUNT, line.count);
        row.decimal(RATE, self.rate(number));
        for (column, over) in (SHARES..).zip(line.over) {
            row.decimal(column, f64::from(over) * 100.0 / count);
        }
        row.decimal(MEAN, line.time as f64 / 1e6 / count);
        row.decimal(MAX, line.slowest as f64 / 1e6);
        if line.first_frame != 0 {
            row.unsigned(FIRST_FRAME, line.first_frame);
        }
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
            What::Message(request) => write!(f, "aerospike.operation == \"{request}\""),
            What::Info => f.write_str("aerospike.info"),
            What::Security(_) => f.write_str("aerospike.admin"),
            What::Other => f.write_str("aerospike"),
        }
    }
}
