//! Fabric that does not pass between nodes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{FEW, add_about_nodes, count};
use crate::stats::shared::endpoint::{Endpoint, SECOND, names};

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::FabricBlocked,
        claim: "Nodes hear each other's heartbeats but fabric does not pass between them.",
        evidence: "Connections to the fabric port between two nodes are refused, unanswered or no longer acknowledged, while heartbeats of both pass.",
        silenced: "A node that stopped, or of which nothing comes.",
        next: "A firewall for port 3001 (fabric) between the two.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
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
    add_about_nodes(evidence, finding, nodes.into_iter().collect(), findings);
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
