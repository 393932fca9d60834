//! The cluster: fabric, what was changed by hand, and load that is uneven.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::stats::diagnosis::endpoint::{Endpoint, SECOND, names};
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::info::Change;
use crate::stats::diagnosis::rules::tools::{FEW, count, filter};
use crate::stats::diagnosis::rules::{About, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::FabricBlocked,
            claim: "Nodes hear each other's heartbeats but fabric does not pass between them.",
            evidence: "Connections to the fabric port between two nodes are refused, unanswered or no longer acknowledged, while heartbeats of both pass.",
            silenced: "A node that stopped, or of which nothing comes.",
            next: "A firewall for port 3001 (fabric) between the two.",
        },
        About {
            kind: FindingKind::Configuration,
            claim: "Settings, sets, indexes or modules were changed by hand.",
            evidence: "Info commands that change something: set-config, truncate, roster-set, recluster, quiesce, sindex-create, udf-put and their like.",
            silenced: "Nothing.",
            next: "Compare its time with the other findings.",
        },
        About {
            kind: FindingKind::UnevenLoad,
            claim: "One node gets far more than its share of the requests.",
            evidence: "Three nodes and more; one of them gets three times the median of the others, of a thousand requests and more, and no hot record explains it.",
            silenced: "Few requests; one direction only; cut packets, of which the record is not known.",
            next: "Partitions of that node (replicas), rack and replica policies of the clients.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    fabric(evidence, findings);
    configuration(evidence, findings);
    find_uneven(evidence, findings);
}

/// Adds a finding about nodes.
pub fn push(evidence: &Evidence<'_>, mut finding: Finding, nodes: Vec<Endpoint>, findings: &mut Findings) {
    finding.nodes = nodes;
    finding.until = finding.until.max(finding.to);
    finding.filter = filter(evidence, &finding);
    findings.add(finding);
}

/// Heartbeats of a host pass in that time.
fn pulses(evidence: &Evidence<'_>, host: Endpoint, from: i64, to: i64) -> bool {
    evidence
        .log
        .cluster
        .runs
        .iter()
        .any(|run| run.from == host && run.first.0 <= to && run.last >= from)
}

/// Attempts of one host at a port: when, in which frame, how they ended.
type Attempts = Vec<(i64, u32, &'static str)>;

fn fabric(evidence: &Evidence<'_>, findings: &mut Findings) {
    // Ports at which heartbeats come in, so that they are no fabric.
    let mut blocked: BTreeMap<(Endpoint, Endpoint), Attempts> = BTreeMap::new();
    let heartbeat_ports: HashSet<Endpoint> =
        evidence
            .connections
            .iter()
            .filter(|connection| {
                connection.is_internode
                    && evidence.log.cluster.runs.iter().any(|run| {
                        run.from == connection.client.host() || run.from == connection.server.host()
                    })
                    && connection.server.port == 3002
            })
            .map(|connection| connection.server)
            .collect();
    for connection in &evidence.connections {
        let (client, server) = (connection.client.host(), connection.server.host());
        let is_between = evidence.nodes.contains(&client) && evidence.nodes.contains(&server);
        let is_fabric = connection.server.port == 3001
            || connection.is_internode
                && connection.server.port != 3002
                && !heartbeat_ports.contains(&connection.server);
        if !is_between || !is_fabric || connection.is_one_way {
            continue;
        }
        let pair = if client < server {
            (client, server)
        } else {
            (server, client)
        };
        let list = blocked.entry(pair).or_default();
        if let Some((_, frame)) = connection.handshake.refused {
            list.push((connection.first, frame, "refused"));
        } else if connection.handshake.answered.is_none() && connection.handshake.syns.len() > 1 {
            list.push((connection.first, connection.frame, "unanswered"));
        }
        for resent in connection
            .resent
            .iter()
            .filter(|resent| resent.acknowledged.is_none() && resent.length > 0 && !resent.is_spurious)
        {
            list.push((
                resent.sent.unwrap_or(resent.again),
                resent.sent_frame,
                "not acknowledged",
            ));
        }
    }
    let mut all: Vec<(i64, u32, &'static str)> = Vec::new();
    let mut pairs: Vec<(Endpoint, Endpoint)> = Vec::new();
    for ((one, other), list) in &blocked {
        let (Some(first), Some(last)) = (list.iter().min(), list.iter().max()) else {
            continue;
        };
        let hears = |host: &Endpoint| {
            let times = evidence
                .packets
                .get(host)
                .map_or(&[][..], |times| between(times, first.0, last.0 + SECOND));
            !times.is_empty() && pulses(evidence, *host, first.0 + SECOND, last.0 + SECOND)
        };
        let is_explained = findings.rows.iter().any(|row| {
            matches!(row.kind, FindingKind::NodeStopped | FindingKind::Unreachable)
                && row
                    .nodes
                    .iter()
                    .any(|node| node.host() == *one || node.host() == *other)
                && row.from <= last.0
                && first.0 <= row.until + SECOND
        });
        // A node that is not up yet refuses for a while, and has no heartbeats then.
        if list.len() < FEW || last.0 - first.0 < SECOND || !hears(one) || !hears(other) || is_explained {
            continue;
        }
        all.extend(list);
        pairs.push((*one, *other));
    }
    all.sort_unstable();
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return;
    };
    let mut hows: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, _, how) in &all {
        *hows.entry(how).or_default() += 1;
    }
    let hows: Vec<String> = hows
        .iter()
        .map(|(how, number)| format!("{number} {how}"))
        .collect();
    let who: Vec<String> = pairs
        .iter()
        .map(|(one, other)| format!("{one} and {other}"))
        .collect();
    let nodes: BTreeSet<Endpoint> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
    let finding = Finding {
        count: count(all.len()),
        to: last.0,
        is_root: true,
        details: format!(
            "fabric (port 3001) does not pass between them, heartbeats do: SYNs and segments {}",
            hows.join(", ")
        ),
        ..Finding::new(
            FindingKind::FabricBlocked,
            format!("fabric between {}", names(&who)),
            (first.0, first.1),
        )
    };
    push(evidence, finding, nodes.into_iter().collect(), findings);
}

fn configuration(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<(Endpoint, &'static str), Vec<&Change>> = BTreeMap::new();
    for change in evidence
        .log
        .info
        .changes
        .iter()
        .filter(|change| change.is_done != Some(false))
    {
        groups
            .entry((change.client, change.name))
            .or_default()
            .push(change);
    }
    for ((client, name), list) in groups {
        let (Some(first), Some(last)) = (list.first(), list.last()) else {
            continue;
        };
        let mut servers: Vec<Endpoint> = list.iter().map(|change| change.server).collect();
        servers.sort_unstable();
        servers.dedup();
        let mut texts: Vec<String> = Vec::new();
        for change in &list {
            if !texts.contains(&change.text) {
                texts.push(change.text.clone());
            }
        }
        let mut finding = Finding {
            count: count(list.len()),
            to: last.time,
            details: format!("{name}: {}", names(&texts)),
            ..Finding::new(
                FindingKind::Configuration,
                format!(
                    "{client} to {}: {}",
                    names(&servers),
                    texts.first().map_or("", String::as_str)
                ),
                (first.time, first.frame),
            )
        };
        finding.clients = vec![client];
        push(evidence, finding, servers, findings);
    }
}

fn find_uneven(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<Endpoint, usize> =
        evidence.services.iter().map(|service| (*service, 0)).collect();
    let single = || {
        evidence
            .all_requests()
            .filter(|(_, request)| request.single().is_some())
    };
    for (connection, _) in single() {
        if let Some(number) = counts.get_mut(&connection.server) {
            *number += 1;
        }
    }
    let all: usize = counts.values().sum();
    let Some((node, most)) = counts
        .iter()
        .max_by_key(|(_, number)| **number)
        .map(|(node, number)| (*node, *number))
    else {
        return;
    };
    let mut others: Vec<usize> = counts
        .iter()
        .filter(|(other, number)| **other != node && **number > 0)
        .map(|(_, number)| *number)
        .collect();
    others.sort_unstable();
    let Some(usual) = others
        .get(others.len() / 2)
        .copied()
        .filter(|_| others.len() >= 2)
    else {
        return;
    };
    let hot: usize = findings
        .of(FindingKind::HotKey)
        .filter(|hot| hot.nodes.contains(&node))
        .map(|hot| hot.count as usize)
        .sum();
    // Of which record they are was not captured: it may be one that is hot.
    let unknown = single()
        .filter(|(connection, request)| connection.server == node && request.rows.0 >= request.rows.1)
        .count();
    let is_disturbed = findings.rows.iter().any(|row| {
        matches!(
            row.kind,
            FindingKind::NodeStopped | FindingKind::Unreachable | FindingKind::StalledServer
        )
    });
    if all < 1000 || most.saturating_sub(hot + unknown) < 3 * usual || is_disturbed {
        return;
    }
    let mut its: Vec<(i64, u32)> = single()
        .filter(|(connection, _)| connection.server == node)
        .map(|(_, request)| (request.begun, request.frame))
        .collect();
    its.sort_unstable();
    let (Some(first), Some(last)) = (its.first(), its.last()) else {
        return;
    };
    let finding = Finding {
        count: count(most),
        to: last.0,
        details: format!("{most} of {all} requests go to this node, {usual} to the usual other one"),
        ..Finding::new(FindingKind::UnevenLoad, node.to_string(), *first)
    };
    push(evidence, finding, vec![node], findings);
}
