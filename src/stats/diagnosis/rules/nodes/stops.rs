//! Processes of nodes that end: of hosts with one node, and of one of several on a host.

use std::collections::{BTreeSet, HashMap};

use crate::stats::diagnosis::evidence::connection::{Connection, SideFacts};
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::tools::{self, count};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND};

/// A node that stops closes its connections within this time: the kernel does it as the process ends.
const AT_ONCE: i64 = 2 * SECOND;
/// Refusals that belong to a stop follow within this time: clients try again each second.
const SOON: i64 = 30 * SECOND;

/// When a host closed a connection before the other end did.
fn closed_by(connection: &Connection, host: Endpoint) -> Option<(i64, u32)> {
    if connection.server.host() == host {
        connection.closed_by_server()
    } else {
        connection
            .closed_by_client()
            .filter(|closed| connection.of_server.fin.is_none_or(|server| closed.0 < server.0))
    }
}

/// Connections that were refused, by host: time of the RST, frame, port, when it was asked.
fn refusals(evidence: &Evidence<'_>) -> HashMap<Endpoint, Vec<(i64, u32, u16)>> {
    let mut all: HashMap<Endpoint, Vec<(i64, u32, u16)>> = HashMap::new();
    for connection in &evidence.connections {
        if let Some((time, frame)) = connection.handshake.refused {
            all.entry(connection.server.host())
                .or_default()
                .push((time, frame, connection.server.port));
        }
    }
    for list in all.values_mut() {
        list.sort_unstable();
    }
    all
}

/// Finds them.
pub fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let refused = refusals(evidence);
    let mut nodes: Vec<Endpoint> = evidence.nodes.iter().copied().collect();
    nodes.sort_unstable();
    for node in nodes {
        let Some(refused) = refused.get(&node) else {
            continue;
        };
        let its: Vec<&Connection> = evidence
            .connections
            .iter()
            .filter(|connection| {
                !connection.is_one_way
                    && (connection.server.host() == node && evidence.is_ours(connection)
                        || connection.client.host() == node && connection.is_internode)
            })
            .collect();
        if stopped_process(evidence, node, &its, refused, findings) {
            continue;
        }
        // Several nodes on a host: each for itself, by its port for clients.
        let ports: BTreeSet<u16> = evidence
            .services
            .iter()
            .filter(|service| service.host() == node)
            .map(|service| service.port)
            .collect();
        for port in ports.iter().copied().filter(|_| ports.len() > 1) {
            let of_port = |connection: &&&Connection| connection.server == node.with_port(port);
            let its: Vec<&Connection> = its.iter().filter(of_port).copied().collect();
            let mut refused = refused.clone();
            refused.retain(|refused| refused.2 == port);
            stopped_process(evidence, node.with_port(port), &its, &refused, findings);
        }
    }
}

/// Whether a process ended: the only one of a host, or the one at a port.
fn stopped_process(
    evidence: &Evidence<'_>,
    name: Endpoint,
    its: &[&Connection],
    refused: &[(i64, u32, u16)],
    findings: &mut Findings,
) -> bool {
    let node = name.host();
    let before = findings.rows.len();
    // Since when it served each port, and when it closed connections: whoever tries for an hour is refused often.
    let mut served: HashMap<u16, i64> = HashMap::new();
    for connection in its.iter().filter(|connection| {
        connection.server.host() == node
            && (connection.handshake.answered.is_some() || connection.of_server.with_data > 0)
    }) {
        let since = served.entry(connection.server.port).or_insert(connection.first);
        *since = connection.first.min(*since);
    }
    let mut closed: Vec<i64> = its
        .iter()
        .filter(|connection| connection.handshake.refused.is_none())
        .filter_map(|connection| Some(closed_by(connection, node)?.0))
        .collect();
    closed.sort_unstable();
    let mut done = i64::MIN;
    let mut alive = None;
    for (time, _, port) in refused {
        let latest = between(&closed, *time - SOON, *time + SECOND).last().copied();
        if *time <= done
            || served.get(port).is_none_or(|since| *since >= *time)
            || latest.is_none()
            || latest == alive
        {
            continue;
        }
        let open: Vec<&&Connection> = its
            .iter()
            .filter(|connection| {
                connection.first < *time
                    && connection.handshake.refused.is_none()
                    && connection.closed_at().is_none_or(|closed| closed > time - SOON)
            })
            .collect();
        let closes: Vec<(i64, u32)> = open
            .iter()
            .filter_map(|connection| closed_by(connection, node))
            .filter(|closed| closed.0 < *time + SECOND)
            .collect();
        let Some(last) = closes.iter().map(|closed| closed.0).max() else {
            continue;
        };
        let at_once: Vec<(i64, u32)> = closes
            .iter()
            .copied()
            .filter(|closed| last - closed.0 <= AT_ONCE)
            .collect();
        let Some(begin) = at_once.iter().copied().min() else {
            continue;
        };
        // Nothing stays open and works on.
        let survivors = open.iter().filter(|connection| {
            connection
                .closed_at()
                .is_none_or(|closed| closed > last + AT_ONCE)
                && connection.first < begin.0
                && side_of(connection, node).packets > 0
                && side_of(connection, node).last > last + 200 * MS
        });
        if survivors.count() > 0 || *time - last > SOON {
            alive = latest;
            continue;
        }
        let dropped = its
            .iter()
            .flat_map(|connection| evidence.requests_of(connection))
            .filter(|request| {
                request.after_fin.is_none()
                    && request
                        .dropped
                        .is_some_and(|at| at >= begin.0 - SECOND && at <= last + SECOND)
            })
            .count();
        let after = refused.iter().filter(|(at, _, _)| *at >= begin.0).count();
        let again = its
            .iter()
            .filter(|connection| {
                connection.server.host() == node
                    && connection.first > last
                    && connection.handshake.answered.is_some()
                    && connection.of_server.with_data > 0
            })
            .map(|connection| connection.first)
            .min();
        let until = again.unwrap_or_else(|| evidence.span().1);
        done = until;
        let mut finding = Finding {
            count: count(dropped.max(1)),
            to: last,
            until,
            failed: count(dropped),
            details: format!(
                "closed all of its {} connections within {}, {dropped} with requests open; {after} connections were refused after that{}",
                at_once.len(),
                duration(last - begin.0),
                again.map_or_else(String::new, |again| format!(
                    ", until it served again at {:.3} s",
                    evidence.seconds(again)
                ))
            ),
            ..Finding::new(FindingKind::NodeStopped, name.to_string(), begin)
        };
        finding.nodes = vec![name];
        finding.is_root = true;
        finding.filter = tools::filter(evidence, &finding);
        findings.add(finding);
    }
    findings.rows.len() > before
}

fn side_of(connection: &Connection, host: Endpoint) -> SideFacts {
    if connection.server.host() == host {
        connection.of_server
    } else {
        connection.of_client
    }
}
