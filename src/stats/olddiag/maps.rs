//! Clients that send requests to nodes which do not own the partition.
//!
//! A node that gets such a request passes it on to the owner, or says that the partition is unavailable. A healthy
//! client asks once a second whether partitions have moved, so this is over soon after the cluster has changed.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::results::Outcome;
use super::segment::{End, MS};
use crate::wire::client::digest::partition;

/// What a healthy client needs at most to learn of a change: two rounds of a second, and some.
const LEARNT: i64 = 2_500 * MS;
/// So many requests after that are no accident.
const ASTRAY: u32 = 3;
const CLIENTS: usize = 5_000;
const PARTITIONS: usize = 10_000;

#[derive(Default)]
struct Astray {
    count: u32,
    late: u32,
    first: (i64, u32),
    owners: Vec<End>,
}

/// What is known of partitions and of clients that miss their owners.
#[derive(Default)]
pub struct Maps {
    /// The latest sign that partitions move, or the start of the capture.
    changed: Option<i64>,
    astray: HashMap<(End, End), Astray>,
    /// Partitions that a node said to be unavailable: which node, and the finding.
    unavailable: HashMap<(Vec<u8>, u16), (End, usize)>,
}

impl Maps {
    /// Nodes agree on a new cluster, or records move.
    pub fn changed(&mut self, now: i64) {
        self.changed = Some(now);
        self.astray.clear();
    }

    /// A node passed a client's request, sent at `asked`, on to the owner of its partition.
    pub fn passed_on(
        &mut self,
        (client, server, owner): (End, End, End),
        asked: (i64, u32),
        is_new: bool,
        now: i64,
        findings: &mut Findings,
    ) {
        let changed = *self.changed.get_or_insert(now);
        if self.astray.len() >= CLIENTS {
            self.astray.clear();
        }
        let astray = self.astray.entry((client, server)).or_default();
        if !astray.owners.contains(&owner) && astray.owners.len() < 4 {
            astray.owners.push(owner);
        }
        if !is_new {
            return;
        }
        if astray.count == 0 {
            astray.first = asked;
        }
        astray.count += 1;
        astray.late += u32::from(now - changed >= LEARNT);
        if astray.late < ASTRAY {
            return;
        }
        let key = Key {
            kind: Kind::StaleMap,
            ends: (client, server),
            more: Vec::new(),
        };
        let made = || Finding::new(Kind::StaleMap, format!("{client} to {server}"), astray.first, now);
        if let Some((_, finding)) = findings.at(key, made) {
            finding.count = finding.count.max(astray.count - 1) + 1;
            finding.to = now;
            finding.details = format!(
                "asks a node that does not own the partition and passes requests on to {}: the partition map is not renewed",
                super::segment::names(&astray.owners)
            );
        }
    }

    /// A node said that a partition is unavailable there, which is a finding.
    pub fn unavailable(&mut self, outcome: &Outcome<'_>, finding: usize) {
        if self.unavailable.len() >= PARTITIONS {
            self.unavailable.clear();
        }
        if let Some(digest) = outcome.digest {
            let place = (outcome.namespace.to_vec(), partition(&digest));
            self.unavailable.insert(place, (outcome.server, finding));
        }
    }

    /// A node did what was asked of it: a partition that another one called unavailable is there.
    pub fn done(&mut self, outcome: &Outcome<'_>, findings: &mut Findings) {
        if self.unavailable.is_empty() {
            return;
        }
        let Some(digest) = outcome.digest else { return };
        let place = (outcome.namespace.to_vec(), partition(&digest));
        let Some((server, finding)) = self.unavailable.remove(&place) else {
            return;
        };
        let is_steady = self
            .changed
            .is_none_or(|changed| outcome.time - changed >= LEARNT);
        let Some(finding) = findings
            .change(finding)
            .filter(|finding| finding.kind == Kind::ServerErrors)
            .filter(|finding| is_steady && finding.count >= ASTRAY)
            .filter(|_| server.host() != outcome.server.host())
        else {
            return;
        };
        finding.kind = Kind::StaleMap;
        finding.details = format!(
            "UNAVAILABLE: asks a node that does not own the partition, which {} does: the partition map is not renewed",
            outcome.server
        );
    }
}
