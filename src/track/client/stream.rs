//! What is remembered of a connection of the client protocol.

use core::cell::Cell;
use core::ffi::CStr;

use super::queue::Queue;
use crate::epan::fields::protocol::Protocol;
use crate::epan::memory::file::FileRef;
use crate::epan::packet::{Conversation, Hidden};
use crate::epan::{Packet, Passed, Segment, Side};
use crate::protocols::AEROSPIKE;
use crate::track::ground::budget;
use crate::track::ground::copies::{self, Noted};
use crate::track::ground::map::FileMap;
use crate::track::ground::position::{AckState, Partial, PositionTracker};
use crate::track::ground::position::{StreamPosition, before};
use crate::wire::client::proto::guess::GuessedProtocol;

/// Both directions of a connection.
#[derive(Default)]
pub struct Stream {
    tracker: PositionTracker,
    /// Which direction the client sends in: 0 or 1, once that is known.
    client: Cell<u8>,
    /// The frame and the messages before it there at which it became known; 0: not yet.
    client_since: Cell<(u32, u32)>,
    /// The server's port is known to be an admin port (8.1 and later).
    pub is_admin: Cell<bool>,
    /// Requests and answers.
    pub queue: Queue,
    /// TCP_COMPLETENESS bits so far.
    completeness: Cell<u8>,
    /// The first FIN and the first RST.
    closings: [Cell<Option<Closing>>; 2],
    /// The dissector of the protocol that the first bytes of one side look like, and which direction they went.
    other: Cell<Option<(&'static CStr, usize)>>,
    /// What the bytes of each direction look like that are no messages.
    guesses: [Cell<Option<GuessedProtocol>>; 2],
    /// Both sides speak it.
    speaks_other: Cell<bool>,
    /// The first frame with data.
    first: Cell<u32>,
    /// What passed of each direction.
    heard: [Cell<Heard>; 2],
    /// Frames with bytes that were missing before a later frame, by direction and the number behind them.
    late: FileMap<(u8, u32), u32>,
    /// The last segment with data.
    last: Cell<Last>,
    /// How long the first part of a message waited to be acknowledged, and when it was.
    held: Cell<Option<(i64, i64)>>,
}

/// The end of a connection, as one side said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// When, nanoseconds since 1970.
    pub at: i64,
    /// The frame.
    pub frame: u32,
    /// Which direction it went: 0 or 1.
    pub direction: usize,
    /// An RST, not a FIN.
    pub is_reset: bool,
}

/// A segment with data.
#[derive(Clone, Copy, Default)]
struct Last {
    range: (u32, u32),
    direction: usize,
    at: i64,
}

/// How far the segments of a direction have come.
#[derive(Clone, Copy, Default)]
struct Heard {
    /// The sequence number behind the furthest.
    furthest: Option<u32>,
    /// The last hole before it.
    hole: Option<(u32, u32)>,
    /// The last segment, for those that may be copies.
    last: Noted,
}

impl Heard {
    /// Whether bytes up to `end` have not come before.
    fn ends_before(&self, end: u32) -> bool {
        self.furthest.is_none_or(|furthest| before(furthest, end))
    }
}

/// What is particular about a frame that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Nothing.
    Plain,
    /// It is a copy of one before.
    Copy,
    /// It has new bytes, and TCP hands them to nobody.
    Hidden(Hidden),
}

/// TCP_COMPLETENESS bits.
const FIN: u8 = 16;
const RST: u8 = 32;

impl Stream {
    /// Which side sent `segment`; asked of `guess` (is it a request?) where neither handshake nor ports tell.
    pub fn side(
        &self,
        packet: Packet<'_>,
        segment: &Segment<'_>,
        guess: impl FnOnce() -> Option<bool>,
    ) -> Side {
        if segment.side != Side::Unknown {
            return segment.side;
        }
        let (at, since) = (
            (packet.frame(), packet.state().messages.get()),
            self.client_since.get(),
        );
        if since.0 == 0 || at < since {
            let Some(request) = guess().filter(|_| since.0 == 0 && !packet.is_visited()) else {
                return Side::Unknown;
            };
            let direction = u8::from(segment.direction != 0);
            self.client.set(if request { direction } else { 1 - direction });
            self.client_since.set(at);
        }
        if usize::from(self.client.get()) == segment.direction {
            Side::Client
        } else {
            Side::Server
        }
    }

    /// Whether the packet's frame is the first with data.
    #[must_use]
    pub fn begins_in(&self, packet: Packet<'_>) -> bool {
        self.first.get() == packet.frame()
    }

    /// Where `segment` stands; after a gap the queue knows of it.
    pub fn locate(&self, packet: Packet<'_>, protocol: &Protocol, segment: &Segment<'_>) -> StreamPosition {
        if self.first.get() == 0 && !packet.is_visited() {
            self.first.set(packet.frame());
        }
        if segment.side != Side::Unknown && self.client_since.get().0 == 0 && !packet.is_visited() {
            let is_client = segment.side == Side::Client;
            self.client.set(u8::from((segment.direction != 0) == is_client));
            self.client_since.set((packet.frame(), 0));
            self.completeness.set(segment.completeness & !(FIN | RST));
        }
        let (position, gap) = self.tracker.locate(packet, protocol, segment);
        if gap {
            self.queue.lose(packet, segment.side != Side::Server);
        }
        position
    }

    /// Where in its stream a segment stands.
    #[must_use]
    pub const fn tracker(&self) -> &PositionTracker {
        &self.tracker
    }

    /// The message of `direction` that is not whole yet.
    #[must_use]
    pub fn partial(&self, direction: usize) -> Option<Partial> {
        self.tracker.partial(direction)
    }

    /// Sequence number behind the last byte seen of `direction`, or where it begins.
    #[must_use]
    pub fn end_of(&self, direction: usize) -> Option<u32> {
        self.tracker.end_of(direction)
    }

    /// A frame of the connection has passed TCP.
    pub fn on_frame(&self, packet: Packet<'_>, passed: &Passed<'_>) -> Passage {
        if packet.is_visited() {
            return match packet.is_copy(&AEROSPIKE) {
                true => Passage::Copy,
                false => packet
                    .hidden_bytes(&AEROSPIKE)
                    .map_or(Passage::Plain, Passage::Hidden),
            };
        }
        let fresh = passed.completeness & !self.completeness.replace(passed.completeness);
        for (bit, closing) in [(FIN, &self.closings[0]), (RST, &self.closings[1])] {
            if fresh & bit != 0 {
                closing.set(Some(Closing {
                    at: passed.time,
                    frame: packet.frame(),
                    direction: passed.direction,
                    is_reset: bit == RST,
                }));
            }
        }
        let Some(range) = passed.range else {
            self.note_acknowledgement(passed);
            return Passage::Plain;
        };
        self.last.set(Last {
            range,
            direction: passed.direction,
            at: passed.time,
        });
        let is_copy = self.is_copy(packet, passed, range);
        if let Some((name, _)) = self.other.get().filter(|(_, by)| *by != passed.direction) {
            self.speaks_other
                .set(self.speaks_other.get() || packet.has_layer(name));
        }
        if is_copy {
            packet.mark_copy(&AEROSPIKE);
            return Passage::Copy;
        }
        let is_new = self.hear(packet, passed, range);
        if passed.is_again && self.is_from_client(passed.direction) {
            self.queue.sent_again(packet.file(), range, passed.time);
        }
        // Where a message is not whole yet, TCP puts the bytes into it.
        let was_called = packet.state().messages.get() > 0 || self.partial(passed.direction).is_some();
        if passed.is_hidden && is_new && !was_called {
            let hidden = Hidden {
                length: range.1.wrapping_sub(range.0),
                is_late: passed.is_overtaken,
            };
            packet.mark_hidden(&AEROSPIKE, hidden);
            return Passage::Hidden(hidden);
        }
        Passage::Plain
    }

    /// Whether a segment with data came a moment before; notes it.
    fn is_copy(&self, packet: Packet<'_>, passed: &Passed<'_>, range: (u32, u32)) -> bool {
        let Some(heard) = self.heard.get(passed.direction) else {
            return false;
        };
        let (before, now) = (heard.get(), passed.time);
        // What reaches further than all before it is no copy of any.
        let is_copy = !before.ends_before(range.1) && {
            let within = copies::within(packet.round_trip(), false);
            copies::find(packet, before.last, range, now, within).is_some_and(|at| at <= now)
        };
        let last = copies::note(packet, before.last, range, now);
        heard.set(Heard { last, ..before });
        is_copy
    }

    /// A segment with data, no copy: whether any of it was not there before.
    fn hear(&self, packet: Packet<'_>, passed: &Passed<'_>, (start, end): (u32, u32)) -> bool {
        let Some(heard) = self.heard.get(passed.direction) else {
            return false;
        };
        let heard_before = heard.get();
        let Heard {
            furthest, mut hole, ..
        } = heard_before;
        let is_beyond = heard_before.ends_before(end);
        let filled = hole.filter(|(from, to)| before(start, *to) && before(*from, end));
        if let Some((_, to)) = filled {
            let behind = if before(to, end) { to } else { end };
            let key = (u8::from(passed.direction != 0), behind);
            if budget::keep(packet, 48) {
                self.late.insert(packet.file(), key, packet.frame());
            }
        }
        if let Some(furthest) = furthest.filter(|furthest| before(*furthest, start)) {
            hole = Some((furthest, start));
        }
        heard.set(Heard {
            furthest: if is_beyond { Some(end) } else { furthest },
            hole,
            ..heard_before
        });
        is_beyond || filled.is_some()
    }

    /// On later passes: the frame with the bytes that are missing before `segment`, where it came late.
    #[must_use]
    pub fn comes_late(&self, packet: Packet<'_>, segment: &Segment<'_>) -> Option<u32> {
        let hole = self.tracker.hole(packet, &AEROSPIKE, segment)?;
        self.late.get(&(u8::from(segment.direction != 0), hole))
    }

    /// An acknowledgement without data of all that there is of a message that is not whole.
    fn note_acknowledgement(&self, passed: &Passed<'_>) {
        let last = self.last.get();
        let other = 1 - passed.direction.min(1);
        if last.direction == other && last.range.1 == passed.acknowledged && self.partial(other).is_some() {
            self.held
                .set(Some((passed.time.wrapping_sub(last.at), passed.time)));
        }
    }

    /// How long the rest of a message that is whole now was held back by its sender until its first part was
    /// acknowledged: Nagle's algorithm against a delayed ACK.
    pub fn take_delay(&self, packet: Packet<'_>) -> Option<i64> {
        /// No system delays an ACK for less.
        const LEAST: i64 = 20_000_000;
        if packet.is_visited() {
            return None;
        }
        let (waited, at) = self.held.take()?;
        let after = packet.nanoseconds().wrapping_sub(at);
        let round_trip = packet.round_trip().unwrap_or(0);
        (waited >= LEAST.max(round_trip.saturating_mul(2)) && (0..waited).contains(&after)).then_some(waited)
    }

    /// How the connection was closed first, by whom.
    #[must_use]
    pub fn closing(&self) -> Option<Closing> {
        let [fin, reset] = [&self.closings[0], &self.closings[1]].map(Cell::get);
        match (fin, reset) {
            (Some(fin), Some(reset)) if reset.frame < fin.frame => Some(reset),
            (fin, reset) => fin.or(reset),
        }
    }

    /// When the client closed the connection, if it did so first.
    #[must_use]
    pub fn closed_by_client(&self) -> Option<Closing> {
        self.closing()
            .filter(|closing| self.is_from_client(closing.direction))
    }

    /// Whether the client sends in `direction`.
    #[must_use]
    pub fn is_from_client(&self, direction: usize) -> bool {
        self.client_since.get().0 != 0 && usize::from(self.client.get()) == direction
    }

    /// Bytes at the place of a message look like another protocol, which is that of `dissector`.
    pub fn note_foreign(
        &self,
        packet: Packet<'_>,
        direction: usize,
        guess: GuessedProtocol,
        dissector: Option<&'static CStr>,
    ) {
        let (Some(own), false) = (self.guesses.get(direction), packet.is_visited()) else {
            return;
        };
        let other = &self.guesses[1 - direction.min(1)];
        if own.get().is_none() {
            own.set(guess.protocol());
        }
        if own.get().is_some() && own.get() == other.get() {
            self.speaks_other.set(true);
        }
        if let (None, Some(dissector)) = (self.other.get(), dissector) {
            self.other.set(Some((dissector, direction)));
        }
    }

    /// Whether both sides speak another protocol: the connection is none of ours.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.speaks_other.get()
    }

    /// The server refuses what stands here: nothing of this direction is interpreted any more.
    pub fn refuse(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        self.tracker.refuse(packet, segment);
    }

    /// A message of the other side: the connection lives, so what was refused may be found again.
    pub fn on_response(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        self.tracker.on_response(packet, segment);
    }

    /// What the sender of `segment` had received.
    #[must_use]
    pub fn ack_state(&self, segment: &Segment<'_>) -> AckState {
        AckState {
            acknowledged: segment.acknowledged,
            has_other: self.tracker.has_started(1 - segment.direction),
            origin: self.tracker.origin(1 - segment.direction),
            is_late: segment.is_late,
        }
    }

    /// Whether the capture holds anything of the direction opposite to `direction`.
    #[must_use]
    pub fn has_answers(&self, direction: usize) -> bool {
        self.tracker.has_started(1 - direction.min(1))
    }

    /// Whether the sender in `direction` has received more than the capture holds; its end (FIN) counts as one.
    #[must_use]
    pub fn misses(&self, direction: usize, received: u32) -> bool {
        let seen = self.tracker.end_of(1 - direction.min(1));
        // Of a direction without data the SYN and the end make 2.
        before(seen.map_or(2, |seen| seen.wrapping_add(1)), received)
    }
}

/// The stream of `segment`'s connection, for the client protocol.
#[must_use]
pub fn of<'p>(segment: &Segment<'p>) -> Option<&'p Stream> {
    segment
        .conversation
        .map(|conversation| conversation.state(&AEROSPIKE))
}

/// The same, to be kept in what else is remembered.
#[must_use]
pub fn reference(conversation: Conversation<'_>) -> FileRef<Stream> {
    conversation.state_ref(&AEROSPIKE)
}
