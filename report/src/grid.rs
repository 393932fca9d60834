//! What each answer's time tells, by node, operation and interval: for the heat map, the split, and the sentences.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::histogram::{Coarse, Fine};

/// Intervals at most: more do not fit in a picture. Their length doubles when they are used up.
pub const INTERVALS: usize = 96;
/// Nodes and operations at most; what comes later is counted as [`OTHERS`].
const LINES: usize = 400;
/// The name of nodes and operations that there was no room for.
pub const OTHERS: &str = "(others)";
/// The shortest interval, in nanoseconds.
const SHORTEST: i64 = 1_000_000;

/// The parts of an answer's time, as the plugin's fields name them, and in words.
pub const PARTS: [(&str, &str); 5] = [
    ("aerospike.time.request", "sending the request"),
    ("aerospike.time.server", "waiting for the server"),
    ("aerospike.time.answer", "receiving the answer"),
    ("aerospike.time.retransmission", "sent again by TCP"),
    ("aerospike.time.delayed_ack", "delayed acknowledgement"),
];

/// One answer. Times are in nanoseconds, the first since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<'a> {
    /// When it was there in full.
    pub at: i64,
    /// `address:port` of the node.
    pub node: &'a str,
    /// What it answers.
    pub operation: &'a str,
    /// Since the request.
    pub time: u64,
    /// [`PARTS`] of it.
    pub parts: [u64; PARTS.len()],
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

impl Default for Grid {
    fn default() -> Self {
        Self::new(0, None)
    }
}

/// Answers by node and operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Where the first interval begins, in nanoseconds since 1970.
    pub origin: i64,
    /// How long one is, in nanoseconds.
    pub interval: i64,
    /// By node and operation.
    pub lines: BTreeMap<(String, String), Line>,
    /// The first and the last interval that has an answer.
    used: Option<(i64, i64)>,
}

impl Grid {
    /// An empty one, for a capture that begins at `origin`, and is as long as `length` where that is known.
    #[must_use]
    pub fn new(origin: i64, length: Option<i64>) -> Self {
        let mut interval = SHORTEST;
        while length.is_some_and(|length| length / interval >= INTERVALS as i64) {
            interval *= 2;
        }
        Self {
            origin,
            interval,
            lines: BTreeMap::new(),
            used: None,
        }
    }

    /// An empty one whose intervals are at least that long: for a part of what another counts.
    #[must_use]
    pub fn with_interval(origin: i64, interval: i64) -> Self {
        Self {
            interval,
            ..Self::new(origin, None)
        }
    }

    /// Counts an answer.
    pub fn add(&mut self, answer: &Answer<'_>) {
        let interval = (answer.at - self.origin).div_euclid(self.interval);
        let line = self.line(answer.node, answer.operation);
        line.all.add(answer.time);
        line.by_interval.entry(interval).or_default().add(answer.time);
        for (sum, part) in line.parts.iter_mut().zip(answer.parts) {
            *sum += u128::from(part);
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

    /// Counts all that another counted, whose origin is the same.
    pub fn merge(&mut self, mut other: Self) {
        debug_assert_eq!(self.origin, other.origin, "grids of one report");
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

    /// When an interval begins, in seconds since the origin.
    #[must_use]
    pub fn starts(&self, interval: i64) -> f64 {
        interval as f64 * self.interval as f64 / 1e9
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let lines = self.lines.iter().map(|((node, operation), line)| {
            let parts: serde_json::Map<String, Value> = (PARTS.iter().zip(line.parts))
                .map(|((field, _), sum)| {
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

    fn answer(at_ms: i64, node: &str, time_us: u64) -> Answer<'_> {
        Answer {
            at: at_ms * 1_000_000,
            node,
            operation: "get",
            time: time_us * 1000,
            parts: [0, time_us * 900, time_us * 100, 0, 0],
        }
    }

    #[test]
    fn intervals_double_until_they_fit() {
        let mut grid = Grid::new(0, None);
        for at in 0..1000 {
            grid.add(&answer(at, "n", 100));
        }
        assert_eq!(grid.interval, 16 * SHORTEST);
        assert_eq!(grid.used(), Some((0, 62)));
        let line = &grid.lines[&("n".to_owned(), "get".to_owned())];
        assert_eq!(line.by_interval[&0].count(), 16);
        assert_eq!(line.all.count(), 1000);
        assert_eq!(line.parts[1], 1000 * 90_000);
        assert_eq!(Grid::new(0, Some(1_000_000_000)).interval, 16 * SHORTEST);
    }

    #[test]
    fn merged_is_as_if_counted_at_once() {
        let (mut all, mut one, mut other) = (Grid::new(0, None), Grid::new(0, None), Grid::new(0, None));
        for at in 0..3000 {
            let answer = answer(at, ["a", "b"][at as usize % 2], 50 + at as u64);
            all.add(&answer);
            if at < 200 {
                one.add(&answer)
            } else {
                other.add(&answer)
            }
        }
        one.merge(other);
        assert_eq!(one, all);
    }

    #[test]
    fn lines_are_bounded() {
        let mut grid = Grid::new(0, None);
        for number in 0..1000 {
            grid.add(&answer(1, &format!("10.0.0.{number}:3000"), 100));
        }
        assert_eq!(grid.lines.len(), LINES + 1);
        assert_eq!(
            grid.lines[&(OTHERS.to_owned(), OTHERS.to_owned())].all.count(),
            600
        );
    }
}
