//! Connections that do not come up, or are closed by the server.

use std::collections::HashMap;

use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, DEFAULT_TIMEOUT, FEW, Touched, count};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND};
use crate::track::client::transactions::RequestKind;

/// TCP sends a SYN again after a second (RFC 6298, 2.1), less what timers and clocks are wrong; a copy comes sooner.
pub const SYN_AGAIN: i64 = 900 * MS;
/// A tenth of what clients allow a call by default: one that has to wait for its connection is not late by less.
const LATE_SYN_ACK: i64 = DEFAULT_TIMEOUT / 10;
/// A server that is at its limit closes a connection this soon after it is opened or first used.
const AT_ONCE: i64 = 50 * MS;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::SynsUnanswered,
            claim: "SYNs get no answer from a host that lives.",
            evidence: "The same SYN again after TCP's first timeout, never answered, while the host answers others.",
            silenced: "One direction only; a host of which nothing comes (Unreachable host).",
            next: "A firewall or an access list for these clients.",
        },
        About {
            kind: FindingKind::AcceptQueue,
            claim: "The server's queue of new connections is full.",
            evidence: "Three or more SYNs within a second are answered at a later try only, while open connections of the same server are served and nothing of them is lost.",
            silenced: "Data that is sent again at the same time: then it is loss.",
            next: "somaxconn and the backlog of the node; fewer connections at once (a pool that is warmed up, ramp up slowly).",
        },
        About {
            kind: FindingKind::SlowConnects,
            claim: "The SYN-ACK itself is late.",
            evidence: "Five SYNs and more, a tenth of all, are answered after 100 ms and more, ten times what round trips of the same client's open connections to the same port take beside them, without a SYN sent again.",
            silenced: "A round trip of an open connection that begins about when the SYN does and takes half as long: then it is the path.",
            next: "The machine's load, conntrack, SYN cookies.",
        },
        About {
            kind: FindingKind::ConnectionLimit,
            claim: "The server closes new connections at once because it has as many as it takes (proto-fd-max).",
            evidence: "Three or more connections are accepted and closed by the server within 50 ms and a round trip, or so soon after their first request, without an answer, while older ones are served.",
            silenced: "Bytes that the server does not take (TLS, other protocols); a node that stops.",
            next: "proto-fd-max against client_connections of the node; connections of all clients times their pools.",
        },
        About {
            kind: FindingKind::Dropped,
            claim: "The server closed connections on which requests were open.",
            evidence: "FIN or RST of the server first, with a request sent and not answered.",
            silenced: "What explains it better: a stopped node, the limit, bytes that it does not take, idle connections.",
            next: "The node's log at that time.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    if evidence.capture.is_data_only {
        return;
    }
    let mut servers: Vec<Endpoint> = evidence
        .by_server
        .keys()
        .copied()
        .filter(|server| evidence.services.contains(server) || evidence.nodes.contains(&server.host()))
        .collect();
    servers.sort_unstable();
    for server in servers {
        let list: Vec<&Connection> = evidence
            .by_server
            .get(&server)
            .into_iter()
            .flatten()
            .filter_map(|index| evidence.connections.get(*index))
            .filter(|connection| !connection.is_one_way)
            .collect();
        find_unanswered(evidence, server, &list, findings);
        queue(evidence, server, &list, findings);
        slow(evidence, server, &list, findings);
        limit(evidence, server, &list, findings);
    }
    find_dropped(evidence, findings);
}

/// A finding about connections, in the order of their beginning.
fn about(
    evidence: &Evidence<'_>,
    kind: FindingKind,
    who: Option<String>,
    list: &[&Connection],
    details: String,
) -> Option<Finding> {
    let (first, last) = (list.first()?, list.last()?);
    let mut touched = Touched::default();
    for connection in list {
        touched.add(connection);
    }
    let finding = Finding {
        count: count(list.len()),
        to: last.first,
        until: list
            .iter()
            .map(|connection| connection.last)
            .max()
            .unwrap_or(last.last),
        details,
        failed: count(list.len()),
        ..Finding::new(
            kind,
            who.unwrap_or_else(|| touched.clients_to_servers()),
            (first.first, first.frame),
        )
    };
    Some(touched.put(evidence, finding))
}

/// Whether a SYN was sent again as TCP does it.
fn is_sent_again(connection: &Connection) -> bool {
    let syns = &connection.handshake.syns;
    syns.first()
        .zip(syns.last())
        .is_some_and(|(first, last)| last.0 - first.0 >= SYN_AGAIN)
}

fn find_unanswered(evidence: &Evidence<'_>, server: Endpoint, list: &[&Connection], findings: &mut Findings) {
    let silent: Vec<&Connection> = list
        .iter()
        .copied()
        .filter(|connection| {
            connection.handshake.answered.is_none()
                && connection.of_server.packets == 0
                && is_sent_again(connection)
        })
        .collect();
    let tries: usize = silent
        .iter()
        .map(|connection| connection.handshake.syns.len())
        .sum();
    let (Some(first), Some(last)) = (silent.first(), silent.last()) else {
        return;
    };
    let heard = evidence
        .packets
        .get(&server.host())
        .map_or(&[][..], |times| between(times, first.first, last.last + SECOND));
    if heard.is_empty() {
        return;
    }
    let details = format!(
        "{} connections, {tries} SYNs without any answer, while the host answers others ({} packets of it in that time)",
        silent.len(),
        heard.len()
    );
    if let Some(mut finding) = about(evidence, FindingKind::SynsUnanswered, None, &silent, details) {
        let syns = silent.iter().filter_map(|one| one.handshake.syns.last());
        finding.to = syns.map(|syn| syn.0).max().unwrap_or(finding.to);
        findings.add(finding);
    }
}

fn queue(evidence: &Evidence<'_>, server: Endpoint, list: &[&Connection], findings: &mut Findings) {
    let late: Vec<&Connection> = list
        .iter()
        .copied()
        .filter(|connection| {
            let handshake = &connection.handshake;
            is_sent_again(connection)
                && handshake.answered.is_some_and(|answered| {
                    handshake
                        .syns
                        .first()
                        .is_some_and(|first| answered - first.0 >= SYN_AGAIN)
                })
        })
        .collect();
    let together = late
        .windows(3)
        .any(|three| matches!(three, [first, .., last] if last.first - first.first <= SECOND));
    let (Some(first), Some(last)) = (late.first(), late.last()) else {
        return;
    };
    let is_lossy = list.iter().any(|connection| {
        connection.resent.iter().any(|resent| {
            resent.length > 0
                && resent.again >= first.first - SECOND
                && resent.again <= last.last.min(last.first + 10 * SECOND)
        })
    });
    let served = evidence.answers.get(&server).map_or(0, |times| {
        between(times, first.first, first.first + 3 * SECOND).len()
    });
    if !together || is_lossy || served == 0 {
        return;
    }
    let mut waits: Vec<i64> = late
        .iter()
        .filter_map(|connection| Some(connection.handshake.answered? - connection.handshake.syns.first()?.0))
        .collect();
    let details = format!(
        "{} SYNs were answered at a later try only, after {} (median), while open connections are served: the queue of new connections is full",
        late.len(),
        percentile(&mut waits, 50).map_or_else(String::new, duration)
    );
    findings.rows.extend(about(
        evidence,
        FindingKind::AcceptQueue,
        Some(server.to_string()),
        &late,
        details,
    ));
}

/// A SYN that was sent once, and how long its answer took. The client's own acknowledgement is no part of it, so that
/// the path to the client does not count.
fn syn_wait(connection: &Connection) -> Option<(i64, i64)> {
    let handshake = &connection.handshake;
    let syn = handshake.syns.first().filter(|_| handshake.syns.len() == 1)?;
    Some((syn.0, handshake.answered? - syn.0))
}

fn slow(evidence: &Evidence<'_>, server: Endpoint, list: &[&Connection], findings: &mut Findings) {
    // What the same client sends to the same place on open connections: when, and how long it took.
    let mut trips: HashMap<Endpoint, Vec<(i64, i64)>> = HashMap::new();
    for connection in list {
        let its = connection.trips.iter();
        let its = its.filter(|trip| trip.by_client && !trip.is_handshake);
        let of_client = trips.entry(connection.client.host()).or_default();
        of_client.extend(its.map(|trip| (trip.sent, trip.time)));
    }
    for trips in trips.values_mut() {
        trips.sort_unstable();
    }
    let beside = |client: Endpoint, syn: i64, wait: i64| {
        let trips = trips.get(&client).map_or(&[][..], Vec::as_slice);
        let first = trips.partition_point(|(sent, _)| *sent < syn - wait / 2);
        let last = trips
            .partition_point(|(sent, _)| *sent <= syn + wait / 2)
            .max(first);
        trips.get(first..last).unwrap_or_default()
    };
    // A path that is slow for a moment is slow for all that is sent in that moment.
    let mut others: Vec<i64> = Vec::new();
    let mut late: Vec<&Connection> = Vec::new();
    let mut proved = 0;
    for connection in list {
        let Some((syn, wait)) = syn_wait(connection).filter(|(_, wait)| *wait >= LATE_SYN_ACK) else {
            continue;
        };
        let near = beside(connection.client.host(), syn, wait);
        if near.iter().all(|(_, time)| time * 2 < wait) {
            late.push(connection);
            proved += usize::from(!near.is_empty());
            others.extend(near.iter().map(|(_, time)| *time));
        }
    }
    let Some(usual) = percentile(&mut others, 50).filter(|_| others.len() >= 10) else {
        return;
    };
    late.retain(|connection| syn_wait(connection).is_some_and(|(_, wait)| wait >= 10 * usual));
    if late.len() < 5 || late.len() * 10 < list.len() || proved * 2 < late.len() {
        return;
    }
    let mut waits: Vec<i64> = late
        .iter()
        .filter_map(|connection| Some(syn_wait(connection)?.1))
        .collect();
    let details = format!(
        "{} of {} SYNs are answered after {} (median), though what is sent on open connections is acknowledged in {}",
        late.len(),
        list.len(),
        percentile(&mut waits, 50).map_or_else(String::new, duration),
        duration(usual)
    );
    findings.rows.extend(about(
        evidence,
        FindingKind::SlowConnects,
        Some(server.to_string()),
        &late,
        details,
    ));
}

/// Accepted and closed at once, without a byte of an answer.
fn is_turned_away(evidence: &Evidence<'_>, connection: &Connection) -> bool {
    let log = &evidence.log.connections[connection.number];
    let Some((closed, _)) = connection.closed_by_server() else {
        return false;
    };
    let requests = evidence.requests_of(connection);
    // Seen at the client, what the server does at once comes a round trip later.
    let way = syn_wait(connection).map_or(0, |(_, wait)| wait);
    let began = requests
        .first()
        .map_or(connection.handshake.answered, |first| Some(first.begun));
    connection.is_opened()
        && connection.of_server.with_data == 0
        && requests.len() <= 1
        && connection.refusals.is_empty()
        && !log.tls.is_there
        && began.is_some_and(|began| closed >= began && closed - began <= AT_ONCE + way)
        && requests
            .first()
            .is_none_or(|first| first.begun - connection.first <= SECOND)
        && (!requests.is_empty() || closed - connection.first <= AT_ONCE + 2 * way)
}

fn limit(evidence: &Evidence<'_>, server: Endpoint, list: &[&Connection], findings: &mut Findings) {
    let away: Vec<&Connection> = list
        .iter()
        .copied()
        .filter(|connection| is_turned_away(evidence, connection))
        .collect();
    let (Some(first), Some(last)) = (away.first(), away.last()) else {
        return;
    };
    let older = list
        .iter()
        .filter(|connection| {
            connection.first < first.first
                && connection.of_server.last > first.first
                && connection.of_server.with_data > 0
        })
        .count();
    let is_all = away.len() == list.len() && away.len() >= 5;
    if away.len() < FEW
        || older == 0 && !is_all
        || findings.of(FindingKind::NodeStopped).any(|stop| {
            stop.nodes.iter().any(|node| node.host() == server.host())
                && stop.from <= last.first + SECOND
                && first.first <= stop.until
        })
    {
        return;
    }
    let details = format!(
        "{} new connections were accepted and closed by the server at once, without an answer, while {older} older ones are served: it has as many as it takes (proto-fd-max)",
        away.len()
    );
    let found = about(
        evidence,
        FindingKind::ConnectionLimit,
        Some(server.to_string()),
        &away,
        details,
    );
    findings.rows.extend(found);
}

fn find_dropped(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut by_server: HashMap<Endpoint, Vec<&Connection>> = HashMap::new();
    for connection in evidence
        .connections
        .iter()
        // Where frames stand in the wrong order, an answer may be there and not be read.
        .filter(|one| one.is_aerospike && !one.is_one_way && one.swapped.0 == 0)
    {
        let is_open = evidence.requests_of(connection).iter().any(|request| {
            request.dropped.is_some_and(|at| {
                at - request.sent < 600 * SECOND && !evidence.is_across_gap(request.sent, at)
            }) && !request.is_hidden
                && !request.is_query()
                && !matches!(request.what, RequestKind::Other)
                && request.after_fin.is_none()
                && request.acknowledged.is_some()
        });
        if is_open && connection.refusals.is_empty() && !is_forgotten(evidence, connection) {
            by_server.entry(connection.server).or_default().push(connection);
        }
    }
    let mut servers: Vec<Endpoint> = by_server.keys().copied().collect();
    servers.sort_unstable();
    for server in servers {
        let Some(list) = by_server.get(&server) else {
            continue;
        };
        let list: Vec<&Connection> = list
            .iter()
            .copied()
            .filter(|connection| {
                let at = connection.closed_at().unwrap_or(0);
                let is_explained = |finding: &&Finding| {
                    finding.nodes.iter().any(|node| node.host() == server.host())
                        && at >= finding.from - SECOND
                        && at <= finding.until + SECOND
                };
                let by_limit = findings
                    .of(FindingKind::ConnectionLimit)
                    .any(|finding| is_explained(&finding))
                    && is_turned_away(evidence, connection);
                let by_stop = findings
                    .of(FindingKind::NodeStopped)
                    .any(|finding| is_explained(&finding));
                !by_limit && !by_stop
            })
            .collect();
        let details = format!(
            "{} connections closed by the server while a request was open",
            list.len()
        );
        if let Some(mut finding) = about(evidence, FindingKind::Dropped, None, &list, details) {
            // When what was asked in vain was sent.
            let open = |connection: &&Connection| {
                evidence
                    .requests_of(connection)
                    .iter()
                    .find(|request| request.dropped.is_some())
                    .map(|request| (request.begun, request.frame))
            };
            let times: Vec<(i64, u32)> = list.iter().filter_map(open).collect();
            if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) {
                (finding.from, finding.frame, finding.to) = (first.0, first.1, last.0);
            }
            finding.filter = tools::filter(evidence, &finding);
            findings.add(finding);
        }
    }
}

/// Whether the connection was idle for long and then answered by RST: something between forgot it.
#[must_use]
pub fn is_forgotten(evidence: &Evidence<'_>, connection: &Connection) -> bool {
    let requests = evidence.requests_of(connection);
    let Some(last) = requests.last() else { return false };
    let before = requests
        .len()
        .checked_sub(2)
        .and_then(|index| requests.get(index));
    let idle_since = before
        .and_then(|before| before.last)
        .map(|(time, _)| time)
        .or((connection.is_joined).then_some(i64::MIN));
    let is_idle = idle_since.is_some_and(|since| since != i64::MIN && last.begun - since >= SECOND);
    let is_reset = connection.of_server.rst.is_some_and(|(time, _)| {
        time >= last.begun && time - last.begun < 2 * SECOND && connection.of_server.fin.is_none()
    });
    is_idle && is_reset && last.first.is_none() && last.after_fin.is_none() && last.acknowledged.is_none()
}
