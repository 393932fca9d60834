//! What the answers' times tell, by node, operation and interval: for the heat map, the split, and the sentences.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use crate::histogram::{Coarse, Fine};
use crate::table::{Cells, Table};
use crate::tshark::nanoseconds;

/// Intervals at most, which the plugin's hundred are not: more do not fit in a picture. Their length doubles when they are
/// used up.
pub const INTERVALS: usize = 128;
/// Nodes and operations at most; what comes later is counted as [`OTHERS`].
const LINES: usize = 400;
/// The name of nodes and operations that there was no room for.
pub const OTHERS: &str = "(others)";
/// The shortest interval, in nanoseconds, which is the plugin's.
pub const SHORTEST: i64 = 1_000_000;

/// The parts of an answer's time: the plugin's field, its column of sums, and in words.
pub const PARTS: [(&str, &str, &str); 5] = [
    (
        "aerospike.time.request",
        "Request spread ns",
        "sending the request",
    ),
    (
        "aerospike.time.server",
        "Service time ns",
        "waiting for the server",
    ),
    (
        "aerospike.time.answer",
        "Response spread ns",
        "receiving the answer",
    ),
    (
        "aerospike.time.retransmission",
        "Retransmission ns",
        "sent again by TCP",
    ),
    (
        "aerospike.time.delayed_ack",
        "Delayed ACK ns",
        "delayed acknowledgement",
    ),
];

/// Answers of one node to one operation in an interval. Times are in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers<'a> {
    /// When they were there in full, since 1970: any time of the interval.
    pub at: i64,
    /// `address:port` of the node.
    pub node: &'a str,
    /// What they answer.
    pub operation: &'a str,
    /// Times since the request, each with how many took it.
    pub times: &'a [(u64, u64)],
    /// The longest.
    pub longest: u64,
    /// The sum of all.
    pub sum: u128,
    /// Sums of [`PARTS`].
    pub parts: [u128; PARTS.len()],
}

/// The answers of one node to one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// All of them.
    pub all: Fine,
    /// By interval since the grid's origin.
    pub by_interval: BTreeMap<i64, Coarse>,
    /// Sums of [`PARTS`].
    pub parts: [u128; PARTS.len()],
}

/// Answers by node and operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// The time of the first packet, in nanoseconds since 1970.
    start: i64,
    /// Where the interval 0 begins, likewise.
    origin: i64,
    /// How long one is, in nanoseconds.
    pub interval: i64,
    /// By node and operation.
    pub lines: BTreeMap<(String, String), Line>,
    /// The first and the last interval that has an answer.
    used: Option<(i64, i64)>,
}

impl Grid {
    /// An empty one for a capture whose first packet came at `start`, where its intervals begin, too; they are at least that
    /// long. Times are in nanoseconds, `start` since 1970.
    #[must_use]
    pub fn of_one(start: i64, interval: i64) -> Self {
        Self {
            start,
            origin: start,
            interval,
            ..Self::default()
        }
    }

    /// An empty one for several captures: intervals begin at multiples of their length, so that they are the same in all.
    #[must_use]
    pub fn of_several(start: i64, interval: i64) -> Self {
        Self {
            start,
            interval,
            ..Self::default()
        }
    }

    /// Adds what the plugin's file has of a capture whose first packet came at `first`.
    ///
    /// # Errors
    /// Those of the reader, and what is no CSV.
    pub fn read(&mut self, from: impl io::Read, first: i64) -> io::Result<()> {
        for row in Table::parse(from)?.all() {
            self.read_row(row, first);
        }
        Ok(())
    }

    fn read_row(&mut self, row: Cells<'_>, first: i64) -> Option<()> {
        let from = nanoseconds(row.text("From (s)"))?;
        let to = nanoseconds(row.text("To (s)"))?;
        if self.lines.is_empty() {
            self.interval = self.interval.max(to - from);
        }
        while self.interval < to - from {
            self.double();
        }
        let sum = |column| row.text(column).parse().unwrap_or(0);
        let times: Vec<(u64, u64)> = (row.text("Times ns").split(' '))
            .filter_map(|time| {
                let (time, count) = time.split_once(':')?;
                time.parse().ok().zip(count.parse().ok())
            })
            .collect();
        self.add(&Answers {
            at: first + from + (to - from) / 2,
            node: row.text("Server node"),
            operation: row.text("Operation"),
            times: &times,
            longest: row.text("Max ns").parse().unwrap_or(0),
            sum: sum("Sum ns"),
            parts: PARTS.map(|(_, column, _)| sum(column)),
        });
        Some(())
    }

    /// Counts answers.
    pub fn add(&mut self, answers: &Answers<'_>) {
        let interval = (answers.at - self.origin).div_euclid(self.interval);
        let line = self.line(answers.node, answers.operation);
        let (longest, sum) = (answers.longest, answers.sum);
        line.all.add_all(answers.times, longest, sum);
        let of_interval = line.by_interval.entry(interval).or_default();
        of_interval.add_all(answers.times, longest, sum);
        for (sum, part) in line.parts.iter_mut().zip(answers.parts) {
            *sum += part;
        }
        self.use_interval(interval);
    }

    fn line(&mut self, node: &str, operation: &str) -> &mut Line {
        let mut key = (node.to_owned(), operation.to_owned());
        if self.lines.len() >= LINES && !self.lines.contains_key(&key) {
            key = (OTHERS.to_owned(), OTHERS.to_owned());
        }
        self.lines.entry(key).or_default()
    }

    fn use_interval(&mut self, interval: i64) {
        let (first, last) = self.used.unwrap_or((interval, interval));
        self.used = Some((first.min(interval), last.max(interval)));
        while self
            .used
            .is_some_and(|(first, last)| last - first >= INTERVALS as i64)
        {
            self.double();
        }
    }

    fn double(&mut self) {
        self.interval *= 2;
        for line in self.lines.values_mut() {
            let mut merged: BTreeMap<i64, Coarse> = BTreeMap::new();
            for (interval, times) in &line.by_interval {
                merged.entry(interval.div_euclid(2)).or_default().merge(times);
            }
            line.by_interval = merged;
        }
        self.used = self
            .used
            .map(|(first, last)| (first.div_euclid(2), last.div_euclid(2)));
    }

    /// Counts all that another counted, whose intervals begin where these do.
    pub fn merge(&mut self, mut other: Self) {
        debug_assert_eq!(self.origin, other.origin, "grids of one report");
        if self.lines.is_empty() {
            *self = other;
            return;
        }
        while self.interval < other.interval {
            self.double();
        }
        while other.interval < self.interval {
            other.double();
        }
        for ((node, operation), line) in other.lines {
            let into = self.line(&node, &operation);
            into.all.merge(&line.all);
            for (interval, times) in &line.by_interval {
                into.by_interval.entry(*interval).or_default().merge(times);
            }
            for (sum, part) in into.parts.iter_mut().zip(line.parts) {
                *sum += part;
            }
        }
        if let Some((first, last)) = other.used {
            self.use_interval(first);
            self.use_interval(last);
        }
    }

    /// The first and the last interval that has an answer.
    #[must_use]
    pub fn used(&self) -> Option<(i64, i64)> {
        self.used
    }

    /// When an interval begins, in seconds since the first packet; the first one not before it.
    #[must_use]
    pub fn starts(&self, interval: i64) -> f64 {
        (self.origin + interval * self.interval - self.start).max(0) as f64 / 1e9
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let lines = self.lines.iter().map(|((node, operation), line)| {
            let parts: serde_json::Map<String, Value> = (PARTS.iter().zip(line.parts))
                .map(|((field, _, _), sum)| {
                    (
                        (*field).to_owned(),
                        json!(sum as f64 / line.all.count().max(1) as f64 / 1e6),
                    )
                })
                .collect();
            let by_interval: Vec<Value> = (line.by_interval.iter())
                .map(|(interval, times)| {
                    json!({
                        "from_s": self.starts(*interval),
                        "answers": times.count(),
                        "p50_ms": times.quantile(0.5).map(millis),
                        "p99_ms": times.quantile(0.99).map(millis),
                    })
                })
                .collect();
            json!({
                "node": node,
                "operation": operation,
                "answers": line.all.count(),
                "mean_ms": line.all.mean().map(|mean| mean / 1e6),
                "p50_ms": line.all.quantile(0.5).map(millis),
                "p90_ms": line.all.quantile(0.9).map(millis),
                "p99_ms": line.all.quantile(0.99).map(millis),
                "p99.9_ms": line.all.quantile(0.999).map(millis),
                "max_ms": millis(line.all.max()),
                "mean_parts_ms": parts,
                "by_interval": by_interval,
            })
        });
        json!({ "interval_s": self.interval as f64 / 1e9, "lines": lines.collect::<Vec<_>>() })
    }
}

/// Nanoseconds as milliseconds.
#[must_use]
pub fn millis(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["a", "b"];

    /// An answer at that time.
    fn add(grid: &mut Grid, at_ms: i64, node: &str, time_us: u64) {
        let time = time_us * 1000;
        grid.add(&Answers {
            at: at_ms * 1_000_000,
            node,
            operation: "get",
            times: &[(time, 1)],
            longest: time,
            sum: u128::from(time),
            parts: [0, time_us * 900, time_us * 100, 0, 0].map(u128::from),
        });
    }

    #[test]
    fn intervals_double_until_they_fit() {
        let mut grid = Grid::of_one(0, SHORTEST);
        (0..1000).for_each(|at| add(&mut grid, at, "n", 100));
        assert_eq!(grid.interval, 8 * SHORTEST);
        assert_eq!(grid.used(), Some((0, 124)));
        let line = &grid.lines[&("n".to_owned(), "get".to_owned())];
        assert_eq!(line.by_interval[&0].count(), 8);
        assert_eq!(line.all.count(), 1000);
        assert_eq!(line.parts[1], 1000 * 90_000);
    }

    #[test]
    fn merged_is_as_if_counted_at_once() {
        let empty = Grid::of_several(0, SHORTEST);
        let (mut all, mut one, mut other) = (empty.clone(), empty.clone(), empty);
        for at in 0..3000 {
            let (node, time) = (NAMES[at as usize % 2], 50 + at as u64);
            add(&mut all, at, node, time);
            add(if at < 200 { &mut one } else { &mut other }, at, node, time);
        }
        one.merge(other);
        assert_eq!(one, all);
    }

    #[test]
    fn lines_are_bounded() {
        let mut grid = Grid::of_one(0, SHORTEST);
        (0..1000).for_each(|number| add(&mut grid, 1, &format!("10.0.0.{number}:3000"), 100));
        assert_eq!(grid.lines.len(), LINES + 1);
        assert_eq!(
            grid.lines[&(OTHERS.to_owned(), OTHERS.to_owned())].all.count(),
            600
        );
    }

    const CSV: &str = "Table,From (s),To (s),Server node,Operation,Answers,Max ns,Sum ns,Request spread ns,Service time ns,\
        Response spread ns,Retransmission ns,Delayed ACK ns,Times ns\n\
        By interval,0,0.02,n,get,3,3000,6000,0,5000,1000,0,0,1000:1 2000:1 3000:1\n\
        By interval,0.02,0.04,n,get,1,9000,9000,0,9000,0,0,0,9000:1\n\
        By interval,0.02,0.04,n,write,1,5,5,0,5,0,0,0,5:1\n";

    #[test]
    fn the_plugin_tells_how_long_an_interval_is() {
        let mut grid = Grid::of_one(7, SHORTEST);
        grid.read(CSV.as_bytes(), 7).unwrap();
        assert_eq!((grid.interval, grid.used()), (20_000_000, Some((0, 1))));
        let line = &grid.lines[&("n".to_owned(), "get".to_owned())];
        assert_eq!(
            (line.all.count(), line.all.max(), line.all.mean()),
            (4, 9000, Some(3750.0))
        );
        assert_eq!(line.all.quantile(0.01), Some(1000));
        assert_eq!((line.by_interval[&1].count(), line.parts[1]), (1, 14_000));
    }

    #[test]
    fn intervals_of_several_captures_are_the_same() {
        // As the plugin writes them: the first one begins before the first packet.
        let rows = |from: &str, to: &str| {
            CSV.lines().next().unwrap().to_owned() + &format!("\nT,{from},{to},n,get,1,5,5,0,5,0,0,0,5:1\n")
        };
        let mut grid = Grid::of_several(1_005_000_000, 20_000_000);
        grid.read(rows("-0.005", "0.015").as_bytes(), 1_005_000_000)
            .unwrap();
        grid.read(rows("-0.01", "0.01").as_bytes(), 1_010_000_000)
            .unwrap();
        assert_eq!(grid.used(), Some((50, 50)));
        assert_eq!((grid.starts(50), grid.starts(51)), (0.0, 0.015));
    }
}
