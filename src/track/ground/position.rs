//! Where in its stream a segment stands: whether a message is known to begin there. Client protocol, heartbeat
//! and fabric alike; each keeps one for its conversations.

use core::cell::Cell;

use crate::epan::fields::protocol::Protocol;
use crate::epan::{Packet, Segment};

/// Where the bytes of a segment stand in their direction of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StreamPosition {
    /// A message begins here: the SYN or a resynchronised header was seen and no gap since.
    Known = 0,
    /// Joined in the middle, or after a gap: a message may begin here.
    Unknown = 1,
    /// Sent again: these bytes were seen before.
    Repeated = 2,
    /// Behind a header at which the server closes the connection: nothing here is interpreted.
    Refused = 3,
    /// Quoted by an error message of the network, or inside another message of ours: shown, and nothing else.
    Aside = 4,
}

impl StreamPosition {
    /// Back from the mark that a call carries.
    #[must_use]
    pub const fn from_mark(mark: u8) -> Self {
        match mark {
            1 => Self::Unknown,
            2 => Self::Repeated,
            3 => Self::Refused,
            4 => Self::Aside,
            _ => Self::Known,
        }
    }

    /// New bytes: what they say may be remembered.
    #[must_use]
    pub const fn is_new(self) -> bool {
        matches!(self, Self::Known | Self::Unknown)
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
    /// Where what the capture can hold begins: behind the SYN, or what the other side had received when the capture
    /// met the connection.
    origin: Cell<Option<u32>>,
    /// As `started`, inside TLS too, where there are no sequence numbers.
    opened: Cell<bool>,
    known: Cell<bool>,
    refused: Cell<bool>,
    /// Behind the last hole, until a known position follows.
    hole: Cell<Option<u32>>,
    /// Inside TLS.
    is_in_tls: Cell<bool>,
    /// The message that is not whole yet.
    partial: Cell<Option<Partial>>,
}

/// A message of which TCP has handed over the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// TCP's sequence number of its first byte.
    pub start: u32,
    /// When that was captured, nanoseconds since 1970.
    pub began_at: i64,
    /// Its length as its header says, 0 where that is not whole.
    pub length: u64,
}

/// What the first pass found of a segment that does not stand at a known position, or stands there and is no header.
struct Remembered {
    position: StreamPosition,
    /// The sequence number behind the hole since which nobody knows where messages begin.
    hole: Option<u32>,
}

/// Both directions of a connection.
#[derive(Default)]
pub struct PositionTracker {
    flows: [Flow; 2],
}

/// Is `a` before `b` in TCP's circle of sequence numbers?
#[must_use]
pub const fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

impl PositionTracker {
    /// Where `segment` stands, from its sequence number alone, and whether bytes are missing before it; on later
    /// passes what the first one found.
    pub fn locate(
        &self,
        packet: Packet<'_>,
        protocol: &Protocol,
        segment: &Segment<'_>,
    ) -> (StreamPosition, bool) {
        if packet.is_aside() {
            return (StreamPosition::Aside, false);
        }
        let Some(sequence) = segment.sequence else {
            return (self.locate_in_tls(packet, protocol, segment), false);
        };
        if packet.is_visited() {
            let found = packet.recall::<Remembered>(protocol, sequence);
            return (found.map_or(StreamPosition::Known, |found| found.position), false);
        }
        self.begin(segment);
        let position = self.judge(sequence, segment);
        let gap = position == StreamPosition::Unknown
            && self
                .end_of(segment.direction)
                .is_some_and(|seen| before(seen, sequence));
        let flow = self.flow(segment);
        if gap {
            flow.hole.set(Some(sequence));
        }
        if position == StreamPosition::Known {
            flow.hole.set(None);
        } else {
            let hole = flow.hole.get();
            packet.remember(protocol, sequence, Remembered { position, hole });
        }
        (position, gap)
    }

    /// Whether bytes at a known position that are no header do stand there: the first pass notes it, and later ones believe
    /// no other. TCP of Wireshark 4.6 then hands over parts of segments that it had not handed over before.
    #[must_use]
    pub fn confirm_fault(&self, packet: Packet<'_>, protocol: &Protocol, segment: &Segment<'_>) -> bool {
        let Some(sequence) = segment.sequence else {
            return true;
        };
        if packet.is_visited() {
            return packet.recall::<Remembered>(protocol, sequence).is_some();
        }
        let position = StreamPosition::Known;
        packet.remember(protocol, sequence, Remembered { position, hole: None });
        true
    }

    /// On later passes: where the bytes behind the hole begin since which the place of `segment` is not known.
    #[must_use]
    pub fn hole(&self, packet: Packet<'_>, protocol: &Protocol, segment: &Segment<'_>) -> Option<u32> {
        let sequence = segment.sequence.filter(|_| packet.is_visited())?;
        packet.recall::<Remembered>(protocol, sequence)?.hole
    }

    /// TLS hands over records in order, and none without the handshake: the first one begins the stream.
    fn locate_in_tls(
        &self,
        packet: Packet<'_>,
        protocol: &Protocol,
        segment: &Segment<'_>,
    ) -> StreamPosition {
        // A frame can hold several records.
        let key = packet.state().messages.get() | 1 << 31;
        if packet.is_visited() {
            return packet
                .recall::<Remembered>(protocol, key)
                .map_or(StreamPosition::Known, |found| found.position);
        }
        let flow = self.flow(segment);
        if !flow.is_in_tls.replace(true) {
            // What was refused before was the handshake.
            flow.refused.set(false);
            flow.known.set(false);
            flow.opened.set(false);
        }
        let position = if flow.refused.get() {
            StreamPosition::Refused
        } else if flow.known.get() || !flow.opened.get() {
            StreamPosition::Known
        } else {
            StreamPosition::Unknown
        };
        if position != StreamPosition::Known {
            packet.remember(protocol, key, Remembered { position, hole: None });
        }
        position
    }

    /// Notes where both directions begin, as soon as that is known.
    fn begin(&self, segment: &Segment<'_>) {
        let (own, other) = (self.flow(segment), &self.flows[1 - segment.direction]);
        if own.origin.get().is_none() {
            own.origin.set(segment.begins[0]);
        }
        if other.origin.get().is_none() && !other.started.get() {
            let received = segment.acknowledged.filter(|_| !segment.is_late);
            other.origin.set(segment.begins[1].or(received));
        }
    }

    fn judge(&self, sequence: u32, segment: &Segment<'_>) -> StreamPosition {
        let flow = self.flow(segment);
        if flow.refused.get() {
            return StreamPosition::Refused;
        }
        if segment.is_first && !flow.started.get() {
            return StreamPosition::Known;
        }
        if !flow.started.get() {
            return StreamPosition::Unknown;
        }
        let next = flow.next.get();
        if sequence == next && flow.known.get() {
            StreamPosition::Known
        } else if before(sequence, flow.seen.get()) && before(sequence, next) {
            StreamPosition::Repeated
        } else {
            StreamPosition::Unknown
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
        self.flow(segment).partial.set(None);
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

    /// Notes that the message `used` bytes behind the begin of the segment is not whole; after [`PositionTracker::advance`].
    pub fn wait(
        &self,
        packet: Packet<'_>,
        segment: &Segment<'_>,
        used: usize,
        length: u64,
        before: Option<Partial>,
    ) {
        let (Some(sequence), false) = (segment.sequence, packet.is_visited()) else {
            return;
        };
        let start = sequence.wrapping_add(u32::try_from(used).unwrap_or(u32::MAX));
        let began_at = before
            .filter(|before| before.start == start)
            .map_or_else(|| packet.nanoseconds(), |before| before.began_at);
        self.flow(segment).partial.set(Some(Partial {
            start,
            began_at,
            length,
        }));
    }

    /// The message of `direction` that is not whole yet.
    #[must_use]
    pub fn partial(&self, direction: usize) -> Option<Partial> {
        self.flows.get(direction)?.partial.get()
    }

    /// The server refuses what stands here: nothing of this direction is interpreted any more.
    pub fn refuse(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        if !packet.is_visited() {
            self.flow(segment).refused.set(true);
        }
    }

    /// A message of the other side: the connection lives, so what was refused may be found again.
    pub fn on_response(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        if !packet.is_visited() {
            self.flows[1 - segment.direction].refused.set(false);
        }
    }

    /// Sequence number behind the last byte seen of `direction`, or where it begins.
    #[must_use]
    pub fn end_of(&self, direction: usize) -> Option<u32> {
        let flow = self.flows.get(direction)?;
        if flow.started.get() {
            Some(flow.seen.get())
        } else {
            flow.origin.get()
        }
    }

    /// Where what the capture can hold of `direction` begins.
    #[must_use]
    pub fn origin(&self, direction: usize) -> Option<u32> {
        self.flows.get(direction)?.origin.get()
    }

    /// Whether the capture holds any byte of `direction`.
    #[must_use]
    pub fn has_started(&self, direction: usize) -> bool {
        self.flows.get(direction).is_some_and(|flow| flow.started.get())
    }

    fn flow(&self, segment: &Segment<'_>) -> &Flow {
        &self.flows[segment.direction]
    }
}

/// What a segment's sender had received of the other direction.
#[derive(Clone, Copy, Default)]
pub struct AckState {
    /// The capture holds bytes of the other direction.
    pub has_other: bool,
    /// TCP's acknowledgement; none where no TCP is below.
    pub acknowledged: Option<u32>,
    /// The sequence number at which what the capture can hold begins.
    pub origin: Option<u32>,
    /// TCP may have held the segment back: the acknowledgement proves nothing.
    pub is_late: bool,
}
