//! What nodes say to each other, gathered: heartbeats as runs of the same state, and counts of fabric messages.

use std::collections::HashMap;

use crate::stats::shared::endpoint::Endpoint;
use crate::stats::shared::names::Names;
use crate::track::internode::fabric::ExchangePart;
use crate::track::record::{Event, ExchangeStep, Pulse, Record};
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::internode::fabric::links::Class;

/// Runs, exchanges and proxied requests that are kept at most.
const MOST: usize = 200_000;

/// Pulses in a row of one node from one address to another that say the same.
#[derive(Clone, Copy, Debug)]
pub struct PulseRun {
    /// The sender's id.
    pub node: u64,
    /// Its address.
    pub from: Endpoint,
    /// Where it is sent to.
    pub to: Endpoint,
    /// Cluster name, by its number in [`ClusterLog::names`]; 0: none.
    pub cluster: u32,
    /// The key of its cluster; 0: none.
    pub key: u64,
    /// Nodes in its cluster.
    pub size: u32,
    /// The nodes that it hears, by the number of the list in [`ClusterLog::lists`].
    pub hears: u32,
    /// Time and frame of the first.
    pub first: (i64, u32),
    /// Time of the last.
    pub last: i64,
    /// How many.
    pub count: u32,
}

/// A request of a client that one node passes on to another.
#[derive(Clone, Copy, Debug)]
pub struct Proxied {
    /// When.
    pub time: i64,
    /// The frame.
    pub frame: u32,
    /// Who passes it on.
    pub from: Endpoint,
    /// To whom.
    pub to: Endpoint,
    /// The record.
    pub digest: Option<[u8; LENGTH]>,
}

/// A node waits for another's answer over fabric.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// When it asked.
    pub time: i64,
    /// The frame.
    pub frame: u32,
    /// Who asks.
    pub from: Endpoint,
    /// Whom.
    pub to: Endpoint,
    /// When the answer came.
    pub answered: Option<i64>,
}

/// Migrations from one node to another.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Time and frame of the first message.
    pub first: (i64, u32),
    /// Time of the last.
    pub last: i64,
    /// Messages.
    pub count: u32,
}

/// All of it.
#[derive(Default)]
pub struct ClusterLog {
    /// The runs in the order of their beginning.
    pub runs: Vec<PulseRun>,
    open: HashMap<(u64, Endpoint, Endpoint), usize>,
    /// Names of clusters.
    pub names: Names,
    /// Lists of nodes, as they are on the wire but sorted.
    pub lists: Names,
    /// Nodes that send heartbeats: id, address.
    pub speakers: HashMap<u64, Endpoint>,
    /// Hosts that send fabric messages: the first time and the last.
    pub fabric: HashMap<Endpoint, (i64, i64)>,
    /// Migrations by sender and receiver.
    pub migrations: HashMap<(Endpoint, Endpoint), Migration>,
    /// When nodes exchanged what they hold (clusters that change): time, frame.
    pub exchanges: Vec<(i64, u32)>,
    /// Requests passed on.
    pub proxied: Vec<Proxied>,
    /// Requests between nodes that must be answered, in the order in which they were sent.
    pub waits: Vec<Wait>,
    wait_numbers: HashMap<u32, usize>,
    /// Something was left out.
    pub is_full: bool,
}

impl ClusterLog {
    /// Whether anything between nodes was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.fabric.is_empty()
    }

    /// A message between nodes.
    pub fn record(&mut self, record: &Record<'_>, ends: (Endpoint, Endpoint)) {
        let Event::Internode {
            protocol, kind, step, ..
        } = record.event
        else {
            return;
        };
        if let Some(pulse) = &record.detail.pulse {
            self.pulse(record, ends, pulse);
        }
        if protocol == "heartbeat" {
            return;
        }
        let (from, to) = (ends.0.host(), ends.1.host());
        self.fabric.entry(from).or_insert((record.time, record.time)).1 = record.time;
        match kind {
            "MIGRATE" => {
                let at = self.migrations.entry((from, to)).or_insert(Migration {
                    first: (record.time, record.frame),
                    last: record.time,
                    count: 0,
                });
                at.last = record.time;
                at.count = at.count.saturating_add(1);
            }
            "EXCHANGE" | "PAXOS" if self.exchanges.len() < MOST => {
                self.exchanges.push((record.time, record.frame));
            }
            _ => {}
        }
        if let Some(step) = &step {
            self.step(record, step, (from, to));
        }
        if let Some(step) =
            step.filter(|step| step.class == Class::Proxy && step.part == ExchangePart::Request)
        {
            if self.proxied.len() < MOST {
                self.proxied.push(Proxied {
                    time: record.time,
                    frame: record.frame,
                    from,
                    to,
                    digest: step.digest,
                });
            } else {
                self.is_full = true;
            }
        }
    }

    fn step(&mut self, record: &Record<'_>, step: &ExchangeStep, (from, to): (Endpoint, Endpoint)) {
        // Migrations take their time.
        let is_short = matches!(step.class, Class::Write | Class::Dup | Class::Ping | Class::Proxy);
        if step.part == ExchangePart::Request && step.is_awaited && is_short {
            if self.waits.len() < 4 * MOST {
                self.wait_numbers.insert(step.number, self.waits.len());
                self.waits.push(Wait {
                    time: record.time,
                    frame: record.frame,
                    from,
                    to,
                    answered: None,
                });
            } else {
                self.is_full = true;
            }
        } else if matches!(step.part, ExchangePart::Answer | ExchangePart::AnswerAgain) {
            if let Some(wait) = self
                .wait_numbers
                .remove(&step.number)
                .and_then(|index| self.waits.get_mut(index))
            {
                wait.answered = Some(record.time);
            }
        }
    }

    fn pulse(&mut self, record: &Record<'_>, ends: (Endpoint, Endpoint), pulse: &Pulse<'_>) {
        let (from, to) = (ends.0.host(), ends.1.host());
        self.speakers.entry(pulse.node).or_insert(from);
        let mut nodes: Vec<u64> = pulse.hears.map_or_else(Vec::new, |nodes| {
            nodes.into_iter().map(|(_, node)| node.0).take(256).collect()
        });
        nodes.sort_unstable();
        let list: Vec<u8> = nodes.iter().flat_map(|node| node.to_le_bytes()).collect();
        let run = PulseRun {
            node: pulse.node,
            from,
            to,
            cluster: pulse.cluster.map_or(0, |name| self.names.number(name)),
            key: pulse.key,
            size: pulse.size,
            hears: self.lists.number(&list),
            first: (record.time, record.frame),
            last: record.time,
            count: 1,
        };
        let key = (run.node, from, to);
        let same = |old: &&mut PulseRun| {
            (old.cluster, old.key, old.size, old.hears) == (run.cluster, run.key, run.size, run.hears)
        };
        let old = self.open.get(&key).and_then(|index| self.runs.get_mut(*index));
        if let Some(old) = old.filter(same) {
            old.last = record.time;
            old.count = old.count.saturating_add(1);
        } else if self.runs.len() < MOST {
            self.open.insert(key, self.runs.len());
            self.runs.push(run);
        } else {
            self.is_full = true;
        }
    }

    /// The nodes that a run's sender hears.
    pub fn hears(&self, run: &PulseRun) -> impl Iterator<Item = u64> + '_ {
        self.lists.get(run.hears).chunks_exact(8).map(|bytes| {
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        })
    }
}
