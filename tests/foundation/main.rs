//! The foundation: the plugin loads, and shows real client traffic as it was made.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod batches;
mod calls;
mod columns;
mod counts;
mod info;
mod loading;
mod names;
mod ports;
mod refused;
