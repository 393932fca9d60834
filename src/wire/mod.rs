//! Bytes to borrowed values: the pure parsers of Aerospike's protocols.
//!
//! Nothing here knows Wireshark, allocates or can panic. A parsed value borrows from the captured
//! bytes, so its position is a pointer difference, and unknown codes survive in open enumerations
//! ([`ground::table`]). An error ([`Malformed`](ground::input::Malformed)) says which structure stopped, where, how many bytes it
//! needed, how many there were and which length said so; what was parsed before it stays usable.
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

#[macro_use]
pub mod ground;
pub mod admin;
pub mod client;
#[cfg(test)]
#[rustfmt::skip]
pub(crate) mod examples;
#[cfg(test)]
mod examples_tests;
pub mod exchange;
#[cfg(test)]
mod exhaustive_tests;
pub mod info;
#[macro_use]
pub mod internode;
pub mod values;
