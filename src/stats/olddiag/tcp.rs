//! What TCP shows of connections to nodes: who acknowledges, who is silent, who refuses, who closes.
//!
//! Pure: segments and requests in, findings out. A packet is known to be lost when it is sent again, so findings run
//! from the first lost packet to the last.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::lines;
use super::nodes::Nodes;
use super::paths::{Paths, EPISODE};
use super::pools::{Pools, Use};
use super::segment::{End, Segment, ACK, FIN, MS, RST, SYN};
use super::silence::{Errand, Servers};
use super::stops::{Closed, Stops};
use crate::track::stream::before;

/// A receive buffer full for so long has a slow reader.
const FULL: i64 = 200 * MS;
/// What comes again sooner than TCP's timeout allows is a tail probe, out of order, or mended at once.
const TOO_SOON: i64 = 150 * MS;
/// A SYN without an answer for so long is lost.
const SYN_LOST: i64 = 900 * MS;
/// Idle for so long is not in use: a client asks every node for news once a second.
const IDLE: i64 = 1_500 * MS;
/// Shorter than any limit for idle connections.
const SHORT: i64 = 10_000 * MS;
/// Messages, and requests of any kind, on a connection that is used briefly: a client logs in and says who it is.
const BRIEFLY: (u32, u32) = (2, 4);
/// Connections that are known at a time.
const CONNECTIONS: usize = 20_000;

/// Ports of Aerospike by default: service, fabric, heartbeat, info, admin, TLS.
const PORTS: [u16; 6] = [3000, 3001, 3002, 3003, 3008, 4333];

/// Those between nodes.
const INTERNODE: [u16; 2] = [3001, HEARTBEAT];
const HEARTBEAT: u16 = 3002;

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
    messages: u32,
    used: i64,
    /// Who sent payload last.
    spoke: usize,
    /// Used again after it had been idle.
    is_kept: bool,
    /// It was idle when it was closed.
    was_idle: bool,
    refused: bool,
    /// The try that was counted as lost.
    syn_counted: i64,
}

/// All of it.
#[derive(Default)]
pub struct Tcp {
    connections: HashMap<u64, Connection>,
    by_ends: HashMap<(End, End), u64>,
    next: u64,
    paths: Paths,
    pools: Pools,
    stops: Stops,
    syns: Vec<u64>,
    ticked: i64,
    /// Who is silent.
    pub servers: Servers,
    /// Who keeps other nodes waiting.
    pub nodes: Nodes,
}

impl Tcp {
    /// Takes a segment.
    pub fn segment(&mut self, segment: &Segment, findings: &mut Findings) {
        self.tick(segment.time, findings);
        let Some((id, side)) = self.find(segment) else {
            return;
        };
        self.servers.seen(segment.from.host(), segment.time);
        self.paths.heard(segment.from.host(), segment.time, findings);
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
        } else {
            self.nodes.acknowledged(segment.from.host());
        }
        if segment.length == 0 && side == 1 {
            if let Some(connection) = self.connections.get(&id) {
                self.servers.acknowledged(connection.server);
            }
        }
        if segment.has(FIN) {
            self.close(id, side, segment, findings);
        }
    }

    /// A request was complete; `errand` where its answer comes soon.
    pub fn asked(
        &mut self,
        (client, server): (End, End),
        time: i64,
        is_message: bool,
        errand: Option<Errand>,
    ) {
        let id = self.connection(client, server);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.requests = connection.requests.saturating_add(1);
            connection.messages = connection.messages.saturating_add(is_message.into());
            connection.used = time;
            if let Some(errand) = errand.filter(|_| connection.closed.is_none()) {
                self.servers.asked(server, id, errand);
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
        self.nodes.tick(now, &self.paths, findings);
        self.servers.tick(now, &mut self.nodes, findings);
        let mut lost = Vec::new();
        let connections = &mut self.connections;
        self.syns.retain(|id| {
            let Some(connection) = connections.get_mut(id) else {
                return false;
            };
            let tried = connection.sides[0].tried;
            if connection.established || connection.closed.is_some() || now - tried.0 > EPISODE {
                return false;
            }
            if now - tried.0 >= SYN_LOST && connection.syn_counted != tried.0 {
                connection.syn_counted = tried.0;
                lost.push((connection.client, connection.server, tried));
            }
            true
        });
        for (client, server, syn) in lost {
            self.paths
                .lost((client.host(), server), syn, true, &self.servers, findings);
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
            self.pools = Pools::default();
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
                messages: 0,
                used: 0,
                spoke: 0,
                is_kept: false,
                was_idle: false,
                refused: false,
                syn_counted: i64::MIN,
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
        } else if !connection.established && connection.syn_counted != sent.0 {
            connection.syn_counted = sent.0;
            self.paths
                .lost((client.host(), server), sent, true, &self.servers, findings);
        }
    }

    fn opened(&mut self, id: u64, segment: &Segment, findings: &mut Findings) {
        let (connections, servers) = (&self.connections, &self.servers);
        let Some(connection) = connections.get(&id) else {
            return;
        };
        let ends = (connection.client.host(), connection.server);
        let used = |id| {
            let known = connections.get(&id).filter(|known| known.closed.is_none())?;
            let is_idle = segment.time - known.used >= IDLE && !servers.waits(known.server, id);
            Some(match (known.is_kept, known.has_syn) {
                (true, _) => Use::Kept,
                (_, true) if is_idle => Use::Spare,
                (_, true) if segment.time - known.syn.0 < 2 * IDLE => Use::New,
                _ => Use::Other,
            })
        };
        let at = (connection.syn, segment.time);
        self.pools.opened(ends, id, at, used, findings);
    }

    fn reset(&mut self, id: u64, side: usize, segment: &Segment, findings: &mut Findings) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let (client, server, syn) = (connection.client, connection.server, connection.syn);
        if side == 1 && connection.has_syn && !connection.established && connection.closed.is_none() {
            connection.closed = Some((1, segment.time, segment.frame));
            lines::refused(client, server, syn, segment.time, findings);
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
        let is_busy = segment.time - connection.used < IDLE;
        connection.was_idle = !is_busy;
        let (client, server, syn) = (connection.client, connection.server, connection.syn);
        let is_briefly = connection.has_syn
            && (1..=BRIEFLY.0).contains(&connection.messages)
            && connection.requests <= BRIEFLY.1
            && segment.time - syn.0 < SHORT;
        let is_refused = connection.refused;
        let client_spoke = connection.spoke == 0;
        let is_open = self.servers.waits(server, id);
        self.servers.ended(server, id);
        // TLS: the client says goodbye, and the server closes.
        let is_answer = side == 1 && client_spoke && !is_open;
        if is_refused || is_answer && !INTERNODE.contains(&server.port) {
            return;
        }
        if side == 1 || INTERNODE.contains(&server.port) {
            let node = segment.from.host();
            let closed = Closed {
                client,
                server,
                node,
                at: (segment.time, segment.frame),
                is_busy,
                is_open,
            };
            let connections = &self.connections;
            let in_use = || {
                connections.values().any(|other| {
                    other.closed.is_none()
                        && (other.server.host() == node || other.client.host() == node)
                        && segment.time - other.used < IDLE
                })
            };
            self.stops.closed(&closed, in_use, findings);
        } else if is_briefly && !is_open {
            let ends = (client.host(), server);
            self.pools.used_briefly(ends, syn, segment.time, findings);
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
                self.paths.recovered(path);
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
            let is_stalled = which == 1 && self.servers.is_stalled(server);
            if segment.time - from >= FULL && !is_stalled {
                let (reader, writer) = if which == 0 {
                    (client.host(), server)
                } else {
                    (server, client.host())
                };
                lines::slow_reader(reader, writer, (from, frame), segment.time, findings);
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
        let was_idle = connection.was_idle;
        connection.is_kept |= requests > 0 && segment.time - connection.used >= IDLE;
        connection.used = segment.time;
        connection.spoke = side;
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
            self.paths.lost(path, sent, false, &self.servers, findings);
            return;
        }
        if !is_new {
            return;
        }
        if INTERNODE.contains(&server.port) {
            let ends = (segment.from.host(), segment.to.host());
            self.servers.host_talked(ends.0, segment.time);
            if server.port == HEARTBEAT {
                self.nodes
                    .told(ends.0, ends.1, segment.time, segment.frame, findings);
            }
        }
        let is_idle =
            |(_, at, _): &(usize, i64, u32)| was_idle && !self.stops.was_stopped(server.host(), *at);
        if side == 1 {
            self.servers
                .talked(server, id, segment.time, &mut self.nodes, findings);
        } else if let Some((1, at, frame)) = closed.filter(|_| requests > 0).filter(is_idle) {
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
}
