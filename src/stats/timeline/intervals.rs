//! Intervals of the same length from the start of the capture on, longer ones when there are too many.

use crate::stats::shared::percentiles::Percentiles;

/// A millisecond in nanoseconds.
const MS: i64 = 1_000_000;
/// Rows at most where the length is found by itself.
const ROWS: usize = 100;
/// Rows at most where it is set.
const SET_ROWS: usize = 10_000;
/// How many of the shortest intervals make a row: 1, 2, 5; then ten of them become one.
const TIMES: [usize; 3] = [1, 2, 5];

/// What is counted in an interval.
#[derive(Clone, Default)]
pub struct Interval {
    /// Requests.
    pub requests: u32,
    /// Answers that were complete.
    pub answers: u32,
    /// Those of them that are errors.
    pub errors: u32,
    /// See [`crate::stats::shared::outcome::is_timeout`].
    pub timeouts: u32,
    /// Requests that were open at the same time, at most.
    pub open: usize,
    /// Bytes over TCP, both ways, without those of copies of packets.
    pub bytes: u64,
    /// Times of the answers.
    pub times: Percentiles,
}

impl Interval {
    /// Takes in another.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.answers += other.answers;
        self.errors += other.errors;
        self.timeouts += other.timeouts;
        self.open = self.open.max(other.open);
        self.bytes += other.bytes;
        self.times.merge(&other.times);
    }
}

/// The intervals so far.
pub struct Intervals {
    start: i64,
    /// Nanoseconds of the shortest interval.
    shortest: i64,
    /// Which of [`TIMES`] makes a row.
    times: usize,
    is_set: bool,
    list: Vec<Interval>,
    /// Open requests now.
    open: usize,
}

impl Default for Intervals {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Intervals {
    /// From a time on; of so many milliseconds, or (0) as short as a hundred rows allow.
    #[must_use]
    pub fn new(start: i64, milliseconds: u32) -> Self {
        Self {
            start,
            shortest: i64::from(milliseconds.max(1)) * MS,
            times: 0,
            is_set: milliseconds > 0,
            list: Vec::new(),
            open: 0,
        }
    }

    fn times(&self) -> usize {
        TIMES.get(self.times).copied().unwrap_or(1)
    }

    /// Nanoseconds of a row.
    #[must_use]
    pub fn width(&self) -> i64 {
        self.shortest * self.times() as i64
    }

    /// Rows become longer.
    fn widen(&mut self) {
        let joined = if self.is_set {
            2
        } else if self.times + 1 < TIMES.len() {
            self.times += 1;
            return;
        } else {
            self.times = 0;
            10
        };
        self.shortest = self.shortest.saturating_mul(joined);
        self.list = joined_by(&self.list, joined as usize);
    }

    /// The interval of a time; before the start is the first.
    pub fn at(&mut self, time: i64) -> &mut Interval {
        let most = if self.is_set { SET_ROWS } else { ROWS };
        let place = loop {
            let place = usize::try_from((time - self.start).max(0) / self.shortest).unwrap_or(0);
            if place / self.times() < most {
                break place;
            }
            self.widen();
        };
        if place >= self.list.len() {
            let empty = Interval {
                open: self.open,
                ..Interval::default()
            };
            self.list.resize(place + 1, empty);
        }
        // There are that many now.
        &mut self.list[place]
    }

    /// So many requests are open at a time.
    pub fn note_open(&mut self, time: i64, open: usize) {
        let interval = self.at(time);
        interval.open = interval.open.max(open);
        self.open = open;
    }

    /// The rows up to a time.
    #[must_use]
    pub fn rows(&mut self, until: i64) -> Vec<Interval> {
        self.at(until);
        joined_by(&self.list, self.times())
    }
}

/// So many intervals each as one.
fn joined_by(list: &[Interval], count: usize) -> Vec<Interval> {
    list.chunks(count.max(1))
        .map(|some| {
            let mut all = Interval::default();
            some.iter().for_each(|one| all.merge(one));
            all
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_widen_in_steps_and_lose_nothing() {
        let mut intervals = Intervals::new(0, 0);
        let mut widths = Vec::new();
        for ms in 0..1000i64 {
            intervals.at(ms * MS).requests += 1;
            intervals.at(ms * MS).times.add(ms);
            if widths.last() != Some(&(intervals.width() / MS)) {
                widths.push(intervals.width() / MS);
            }
        }
        assert_eq!(widths, [1, 2, 5, 10]);
        let rows = intervals.rows(999 * MS);
        assert_eq!(rows.len(), 100);
        assert!(rows.iter().all(|row| row.requests == 10 && row.times.len() == 10));
        intervals.at(1_000_000 * MS);
        assert_eq!(intervals.width() / MS, 20_000);
        let rows = intervals.rows(0);
        assert_eq!(rows.len(), 51);
        assert_eq!(rows[0].requests, 1000);
    }

    #[test]
    fn what_is_set_stays_up_to_the_limit() {
        let mut intervals = Intervals::new(50 * MS, 250);
        // Before the start is the first.
        intervals.at(0).requests += 1;
        intervals.note_open(60 * MS, 3);
        intervals.at(50 * MS + 9_999 * 250 * MS).requests += 1;
        assert_eq!((intervals.width() / MS, intervals.rows(0).len()), (250, 10_000));
        // In between three are open.
        assert_eq!(intervals.rows(0)[5_000].open, 3);
        intervals.at(50 * MS + 10_000 * 250 * MS).requests += 1;
        assert_eq!((intervals.width() / MS, intervals.rows(0).len()), (500, 5_001));
        assert_eq!(intervals.rows(0).iter().map(|row| row.requests).sum::<u32>(), 3);
    }
}
