//! The cluster: fabric, partition maps, and what was changed by hand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::tools::{Touched, count, filter};
use super::{About, Rule};
use crate::stats::diagnosis::endpoint::{Endpoint, SECOND, names};
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, Findings, Kind};
use crate::stats::diagnosis::info::{Bits, Change, is_set};
use crate::wire::client::digest::PARTITIONS;
use crate::wire::ground::text::Text;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: Kind::FabricBlocked,
            claim: "Nodes hear each other's heartbeats but fabric does not pass between them.",
            evidence: "Connections to the fabric port between two nodes are refused, unanswered or no longer acknowledged, while heartbeats of both pass.",
            silenced: "A node that stopped, or of which nothing comes.",
            next: "A firewall for port 3001 (fabric) between the two.",
        },
        About {
            kind: Kind::StaleMap,
            claim: "Clients send requests to nodes that do not own the partition: these have to be passed on.",
            evidence: "PROXY messages between nodes for records that clients asked for just before; five and more.",
            silenced: "Nothing between nodes in the capture; ten seconds after nodes exchanged what they hold.",
            next: "Does the client learn the partition map (partition-generation, replicas)? Proxies are normal for a moment after a change.",
        },
        About {
            kind: Kind::NoMaster,
            claim: "Partitions that no node is master of.",
            evidence: "The replicas that all known nodes of a cluster gave to clients leave these partitions without a master.",
            silenced: "Nodes whose map was not asked for; maps that are of different times.",
            next: "asinfo -v 'partition-info'; unavailable and dead partitions of the namespace; roster and recluster with strong consistency.",
        },
        About {
            kind: Kind::Configuration,
            claim: "Settings, sets, indexes or modules were changed by hand.",
            evidence: "Info commands that change something: set-config, truncate, roster-set, recluster, quiesce, sindex-create, udf-put and their like.",
            silenced: "Nothing.",
            next: "Compare its time with the other findings.",
        },
        About {
            kind: Kind::UnevenLoad,
            claim: "One node gets far more than its share of the requests.",
            evidence: "Three nodes and more; one of them gets three times the median of the others, of a thousand requests and more, and no hot record explains it.",
            silenced: "Few requests; one direction only.",
            next: "Partitions of that node (replicas), rack and replica policies of the clients.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    fabric(evidence, findings);
    stale(evidence, findings);
    masters(evidence, findings);
    configuration(evidence, findings);
    uneven(evidence, findings);
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
                resent.frame,
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
            matches!(row.kind, Kind::NodeStopped | Kind::Unreachable)
                && row
                    .nodes
                    .iter()
                    .any(|node| node.host() == *one || node.host() == *other)
                && row.from <= last.0
                && first.0 <= row.until + SECOND
        });
        // A node that is not up yet refuses for a while, and has no heartbeats then.
        if list.len() < 3 || last.0 - first.0 < SECOND || !hears(one) || !hears(other) || is_explained {
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
            Kind::FabricBlocked,
            format!("fabric between {}", names(&who)),
            (first.0, first.1),
        )
    };
    push(evidence, finding, nodes.into_iter().collect(), findings);
}

fn stale(evidence: &Evidence<'_>, findings: &mut Findings) {
    let proxied = &evidence.log.cluster.proxied;
    if proxied.len() < 5 {
        return;
    }
    let mut asked: HashMap<([u8; 20], Endpoint), Vec<_>> = HashMap::new();
    for (connection, request) in evidence.all_requests() {
        let log = &evidence.log.connections[connection.number];
        for row in log
            .rows
            .get(request.rows.0 as usize..request.rows.1 as usize)
            .unwrap_or_default()
        {
            if let Some(digest) = evidence.log.digests.get(row.digest as usize) {
                asked
                    .entry((*digest, connection.server.host()))
                    .or_default()
                    .push((request.begun, request.frame, connection));
            }
        }
    }
    let mut found: BTreeMap<Endpoint, Vec<(i64, u32, &Connection, Endpoint)>> = BTreeMap::new();
    for one in proxied {
        let Some(digest) = one.digest else { continue };
        // Ordinary for a moment after the cluster changed.
        let exchanges = &evidence.log.cluster.exchanges;
        let changed = exchanges
            .partition_point(|(time, _)| *time <= one.time)
            .checked_sub(1);
        if changed
            .and_then(|index| exchanges.get(index))
            .is_some_and(|(time, _)| one.time - time < 10 * SECOND)
        {
            continue;
        }
        let list = asked.get(&(digest, one.from)).map_or(&[][..], Vec::as_slice);
        let before = list
            .partition_point(|(time, _, _)| *time <= one.time)
            .checked_sub(1);
        if let Some((time, frame, connection)) = before
            .and_then(|index| list.get(index))
            .filter(|(time, _, _)| one.time - time <= SECOND)
        {
            found
                .entry(connection.client.host())
                .or_default()
                .push((*time, *frame, connection, one.to));
        }
    }
    let mut all: Vec<(i64, u32, &Connection, Endpoint)> = found.into_values().flatten().collect();
    all.sort_by_key(|one| (one.0, one.1));
    all.dedup_by_key(|one| (one.0, one.1));
    if all.len() < 5 {
        return;
    }
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return;
    };
    let mut touched = Touched::default();
    let mut owners: BTreeSet<Endpoint> = BTreeSet::new();
    for (_, _, connection, to) in &all {
        touched.add(connection);
        owners.insert(*to);
    }
    let owners: Vec<Endpoint> = owners.into_iter().collect();
    let finding = Finding {
        count: count(all.len()),
        to: last.0,
        details: format!(
            "{} requests went to nodes that do not own the partition and passed them on to {}",
            all.len(),
            names(&owners)
        ),
        ..Finding::new(Kind::StaleMap, touched.clients_to_servers(), (first.0, first.1))
    };
    findings.add(touched.put(evidence, finding));
}

fn masters(evidence: &Evidence<'_>, findings: &mut Findings) {
    let info = &evidence.log.info;
    // The last map of each node, by namespace.
    let mut latest: BTreeMap<(Box<[u8]>, Endpoint), &crate::stats::diagnosis::info::Map> = BTreeMap::new();
    for map in &info.maps {
        latest.insert((map.namespace.clone(), map.server), map);
    }
    // All nodes that are known: named by others, or that answer.
    let known: BTreeSet<Endpoint> = evidence
        .services
        .iter()
        .copied()
        .chain(info.advertised.iter().map(|named| named.address))
        .collect();
    let namespaces: BTreeSet<Box<[u8]>> = latest.keys().map(|(namespace, _)| namespace.clone()).collect();
    let mut missing: Vec<_> = Vec::new();
    for namespace in namespaces {
        let maps: Vec<_> = latest
            .iter()
            .filter(|((name, _), _)| *name == namespace)
            .map(|(_, map)| *map)
            .collect();
        let servers: Vec<Endpoint> = maps.iter().map(|map| map.server).collect();
        let is_all = known.iter().all(|node| servers.contains(node));
        let mut union = Bits::from([0; 64]);
        for map in &maps {
            for (word, bits) in union.iter_mut().zip(&map.masters) {
                *word |= bits;
            }
        }
        let without: Vec<u16> = (0..PARTITIONS)
            .filter(|partition| !is_set(&union, *partition))
            .collect();
        // A node that was not asked has the rest: what one alone lacks is nothing.
        let (Some(first), true) = (maps.iter().map(|map| map.at).max(), is_all) else {
            continue;
        };
        let spread = maps.iter().map(|map| map.at.0).max().unwrap_or(0)
            - maps.iter().map(|map| map.at.0).min().unwrap_or(0);
        if without.is_empty()
            || without.len() > usize::from(PARTITIONS) / 2
            || maps.len() < 2
            || spread > 10 * SECOND
        {
            continue;
        }
        missing.push((Text(&namespace).to_string(), without, first, servers));
    }
    for (namespace, without, at, servers) in missing {
        let shown: Vec<String> = without.iter().map(u16::to_string).collect();
        let finding = Finding {
            count: count(without.len()),
            details: format!(
                "the replicas of {} leave {} partitions of {namespace} without a master: {}",
                names(&servers),
                without.len(),
                names(&shown)
            ),
            until: evidence.span().1,
            ..Finding::new(
                Kind::NoMaster,
                format!("namespace {namespace} at {}", names(&servers)),
                at,
            )
        };
        push(evidence, finding, servers, findings);
    }
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
                Kind::Configuration,
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

fn uneven(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<Endpoint, usize> =
        evidence.services.iter().map(|service| (*service, 0)).collect();
    for (connection, request) in evidence.all_requests() {
        if request.single().is_some() {
            if let Some(number) = counts.get_mut(&connection.server) {
                *number += 1;
            }
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
        .of(Kind::HotKey)
        .filter(|hot| hot.nodes.contains(&node))
        .map(|hot| hot.count as usize)
        .sum();
    let is_disturbed = findings.rows.iter().any(|row| {
        matches!(
            row.kind,
            Kind::NodeStopped | Kind::Unreachable | Kind::StalledServer
        )
    });
    if all < 1000 || most.saturating_sub(hot) < 3 * usual || is_disturbed {
        return;
    }
    let (begin, end) = evidence.span();
    let finding = Finding {
        count: count(most),
        to: end,
        details: format!("{most} of {all} requests go to this node, {usual} to the usual other one"),
        ..Finding::new(Kind::UnevenLoad, node.to_string(), (begin, 1))
    };
    push(evidence, finding, vec![node], findings);
}
