//! Wireshark plugin for the protocols of the Aerospike database.

pub mod wire;
