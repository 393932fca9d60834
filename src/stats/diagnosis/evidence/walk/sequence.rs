//! What of a direction's bytes was sent, acknowledged, sent again and never seen: the walk by sequence numbers.

use super::super::connection::{Resent, RoundTrip};
use super::super::order::distance;
use super::{Hole, SOON, Sent, Walk};
use crate::epan::taps::tcp_tap::{FIN, SYN};
use crate::stats::diagnosis::log::LoggedSegment;
use crate::stats::shared::endpoint::MS;

/// Round trips that are kept of a connection; then every second one goes.
const TRIPS: usize = 512;
/// The longest time for which an acknowledgement is held back (Linux).
const HELD_BACK: i64 = 200 * MS;

impl Walk<'_> {
    /// What `segment` acknowledges of the direction `of`.
    pub(super) fn acknowledge(&mut self, segment: &LoggedSegment, of: usize) {
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
    pub(super) fn miss(&mut self, role: usize, bytes: u32, time: i64) {
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

    pub(super) fn data(&mut self, segment: &LoggedSegment, role: usize) {
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
}
