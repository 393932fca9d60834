//! Batches that take long.

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{DEFAULT_TIMEOUT, Group, MINUTE, is_known};

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::SlowBatches,
        claim: "Batches take longer than a second, which is what clients allow by default.",
        evidence: "The time from the request to the last row.",
        silenced: "Holes in the capture.",
        next: "Smaller batches, more threads (batch-index-threads), or a longer timeout.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let slow: Vec<&Request> = evidence
        .all_requests()
        .filter(|(connection, request)| {
            request.is_batch()
                && request.resent == 0
                && is_known(evidence, connection, request)
                && request
                    .response_time()
                    .is_some_and(|time| time >= DEFAULT_TIMEOUT)
        })
        .map(|(_, request)| request)
        .collect();
    for group in Group::episodes(evidence, slow, MINUTE) {
        let mut times: Vec<i64> = group
            .requests
            .iter()
            .filter_map(|request| request.response_time())
            .collect();
        let rows: u32 = group.requests.iter().map(|request| request.row_count()).sum();
        let details = format!(
            "{} batches of {} rows on average take {} (median) to {}",
            group.requests.len(),
            rows / group.count().max(1),
            percentile(&mut times, 50).map_or_else(String::new, duration),
            percentile(&mut times, 100).map_or_else(String::new, duration)
        );
        if let Some(mut finding) = group.finding(evidence, FindingKind::SlowBatches, details) {
            finding.lost = times.iter().sum();
            findings.add(finding);
        }
    }
}
