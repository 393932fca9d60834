//! What nodes say to each other, in the tree: heartbeats and fabric.

pub mod bad_header;
pub mod container;
pub mod content;
pub mod fabric;
pub mod fabric_line;
pub mod heartbeat;
pub mod links;
pub mod message;
pub mod pieces;
pub mod record;
pub mod stream;
