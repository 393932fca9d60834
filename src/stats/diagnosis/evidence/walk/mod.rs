//! One walk through the segments of a connection: what was sent, acknowledged, sent again and never seen, and which
//! bytes of the server answer which request of the client.
//!
//! A connection is answered strictly in order. A client that does not send its next request before it has the answer is
//! followed by TCP's acknowledgements alone, so that a hole in the capture hides one request, not all that follow.
//!
//! Longer than 500 lines: one walk over the packets, which fills all of the evidence.

mod reading;

use std::collections::VecDeque;

use super::connection::{self, Connection, Resent, RoundTrip, SideFacts};
use super::order::distance;
use super::request::Request;
use crate::stats::diagnosis::endpoint::MS;
use crate::stats::diagnosis::log::{self, ACK, FIN, LoggedSegment, RST, SYN};

/// Round trips that are kept of a connection; then every second one goes.
const TRIPS: usize = 512;
/// Nobody waits so short a time for a segment before sending it again.
pub const SOON: i64 = 3 * MS;
/// TCP's timeout is 200 ms and more; what it sends again sooner is a probe.
pub const PROBE: i64 = 150 * MS;
/// The longest time for which an acknowledgement is held back (Linux).
const HELD_BACK: i64 = 200 * MS;

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

    /// What `segment` acknowledges of the direction `of`.
    fn acknowledge(&mut self, segment: &LoggedSegment, of: usize) {
        let ack = segment.ack;
        let direction = &mut self.directions[of];
        if direction.acked.is_none_or(|acked| distance(ack, acked) > 0) {
            direction.acked = Some(ack);
        }
        match direction.next {
            None => direction.next = Some(ack),
            Some(next) if distance(ack, next) > 0 => {
                let missing = ack.wrapping_sub(next);
                direction.next = Some(ack);
                direction.holes.push(Hole {
                    from: next,
                    to: ack,
                    time: segment.time,
                    is_acknowledged: true,
                });
                let is_fin = missing == 1 && self.side(of).fin.is_none();
                if is_fin && of == 1 {
                    self.fin_guess = self.fin_guess.or(Some(segment.time));
                } else if is_fin {
                    // It was not captured, nor what it acknowledged: whether the answer was there is not known.
                    let from = self.head.min(self.requests.len());
                    for request in self.requests.iter_mut().skip(from).filter(|one| !one.is_complete) {
                        request.is_hidden = true;
                    }
                    self.side(0).fin = Some((segment.time, segment.frame));
                    self.close(0, segment.time);
                } else {
                    self.miss(of, missing, segment.time);
                }
            }
            Some(_) => {}
        }
        while let Some(sent) = self.directions[of].pending.front().copied() {
            if distance(ack, sent.end) < 0 {
                break;
            }
            self.directions[of].pending.pop_front();
            match sent.resent.and_then(|index| self.facts.resent.get_mut(index)) {
                Some(resent) => resent.acknowledged = Some(segment.time),
                None => self.trip(RoundTrip {
                    sent: sent.time,
                    time: segment.time - sent.time,
                    by_client: of == 0,
                    is_handshake: sent.is_handshake,
                    is_bare: segment.length == 0,
                }),
            }
        }
        if segment.twice != 0 {
            let by_client = of == 0;
            // Where it is the first to acknowledge them, what acknowledged the first ones was lost; sooner than an
            // acknowledgement that was held back comes over this path, the sender only was impatient.
            let late = |resent: &&mut Resent| {
                let held = HELD_BACK + (segment.time - resent.again);
                let is_probe = resent.sent.is_none_or(|sent| resent.again - sent < held);
                resent.by_client == by_client
                    && !resent.is_spurious
                    && resent.end == segment.twice
                    && resent
                        .acknowledged
                        .is_some_and(|at| at < segment.time || is_probe)
            };
            if let Some(resent) = self.facts.resent.iter_mut().rev().take(256).find(late) {
                resent.is_spurious = true;
            }
        }
        if of == 0 {
            if self.turn.is_some() && self.directions[0].next == Some(ack) && segment.length == 0 {
                self.partly = Some(segment.time);
            }
            while let Some(request) = self
                .requests
                .get_mut(self.unacked)
                .filter(|request| distance(ack, request.end) >= 0)
            {
                request.acknowledged = Some(segment.time);
                self.unacked += 1;
            }
        } else {
            while let Some((index, _)) = self
                .undelivered
                .front()
                .copied()
                .filter(|(_, end)| distance(ack, *end) >= 0)
            {
                self.undelivered.pop_front();
                if let Some(request) = self.requests.get_mut(index) {
                    request.delivered = Some(segment.time);
                }
            }
        }
    }

    fn trip(&mut self, trip: RoundTrip) {
        self.trips = self.trips.wrapping_add(1);
        if !trip.is_handshake && self.trips % self.stride != 0 {
            return;
        }
        if self.facts.trips.len() >= TRIPS {
            let mut keep = false;
            self.facts.trips.retain(|trip| {
                keep = !keep;
                keep || trip.is_handshake
            });
            self.stride *= 2;
        }
        self.facts.trips.push(trip);
    }

    /// Bytes of a direction were not seen.
    fn miss(&mut self, role: usize, bytes: u32, time: i64) {
        let side = self.side(role);
        side.missing = side.missing.saturating_add(bytes);
        side.missing_at = side.missing_at.or(Some(time));
        for request in self
            .requests
            .iter_mut()
            .skip(self.head)
            .filter(|one| !one.is_complete)
        {
            request.is_hidden = true;
        }
        if role == 0 {
            self.turn = None;
        }
    }

    fn data(&mut self, segment: &LoggedSegment, role: usize) {
        let (start, end) = (segment.seq, segment.end());
        let direction = &mut self.directions[role];
        let Some(next) = direction.next else {
            direction.next = Some(start);
            return self.fresh(segment, role, start);
        };
        let ahead = distance(start, next);
        let is_fresh = distance(end, next) > 0;
        if ahead > 0 {
            direction.holes.push(Hole {
                from: next,
                to: start,
                time: segment.time,
                is_acknowledged: false,
            });
            self.miss(role, start.wrapping_sub(next), segment.time);
            return self.fresh(segment, role, start);
        }
        if is_fresh && ahead == 0 {
            return self.fresh(segment, role, start);
        }
        if !is_fresh && segment.length <= 1 && ahead == -1 && !segment.has(SYN | FIN) {
            // A probe that keeps the connection or a closed window alive.
            return;
        }
        self.again(segment, role);
        if is_fresh {
            self.fresh(segment, role, next);
        }
    }

    /// Bytes that stand where others stood before.
    fn again(&mut self, segment: &LoggedSegment, role: usize) {
        let (start, end) = (segment.seq, segment.end());
        let fills = |hole: &Hole| distance(start, hole.from) >= 0 && distance(hole.to, start) > 0;
        let direction = &mut self.directions[role];
        let hole = direction.holes.iter().rposition(fills);
        let hole = hole.map(|at| direction.holes.swap_remove(at));
        let mut is_unseen = false;
        if let Some(hole) = hole {
            let filled = if distance(end, hole.to) > 0 { hole.to } else { end };
            if distance(hole.to, filled) > 0 {
                direction.holes.push(Hole { from: filled, ..hole });
            }
            let side = self.side(role);
            side.missing = side.missing.saturating_sub(filled.wrapping_sub(start));
            if segment.length > 0 {
                self.read(segment, role, start);
            }
            if hole.is_acknowledged || segment.time - hole.time < SOON {
                return;
            }
            is_unseen = true;
        }
        if segment.has(FIN) && segment.length == 0 && self.facts.closed_at().is_some() && is_unseen {
            return;
        }
        let index = self.facts.resent.len();
        let original = self.directions[role]
            .pending
            .iter_mut()
            .find(|sent| distance(sent.end, start) > 0);
        let sent = original.map(|original| {
            original.resent = Some(index);
            (original.time, original.frame)
        });
        let seen = sent.filter(|_| !is_unseen);
        let by_client = role == 0;
        // Not yet acknowledged: TCP asks for it.
        if by_client {
            for request in self
                .requests
                .iter_mut()
                .rev()
                .take(8)
                .filter(|request| distance(request.end, start) > 0 && distance(end, request.start) > 0)
            {
                if request.acknowledged.is_none() {
                    request.resent += 1;
                    request.resent_at = request.resent_at.or(Some(segment.time));
                }
            }
        }
        self.facts.resent.push(Resent {
            sent: seen.map(|seen| seen.0),
            sent_frame: seen.map_or(segment.frame, |seen| seen.1),
            again: segment.time,
            by_client,
            end,
            length: segment.length,
            acknowledged: (sent.is_none() && !is_unseen).then_some(segment.time),
            is_spurious: false,
            is_unseen,
        });
    }

    /// Bytes that are new, from `start` on.
    fn fresh(&mut self, segment: &LoggedSegment, role: usize, start: u32) {
        let end = segment.end();
        self.directions[role].next = Some(end);
        self.directions[role].pending.push_back(Sent {
            end,
            time: segment.time,
            frame: segment.frame,
            is_handshake: segment.has(SYN),
            resent: None,
        });
        if self.directions[role].pending.len() > 4096 {
            self.directions[role].pending.pop_front();
        }
        let side = self.side(role);
        side.bytes += u64::from(segment.length);
        if segment.length > 0 {
            self.read(segment, role, start);
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
