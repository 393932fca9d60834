//! The segments of the last moment, so that a copy of a packet (a mirror port, the capture of both sides) is told from
//! one that TCP sent again.

use super::map::hash;
use crate::epan::Packet;
use crate::epan::file::{CaptureState, FileVec};

/// A power of two. What falls on the same place is forgotten: the copy then counts as sent again.
const PLACES: u32 = 4096;

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
