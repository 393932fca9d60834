//! Connections that are used again while a request is open.

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::findings::{FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Group, MINUTE, is_known};

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::BusyConnection,
        claim: "A request was sent while an earlier one on the same connection was open and past its timeout: the client may take the wrong answer.",
        evidence: "The first one's own timeout had passed, nothing of its answer had come, and the connection was used again.",
        silenced: "Holes; one direction only.",
        next: "A connection with an open request must be closed, not given back to the pool: a bug of the client.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let reused: Vec<&Request> = evidence
        .all_requests()
        .filter(|(connection, request)| {
            is_known(evidence, connection, request)
                && request
                    .overtaken
                    .zip(request.allowed_time())
                    .is_some_and(|(next, allowed)| next - request.sent > allowed)
        })
        .map(|(_, request)| request)
        .collect();
    for group in Group::episodes(evidence, reused, MINUTE) {
        let details = format!(
            "{} requests were open and past their timeout when the client sent the next one on the same connection: it may take the answer of the first for that of the second",
            group.requests.len()
        );
        if let Some(mut finding) = group.finding(evidence, FindingKind::BusyConnection, details) {
            finding.failed = group.count();
            findings.add(finding);
        }
    }
}
