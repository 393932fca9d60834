//! Round-trip times of paths, against others and against the time before.

use std::collections::{BTreeMap, HashMap};

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::{Connection, RoundTrip};
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::tools::{Touched, count};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND, names};

/// A path is not called slow for less.
const LEAST: i64 = 5 * MS;
/// The longest delayed acknowledgement of Linux, and something on it.
const NO_DELAYED_ACK: i64 = 50 * MS;

/// Finds paths that are slow for a time, and connections that are slow beside others of the same path.
pub fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut paths: BTreeMap<(Endpoint, Endpoint), Vec<&Connection>> = BTreeMap::new();
    for connection in evidence.connections.iter().filter(|connection| {
        // An acknowledgement that was not captured makes a trip longer than it was.
        evidence.is_ours(connection)
            && !connection.is_one_way
            && !connection.has_holes()
            && !connection.trips.is_empty()
    }) {
        paths
            .entry((connection.server.host(), connection.client.host()))
            .or_default()
            .push(connection);
    }
    // What is usual: the lower quarter of all round trips in the capture, of each path and direction.
    let mut usual: HashMap<(Endpoint, Endpoint, bool), i64> = HashMap::new();
    for (path, connections) in &paths {
        for by_client in [true, false] {
            let mut times: Vec<i64> = trips(connections, by_client).map(|trip| trip.time).collect();
            if let Some(quarter) = percentile(&mut times, 25) {
                usual.insert((path.0, path.1, by_client), quarter);
            }
        }
    }
    let mut slow: Vec<Finding> = Vec::new();
    for (path, connections) in &paths {
        for by_client in [true, false] {
            // Of the same path before, or of the same client's other paths.
            let mut others: Vec<i64> = usual
                .iter()
                .filter(|((_, client, by), _)| *client == path.1 && *by == by_client)
                .map(|(_, time)| *time)
                .collect();
            let Some(base) = percentile(&mut others, 0) else {
                continue;
            };
            let found = for_a_time(evidence, *path, connections, by_client, base)
                .or_else(|| one_of_many(evidence, *path, connections, by_client));
            if let Some(finding) = found {
                slow.push(finding);
                break;
            }
        }
    }
    merge(slow, findings);
}

/// The round trips of one direction.
fn trips<'c>(connections: &'c [&'c Connection], by_client: bool) -> impl Iterator<Item = &'c RoundTrip> {
    let all = connections.iter().flat_map(|connection| &connection.trips);
    all.filter(move |trip| trip.by_client == by_client)
}

/// A stretch of time in which every round trip is slow.
fn for_a_time(
    evidence: &Evidence<'_>,
    path: (Endpoint, Endpoint),
    connections: &[&Connection],
    by_client: bool,
    base: i64,
) -> Option<Finding> {
    let mut trips: Vec<&RoundTrip> = trips(connections, by_client).collect();
    trips.sort_by_key(|trip| trip.sent);
    let least = (10 * base).max(LEAST);
    let is_slow = |trip: &RoundTrip| trip.time >= least;
    let mut best: Option<(usize, usize)> = None;
    let mut start = None;
    for index in 0..=trips.len() {
        let slow = trips.get(index).is_some_and(|trip| is_slow(trip));
        if slow {
            start = start.or(Some(index));
        } else if let Some(begin) = start.take() {
            let run = trips.get(begin..index).unwrap_or_default();
            let proofs = run.iter().filter(|trip| is_of_path(trip)).count();
            let is_longer = best.is_none_or(|(one, other)| other - one < index - begin);
            if proofs >= 3 && proofs * 10 >= run.len() && is_longer {
                best = Some((begin, index));
            }
        }
    }
    let (begin, end) = best?;
    let run = trips.get(begin..end)?;
    // All the capture: nothing to compare it with but other paths.
    let mut proofs: Vec<i64> = run
        .iter()
        .filter(|trip| is_of_path(trip))
        .map(|trip| trip.time)
        .collect();
    let half = percentile(&mut proofs, 50)?;
    let (first, last) = (run.first()?, run.last()?);
    if last.sent - first.sent < SECOND / 2 {
        return None;
    }
    let mut touched = Touched::default();
    for connection in connections {
        touched.add(connection);
    }
    let frame = frame_at(evidence, connections, first.sent);
    let affected = connections
        .iter()
        .flat_map(|connection| evidence.requests_of(connection))
        .filter(|request| request.sent >= first.sent && request.sent <= last.sent)
        .count();
    let finding = Finding {
        count: count(affected.max(1)),
        to: last.sent,
        until: last.sent + last.time,
        lost: (half - base) * i64::try_from(affected).unwrap_or(0),
        details: format!(
            "TCP's own round trips (handshakes, bare acknowledgements) take {} for {}, {} before or to others: the path, not the server",
            duration(half),
            duration(last.sent - first.sent),
            duration(base)
        ),
        ..Finding::new(
            FindingKind::SlowPath,
            format!("{} to {}", path.1, path.0),
            (first.sent, frame),
        )
    };
    Some(touched.put(evidence, finding))
}

/// The frame of the first request from a time on, or that of the first packet.
fn frame_at(evidence: &Evidence<'_>, connections: &[&Connection], time: i64) -> u32 {
    let requests = connections
        .iter()
        .flat_map(|connection| evidence.requests_of(connection));
    let after = requests
        .filter(|request| request.sent >= time)
        .min_by_key(|request| request.sent);
    after.map_or_else(
        || connections.first().map_or(0, |connection| connection.frame),
        |request| request.frame,
    )
}

/// One connection beside many of the same path.
fn one_of_many(
    evidence: &Evidence<'_>,
    path: (Endpoint, Endpoint),
    connections: &[&Connection],
    by_client: bool,
) -> Option<Finding> {
    let mut halves: Vec<(i64, &Connection)> = connections
        .iter()
        .filter_map(|connection| {
            let its = [*connection];
            let least = trips(&its, by_client).map(|trip| trip.time).min()?;
            let has_proof = trips(&its, by_client).any(|trip| is_of_path(trip) && trip.time >= LEAST);
            let is_judged = trips(&its, by_client).count() >= 5 && (has_proof || least < LEAST);
            is_judged.then_some((least, *connection))
        })
        .collect();
    if halves.len() < 4 {
        return None;
    }
    halves.sort_by_key(|(time, connection)| (*time, connection.number));
    let usual = halves.get(halves.len() / 2)?.0;
    let slow: Vec<_> = halves
        .iter()
        .filter(|(time, _)| *time >= 10 * usual && *time >= LEAST)
        .collect();
    let (time, connection) = slow.first()?;
    if slow.len() * 3 > halves.len() {
        return None;
    }
    let clients: Vec<Endpoint> = slow.iter().map(|(_, connection)| connection.client).collect();
    let affected: usize = slow.iter().map(|(_, connection)| connection.requests.len()).sum();
    let mut touched = Touched::default();
    touched.add(connection);
    let finding = Finding {
        count: count(affected),
        to: connection.last,
        until: connection.last,
        lost: (time - usual) * i64::try_from(affected).unwrap_or(0),
        details: format!(
            "no round trip of {} of {} connections takes less than {}, half of the others take {}: another way through the network?",
            slow.len(),
            halves.len(),
            duration(*time),
            duration(usual)
        ),
        ..Finding::new(
            FindingKind::SlowPath,
            format!("{} to {}", names(&clients), path.0),
            (connection.first, connection.frame),
        )
    };
    Some(touched.put(evidence, finding))
}

/// Paths of several clients to one host, or of one client to several, at the same time, are one.
fn merge(slow: Vec<Finding>, findings: &mut Findings) {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in slow {
        let is_same = |other: &&mut Finding| {
            let shares = finding
                .nodes
                .iter()
                .any(|node| other.nodes.iter().any(|one| one.host() == node.host()))
                || finding
                    .clients
                    .iter()
                    .any(|client| other.clients.contains(client));
            shares && finding.from <= other.until && other.from <= finding.until
        };
        match merged.iter_mut().find(is_same) {
            Some(other) => {
                if finding.from < other.from {
                    (other.from, other.frame) = (finding.from, finding.frame);
                }
                other.to = other.to.max(finding.to);
                other.until = other.until.max(finding.until);
                other.count += finding.count;
                other.lost += finding.lost;
                for node in finding.nodes {
                    if !other.nodes.contains(&node) {
                        other.nodes.push(node);
                    }
                }
                for client in finding.clients {
                    if !other.clients.contains(&client) {
                        other.clients.push(client);
                    }
                }
                let hosts: Vec<Endpoint> = other.nodes.iter().map(|node| node.host()).collect();
                other.who = format!("{} to {}", names(&other.clients), names(&hosts));
            }
            None => merged.push(finding),
        }
    }
    findings.rows.extend(merged);
}

/// Whether a round trip proves that the path is slow: no program and no delayed acknowledgement is part of it.
const fn is_of_path(trip: &RoundTrip) -> bool {
    trip.is_handshake || trip.is_bare && trip.time >= NO_DELAYED_ACK
}
