//! What the timeline counts in an interval.

use crate::stats::shared::intervals::Counts;
use crate::stats::shared::percentiles::Percentiles;

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

impl Counts for Interval {
    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.answers += other.answers;
        self.errors += other.errors;
        self.timeouts += other.timeouts;
        self.open = self.open.max(other.open);
        self.bytes += other.bytes;
        self.times.merge(&other.times);
    }
}
