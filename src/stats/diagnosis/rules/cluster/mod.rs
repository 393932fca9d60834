//! What nodes do together: heartbeats, fabric, partition maps.

pub mod fabric;
pub mod heartbeats;
pub mod maps;
