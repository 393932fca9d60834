//! Messages between clients and servers: proto header, fields, operations, batches, matching.

pub mod batch;
pub mod compressed;
pub mod content;
pub mod digest;
pub mod extent;
pub mod field;
pub mod guess;
pub mod identity;
pub mod info_bits;
pub mod key;
pub mod message;
pub mod mrt;
pub mod op;
pub mod proto;
pub mod query;
pub mod request;
pub mod result_code;
