//! What heartbeats say of the cluster: names, splits, who hears whom, and changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::log::cluster::PulseRun;
use crate::stats::diagnosis::log::info::short;
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{add_about_nodes, count};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND, names};

/// A node sends a heartbeat each 150 ms and takes another for gone after ten of them (the server's defaults of `interval`
/// and `timeout`): what lasts for three of them is no moment between two.
const SETTLED: i64 = 3 * 150 * MS;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::NamesDiffer,
            claim: "Nodes that hear each other's heartbeats have different cluster names, and so form no cluster.",
            evidence: "The names in their heartbeats.",
            silenced: "Heartbeats without a name (before 7.0).",
            next: "cluster-name in the configuration of the node that was added last.",
        },
        About {
            kind: FindingKind::OneWay,
            claim: "A node does not hear another one that hears it.",
            evidence: "The lists of nodes in heartbeats: one listed the other before and does so no longer, while the other goes on sending and lists the first itself.",
            silenced: "A node that stopped, or of which nothing comes.",
            next: "A firewall or a multicast router between the two; the direction is in the finding.",
        },
        About {
            kind: FindingKind::Split,
            claim: "One cluster became two or more.",
            evidence: "At the same time nodes of a cluster give two different cluster keys in their heartbeats, neither of them none, for longer than a change takes.",
            silenced: "Different cluster names; clusters that never were one.",
            next: "The network between the two parts; writes of both sides are resolved when they meet again.",
        },
        About {
            kind: FindingKind::Changed,
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
    let meets = |run: &&PulseRun| {
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
        ..Finding::new(FindingKind::NamesDiffer, groups.join("; "), first.first)
    };
    add_about_nodes(evidence, finding, labels.hosts(nodes), findings);
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

/// The most nodes that a cluster has (AS_CLUSTER_SZ of the server's datamodel.h): what names more is no cluster.
const MOST_NODES: usize = 256;
/// Times at which parts of one cluster are looked at: a cluster that splits more often has another fault.
const MOST_SPLITS: usize = 1000;

/// The clusters at a time: by their key the nodes that give it, and how many it should have.
#[derive(Default)]
struct Parts {
    now: HashMap<u64, (u64, u32)>,
    by_key: BTreeMap<u64, BTreeSet<u64>>,
}

impl Parts {
    fn leave(&mut self, node: u64) {
        let Some((key, _)) = self.now.remove(&node) else {
            return;
        };
        if let Some(nodes) = self.by_key.get_mut(&key) {
            nodes.remove(&node);
            if nodes.is_empty() {
                self.by_key.remove(&key);
            }
        }
    }

    fn join(&mut self, node: u64, key: u64, size: u32) {
        self.leave(node);
        if key != 0 {
            self.now.insert(node, (key, size));
            self.by_key.entry(key).or_default().insert(node);
        }
    }

    /// Those of which all are there that their size says: nobody is on the way to another.
    fn whole(&self) -> Vec<&BTreeSet<u64>> {
        let size = |nodes: &BTreeSet<u64>| {
            let first = nodes.first().and_then(|node| self.now.get(node));
            first.map_or(0, |(_, size)| *size as usize)
        };
        let is_whole = |nodes: &&BTreeSet<u64>| size(nodes) > 0 && nodes.len() >= size(nodes);
        self.by_key.values().filter(is_whole).collect()
    }
}

fn splits(evidence: &Evidence<'_>, labels: &Labels, findings: &mut Findings) {
    let runs = &evidence.log.cluster.runs;
    let states = states(evidence);
    if states.len() > MOST_NODES {
        return;
    }
    let mut steps: Vec<(i64, u32, u64, u64, u32)> = states
        .iter()
        .flat_map(|(node, list)| list.iter().map(move |state| (*node, state)))
        .map(|(node, state)| (state.0, state.1, node, state.2, state.3))
        .collect();
    steps.sort_unstable();
    // When each was heard last, and the nodes that were once in one cluster.
    let mut last_heard: HashMap<u64, i64> = HashMap::new();
    let mut together: HashMap<u64, BTreeSet<u64>> = HashMap::new();
    for run in runs {
        let last = last_heard.entry(run.node).or_insert(run.last);
        *last = run.last.max(*last);
        if run.key != 0 && run.size > 1 {
            together.entry(run.key).or_default().insert(run.node);
        }
    }
    together.retain(|_, nodes| nodes.len() > 1);
    let mut leaving: Vec<(i64, u64)> = last_heard.iter().map(|(node, last)| (*last, *node)).collect();
    leaving.sort_unstable();
    let mut leaving = leaving.into_iter().peekable();
    let mut now = Parts::default();
    let mut looked = 0;
    for (index, (time, frame, node, key, size)) in steps.iter().enumerate() {
        while let Some((_, gone)) = leaving.next_if(|(last, _)| last < time) {
            now.leave(gone);
        }
        now.join(*node, *key, *size);
        let next = steps.get(index + 1).map(|next| next.0);
        let until = next.unwrap_or_else(|| evidence.span().1);
        if until - time < SETTLED || now.by_key.len() < 2 || looked >= MOST_SPLITS {
            continue;
        }
        let parts = now.whole();
        if parts.len() < 2 {
            continue;
        }
        looked += 1;
        let was_one = together.values().any(|nodes| {
            let has_of = |part: &&BTreeSet<u64>| part.iter().any(|node| nodes.contains(node));
            parts.iter().all(has_of)
        });
        if !was_one {
            continue;
        }
        let who: Vec<String> = parts
            .iter()
            .map(|part| labels.names(part.iter().copied()))
            .collect();
        let nodes: Vec<u64> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let sizes: Vec<String> = parts.iter().map(|part| part.len().to_string()).collect();
        let finding = Finding {
            count: count(parts.len()),
            to: until,
            is_root: true,
            details: format!(
                "{} clusters with keys of their own, of {} nodes",
                parts.len(),
                sizes.join(" and ")
            ),
            ..Finding::new(FindingKind::Split, who.join(" / "), (*time, *frame))
        };
        add_about_nodes(evidence, finding, labels.hosts(nodes), findings);
        return;
    }
}

/// The pulses of one node.
#[derive(Default)]
struct Pulses<'e> {
    runs: Vec<&'e PulseRun>,
    /// When it sent, pauses of less than a second left out: from, to.
    spans: Vec<(i64, i64)>,
}

impl Pulses<'_> {
    /// Whether it sent before and after that time.
    fn goes_on(&self, time: i64) -> bool {
        let after = self.spans.partition_point(|span| span.0 <= time);
        let span = after.checked_sub(1).and_then(|index| self.spans.get(index));
        span.is_some_and(|span| span.1 >= time)
    }
}

fn one_way(evidence: &Evidence<'_>, labels: &Labels, findings: &mut Findings) {
    let cluster = &evidence.log.cluster;
    let mut by_node: BTreeMap<u64, Pulses<'_>> = BTreeMap::new();
    for run in &cluster.runs {
        by_node.entry(run.node).or_default().runs.push(run);
    }
    if by_node.len() > MOST_NODES {
        return;
    }
    for pulses in by_node.values_mut() {
        pulses.runs.sort_by_key(|run| run.first);
        for run in &pulses.runs {
            match pulses
                .spans
                .last_mut()
                .filter(|span| span.1 + SECOND >= run.first.0)
            {
                Some(span) => span.1 = run.last.max(span.1),
                None => pulses.spans.push((run.first.0, run.last)),
            }
        }
    }
    let lists = |node: u64, time: i64, other: u64| {
        let runs = by_node.get(&node).map_or(&[][..], |pulses| &pulses.runs);
        let later = runs.partition_point(|run| run.first.0 <= time);
        let now = later.checked_sub(1).and_then(|index| runs.get(index));
        now.is_some_and(|run| run.last >= time - SECOND && cluster.hears(run).any(|heard| heard == other))
    };
    let mut deaf: Vec<(i64, u32, u64, u64, i64)> = Vec::new();
    for (node, pulses) in &by_node {
        for two in pulses.runs.windows(2) {
            let [before, after] = two else { continue };
            if before.hears == after.hears {
                continue;
            }
            let now: BTreeSet<u64> = cluster.hears(after).collect();
            for lost in cluster.hears(before).filter(|lost| !now.contains(lost)) {
                // The other one goes on and hears this one.
                let time = after.first.0 + SETTLED;
                let goes_on = by_node.get(&lost).is_some_and(|pulses| pulses.goes_on(time));
                if goes_on && !lists(*node, time, lost) && lists(lost, time, *node) {
                    deaf.push((after.first.0, after.first.1, *node, lost, after.last));
                }
            }
        }
    }
    deaf.sort_unstable();
    let (Some(first), Some(last)) = (deaf.first(), deaf.last()) else {
        return;
    };
    let split = findings.of(FindingKind::Split).map(|split| split.from).min();
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
        ..Finding::new(FindingKind::OneWay, names(&pairs), (first.0, first.1))
    };
    add_about_nodes(evidence, finding, labels.hosts(nodes), findings);
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
        ..Finding::new(FindingKind::Changed, who, first)
    };
    add_about_nodes(evidence, finding, hosts, findings);
}
