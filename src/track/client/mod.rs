//! Requests of clients and their answers: connections, rows, retries, times.

pub mod queue;
pub mod retries;
pub mod rows;
pub mod stream;
pub mod timings;
pub mod transactions;
