//! What clients do with their connections, and what they do not do.

pub mod busy;
pub mod deaths;
pub mod idle;
pub mod pauses;
pub mod pools;
pub mod slow_reader;
