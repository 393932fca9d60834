//! Servers that answer slowly, all or a part of the requests.

use std::collections::HashMap;

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, DEFAULT_TIMEOUT, Touched, count, is_known, over};
use crate::stats::shared::endpoint::{Endpoint, MS};

/// So many requests have a median that says something: a single slow one among fewer moves it.
pub(super) const ENOUGH: usize = 20;

/// A read that a device has to seek for takes so long: less is no server's fault.
const NOTICED: i64 = 3 * MS;

/// A tail is looked at from a tenth of what clients allow on.
const TAIL: i64 = DEFAULT_TIMEOUT / 10;

/// A stretch of time that is compared with others: half of what clients allow.
const STRETCH: i64 = DEFAULT_TIMEOUT / 2;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::SlowServer,
            claim: "A node answered much more slowly than before, or than its peers do the same.",
            evidence: "Half of the answers of a stretch of half a second or more take ten times the usual time of the node (five times that of its peers), and TCP's own round trips to it are much shorter.",
            silenced: "What silences Stalled server; round trips that are as slow; frames with each other's times (Out of order).",
            next: "Compare the node's load, its devices and what else ran then (scans, batches, migrations).",
        },
        About {
            kind: FindingKind::SlowRequests,
            claim: "A part of the requests takes far longer than the rest.",
            evidence: "At least one in a hundred, and five, take twenty times the median and at least 100 ms; TCP sent none of them again.",
            silenced: "What silences Stalled server; frames with each other's times (Out of order).",
            next: "See which records, operations and times they share: the filter finds them.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut services: Vec<Endpoint> = evidence.services.iter().copied().collect();
    services.sort_unstable();
    let mut halves: HashMap<(Endpoint, bool), (i64, usize)> = HashMap::new();
    let mut known: HashMap<Endpoint, Vec<(&Connection, &Request)>> = HashMap::new();
    for service in &services {
        let requests: Vec<_> = short(evidence, *service)
            .into_iter()
            .filter(|(_, request)| request.resent == 0 && request.first.is_some())
            .collect();
        for writes in [false, true] {
            let mut times: Vec<i64> = requests
                .iter()
                .filter(|(_, request)| request.writes == writes)
                .filter_map(|(_, request)| server_time(request))
                .collect();
            if let Some(half) = percentile(&mut times, 50) {
                halves.insert((*service, writes), (half, times.len()));
            }
        }
        known.insert(*service, requests);
    }
    for service in &services {
        let Some(requests) = known.get(service) else {
            continue;
        };
        let found = beside_peers(evidence, *service, &services, &halves, requests)
            .or_else(|| than_before(evidence, *service, requests, findings));
        if let Some(finding) = found {
            findings.add(finding);
        }
        tail(evidence, *service, requests, findings);
    }
}

/// Short requests to a service of which all is known, in the order in which they were sent.
#[must_use]
pub fn short<'e>(evidence: &'e Evidence<'_>, service: Endpoint) -> Vec<(&'e Connection, &'e Request)> {
    let connections = evidence.by_server.get(&service).map_or(&[][..], Vec::as_slice);
    let mut all: Vec<(&Connection, &Request)> = connections
        .iter()
        .filter_map(|index| evidence.connections.get(*index))
        .flat_map(|connection| {
            evidence
                .requests_of(connection)
                .iter()
                .map(move |request| (connection, request))
        })
        .filter(|(connection, request)| request.is_short() && is_known(evidence, connection, request))
        .collect();
    all.sort_by_key(|(_, request)| request.sent);
    all
}

/// The time that the server took, as far as it can be told from the path's.
fn server_time(request: &Request) -> Option<i64> {
    let first = request.first?.0;
    let received = request
        .acknowledged
        .filter(|at| *at < first)
        .unwrap_or(request.sent);
    Some(first - received)
}

/// Half of the times of a stretch, and what is needed of it.
struct Stretch<'e> {
    half: i64,
    requests: Vec<&'e Request>,
    from: i64,
}

/// A round trip of TCP's own to the service, the shortest that was seen within a time.
fn path(evidence: &Evidence<'_>, service: Endpoint, from: i64, to: i64) -> Option<i64> {
    let connections = evidence.by_server.get(&service)?;
    let trips = connections
        .iter()
        .filter_map(|index| evidence.connections.get(*index))
        .flat_map(|connection| &connection.trips)
        .filter(|trip| trip.is_bare || trip.is_handshake);
    let near = trips
        .clone()
        .filter(|trip| trip.by_client && trip.sent >= from && trip.sent <= to);
    let own = near.map(|trip| trip.time).min();
    own.or_else(|| trips.filter(|trip| trip.by_client).map(|trip| trip.time).min())
}

fn beside_peers(
    evidence: &Evidence<'_>,
    service: Endpoint,
    services: &[Endpoint],
    halves: &HashMap<(Endpoint, bool), (i64, usize)>,
    requests: &[(&Connection, &Request)],
) -> Option<Finding> {
    for writes in [false, true] {
        let Some((half, number)) = halves.get(&(service, writes)).copied() else {
            continue;
        };
        let mut peers: Vec<i64> = services
            .iter()
            .filter(|peer| **peer != service)
            .filter_map(|peer| halves.get(&(*peer, writes)))
            .filter(|(_, number)| *number >= ENOUGH)
            .map(|(half, _)| *half)
            .collect();
        let Some(usual) = percentile(&mut peers, 50).filter(|_| number >= ENOUGH) else {
            continue;
        };
        if half < 5 * usual || half - usual < NOTICED {
            continue;
        }
        let (first, last) = (requests.first()?.1, requests.last()?.1);
        if path(evidence, service, first.sent, last.sent).is_none_or(|path| path > half / 3) {
            continue;
        }
        let mut times: Vec<i64> = requests
            .iter()
            .filter(|(_, request)| request.writes == writes)
            .filter_map(|(_, request)| server_time(request))
            .collect();
        let details = format!(
            "{} take {} (p50), {} (p99) here, {} (p50) at {}; TCP's round trip is short: the server takes the time",
            if writes { "writes" } else { "reads" },
            duration(half),
            duration(percentile(&mut times, 99)?),
            duration(usual),
            if peers.len() == 1 {
                "the other node"
            } else {
                "the other nodes"
            }
        );
        return Some(finding_of(
            evidence,
            service,
            requests.iter().map(|(_, request)| *request),
            details,
            usual,
        ));
    }
    None
}

fn finding_of<'e>(
    evidence: &'e Evidence<'_>,
    service: Endpoint,
    requests: impl Iterator<Item = &'e Request>,
    details: String,
    usual: i64,
) -> Finding {
    let requests: Vec<&Request> = requests.collect();
    let mut touched = Touched::default();
    for request in &requests {
        touched.add(evidence.connection(request));
    }
    let at = requests.first().map_or((0, 0), |first| (first.sent, first.frame));
    let finding = Finding {
        count: count(requests.len()),
        to: requests.last().map_or(at.0, |last| last.sent),
        until: requests
            .iter()
            .filter_map(|request| over(request))
            .max()
            .unwrap_or(at.0),
        details,
        lost: requests
            .iter()
            .filter_map(|request| request.first_time())
            .map(|time| (time - usual).max(0))
            .sum(),
        ..Finding::new(FindingKind::SlowServer, service.to_string(), at)
    };
    touched.put(evidence, finding)
}

fn than_before(
    evidence: &Evidence<'_>,
    service: Endpoint,
    requests: &[(&Connection, &Request)],
    findings: &Findings,
) -> Option<Finding> {
    if evidence.capture.has_wrong_times() {
        return None;
    }
    let mut stretches: Vec<Stretch<'_>> = Vec::new();
    let mut part: Vec<&Request> = Vec::new();
    let mut from = requests.first()?.1.sent;
    for (index, (_, request)) in requests.iter().enumerate() {
        part.push(request);
        let next = requests.get(index + 1).map(|(_, next)| next.sent);
        if next.is_none_or(|next| next - from >= STRETCH) {
            let mut times: Vec<i64> = part.iter().filter_map(|request| server_time(request)).collect();
            if times.len() >= 5 {
                let half = percentile(&mut times, 50)?;
                stretches.push(Stretch {
                    half,
                    requests: core::mem::take(&mut part),
                    from,
                });
            }
            part.clear();
            from = next.unwrap_or(from);
        }
    }
    let mut all: Vec<i64> = stretches.iter().map(|stretch| stretch.half).collect();
    // Up to half of the stretches may be slow.
    let usual = percentile(&mut all, 25)?;
    let is_stalled = |stretch: &&Stretch<'_>| {
        findings.of(FindingKind::StalledServer).any(|stall| {
            stall.nodes.contains(&service)
                && stall.from <= stretch.from + STRETCH
                && stretch.from <= stall.until
        })
    };
    let is_slow = |stretch: &&Stretch<'_>| stretch.half >= 10 * usual && stretch.half >= NOTICED;
    let slow: Vec<&Stretch<'_>> = stretches
        .iter()
        .filter(is_slow)
        .filter(|stretch| !is_stalled(stretch))
        .collect();
    if slow.len() < 2 || stretches.len() < 2 * slow.len() {
        return None;
    }
    // One slow stretch after the other, not here and there.
    let mut best: &[&Stretch<'_>] = &[];
    let mut start = 0;
    for end in 1..=slow.len() {
        let is_next = slow
            .get(end - 1)
            .zip(slow.get(end))
            .is_some_and(|(one, next)| next.from - one.from <= 4 * STRETCH);
        if !is_next {
            let run = slow.get(start..end).unwrap_or_default();
            if run.len() > best.len() {
                best = run;
            }
            start = end;
        }
    }
    if best.len() < 2 {
        return None;
    }
    let (first, last) = (best.first()?, best.last()?);
    let mut times: Vec<i64> = best
        .iter()
        .flat_map(|stretch| &stretch.requests)
        .filter_map(|request| server_time(request))
        .collect();
    let half = percentile(&mut times, 50)?;
    if path(evidence, service, first.from, last.from + STRETCH).is_none_or(|path| path > half / 3) {
        return None;
    }
    let limit = half / 3;
    let details = format!(
        "answers take {} (p50), {} (p99) in that time, {} (p50) else; TCP's round trip is short: the server takes the time",
        duration(half),
        duration(percentile(&mut times, 99)?),
        duration(usual)
    );
    let affected = best
        .iter()
        .flat_map(|stretch| stretch.requests.iter().copied())
        .filter(|request| server_time(request).is_some_and(|time| time >= limit));
    Some(finding_of(evidence, service, affected, details, usual))
}

fn tail(
    evidence: &Evidence<'_>,
    service: Endpoint,
    requests: &[(&Connection, &Request)],
    findings: &mut Findings,
) {
    let mut times: Vec<i64> = requests
        .iter()
        .filter_map(|(_, request)| request.first_time())
        .collect();
    let is_timed = !evidence.capture.is_data_only && !evidence.capture.has_wrong_times();
    let Some(half) = percentile(&mut times, 50).filter(|_| is_timed) else {
        return;
    };
    let least = (20 * half).max(TAIL);
    let slow: Vec<&Request> = requests
        .iter()
        .map(|(_, request)| *request)
        .filter(|request| request.first_time().is_some_and(|time| time >= least))
        .collect();
    if slow.len() < 5 || slow.len() * 100 < requests.len() || slow.len() * 2 > requests.len() {
        return;
    }
    let (Some(first), Some(last)) = (slow.first(), slow.last()) else {
        return;
    };
    let mut touched = Touched::default();
    for request in &slow {
        touched.add(evidence.connection(request));
    }
    let mut slow_times: Vec<i64> = slow.iter().filter_map(|request| request.first_time()).collect();
    let details = format!(
        "{} of {} requests ({:.1} %) take {} (median) to {}; half of all take less than {}; {}",
        slow.len(),
        requests.len(),
        100.0 * slow.len() as f64 / requests.len() as f64,
        percentile(&mut slow_times, 50).map_or_else(String::new, duration),
        percentile(&mut slow_times, 100).map_or_else(String::new, duration),
        duration(half),
        tools::by_operation(evidence, slow.iter().copied())
    );
    let finding = Finding {
        count: count(slow.len()),
        to: last.sent,
        until: slow
            .iter()
            .filter_map(|request| over(request))
            .max()
            .unwrap_or(last.sent),
        details,
        lost: slow_times.iter().sum(),
        ..Finding::new(
            FindingKind::SlowRequests,
            service.to_string(),
            (first.sent, first.frame),
        )
    };
    findings.add(touched.put(evidence, finding));
}
