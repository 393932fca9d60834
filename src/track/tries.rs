//! The same request sent again: retries of a client that did not get its answer in time.
//!
//! A retry goes over another connection, so this is remembered for the capture as a whole: which request of which
//! client was sent last, and on which connection. Identical requests alone prove nothing (several threads read a
//! hot key at once): the first must have been open for a while.

use super::map::{FileMap, RecentMap};
use super::stream::Stream;
use super::transactions::{State, Transaction};
use crate::epan::Packet;
use crate::epan::memory::{CaptureState, FileRef};

/// How long a request must have been open for its twin to be a retry: no client gives up sooner.
const PATIENCE: i64 = 50_000_000;
/// How long a request is remembered at least: no client waits longer before it tries again.
const LIFE: i64 = 120_000_000_000;

/// A client's request: its address and a hash of its body.
pub type Fingerprint = u64;

#[derive(Clone, Copy)]
struct Try {
    stream: FileRef<Stream>,
    index: u32,
}

#[derive(Default)]
struct Tries {
    latest: RecentMap<Fingerprint, Try>,
    /// Tries applied so far, by the frame of the first.
    applied: FileMap<u32, u16>,
}

static TRIES: CaptureState<Tries> = CaptureState::new();

/// Forgets the capture.
pub fn forget() {
    TRIES.forget();
}

/// The fingerprint of a body sent by `packet`'s source.
#[must_use]
pub fn fingerprint(packet: Packet<'_>, body: &[u8]) -> Fingerprint {
    super::map::hash(&(packet.source_address(), body))
}

/// Notes a request; if it repeats one that has been open for long, both get to know it.
pub fn note(
    packet: Packet<'_>,
    transaction: &mut Transaction,
    fingerprint: Fingerprint,
    stream: FileRef<Stream>,
    index: u32,
) {
    let tries = TRIES.get(packet);
    if let Some(before) = tries.latest.get(&fingerprint) {
        let queue = &before.stream.get(packet).queue;
        if let Some(mut earlier) = queue.get(before.index) {
            let waited = transaction.asked_at.wrapping_sub(earlier.asked_at);
            if earlier.state == State::Open && earlier.answer_frames.0 == 0 && waited >= PATIENCE {
                transaction.retry_of = first(&earlier);
                earlier.tried_again_in = transaction.request_frame;
                queue.set(before.index, earlier);
            }
        }
    }
    tries
        .latest
        .insert(fingerprint, Try { stream, index }, transaction.asked_at, LIFE);
}

/// The frame of the first try of a series.
const fn first(transaction: &Transaction) -> u32 {
    if transaction.retry_of == 0 {
        transaction.request_frame
    } else {
        transaction.retry_of
    }
}

/// Notes that a try was applied; whether another of its series was before.
pub fn applied(packet: Packet<'_>, transaction: &Transaction) -> bool {
    if transaction.retry_of == 0 && transaction.tried_again_in == 0 {
        return false;
    }
    let tries = TRIES.get(packet);
    let before = tries.applied.get(&first(transaction)).unwrap_or(0);
    tries.applied.insert(first(transaction), before.saturating_add(1));
    before > 0
}
