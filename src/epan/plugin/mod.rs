//! The plugin as Wireshark sees it: what it exports and registers, and where Wireshark comes in.

pub mod entry;
#[macro_use]
pub mod export;
#[cfg(feature = "soundness")]
pub(super) mod faults;
pub(super) mod pdus;
pub mod register;
pub mod version;
