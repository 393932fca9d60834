//! The diagnosis of recorded and made faults, against what is known to be true of each (`captures/diagnosis`): what has
//! to be said is said, with who, when and how many, and nothing else is.

#[path = "../common/mod.rs"]
mod common;

mod about;
mod bounds;
mod score;
mod variants;
