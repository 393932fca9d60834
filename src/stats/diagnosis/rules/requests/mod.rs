//! What becomes of requests: results, timeouts, retries; and the records that they ask for.

pub mod hot;
pub mod results;
pub mod retries;
pub mod timeouts;
