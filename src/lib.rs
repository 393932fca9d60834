//! Wireshark plugin for the protocols of the Aerospike database.
#[cfg(feature = "plugin")]
pub mod epan;
#[cfg(feature = "plugin")]
pub mod protocols;
pub mod wire;
