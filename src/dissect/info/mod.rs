//! The info protocol in the tree.

pub mod line;
pub mod message;
pub mod value;
