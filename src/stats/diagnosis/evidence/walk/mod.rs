//! One walk through the segments of a connection: what was sent, acknowledged, sent again and never seen, and which
//! bytes of the server answer which request of the client.
//!
//! A connection is answered strictly in order. A client that does not send its next request before it has the answer is
//! followed by TCP's acknowledgements alone, so that a hole in the capture hides one request, not all that follow.

mod reading;
mod sequence;

use std::collections::VecDeque;

use super::connection::{self, Connection, SideFacts};
use super::order::distance;
use super::request::Request;
use crate::epan::taps::tcp_tap::{ACK, FIN, RST, SYN};
use crate::stats::diagnosis::log::{self, LoggedSegment};
use crate::stats::shared::endpoint::MS;

/// Nobody waits so short a time for a segment before sending it again.
pub const SOON: i64 = 3 * MS;
/// TCP's timeout is 200 ms and more; what it sends again sooner is a probe.
pub const PROBE: i64 = 150 * MS;

/// Bytes that were sent and not acknowledged.
#[derive(Clone, Copy)]
struct Sent {
    end: u32,
    time: i64,
    frame: u32,
    is_handshake: bool,
    /// Its place among what was sent again.
    resent: Option<usize>,
}

/// Bytes that were not seen.
#[derive(Clone, Copy)]
struct Hole {
    from: u32,
    to: u32,
    time: i64,
    /// The receiver acknowledged them: they arrived.
    is_acknowledged: bool,
}

/// One direction: of the client (0) or of the server (1).
#[derive(Default)]
struct Direction {
    next: Option<u32>,
    acked: Option<u32>,
    pending: VecDeque<Sent>,
    holes: Vec<Hole>,
    /// Its window is smaller than a segment since then.
    closed_since: Option<(i64, u32)>,
}

/// The walk.
pub struct Walk<'l> {
    log: &'l log::LoggedConnection,
    client: u8,
    number: u32,
    facts: Connection,
    requests: Vec<Request>,
    directions: [Direction; 2],
    /// The first bytes of what the client is sending: time, sequence number.
    turn: Option<(i64, u32)>,
    /// The oldest request that may get an answer.
    head: usize,
    /// The oldest request that the server has not acknowledged.
    unacked: usize,
    /// Whole answers that the client has not acknowledged: request, sequence number behind them.
    undelivered: VecDeque<(usize, u32)>,
    /// An acknowledgement counted a FIN of the server that was not seen.
    fin_guess: Option<i64>,
    stride: u32,
    trips: u32,
    /// When the server acknowledged all that there was of a request that was not complete.
    partly: Option<i64>,
}

impl<'l> Walk<'l> {
    /// For a connection whose client sends on side `client`.
    #[must_use]
    pub fn new(log: &'l log::LoggedConnection, client: u8, number: u32, facts: Connection) -> Self {
        Self {
            log,
            client,
            number,
            facts,
            requests: Vec::new(),
            directions: Default::default(),
            turn: None,
            head: 0,
            unacked: 0,
            undelivered: VecDeque::new(),
            fin_guess: None,
            stride: 1,
            trips: 0,
            partly: None,
        }
    }

    /// Walks through all segments.
    #[must_use]
    pub fn walk(mut self, segments: &[LoggedSegment]) -> (Connection, Vec<Request>) {
        for segment in segments {
            self.segment(segment);
        }
        self.finish(segments);
        (self.facts, self.requests)
    }

    fn side(&mut self, role: usize) -> &mut SideFacts {
        if role == 0 {
            &mut self.facts.of_client
        } else {
            &mut self.facts.of_server
        }
    }

    fn segment(&mut self, segment: &LoggedSegment) {
        let role = usize::from(segment.side != self.client);
        let at = (segment.time, segment.frame);
        let is_bare = segment.length == 0;
        let side = self.side(role);
        if side.packets == 0 {
            side.first = segment.time;
        }
        side.packets += 1;
        side.last = segment.time;
        side.with_data += u32::from(!is_bare);
        side.bare += u32::from(is_bare);
        side.largest = side.largest.max(segment.length);
        if segment.has(RST) {
            let is_first = side.rst.is_none();
            side.rst = side.rst.or(Some(at));
            let (no_fin, most) = (side.fin.is_none(), side.most_window.max(0xffff));
            if role == 1 && self.refuses(segment) {
                let handshake = &mut self.facts.handshake;
                handshake.refused = handshake.refused.or(Some(at));
            }
            // It stands behind bytes that were not seen; what is farther than a window is no RST of this connection.
            let ahead = self.directions[role].next.map(|next| distance(segment.seq, next));
            let ahead = ahead.and_then(|ahead| u32::try_from(ahead).ok());
            if let Some(ahead) = ahead.filter(|ahead| no_fin && (1..=most).contains(ahead)) {
                self.miss(role, ahead, segment.time);
            }
            if is_first {
                self.close(role, segment.time);
            }
            return;
        }
        self.handshake(segment, role);
        if segment.has(ACK) {
            self.acknowledge(segment, 1 - role);
        }
        if !is_bare || segment.has(SYN | FIN) {
            self.data(segment, role);
        }
        self.window(segment, role);
        if segment.has(FIN) {
            let side = self.side(role);
            let is_first = side.fin.is_none();
            side.fin = side.fin.or(Some(at));
            if is_first {
                self.close(role, segment.time);
            }
        }
    }

    /// Whether a RST of the server is its answer to the SYN: nothing came before it, and it acknowledges that alone.
    fn refuses(&self, segment: &LoggedSegment) -> bool {
        let handshake = &self.facts.handshake;
        handshake.answered.is_none()
            && !handshake.syns.is_empty()
            && self.directions[1].next.is_none()
            && (!segment.has(ACK) || self.directions[0].next == Some(segment.ack))
    }

    fn handshake(&mut self, segment: &LoggedSegment, role: usize) {
        let handshake = &mut self.facts.handshake;
        if segment.has(SYN) && role == 0 && !segment.has(ACK) {
            handshake.syns.push((segment.time, segment.frame));
        } else if segment.has(SYN) && role == 1 {
            handshake.answered = handshake.answered.or(Some(segment.time));
            handshake.answers += 1;
        } else if role == 0 && handshake.answered.is_some() {
            handshake.done = handshake.done.or(Some(segment.time));
        }
    }

    /// Whether the receiver lets its buffer run full while the other has something to send.
    fn window(&mut self, segment: &LoggedSegment, role: usize) {
        let knows_scale = !self.facts.handshake.syns.is_empty() && self.facts.handshake.answered.is_some();
        let side = self.side(role);
        side.most_window = side.most_window.max(segment.window);
        // Small for a connection that can do better, or for any message at all.
        let is_small =
            segment.window < 1000 && (segment.window < side.most_window / 4 || segment.window <= 64);
        let is_closed = segment.window == 0 || knows_scale && is_small;
        let is_waiting = if role == 0 {
            self.requests
                .get(self.head)
                .is_some_and(|request| !request.is_complete && request.given_up.is_none())
        } else {
            self.turn.is_some()
        };
        let at = (segment.time, segment.frame);
        let since = self.directions[role].closed_since;
        if let Some((begun, _)) = since {
            if !is_closed || !is_waiting {
                self.side(role).closed_window += segment.time - begun;
                self.directions[role].closed_since = None;
            }
        } else if is_closed && is_waiting && !segment.has(SYN | FIN | RST) && segment.has(ACK) {
            self.directions[role].closed_since = Some(at);
            let side = self.side(role);
            side.closed_window_at = side.closed_window_at.or(Some(at));
            side.least_window = segment.window;
        }
    }

    fn finish(&mut self, segments: &[LoggedSegment]) {
        if let (Some(first), Some(last)) = (segments.first(), segments.last()) {
            (self.facts.first, self.facts.last, self.facts.frame) = (first.time, last.time, first.frame);
        }
        for role in 0..2 {
            if let Some((since, _)) = self.directions[role].closed_since {
                let last = self.facts.last;
                self.side(role).closed_window += last - since;
            }
        }
        let facts = &mut self.facts;
        facts.is_joined = facts.handshake.syns.is_empty();
        let (client, server) = (facts.of_client.packets, facts.of_server.packets);
        let other = if client == 0 {
            facts.of_server
        } else {
            facts.of_client
        };
        // A lone SYN or RST has no other direction.
        facts.is_one_way = client == 0 || server == 0 && other.with_data > 0;
        if client == 0 {
            facts.of_client.missing = 0;
        }
        if server == 0 {
            facts.of_server.missing = 0;
        }
        facts.is_data_only = facts.of_client.bare + facts.of_server.bare == 0;
        if let Some((begun, start)) = self.turn {
            if let (Some(last), Some(next)) = (segments.last(), self.directions[0].next) {
                let mut request = self.blank(last, begun, start, next);
                request.sent = begun;
                request.acknowledged = self.directions[0]
                    .acked
                    .filter(|acked| distance(*acked, next) >= 0)
                    .map(|_| last.time);
                let facts = &self.facts;
                let client = connection::first(facts.of_client.fin, facts.of_client.rst);
                let server = connection::first(facts.of_server.fin, facts.of_server.rst);
                match (client.map(|one| one.0), server.map(|one| one.0)) {
                    (Some(client), server) if server.is_none_or(|server| client <= server) => {
                        request.given_up = Some(client);
                    }
                    (_, server) => request.dropped = server,
                }
                self.push(request);
            }
        }
        let is_over = self.facts.closed_at().is_some();
        for request in self.requests.iter_mut().filter(|request| !request.is_complete) {
            if request.first.is_some() && request.given_up.is_none() && request.dropped.is_none() {
                let is_stream = request.is_batch() || request.is_query();
                request.is_complete = !is_stream && !request.is_hidden && is_over;
            }
            request.is_open = !request.is_complete
                && request.given_up.is_none()
                && request.dropped.is_none()
                && !request.is_hidden;
        }
    }
}
