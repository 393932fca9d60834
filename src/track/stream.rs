//! Where in its stream a segment stands: whether a message is known to begin there.

use core::cell::Cell;

use super::transactions::{Queue, Sight};
use crate::epan::memory::FileRef;
use crate::epan::register::Protocol;
use crate::epan::{Packet, Segment, Side};
use crate::protocols::AEROSPIKE;

/// Where the bytes of a segment stand in their direction of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// A message begins here: the SYN or a resynchronised header was seen and no gap since.
    Known = 0,
    /// Joined in the middle, or after a gap: a message may begin here.
    Unknown = 1,
    /// Sent again: these bytes were seen before.
    Repeated = 2,
    /// Behind a header at which the server closes the connection: nothing here is interpreted.
    Refused = 3,
}

impl Place {
    /// Back from the mark that a call carries.
    #[must_use]
    pub const fn from_mark(mark: u8) -> Self {
        match mark {
            1 => Self::Unknown,
            2 => Self::Repeated,
            3 => Self::Refused,
            _ => Self::Known,
        }
    }
}

/// One direction of a connection.
#[derive(Default)]
struct Flow {
    /// Sequence number at which the next message begins.
    next: Cell<u32>,
    /// Sequence number behind the last byte seen.
    seen: Cell<u32>,
    started: Cell<bool>,
    /// As `started`, inside TLS too, where there are no sequence numbers.
    opened: Cell<bool>,
    known: Cell<bool>,
    refused: Cell<bool>,
}

/// Both directions of a connection.
#[derive(Default)]
pub struct Stream {
    flows: [Flow; 2],
    /// Which direction the client sends in: 0, 1, or 2 while nobody knows.
    client: Cell<u8>,
    client_is_set: Cell<bool>,
    /// The server's port is known to be an admin port (8.1 and later).
    pub is_admin: Cell<bool>,
    /// Requests and answers.
    pub queue: Queue,
}

/// Is `a` before `b` in TCP's circle of sequence numbers?
#[must_use]
pub const fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

impl Stream {
    /// Which side sent `segment`; asked of `guess` (is it a request?) where neither handshake nor ports tell.
    pub fn side(&self, segment: &Segment<'_>, guess: impl FnOnce() -> Option<bool>) -> Side {
        if segment.side != Side::Unknown {
            return segment.side;
        }
        if !self.client_is_set.get() {
            let Some(request) = guess() else {
                return Side::Unknown;
            };
            let direction = u8::from(segment.direction != 0);
            self.client.set(if request { direction } else { 1 - direction });
            self.client_is_set.set(true);
        }
        if usize::from(self.client.get()) == segment.direction {
            Side::Client
        } else {
            Side::Server
        }
    }

    /// Where `segment` stands, from its sequence number alone; on later passes what the first one found.
    pub fn place(&self, packet: Packet<'_>, protocol: &Protocol, segment: &Segment<'_>) -> Place {
        let Some(sequence) = segment.sequence else {
            return self.place_in_tls(packet, protocol, segment);
        };
        if packet.is_visited() {
            return packet
                .remembered::<Remembered>(protocol, sequence)
                .map_or(Place::Known, |place| place.0);
        }
        let place = self.judge(sequence, segment);
        let flow = self.flow(segment);
        if place == Place::Unknown && flow.started.get() && before(flow.seen.get(), sequence) {
            self.queue.lose(packet);
        }
        if place != Place::Known {
            packet.remember(protocol, sequence, Remembered(place));
        }
        place
    }

    /// TLS hands over records in order, and none without the handshake: the first one begins the stream.
    fn place_in_tls(&self, packet: Packet<'_>, protocol: &Protocol, segment: &Segment<'_>) -> Place {
        // A frame can hold several records.
        let key = packet.state().messages.get() | 1 << 31;
        if packet.is_visited() {
            return packet
                .remembered::<Remembered>(protocol, key)
                .map_or(Place::Known, |place| place.0);
        }
        let flow = self.flow(segment);
        let place = if flow.refused.get() {
            Place::Refused
        } else if flow.known.get() || !flow.opened.get() {
            Place::Known
        } else {
            Place::Unknown
        };
        if place != Place::Known {
            packet.remember(protocol, key, Remembered(place));
        }
        place
    }

    fn judge(&self, sequence: u32, segment: &Segment<'_>) -> Place {
        let flow = self.flow(segment);
        if flow.refused.get() {
            return Place::Refused;
        }
        if segment.is_first && !flow.started.get() {
            return Place::Known;
        }
        if !flow.started.get() {
            return Place::Unknown;
        }
        let next = flow.next.get();
        if sequence == next && flow.known.get() {
            Place::Known
        } else if before(sequence, flow.seen.get()) && before(sequence, next) {
            Place::Repeated
        } else {
            Place::Unknown
        }
    }

    /// Notes what became of a segment: `used` bytes were whole messages (more than there are where the last one
    /// is not whole), `length` are there, and a message is known to begin behind them or not.
    pub fn advance(
        &self,
        packet: Packet<'_>,
        segment: &Segment<'_>,
        used: usize,
        length: usize,
        known: bool,
    ) {
        if packet.is_visited() {
            return;
        }
        let flow = self.flow(segment);
        flow.known.set(known);
        flow.opened.set(true);
        let Some(sequence) = segment.sequence else { return };
        let offset = |count: usize| sequence.wrapping_add(u32::try_from(count).unwrap_or(u32::MAX));
        let (next, seen) = (offset(used), offset(length));
        if !flow.started.get() || before(flow.next.get(), next) {
            flow.next.set(next);
        }
        if !flow.started.get() || before(flow.seen.get(), seen) {
            flow.seen.set(seen);
        }
        flow.started.set(true);
    }

    /// The server refuses what stands here: nothing of this direction is interpreted any more.
    pub fn refuse(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        if !packet.is_visited() {
            self.flow(segment).refused.set(true);
        }
    }

    /// A message of the other side: the connection lives, so what was refused may be found again.
    pub fn answered(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        if !packet.is_visited() {
            self.flows[1 - segment.direction].refused.set(false);
        }
    }

    /// What the sender of `segment` had received, against what the capture holds of that.
    #[must_use]
    pub fn sight(&self, segment: &Segment<'_>) -> Sight {
        let other = &self.flows[1 - segment.direction];
        Sight {
            acknowledged: segment.acknowledged,
            seen: other.started.get().then(|| other.seen.get()),
        }
    }

    /// Whether the capture holds anything of the direction opposite to `direction`.
    #[must_use]
    pub fn has_answers(&self, direction: usize) -> bool {
        self.flows
            .get(1 - direction.min(1))
            .is_some_and(|flow| flow.started.get())
    }

    /// Whether the sender in `direction` has received more than the capture holds; its end (FIN) counts as one.
    #[must_use]
    pub fn misses(&self, direction: usize, received: u32) -> bool {
        let other = &self.flows[1 - direction.min(1)];
        other.started.get() && before(other.seen.get().wrapping_add(1), received)
    }

    fn flow(&self, segment: &Segment<'_>) -> &Flow {
        &self.flows[segment.direction]
    }
}

/// What the first pass found of a segment that does not stand at a known position.
struct Remembered(Place);

/// The stream of `segment`'s connection, for the client protocol.
#[must_use]
pub fn of<'p>(segment: &Segment<'p>) -> Option<&'p Stream> {
    segment
        .conversation
        .map(|conversation| conversation.state(&AEROSPIKE))
}

/// The same, to be kept in what else is remembered.
#[must_use]
pub fn reference(segment: &Segment<'_>) -> Option<FileRef<Stream>> {
    segment
        .conversation
        .map(|conversation| conversation.state_ref(&AEROSPIKE))
}
