//! Servers that acknowledge what they are asked and answer nothing.

use std::collections::{BTreeMap, HashMap};

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::{End, MS};

/// Silent for so long with requests open on several connections: stalled.
const STALL: i64 = 300 * MS;
/// The same with one connection.
const STALL_OF_ONE: i64 = 1_000 * MS;
/// Without an answer for so long from a server that talks: unanswered.
const UNANSWERED: i64 = 800 * MS;
/// Requests that wait, of one server.
const WAITING: usize = 10_000;
/// Servers and hosts.
const SERVERS: usize = 1_000;

struct Waiting {
    since: i64,
    frame: u32,
    client: End,
    is_counted: bool,
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
    servers: HashMap<End, Server>,
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

    /// A request that is answered at once by a healthy server.
    pub fn asked(&mut self, end: End, client: End, connection: u64, since: i64, frame: u32) {
        if self.servers.len() >= SERVERS && !self.servers.contains_key(&end) {
            return;
        }
        let server = self.servers.entry(end).or_default();
        if server.waiting.len() < WAITING {
            server.waiting.entry(connection).or_insert(Waiting {
                since,
                frame,
                client,
                is_counted: false,
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

    /// It sent payload.
    pub fn talked(&mut self, end: End, connection: u64, now: i64, findings: &mut Findings) {
        let Some(server) = self.servers.get_mut(&end) else {
            return;
        };
        if now - server.talked >= STALL {
            server.judge(end, now, findings);
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
    pub fn tick(&mut self, now: i64, findings: &mut Findings) {
        for (end, server) in &mut self.servers {
            server.judge(*end, now, findings);
        }
    }
}

impl Server {
    fn judge(&mut self, end: End, now: i64, findings: &mut Findings) {
        let Some(first) = self.waiting.values().min_by_key(|waiting| waiting.since) else {
            return;
        };
        let (since, frame) = (first.since, first.frame);
        let silent = now - since.max(self.talked).max(self.host_talked);
        let needed = if self.waiting.len() > 1 {
            STALL
        } else {
            STALL_OF_ONE
        };
        if self.stall.is_some() || silent >= needed && self.acknowledged > 0 {
            self.stalled(end, since.max(self.talked), frame, now, findings);
        } else if now - since >= UNANSWERED {
            self.unanswered(end, now, findings);
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
        let made = || Finding {
            kind: Kind::StalledServer,
            who: format!("{end}"),
            from,
            to: now,
            count: 0,
            frame,
            details: String::new(),
        };
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
            .map(|waiting| waiting.client.host())
            .collect();
        clients.sort_unstable();
        clients.dedup();
        let named: Vec<String> = clients.iter().take(4).map(End::to_string).collect();
        finding.details = format!(
            "acknowledges, accepts connections ({}) and answers nothing: {} connections of {} wait",
            self.accepted,
            self.waiting.len(),
            named.join(", ")
        );
    }

    fn unanswered(&mut self, end: End, now: i64, findings: &mut Findings) {
        let late = |waiting: &Waiting| now - waiting.since.max(self.stalled_until) >= UNANSWERED;
        if now - self.talked.max(self.host_talked) > UNANSWERED {
            return;
        }
        for waiting in self.waiting.values_mut() {
            if waiting.is_counted || !late(waiting) {
                continue;
            }
            waiting.is_counted = true;
            let key = Key {
                kind: Kind::Unanswered,
                ends: (waiting.client.host(), end),
                more: Vec::new(),
            };
            let made = || {
                Finding {
                kind: Kind::Unanswered,
                who: format!("{} to {end}", waiting.client.host()),
                from: waiting.since,
                to: now,
                count: 0,
                frame: waiting.frame,
                details: "no answer for long, while the server answers others: a replica that does not, or an answer that got lost".into(),
            }
            };
            if let Some(finding) = findings.count(key, now, made) {
                finding.from = finding.from.min(waiting.since);
            }
        }
    }
}
