//! Pools of connections: what a client host opens, and whether it keeps and uses it.

use std::collections::{BTreeMap, HashSet};

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Touched, count};
use crate::stats::shared::endpoint::{Endpoint, SECOND};
use crate::track::client::transactions::RequestKind;

/// Connections that a client opens for a few requests, in all, until it is called churn.
const CHURN: usize = 30;
/// Connections that are left open, until it is called a leak.
const LEAK: usize = 20;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::Churn,
            claim: "The client opens connections for a few requests each instead of keeping them.",
            evidence: "Thirty and more connections of a client host, opened and closed by it within a second, with ten requests at most, in four different seconds and more, and at least half of all that it opens.",
            silenced: "Connections that are closed because of a timeout.",
            next: "One client object for the whole program; larger pools (maxConnsPerNode); idle limits.",
        },
        About {
            kind: FindingKind::Leak,
            claim: "The client opens connections and leaves them open without using them.",
            evidence: "Twenty and more connections, opened one after the other over at least half of the capture, used once or twice at their beginning and never again, none of them closed.",
            silenced: "Connections that are used again; a pool that is opened at once.",
            next: "Client objects that are never closed.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    churn(evidence, findings);
    leak(evidence, findings);
}

/// The connections that each client host opened in the capture, in their order.
fn opened_by_host<'e>(evidence: &'e Evidence<'_>) -> BTreeMap<Endpoint, Vec<&'e Connection>> {
    let mut hosts: BTreeMap<Endpoint, Vec<&Connection>> = BTreeMap::new();
    for connection in evidence
        .connections
        .iter()
        .filter(|connection| connection.is_aerospike && connection.is_opened())
    {
        hosts
            .entry(connection.client.host())
            .or_default()
            .push(connection);
    }
    hosts
}

fn churn(evidence: &Evidence<'_>, findings: &mut Findings) {
    for (_, all) in opened_by_host(evidence) {
        let short: Vec<&Connection> = all
            .iter()
            .copied()
            .filter(|connection| {
                let requests = evidence.requests_of(connection);
                let failed = requests
                    .iter()
                    .any(|request| request.given_up.is_some() || request.dropped.is_some());
                let life = connection
                    .closed_by_client()
                    .map(|(closed, _)| closed - connection.first);
                !failed
                    && requests.len() <= 10
                    && !requests.is_empty()
                    && life.is_some_and(|life| life <= SECOND)
            })
            .collect();
        let (Some(first), Some(last)) = (short.first(), short.last()) else {
            continue;
        };
        let seconds: HashSet<i64> = short.iter().map(|connection| connection.first / SECOND).collect();
        // Tools that ask each node for its state are not meant: the program must do some work.
        let working = short
            .iter()
            .filter(|connection| {
                evidence
                    .requests_of(connection)
                    .iter()
                    .any(|request| matches!(request.what, RequestKind::Message(_)))
            })
            .count();
        if short.len() < CHURN
            || short.len() * 2 < all.len()
            || seconds.len() < 4
            || working * 20 < short.len()
        {
            continue;
        }
        let requests: usize = short.iter().map(|connection| connection.requests.len()).sum();
        let mut lives: Vec<i64> = short
            .iter()
            .filter_map(|connection| Some(connection.closed_at()? - connection.first))
            .collect();
        let mut touched = Touched::default();
        for connection in &short {
            touched.add(connection);
        }
        let span = ((last.first - first.first) as f64 / 1e9).max(0.001);
        let finding = Finding {
            count: count(short.len()),
            to: last.first,
            details: format!(
                "{} connections ({:.1} a second) were opened for {:.1} requests each and closed by the client after {} (median)",
                short.len(),
                short.len() as f64 / span,
                requests as f64 / short.len() as f64,
                percentile(&mut lives, 50).map_or_else(String::new, duration)
            ),
            ..Finding::new(
                FindingKind::Churn,
                touched.clients_to_servers(),
                (first.first, first.frame),
            )
        };
        findings.add(touched.put(evidence, finding));
    }
}

fn leak(evidence: &Evidence<'_>, findings: &mut Findings) {
    let (begin, end) = evidence.span();
    for (_, all) in opened_by_host(evidence) {
        let left: Vec<&Connection> = all
            .iter()
            .copied()
            .filter(|connection| {
                let requests = evidence.requests_of(connection);
                let last = requests.last().map_or(connection.first, |request| request.begun);
                connection.closed_at().is_none() && requests.len() <= 3 && last - connection.first <= SECOND
            })
            .collect();
        let (Some(first), Some(last)) = (left.first(), left.last()) else {
            continue;
        };
        let span = last.first - first.first;
        let mut steps: Vec<i64> = left
            .windows(2)
            .filter_map(|two| Some(two.get(1)?.first - two.first()?.first))
            .collect();
        let step = percentile(&mut steps, 50).unwrap_or(0);
        // One after the other, over most of the capture, at least ten seconds.
        let is_steady = step * i64::try_from(left.len()).unwrap_or(0) * 3 >= span;
        if left.len() < LEAK || span * 2 < end - begin || span < 10 * SECOND || !is_steady {
            continue;
        }
        let mut touched = Touched::default();
        for connection in &left {
            touched.add(connection);
        }
        let finding = Finding {
            count: count(left.len()),
            to: last.first,
            details: format!(
                "{} connections were opened, one each {}, used once or twice and left open: none is closed, none is used again",
                left.len(),
                duration(step)
            ),
            ..Finding::new(
                FindingKind::Leak,
                touched.clients_to_servers(),
                (first.first, first.frame),
            )
        };
        findings.add(touched.put(evidence, finding));
    }
}
