//! What is a copy of a packet (a mirror port, the capture of both sides), and what TCP sent again: the one rule, and the
//! segments of the last moment, to which it is applied as they come.

use super::map::hash;
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, FileVec};

/// Rows of places; a power of two.
const ROWS: u32 = 1024;
/// Places in a row, among which a segment takes that of the oldest. A thousand segments within a copy's time (10 Gbit/s) leave one in
/// 100,000 without: its copy would count as sent again.
const WAYS: usize = 8;

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

#[derive(Clone, Copy, Default)]
struct Seen {
    segment: u64,
    at: i64,
}

#[derive(Default)]
struct Segments(FileVec<[Seen; WAYS]>);

static SEGMENTS: CaptureState<Segments> = CaptureState::new();

/// Notes a segment of a connection; when the same one was seen before, if that was lately.
pub fn note(
    packet: Packet<'_>,
    connection: usize,
    direction: usize,
    range: (u32, u32),
    now: i64,
) -> Option<i64> {
    let Segments(rows) = SEGMENTS.get(packet.file());
    while rows.len() < ROWS {
        rows.push(packet.file(), Default::default());
    }
    let segment = hash(&(connection, direction, range));
    let number = segment as u32 % ROWS;
    let mut row = rows.get(number)?;
    let known = row.iter().position(|seen| seen.segment == segment);
    let before = known.map(|place| row[place].at);
    let oldest = || (0..WAYS).min_by_key(|place| row[*place].at).unwrap_or(0);
    row[known.unwrap_or_else(oldest)] = Seen { segment, at: now };
    rows.set(number, row);
    before
}
