//! What nodes say to each other, in the tree: heartbeats and fabric.

pub mod container;
pub mod fabric;
pub mod heartbeat;
pub mod record;
