//! Nodes that keep their peers waiting: requests between nodes that are not answered, heartbeats that do not come.

use std::collections::BTreeMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::paths::Paths;
use super::segment::{names, End, MS};
use super::silence::{STALL, STALL_OF_ONE};
use crate::track::fabric::Part;
use crate::track::record::Step;
use crate::wire::client::digest::LENGTH;

/// A node sends a heartbeat every 150 ms; silent for so long it is stalled.
const SILENT: i64 = 1_000 * MS;
/// Heartbeats sent by it before, sent to it and acknowledged by it since: so many at least.
const SAID: u32 = 3;
const NODES: usize = 1_000;
/// Requests that wait for one node.
const WAITING: usize = 10_000;

struct Waiting {
    since: i64,
    frame: u32,
    asker: End,
    digest: Option<[u8; LENGTH]>,
    is_counted: bool,
}

#[derive(Default)]
struct Node {
    said: u32,
    talked: i64,
    told: u32,
    told_first: u32,
    acknowledged: u32,
    /// What it is asked and has not answered, by the number of the exchange.
    waiting: BTreeMap<u32, Waiting>,
    /// When that was asked which it answered the latest.
    answered: i64,
    stall: Option<Stall>,
}

struct Stall {
    finding: usize,
    from: i64,
    heartbeats: u32,
    requests: u32,
    askers: Vec<End>,
    /// Requests of clients that wait for this, and where.
    clients: u32,
    at: Vec<End>,
}

/// All nodes, by host.
#[derive(Default)]
pub struct Nodes(BTreeMap<End, Node>);

impl Nodes {
    /// One node sent a heartbeat to another.
    pub fn told(&mut self, from: End, to: End, now: i64, frame: u32, findings: &mut Findings) {
        if self.0.len() >= NODES {
            self.0.clear();
        }
        let sender = self.0.entry(from).or_default();
        sender.said = sender.said.saturating_add(1);
        sender.talked = now;
        (sender.told, sender.acknowledged) = (0, 0);
        sender.recovered();
        let node = self.0.entry(to).or_default();
        if node.told == 0 {
            node.told_first = frame;
        }
        node.told += 1;
        let is_silent = now - node.talked >= SILENT;
        if !is_silent || node.said < SAID || node.told < SAID || node.acknowledged < SAID {
            return;
        }
        let (heartbeats, from) = (node.told, (node.talked, node.told_first));
        let Some(stall) = node.stalled(to, from, now, findings) else {
            return;
        };
        stall.heartbeats = heartbeats;
        stall.write(now, findings);
    }

    /// A node acknowledged and said nothing.
    pub fn acknowledged(&mut self, node: End) {
        if let Some(node) = self.0.get_mut(&node) {
            node.acknowledged = node.acknowledged.saturating_add(1);
        }
    }

    /// One node asked or answered another.
    pub fn step(
        &mut self,
        (from, to): (End, End),
        step: &Step,
        (now, frame): (i64, u32),
        findings: &mut Findings,
    ) {
        if self.0.len() >= NODES {
            self.0.clear();
        }
        match step.part {
            Part::Request if step.is_awaited => {
                let node = self.0.entry(to).or_default();
                if node.waiting.len() < WAITING {
                    let waiting = Waiting {
                        since: now,
                        frame,
                        asker: from,
                        digest: step.digest,
                        is_counted: false,
                    };
                    node.waiting.insert(step.number, waiting);
                }
            }
            Part::Answer => {
                let Some(node) = self.0.get_mut(&from) else { return };
                let Some(waiting) = node.waiting.remove(&step.number) else {
                    return;
                };
                node.answered = node.answered.max(waiting.since);
                if let Some(stall) = node.stall.as_mut().filter(|_| waiting.is_counted) {
                    stall.write(now, findings);
                }
                node.recovered();
            }
            _ => {}
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: i64, paths: &Paths, findings: &mut Findings) {
        for (end, node) in &mut self.0 {
            node.judge(*end, now, paths, findings);
        }
    }

    /// The node on whose answer about a record another node waits.
    #[must_use]
    pub fn awaited(&self, asker: End, digest: &[u8; LENGTH]) -> Option<End> {
        let asks =
            |waiting: &Waiting| waiting.asker == asker && waiting.digest.is_some_and(|own| own == *digest);
        let mut nodes = self.0.iter();
        nodes
            .find(|(_, node)| node.waiting.values().any(asks))
            .map(|(end, _)| *end)
    }

    /// Whether a node is stalled.
    #[must_use]
    pub fn is_stalled(&self, node: End) -> bool {
        self.0.get(&node).is_some_and(|node| node.stall.is_some())
    }

    /// A request of a client at `at` waits too long, since that waits for `node`. Whether that is part of a finding.
    pub fn keeps_waiting(&mut self, node: End, at: End) -> bool {
        let stall = self.0.get_mut(&node).and_then(|node| node.stall.as_mut());
        let is_found = stall.is_some();
        if let Some(stall) = stall {
            stall.clients += 1;
            if !stall.at.contains(&at) {
                stall.at.push(at);
            }
        }
        is_found
    }
}

impl Node {
    fn judge(&mut self, end: End, now: i64, paths: &Paths, findings: &mut Findings) {
        let Some(first) = self.waiting.values().next() else {
            return;
        };
        let from = (first.since, first.frame);
        let age = now - first.since;
        if self.stall.is_none() {
            let needed = if self.waiting.len() > 1 {
                STALL
            } else {
                STALL_OF_ONE
            };
            // What was answered later than this was asked shows that the node runs.
            if age < needed || self.answered > first.since || paths.has_lost(first.asker, end, first.since) {
                return;
            }
        }
        if self.stalled(end, from, now, findings).is_none() {
            return;
        }
        let Some(stall) = self.stall.as_mut() else { return };
        for waiting in self.waiting.values_mut().filter(|waiting| !waiting.is_counted) {
            waiting.is_counted = true;
            stall.requests += 1;
            if !stall.askers.contains(&waiting.asker) {
                stall.askers.push(waiting.asker);
            }
        }
        stall.write(now, findings);
    }

    fn stalled(
        &mut self,
        end: End,
        (from, frame): (i64, u32),
        now: i64,
        findings: &mut Findings,
    ) -> Option<&mut Stall> {
        if let Some(stall) = &mut self.stall {
            if let Some(finding) = findings.change(stall.finding).filter(|_| from < stall.from) {
                (stall.from, finding.from, finding.frame) = (from, from, frame);
            }
        } else {
            let key = Key {
                kind: Kind::StalledServer,
                ends: (end, End::default()),
                more: from.to_be_bytes().to_vec(),
            };
            let made = || Finding::new(Kind::StalledServer, format!("{end}"), (from, frame), now);
            let (finding, _) = findings.at(key, made)?;
            self.stall = Some(Stall {
                finding,
                from,
                heartbeats: 0,
                requests: 0,
                askers: Vec::new(),
                clients: 0,
                at: Vec::new(),
            });
        }
        self.stall.as_mut()
    }

    /// It said something: the stall is over once it has answered what waited in it.
    fn recovered(&mut self) {
        if !self.waiting.values().any(|waiting| waiting.is_counted) {
            self.stall = None;
        }
    }
}

impl Stall {
    fn write(&self, now: i64, findings: &mut Findings) {
        let Some(finding) = findings.change(self.finding) else {
            return;
        };
        finding.to = now;
        finding.count = if self.requests > 0 {
            self.requests
        } else {
            self.heartbeats
        };
        let mut details = String::from("acknowledges, and keeps other nodes waiting: ");
        if self.requests > 0 {
            details += &format!("{} requests of {}", self.requests, names(&self.askers));
        }
        if self.heartbeats > 0 {
            let and = if self.requests > 0 { ", and " } else { "" };
            details += &format!("{and}no heartbeats");
        }
        if self.clients > 0 {
            details += &format!(
                "; {} requests of clients to {} wait for it",
                self.clients,
                names(&self.at)
            );
        }
        finding.details = details;
    }
}
