//! What the network does to packets: loses them, delays them, forgets connections.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::connects::{SYN_AGAIN, is_forgotten};
use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::{Connection, Resent};
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::evidence::walk::{PROBE, SOON};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, Touched, count, filter};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND, names};

/// A connection that is idle for so long may be forgotten by what stands between: half of the second in which clients ask each
/// node for news by default.
const IDLE: i64 = SECOND / 2;
/// Segments of this size and above are full ones: 1460 bytes and less of Ethernet, 1220 of the smallest MTU of IPv6 (RFC 8200, 5).
const FULL: u32 = 1200;
/// A delayed acknowledgement comes after 40 ms (Linux) to 200 ms, by a timer of 10 ms.
const DELAYED: i64 = 30 * MS;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::Forgotten,
            claim: "Something between client and server (a firewall, NAT, a load balancer) forgot idle connections.",
            evidence: "A connection that was idle for half a second or more gets no acknowledgement at all, or a RST without a FIN before, when it is used again, while other connections to the same server work.",
            silenced: "A server of which nothing comes; a FIN of the server that was seen or acknowledged.",
            next: "Idle limits of firewalls against the client's (maxSocketIdle) and the server's (proto-fd-idle-ms); TCP keepalive.",
        },
        About {
            kind: FindingKind::LargeLost,
            claim: "Full packets do not arrive, short ones do: a path with a smaller MTU.",
            evidence: "At least two full segments of a direction are sent again twice or more without an acknowledgement, and no short one.",
            silenced: "Short segments that are lost, too: then it is loss.",
            next: "MTU of the interfaces and tunnels, ICMP \"fragmentation needed\" that is filtered; ping -M do -s 1472.",
        },
        About {
            kind: FindingKind::Loss,
            claim: "Packets are lost.",
            evidence: "TCP sends segments again that were not acknowledged. The direction is named where all are of one sender.",
            silenced: "Copies, and all where copies have each other's times; segments that a DSACK shows to have come twice; a host of which nothing comes; connections that were forgotten; probes of idle connections and closed windows; one direction only.",
            next: "Count drops of interfaces and switches on the way (ethtool -S, ip -s link); a capture at the other end tells the direction.",
        },
        About {
            kind: FindingKind::SlowPath,
            claim: "The way to a host (or of one connection) takes much longer than before or than the others do.",
            evidence: "TCP's own round trips: handshakes, and bare acknowledgements of more than 50 ms, ten times those of other connections or times, and no shorter one in between.",
            silenced: "A capture with one path that is as slow all the time; packets missing on the connection.",
            next: "Routes, tunnels, queues on the way; the server is not at fault.",
        },
        About {
            kind: FindingKind::DelayedAck,
            claim: "Requests are sent in pieces, the rest only after the server's delayed acknowledgement (Nagle's algorithm).",
            evidence: "A request in two or more segments, the second right after the acknowledgement of the first, which took 30 ms or more; five times at least.",
            silenced: "Windows that are closed.",
            next: "TCP_NODELAY at the client, one write call for each request.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    if evidence.capture.is_data_only {
        return;
    }
    let forgotten = find_forgotten(evidence, findings);
    let large = find_large_lost(evidence, findings);
    losses(evidence, findings, &forgotten, &large);
    find_delayed(evidence, findings);
    super::paths::run(evidence, findings);
}

/// Connections that something between forgot: when they were used again, and the frame.
#[must_use]
pub fn forgotten_connections<'e>(evidence: &'e Evidence<'_>) -> Vec<(&'e Connection, i64, u32)> {
    let mut all: Vec<(&Connection, i64, u32)> = Vec::new();
    for connection in evidence
        .connections
        .iter()
        .filter(|connection| connection.is_aerospike && !connection.is_one_way)
    {
        let requests = evidence.requests_of(connection);
        let Some(index) = requests.iter().position(|request| {
            request.acknowledged.is_none() && request.first.is_none() && request.after_fin.is_none()
        }) else {
            continue;
        };
        let (Some(request), before) = (
            requests.get(index),
            index.checked_sub(1).and_then(|before| requests.get(before)),
        ) else {
            continue;
        };
        let since = match before {
            Some(before) => before.last.map(|(time, _)| time).filter(|_| before.is_complete),
            None => connection.handshake.done.or(connection.handshake.answered),
        };
        let is_idle = since.is_some_and(|since| request.begun - since >= IDLE);
        let is_silent = request.resent > 0;
        if !is_idle
            || connection
                .of_server
                .fin
                .is_some_and(|(fin, _)| fin < request.begun)
            || !(is_silent || is_forgotten(evidence, connection))
        {
            continue;
        }
        // Nothing comes on it any more, but elsewhere.
        let is_dead = connection.of_server.last <= request.begun || connection.of_server.rst.is_some();
        let until = connection.last.max(request.begun + 5 * SECOND);
        let works = evidence
            .by_server
            .get(&connection.server)
            .into_iter()
            .flatten()
            .filter_map(|index| evidence.connections.get(*index))
            .any(|other| {
                other.number != connection.number
                    && other
                        .handshake
                        .answered
                        .is_some_and(|answered| answered >= request.begun - SECOND && answered <= until)
                    && other.of_server.with_data > 0
                    // It goes on to work, so that it is not the host that is gone.
                    && other.of_server.last > request.resent_at.unwrap_or(request.begun)
            });
        if is_dead && works {
            all.push((connection, request.begun, request.frame));
        }
    }
    all.sort_by_key(|(_, begun, frame)| (*begun, *frame));
    let span = all.first().zip(all.last()).filter(|_| all.len() >= 3);
    if let Some((from, to)) = span.map(|(first, last)| (first.1 - 5 * SECOND, last.1 + 5 * SECOND)) {
        // What forgot so many forgot those that were not idle, too.
        let known: HashSet<usize> = all.iter().map(|(connection, _, _)| connection.number).collect();
        let servers: HashSet<Endpoint> = all.iter().map(|(connection, _, _)| connection.server).collect();
        for connection in evidence
            .connections
            .iter()
            .filter(|one| servers.contains(&one.server) && !known.contains(&one.number))
        {
            let last = evidence
                .requests_of(connection)
                .iter()
                .find(|request| request.acknowledged.is_none());
            let is_silent =
                |begun: i64| connection.of_server.last <= begun && connection.of_server.fin.is_none();
            if let Some(request) = last
                .filter(|one| one.resent > 0 && one.begun >= from && one.begun <= to && is_silent(one.begun))
            {
                all.push((connection, request.begun, request.frame));
            }
        }
        all.sort_by_key(|(_, begun, frame)| (*begun, *frame));
    }
    all
}

fn find_forgotten(evidence: &Evidence<'_>, findings: &mut Findings) -> HashSet<usize> {
    let all = forgotten_connections(evidence);
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return HashSet::new();
    };
    let mut touched = Touched::default();
    let mut idle: Vec<i64> = Vec::new();
    let mut reset = 0;
    for (connection, begun, _) in &all {
        touched.add(connection);
        reset += usize::from(connection.of_server.rst.is_some());
        let before = evidence
            .requests_of(connection)
            .iter()
            .filter(|request| request.begun < *begun)
            .filter_map(|request| request.last)
            .map(|last| last.0)
            .max();
        idle.extend(before.map(|before| begun - before));
    }
    let finding = Finding {
        count: count(all.len()),
        to: last.1,
        until: all
            .iter()
            .map(|(connection, _, _)| connection.last)
            .max()
            .unwrap_or(last.1),
        failed: count(all.len()),
        is_root: true,
        details: format!(
            "{} connections that were idle for {} (median) {} when used again; new connections to the same {} work",
            all.len(),
            percentile(&mut idle, 50).map_or_else(String::new, duration),
            if reset == all.len() {
                "are answered by RST"
            } else {
                "get no answer at all"
            },
            if touched.servers.len() == 1 {
                "node"
            } else {
                "nodes"
            }
        ),
        ..Finding::new(
            FindingKind::Forgotten,
            touched.clients_to_servers(),
            (first.1, first.2),
        )
    };
    findings.add(touched.put(evidence, finding));
    all.iter().map(|(connection, _, _)| connection.number).collect()
}

/// The ends between which full segments do not pass: sender, receiver.
fn find_large_lost(evidence: &Evidence<'_>, findings: &mut Findings) -> HashSet<(Endpoint, Endpoint)> {
    let mut pairs: BTreeMap<(Endpoint, Endpoint), Vec<(&Connection, &Resent)>> = BTreeMap::new();
    for connection in evidence
        .connections
        .iter()
        .filter(|connection| evidence.is_ours(connection))
    {
        for resent in connection
            .resent
            .iter()
            .filter(|resent| resent.length > 1 && !resent.is_spurious)
        {
            pairs
                .entry(ends(connection, resent))
                .or_default()
                .push((connection, resent));
        }
    }
    let mut found = HashSet::new();
    for (pair, list) in pairs {
        let mut tries: BTreeMap<(usize, u32), u32> = BTreeMap::new();
        for (connection, resent) in &list {
            *tries.entry((connection.number, resent.end)).or_default() += 1;
        }
        let is_full = list
            .iter()
            .all(|(_, resent)| resent.length >= FULL && resent.acknowledged.is_none());
        let repeated = tries.values().filter(|tries| **tries >= 2).count();
        let (Some(first), Some(last)) = (list.first(), list.last()) else {
            continue;
        };
        if !is_full || repeated < 2 {
            continue;
        }
        let mut touched = Touched::default();
        for (connection, _) in &list {
            touched.add(connection);
        }
        let finding = Finding {
            count: count(tries.len()),
            to: last.1.again,
            until: last.1.again,
            failed: count(tries.len()),
            is_root: true,
            details: format!(
                "{} full segments ({} bytes and more) are sent again, {} times in all, and never acknowledged; short ones arrive",
                tries.len(),
                list.iter().map(|(_, resent)| resent.length).min().unwrap_or(0),
                list.len()
            ),
            ..Finding::new(
                FindingKind::LargeLost,
                format!("{} to {}", pair.0, pair.1),
                (first.1.sent.unwrap_or(first.1.again), first.1.sent_frame),
            )
        };
        findings.add(touched.put(evidence, finding));
        found.insert(pair);
    }
    found
}

/// Sender and receiver, hosts.
fn ends(connection: &Connection, resent: &Resent) -> (Endpoint, Endpoint) {
    let (client, server) = (connection.client.host(), connection.server.host());
    if resent.by_client {
        (client, server)
    } else {
        (server, client)
    }
}

/// Something that was lost between two hosts.
struct Lost<'e> {
    connection: &'e Connection,
    sender: Endpoint,
    receiver: Endpoint,
    sent: i64,
    again: i64,
    frame: u32,
}

fn losses(
    evidence: &Evidence<'_>,
    findings: &mut Findings,
    forgotten: &HashSet<usize>,
    large: &HashSet<(Endpoint, Endpoint)>,
) {
    let gone: Vec<(Endpoint, i64, i64)> = findings
        .of(FindingKind::Unreachable)
        .flat_map(|finding| {
            finding
                .nodes
                .iter()
                .map(move |node| (node.host(), finding.from - SECOND, finding.until + 10 * SECOND))
        })
        .collect();
    let queues: Vec<Endpoint> = findings
        .of(FindingKind::AcceptQueue)
        .flat_map(|finding| finding.nodes.iter().copied())
        .collect();
    let blocked: Vec<(Vec<Endpoint>, i64)> = findings
        .of(FindingKind::FabricBlocked)
        .map(|finding| (finding.nodes.clone(), finding.from))
        .collect();
    let mut lost: Vec<Lost<'_>> = Vec::new();
    // Copies that have another packet's time look as if they were sent again.
    if evidence.capture.is_doubled && evidence.capture.has_wrong_times() {
        return;
    }
    for connection in &evidence.connections {
        let is_over =
            forgotten.contains(&connection.number) || connection.is_one_way || !evidence.is_ours(connection);
        if is_over {
            continue;
        }
        for resent in &connection.resent {
            let (sender, receiver) = ends(connection, resent);
            let sent = resent.sent.unwrap_or(resent.again);
            let answered = connection.handshake.answered;
            let is_syn = resent.length == 0 && answered.is_none_or(|answered| resent.again <= answered + MS);
            let is_plain_syn = is_syn
                && answered.is_some()
                && resent.again - sent >= SYN_AGAIN
                && !queues.contains(&connection.server);
            let is_gone = gone.iter().any(|(host, from, to)| {
                (*host == receiver || *host == sender) && sent >= *from && sent <= *to
            });
            let is_blocked = connection.is_internode
                && blocked.iter().any(|(nodes, from)| {
                    sent >= *from - 2 * SECOND && nodes.contains(&sender) && nodes.contains(&receiver)
                });
            // The host has closed: nobody is there to acknowledge.
            let is_late = connection.of_server.rst.is_some_and(|(time, _)| time <= sent)
                || connection.of_client.rst.is_some_and(|(time, _)| time <= sent);
            let is_probe = !is_syn && resent.length == 0 && resent.again - sent < PROBE;
            // Nor is it TCP's, if it comes at once where frames have each other's times.
            let is_swapped = connection.swapped.0 > 0 && resent.again - sent < SOON;
            // Among packets that are missing, the first one may be one that was on its way for long.
            let is_unknown = resent.sent.is_none() && !resent.is_unseen && connection.has_holes();
            let is_useless = resent.is_spurious
                || is_syn && !is_plain_syn
                || is_probe
                || is_swapped
                || is_unknown
                || is_gone
                || is_blocked
                || is_late
                || large.contains(&(sender, receiver))
                || evidence.is_across_gap(sent, resent.again);
            if !is_useless {
                lost.push(Lost {
                    connection,
                    sender,
                    receiver,
                    sent,
                    again: resent.again,
                    frame: resent.sent_frame,
                });
            }
        }
    }
    while !lost.is_empty() {
        // The host that takes part in most of them.
        let mut hosts: BTreeMap<Endpoint, u32> = BTreeMap::new();
        for one in &lost {
            *hosts.entry(one.sender).or_default() += 1;
            *hosts.entry(one.receiver).or_default() += 1;
        }
        let Some((hub, _)) = hosts
            .iter()
            .max_by_key(|(host, number)| (**number, core::cmp::Reverse(**host)))
        else {
            break;
        };
        let hub = *hub;
        let (its, others): (Vec<_>, Vec<_>) = lost
            .into_iter()
            .partition(|one| one.sender == hub || one.receiver == hub);
        lost = others;
        if let Some(finding) = loss(evidence, its) {
            findings.add(finding);
        }
    }
}

fn loss(evidence: &Evidence<'_>, mut its: Vec<Lost<'_>>) -> Option<Finding> {
    its.sort_by_key(|one| (one.sent, one.again));
    let mut touched = Touched::default();
    let mut waits = Vec::new();
    let (mut senders, mut receivers) = (BTreeSet::new(), BTreeSet::new());
    for one in &its {
        touched.add(one.connection);
        waits.push(one.again - one.sent);
        senders.insert(one.sender);
        receivers.insert(one.receiver);
    }
    let (first, last) = (its.first()?, its.last()?);
    let list = |hosts: &BTreeSet<Endpoint>| names(&hosts.iter().copied().collect::<Vec<_>>());
    let is_directed = senders.intersection(&receivers).next().is_none();
    let servers: BTreeSet<Endpoint> = touched.servers.iter().map(|server| server.host()).collect();
    let who = if is_directed {
        format!("{} to {}", list(&senders), list(&receivers))
    } else {
        format!("between {} and {}", list(&touched.clients), list(&servers))
    };
    let segments: u32 = evidence
        .connections
        .iter()
        .filter(|connection| {
            touched.clients.contains(&connection.client.host())
                && touched.servers.contains(&connection.server)
        })
        .map(|connection| connection.of_client.packets + connection.of_server.packets)
        .sum();
    let finding = Finding {
        count: count(its.len()),
        to: last.sent,
        until: its.iter().map(|one| one.again).max().unwrap_or(last.again),
        lost: waits.iter().sum(),
        details: format!(
            "{} segments sent again ({:.1} % of {segments} packets), {} after the first time (median){}",
            its.len(),
            100.0 * its.len() as f64 / f64::from(segments.max(1)),
            percentile(&mut waits, 50).map_or_else(String::new, duration),
            if is_directed {
                "; what is lost towards the capture point shows only as the other side's repetitions"
            } else {
                "; of both directions"
            }
        ),
        ..Finding::new(FindingKind::Loss, who, (first.sent, first.frame))
    };
    Some(touched.put(evidence, finding))
}

fn find_delayed(evidence: &Evidence<'_>, findings: &mut Findings) {
    let held: Vec<_> = evidence
        .all_requests()
        .filter(|(connection, request)| {
            connection.is_aerospike
                && request.resent == 0
                && request
                    .held_back
                    .is_some_and(|time| (DELAYED..=SECOND).contains(&time))
        })
        .map(|(_, request)| request)
        .collect();
    if held.len() < 5 {
        return;
    }
    for group in tools::Group::episodes(evidence, held, tools::MINUTE) {
        let mut waits: Vec<i64> = group
            .requests
            .iter()
            .filter_map(|request| request.held_back)
            .collect();
        let details = format!(
            "{} requests were sent in pieces, the rest only when the server had acknowledged the first after {} (median): Nagle's algorithm waits for a delayed acknowledgement",
            group.requests.len(),
            percentile(&mut waits, 50).map_or_else(String::new, duration)
        );
        if let Some(mut finding) = group.finding(evidence, FindingKind::DelayedAck, details) {
            finding.lost = waits.iter().sum();
            finding.filter = filter(evidence, &finding);
            findings.add(finding);
        }
    }
}
