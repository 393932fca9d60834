//! Messages between nodes: who is who, what answers what.

pub mod connection;
pub mod fabric;
pub mod peers;
