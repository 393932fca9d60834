//! Security messages in the tree.

pub mod field;
pub mod line;
pub mod message;
