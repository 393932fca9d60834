//! What the hot key report counts, and the columns that show it.

use crate::epan::reports::stats::ReportRow;
use crate::track::record::{Event, Record, Touch};
use crate::wire::client::message::result_code::ResultCode;

// Columns: what does not fit into a window as it opens stands at the end.
pub(super) const RANK: u32 = 0;
pub(super) const NAMESPACE: u32 = 1;
pub(super) const SET: u32 = 2;
pub(super) const KEY: u32 = 3;
pub(super) const REQUESTS: u32 = 4;
pub(super) const SHARE: u32 = 5;
pub(super) const ERRORS: u32 = 6;
pub(super) const MEAN: u32 = 7;
pub(super) const MAX: u32 = 8;
pub(super) const READS: u32 = 9;
pub(super) const WRITES: u32 = 10;
pub(super) const RESPONSES: u32 = 11;
pub(super) const DELTA: u32 = 12;
pub(super) const FIRST_FRAME: u32 = 13;
pub(super) const DIGEST: u32 = 14;
pub(super) const FILTER: u32 = 15;
pub(super) const RATE: u32 = 16;
pub(super) const BYTES_RATE: u32 = 17;
pub(super) const SIZE: u32 = 18;
pub(super) const NOT_FOUND: u32 = 19;
pub(super) const NODE_SHARE: u32 = 20;

#[derive(Clone, Copy, Default)]
/// What is counted of a key, or of all.
pub(super) struct Counts {
    pub(super) requests: u32,
    pub(super) responses: u32,
    pub(super) reads: u32,
    pub(super) writes: u32,
    pub(super) errors: u32,
    pub(super) not_found: u32,
    /// Nanoseconds.
    pub(super) time: i64,
    pub(super) slowest: i64,
    /// Bytes of messages, or of what they have of the record.
    pub(super) bytes: u64,
    /// Bytes of the record itself, and how often it was sent either way.
    pub(super) size: u64,
    pub(super) sent: u32,
}

impl Counts {
    /// What the order goes by: the requests, or the responses where a filter leaves only these.
    pub(super) fn heat(&self) -> u32 {
        self.requests.max(self.responses)
    }

    pub(super) fn add(&mut self, record: &Record<'_>, touch: &Touch<'_>) {
        let is_answer = matches!(record.event, Event::Answered { .. });
        // Nobody asks for the single records of a scan.
        if !is_answer || touch.request.is_query() {
            self.requests += 1;
            *(if touch.writes {
                &mut self.writes
            } else {
                &mut self.reads
            }) += 1;
        }
        if is_answer {
            self.responses += 1;
            self.errors += u32::from(touch.result != Some(ResultCode::OK));
            self.not_found += u32::from(touch.result == Some(ResultCode::NOT_FOUND));
            let elapsed = record.elapsed().unwrap_or(0);
            self.time += elapsed;
            self.slowest = self.slowest.max(elapsed);
        }
        self.bytes += u64::from(touch.content.bytes);
        if let (Some(size), true) = (touch.content.size, touch.content.bins > 0) {
            self.size += u64::from(size);
            self.sent += 1;
        }
    }

    /// What changes as time goes by, and what is seldom looked at.
    pub(super) fn write_rates(&self, row: ReportRow, seconds: f64) {
        let rate = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
        row.decimal(RATE, rate(f64::from(self.heat())));
        row.decimal(BYTES_RATE, rate(self.bytes as f64));
        row.decimal(SIZE, self.size as f64 / f64::from(self.sent.max(1)));
        let share = f64::from(self.not_found) * 100.0 / f64::from(self.responses.max(1));
        row.decimal(NOT_FOUND, share);
    }

    pub(super) fn write(&self, row: ReportRow) {
        let signed = |count| i32::try_from(count).unwrap_or(i32::MAX);
        let milliseconds = |time: i64| time as f64 / 1e6;
        row.unsigned(REQUESTS, self.requests);
        row.unsigned(RESPONSES, self.responses);
        row.signed(
            DELTA,
            signed(self.requests).saturating_sub(signed(self.responses)),
        );
        row.unsigned(READS, self.reads);
        row.unsigned(WRITES, self.writes);
        row.unsigned(ERRORS, self.errors);
        row.decimal(MEAN, milliseconds(self.time) / f64::from(self.responses.max(1)));
        row.decimal(MAX, milliseconds(self.slowest));
    }
}

/// Requests and responses at a node, by its number.
#[derive(Clone, Copy, Default)]
pub(super) struct AtNode {
    pub(super) node: u16,
    pub(super) requests: u32,
    pub(super) responses: u32,
}

impl AtNode {
    pub(super) fn heat(&self) -> u32 {
        self.requests.max(self.responses)
    }

    pub(super) fn add(&mut self, before: &Counts, after: &Counts) {
        self.requests += after.requests - before.requests;
        self.responses += after.responses - before.responses;
    }
}
