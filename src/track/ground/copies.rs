//! What is a copy of a packet (a mirror port, the capture of both sides), and what TCP sent again: the one rule, and the
//! segments of the last moment, to which it is applied as they come.

use super::map::hash;
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, FileVec};

/// A power of two. What falls on the same place is forgotten: the copy then counts as sent again.
const PLACES: u32 = 4096;

/// How long after a packet a copy of it may come: TCP sends nothing again that soon, nor sooner than a round trip, before
/// which it cannot know that a segment is lost. Where everything comes twice, the second may take another way through
/// the switches.
#[must_use]
pub fn within(round_trip: Option<i64>, is_doubled: bool) -> i64 {
    const SOON: i64 = 1_000_000;
    const DOUBLED: i64 = 5_000_000;
    let least = if is_doubled { DOUBLED } else { SOON };
    least.max(round_trip.unwrap_or(0))
}

#[derive(Clone, Copy)]
struct Seen {
    segment: u64,
    at: i64,
}

#[derive(Default)]
struct Segments(FileVec<Seen>);

static SEGMENTS: CaptureState<Segments> = CaptureState::new();

/// Notes a segment of a connection; when the same one was seen before, if that was lately.
pub fn note(
    packet: Packet<'_>,
    connection: usize,
    direction: usize,
    range: (u32, u32),
    now: i64,
) -> Option<i64> {
    let Segments(list) = SEGMENTS.get(packet.file());
    while list.len() < PLACES {
        list.push(packet.file(), Seen { segment: 0, at: 0 });
    }
    let segment = hash(&(connection, direction, range));
    let place = segment as u32 & (PLACES - 1);
    let before = list.get(place).filter(|seen| seen.segment == segment);
    list.set(place, Seen { segment, at: now });
    before.map(|seen| seen.at)
}
