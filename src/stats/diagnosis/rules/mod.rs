//! The rules: each a function of the evidence alone, with what it claims, on what evidence, and what silences it.

pub mod capture;
pub mod clients;
pub mod cluster;
pub mod connects;
pub mod heartbeats;
pub mod hosts;
pub mod hot;
pub mod network;
pub mod paths;
pub mod protocol;
pub mod results;
pub mod servers;
pub mod stalls;
pub mod timeouts;
pub mod tools;

use super::evidence::Evidence;
use super::findings::{Findings, Kind};

/// What a finding means: the text of `docs/diagnosis.md`.
pub struct About {
    /// The finding.
    pub kind: Kind,
    /// What it claims.
    pub claim: &'static str,
    /// On what evidence.
    pub evidence: &'static str,
    /// What silences it.
    pub silenced: &'static str,
    /// What to do next.
    pub next: &'static str,
}

/// A rule, which may make findings of several kinds.
pub struct Rule {
    /// What it finds.
    pub about: &'static [About],
    /// Finds it.
    pub run: fn(&Evidence<'_>, &mut Findings),
}

/// All rules. Later ones may look at what earlier ones found.
pub static RULES: &[&Rule] = &[
    &protocol::RULE,
    &hosts::RULE,
    &hot::RULE,
    &heartbeats::RULE,
    &cluster::RULE,
    &stalls::RULE,
    &servers::RULE,
    &connects::RULE,
    &network::RULE,
    &clients::RULE,
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
