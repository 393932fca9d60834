//! What is remembered across packets. Changes only on the first pass; later passes read.
#![forbid(unsafe_code)]

pub mod client;
pub mod cluster;
pub mod ground;
pub mod internode;
pub mod record;
