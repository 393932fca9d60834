//! What all of it stands on: the budget of memory, the hash map, positions in a stream, and what is known by number or digest.

pub mod budget;
pub mod copies;
pub mod keys;
pub mod map;
pub mod position;
pub mod sets;
