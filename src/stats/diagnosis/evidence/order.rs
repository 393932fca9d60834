//! Segments of a connection as they were sent: copies left out, and frames that stand in the wrong order put in the right
//! one, by TCP's own numbers.

use std::collections::HashMap;

use crate::epan::taps::tcp_tap::{ACK, FIN, SYN};
use crate::stats::diagnosis::log::LoggedSegment;
use crate::stats::shared::endpoint::MS;
use crate::track::ground::copies;

/// Bytes that fill a gap within this time were only overtaken.
const OVERTAKEN: i64 = 3 * MS;

/// `one - other` of sequence numbers.
#[must_use]
pub const fn distance(one: u32, other: u32) -> i32 {
    i32::from_le_bytes(one.wrapping_sub(other).to_le_bytes())
}

/// The segments in order.
#[derive(Default)]
pub struct Ordered {
    /// The segments.
    pub segments: Vec<LoggedSegment>,
    /// Copies that were left out, of segments that carry something.
    pub copies: u32,
    /// Frame of the first copy.
    pub first_copy: u32,
    /// Frames that stood in the wrong order, and the first of them.
    pub swapped: (u32, u32),
    /// Those of them that stood in the wrong order although their times run forwards: the times are not theirs.
    pub mistimed: u32,
}

const fn carries(segment: &LoggedSegment) -> bool {
    segment.length > 0 || segment.has(SYN | FIN)
}

/// What a copy has in common with its original; of a bare acknowledgement the window, too, which TCP renews by another one.
type Same = (u8, u32, u32, u8, u32, u32);

const fn same(one: &LoggedSegment) -> Same {
    let window = if carries(one) { 0 } else { one.window };
    (one.side, one.seq, one.length, one.flags, one.ack, window)
}

/// How many segments that carry something are copies that come at once, and a little later, and how many segments
/// there are.
#[must_use]
pub fn count_copies(segments: &[LoggedSegment]) -> (u32, u32, u32) {
    let (mut soon, mut late, mut all) = (0, 0, 0);
    let mut seen: HashMap<Same, i64> = HashMap::with_capacity(segments.len());
    for segment in segments.iter().filter(|one| carries(one)) {
        all += 1;
        let before = seen.insert(same(segment), segment.time);
        let after = before.map(|before| segment.time - before);
        let is_within = |is_doubled| after.is_some_and(|after| after <= copies::within(None, is_doubled));
        if segment.is_copy || is_within(false) {
            soon += 1;
        } else if is_within(true) {
            late += 1;
        }
    }
    (soon, late, all)
}

/// Puts the segments of a connection in order; `is_doubled`: copies are everywhere in the capture.
#[must_use]
pub fn put_in_order(segments: &[LoggedSegment], is_doubled: bool) -> Ordered {
    let within = copies::within(None, is_doubled);
    let mut result = Ordered::default();
    let mut kept: Vec<LoggedSegment> = Vec::with_capacity(segments.len());
    // When the original was seen: on a busy connection many others stand between the two.
    let mut seen: HashMap<Same, i64> = HashMap::with_capacity(segments.len());
    for segment in segments {
        // What the links leave out is left out here; of what they do not see (connections of others, segments without
        // data) the same rule decides.
        // An acknowledgement that repeats itself may be TCP's.
        let may_be_copy = carries(segment) || is_doubled;
        let is_seen = |original: &i64| segment.time - original <= within;
        if may_be_copy && (segment.is_copy || seen.get(&same(segment)).is_some_and(is_seen)) {
            if carries(segment) {
                result.copies += 1;
                if result.first_copy == 0 {
                    result.first_copy = segment.frame;
                }
            }
        } else {
            if may_be_copy {
                seen.insert(same(segment), segment.time);
            }
            kept.push(*segment);
        }
    }
    if kept
        .windows(2)
        .any(|two| matches!(two, [one, other] if one.time > other.time))
    {
        let early = kept
            .windows(2)
            .filter(|two| matches!(two, [one, other] if one.time > other.time));
        result.swapped.0 += u32::try_from(early.count()).unwrap_or(0);
        if result.swapped.1 == 0 {
            result.swapped.1 = kept.first().map_or(0, |one| one.frame);
        }
        kept.sort_by_key(|segment| segment.time);
    }
    repair(&mut kept, &mut result);
    result.segments = kept;
    result
}

/// Moves segments before those that stand too early: that acknowledge what comes later, or overtake their own side.
fn repair(segments: &mut [LoggedSegment], result: &mut Ordered) {
    let mut next: [Option<u32>; 2] = [None; 2];
    let mut index = 0;
    let mut moved = 0;
    while let Some(segment) = segments.get(index).copied() {
        let (side, other) = (usize::from(segment.side), usize::from(1 - segment.side));
        let too_early = match next[other] {
            Some(seen) => segment.has(ACK) && distance(segment.ack, seen) > 0,
            None => segment.has(ACK) && segment.has(SYN),
        };
        let ahead = carries(&segment) && next[side].is_some_and(|seen| distance(segment.seq, seen) > 0);
        let found = (too_early || ahead) && moved < 4;
        let found = found
            .then(|| {
                segments
                    .iter()
                    .enumerate()
                    .skip(index + 1)
                    .take(6)
                    .find(|(_, later)| {
                        let after = later.time - segment.time;
                        let apart = later.frame.abs_diff(segment.frame);
                        let is_near = apart <= 1 || after <= 20 * MS && apart <= 8;
                        let is_cause = later.side != segment.side
                            && carries(later)
                            && distance(later.end(), segment.ack) >= 0
                            && next[other].is_none_or(|seen| {
                                distance(later.seq, seen) <= 0 && distance(later.end(), seen) > 0
                            });
                        let is_before = later.side == segment.side
                            && carries(later)
                            && next[side].is_some_and(|seen| later.seq == seen)
                            && distance(later.end(), segment.seq) <= 0;
                        too_early && is_cause && is_near || ahead && is_before && after <= OVERTAKEN
                    })
            })
            .flatten()
            .map(|(at, _)| at);
        if let Some(at) = found {
            if let Some(part) = segments.get_mut(index..=at) {
                part.rotate_right(1);
                if let [first, second, ..] = part {
                    first.time = first.time.min(second.time);
                }
                result.swapped.0 += 1;
                result.mistimed += 1;
                if result.swapped.1 == 0 {
                    result.swapped.1 = segment.frame;
                }
                moved += 1;
                continue;
            }
        }
        moved = 0;
        if carries(&segment) || next[side].is_none() {
            let end = segment.end();
            if next[side].is_none_or(|seen| distance(end, seen) > 0) {
                next[side] = Some(end);
            }
        }
        if too_early {
            next[other] = Some(segment.ack);
        }
        index += 1;
    }
}
