//! Servers that acknowledge what they are asked and answer nothing.

use std::collections::{BTreeMap, HashMap};

use super::finding::{Finding, Findings, Key, Kind};
use super::nodes::Nodes;
use super::segment::{names, End, MS};
use crate::wire::client::digest::LENGTH;

/// Silent for so long with requests open on several connections: stalled.
pub const STALL: i64 = 300 * MS;
/// The same with one connection.
pub const STALL_OF_ONE: i64 = 1_000 * MS;
/// Without an answer for so long from a server that talks: unanswered.
const UNANSWERED: i64 = 800 * MS;
/// Requests that wait, of one server.
const WAITING: usize = 10_000;
/// Servers and hosts.
const SERVERS: usize = 1_000;

/// A request, as far as it tells what to expect of its answer.
#[derive(Clone, Copy)]
pub struct Errand {
    /// When it was complete.
    pub since: i64,
    /// Its frame.
    pub frame: u32,
    /// Who asks.
    pub client: End,
    /// The record, if it is about one.
    pub digest: Option<[u8; LENGTH]>,
    /// It may take a second even where all is well.
    pub is_long: bool,
}

struct Waiting {
    errand: Errand,
    is_counted: bool,
    is_passed_on: bool,
}

impl Waiting {
    /// The node on which the server itself waits.
    fn culprit(&self, server: End, nodes: &Nodes) -> Option<End> {
        let digest = self.errand.digest.as_ref()?;
        nodes.awaited(server.host(), digest)
    }
}

#[derive(Default)]
struct Server {
    /// When it last sent payload.
    talked: i64,
    /// When its host last sent payload to another node.
    host_talked: i64,
    /// When a stall last ended.
    stalled_until: i64,
    acknowledged: u32,
    accepted: u32,
    waiting: BTreeMap<u64, Waiting>,
    stall: Option<usize>,
    stalls: u32,
}

/// All servers.
#[derive(Default)]
pub struct Servers {
    servers: BTreeMap<End, Server>,
    heard: HashMap<End, i64>,
}

impl Servers {
    /// Whether requests were seen to it.
    #[must_use]
    pub fn knows(&self, server: End) -> bool {
        self.servers.contains_key(&server)
    }

    /// The host sent something.
    pub fn seen(&mut self, host: End, now: i64) {
        if self.heard.len() < SERVERS || self.heard.contains_key(&host) {
            self.heard.insert(host, now);
        }
    }

    /// Whether the host sent anything since.
    #[must_use]
    pub fn heard_since(&self, host: End, since: i64) -> bool {
        self.heard.get(&host).is_some_and(|heard| *heard > since)
    }

    /// Whether an answer is outstanding on a connection.
    #[must_use]
    pub fn waits(&self, server: End, connection: u64) -> bool {
        self.servers
            .get(&server)
            .is_some_and(|server| server.waiting.contains_key(&connection))
    }

    /// A request that is answered soon by a healthy server.
    pub fn asked(&mut self, end: End, connection: u64, errand: Errand) {
        if self.servers.len() >= SERVERS && !self.servers.contains_key(&end) {
            return;
        }
        let server = self.servers.entry(end).or_default();
        if server.waiting.len() < WAITING {
            server.waiting.entry(connection).or_insert(Waiting {
                errand,
                is_counted: false,
                is_passed_on: false,
            });
        }
    }

    /// It sent an acknowledgement and nothing else.
    pub fn acknowledged(&mut self, end: End) {
        if let Some(server) = self.servers.get_mut(&end) {
            server.acknowledged += 1;
        }
    }

    /// It accepted a connection.
    pub fn accepted(&mut self, end: End) {
        if let Some(server) = self.servers.get_mut(&end) {
            server.accepted += 1;
            server.acknowledged += 1;
        }
    }

    /// The connection is closed.
    pub fn ended(&mut self, end: End, connection: u64) {
        if let Some(server) = self.servers.get_mut(&end) {
            // What waits in a stall still counts, though the client gave up.
            server.waiting.remove(&connection);
        }
    }

    /// Connections are numbered anew.
    pub fn forget_waiting(&mut self) {
        for server in self.servers.values_mut() {
            server.waiting.clear();
        }
    }

    /// The request about a record that waits at a node of a host: where, and whether it was asked for anew.
    pub fn passes_on(&mut self, host: End, digest: Option<&[u8; LENGTH]>) -> Option<(End, Errand, bool)> {
        let mut servers = self.servers.iter_mut().filter(|(end, _)| end.host() == host);
        servers.find_map(|(end, server)| {
            let waiting = server.waiting.values_mut();
            let about =
                waiting.filter(|waiting| waiting.errand.digest.is_none_or(|own| Some(&own) == digest));
            // A batch does not say here which records it is about.
            let waiting =
                about.max_by_key(|waiting| (waiting.errand.digest.is_some(), waiting.errand.is_long))?;
            if waiting.errand.digest.is_none() && !waiting.errand.is_long {
                return None;
            }
            let is_new = !core::mem::replace(&mut waiting.is_passed_on, true);
            Some((*end, waiting.errand, is_new))
        })
    }

    /// Whether it is stalled.
    #[must_use]
    pub fn is_stalled(&self, end: End) -> bool {
        self.servers
            .get(&end)
            .is_some_and(|server| server.stall.is_some())
    }

    /// It sent payload.
    pub fn talked(
        &mut self,
        end: End,
        connection: u64,
        now: i64,
        nodes: &mut Nodes,
        findings: &mut Findings,
    ) {
        let Some(server) = self.servers.get_mut(&end) else {
            return;
        };
        if now - server.talked >= STALL {
            server.judge(end, now, nodes, findings);
        }
        if server.stall.take().is_some() {
            server.stalled_until = now;
        }
        server.waiting.remove(&connection);
        server.talked = now;
        server.acknowledged = 0;
        server.accepted = 0;
    }

    /// The host sent payload to another node: it runs.
    pub fn host_talked(&mut self, host: End, now: i64) {
        for (_, server) in self.servers.iter_mut().filter(|(end, _)| end.host() == host) {
            server.host_talked = now;
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: i64, nodes: &mut Nodes, findings: &mut Findings) {
        for (end, server) in &mut self.servers {
            server.judge(*end, now, nodes, findings);
        }
    }
}

impl Server {
    fn judge(&mut self, end: End, now: i64, nodes: &mut Nodes, findings: &mut Findings) {
        let waits =
            |waiting: &&Waiting| !waiting.errand.is_long || now - waiting.errand.since >= STALL_OF_ONE;
        let waiting = self.waiting.values().filter(waits);
        let Some(first) = waiting.min_by_key(|waiting| waiting.errand.since) else {
            return;
        };
        let since = first.errand.since;
        let silent = now - since.max(self.talked).max(self.host_talked);
        if self.stall.is_some() || silent >= STALL && self.acknowledged > 0 {
            // What waits for another node says nothing of this one.
            let own = self.waiting.values().filter(waits);
            let own: Vec<Errand> = own
                .filter(|waiting| waiting.culprit(end, nodes).is_none())
                .map(|waiting| waiting.errand)
                .collect();
            let needed = if own.len() > 1 { STALL } else { STALL_OF_ONE };
            let first = own.iter().min_by_key(|errand| errand.since);
            if let Some(first) = first.filter(|first| {
                let silent = now - first.since.max(self.talked).max(self.host_talked);
                self.stall.is_some() || silent >= needed
            }) {
                self.stalled(end, first.since.max(self.talked), first.frame, now, findings);
                return;
            }
        }
        if now - since >= UNANSWERED {
            self.unanswered(end, now, nodes, findings);
        }
    }

    fn stalled(&mut self, end: End, from: i64, frame: u32, now: i64, findings: &mut Findings) {
        if self.stall.is_none() {
            self.stalls += 1;
        }
        let key = Key {
            kind: Kind::StalledServer,
            ends: (End::default(), end),
            more: self.stalls.to_be_bytes().to_vec(),
        };
        let made = || Finding::new(Kind::StalledServer, format!("{end}"), (from, frame), now);
        let Some((id, finding)) = findings.at(key, made) else {
            return;
        };
        self.stall = Some(id);
        finding.to = now;
        for waiting in self.waiting.values_mut().filter(|waiting| !waiting.is_counted) {
            waiting.is_counted = true;
            finding.count += 1;
        }
        let mut clients: Vec<End> = self
            .waiting
            .values()
            .map(|waiting| waiting.errand.client.host())
            .collect();
        clients.sort_unstable();
        clients.dedup();
        finding.details = format!(
            "acknowledges, accepts connections ({}) and answers nothing: {} connections of {} wait",
            self.accepted,
            self.waiting.len(),
            names(&clients)
        );
    }

    fn unanswered(&mut self, end: End, now: i64, nodes: &mut Nodes, findings: &mut Findings) {
        for waiting in self.waiting.values_mut() {
            let errand = waiting.errand;
            let is_late = now - errand.since.max(self.stalled_until) >= UNANSWERED;
            if waiting.is_counted || errand.is_long || !is_late {
                continue;
            }
            if let Some(node) = waiting.culprit(end, nodes) {
                waiting.is_counted = nodes.keeps_waiting(node, end);
                continue;
            }
            if now - self.talked.max(self.host_talked) > UNANSWERED {
                continue;
            }
            waiting.is_counted = true;
            let key = Key {
                kind: Kind::Unanswered,
                ends: (errand.client.host(), end),
                more: Vec::new(),
            };
            let made = || {
                Finding {
                kind: Kind::Unanswered,
                who: format!("{} to {end}", errand.client.host()),
                from: errand.since,
                to: now,
                count: 0,
                frame: errand.frame,
                details: "no answer for long, while the server answers others: a replica that does not, or an answer that got lost".into(),
            }
            };
            if let Some(finding) = findings.count(key, now, made) {
                finding.from = finding.from.min(errand.since);
            }
        }
    }
}
