//! What is a copy of a packet (a mirror port, the capture of both sides), and what TCP sent again: the one rule, and the
//! segments of the last moment, to which it is applied as they come.

use super::map::hash;
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, FileVec};

/// A power of two.
const PLACES: u32 = 8192;
/// Places among which a segment takes that of the oldest. A thousand segments within a copy's time (10 Gbit/s) leave one in
/// 100,000 without: its copy would count as sent again.
const WAYS: u32 = 8;

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
    let first = segment as u32 & (PLACES - WAYS);
    let (mut place, mut oldest) = (first, i64::MAX);
    for way in first..first + WAYS {
        let Some(seen) = list.get(way) else { break };
        if seen.segment == segment {
            list.set(way, Seen { segment, at: now });
            return Some(seen.at);
        }
        if seen.at < oldest {
            (place, oldest) = (way, seen.at);
        }
    }
    list.set(place, Seen { segment, at: now });
    None
}
