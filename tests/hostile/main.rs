//! Bytes and packets as nobody should send them: what is shown is right or marked, and nothing breaks.

#[path = "../common/mod.rs"]
mod common;
#[path = "../internode/make.rs"]
#[allow(dead_code)]
mod make;

mod cuts;
mod files;
mod limits;
mod streams;
