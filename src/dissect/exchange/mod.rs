//! Requests and answers: what the first pass remembers, what taps are told, links in the tree.

pub mod first_pass;
pub mod links;
pub mod taps;
