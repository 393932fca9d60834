//! What reports share: who, how long and when, what a record is about, and which requests are open.

pub mod endpoint;
pub mod intervals;
pub mod names;
pub mod open_requests;
pub mod opening;
pub mod operation;
pub mod outcome;
pub mod percentiles;
