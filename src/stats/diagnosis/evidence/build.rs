//! From the log to the evidence.

use std::collections::{HashMap, HashSet};

use super::Evidence;
use super::capture::{CaptureFacts, Gap};
use super::connection::Connection;
use super::order::{count_copies, put_in_order};
use super::request::Request;
use super::walk::Walk;
use crate::epan::taps::tcp_tap::{ACK, SYN};
use crate::stats::diagnosis::log::{self, Log, LoggedContent};
use crate::stats::shared::endpoint::{Endpoint, SECOND};

/// Clients ask for news each second by default: who does nothing else is silent for that long.
const LEAST_GAP: i64 = 3 * SECOND / 2;
/// Packets a second that make a capture busy.
const BUSY: usize = 20;

impl<'l> Evidence<'l> {
    /// Reads the log.
    #[must_use]
    pub fn of(log: &'l Log) -> Self {
        let mut evidence = Self {
            log,
            connections: Vec::with_capacity(log.connections.len()),
            requests: Vec::new(),
            services: HashSet::new(),
            nodes: HashSet::new(),
            by_server: HashMap::new(),
            answers: HashMap::new(),
            packets: HashMap::new(),
            capture: capture_facts(log),
        };
        for connection in &log.connections {
            if let (Some(client), true) = (client_side(connection), is_understood(connection)) {
                if connection.internode == 0 {
                    evidence.services.insert(connection.ends[usize::from(1 - client)]);
                } else {
                    evidence
                        .nodes
                        .extend(connection.ends.iter().map(|end| end.host()));
                }
            }
        }
        evidence
            .nodes
            .extend(evidence.services.iter().map(|service| service.host()));
        evidence.nodes.extend(log.cluster.speakers.values().copied());
        evidence.nodes.extend(log.cluster.fabric.keys().copied());
        // Of those that were dropped nothing is left.
        let kept = log.connections.iter().enumerate();
        for (number, connection) in kept.filter(|(_, connection)| !connection.segments.is_empty()) {
            evidence.add(number, connection);
        }
        evidence.finish();
        evidence
    }

    fn add(&mut self, number: usize, connection: &log::LoggedConnection) {
        let client = client_side(connection).unwrap_or_else(|| {
            u8::from(
                self.services.contains(&connection.ends[0]) && !self.services.contains(&connection.ends[1]),
            )
        });
        let ordered = put_in_order(&connection.segments, self.capture.is_doubled);
        self.capture.copies.0 += ordered.copies;
        self.capture.mistimed += ordered.mistimed;
        if self.capture.copies.1 == 0 {
            self.capture.copies.1 = ordered.first_copy;
        }
        for side in 0..2u8 {
            let sent = ordered.segments.iter().filter(|segment| segment.side == side);
            let host = connection.ends[usize::from(side)].host();
            self.packets
                .entry(host)
                .or_default()
                .extend(sent.clone().map(|segment| segment.time));
            if side != client {
                let answers = self
                    .answers
                    .entry(connection.ends[usize::from(side)])
                    .or_default();
                answers.extend(
                    sent.filter(|segment| segment.length > 0)
                        .map(|segment| segment.time),
                );
            }
        }
        let facts = Connection {
            number,
            client: connection.ends[usize::from(client)],
            server: connection.ends[usize::from(1 - client)],
            is_aerospike: is_understood(connection) && connection.internode == 0,
            is_internode: connection.internode > 0,
            copies: (ordered.copies, ordered.first_copy),
            swapped: ordered.swapped,
            ..Connection::default()
        };
        let index = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        let walk = Walk::new(connection, client, index, facts);
        let (mut facts, requests) = walk.walk(&ordered.segments);
        let first = self.requests.len();
        self.requests.extend(requests);
        facts.requests = first..self.requests.len();
        self.by_server
            .entry(facts.server)
            .or_default()
            .push(self.connections.len());
        self.connections.push(facts);
    }

    fn finish(&mut self) {
        for times in self.answers.values_mut().chain(self.packets.values_mut()) {
            times.sort_unstable();
        }
        let gaps = self.gaps();
        self.capture.gaps = gaps;
        let ours = |connection: &&Connection| connection.is_aerospike || connection.is_internode;
        self.capture.understood =
            u32::try_from(self.connections.iter().filter(ours).count()).unwrap_or(u32::MAX);
        let bare = |connection: &Connection| connection.of_client.bare + connection.of_server.bare;
        let data = |connection: &Connection| connection.of_client.with_data + connection.of_server.with_data;
        self.capture.is_data_only = self.connections.iter().map(bare).sum::<u32>() == 0
            && self.connections.iter().map(data).sum::<u32>() > 3;
        let one_way = self
            .connections
            .iter()
            .filter(|connection| self.is_ours(connection) && connection.is_one_way);
        self.capture.one_way = u32::try_from(one_way.count()).unwrap_or(u32::MAX);
    }

    /// Whether a connection is one of Aerospike's: understood, or to a service that was on another.
    #[must_use]
    pub fn is_ours(&self, connection: &Connection) -> bool {
        connection.is_aerospike || connection.is_internode || self.services.contains(&connection.server)
    }

    /// Requests with their connections.
    pub fn all_requests(&self) -> impl Iterator<Item = (&Connection, &Request)> {
        self.requests
            .iter()
            .filter_map(|request| Some((self.connections.get(request.connection as usize)?, request)))
    }
}

impl Evidence<'_> {
    /// Pauses of everybody: nothing from anyone, while there were many packets in the second before and in that after,
    /// nobody waited for an answer that would explain it, and it is no habit of the capture.
    fn gaps(&self) -> Vec<Gap> {
        let log = self.log;
        let long: Vec<(i64, i64, u32)> = log
            .pauses
            .iter()
            .copied()
            .filter(|(from, to, _)| to - from >= LEAST_GAP)
            .collect();
        if long.is_empty() || long.len() > 5 {
            return Vec::new();
        }
        let is_busy = |from: i64, to: i64| {
            let heard = self
                .packets
                .values()
                .map(|times| super::between(times, from, to).len());
            heard.sum::<usize>() >= BUSY
        };
        let gap = |(from, to, frame): &(i64, i64, u32)| {
            if !is_busy(from - SECOND, from + 1) || !is_busy(*to, to + SECOND) {
                return None;
            }
            // Packets are missing behind it: it was not silence.
            let is_followed = self.connections.iter().any(|connection| {
                let after = |at: Option<i64>| at.is_some_and(|at| at >= *to && at < to + SECOND);
                after(connection.of_client.missing_at) || after(connection.of_server.missing_at)
            });
            let active = self
                .connections
                .iter()
                .filter(|connection| connection.last >= *to && connection.first < *from)
                .filter(|connection| {
                    self.requests_of(connection)
                        .iter()
                        .any(|request| request.begun <= *from && request.begun > from - SECOND)
                })
                .count();
            let waiting = self
                .requests
                .iter()
                .filter(|request| {
                    request.begun <= *from
                        && request.begun > from - 60 * SECOND
                        && request.last.is_none_or(|(last, _)| last >= *to)
                        && !request.is_hidden
                })
                .count();
            // A client that closes its connections first of all was there, and woke up.
            let closed = self
                .connections
                .iter()
                .filter(|connection| {
                    connection
                        .closed_by_client()
                        .is_some_and(|(closed, _)| closed >= *to && closed < to + SECOND / 10)
                })
                .count();
            // Nothing is on its way, though it should be: the clients were silent first, and got their answers.
            let before: Vec<i64> = self
                .requests
                .iter()
                .filter(|request| request.begun <= *from && request.begun > from - SECOND)
                .filter_map(|request| request.response_time())
                .collect();
            let on_the_way = before.iter().sum::<i64>() / SECOND;
            let is_drained = on_the_way >= 2 && waiting == 0;
            let is_sudden = active > 0 && waiting * 2 < active && closed * 2 < active && !is_drained;
            (is_followed || is_sudden).then_some(Gap {
                from: *from,
                to: *to,
                frame: *frame,
                is_lossy: is_followed,
            })
        };
        long.iter().filter_map(gap).collect()
    }
}

/// Whether a message of ours was understood: a request and an answer, or one linked to the other, or several.
fn is_understood(connection: &log::LoggedConnection) -> bool {
    connection.internode > 0
        || connection
            .messages
            .iter()
            .any(|message| !matches!(message.content, LoggedContent::Refused(_)))
}

/// On which side the client is; none where nothing tells.
fn client_side(connection: &log::LoggedConnection) -> Option<u8> {
    let syn = connection
        .segments
        .iter()
        .take(8)
        .find(|segment| segment.has(SYN));
    if let Some(syn) = syn {
        return Some(if syn.has(ACK) { 1 - syn.side } else { syn.side });
    }
    let message = connection
        .messages
        .iter()
        .find(|message| !matches!(message.content, LoggedContent::Refused(_)));
    if let Some(message) = message {
        let is_request = matches!(message.content, LoggedContent::Request { .. });
        return Some(if is_request {
            message.side
        } else {
            1 - message.side
        });
    }
    let [one, other] = connection.ends;
    let is_service = |end: &Endpoint| matches!(end.port, 3000..=3009 | 4333);
    match (is_service(&one), is_service(&other)) {
        (true, false) => Some(1),
        (false, true) => Some(0),
        _ => None,
    }
}

fn capture_facts(log: &Log) -> CaptureFacts {
    let (mut soon, mut late, mut all) = (0, 0, 0);
    for connection in &log.connections {
        let (one, two, three) = count_copies(&connection.segments);
        (soon, late, all) = (soon + one, late + two, all + three);
    }
    CaptureFacts {
        carrying: all,
        is_doubled: soon + late >= 4 && (soon + late) * 5 >= all,
        ..CaptureFacts::default()
    }
}
