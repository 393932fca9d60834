//! What heartbeats say of the cluster: names, splits, who hears whom, and changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cluster::push;
use super::tools::count;
use super::{About, Rule};
use crate::stats::diagnosis::cluster::Run;
use crate::stats::diagnosis::endpoint::{Endpoint, SECOND, names};
use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::findings::{Finding, Findings, Kind};
use crate::stats::diagnosis::info::short;

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
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let labels = Labels::of(evidence);
    heartbeat_names(evidence, &labels, findings);
    splits(evidence, &labels, findings);
    one_way(evidence, &labels, findings);
    changes(evidence, &labels, findings);
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
        nodes
            .into_iter()
            .filter_map(|node| self.0.get(&node).copied())
            .collect()
    }
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
    let host_name: HashMap<Endpoint, u32> = cluster
        .runs
        .iter()
        .filter(|run| run.cluster != 0)
        .map(|run| (run.from, run.cluster))
        .collect();
    let groups: HashMap<Endpoint, BTreeSet<u32>> =
        cluster
            .runs
            .iter()
            .filter(|run| run.cluster != 0)
            .fold(HashMap::new(), |mut groups, run| {
                groups
                    .entry(run.to)
                    .or_insert_with(BTreeSet::new)
                    .insert(run.cluster);
                groups
            });
    let meets = |run: &&Run| {
        run.cluster != 0
            && (host_name.get(&run.to).is_some_and(|name| *name != run.cluster)
                || groups.get(&run.to).is_some_and(|names| names.len() > 1))
    };
    // The name of the fewest is the odd one.
    let Some(odd) = by_name
        .iter()
        .min_by_key(|(name, nodes)| (nodes.len(), core::cmp::Reverse(**name)))
        .map(|(name, _)| *name)
    else {
        return;
    };
    let Some(first) = cluster
        .runs
        .iter()
        .filter(meets)
        .filter(|run| run.cluster == odd)
        .min_by_key(|run| run.first)
        .or_else(|| cluster.runs.iter().filter(meets).min_by_key(|run| run.first))
    else {
        return;
    };
    let last = cluster
        .runs
        .iter()
        .filter(meets)
        .map(|run| run.last)
        .max()
        .unwrap_or(first.last);
    let groups: Vec<String> = by_name
        .iter()
        .map(|(name, nodes)| {
            format!(
                "{}: {}",
                short(cluster.names.get(*name)),
                labels.names(nodes.iter().copied())
            )
        })
        .collect();
    let nodes: BTreeSet<u64> = by_name.values().flatten().copied().collect();
    let finding = Finding {
        count: count(by_name.len()),
        to: last,
        is_root: true,
        details:
            "nodes that send heartbeats to each other give different cluster names: they form no cluster"
                .to_string(),
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
    let mut times: Vec<(i64, u32)> = states
        .values()
        .flatten()
        .map(|state| (state.0, state.1))
        .collect();
    times.sort_unstable();
    let last_heard = |node: u64| {
        evidence
            .log
            .cluster
            .runs
            .iter()
            .filter(|run| run.node == node)
            .map(|run| run.last)
            .max()
            .unwrap_or(0)
    };
    // Nodes that were once in one cluster.
    let mut together: HashMap<u64, BTreeSet<u64>> = HashMap::new();
    for run in &evidence.log.cluster.runs {
        if run.key != 0 && run.size > 1 {
            together.entry(run.key).or_default().insert(run.node);
        }
    }
    for (index, (time, frame)) in times.iter().enumerate() {
        let until = times
            .get(index + 1)
            .map_or_else(|| evidence.span().1, |next| next.0);
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
        let was_one = together.values().any(|nodes| {
            parts.len() >= 2
                && parts
                    .iter()
                    .all(|part| part.iter().any(|node| nodes.contains(node)))
        });
        if parts.len() < 2 || !was_one || until - time < SECOND / 2 {
            continue;
        }
        let labels = Labels::of(evidence);
        let who: Vec<String> = parts
            .iter()
            .map(|part| labels.names(part.iter().copied()))
            .collect();
        let nodes: Vec<u64> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let finding = Finding {
            count: count(parts.len()),
            to: until,
            is_root: true,
            details: format!(
                "{} clusters with keys of their own, of {} nodes",
                parts.len(),
                parts
                    .iter()
                    .map(|part| part.len().to_string())
                    .collect::<Vec<_>>()
                    .join(" and ")
            ),
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
            let now = runs
                .iter()
                .filter(|run| run.first.0 <= time)
                .max_by_key(|run| run.first.0);
            now.is_some_and(|run| run.last >= time - SECOND && cluster.hears(run).any(|heard| heard == other))
        })
    };
    let mut deaf: Vec<(i64, u32, u64, u64, i64)> = Vec::new();
    for (node, runs) in &by_node {
        let mut runs = runs.clone();
        runs.sort_by_key(|run| run.first);
        for two in runs.windows(2) {
            let [before, after] = two else { continue };
            for lost in cluster
                .hears(before)
                .filter(|lost| !cluster.hears(after).any(|heard| heard == *lost))
            {
                // The other one goes on, and is heard or hears.
                let time = after.first.0 + SECOND / 2;
                let goes_on = by_node
                    .get(&lost)
                    .is_some_and(|runs| runs.iter().any(|run| run.first.0 <= time && run.last >= time));
                let stays = !lists(*node, time, lost);
                let by_third = by_node
                    .keys()
                    .any(|third| *third != *node && *third != lost && lists(*third, time, lost));
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
    let pairs: BTreeSet<String> = deaf
        .iter()
        .map(|(_, _, node, lost, _)| format!("{} to {}", labels.name(*lost), labels.name(*node)))
        .collect();
    let pairs: Vec<String> = pairs.into_iter().collect();
    let nodes: BTreeSet<u64> = deaf
        .iter()
        .flat_map(|(_, _, node, lost, _)| [*node, *lost])
        .collect();
    let finding = Finding {
        count: count(pairs.len()),
        to: last.0,
        until: deaf.iter().map(|deaf| deaf.4).max().unwrap_or(last.0),
        details: format!(
            "the receiver no longer lists the sender among those that it hears, while the sender goes on and hears the receiver: {}",
            if split.is_some() {
                "the cluster splits"
            } else {
                "one direction is blocked"
            }
        ),
        ..Finding::new(Kind::OneWay, names(&pairs), (first.0, first.1))
    };
    push(evidence, finding, labels.hosts(nodes), findings);
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
    let Some(first) = [from_events, exchanged, migrated.filter(|_| moved >= 10)]
        .into_iter()
        .flatten()
        .min()
    else {
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
    let who = if nodes.is_empty() {
        names(&hosts)
    } else {
        labels.names(nodes.iter().copied())
    };
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
                format!(
                    "{moved} messages of migration in {}",
                    duration(ended.unwrap_or(last) - migrated.map_or(first.0, |first| first.0))
                )
            } else {
                "no migration".to_string()
            }
        ),
        ..Finding::new(Kind::Changed, who, first)
    };
    push(evidence, finding, hosts, findings);
}
