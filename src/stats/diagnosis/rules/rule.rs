//! What a rule is.

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::findings::{FindingKind, Findings};

/// What a finding means: the text of `docs/diagnosis.md`.
pub struct About {
    /// The finding.
    pub kind: FindingKind,
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
