//! Clients as they really speak: test suites, tools and sweeps over every operation of Java, Go, Ruby, C, Python
//! and Rust clients (`captures/clients`).

#[path = "../common/mod.rs"]
mod common;

mod batches;
mod calls;
mod ends;
mod hints;
mod native;
mod policies;
mod sweep;
mod texts;
mod whole;
