//! Requests and their answers on one connection: a queue, since the server answers strictly in order.
//!
//! The first pass fills it; later passes find a message's transaction by its frame and its ordinal there. What cannot
//! be known (after a gap, in an answer to a request that the capture does not hold) is not linked.
//!
//! Source: client-protocol 13

use core::cell::Cell;

use super::rows::RequestRows;
use super::timings::{Timing, Timings};
use super::transactions::{Answer, RequestFacts, ResponseFacts, Transaction, TransactionState};
use crate::epan::Packet;
use crate::epan::memory::file::{File, FileVec};
use crate::track::ground::budget;
use crate::track::ground::position::{AckState, before};
use crate::wire::client::proto::ProtoType;
use crate::wire::exchange::matching::Step;

/// The transactions of a connection, in the order of the requests.
#[derive(Default)]
pub struct Queue {
    transactions: FileVec<Transaction>,
    /// The messages of answers, in the order in which they came.
    links: FileVec<Link>,
    /// Whatever of the transactions below this index was open had bytes go by that cannot be read.
    uncertain_below: Cell<u32>,
    /// The records of all requests.
    pub rows: RequestRows,
    /// The oldest open transaction.
    head: Cell<u32>,
    /// A request came while another was open.
    pipelined: Cell<bool>,
    /// A gap in a pipelined connection: nobody knows which answer is whose.
    doubtful: Cell<bool>,
    /// Up to where the server had received requests when an answer to none of them went by.
    ahead: Cell<Option<u32>>,
    /// How many requests there were at the last gap.
    gap_at: Cell<u32>,
    /// Bytes of the client were missing before the next request.
    client_gap: Cell<bool>,
    /// TCP's sequence number behind the last message that answered a request.
    answered_to: Cell<Option<u32>>,
    /// The client sends requests while others are open that still have time.
    is_habit: Cell<bool>,
    /// What TCP did with some of them.
    timings: Timings,
}

/// Bytes that a request is kept in: the transaction, and its fingerprint in a table that is half empty.
const SIZE: usize = size_of::<Transaction>() + 48;

/// Which transaction a message of an answer belongs to.
#[derive(Clone, Copy)]
struct Link {
    frame: u32,
    /// The ordinal of the message in its frame, and two bits: it is the first of its answer, the last.
    place: u32,
    /// The transaction; [`Link::ORPHAN`] where the capture does not hold its request.
    index: u32,
}

impl Link {
    const ORPHAN: u32 = u32::MAX;
    const FIRST: u32 = 1;
    const LAST: u32 = 2;

    const fn at(self) -> (u32, u32) {
        (self.frame, self.place >> 2)
    }

    const fn is(self, bit: u32) -> bool {
        self.place & bit != 0
    }
}

impl Queue {
    /// A request: put into the queue on the first pass, found there later. `note` gets it before, with its index.
    pub(super) fn on_request(
        &self,
        packet: Packet<'_>,
        facts: &RequestFacts,
        note: impl FnOnce(&mut Transaction, u32),
    ) -> Option<Transaction> {
        let ordinal = packet.state().messages.get();
        if packet.is_visited() {
            let at = (packet.frame(), ordinal);
            let place = |one: &Transaction| (one.request_frame, one.request_ordinal);
            let index = self.transactions.partition_point(|one| place(one) >= at);
            return self.get(index).filter(|found| place(found) == at);
        }
        if !budget::keep(packet, SIZE) {
            // Of what follows nobody knows which answer is whose.
            self.doubtful.set(true);
            self.give_up(self.head.get(), self.transactions.len());
            return None;
        }
        self.close_uncertain();
        let is_open = self.head.get() < self.transactions.len();
        let received = facts.ack_state.acknowledged.filter(|_| !facts.ack_state.is_late);
        let behind = self.notice_pipelining(packet, &facts.ack_state, received);
        let mut transaction = Transaction {
            asked_at: packet.nanoseconds(),
            answered_at: (0, 0),
            request_frame: packet.frame(),
            request_ordinal: ordinal,
            answer_frames: (0, 0),
            end: facts.end.unwrap_or(0),
            next: received.unwrap_or(0),
            received: received.unwrap_or(0),
            has_received: received.is_some(),
            behind,
            timeout: facts.timeout,
            rows: facts.rows,
            records: facts.commands,
            progress: facts.progress,
            has_end: facts.end.is_some(),
            uncertain: false,
            counts_twice: facts.counts_twice,
            applied_again: false,
            retry_of: 0,
            tried_again_in: 0,
            what: facts.what,
            set: facts.set,
            writes: facts.writes,
            state: TransactionState::Open,
        };
        note(&mut transaction, self.transactions.len());
        let is_over =
            matches!((facts.end, self.ahead.get()), (Some(end), Some(ahead)) if !before(ahead, end));
        if is_over && !is_open {
            // Its answer went by before it: the capture has them in the wrong order.
            transaction.state = TransactionState::Lost;
            self.head.set(self.transactions.len().saturating_add(1));
        }
        let index = self.transactions.push(packet.file(), transaction);
        self.timings
            .note_request(packet.file(), index, facts.began_at, facts.delay);
        Some(transaction)
    }

    /// Whether the client sends a request while another is open: all that it has received then is what the capture
    /// shows of answers to earlier ones.
    fn notice_pipelining(&self, packet: Packet<'_>, ack_state: &AckState, received: Option<u32>) -> u8 {
        if ack_state.is_late {
            return 0;
        }
        let mut behind = 0;
        let (head, count) = (self.head.get(), self.transactions.len());
        let gap = self.client_gap.replace(false);
        let before = count.checked_sub(1).and_then(|last| self.get(last));
        let waits = |before: &Transaction| received.is_none_or(|received| received == before.next);
        if head < count && before.is_some_and(|before| waits(&before)) {
            self.pipelined.set(true);
            if self
                .get(head)
                .is_some_and(|oldest| oldest.is_overdue(packet.nanoseconds()))
            {
                if !self.is_habit.get() {
                    behind = u8::try_from(count - head).unwrap_or(u8::MAX);
                }
            } else {
                self.is_habit.set(true);
            }
            // How many more were open is not known.
            if self.gap_at.get() > head {
                self.doubtful.set(true);
            }
        }
        if gap && received.is_some() && received == self.answered_to.get().or(ack_state.origin) {
            // Requests are missing, and the client has received nothing for them.
            self.pipelined.set(true);
            self.doubtful.set(true);
        }
        behind
    }

    /// Whether there was no request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// The place of a transaction that is known by value.
    pub(super) fn index_of(&self, transaction: &Transaction) -> u32 {
        let place = |one: &Transaction| (one.request_frame, one.request_ordinal);
        self.transactions
            .partition_point(|one| place(one) >= place(transaction))
    }

    /// The request that was open and past its timeout when this one was sent on its connection.
    #[must_use]
    pub fn overdue_before(&self, transaction: &Transaction) -> Option<Transaction> {
        let behind = u32::from(transaction.behind);
        (behind != 0).then(|| self.get(self.index_of(transaction).checked_sub(behind)?))?
    }

    /// The request before this one, if it was answered before.
    #[must_use]
    pub fn answered_before(&self, transaction: &Transaction) -> Option<Transaction> {
        let before = self.get(self.index_of(transaction).checked_sub(1)?)?;
        let is_before =
            before.state == TransactionState::Complete && before.answered_at.1 <= transaction.asked_at;
        is_before.then_some(before)
    }

    /// What TCP did with a request and its answer.
    #[must_use]
    pub fn timing(&self, transaction: &Transaction) -> Timing {
        self.timings.of(self.index_of(transaction), transaction)
    }

    /// TCP sends bytes of the client again.
    pub fn sent_again(&self, file: File<'_>, (start, _): (u32, u32), now: i64) {
        /// More requests are seldom open, and others are not looked through.
        const MOST: u32 = 16;
        let head = self.head.get();
        let open = (head..self.transactions.len()).take(MOST as usize);
        let mut open = open.filter(|index| {
            let end = self.get(*index).and_then(|one| one.end());
            end.is_some_and(|end| before(start, end))
        });
        let Some(index) = open.next() else { return };
        self.timings.note_repeat(file, index, now);
    }

    /// Answers of which a part was not captured are over when the client asks again.
    fn close_uncertain(&self) {
        while let Some(mut transaction) = self.get(self.head.get()).filter(|head| head.uncertain) {
            transaction.state = TransactionState::Lost;
            self.transactions.set(self.head.get(), transaction);
            self.head.set(self.head.get() + 1);
            if self.pipelined.get() {
                self.doubtful.set(true);
            }
        }
    }

    /// Bytes went by that cannot be read: they may be (part of) an answer to what is open.
    pub fn mark_uncertain(&self, packet: Packet<'_>) {
        if packet.is_visited() {
            return;
        }
        // What stands before the head is over.
        self.uncertain_below.set(self.transactions.len());
    }

    /// The transaction at `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<Transaction> {
        let mut transaction = self.transactions.get(index)?;
        transaction.uncertain |= index < self.uncertain_below.get();
        Some(transaction)
    }

    /// Whether the transaction at `index` is there and not complete.
    pub(super) fn is_open(&self, index: u32) -> bool {
        let state = self.transactions.get(index).map(|one| one.state);
        state.is_some_and(|state| state != TransactionState::Complete)
    }

    /// Replaces the transaction at `index`.
    pub(super) fn set(&self, index: u32, transaction: Transaction) {
        self.transactions.set(index, transaction);
    }

    /// Whose answer a message is; `range` are the sequence numbers of its first byte and behind its last.
    pub fn answer(
        &self,
        packet: Packet<'_>,
        kind: ProtoType,
        ack_state: AckState,
        range: Option<(u32, u32)>,
    ) -> Option<Answer> {
        if packet.is_visited() {
            return self.find(packet);
        }
        let found = self.open(kind, ack_state, range);
        if found.is_none() && self.head.get() >= self.transactions.len() {
            self.ahead.set(ack_state.acknowledged);
            if !ack_state.has_other {
                let link = Link {
                    frame: packet.frame(),
                    place: packet.state().messages.get() << 2,
                    index: Link::ORPHAN,
                };
                self.links.push(packet.file(), link);
            }
        }
        found
    }

    /// Whether the capture does not hold the request of this message of an answer: it held nothing of the client by then.
    /// Later on, a request that is missing may be one that TCP took for a repetition.
    #[must_use]
    pub fn lacks_request(&self, packet: Packet<'_>, ack_state: AckState) -> bool {
        let is_orphan = self.link(packet).is_some_and(|link| link.index == Link::ORPHAN);
        // In a capture out of order the first request may come behind its answer.
        let first_end = self.transactions.get(0).and_then(|first| first.end());
        let is_behind =
            matches!((first_end, ack_state.acknowledged), (Some(end), Some(ack)) if !before(ack, end));
        is_orphan && !is_behind
    }

    /// The transaction that a message answers: the oldest open one where the client pipelines, else the one that the
    /// sequence numbers say.
    fn open(&self, kind: ProtoType, ack_state: AckState, range: Option<(u32, u32)>) -> Option<Answer> {
        if self.doubtful.get() {
            return None;
        }
        let index = match range {
            Some((start, _)) if !self.pipelined.get() => self.at(start, ack_state)?,
            _ => self.oldest(ack_state)?,
        };
        let transaction = self.get(index)?;
        if transaction.state == TransactionState::Complete || !transaction.progress.expected.fits(kind) {
            return None;
        }
        self.give_up(self.head.get(), index);
        let is_begin = range.is_none_or(|(start, _)| self.pipelined.get() || start == transaction.next);
        Some(Answer {
            transaction,
            index,
            is_first: transaction.answer_frames.0 == 0 && (is_begin || !transaction.has_received),
            is_last: false,
        })
    }

    /// The oldest open transaction, if the server had received it.
    fn oldest(&self, ack_state: AckState) -> Option<u32> {
        let head = self.head.get();
        if ack_state.is_late && self.transactions.len() > head.saturating_add(1) {
            self.give_up(head, self.transactions.len());
            return None;
        }
        self.get(head)
            .is_some_and(|oldest| oldest.was_received(ack_state))
            .then_some(head)
    }

    /// The transaction of a client that asks again only when it has its answer (or no longer wants it): an answer
    /// begins where the client had received everything when it asked.
    fn at(&self, start: u32, ack_state: AckState) -> Option<u32> {
        /// An answer comes at most so many requests late: more are no swap of packets.
        const LATEST: u32 = 64;
        let count = self.transactions.len();
        let mut index = count.checked_sub(1)?;
        let transaction = loop {
            let one = self.get(index)?;
            match one.received_ack() {
                None => return self.oldest(ack_state),
                Some(received) if !before(start, received) => break one,
                Some(_) if count - index >= LATEST => return None,
                Some(_) => index = index.checked_sub(1)?,
            }
        };
        // More of an answer of several messages: the server has received no later request.
        let is_more = transaction.is_stream()
            && !ack_state.is_late
            && matches!((ack_state.acknowledged, transaction.end()), (Some(ack), Some(end)) if ack.wrapping_sub(end) <= 1);
        (transaction.was_received(ack_state) && (start == transaction.next || is_more)).then_some(index)
    }

    /// What became of the transactions from `from` up to `to` is not known.
    fn give_up(&self, from: u32, to: u32) {
        for index in from..to {
            if let Some(mut transaction) = self
                .transactions
                .get(index)
                .filter(|one| one.state == TransactionState::Open)
            {
                transaction.state = TransactionState::Lost;
                self.transactions.set(index, transaction);
            }
        }
        self.head.set(to.max(self.head.get()));
    }

    /// On later passes: the transaction of this message of the frame.
    fn find(&self, packet: Packet<'_>) -> Option<Answer> {
        let link = self.link(packet)?;
        Some(Answer {
            transaction: self.get(link.index)?,
            index: link.index,
            is_first: link.is(Link::FIRST),
            is_last: link.is(Link::LAST),
        })
    }

    fn link(&self, packet: Packet<'_>) -> Option<Link> {
        let at = (packet.frame(), packet.state().messages.get());
        let place = self.links.partition_point(|link| link.at() >= at);
        self.links.get(place).filter(|link| link.at() == at)
    }

    /// Takes a message into its transaction; says whether it is complete now. `was_applied_before` is asked of a write that was
    /// done and is not the same when it is done twice: whether it was done before.
    pub(super) fn on_response(
        &self,
        packet: Packet<'_>,
        answer: &mut Answer,
        given: &ResponseFacts,
        applied: impl FnOnce(&Transaction) -> bool,
    ) {
        let ResponseFacts {
            kind,
            facts,
            records,
            is_cut,
            is_ok,
            end: given_end,
            began_at,
            delay,
        } = *given;
        if packet.is_visited() {
            return;
        }
        let Some(mut transaction) = self.get(answer.index) else {
            return;
        };
        let (frame, now) = (packet.frame(), packet.nanoseconds());
        if transaction.answer_frames.0 == 0 {
            transaction.answer_frames.0 = frame;
            transaction.answered_at.0 = now;
            self.timings
                .note_answer(packet.file(), answer.index, began_at, delay);
        }
        transaction.answer_frames.1 = frame;
        transaction.answered_at.1 = now;
        transaction.records = transaction.records.saturating_add(records);
        if transaction.progress.accept(kind, &facts) == Step::Complete {
            transaction.state = TransactionState::Complete;
            transaction.applied_again = is_ok && transaction.counts_twice && applied(&transaction);
            self.head.set(self.head.get().max(answer.index + 1));
        }
        if let Some(end) = given_end {
            transaction.next = end;
            self.answered_to.set(Some(end));
        }
        transaction.uncertain |= is_cut && transaction.state == TransactionState::Open;
        answer.is_last = transaction.state == TransactionState::Complete;
        answer.transaction = transaction;
        self.transactions.set(answer.index, transaction);
        if !budget::keep(packet, size_of::<Link>()) {
            return;
        }
        let bit = |is: bool, bit: u32| if is { bit } else { 0 };
        self.links.push(
            packet.file(),
            Link {
                frame,
                place: packet.state().messages.get() << 2
                    | bit(answer.is_first, Link::FIRST)
                    | bit(answer.is_last, Link::LAST),
                index: answer.index,
            },
        );
    }

    /// A gap in the capture: which answers went by is not known, unless the client does not pipeline and TCP's
    /// acknowledgements tell.
    pub fn lose(&self, packet: Packet<'_>, of_client: bool) {
        self.mark_uncertain(packet);
        if !packet.is_visited() {
            self.gap_at.set(self.transactions.len());
            self.client_gap.set(self.client_gap.get() || of_client);
        }
        if !packet.is_visited() && self.pipelined.get() {
            self.doubtful.set(true);
            self.give_up(self.head.get(), self.transactions.len());
        }
    }
}
