//! Percentiles of times: counts in buckets whose width grows with the value.
//!
//! Sparse, since a report keeps one for each node, operation and interval, most of which hold a few times: hdrhistogram's
//! dense arrays would take kilobytes for each.

use std::collections::BTreeMap;

/// Counts by value, each within a 2^-`BITS`th of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram<const BITS: u32> {
    counts: BTreeMap<u32, u64>,
    total: u64,
    sum: u128,
    most: u64,
}

/// Within a thousandth: for figures that are printed.
pub type Fine = Histogram<10>;
/// Within 2 %: for colours and lines.
pub type Coarse = Histogram<6>;

impl<const BITS: u32> Histogram<BITS> {
    fn bucket(value: u64) -> u32 {
        let bits = u64::BITS - value.leading_zeros();
        if bits <= BITS {
            return value as u32;
        }
        let shift = bits - BITS;
        (shift << BITS) | (value >> shift) as u32
    }

    /// The middle of a bucket's values.
    fn value(bucket: u32) -> u64 {
        let shift = bucket >> BITS;
        let lead = u64::from(bucket & ((1 << BITS) - 1));
        if shift == 0 {
            lead
        } else {
            (lead << shift) + (1 << shift) / 2
        }
    }

    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        self.add_all(&[(value, 1)], value, u128::from(value));
    }

    /// Counts values that others counted: each with how often, the greatest, and the sum of all.
    pub fn add_all(&mut self, values: &[(u64, u64)], most: u64, sum: u128) {
        for (value, count) in values {
            *self.counts.entry(Self::bucket(*value)).or_default() += count;
            self.total += count;
        }
        self.sum += sum;
        self.most = self.most.max(most);
    }

    /// Counts all that another counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.most = self.most.max(other.most);
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The greatest value.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.most
    }

    /// The mean, if there is a value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.total > 0).then(|| self.sum as f64 / self.total as f64)
    }

    /// The least value that `share` of all are not above, if there is a value.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let wanted = ((share * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.counts {
            seen += count;
            if seen >= wanted {
                return Some(Self::value(*bucket).min(self.most));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_thousandth() {
        let mut times = Fine::default();
        for value in 1..=100_000_u64 {
            times.add(value * 37);
        }
        for (share, exact) in [
            (0.5, 1_850_000.0),
            (0.99, 3_663_000.0),
            (0.999, 3_696_300.0),
            (1.0, 3_700_000.0),
        ] {
            let got = times.quantile(share).unwrap() as f64;
            assert!((got / exact - 1.0).abs() < 0.001, "{share}: {got}");
        }
        assert_eq!(times.mean(), Some(37.0 * 50_000.5));
        assert_eq!(Fine::default().quantile(0.5), None);
    }

    #[test]
    fn small_values_are_exact() {
        let mut times = Coarse::default();
        (0..=60).for_each(|value| times.add(value));
        assert_eq!((times.quantile(0.5), times.max()), (Some(30), 60));
    }

    #[test]
    fn merged_is_as_if_counted_at_once() {
        let (mut all, mut one, mut other) = (Fine::default(), Fine::default(), Fine::default());
        for value in 0..5000_u64 {
            let value = value * value % 77_777;
            all.add(value);
            if value % 3 == 0 {
                one.add(value)
            } else {
                other.add(value)
            }
        }
        one.merge(&other);
        assert_eq!(one, all);
    }
}
