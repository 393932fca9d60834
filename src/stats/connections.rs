//! Connections by client and node: how many, who closes them, how they are used, and what TCP shows of their paths.
//!
//! It reads the evidence that the diagnosis reads (segments and messages in order and without copies), when it is drawn.

use std::collections::HashMap;

use super::diagnosis::evidence::Evidence;
use super::diagnosis::evidence::connection::Connection;
use super::diagnosis::evidence::request::Request;
use super::diagnosis::log::Log;
use super::shared::endpoint::Endpoint;
use super::shared::opening::PRESS_APPLY;
use super::shared::percentiles::Percentiles;
use crate::epan::reports::stats::{Cell, Column, Report, ReportRow, ReportTables};
use crate::epan::taps::tcp_tap::{Frame, Frames};
use crate::track::record::Records;

/// Tables.
const TOTALS: u32 = 0;
const LIST: u32 = 1;
/// Rows of clients and nodes at most, that of the others aside.
const ROWS: usize = 10_000;

/// Columns.
const CLIENT: u32 = 0;
const NODE: u32 = 1;
const COUNTS: u32 = 2;
const EACH: u32 = 10;
const IDLE: u32 = 11;
const CONNECT: u32 = 13;
const RETRANSMISSIONS: u32 = 15;
const ROUND_TRIP: u32 = 16;

/// The ports of a node where a connection that was never opened is one of a client.
const PORTS: [u16; 2] = [3000, 4333];

/// Times: their percentiles and the longest.
#[derive(Default)]
struct Times {
    percentiles: Percentiles,
    longest: i64,
}

impl Times {
    fn add(&mut self, time: i64) {
        self.percentiles.add(time);
        self.longest = self.longest.max(time);
    }

    /// The median and the longest, in milliseconds.
    fn write(&self, row: ReportRow, column: u32) {
        let [median] = self.percentiles.at([0.5]);
        row.decimal(column, median / 1e6);
        row.decimal(column + 1, self.longest as f64 / 1e6);
    }
}

/// What is counted of a client and a node.
#[derive(Default)]
struct Line {
    at_start: u32,
    opened: u32,
    not_opened: u32,
    by_client: u32,
    by_node: u32,
    at_end: u32,
    requests: u32,
    /// Nanoseconds between an answer and the next request.
    idle: Times,
    /// From the first SYN to the SYN-ACK.
    connect: Times,
    resent: u32,
    /// From the SYN to the client's acknowledgement of the SYN-ACK.
    round_trip: Percentiles,
    /// When connections came and went: the time, and whether one came.
    changes: Vec<(i64, bool)>,
}

impl Line {
    fn add(&mut self, connection: &Connection, requests: &[Request]) {
        let shake = &connection.handshake;
        let is_there = connection.is_opened() || shake.syns.is_empty();
        if !is_there {
            self.not_opened += 1;
        } else {
            // What was there before the capture is open from its start on.
            let from = shake.answered.unwrap_or(i64::MIN);
            self.at_start += u32::from(!connection.is_opened());
            self.opened += u32::from(connection.is_opened());
            self.changes.push((from, true));
            if let Some(closed) = connection.closed_at() {
                self.changes.push((closed, false));
                let by_client = connection.closed_by_client().is_some();
                *(if by_client {
                    &mut self.by_client
                } else {
                    &mut self.by_node
                }) += 1;
            } else {
                self.at_end += 1;
            }
        }
        self.requests += u32::try_from(requests.len()).unwrap_or(u32::MAX);
        for pair in requests.windows(2) {
            let [one, next] = pair else { continue };
            if let Some((last, _)) = one.last.filter(|_| one.is_complete) {
                // Pipelined: the next was there before.
                if next.begun >= last {
                    self.idle.add(next.begun - last);
                }
            }
        }
        let syn = shake.syns.first().map(|(time, _)| *time);
        if let (Some(syn), Some(answered)) = (syn, shake.answered) {
            self.connect.add(answered - syn);
        }
        let last_syn = shake.syns.last().map(|(time, _)| *time);
        if let (Some(syn), Some(done), Some(_)) = (last_syn, shake.done, shake.answered) {
            self.round_trip.add(done - syn);
        }
        self.resent += u32::try_from(connection.resent.len()).unwrap_or(u32::MAX);
    }

    /// How many were open at the same time, at most.
    fn peak(&self) -> u32 {
        let mut changes = self.changes.clone();
        // Of the same moment, those that go first.
        changes.sort_unstable();
        let (mut open, mut most) = (0i64, 0);
        for (_, comes) in changes {
            open += if comes { 1 } else { -1 };
            most = most.max(open);
        }
        u32::try_from(most).unwrap_or(0)
    }

    fn write(&self, row: ReportRow) {
        let counts = [
            self.at_start,
            self.opened,
            self.not_opened,
            self.by_client,
            self.by_node,
            self.at_end,
            self.peak(),
            self.requests,
        ];
        for (column, count) in (COUNTS..).zip(counts) {
            row.unsigned(column, count);
        }
        let all = self.at_start + self.opened;
        row.decimal(EACH, f64::from(self.requests) / f64::from(all.max(1)));
        self.idle.write(row, IDLE);
        self.connect.write(row, CONNECT);
        row.unsigned(RETRANSMISSIONS, self.resent);
        let [round_trip] = self.round_trip.at([0.5]);
        row.decimal(ROUND_TRIP, round_trip / 1e6);
    }
}

/// The report.
#[derive(Default)]
pub struct Connections {
    log: Log,
    /// It was opened while the capture was read.
    is_late: bool,
}

impl Report<Frames<Records>> for Connections {
    const NUMBER: u8 = 4;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Connections";
    const CLI: &'static core::ffi::CStr = c"aerospike,connections";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"Client", Cell::Text, 16),
        Column::new(c"Node", Cell::Text, 22),
        Column::new(c"At start", Cell::Unsigned, 8),
        Column::new(c"Opened", Cell::Unsigned, 7),
        Column::new(c"Not opened", Cell::Unsigned, 10),
        Column::new(c"Closed by client", Cell::Unsigned, 16),
        Column::new(c"by node", Cell::Unsigned, 7),
        Column::new(c"At end", Cell::Unsigned, 7),
        Column::new(c"Peak", Cell::Unsigned, 7),
        Column::new(c"Requests", Cell::Unsigned, 9),
        Column::new(c"each", Cell::Decimal(1), 8),
        Column::new(c"Idle p50 ms", Cell::Decimal(3), 11),
        Column::new(c"Idle max ms", Cell::Decimal(3), 11),
        Column::new(c"Connect p50 ms", Cell::Decimal(3), 14),
        Column::new(c"Connect max ms", Cell::Decimal(3), 14),
        Column::new(c"Retransmissions", Cell::Unsigned, 15),
        Column::new(c"Round trip ms", Cell::Decimal(3), 13),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[c"All connections", c"By client and node"];

    fn comes_late(&mut self) {
        self.is_late = true;
    }

    fn on_open(&mut self, tables: &ReportTables) {
        // A row without values is not shown.
        let _ = tables.row(TOTALS, 0);
        self.write_notes(tables);
    }

    fn packet(&mut self, frame: &Frame<'_, Records>, _: &ReportTables) -> bool {
        self.log.frame(frame);
        true
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        tables.clear(TOTALS);
        tables.clear(LIST);
        let evidence = Evidence::of(&self.log);
        let mut all = Line::default();
        let mut index: HashMap<(Endpoint, Endpoint), usize> = HashMap::new();
        let mut lines: Vec<(String, String, Line)> = Vec::new();
        for connection in &evidence.connections {
            if !is_shown(&evidence, connection) {
                continue;
            }
            let requests = evidence.requests_of(connection);
            all.add(connection, requests);
            let key = (connection.client.host(), connection.server);
            let next = lines.len();
            let number = *index.entry(key).or_insert(next.min(ROWS));
            if number == next {
                lines.push(if next < ROWS {
                    (key.0.to_string(), key.1.to_string(), Line::default())
                } else {
                    ("(others)".into(), format!("beyond {ROWS} rows"), Line::default())
                });
            }
            if let Some((_, _, line)) = lines.get_mut(number) {
                line.add(connection, requests);
            }
        }
        if let Some(row) = tables.row(TOTALS, 0) {
            row.text(CLIENT, format_args!("(all)"));
            row.text(NODE, format_args!("(all)"));
            all.write(row);
        }
        self.write_notes(tables);
        for (number, (client, node, line)) in (0u32..).zip(&lines) {
            let Some(row) = tables.row(LIST, number) else {
                return;
            };
            row.text(CLIENT, format_args!("{client}"));
            row.text(NODE, format_args!("{node}"));
            line.write(row);
        }
    }
}

impl Connections {
    /// What is not counted.
    fn write_notes(&self, tables: &ReportTables) {
        let dropped = self.log.dropped.0;
        let too_many = (dropped > 0)
            .then(|| format!("all or the older half of {dropped} connections: more than can be held"));
        let before = self.is_late.then(|| PRESS_APPLY.to_string());
        for (number, note) in (1..).zip(too_many.iter().chain(&before)) {
            if let Some(row) = tables.row(TOTALS, number) {
                Line::default().write(row);
                row.text(CLIENT, format_args!("(not counted)"));
                row.text(NODE, format_args!("{note}"));
            }
        }
    }
}

/// Whether a client had or wanted it: those between nodes are not shown.
fn is_shown(evidence: &Evidence<'_>, connection: &Connection) -> bool {
    if connection.is_internode {
        return false;
    }
    let is_wanted = !connection.handshake.syns.is_empty()
        && connection.handshake.answered.is_none()
        && PORTS.contains(&connection.server.port);
    evidence.is_ours(connection) || is_wanted
}
