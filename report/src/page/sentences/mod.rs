//! What one sees, in plain sentences: made from the numbers, each said only where it is true.
//!
//! A sentence names its figures. Rules compare a node with its own past and with its peers; where a number is fixed, its
//! reason stands beside it.

pub mod rises;
#[cfg(test)]
mod samples;
pub mod times;
pub mod traffic;

/// With fewer answers a p99 is the slowest of them, which may be chance.
const ENOUGH: u64 = 100;
/// With fewer of anything shares say nothing.
const SOME: u64 = 20;
/// Of such a node it is said that it stayed, or that another is slower.
const STAYED: f64 = 2.0;
