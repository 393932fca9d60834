//! Clients that end with requests open.

use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Touched, by_client, count};
use crate::stats::shared::endpoint::SECOND;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::ClientDied,
        claim: "All connections of a client ended at once, with requests open, and it did not come back.",
        evidence: "Three and more connections of a host, all it had, closed by it within 100 ms, at least one with a request open, and nothing of it afterwards.",
        silenced: "The end of the capture within a second after it.",
        next: "The client's process: crash, kill, deployment.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let end = evidence.span().1;
    for (host, all) in by_client(evidence) {
        let Some(last) = all
            .iter()
            .filter_map(|connection| connection.closed_by_client())
            .map(|closed| closed.0)
            .max()
        else {
            continue;
        };
        let open: Vec<&Connection> = all
            .iter()
            .copied()
            .filter(|connection| {
                connection
                    .closed_at()
                    .is_none_or(|closed| closed >= last - SECOND / 10)
            })
            .collect();
        let at_once = open
            .iter()
            .filter(|connection| {
                connection
                    .closed_by_client()
                    .is_some_and(|(closed, _)| closed >= last - SECOND / 10)
            })
            .count();
        let begun = open
            .iter()
            .filter_map(|connection| connection.closed_by_client())
            .min();
        let given_up = open
            .iter()
            .flat_map(|connection| evidence.requests_of(connection))
            .filter(|request| request.given_up.is_some_and(|at| at >= last - SECOND / 10))
            .count();
        let later = evidence
            .packets
            .get(&host)
            .map_or(0, |times| between(times, last + SECOND / 10, end + 1).len());
        let Some(begun) = begun else { continue };
        // Requests that were due are a timeout's, not a death's.
        let was_due = open
            .iter()
            .flat_map(|connection| evidence.requests_of(connection))
            .any(|request| {
                request.given_up.is_some_and(|at| {
                    request
                        .allowed_time()
                        .is_some_and(|allowed| at - request.sent >= allowed * 9 / 10)
                })
            });
        if open.len() < 3
            || at_once < open.len()
            || given_up == 0
            || given_up * 4 < open.len()
            || was_due
            || later > 0
            || end - last < SECOND
        {
            continue;
        }
        let mut touched = Touched::default();
        for connection in &open {
            touched.add(connection);
        }
        let finding = Finding {
            count: count(given_up),
            to: last,
            failed: count(given_up),
            is_root: true,
            details: format!(
                "closed all of its {} connections within {}, {given_up} with requests open, and did not come back in the {} that follow",
                open.len(),
                duration(last - begun.0),
                duration(end - last)
            ),
            ..Finding::new(FindingKind::ClientDied, host.to_string(), begun)
        };
        findings.add(touched.put(evidence, finding));
    }
}
