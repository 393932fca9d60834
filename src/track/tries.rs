//! The same request sent again: retries of a client that did not get its answer in time.
//!
//! A retry goes over another connection, so this is remembered for the capture as a whole: which request of which
//! client was sent last, and on which connection. Identical requests alone prove nothing (several threads read a
//! hot key at once): the first must have been open for a while.

use core::cell::Cell;

use super::map::{FileMap, RecentMap};
use super::stream::Stream;
use super::transactions::{Answer, Asked, Fingerprint, Given, Queue, State, Transaction};
use crate::epan::Packet;
use crate::epan::file::{CaptureState, File, FileRef, FileVec};

/// How long a request must have been open for its twin to be a retry: no client gives up sooner.
const PATIENCE: i64 = 50_000_000;
/// How long a request is remembered at least: no client waits longer before it tries again.
const LIFE: i64 = 120_000_000_000;

#[derive(Clone, Copy)]
struct Try {
    stream: FileRef<Stream>,
    index: u32,
}

impl Try {
    fn transaction<'p>(&self, file: File<'p>) -> Option<(&'p Queue, Transaction)> {
        let queue = &self.stream.get(file)?.queue;
        Some((queue, queue.get(self.index)?))
    }
}

/// Whether a later request can still turn out to be its retry.
fn is_open(transaction: &Transaction) -> bool {
    transaction.state == State::Open && transaction.answer_frames.0 == 0
}

#[derive(Default)]
struct Tries {
    /// The latest request of each kind, but those that were answered sooner than a client tries again: so this stays
    /// small, and quick to look through.
    latest: RecentMap<Fingerprint, Try>,
    young: Young,
    /// Tries applied so far, by the frame of the first.
    applied: FileMap<u32, u16>,
}

static TRIES: CaptureState<Tries> = CaptureState::new();

/// The fingerprint of a body sent by `packet`'s source.
#[must_use]
pub fn fingerprint(packet: Packet<'_>, body: &[u8]) -> Fingerprint {
    super::map::hash(&(packet.source_address(), body))
}

/// A request on a connection: put into its queue on the first pass, found there later. `place` is the connection again,
/// to be kept.
pub fn on_request(
    stream: &Stream,
    packet: Packet<'_>,
    asked: &Asked,
    place: Option<FileRef<Stream>>,
) -> Option<Transaction> {
    stream.queue.asked(packet, asked, |transaction, index| {
        if let (Some(fingerprint), Some(place)) = (asked.fingerprint, place) {
            note(packet, transaction, fingerprint, place, index);
        }
    })
}

/// A message of an answer: taken into its transaction, which says whether it is complete now.
pub fn on_response(stream: &Stream, packet: Packet<'_>, answer: &mut Answer, given: &Given) {
    stream
        .queue
        .answered(packet, answer, given, |transaction| applied(packet, transaction));
}

/// Notes a request; if it repeats one that has been open for long, both get to know it.
fn note(
    packet: Packet<'_>,
    transaction: &mut Transaction,
    fingerprint: Fingerprint,
    stream: FileRef<Stream>,
    index: u32,
) {
    let (file, now) = (packet.file(), transaction.asked_at);
    let tries = TRIES.get(file);
    tries.forget_answered(file, now);
    if let Some(before) = tries.latest.get(&fingerprint) {
        if let Some((queue, mut earlier)) = before.transaction(file) {
            let waited = now.wrapping_sub(earlier.asked_at);
            if is_open(&earlier) && waited >= PATIENCE {
                transaction.retry_of = first(&earlier);
                earlier.tried_again_in = transaction.request_frame;
                queue.set(before.index, earlier);
            }
        }
    }
    let latest = Try { stream, index };
    tries.latest.insert(file, fingerprint, latest, now, LIFE);
    tries.young.push(file, now, fingerprint);
}

impl Tries {
    /// Of the requests that are old enough now to have been sent again, those that were answered.
    fn forget_answered(&self, file: File<'_>, now: i64) {
        while let Some(fingerprint) = self.young.pop(now) {
            let latest = self
                .latest
                .get(&fingerprint)
                .and_then(|one| one.transaction(file));
            if latest.is_some_and(|(_, transaction)| !is_open(&transaction)) {
                self.latest.remove(&fingerprint);
            }
        }
    }
}

/// The requests of the last [`PATIENCE`], in their order: two lists, one that fills and one that empties.
#[derive(Default)]
struct Young {
    lists: [FileVec<(i64, Fingerprint)>; 2],
    filling: Cell<usize>,
    /// How many of the other list are gone.
    gone: Cell<u32>,
}

impl Young {
    fn push(&self, file: File<'_>, at: i64, fingerprint: Fingerprint) {
        self.lists[self.filling.get()].push(file, (at, fingerprint));
    }

    /// The next one that is old enough.
    fn pop(&self, now: i64) -> Option<Fingerprint> {
        if self.gone.get() == self.lists[1 - self.filling.get()].len() {
            self.filling.set(1 - self.filling.get());
            self.lists[self.filling.get()].clear();
            self.gone.set(0);
        }
        let (at, fingerprint) = self.lists[1 - self.filling.get()].get(self.gone.get())?;
        if now.saturating_sub(at) < PATIENCE {
            return None;
        }
        self.gone.set(self.gone.get() + 1);
        Some(fingerprint)
    }
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
fn applied(packet: Packet<'_>, transaction: &Transaction) -> bool {
    if transaction.retry_of == 0 && transaction.tried_again_in == 0 {
        return false;
    }
    let tries = TRIES.get(packet.file());
    let before = tries.applied.get(&first(transaction)).unwrap_or(0);
    tries
        .applied
        .insert(packet.file(), first(transaction), before.saturating_add(1));
    before > 0
}
