//! Evidence: what the log says about each connection and each request, in order and without copies; no judgement yet.

pub mod build;
pub mod capture;
pub mod connection;
pub mod order;
pub mod request;
pub mod statistics;
pub mod walk;

use std::collections::{HashMap, HashSet};

use self::capture::CaptureFacts;
use self::connection::Connection;
use self::request::Request;
use super::log::Log;
use crate::stats::shared::endpoint::Endpoint;

/// All of it.
pub struct Evidence<'l> {
    /// What was gathered.
    pub log: &'l Log,
    /// The connections, in the order of their beginning.
    pub connections: Vec<Connection>,
    /// The requests of all connections, each connection's together and in order.
    pub requests: Vec<Request>,
    /// Services at which messages of clients were understood.
    pub services: HashSet<Endpoint>,
    /// Hosts of nodes: those of services, and those that send heartbeats or fabric messages.
    pub nodes: HashSet<Endpoint>,
    /// Connections by their server.
    pub by_server: HashMap<Endpoint, Vec<usize>>,
    /// When each service sent data.
    pub answers: HashMap<Endpoint, Vec<i64>>,
    /// When each host sent a packet.
    pub packets: HashMap<Endpoint, Vec<i64>>,
    /// What the capture can and cannot prove.
    pub capture: CaptureFacts,
}

/// The times of a sorted list from one on and before another.
#[must_use]
pub fn between(times: &[i64], from: i64, to: i64) -> &[i64] {
    let first = times.partition_point(|time| *time < from);
    let last = times.partition_point(|time| *time < to).max(first);
    times.get(first..last).unwrap_or_default()
}

impl Evidence<'_> {
    /// The connection of a request.
    #[must_use]
    pub fn connection(&self, request: &Request) -> &Connection {
        &self.connections[request.connection as usize]
    }

    /// The requests of a connection.
    #[must_use]
    pub fn requests_of(&self, connection: &Connection) -> &[Request] {
        self.requests.get(connection.requests.clone()).unwrap_or_default()
    }

    /// Seconds from the start of the capture.
    #[must_use]
    pub fn seconds(&self, time: i64) -> f64 {
        (time - self.log.start) as f64 / 1e9
    }

    /// The first and the last time.
    #[must_use]
    pub fn span(&self) -> (i64, i64) {
        self.log.times.map_or((0, 0), |(first, last, _)| (first, last))
    }

    /// Whether a stretch of time has a hole in it, in which nobody was heard.
    #[must_use]
    pub fn is_across_gap(&self, from: i64, to: i64) -> bool {
        self.capture.gaps.iter().any(|gap| gap.from < to && from < gap.to)
    }

    /// A record's name: digest, and the place and the key where they are known.
    #[must_use]
    pub fn record_name(&self, digest: u32, place: u32) -> String {
        use crate::wire::ground::text::{Hex, LossyText};
        let bytes = self.log.digests.get(digest as usize).copied().unwrap_or_default();
        let key = self.log.keys.get(&digest).map_or_else(String::new, |key| {
            format!(
                " (key {})",
                crate::stats::diagnosis::log::info::short(key.as_bytes())
            )
        });
        let place = LossyText(self.log.places.get(place)).to_string();
        let space = if place.is_empty() { "" } else { " " };
        format!("{place}{space}{}{key}", Hex(&bytes)).replace('|', "/")
    }
}
