//! What clients do with their connections.

pub mod habits;
pub mod pools;
