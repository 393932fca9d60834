//! The cluster: heartbeats, names, splits, changes, fabric, maps, and what was changed by hand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::tools::{count, filter, Touched};
use super::{About, Rule};
use crate::stats::diagnosis::cluster::Run;
use crate::stats::diagnosis::endpoint::{names, Endpoint, SECOND};
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::evidence::{between, Evidence};
use crate::stats::diagnosis::findings::{Finding, Findings, Kind};
use crate::stats::diagnosis::info::{is_set, short, Bits, Change};
use crate::wire::client::digest::PARTITIONS;
use crate::wire::ground::text::Text;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: Kind::NamesDiffer,
            claim: "Nodes that hear each other's heartbeats have different cluster names, and so form no cluster.",
            evidence: "The names in their heartbeats.",
            silenced: "Heartbeats without a name (before 7.0).",
            next: "cluster-name in the configuration of the node that was added last.",
        },
        About {
            kind: Kind::OneWay,
            claim: "A node does not hear another one that hears it or is heard by others.",
            evidence: "The lists of nodes in heartbeats: one listed the other before and does so no longer, while the other goes on sending, and is listed by a third or lists the first itself.",
            silenced: "A node that stopped, or of which nothing comes.",
            next: "A firewall or a multicast router between the two; the direction is in the finding.",
        },
        About {
            kind: Kind::Split,
            claim: "One cluster became two or more.",
            evidence: "At the same time nodes of a cluster give two different cluster keys in their heartbeats, neither of them none, for longer than a change takes.",
            silenced: "Different cluster names; clusters that never were one.",
            next: "The network between the two parts; writes of both sides are resolved when they meet again.",
        },
        About {
            kind: Kind::Changed,
            claim: "The cluster changed: a node joined or left.",
            evidence: "Another cluster key and size in the heartbeats, or an exchange of partition versions and migrations after it.",
            silenced: "The first formation that the capture sees of each node alone.",
            next: "Was it meant? Migrations take their share of network and devices until they end.",
        },
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
            silenced: "Nothing between nodes in the capture.",
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
    let labels = Labels::of(evidence);
    heartbeat_names(evidence, &labels, findings);
    splits(evidence, &labels, findings);
    one_way(evidence, &labels, findings);
    fabric(evidence, findings);
    changes(evidence, &labels, findings);
    stale(evidence, findings);
    masters(evidence, findings);
    configuration(evidence, findings);
    uneven(evidence, findings);
}

/// Nodes by id, as they are shown: `10.0.1.1 (a1)`.
struct Labels(HashMap<u64, Endpoint>);

impl Labels {
    fn of(evidence: &Evidence<'_>) -> Self {
        Self(evidence.log.cluster.speakers.clone())
    }

    fn name(&self, node: u64) -> String {
        match self.0.get(&node) {
            Some(host) => format!("{host} ({node:x})"),
            None => format!("{node:x}"),
        }
    }

    fn names(&self, nodes: impl IntoIterator<Item = u64>) -> String {
        let list: Vec<String> = nodes.into_iter().map(|node| self.name(node)).collect();
        names(&list)
    }

    fn hosts(&self, nodes: impl IntoIterator<Item = u64>) -> Vec<Endpoint> {
        nodes.into_iter().filter_map(|node| self.0.get(&node).copied()).collect()
    }
}

fn push(evidence: &Evidence<'_>, mut finding: Finding, nodes: Vec<Endpoint>, findings: &mut Findings) {
    finding.nodes = nodes;
    finding.until = finding.until.max(finding.to);
    finding.filter = filter(evidence, &finding);
    findings.add(finding);
}

fn heartbeat_names(evidence: &Evidence<'_>, labels: &Labels, findings: &mut Findings) {
    let cluster = &evidence.log.cluster;
    let mut by_name: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
    for run in cluster.runs.iter().filter(|run| run.cluster != 0) {
        by_name.entry(run.cluster).or_default().insert(run.node);
    }
    if by_name.len() < 2 {
        return;
    }
    // Those that reach each other: sent to the same group, or to a node of the other name.
    let host_name: HashMap<Endpoint, u32> = cluster.runs.iter().filter(|run| run.cluster != 0).map(|run| (run.from, run.cluster)).collect();
    let groups: HashMap<Endpoint, BTreeSet<u32>> = cluster.runs.iter().filter(|run| run.cluster != 0).fold(HashMap::new(), |mut groups, run| {
        groups.entry(run.to).or_insert_with(BTreeSet::new).insert(run.cluster);
        groups
    });
    let meets = |run: &&Run| {
        run.cluster != 0
            && (host_name.get(&run.to).is_some_and(|name| *name != run.cluster)
                || groups.get(&run.to).is_some_and(|names| names.len() > 1))
    };
    // The name of the fewest is the odd one.
    let Some(odd) = by_name.iter().min_by_key(|(name, nodes)| (nodes.len(), core::cmp::Reverse(**name))).map(|(name, _)| *name) else {
        return;
    };
    let Some(first) = cluster.runs.iter().filter(meets).filter(|run| run.cluster == odd).min_by_key(|run| run.first).or_else(|| cluster.runs.iter().filter(meets).min_by_key(|run| run.first)) else {
        return;
    };
    let last = cluster.runs.iter().filter(meets).map(|run| run.last).max().unwrap_or(first.last);
    let groups: Vec<String> = by_name
        .iter()
        .map(|(name, nodes)| format!("{}: {}", short(cluster.names.get(*name)), labels.names(nodes.iter().copied())))
        .collect();
    let nodes: BTreeSet<u64> = by_name.values().flatten().copied().collect();
    let finding = Finding {
        count: count(by_name.len()),
        to: last,
        is_root: true,
        details: "nodes that send heartbeats to each other give different cluster names: they form no cluster".to_string(),
        ..Finding::new(Kind::NamesDiffer, groups.join("; "), first.first)
    };
    push(evidence, finding, labels.hosts(nodes), findings);
}

/// The state of each node at the times when it changes: time, frame, key, size.
fn states(evidence: &Evidence<'_>) -> BTreeMap<u64, Vec<(i64, u32, u64, u32)>> {
    let mut states: BTreeMap<u64, Vec<(i64, u32, u64, u32)>> = BTreeMap::new();
    for run in &evidence.log.cluster.runs {
        let list = states.entry(run.node).or_default();
        list.push((run.first.0, run.first.1, run.key, run.size));
    }
    for list in states.values_mut() {
        list.sort_unstable();
        list.dedup_by_key(|state| (state.2, state.3));
    }
    states
}

/// What a node says at a time.
fn at(states: &[(i64, u32, u64, u32)], time: i64) -> Option<(u64, u32)> {
    let index = states.partition_point(|state| state.0 <= time).checked_sub(1)?;
    states.get(index).map(|state| (state.2, state.3))
}

fn splits(evidence: &Evidence<'_>, _: &Labels, findings: &mut Findings) {
    let states = states(evidence);
    let mut times: Vec<(i64, u32)> = states.values().flatten().map(|state| (state.0, state.1)).collect();
    times.sort_unstable();
    let last_heard = |node: u64| evidence.log.cluster.runs.iter().filter(|run| run.node == node).map(|run| run.last).max().unwrap_or(0);
    // Nodes that were once in one cluster.
    let mut together: HashMap<u64, BTreeSet<u64>> = HashMap::new();
    for run in &evidence.log.cluster.runs {
        if run.key != 0 && run.size > 1 {
            together.entry(run.key).or_default().insert(run.node);
        }
    }
    for (index, (time, frame)) in times.iter().enumerate() {
        let until = times.get(index + 1).map_or_else(|| evidence.span().1, |next| next.0);
        let mut keys: BTreeMap<u64, (BTreeSet<u64>, u32)> = BTreeMap::new();
        for (node, list) in &states {
            if last_heard(*node) < *time {
                continue;
            }
            if let Some((key, size)) = at(list, *time).filter(|(key, _)| *key != 0) {
                let part = keys.entry(key).or_insert((BTreeSet::new(), size));
                part.0.insert(*node);
            }
        }
        // All that a key's size says are there: nobody is on the way to another.
        let parts: Vec<&BTreeSet<u64>> = keys
            .values()
            .filter(|(nodes, size)| nodes.len() >= *size as usize && *size > 0)
            .map(|(nodes, _)| nodes)
            .collect();
        let was_one = together.values().any(|nodes| parts.len() >= 2 && parts.iter().all(|part| part.iter().any(|node| nodes.contains(node))));
        if parts.len() < 2 || !was_one || until - time < SECOND / 2 {
            continue;
        }
        let labels = Labels::of(evidence);
        let who: Vec<String> = parts.iter().map(|part| labels.names(part.iter().copied())).collect();
        let nodes: Vec<u64> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let finding = Finding {
            count: count(parts.len()),
            to: until,
            is_root: true,
            details: format!("{} clusters with keys of their own, of {} nodes", parts.len(), parts.iter().map(|part| part.len().to_string()).collect::<Vec<_>>().join(" and ")),
            ..Finding::new(Kind::Split, who.join(" / "), (*time, *frame))
        };
        push(evidence, finding, labels.hosts(nodes), findings);
        return;
    }
}

fn one_way(evidence: &Evidence<'_>, labels: &Labels, findings: &mut Findings) {
    let cluster = &evidence.log.cluster;
    let mut by_node: BTreeMap<u64, Vec<&Run>> = BTreeMap::new();
    for run in &cluster.runs {
        by_node.entry(run.node).or_default().push(run);
    }
    let lists = |node: u64, time: i64, other: u64| {
        by_node.get(&node).is_some_and(|runs| {
            let now = runs.iter().filter(|run| run.first.0 <= time).max_by_key(|run| run.first.0);
            now.is_some_and(|run| cluster.hears(run).any(|heard| heard == other))
        })
    };
    let mut deaf: Vec<(i64, u32, u64, u64, i64)> = Vec::new();
    for (node, runs) in &by_node {
        let mut runs = runs.clone();
        runs.sort_by_key(|run| run.first);
        for two in runs.windows(2) {
            let [before, after] = two else { continue };
            for lost in cluster.hears(before).filter(|lost| !cluster.hears(after).any(|heard| heard == *lost)) {
                // The other one goes on, and is heard or hears.
                let time = after.first.0 + SECOND / 2;
                let goes_on = by_node.get(&lost).is_some_and(|runs| runs.iter().any(|run| run.last >= time));
                let stays = !lists(*node, time, lost);
                let by_third = by_node.keys().any(|third| *third != *node && *third != lost && lists(*third, time, lost));
                if goes_on && stays && (by_third || lists(lost, time, *node)) && lists(lost, time, *node) {
                    deaf.push((after.first.0, after.first.1, *node, lost, after.last));
                }
            }
        }
    }
    deaf.sort_unstable();
    let (Some(first), Some(last)) = (deaf.first(), deaf.last()) else {
        return;
    };
    let split = findings.of(Kind::Split).map(|split| split.from).min();
    let pairs: BTreeSet<String> = deaf.iter().map(|(_, _, node, lost, _)| format!("{} to {}", labels.name(*lost), labels.name(*node))).collect();
    let pairs: Vec<String> = pairs.into_iter().collect();
    let nodes: BTreeSet<u64> = deaf.iter().flat_map(|(_, _, node, lost, _)| [*node, *lost]).collect();
    let finding = Finding {
        count: count(pairs.len()),
        to: last.0,
        until: deaf.iter().map(|deaf| deaf.4).max().unwrap_or(last.0),
        details: format!(
            "the receiver no longer lists the sender among those that it hears, while the sender goes on and hears the receiver: {}",
            if split.is_some() { "the cluster splits" } else { "one direction is blocked" }
        ),
        ..Finding::new(Kind::OneWay, names(&pairs), (first.0, first.1))
    };
    push(evidence, finding, labels.hosts(nodes), findings);
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

fn fabric(evidence: &Evidence<'_>, findings: &mut Findings) {
    // Ports at which heartbeats come in, so that they are no fabric.
    let mut blocked: BTreeMap<(Endpoint, Endpoint), Vec<(i64, u32, &'static str)>> = BTreeMap::new();
    let heartbeat_ports: HashSet<Endpoint> = evidence
        .connections
        .iter()
        .filter(|connection| {
            connection.is_internode && evidence.log.cluster.runs.iter().any(|run| run.from == connection.client.host() || run.from == connection.server.host())
                && connection.server.port == 3002
        })
        .map(|connection| connection.server)
        .collect();
    for connection in &evidence.connections {
        let (client, server) = (connection.client.host(), connection.server.host());
        let is_between = evidence.nodes.contains(&client) && evidence.nodes.contains(&server);
        let is_fabric = connection.server.port == 3001 || connection.is_internode && connection.server.port != 3002 && !heartbeat_ports.contains(&connection.server);
        if !is_between || !is_fabric || connection.is_one_way {
            continue;
        }
        let pair = if client < server { (client, server) } else { (server, client) };
        let list = blocked.entry(pair).or_default();
        if let Some((_, frame)) = connection.handshake.refused {
            list.push((connection.first, frame, "refused"));
        } else if connection.handshake.answered.is_none() && connection.handshake.syns.len() > 1 {
            list.push((connection.first, connection.frame, "unanswered"));
        }
        for resent in connection.resent.iter().filter(|resent| resent.acknowledged.is_none() && resent.length > 0 && !resent.is_spurious) {
            list.push((resent.sent.unwrap_or(resent.again), resent.frame, "not acknowledged"));
        }
    }
    let mut all: Vec<(i64, u32, &'static str)> = Vec::new();
    let mut pairs: Vec<(Endpoint, Endpoint)> = Vec::new();
    for ((one, other), list) in &blocked {
        let (Some(first), Some(last)) = (list.iter().min(), list.iter().max()) else {
            continue;
        };
        let hears = |host: &Endpoint| {
            let times = evidence.packets.get(host).map_or(&[][..], |times| between(times, first.0, last.0 + SECOND));
            !times.is_empty() && pulses(evidence, *host, first.0 + SECOND, last.0 + SECOND)
        };
        let is_explained = findings
            .rows
            .iter()
            .any(|row| matches!(row.kind, Kind::NodeStopped | Kind::Unreachable) && row.nodes.iter().any(|node| node.host() == *one || node.host() == *other) && row.from <= last.0 && first.0 <= row.until + SECOND);
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
    let hows: Vec<String> = hows.iter().map(|(how, number)| format!("{number} {how}")).collect();
    let who: Vec<String> = pairs.iter().map(|(one, other)| format!("{one} and {other}")).collect();
    let nodes: BTreeSet<Endpoint> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
    let finding = Finding {
        count: count(all.len()),
        to: last.0,
        is_root: true,
        details: format!("fabric (port 3001) does not pass between them, heartbeats do: SYNs and segments {}", hows.join(", ")),
        ..Finding::new(Kind::FabricBlocked, format!("fabric between {}", names(&who)), (first.0, first.1))
    };
    push(evidence, finding, nodes.into_iter().collect(), findings);
}

fn changes(evidence: &Evidence<'_>, labels: &Labels, findings: &mut Findings) {
    let cluster = &evidence.log.cluster;
    let states = states(evidence);
    let mut events: Vec<(i64, u32, u64, u32, u32)> = Vec::new();
    for (node, list) in &states {
        for two in list.windows(2) {
            if let [(_, _, _, before), (time, frame, key, after)] = two {
                // Joining takes a moment without a cluster in between.
                if *key != 0 && *after > 0 {
                    events.push((*time, *frame, *node, *before, *after));
                }
            }
        }
    }
    events.sort_unstable();
    let moved: u32 = cluster.migrations.values().map(|migration| migration.count).sum();
    let migrated = cluster.migrations.values().map(|migration| migration.first).min();
    let exchanged = cluster.exchanges.first().copied();
    let from_events = events.first().map(|event| (event.0, event.1));
    let Some(first) = [from_events, exchanged, migrated.filter(|_| moved >= 10)].into_iter().flatten().min() else {
        return;
    };
    let last = events
        .iter()
        .map(|event| event.0)
        .chain(cluster.exchanges.iter().map(|exchange| exchange.0))
        .max()
        .unwrap_or(first.0);
    let mut sizes: Vec<u32> = Vec::new();
    for (_, _, _, before, after) in &events {
        for size in [*before, *after] {
            if sizes.last() != Some(&size) && size > 0 {
                sizes.push(size);
            }
        }
    }
    let nodes: BTreeSet<u64> = events.iter().map(|event| event.2).collect();
    let hosts: BTreeSet<Endpoint> = if nodes.is_empty() {
        cluster
            .migrations
            .keys()
            .flat_map(|(from, to)| [*from, *to])
            .chain(cluster.fabric.keys().copied())
            .collect()
    } else {
        labels.hosts(nodes.iter().copied()).into_iter().collect()
    };
    let hosts: Vec<Endpoint> = hosts.into_iter().collect();
    let who = if nodes.is_empty() { names(&hosts) } else { labels.names(nodes.iter().copied()) };
    let sizes = if sizes.len() >= 2 {
        let shown: Vec<String> = sizes.iter().take(8).map(u32::to_string).collect();
        format!("nodes in the cluster, as they say: {}", shown.join(", then "))
    } else {
        "nodes exchanged what they hold".to_string()
    };
    let ended = cluster.migrations.values().map(|migration| migration.last).max();
    let finding = Finding {
        count: count(events.len().max(1)),
        to: last,
        until: ended.unwrap_or(last).max(last),
        details: format!(
            "{sizes}; {}",
            if moved > 0 {
                format!("{moved} messages of migration in {}", duration(ended.unwrap_or(last) - migrated.map_or(first.0, |first| first.0)))
            } else {
                "no migration".to_string()
            }
        ),
        ..Finding::new(Kind::Changed, who, first)
    };
    push(evidence, finding, hosts, findings);
}

fn stale(evidence: &Evidence<'_>, findings: &mut Findings) {
    let proxied = &evidence.log.cluster.proxied;
    if proxied.len() < 5 {
        return;
    }
    let mut asked: HashMap<([u8; 20], Endpoint), Vec<(i64, u32, &Connection)>> = HashMap::new();
    for (connection, request) in evidence.all_requests() {
        let log = &evidence.log.connections[connection.number];
        for row in log.rows.get(request.rows.0 as usize..request.rows.1 as usize).unwrap_or_default() {
            if let Some(digest) = evidence.log.digests.get(row.digest as usize) {
                asked.entry((*digest, connection.server.host())).or_default().push((request.begun, request.frame, connection));
            }
        }
    }
    let mut found: BTreeMap<Endpoint, Vec<(i64, u32, &Connection, Endpoint)>> = BTreeMap::new();
    for one in proxied {
        let Some(digest) = one.digest else { continue };
        let list = asked.get(&(digest, one.from)).map_or(&[][..], Vec::as_slice);
        let before = list.partition_point(|(time, _, _)| *time <= one.time).checked_sub(1);
        if let Some((time, frame, connection)) = before.and_then(|index| list.get(index)).filter(|(time, _, _)| one.time - time <= SECOND) {
            found.entry(connection.client.host()).or_default().push((*time, *frame, connection, one.to));
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
        details: format!("{} requests went to nodes that do not own the partition and passed them on to {}", all.len(), names(&owners)),
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
    let mut missing: Vec<(String, Vec<u16>, (i64, u32), Vec<Endpoint>)> = Vec::new();
    for namespace in namespaces {
        let maps: Vec<_> = latest.iter().filter(|((name, _), _)| *name == namespace).map(|(_, map)| *map).collect();
        let servers: Vec<Endpoint> = maps.iter().map(|map| map.server).collect();
        let is_all = known.iter().all(|node| servers.contains(node));
        let mut union = Bits::from([0; 64]);
        for map in &maps {
            for (word, bits) in union.iter_mut().zip(&map.masters) {
                *word |= bits;
            }
        }
        let without: Vec<u16> = (0..PARTITIONS).filter(|partition| !is_set(&union, *partition)).collect();
        // A node that was not asked has the rest: what one alone lacks is nothing.
        let (Some(first), true) = (maps.iter().map(|map| map.at).max(), is_all) else {
            continue;
        };
        let spread = maps.iter().map(|map| map.at.0).max().unwrap_or(0) - maps.iter().map(|map| map.at.0).min().unwrap_or(0);
        if without.is_empty() || without.len() > usize::from(PARTITIONS) / 2 || maps.len() < 2 || spread > 10 * SECOND {
            continue;
        }
        missing.push((Text(&namespace).to_string(), without, first, servers));
    }
    for (namespace, without, at, servers) in missing {
        let shown: Vec<String> = without.iter().map(u16::to_string).collect();
        let finding = Finding {
            count: count(without.len()),
            details: format!("the replicas of {} leave {} partitions of {namespace} without a master: {}", names(&servers), without.len(), names(&shown)),
            until: evidence.span().1,
            ..Finding::new(Kind::NoMaster, format!("namespace {namespace} at {}", names(&servers)), at)
        };
        push(evidence, finding, servers, findings);
    }
}

fn configuration(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<(Endpoint, &'static str), Vec<&Change>> = BTreeMap::new();
    for change in evidence.log.info.changes.iter().filter(|change| change.is_done != Some(false)) {
        groups.entry((change.client, change.name)).or_default().push(change);
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
            ..Finding::new(Kind::Configuration, format!("{client} to {}: {}", names(&servers), texts.first().map_or("", String::as_str)), (first.time, first.frame))
        };
        finding.clients = vec![client];
        push(evidence, finding, servers, findings);
    }
}

fn uneven(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<Endpoint, usize> = evidence.services.iter().map(|service| (*service, 0)).collect();
    for (connection, request) in evidence.all_requests() {
        if request.single().is_some() {
            if let Some(number) = counts.get_mut(&connection.server) {
                *number += 1;
            }
        }
    }
    let all: usize = counts.values().sum();
    let Some((node, most)) = counts.iter().max_by_key(|(_, number)| **number).map(|(node, number)| (*node, *number)) else {
        return;
    };
    let mut others: Vec<usize> = counts.iter().filter(|(other, number)| **other != node && **number > 0).map(|(_, number)| *number).collect();
    others.sort_unstable();
    let Some(usual) = others.get(others.len() / 2).copied().filter(|_| others.len() >= 2) else {
        return;
    };
    let hot: usize = findings.of(Kind::HotKey).filter(|hot| hot.nodes.contains(&node)).map(|hot| hot.count as usize).sum();
    let is_disturbed = findings.rows.iter().any(|row| matches!(row.kind, Kind::NodeStopped | Kind::Unreachable | Kind::StalledServer));
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
