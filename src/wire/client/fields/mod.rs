//! Fields and operations of a message, and what they carry: keys, digests, the rows of batches, queries.

pub mod digest;
pub mod extent;
pub mod field;
pub mod key;
pub mod op;
pub mod query;
