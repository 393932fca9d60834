//! Intervals of the same length from the start of the capture on, longer ones when there are too many.

/// A millisecond in nanoseconds.
const MS: i64 = 1_000_000;
/// Rows at most where the length is found by itself.
const ROWS: usize = 100;
/// Rows at most where it is set.
const SET_ROWS: usize = 10_000;
/// How many of the shortest intervals make a row: 1, 2, 5; then ten of them become one.
const TIMES: [usize; 3] = [1, 2, 5];

/// What is counted in an interval.
pub trait Counts: Clone + Default {
    /// Takes in another.
    fn merge(&mut self, other: &Self);
}

/// The intervals so far.
pub struct Intervals<C> {
    start: i64,
    /// Nanoseconds of the shortest interval.
    shortest: i64,
    /// Which of [`TIMES`] makes a row.
    times: usize,
    is_set: bool,
    list: Vec<C>,
    /// What an interval has before anything is counted in it.
    empty: C,
}

impl<C: Counts> Default for Intervals<C> {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl<C: Counts> Intervals<C> {
    /// From a time on; of so many milliseconds, or (0) as short as a hundred rows allow.
    #[must_use]
    pub fn new(start: i64, milliseconds: u32) -> Self {
        Self {
            start,
            shortest: i64::from(milliseconds.max(1)) * MS,
            times: 0,
            is_set: milliseconds > 0,
            list: Vec::new(),
            empty: C::default(),
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
    pub fn at(&mut self, time: i64) -> &mut C {
        let most = if self.is_set { SET_ROWS } else { ROWS };
        let place = loop {
            let place = usize::try_from((time - self.start).max(0) / self.shortest).unwrap_or(0);
            if place / self.times() < most {
                break place;
            }
            self.widen();
        };
        if place >= self.list.len() {
            self.list.resize(place + 1, self.empty.clone());
        }
        // There are that many now.
        &mut self.list[place]
    }

    /// What later intervals have before anything is counted in them.
    pub const fn empty(&mut self) -> &mut C {
        &mut self.empty
    }

    /// The rows up to a time.
    #[must_use]
    pub fn rows(&mut self, until: i64) -> Vec<C> {
        self.at(until);
        joined_by(&self.list, self.times())
    }
}

/// So many intervals each as one.
fn joined_by<C: Counts>(list: &[C], count: usize) -> Vec<C> {
    list.chunks(count.max(1))
        .map(|some| {
            let mut all = C::default();
            some.iter().for_each(|one| all.merge(one));
            all
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests, and how many are open at most.
    #[derive(Clone, Default)]
    struct Requests(u32, usize);

    impl Counts for Requests {
        fn merge(&mut self, other: &Self) {
            self.0 += other.0;
            self.1 = self.1.max(other.1);
        }
    }

    #[test]
    fn rows_widen_in_steps_and_lose_nothing() {
        let mut intervals: Intervals<Requests> = Intervals::new(0, 0);
        let mut widths = Vec::new();
        for ms in 0..1000i64 {
            intervals.at(ms * MS).0 += 1;
            if widths.last() != Some(&(intervals.width() / MS)) {
                widths.push(intervals.width() / MS);
            }
        }
        assert_eq!(widths, [1, 2, 5, 10]);
        let rows = intervals.rows(999 * MS);
        assert_eq!(rows.len(), 100);
        assert!(rows.iter().all(|row| row.0 == 10));
        intervals.at(1_000_000 * MS);
        assert_eq!(intervals.width() / MS, 20_000);
        let rows = intervals.rows(0);
        assert_eq!(rows.len(), 51);
        assert_eq!(rows[0].0, 1000);
    }

    #[test]
    fn what_is_set_stays_up_to_the_limit() {
        let mut intervals: Intervals<Requests> = Intervals::new(50 * MS, 250);
        // Before the start is the first.
        intervals.at(0).0 += 1;
        intervals.empty().1 = 3;
        intervals.at(50 * MS + 9_999 * 250 * MS).0 += 1;
        assert_eq!((intervals.width() / MS, intervals.rows(0).len()), (250, 10_000));
        // In between three are open.
        assert_eq!(intervals.rows(0)[5_000].1, 3);
        intervals.at(50 * MS + 10_000 * 250 * MS).0 += 1;
        assert_eq!((intervals.width() / MS, intervals.rows(0).len()), (500, 5_001));
        assert_eq!(intervals.rows(0).iter().map(|row| row.0).sum::<u32>(), 3);
    }
}
