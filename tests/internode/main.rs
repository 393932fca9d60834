//! Heartbeat and fabric: what nodes say to each other, on captures and on messages made here.

#[path = "../common/mod.rs"]
mod common;

mod counts;
mod coverage;
mod crafted;
mod following;
#[allow(dead_code)]
mod make;
