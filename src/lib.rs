//! Wireshark plugin for the protocols of the Aerospike database.
//!
//! Dependencies point one way: `plugin` to `dissect` and `stats`, these to `track`, that to [`wire`]; all but
//! `wire` use `epan`, the safe face of libwireshark.
#![cfg_attr(not(test), warn(unreachable_pub), deny(unused_crate_dependencies))]

#[cfg(feature = "plugin")]
#[macro_use]
pub mod epan;
#[cfg(feature = "plugin")]
pub mod dissect;
#[cfg(feature = "plugin")]
pub mod plugin;
#[cfg(feature = "plugin")]
pub mod protocols;
#[cfg(feature = "plugin")]
pub mod stats;
#[cfg(feature = "plugin")]
pub mod track;
pub mod wire;
