//! Nodes that close what clients use: a connection with a request open, or all connections at once.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::{names, End, MS};

/// Closings that are closer together have one cause.
const TOGETHER: i64 = 1_000 * MS;
const NODES: usize = 1_000;

struct Stop {
    first: (i64, u32),
    last: i64,
    closed: u32,
    /// Of them in use, and with a request open.
    busy: u32,
    open: u32,
    /// No connection is left in use.
    is_whole: bool,
    server: End,
    clients: Vec<End>,
}

/// A connection that its node closed.
pub struct Closed {
    /// Who asked.
    pub client: End,
    /// Who answered.
    pub server: End,
    /// The node's host.
    pub node: End,
    /// When, and the frame.
    pub at: (i64, u32),
    /// It was in use.
    pub is_busy: bool,
    /// A request was open.
    pub is_open: bool,
}

/// All nodes, by host.
#[derive(Default)]
pub struct Stops(HashMap<End, Stop>);

impl Stops {
    /// A node closed a connection; `in_use` says whether another one to it is in use.
    pub fn closed(&mut self, closed: &Closed, in_use: impl FnOnce() -> bool, findings: &mut Findings) {
        if self.0.len() >= NODES {
            self.0.clear();
        }
        let (now, frame) = closed.at;
        let made = || Stop {
            first: (now, frame),
            last: now,
            closed: 0,
            busy: 0,
            open: 0,
            is_whole: false,
            server: closed.server,
            clients: Vec::new(),
        };
        let stop = self.0.entry(closed.node).or_insert_with(made);
        if now - stop.last > TOGETHER {
            *stop = made();
        }
        stop.last = now;
        stop.closed += 1;
        stop.busy += u32::from(closed.is_busy);
        stop.open += u32::from(closed.is_open);
        if closed.is_open && !stop.clients.contains(&closed.client.host()) {
            stop.clients.push(closed.client.host());
        }
        stop.is_whole |= stop.closed > 1 && stop.busy > 0 && !in_use();
        if !stop.is_whole && stop.open == 0 {
            return;
        }
        let key = Key {
            kind: Kind::Dropped,
            ends: (closed.node, End::default()),
            more: stop.first.0.to_be_bytes().to_vec(),
        };
        let made = || Finding::new(Kind::Dropped, String::new(), stop.first, now);
        let Some((_, finding)) = findings.at(key, made) else {
            return;
        };
        finding.to = now;
        if stop.is_whole {
            finding.kind = Kind::Stopped;
            finding.who = format!("{}", closed.node);
            finding.count = stop.closed;
            finding.details = format!(
                "it closed all its connections at once, {} of them with a request open: the process ended or was killed",
                stop.open
            );
        } else {
            finding.who = format!("{} to {}", names(&stop.clients), stop.server);
            finding.count = stop.open;
            finding.details = "the server closed connections on which requests were open".into();
        }
    }

    /// Whether a node closed all its connections about then.
    #[must_use]
    pub fn was_stopped(&self, node: End, at: i64) -> bool {
        self.0
            .get(&node)
            .is_some_and(|stop| stop.is_whole && at >= stop.first.0 && at - stop.last <= TOGETHER)
    }
}
