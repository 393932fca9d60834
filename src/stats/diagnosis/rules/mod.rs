//! The rules: each a function of the evidence alone, with what it claims, on what evidence, and what silences it.

pub mod capture;
pub mod clients;
pub mod cluster;
pub mod connects;
pub mod heartbeats;
pub mod hosts;
pub mod hot;
pub mod maps;
pub mod network;
pub mod paths;
pub mod pools;
pub mod protocol;
pub mod results;
pub mod retries;
pub mod rule;
pub mod servers;
pub mod stalls;
pub mod stops;
pub mod timeouts;
pub mod tools;

use super::evidence::Evidence;
use super::findings::Findings;

pub use rule::{About, Rule};

/// All rules. Later ones may look at what earlier ones found.
pub static RULES: &[&Rule] = &[
    &protocol::RULE,
    &hosts::RULE,
    &hot::RULE,
    &heartbeats::RULE,
    &cluster::RULE,
    &maps::RULE,
    &stalls::RULE,
    &servers::RULE,
    &connects::RULE,
    &network::RULE,
    &clients::RULE,
    &pools::RULE,
    &results::RULE,
    &timeouts::RULE,
];

/// Runs them all.
pub fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    capture::run(evidence, findings);
    for rule in RULES {
        (rule.run)(evidence, findings);
    }
}
