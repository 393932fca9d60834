//! What is remembered of a connection of the client protocol.

use core::cell::Cell;

pub use super::position::{Place, before};

use super::position::Position;
use super::position::Sight;
use super::transactions::Queue;
use crate::epan::file::FileRef;
use crate::epan::protocol::Protocol;
use crate::epan::{Packet, Segment, Side};
use crate::protocols::AEROSPIKE;

/// Both directions of a connection.
#[derive(Default)]
pub struct Stream {
    position: Position,
    /// Which direction the client sends in: 0 or 1, once that is known.
    client: Cell<u8>,
    /// The frame and the messages before it there at which it became known; 0: not yet.
    client_since: Cell<(u32, u32)>,
    /// The server's port is known to be an admin port (8.1 and later).
    pub is_admin: Cell<bool>,
    /// Requests and answers.
    pub queue: Queue,
}

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

    /// Where `segment` stands; after a gap the queue knows of it.
    pub fn place(&self, packet: Packet<'_>, protocol: &Protocol, segment: &Segment<'_>) -> Place {
        let (place, gap) = self.position.place(packet, protocol, segment);
        if gap {
            self.queue.lose(packet);
        }
        place
    }

    /// Notes what became of a segment: see [`Position::advance`].
    pub fn advance(
        &self,
        packet: Packet<'_>,
        segment: &Segment<'_>,
        used: usize,
        length: usize,
        known: bool,
    ) {
        self.position.advance(packet, segment, used, length, known);
    }

    /// The server refuses what stands here: nothing of this direction is interpreted any more.
    pub fn refuse(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        self.position.refuse(packet, segment);
    }

    /// A message of the other side: the connection lives, so what was refused may be found again.
    pub fn answered(&self, packet: Packet<'_>, segment: &Segment<'_>) {
        self.position.answered(packet, segment);
    }

    /// What the sender of `segment` had received, against what the capture holds of that.
    #[must_use]
    pub fn sight(&self, segment: &Segment<'_>) -> Sight {
        Sight {
            acknowledged: segment.acknowledged,
            seen: self.position.seen(1 - segment.direction),
            is_late: segment.is_late,
        }
    }

    /// Whether the capture holds anything of the direction opposite to `direction`.
    #[must_use]
    pub fn has_answers(&self, direction: usize) -> bool {
        self.position.seen(1 - direction.min(1)).is_some()
    }

    /// Whether the sender in `direction` has received more than the capture holds; its end (FIN) counts as one.
    #[must_use]
    pub fn misses(&self, direction: usize, received: u32) -> bool {
        let seen = self.position.seen(1 - direction.min(1));
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
pub fn reference(segment: &Segment<'_>) -> Option<FileRef<Stream>> {
    segment
        .conversation
        .map(|conversation| conversation.state_ref(&AEROSPIKE))
}
