//! How often messages are parsed and walked, for a test: once each, whoever looks at them.

use core::sync::atomic::{AtomicU64, Ordering};

/// A number of times.
#[derive(Debug)]
pub struct Count(AtomicU64);

/// Messages of the client protocol that were parsed.
pub static MESSAGES: Count = Count(AtomicU64::new(0));
/// Walks over the fields of a message or row for what they say of the record.
pub static WALKS: Count = Count(AtomicU64::new(0));

impl Count {
    /// Once more.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The number so far; from here it begins again.
    #[must_use]
    pub fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}
