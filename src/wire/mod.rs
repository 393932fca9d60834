//! Bytes to borrowed values: the pure parsers of Aerospike's protocols.
//!
//! Nothing here knows Wireshark, allocates or can panic. A parsed value borrows from the captured
//! bytes, so its position is a pointer difference, and unknown codes survive in open enumerations
//! ([`table`]). An error ([`Malformed`]) says which structure stopped, where, how many bytes it
//! needed, how many there were and which length said so; what was parsed before it stays usable.
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
pub mod table;
#[macro_use]
pub mod msg;
pub mod admin;
pub mod at;
pub mod base64;
pub mod batch;
pub mod bits;
pub mod call;
pub mod cdt;
pub mod cdt_ops;
pub mod cluster;
pub mod compressed;
pub mod digest;
#[cfg(test)]
#[rustfmt::skip]
pub(crate) mod examples;
#[cfg(test)]
mod examples_tests;
#[cfg(test)]
mod exhaustive_tests;
pub mod expression;
pub mod expression_ops;
pub mod fabric;
pub mod field;
pub mod heartbeat;
pub mod hll;
pub mod inflate;
pub mod info;
pub mod info_bits;
pub mod info_cluster;
pub mod info_text;
pub mod info_value;
pub mod input;
pub mod key;
pub mod looks;
pub mod matching;
pub mod message;
pub mod mrt;
pub mod msgpack;
pub mod node;
pub mod op;
pub mod particle;
pub mod plausible;
pub mod predexp;
pub mod privilege;
pub mod proto;
pub mod query;
pub mod record;
pub mod request;
pub mod result_code;
pub mod string_ops;
pub mod text;
pub mod time;
pub mod value_text;
pub mod walk;

pub use at::At;
pub use input::{Malformed, Parse};
pub use proto::Order;
