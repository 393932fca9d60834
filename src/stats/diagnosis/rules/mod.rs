//! The rules: each a function of the evidence alone, with what it claims, on what evidence, and what silences it.

pub mod capture;
pub mod clients;
pub mod cluster;
pub mod connections;
pub mod nodes;
pub mod requests;
pub mod rule;
pub mod tools;

use super::evidence::Evidence;
use super::findings::Findings;

use rule::Rule;

/// All rules. Later ones may look at what earlier ones found.
pub static RULES: &[&Rule] = &[
    &connections::protocol::RULE,
    &nodes::hosts::RULE,
    &requests::hot::RULE,
    &cluster::heartbeats::RULE,
    &cluster::fabric::RULE,
    &cluster::configuration::RULE,
    &cluster::load::RULE,
    &cluster::maps::RULE,
    &nodes::stalls::RULE,
    &nodes::scans::RULE,
    &nodes::servers::RULE,
    &nodes::batches::RULE,
    &connections::connects::RULE,
    &connections::packets::RULE,
    &clients::idle::RULE,
    &clients::pauses::RULE,
    &clients::slow_reader::RULE,
    &clients::busy::RULE,
    &clients::deaths::RULE,
    &clients::pools::RULE,
    &requests::results::RULE,
    &requests::timeouts::RULE,
];

/// Runs them all.
pub fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    capture::run(evidence, findings);
    for rule in RULES {
        (rule.run)(evidence, findings);
    }
}
