//! The answers of each line of the report by interval, for programs: where reports are written as files, this one stands beside
//! the report's. What it has can be added up, over lines, intervals and captures: sums, and how often which times were counted,
//! instead of means and percentiles.
//!
//! Where the preference `timeline_interval` says how long an interval is, all begin at multiples of it since 1970, so that those
//! of several captures are the same.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::stats::report_files::push;
use crate::stats::shared::intervals::{Counts, Intervals};
use crate::stats::shared::percentiles::Percentiles;
use crate::track::record::Record;

/// The file's name, without its end.
pub const FILE: &str = "latency_by_interval";

/// Behind the table, the times and the names: sums are in nanoseconds. The parts are called as their fields are.
const COLUMNS: &str = "Table,From (s),To (s),Server node,Operation,Answers,Max ns,Sum ns,Request spread ns,Service time ns,\
                       Response spread ns,Retransmission ns,Delayed ACK ns,Times ns";

/// Parts of the time that are added up.
const PARTS: usize = 5;

#[derive(Clone, Default)]
struct Answers {
    times: Percentiles,
    longest: i64,
    sum: i64,
    parts: [i64; PARTS],
}

/// By the number of the line.
type Lines = BTreeMap<usize, Answers>;

impl Counts for Lines {
    fn merge(&mut self, other: &Self) {
        for (line, answers) in other {
            let all = self.entry(*line).or_default();
            all.times.merge(&answers.times);
            all.longest = all.longest.max(answers.longest);
            all.sum = all.sum.saturating_add(answers.sum);
            for (all, part) in all.parts.iter_mut().zip(answers.parts) {
                *all = all.saturating_add(part);
            }
        }
    }
}

/// All answers.
pub struct ByInterval {
    /// When the capture starts, and when the first interval does.
    starts: (i64, i64),
    /// The last answer.
    last: i64,
    intervals: Intervals<Lines>,
}

impl ByInterval {
    /// Of a capture that starts then; intervals of so many milliseconds, or (0) as short as a hundred allow.
    #[must_use]
    pub fn new(start: i64, milliseconds: u32) -> Self {
        let width = i64::from(milliseconds.max(1)) * 1_000_000;
        let first = match milliseconds {
            0 => start,
            _ => start - start.rem_euclid(width),
        };
        Self {
            starts: (start, first),
            last: first,
            intervals: Intervals::new(first, milliseconds),
        }
    }

    /// Counts a complete answer of a line.
    pub fn add(&mut self, line: usize, time: i64, record: &Record<'_>) {
        self.last = self.last.max(record.time);
        let answers = self.intervals.at(record.time).entry(line).or_default();
        answers.times.add(time);
        answers.longest = answers.longest.max(time);
        answers.sum = answers.sum.saturating_add(time.max(0));
        let parts = record.timing.zip(record.transaction);
        let Some(parts) = parts.map(|(timing, transaction)| timing.parts(&transaction)) else {
            return;
        };
        let optional = [parts.retransmission, parts.delay].map(Option::unwrap_or_default);
        let all = [parts.request, parts.service, parts.answer]
            .into_iter()
            .chain(optional);
        for (sum, part) in answers.parts.iter_mut().zip(all) {
            *sum = sum.saturating_add(part.max(0));
        }
    }

    /// Writes a row for each interval and line that has answers; `names` tells the node and the operation of a line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write<'n>(
        &mut self,
        out: &mut impl Write,
        names: impl Fn(usize) -> Option<(&'n str, &'n str)>,
    ) -> io::Result<()> {
        write!(out, "{COLUMNS}\r\n")?;
        let width = self.intervals.width();
        let mut from = self.starts.1 - self.starts.0;
        let mut line = String::new();
        for lines in self.intervals.rows(self.last) {
            let seconds = |time: i64| time as f64 / 1e9;
            for (number, answers) in lines {
                line.clear();
                let (node, operation) = names(number).unwrap_or_default();
                for name in [node, operation] {
                    line.push(',');
                    push(&mut line, name);
                }
                write!(
                    out,
                    "By interval,{},{}{line},{}",
                    seconds(from),
                    seconds(from + width),
                    answers.times.len()
                )?;
                for number in [answers.longest, answers.sum].into_iter().chain(answers.parts) {
                    write!(out, ",{number}")?;
                }
                let mut separator = ',';
                for (time, count) in answers.times.counts() {
                    write!(out, "{separator}{time}:{count}")?;
                    separator = ' ';
                }
                out.write_all(b"\r\n")?;
            }
            from += width;
        }
        Ok(())
    }
}
