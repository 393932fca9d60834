//! Partition maps: partitions that no node is master of, and requests to nodes that do not own the partition.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::log::info::{Bits, HeldPartitions, is_set};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Touched, add_about_nodes, count};
use crate::stats::shared::endpoint::{Endpoint, SECOND, names};
use crate::wire::client::fields::digest::{PARTITIONS, partition};
use crate::wire::ground::text::LossyText;

/// Clients ask each second whether the map changed, and partitions move one after another: so long after a change
/// requests that go astray are ordinary.
const AFTER_CHANGE: i64 = 10 * SECOND;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::StaleMap,
            claim: "Clients send requests to nodes that do not own the partition: these have to be passed on.",
            evidence: "PROXY messages between nodes for records that clients asked for just before; or, where these are not in the capture, requests to a node whose own replicas, given to clients ten seconds before and more, have no copy of the partition, while another node's have it as master; five and more.",
            silenced: "Ten seconds after nodes exchanged what they hold or said another map; packets missing, among which a later map may be; reads where only masters were asked for.",
            next: "Does the client learn the partition map (partition-generation, replicas)? Proxies are normal for a moment after a change.",
        },
        About {
            kind: FindingKind::NoMaster,
            claim: "Partitions that no node is master of.",
            evidence: "The replicas that all known nodes of a cluster gave to clients leave these partitions without a master.",
            silenced: "Nodes whose map was not asked for; maps that are of different times; packets missing, among which a later map may be.",
            next: "asinfo -v 'partition-info'; unavailable and dead partitions of the namespace; roster and recluster with strong consistency.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    stale(evidence, findings);
    masters(evidence, findings);
}

/// A request to a node that does not own the partition: when, the frame, where, who owns it.
type Strayed<'e> = (i64, u32, &'e Connection, Endpoint);

fn stale(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut all = passed_on(evidence);
    let is_seen = all.len() >= 5;
    if !is_seen {
        all = against_maps(evidence);
    }
    all.sort_by_key(|one| (one.0, one.1));
    all.dedup_by_key(|one| (one.0, one.1));
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return;
    };
    if all.len() < 5 {
        return;
    }
    let mut touched = Touched::default();
    let mut owners: BTreeSet<Endpoint> = BTreeSet::new();
    for (_, _, connection, to) in &all {
        touched.add(connection);
        owners.insert(*to);
    }
    let owners: Vec<Endpoint> = owners.into_iter().collect();
    let details = if is_seen {
        format!(
            "{} requests went to nodes that do not own the partition and passed them on to {}",
            all.len(),
            names(&owners)
        )
    } else {
        format!(
            "{} requests went to nodes whose replicas, as they told clients long before, have no copy of the partition; masters are {}",
            all.len(),
            names(&owners)
        )
    };
    let finding = Finding {
        count: count(all.len()),
        to: last.0,
        details,
        ..Finding::new(
            FindingKind::StaleMap,
            touched.clients_to_servers(),
            (first.0, first.1),
        )
    };
    findings.add(touched.put(evidence, finding));
}

/// Requests that a node passed on to another, where both are seen.
fn passed_on<'e>(evidence: &'e Evidence<'_>) -> Vec<Strayed<'e>> {
    let proxied = &evidence.log.cluster.proxied;
    if proxied.is_empty() {
        return Vec::new();
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
                    .push((request, connection));
            }
        }
    }
    for list in asked.values_mut() {
        list.sort_by_key(|(request, _)| request.begun);
    }
    let mut found: Vec<Strayed<'_>> = Vec::new();
    for one in proxied {
        let Some(digest) = one.digest else { continue };
        // Ordinary for a moment after the cluster changed.
        let exchanges = &evidence.log.cluster.exchanges;
        let changed = exchanges
            .partition_point(|(time, _)| *time <= one.time)
            .checked_sub(1);
        if changed
            .and_then(|index| exchanges.get(index))
            .is_some_and(|(time, _)| one.time - time < AFTER_CHANGE)
        {
            continue;
        }
        let list = asked.get(&(digest, one.from)).map_or(&[][..], Vec::as_slice);
        let before = list.partition_point(|(request, _)| request.begun <= one.time);
        // Of those who asked for the record just before, one who has no answer yet.
        let asked = list.get(..before).unwrap_or_default().iter().rev().take(64);
        let asked = asked
            .take_while(|(request, _)| one.time - request.begun <= SECOND)
            .find(|(request, _)| request.first.is_none_or(|(first, _)| first >= one.time));
        if let Some((request, connection)) = asked {
            found.push((request.begun, request.frame, *connection, one.to));
        }
    }
    found
}

/// Requests that the maps, as nodes gave them to clients, would not send there.
fn against_maps<'e>(evidence: &'e Evidence<'_>) -> Vec<Strayed<'e>> {
    // The maps of each node in the order of their times, by namespace.
    let mut said: HashMap<&[u8], BTreeMap<Endpoint, Vec<&HeldPartitions>>> = HashMap::new();
    for map in &evidence.log.info.maps {
        let nodes = said.entry(&map.namespace).or_default();
        nodes.entry(map.server).or_default().push(map);
    }
    let holed_until = holed_until(evidence);
    let mut found = Vec::new();
    for (connection, request) in evidence.all_requests() {
        let rows = &evidence.log.connections[connection.number].rows;
        let rows = rows.get(request.rows.0 as usize..request.rows.1 as usize);
        for row in rows.unwrap_or_default() {
            let place = evidence.log.places.get(row.place);
            let namespace = place.split(|byte| *byte == b'/').next().unwrap_or_default();
            let (Some(nodes), Some(digest)) =
                (said.get(namespace), evidence.log.digests.get(row.digest as usize))
            else {
                continue;
            };
            let partition = partition(digest);
            let Some(maps) = nodes.get(&connection.server) else {
                continue;
            };
            let later = maps.partition_point(|map| map.at.0 <= request.begun);
            let Some(map) = later.checked_sub(1).and_then(|index| maps.get(index)) else {
                continue;
            };
            let is_known = request.begun - map.at.0 >= AFTER_CHANGE
                && !is_set(&map.copies, partition)
                && (map.columns > 1 || row.writes)
                && maps
                    .get(later)
                    .is_none_or(|next| next.at.0 - request.begun >= AFTER_CHANGE)
                && !may_be_older(&holed_until, map);
            if !is_known {
                continue;
            }
            let is_master = |maps: &&Vec<&HeldPartitions>| {
                let later = maps.partition_point(|map| map.at.0 <= request.begun);
                let map = later.checked_sub(1).and_then(|index| maps.get(index));
                map.is_some_and(|map| is_set(&map.masters, partition))
            };
            if let Some((owner, _)) = nodes.iter().find(|(_, maps)| is_master(maps)) {
                found.push((request.begun, request.frame, connection, *owner));
                break;
            }
        }
    }
    found
}

fn masters(evidence: &Evidence<'_>, findings: &mut Findings) {
    let info = &evidence.log.info;
    let holed_until = holed_until(evidence);
    // The last map of each node, by namespace.
    let mut latest: BTreeMap<(Box<[u8]>, Endpoint), &HeldPartitions> = BTreeMap::new();
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
            || maps.iter().any(|map| may_be_older(&holed_until, map))
        {
            continue;
        }
        missing.push((LossyText(&namespace).to_string(), without, first, servers));
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
                FindingKind::NoMaster,
                format!("namespace {namespace} at {}", names(&servers)),
                at,
            )
        };
        add_about_nodes(evidence, finding, servers, findings);
    }
}

/// Until when packets may be missing on connections to a server, where some are.
fn holed_until(evidence: &Evidence<'_>) -> HashMap<Endpoint, i64> {
    let mut until: HashMap<Endpoint, i64> = HashMap::new();
    for connection in evidence.connections.iter().filter(|one| one.has_holes()) {
        let last = until.entry(connection.server).or_insert(connection.last);
        *last = connection.last.max(*last);
    }
    until
}

/// Whether a later map of the same node may be among packets that are missing.
fn may_be_older(holed_until: &HashMap<Endpoint, i64>, map: &HeldPartitions) -> bool {
    holed_until.get(&map.server).is_some_and(|last| *last > map.at.0)
}
