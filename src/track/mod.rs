//! What is remembered across packets. Changes only on the first pass; later passes read.
#![forbid(unsafe_code)]

pub mod budget;
pub mod builds;
pub mod claims;
pub mod connection;
pub mod copies;
pub mod fabric;
pub mod keys;
pub mod map;
pub mod names;
pub mod partitions;
pub mod peers;
pub mod position;
pub mod queue;
pub mod record;
pub mod rows;
pub mod sets;
pub mod stream;
pub mod timings;
pub mod transactions;
pub mod tries;

/// Entries that a table holds at most: what comes later is not remembered.
pub const MOST: u32 = 4_194_304;

/// [`MOST`], or the lower limit that a proof of it asks for.
fn most() -> u32 {
    #[cfg(feature = "soundness")]
    if let Some(limit) = crate::epan::soundness::limit() {
        return limit;
    }
    MOST
}
