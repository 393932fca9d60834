//! What TCP shows of connections to nodes: who acknowledges, who is silent, who refuses, who closes.
//!
//! Pure: segments and requests in, findings out. A packet is known to be lost when it is sent again, so findings run
//! from the first lost packet to the last.

use core::fmt;
use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::silence::Servers;
use crate::track::record::Host;
use crate::track::stream::before;

/// One end of a connection; port 0: all of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct End {
    address: [u8; 16],
    length: u8,
    /// The port.
    pub port: u16,
}

impl End {
    /// By address and port.
    #[must_use]
    pub fn new(address: &[u8], port: u16) -> Self {
        let mut end = Self {
            port,
            ..Self::default()
        };
        for (to, from) in end.address.iter_mut().zip(address) {
            *to = *from;
            end.length += 1;
        }
        end
    }

    /// The host alone.
    #[must_use]
    pub const fn host(self) -> Self {
        Self { port: 0, ..self }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.get(..usize::from(self.length)).unwrap_or_default();
        match self.port {
            0 => Host(address).fmt(f),
            port if self.length == 16 => write!(f, "[{}]:{port}", Host(address)),
            port => write!(f, "{}:{port}", Host(address)),
        }
    }
}

/// TCP's flags.
pub const FIN: u16 = 1;
/// See above.
pub const SYN: u16 = 2;
/// See above.
pub const RST: u16 = 4;
/// See above.
pub const ACK: u16 = 16;

/// A segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// The frame.
    pub frame: u32,
    /// Who sent it.
    pub from: End,
    /// To whom.
    pub to: End,
    /// TCP's flags.
    pub flags: u16,
    /// The sequence number.
    pub seq: u32,
    /// The acknowledgement number.
    pub ack: u32,
    /// Bytes of payload.
    pub length: u32,
    /// The window.
    pub window: u32,
}

impl Segment {
    const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

pub(super) const MS: i64 = 1_000_000;
/// A path on which so long nothing was lost has a new episode.
const EPISODE: i64 = 5_000 * MS;
/// A receive buffer full for so long has a slow reader.
const FULL: i64 = 200 * MS;
/// What comes again sooner than TCP's timeout allows is a tail probe, out of order, or mended at once.
const TOO_SOON: i64 = 150 * MS;
/// A SYN without an answer for so long is lost.
const SYN_LOST: i64 = 900 * MS;
/// Idle for so long is not in use.
const IDLE: i64 = 500 * MS;
/// Idle connections beside which a new one is one too many.
const SPARE: usize = 10;
/// So many of them are a leak.
const LEAKED: u32 = 5;
/// So many connections of a request or two are churn.
const SHORT_LIVED: u32 = 20;
/// Connections that are known at a time, and those of one client to one server.
const CONNECTIONS: usize = 20_000;
const POOL: usize = 1_000;

/// Ports of Aerospike by default: service, fabric, heartbeat, info, admin, TLS.
const PORTS: [u16; 6] = [3000, 3001, 3002, 3003, 3008, 4333];

#[derive(Default)]
struct Side {
    /// The sequence number behind the last byte sent, and the highest one that the other acknowledged.
    end: Option<u32>,
    acked: Option<u32>,
    /// When the last try of what is not acknowledged was sent, and the first.
    tried: (i64, u32),
    tries: u32,
    /// When its receive buffer became full.
    full: Option<(i64, u32)>,
}

struct Connection {
    client: End,
    server: End,
    sides: [Side; 2],
    has_syn: bool,
    syn: (i64, u32),
    established: bool,
    closed: Option<(usize, i64, u32)>,
    requests: u32,
    used: i64,
    refused: bool,
    syn_is_counted: bool,
}

/// What got lost from one end to another.
#[derive(Default)]
struct Path {
    number: u32,
    first: (i64, u32),
    last: i64,
    data: u32,
    syns: u32,
    recovered: bool,
}

#[derive(Default)]
struct Pool {
    members: Vec<u64>,
    opened: u32,
    spare: u32,
    spare_from: (i64, u32),
    short_lived: u32,
    /// Opened after a short-lived one was closed.
    reopened: u32,
    short_from: (i64, u32),
}

/// All of it.
#[derive(Default)]
pub struct Tcp {
    connections: HashMap<u64, Connection>,
    by_ends: HashMap<(End, End), u64>,
    next: u64,
    paths: HashMap<(End, End), Path>,
    pools: HashMap<(End, End), Pool>,
    syns: Vec<u64>,
    ticked: i64,
    /// Who is silent.
    pub servers: Servers,
}

impl Tcp {
    /// Takes a segment.
    pub fn segment(&mut self, segment: &Segment, findings: &mut Findings) {
        self.tick(segment.time, findings);
        let Some((id, side)) = self.find(segment) else {
            return;
        };
        self.servers.seen(segment.from.host(), segment.time);
        if segment.has(SYN) {
            self.syn(id, side, segment, findings);
            return;
        }
        if segment.has(RST) {
            self.reset(id, side, segment, findings);
            return;
        }
        self.acknowledge(id, side, segment);
        self.window(id, side, segment, findings);
        if segment.length > 0 {
            self.payload(id, side, segment, findings);
        } else if side == 1 {
            if let Some(connection) = self.connections.get(&id) {
                self.servers.acknowledged(connection.server);
            }
        }
        if segment.has(FIN) {
            self.close(id, side, segment, findings);
        }
    }

    /// A request was complete.
    pub fn asked(&mut self, client: End, server: End, time: i64, frame: u32, is_short: bool) {
        let id = self.connection(client, server);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.requests = connection.requests.saturating_add(1);
            connection.used = time;
            if is_short {
                self.servers.asked(server, client, id, time, frame);
            }
        }
    }

    /// A server is about to close the connection for what was sent.
    pub fn refused(&mut self, client: End, server: End) -> u32 {
        let id = self.connection(client, server);
        self.connections.get_mut(&id).map_or(0, |connection| {
            connection.refused = true;
            connection.requests
        })
    }

    /// Time has passed.
    pub fn tick(&mut self, now: i64, findings: &mut Findings) {
        if now - self.ticked < 10 * MS && now >= self.ticked {
            return;
        }
        self.ticked = now;
        self.servers.tick(now, findings);
        let mut lost = Vec::new();
        let connections = &mut self.connections;
        self.syns.retain(|id| {
            let Some(connection) = connections.get_mut(id) else {
                return false;
            };
            if connection.established || connection.closed.is_some() || connection.syn_is_counted {
                return false;
            }
            if now - connection.sides[0].tried.0 < SYN_LOST {
                return true;
            }
            connection.syn_is_counted = true;
            lost.push((connection.client, connection.server, connection.syn));
            false
        });
        for (client, server, syn) in lost {
            self.lost((client.host(), server), syn, syn.0, true, findings);
        }
    }

    fn connection(&mut self, client: End, server: End) -> u64 {
        if let Some(id) = self.by_ends.get(&(client, server)) {
            return *id;
        }
        self.make(client, server)
    }

    fn make(&mut self, client: End, server: End) -> u64 {
        if self.connections.len() >= CONNECTIONS {
            self.connections.clear();
            self.by_ends.clear();
            self.pools.clear();
            self.servers.forget_waiting();
        }
        let id = self.next;
        self.next += 1;
        if let Some(old) = self.by_ends.insert((client, server), id) {
            self.connections.remove(&old);
            self.servers.ended(server, old);
        }
        self.connections.insert(
            id,
            Connection {
                client,
                server,
                sides: Default::default(),
                has_syn: false,
                syn: (0, 0),
                established: false,
                closed: None,
                requests: 0,
                used: 0,
                refused: false,
                syn_is_counted: false,
            },
        );
        id
    }

    /// The segment's connection, and which side sent it: 0 is the client. None if it is not Aerospike's.
    fn find(&mut self, segment: &Segment) -> Option<(u64, usize)> {
        let (from, to) = (segment.from, segment.to);
        if segment.has(SYN) && !segment.has(ACK) {
            if !self.is_server(to) {
                return None;
            }
            let known = self.by_ends.get(&(from, to)).copied();
            let again = known.filter(|id| {
                self.connections.get(id).is_some_and(|known| {
                    known.has_syn && known.sides[0].end == Some(segment.seq.wrapping_add(1))
                })
            });
            return Some((again.unwrap_or_else(|| self.make(from, to)), 0));
        }
        if let Some(id) = self.by_ends.get(&(from, to)) {
            return Some((*id, 0));
        }
        if let Some(id) = self.by_ends.get(&(to, from)) {
            return Some((*id, 1));
        }
        if self.is_server(to) {
            Some((self.make(from, to), 0))
        } else if self.is_server(from) {
            Some((self.make(to, from), 1))
        } else {
            None
        }
    }

    fn is_server(&self, end: End) -> bool {
        PORTS.contains(&end.port) || self.servers.knows(end)
    }

    fn syn(&mut self, id: u64, side: usize, segment: &Segment, findings: &mut Findings) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let (client, server) = (connection.client, connection.server);
        if side == 1 {
            if !connection.established {
                connection.established = true;
                connection.used = segment.time;
                self.servers.accepted(server);
                self.opened(id, segment, findings);
            }
            return;
        }
        let sent = connection.sides[0].tried;
        connection.sides[0].tried = (segment.time, segment.frame);
        if !connection.has_syn {
            connection.has_syn = true;
            connection.syn = (segment.time, segment.frame);
            connection.sides[0].end = Some(segment.seq.wrapping_add(1));
            self.syns.push(id);
        } else if !connection.established {
            connection.syn_is_counted = true;
            self.lost((client.host(), server), sent, sent.0, true, findings);
        }
    }

    fn opened(&mut self, id: u64, segment: &Segment, findings: &mut Findings) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let (client, server) = (connection.client.host(), connection.server);
        let connections = &self.connections;
        let pool = self.pools.entry((client, server)).or_default();
        pool.opened += 1;
        let opened = pool.opened;
        pool.reopened += u32::from(pool.short_lived > 0);
        if pool.reopened >= SHORT_LIVED && pool.short_lived >= SHORT_LIVED {
            let (from, count) = (pool.short_from, pool.short_lived);
            let key = Key {
                kind: Kind::Churn,
                ends: (client, server),
                more: Vec::new(),
            };
            let made = || Finding {
                kind: Kind::Churn,
                who: format!("{client} to {server}"),
                from: from.0,
                to: segment.time,
                count,
                frame: from.1,
                details: String::new(),
            };
            if let Some((_, finding)) = findings.at(key, made) {
                (finding.count, finding.to) = (count, segment.time);
                finding.details =
                    format!("closed by the client after one or two requests, of {opened} opened: keep and use them again");
            }
        }
        pool.members
            .retain(|id| connections.get(id).is_some_and(|it| it.closed.is_none()));
        let idle = |id: &&u64| {
            connections
                .get(id)
                .is_some_and(|it| segment.time - it.used >= IDLE && !self.servers.waits(it.server, **id))
        };
        let spare = pool.members.iter().filter(idle).count();
        if pool.members.len() < POOL {
            pool.members.push(id);
        }
        if spare < SPARE {
            return;
        }
        if pool.spare == 0 {
            pool.spare_from = (segment.time, segment.frame);
        }
        pool.spare += 1;
        let (open, from) = (pool.members.len(), pool.spare_from);
        if pool.spare >= LEAKED {
            let key = Key {
                kind: Kind::Leak,
                ends: (client, server),
                more: Vec::new(),
            };
            let made = || Finding {
                kind: Kind::Leak,
                who: format!("{client} to {server}"),
                from: from.0,
                to: segment.time,
                count: LEAKED - 1,
                frame: from.1,
                details: String::new(),
            };
            if let Some(finding) = findings.count(key, segment.time, made) {
                finding.details = format!(
                    "connections opened while idle ones are left open: {open} are open, {spare} of them idle"
                );
            }
        }
    }

    fn reset(&mut self, id: u64, side: usize, segment: &Segment, findings: &mut Findings) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let (client, server, syn) = (connection.client, connection.server, connection.syn);
        if side == 1 && connection.has_syn && !connection.established && connection.closed.is_none() {
            connection.closed = Some((1, segment.time, segment.frame));
            let key = Key {
                kind: Kind::Refused,
                ends: (End::default(), server),
                more: Vec::new(),
            };
            let made = || Finding {
                kind: Kind::Refused,
                who: format!("{server}"),
                from: syn.0,
                to: segment.time,
                count: 0,
                frame: syn.1,
                details: format!(
                    "SYN answered by RST: nobody listens there, or a firewall rejects; first asked by {}",
                    client.host()
                ),
            };
            findings.count(key, segment.time, made);
            return;
        }
        self.close(id, side, segment, findings);
    }

    fn close(&mut self, id: u64, side: usize, segment: &Segment, findings: &mut Findings) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if connection.closed.is_some() {
            return;
        }
        connection.closed = Some((side, segment.time, segment.frame));
        let (client, server) = (connection.client.host(), connection.server);
        let (requests, has_syn, refused) = (connection.requests, connection.has_syn, connection.refused);
        let waited = self.servers.waits(server, id);
        self.servers.ended(server, id);
        let finding = |kind, details| Finding {
            kind,
            who: format!("{client} to {server}"),
            from: segment.time,
            to: segment.time,
            count: 0,
            frame: segment.frame,
            details,
        };
        let key = |kind| Key {
            kind,
            ends: (client, server),
            more: Vec::new(),
        };
        if side == 1 && waited && !refused {
            let made = || {
                finding(
                    Kind::Dropped,
                    "the server closed connections on which requests were open".into(),
                )
            };
            findings.count(key(Kind::Dropped), segment.time, made);
        }
        if side == 0 && has_syn && !refused && !waited && (1..=2).contains(&requests) {
            let pool = self.pools.entry((client, server)).or_default();
            if pool.short_lived == 0 {
                pool.short_from = (segment.time, segment.frame);
            }
            pool.short_lived += 1;
        }
    }

    fn acknowledge(&mut self, id: u64, side: usize, segment: &Segment) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if !segment.has(ACK) {
            return;
        }
        let (client, server) = (connection.client, connection.server);
        let Some(other) = connection.sides.get_mut(1 - side) else {
            return;
        };
        if other.acked.is_none_or(|acked| before(acked, segment.ack)) {
            other.acked = Some(segment.ack);
            let path = if side == 1 {
                (client.host(), server)
            } else {
                (server, client.host())
            };
            if other.tries > 0 {
                if let Some(path) = self.paths.get_mut(&path) {
                    path.recovered = true;
                }
            }
            other.tries = 0;
        }
    }

    fn window(&mut self, id: u64, side: usize, segment: &Segment, findings: &mut Findings) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let (client, server) = (connection.client, connection.server);
        for which in [side, 1 - side] {
            let Some(this) = connection.sides.get_mut(which) else {
                return;
            };
            if which == side && segment.window == 0 && this.full.is_none() && !segment.has(FIN) {
                this.full = Some((segment.time, segment.frame));
            }
            let Some((from, frame)) = this.full else { continue };
            if segment.time - from >= FULL {
                let (reader, writer) = if which == 0 {
                    (client, server)
                } else {
                    (server, client)
                };
                let key = Key {
                    kind: Kind::SlowReader,
                    ends: (reader, writer),
                    more: Vec::new(),
                };
                let made = || Finding {
                    kind: Kind::SlowReader,
                    who: format!("{reader} from {writer}"),
                    from,
                    to: segment.time,
                    count: 1,
                    frame,
                    details: "its TCP window is 0: it does not read what it gets, and the sender has to wait"
                        .into(),
                };
                if let Some((_, finding)) = findings.at(key, made) {
                    if finding.to < from {
                        finding.count += 1;
                    }
                    finding.to = segment.time;
                }
            }
            if which == side && segment.window > 0 {
                this.full = None;
            }
        }
    }

    fn payload(&mut self, id: u64, side: usize, segment: &Segment, findings: &mut Findings) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let (client, server) = (connection.client, connection.server);
        let end = segment.seq.wrapping_add(segment.length);
        let other_is_full = connection
            .sides
            .get(1 - side)
            .is_some_and(|other| other.full.is_some());
        let (closed, requests) = (connection.closed, connection.requests);
        connection.used = segment.time;
        let Some(this) = connection.sides.get_mut(side) else {
            return;
        };
        let is_new = this.end.is_none_or(|seen| before(seen, end));
        let sent = this.tried;
        if is_new {
            if this.acked.is_none() || this.end.is_none() || this.acked == this.end || this.tries == 0 {
                this.tried = (segment.time, segment.frame);
            }
            this.end = Some(end);
        } else if segment.length > 1 && !other_is_full {
            let is_acked = this.acked.is_some_and(|acked| !before(acked, end));
            this.tries += 1;
            if segment.time - sent.0 < TOO_SOON {
                return;
            }
            this.tried = (segment.time, segment.frame);
            if side == 0 && !is_acked {
                // The server has not got the request.
                self.servers.ended(server, id);
            }
            let (there, back) = ((client.host(), server), (server, client.host()));
            // What was acknowledged and is sent again: the acknowledgement was lost.
            let path = if (side == 0) == is_acked { back } else { there };
            self.lost(path, sent, sent.0, false, findings);
            return;
        }
        if !is_new {
            return;
        }
        if side == 1 {
            self.servers.talked(server, id, segment.time, findings);
        } else if let Some((1, at, frame)) = closed.filter(|_| requests > 0) {
            let key = Key {
                kind: Kind::IdleClosed,
                ends: (client.host(), server),
                more: Vec::new(),
            };
            let made = || Finding {
                kind: Kind::IdleClosed,
                who: format!("{} to {server}", client.host()),
                from: at,
                to: segment.time,
                count: 0,
                frame,
                details: "the server closed an idle connection, and the client sent its next request there"
                    .into(),
            };
            findings.count(key, segment.time, made);
        }
    }

    /// A packet from one end to the other, sent `at`, got lost.
    fn lost(&mut self, ends: (End, End), first: (i64, u32), at: i64, is_syn: bool, findings: &mut Findings) {
        let path = self.paths.entry(ends).or_default();
        if path.data + path.syns > 0 && at - path.last > EPISODE {
            *path = Path {
                number: path.number + 1,
                ..Path::default()
            };
        }
        if path.data + path.syns == 0 {
            path.first = first;
        }
        path.last = path.last.max(at);
        *(if is_syn { &mut path.syns } else { &mut path.data }) += 1;
        if path.data + path.syns < 2 {
            return;
        }
        let key = Key {
            kind: Kind::Loss,
            ends,
            more: path.number.to_be_bytes().to_vec(),
        };
        let made = || Finding {
            kind: Kind::Loss,
            who: format!("{} to {}", ends.0, ends.1),
            from: path.first.0,
            to: at,
            count: 0,
            frame: path.first.1,
            details: String::new(),
        };
        let Some((_, finding)) = findings.at(key, made) else {
            return;
        };
        finding.count = path.data + path.syns;
        finding.to = finding.to.max(at);
        let lives = self.servers.heard_since(ends.1.host(), path.first.0 + MS);
        (finding.kind, finding.details) = match (path.data, path.recovered || lives) {
            (0, true) => (
                Kind::NoAnswer,
                format!(
                    "{} SYNs unanswered while the host is heard: a firewall drops them, or the network",
                    path.syns
                ),
            ),
            (_, false) if path.syns > 0 => (Kind::Unreachable, format!("no answer to {} segments and {} SYNs, not even by TCP: dead, or cut off from the network", path.data, path.syns)),
            (_, lives) => (Kind::Loss, format!("{} segments and {} SYNs were sent again without an acknowledgement{}", path.data, path.syns, if lives { "; the other end lives: the network between them" } else { "" })),
        };
    }
}
