//! What nodes do together: heartbeats, fabric, partition maps, load.

pub mod configuration;
pub mod fabric;
pub mod heartbeats;
pub mod load;
pub mod maps;
