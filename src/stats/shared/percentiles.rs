//! Percentiles of many times in little room.
//!
//! Values are counted in steps of less than a thousandth of themselves, as HdrHistogram does with three digits; the middle
//! of a step is off by less than 0.05 %. Only steps that have a value take room: a report has a thousand rows and more,
//! most of them with few values. Two can be added up without loss.
//!
//! The crates for this keep a count for every step up to the largest value. `hdrhistogram` with three digits takes 84 KiB
//! up to one second in nanoseconds, 840 MB for the 10,000 rows that a timeline may have; `histogram` (its sparse kind
//! cannot be added to one by one) 8 KiB for every doubling of the largest. Here a row of 30 answers takes 600 bytes.

use std::collections::HashMap;

/// Values below this one have a step of their own; above, each doubling has so many steps.
const STEPS: u64 = 1024;

/// Counts of values by step.
#[derive(Clone, Debug, Default)]
pub struct Percentiles {
    counts: HashMap<u16, u32>,
    count: u64,
}

/// The step of a value.
const fn step(value: u64) -> u16 {
    let doublings = match value.checked_ilog2() {
        Some(log) => log.saturating_sub(STEPS.ilog2()) as u64,
        None => 0,
    };
    // At most 53 doublings and a step: fits.
    (doublings * STEPS + (value >> doublings)) as u16
}

/// The middle of a step.
const fn middle(step: u16) -> f64 {
    let step = step as u64;
    if step < 2 * STEPS {
        return step as f64;
    }
    let doublings = step / STEPS - 1;
    let first = (step - doublings * STEPS) << doublings;
    first as f64 + ((1u64 << doublings) - 1) as f64 / 2.0
}

impl Percentiles {
    /// Counts a value; a negative one as 0.
    pub fn add(&mut self, value: i64) {
        let step = step(u64::try_from(value).unwrap_or(0));
        *self.counts.entry(step).or_default() += 1;
        self.count += 1;
    }

    /// Counts all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (step, count) in &other.counts {
            *self.counts.entry(*step).or_default() += count;
        }
        self.count += other.count;
    }

    /// Values in rising order, each one of its step, and how many of that step were counted.
    #[must_use]
    pub fn counts(&self) -> Vec<(u64, u32)> {
        let value = |(step, count)| (middle(step) as u64, count);
        self.steps().into_iter().map(value).collect()
    }

    fn steps(&self) -> Vec<(u16, u32)> {
        let mut steps: Vec<(u16, u32)> = self.counts.iter().map(|(step, count)| (*step, *count)).collect();
        steps.sort_unstable();
        steps
    }

    /// How many values there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// For each of the shares, in rising order, the least value that so many of all do not exceed; 0 where there is none.
    #[must_use]
    pub fn at<const N: usize>(&self, shares: [f64; N]) -> [f64; N] {
        let mut steps = self.steps().into_iter();
        let (mut here, mut passed) = (0.0, 0u64);
        shares.map(|share| {
            let rank = rounded_up(share * self.count as f64).clamp(1, self.count.max(1));
            while passed < rank {
                let Some((step, count)) = steps.next() else { break };
                here = middle(step);
                passed += u64::from(count);
            }
            here
        })
    }
}

/// The least whole number that is not below a value of zero or more. Not `f64::ceil`, for which older Rust links libm: the plugin
/// needs nothing but libc.
#[must_use]
pub const fn rounded_up(value: f64) -> u64 {
    let whole = value as u64;
    if (whole as f64) < value { whole + 1 } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_up_is_that_of_the_language() {
        for value in [0.0, 0.1, 0.999, 1.0, 1.000_001, 2.5, 1e9 - 0.25, 4e15, 1e16] {
            assert_eq!(rounded_up(value), value.ceil() as u64, "{value}");
        }
    }

    #[test]
    fn steps_follow_each_other() {
        for value in (0..100_000u64).chain([u64::MAX / 2 - 1, i64::MAX as u64 - 1]) {
            let (one, next) = (step(value), step(value + 1));
            assert!(next == one || next == one + 1, "{value}");
            let off = (middle(one) - value as f64).abs();
            assert!(off <= value as f64 * 0.0005, "{value}: {}", middle(one));
        }
    }

    #[test]
    fn as_sorted_values_say() {
        let mut seed = 42u64;
        let mut values: Vec<i64> = Vec::new();
        let mut halves = [Percentiles::default(), Percentiles::default()];
        for number in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = (seed >> (30 + seed % 30)) as i64;
            values.push(value);
            halves[number % 2].add(value);
        }
        values.sort_unstable();
        let [mut all, other] = halves;
        all.merge(&other);
        let counts = all.counts();
        assert_eq!(
            counts.iter().map(|(_, count)| u64::from(*count)).sum::<u64>(),
            20_000
        );
        assert!(counts.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let shares = [0.0, 0.5, 0.9, 0.99, 0.999, 1.0];
        for (share, found) in shares.into_iter().zip(all.at(shares)) {
            let rank = ((share * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1] as f64;
            assert!(
                (found - exact).abs() <= exact * 0.001,
                "{share}: {found} and {exact}"
            );
        }
        assert_eq!(Percentiles::default().at([0.5]), [0.0]);
    }
}
