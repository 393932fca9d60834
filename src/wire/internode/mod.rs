//! What nodes say to each other: the container of all messages, heartbeats, fabric, records.

#[macro_use]
pub mod container;
pub mod cluster;
pub mod fabric;
pub mod heartbeat;
pub mod record;
