//! Connections that are used though the server had closed them.

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Group, MINUTE};

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::IdleReused,
        claim: "The client used connections that the server had closed.",
        evidence: "A request sent after the server's FIN (seen, or acknowledged by the client) on the same connection, with no answer.",
        silenced: "Holes; one direction only.",
        next: "Set the client's idle limit (maxSocketIdle, IdleTimeout) below the server's proto-fd-idle-ms.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let reused: Vec<&Request> = evidence
        .all_requests()
        .filter(|(connection, request)| {
            connection.is_aerospike
                && !connection.is_one_way
                && request.after_fin.is_some_and(|fin| fin < request.begun)
                && request.first.is_none()
                && connection
                    .of_client
                    .fin
                    .is_none_or(|(fin, _)| fin >= request.begun)
        })
        .map(|(_, request)| request)
        .collect();
    for group in Group::episodes(evidence, reused, MINUTE) {
        let mut ages: Vec<i64> = group
            .requests
            .iter()
            .filter_map(|request| Some(request.begun - request.after_fin?))
            .collect();
        let details = format!(
            "{} requests were sent on connections that the server had closed {} before (median): no answer, or RST",
            group.requests.len(),
            percentile(&mut ages, 50).map_or_else(String::new, duration)
        );
        if let Some(mut finding) = group.finding(evidence, FindingKind::IdleReused, details) {
            finding.failed = group.count();
            findings.add(finding);
        }
    }
}
