//! Faults of which there is no recording, made as a real network would show them: each is named with who, from when
//! to when, how often and the first frame, and nothing else is accused.

#[path = "../common/mod.rs"]
mod common;

mod cluster;

mod clients;
mod filter;
mod habits;
mod healthy;
mod load;
mod rare;
mod servers;
mod tls;
