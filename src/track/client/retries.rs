//! The same request sent again: retries of a client that did not get its answer in time.
//!
//! A retry goes over another connection, so this is remembered for the capture as a whole. Identical requests alone
//! prove nothing (several threads do the same thing, a hot key is read again): there must be a sign that the client
//! gave the first up. It closed the connection a moment ago, or the time that the request allows has passed, and not
//! much more than that.

use core::cell::Cell;

use super::stream::{Stream, reference};
use super::transactions::{Answer, Fingerprint, RequestFacts, ResponseFacts, Transaction, TransactionState};
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, File, FileRef, FileVec};
use crate::epan::packet::Conversation;
use crate::track::ground::map::{FileMap, RecentMap, hash_parts};

/// How long a request must be open to be looked for: no client gives up sooner.
const LEAST: i64 = 2_000_000;
/// Clients send a request again so soon after they closed the connection of the first try; measured with the Java, Go
/// and C clients. A new connection takes two round trips more.
const AFTER_CLOSE: i64 = 10_000_000;
/// How long an open request is remembered at least, and the time that requests allow at most.
const LIFE: (i64, i64) = (30_000_000_000, 120_000_000_000);

#[derive(Clone, Copy)]
struct Attempt {
    stream: FileRef<Stream>,
    index: u32,
}

/// A request that was sent a moment ago.
#[derive(Clone, Copy)]
struct Fresh {
    fingerprint: Fingerprint,
    at: i64,
    attempt: Attempt,
}

#[derive(Default)]
struct Retries {
    fresh: FreshRequests,
    /// Those that were open for longer.
    open: RecentMap<Fingerprint, Attempt>,
    /// The longest time that a request allows.
    longest: Cell<i64>,
    /// Tries applied so far, by the frame of the first.
    applied: FileMap<u32, u16>,
    /// The tries that others repeat, by the connection and place of those.
    repeated: FileMap<(usize, u32), Attempt>,
}

static RETRIES: CaptureState<Retries> = CaptureState::new();

/// The fingerprint of a body sent by `packet`'s source. The timeout does not belong to it: clients write what is left.
#[must_use]
pub fn fingerprint(packet: Packet<'_>, body: &[u8]) -> Fingerprint {
    let (header, rest) = body.split_at_checked(14).unwrap_or((body, &[]));
    hash_parts([packet.source_address(), header, rest.get(4..).unwrap_or_default()])
}

/// A request on a connection: put into its queue on the first pass, found there later. `conversation` is the
/// connection again.
pub fn on_request(
    stream: &Stream,
    packet: Packet<'_>,
    facts: &RequestFacts,
    conversation: Option<Conversation<'_>>,
) -> Option<Transaction> {
    stream.queue.on_request(packet, facts, |transaction, index| {
        if let (Some(fingerprint), Some(conversation)) = (facts.fingerprint, conversation) {
            note(packet, transaction, fingerprint, reference(conversation), index);
        }
    })
}

/// A message of an answer: taken into its transaction, which says whether it is complete now.
pub fn on_response(stream: &Stream, packet: Packet<'_>, answer: &mut Answer, facts: &ResponseFacts) {
    stream.queue.on_response(packet, answer, facts, |transaction| {
        note_applied(packet, transaction)
    });
}

/// Notes a request; if it repeats one that the client gave up, both get to know it.
fn note(
    packet: Packet<'_>,
    transaction: &mut Transaction,
    fingerprint: Fingerprint,
    stream: FileRef<Stream>,
    index: u32,
) {
    let (file, now) = (packet.file(), transaction.asked_at);
    let retries = RETRIES.get(file);
    let longest = retries.longest.get().max(transaction.allowed_time().unwrap_or(0));
    retries.longest.set(longest);
    retries.age(file, now);
    let before = retries.open.get(&fingerprint);
    if let Some((before, other)) = before.and_then(|before| Some((before, before.stream.get(file)?))) {
        if let Some(mut earlier) = other.queue.get(before.index) {
            let is_other = !stream.get(file).is_some_and(|own| core::ptr::eq(other, own));
            if is_other && earlier.tried_again_in == 0 && was_given_up(packet, other, &earlier, now) {
                transaction.retry_of = first(&earlier);
                earlier.tried_again_in = transaction.request_frame;
                other.queue.set(before.index, earlier);
                let own = stream.get(file).map_or(0, |own| core::ptr::from_ref(own).addr());
                retries.repeated.insert(file, (own, index), before);
            }
        }
    }
    retries.fresh.push(
        file,
        Fresh {
            fingerprint,
            at: now,
            attempt: Attempt { stream, index },
        },
    );
}

/// The try that a request repeats, and its connection.
#[must_use]
pub fn attempt_before<'p>(
    packet: Packet<'p>,
    stream: &Stream,
    transaction: &Transaction,
) -> Option<(&'p Stream, Transaction)> {
    let file = packet.file();
    let place = (
        core::ptr::from_ref(stream).addr(),
        stream.queue.index_of(transaction),
    );
    let earlier = RETRIES.get(file).repeated.get(&place)?;
    let stream = earlier.stream.get(file)?;
    Some((stream, stream.queue.get(earlier.index)?))
}

/// Whether the client gave a request up a moment ago.
fn was_given_up(packet: Packet<'_>, stream: &Stream, earlier: &Transaction, now: i64) -> bool {
    let was_open = |at: i64| earlier.state != TransactionState::Complete || earlier.answered_at.1 > at;
    let closed = stream.closed_by_client().is_some_and(|closing| {
        let most = AFTER_CLOSE.saturating_add(packet.round_trip().unwrap_or(0).saturating_mul(2));
        (0..=most).contains(&now.wrapping_sub(closing.at)) && was_open(closing.at)
    });
    let waited = now.wrapping_sub(earlier.asked_at);
    let is_over = earlier.allowed_time().is_some_and(|allowed| {
        (allowed..=allowed.saturating_mul(2)).contains(&waited)
            && earlier.answer_frames.0 == 0
            && stream.closed_by_client().is_none()
    });
    closed || is_over
}

impl Retries {
    /// Requests that have been open for a while are kept, those that are answered forgotten.
    fn age(&self, file: File<'_>, now: i64) {
        while let Some(oldest) = self.fresh.pop(now) {
            let Attempt { stream, index } = oldest.attempt;
            if stream.get(file).is_some_and(|stream| stream.queue.is_open(index)) {
                let life = self.longest.get().saturating_mul(2).clamp(LIFE.0, LIFE.1);
                self.open
                    .insert(file, oldest.fingerprint, oldest.attempt, now, life);
            }
        }
    }
}

/// The requests of the last moment, in their order: two lists, one that fills and one that empties. Most are answered
/// before they leave.
#[derive(Default)]
struct FreshRequests {
    lists: [FileVec<Fresh>; 2],
    filling: Cell<usize>,
    /// How many of the other list are gone.
    gone: Cell<u32>,
}

impl FreshRequests {
    fn push(&self, file: File<'_>, fresh: Fresh) {
        self.lists[self.filling.get()].push(file, fresh);
    }

    /// The next one that is old enough.
    fn pop(&self, now: i64) -> Option<Fresh> {
        if self.gone.get() == self.lists[1 - self.filling.get()].len() {
            self.filling.set(1 - self.filling.get());
            self.lists[self.filling.get()].clear();
            self.gone.set(0);
        }
        let oldest = self.lists[1 - self.filling.get()].get(self.gone.get())?;
        if now.saturating_sub(oldest.at) < LEAST {
            return None;
        }
        self.gone.set(self.gone.get() + 1);
        Some(oldest)
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
fn note_applied(packet: Packet<'_>, transaction: &Transaction) -> bool {
    if transaction.retry_of == 0 && transaction.tried_again_in == 0 {
        return false;
    }
    let retries = RETRIES.get(packet.file());
    let before = retries.applied.get(&first(transaction)).unwrap_or(0);
    retries
        .applied
        .insert(packet.file(), first(transaction), before.saturating_add(1));
    before > 0
}
