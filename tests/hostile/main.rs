//! Bytes and packets as nobody should send them: what is shown is right or marked, and nothing breaks.

#[path = "../common/mod.rs"]
mod common;

mod cuts;
mod files;
mod frames;
mod known;
mod limits;
mod nested;
mod streams;
