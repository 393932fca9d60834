//! What is a copy of a packet (a mirror port, the capture of both sides), and what TCP sent again: the one rule, and the
//! segments of the last moment, to which it is applied as they come.

use core::cell::Cell;

use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, FileVec};

/// Segments that are known: more do not pass within a copy's time (of 1,500 bytes at 10 Gbit/s, in 5 ms).
const MOST: u32 = 8192;
/// Of those of one direction so many are looked through: 3 MB on their way.
const LOOKED_THROUGH: u32 = 2048;

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

/// A segment that was noted, by its number among all; 0: none.
#[derive(Clone, Copy, Default)]
pub struct Noted(u32);

#[derive(Clone, Copy)]
struct Seen {
    range: (u32, u32),
    at: i64,
    /// The one before it in its direction of the connection.
    before: Noted,
}

/// The last [`MOST`] of all connections, in the order in which they came: written one behind the other, and read only for
/// one whose bytes were there before.
#[derive(Default)]
struct Segments {
    seen: FileVec<Seen>,
    count: Cell<u32>,
}

static SEGMENTS: CaptureState<Segments> = CaptureState::new();

/// Notes a segment; `before` is the one before it in its direction of the connection.
pub fn note(packet: Packet<'_>, before: Noted, range: (u32, u32), at: i64) -> Noted {
    let Segments { seen, count } = SEGMENTS.get(packet.file());
    let one = Seen { range, at, before };
    if seen.len() < MOST {
        seen.push(packet.file(), one);
    } else {
        seen.set(count.get() % MOST, one);
    }
    count.set(count.get().saturating_add(1));
    Noted(count.get())
}

/// When the same segment came before, at most `within` nanoseconds ago; `last` is the last one of its direction.
#[must_use]
pub fn find(packet: Packet<'_>, last: Noted, range: (u32, u32), now: i64, within: i64) -> Option<i64> {
    let Segments { seen, count } = SEGMENTS.get(packet.file());
    let mut link = last;
    for _ in 0..LOOKED_THROUGH {
        let number = link.0.checked_sub(1)?;
        if count.get().saturating_sub(number) > MOST {
            return None;
        }
        let one = seen.get(number % MOST)?;
        if now.saturating_sub(one.at) > within {
            return None;
        }
        if one.range == range {
            return Some(one.at);
        }
        link = one.before;
    }
    None
}
