//! Requests and their answers on one connection: a queue, since the server answers strictly in order.
//!
//! The first pass fills it; later passes find a message's transaction by its frame and its ordinal there. What cannot
//! be known (after a gap, in an answer to a request that the capture does not hold) is not linked.
//!
//! Source: client-protocol 13

use core::cell::Cell;

use super::budget;
use super::position::{Sight, before};
use super::rows::{Rows, Span};
use super::sets;
use crate::epan::Packet;
use crate::epan::file::{File, FileVec};
use crate::wire::client::message::Header;
use crate::wire::client::proto::ProtoType;
use crate::wire::client::request::Request;
use crate::wire::client::result_code::ResultCode;
use crate::wire::exchange::matching::{Facts, Progress, Step};

/// What kind of request a transaction is, for tables and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An info request.
    Info,
    /// A security request, with its command.
    Security(u8),
    /// A message.
    Message(Request),
    /// A type that is not read.
    Other,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The answer is not complete.
    Open,
    /// The answer is complete.
    Complete,
    /// A gap in the capture hides what became of it.
    Lost,
}

/// A client's request: its address and a hash of its body.
pub type Fingerprint = u64;

/// What a request says about itself.
#[derive(Clone, Copy)]
pub struct Asked {
    /// What its sender had received.
    pub sight: Sight,
    /// What it asks for.
    pub what: What,
    /// What answers it.
    pub progress: Progress,
    /// Its own timeout in milliseconds; 0: none.
    pub timeout: u32,
    /// TCP's sequence number behind its last byte.
    pub end: Option<u32>,
    /// What tells it from other requests of its client; `None` where nothing can be told.
    pub fingerprint: Option<Fingerprint>,
    /// Doing it twice is not the same as doing it once.
    pub counts_twice: bool,
    /// The records it asks for.
    pub rows: Span,
    /// Namespace and set, where the request as a whole names them.
    pub place: sets::Place,
    /// It, or a row of it, can change records.
    pub writes: bool,
    /// When its first byte was captured, where that was in an earlier frame.
    pub began_at: Option<i64>,
    /// How long its rest was held back.
    pub delay: Option<i64>,
}

/// What an answer's message says.
#[derive(Clone, Copy)]
pub struct Given {
    /// Its type on the wire.
    pub kind: ProtoType,
    /// What it says about the end of the answer.
    pub facts: Facts,
    /// Records in it.
    pub records: u32,
    /// Part of it was not captured.
    pub is_cut: bool,
    /// Its result is OK.
    pub is_ok: bool,
    /// TCP's sequence number behind its last byte.
    pub end: Option<u32>,
    /// When its first byte was captured, where that was in an earlier frame.
    pub began_at: Option<i64>,
    /// How long its rest was held back.
    pub delay: Option<i64>,
}

/// A request and its answer.
#[derive(Clone, Copy)]
pub struct Transaction {
    /// When the request was complete, nanoseconds since 1970.
    pub asked_at: i64,
    /// When the first and the last message of the answer were complete.
    pub answered_at: (i64, i64),
    /// The frame of the request.
    pub request_frame: u32,
    /// The ordinal of the request among the messages of that frame.
    request_ordinal: u32,
    /// The frames of the answer's first and last message; 0 before the first.
    pub answer_frames: (u32, u32),
    /// TCP's sequence number behind the request.
    end: u32,
    /// TCP's sequence number at which the next message of the answer begins: at first what the client had received.
    next: u32,
    /// What the client had received when it sent the request.
    received: u32,
    has_received: bool,
    /// How many requests before it there is one that was open and past its timeout then; 0: none.
    behind: u8,
    /// The request's own timeout in milliseconds; 0: none.
    pub timeout: u32,
    /// The records it asks for.
    pub rows: Span,
    /// Records in the answer so far.
    pub records: u32,
    progress: Progress,
    has_end: bool,
    /// Part of the answer was not captured (or all of it): whether it is complete is not known.
    pub uncertain: bool,
    counts_twice: bool,
    /// This try and an earlier one were both applied.
    pub applied_again: bool,
    /// The frame of the first try of the same request, on another connection; 0: this is the first.
    pub retry_of: u32,
    /// The frame of the first later try while this one was open; 0: none.
    pub tried_again_in: u32,
    /// What was asked for.
    pub what: What,
    /// Namespace and set, where the request as a whole names them.
    pub place: sets::Place,
    /// The request, or a row of it, can change records.
    pub writes: bool,
    /// How far it has come.
    pub state: State,
}

impl Transaction {
    /// Nanoseconds from the request to the last message of its answer.
    #[must_use]
    pub const fn response_time(&self) -> i64 {
        self.answered_at.1.wrapping_sub(self.asked_at)
    }

    /// Nanoseconds from the request to the first message of its answer.
    #[must_use]
    pub const fn first_response_time(&self) -> i64 {
        self.answered_at.0.wrapping_sub(self.asked_at)
    }

    /// TCP's sequence number behind the request.
    #[must_use]
    pub const fn end(&self) -> Option<u32> {
        if self.has_end { Some(self.end) } else { None }
    }

    /// What the client had received when it sent the request, in TCP's sequence numbers.
    const fn received(&self) -> Option<u32> {
        if self.has_received {
            Some(self.received)
        } else {
            None
        }
    }

    /// Whether the server had received the request when it sent what `sight` is of.
    fn was_received(&self, sight: Sight) -> bool {
        match (sight.acknowledged, self.end()) {
            // TCP may have held the segment back: the acknowledgement is of another.
            (Some(ack), Some(end)) if !sight.is_late => !before(ack, end),
            _ => true,
        }
    }

    /// Nanoseconds that the request allows, if it says so.
    #[must_use]
    pub const fn allowed(&self) -> Option<i64> {
        match self.timeout {
            0 => None,
            milliseconds => Some(milliseconds as i64 * 1_000_000),
        }
    }

    /// Whether the time that the request allows has passed.
    #[must_use]
    pub fn is_overdue(&self, now: i64) -> bool {
        self.allowed()
            .is_some_and(|allowed| now.wrapping_sub(self.asked_at) > allowed)
    }

    /// TCP's sequence number at which more of the answer begins.
    #[must_use]
    pub const fn next(&self) -> Option<u32> {
        if self.has_received { Some(self.next) } else { None }
    }

    /// Whether the answer can have several messages.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.progress.expected.is_stream()
    }
}

/// A message of an answer and the transaction it belongs to.
#[derive(Clone, Copy)]
pub struct Answer {
    /// The transaction, this message included once it was taken.
    pub transaction: Transaction,
    index: u32,
    /// The first message of the answer.
    pub is_first: bool,
    /// The message that completes the answer.
    pub is_last: bool,
}

impl Answer {
    /// Whether the message refuses the request as a whole: a stream that ends with its first message, an error.
    #[must_use]
    pub fn refuses(&self, header: &Header<'_>) -> bool {
        self.is_first
            && self.is_last
            && self.transaction.is_stream()
            && header.is_bare()
            && header.result_code != ResultCode::OK
    }
}

/// The transactions of a connection, in the order of the requests.
#[derive(Default)]
pub struct Queue {
    transactions: FileVec<Transaction>,
    /// The messages of answers, in the order in which they came.
    links: FileVec<Link>,
    /// Whatever of the transactions below this index was open had bytes go by that cannot be read.
    blurred: Cell<u32>,
    /// The records of all requests.
    pub rows: Rows,
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
    /// When requests began that have several segments, by their place.
    request_begins: FileVec<(u32, i64)>,
    /// The same of their answers.
    answer_begins: FileVec<(u32, i64)>,
    /// How long the rest of requests or answers was held back, by their place.
    delays: FileVec<(u32, i64)>,
    /// Requests that TCP sent again, by their place.
    repeats: FileVec<Repeats>,
}

/// What TCP sent again of a request.
#[derive(Clone, Copy)]
pub struct Repeats {
    index: u32,
    /// How often.
    pub count: u32,
    /// When last, nanoseconds since 1970.
    pub last_at: i64,
}

/// The value at a place, of pairs in the order of their places.
fn found(list: &FileVec<(u32, i64)>, index: u32) -> Option<i64> {
    let place = list.partition_point(|(place, _)| *place >= index);
    let (place, value) = list.get(place)?;
    (place == index).then_some(value)
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
    pub(super) fn asked(
        &self,
        packet: Packet<'_>,
        asked: &Asked,
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
        self.settle();
        let is_open = self.head.get() < self.transactions.len();
        let received = asked.sight.acknowledged.filter(|_| !asked.sight.is_late);
        let behind = self.notice_pipelining(packet, &asked.sight, received);
        let mut transaction = Transaction {
            asked_at: packet.nanoseconds(),
            answered_at: (0, 0),
            request_frame: packet.frame(),
            request_ordinal: ordinal,
            answer_frames: (0, 0),
            end: asked.end.unwrap_or(0),
            next: received.unwrap_or(0),
            received: received.unwrap_or(0),
            has_received: received.is_some(),
            behind,
            timeout: asked.timeout,
            rows: asked.rows,
            records: 0,
            progress: asked.progress,
            has_end: asked.end.is_some(),
            uncertain: false,
            counts_twice: asked.counts_twice,
            applied_again: false,
            retry_of: 0,
            tried_again_in: 0,
            what: asked.what,
            place: asked.place,
            writes: asked.writes,
            state: State::Open,
        };
        note(&mut transaction, self.transactions.len());
        let is_over =
            matches!((asked.end, self.ahead.get()), (Some(end), Some(ahead)) if !before(ahead, end));
        if is_over && !is_open {
            // Its answer went by before it: the capture has them in the wrong order.
            transaction.state = State::Lost;
            self.head.set(self.transactions.len().saturating_add(1));
        }
        let index = self.transactions.push(packet.file(), transaction);
        if let Some(began_at) = asked.began_at {
            self.request_begins.push(packet.file(), (index, began_at));
        }
        if let Some(delay) = asked.delay {
            self.delays.push(packet.file(), (index, delay));
        }
        Some(transaction)
    }

    /// Whether the client sends a request while another is open: all that it has received then is what the capture
    /// shows of answers to earlier ones.
    fn notice_pipelining(&self, packet: Packet<'_>, sight: &Sight, received: Option<u32>) -> u8 {
        if sight.is_late {
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
        if gap && received.is_some() && received == self.answered_to.get().or(sight.origin) {
            // Requests are missing, and the client has received nothing for them.
            self.pipelined.set(true);
            self.doubtful.set(true);
        }
        behind
    }

    /// The place of a transaction that is known by value.
    fn index_of(&self, transaction: &Transaction) -> u32 {
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
        let is_before = before.state == State::Complete && before.answered_at.1 <= transaction.asked_at;
        is_before.then_some(before)
    }

    /// When the first byte of a request was captured.
    #[must_use]
    pub fn request_began(&self, transaction: &Transaction) -> i64 {
        let index = self.index_of(transaction);
        found(&self.request_begins, index).unwrap_or(transaction.asked_at)
    }

    /// When the first byte of a request's answer was captured.
    #[must_use]
    pub fn answer_began(&self, transaction: &Transaction) -> i64 {
        let index = self.index_of(transaction);
        found(&self.answer_begins, index).unwrap_or(transaction.answered_at.0)
    }

    /// How long the rest of a request or of its answer was held back until its first part was acknowledged.
    #[must_use]
    pub fn delay(&self, transaction: &Transaction) -> Option<i64> {
        found(&self.delays, self.index_of(transaction))
    }

    /// How often TCP sent a request again while it was open, and when last.
    #[must_use]
    pub fn repeats(&self, transaction: &Transaction) -> Option<Repeats> {
        let index = self.index_of(transaction);
        let place = self.repeats.partition_point(|one| one.index >= index);
        self.repeats.get(place).filter(|one| one.index == index)
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
        let last = self.repeats.len().checked_sub(1);
        match last.and_then(|last| Some((last, self.repeats.get(last)?))) {
            Some((place, known)) if known.index == index => self.repeats.set(
                place,
                Repeats {
                    count: known.count.saturating_add(1),
                    last_at: now,
                    ..known
                },
            ),
            Some((_, known)) if known.index > index => {}
            _ => {
                self.repeats.push(
                    file,
                    Repeats {
                        index,
                        count: 1,
                        last_at: now,
                    },
                );
            }
        }
    }

    /// Answers of which a part was not captured are over when the client asks again.
    fn settle(&self) {
        while let Some(mut transaction) = self.get(self.head.get()).filter(|head| head.uncertain) {
            transaction.state = State::Lost;
            self.transactions.set(self.head.get(), transaction);
            self.head.set(self.head.get() + 1);
            if self.pipelined.get() {
                self.doubtful.set(true);
            }
        }
    }

    /// Bytes went by that cannot be read: they may be (part of) an answer to what is open.
    pub fn blur(&self, packet: Packet<'_>) {
        if packet.is_visited() {
            return;
        }
        // What stands before the head is over.
        self.blurred.set(self.transactions.len());
    }

    /// The transaction at `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<Transaction> {
        let mut transaction = self.transactions.get(index)?;
        transaction.uncertain |= index < self.blurred.get();
        Some(transaction)
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
        sight: Sight,
        range: Option<(u32, u32)>,
    ) -> Option<Answer> {
        if packet.is_visited() {
            return self.find(packet);
        }
        let found = self.open(kind, sight, range);
        if found.is_none() && self.head.get() >= self.transactions.len() {
            self.ahead.set(sight.acknowledged);
            if !sight.has_other {
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
    pub fn lacks_request(&self, packet: Packet<'_>, sight: Sight) -> bool {
        let is_orphan = self.link(packet).is_some_and(|link| link.index == Link::ORPHAN);
        // In a capture out of order the first request may come behind its answer.
        let first_end = self.transactions.get(0).and_then(|first| first.end());
        let is_behind =
            matches!((first_end, sight.acknowledged), (Some(end), Some(ack)) if !before(ack, end));
        is_orphan && !is_behind
    }

    /// The transaction that a message answers: the oldest open one where the client pipelines, else the one that the
    /// sequence numbers say.
    fn open(&self, kind: ProtoType, sight: Sight, range: Option<(u32, u32)>) -> Option<Answer> {
        if self.doubtful.get() {
            return None;
        }
        let index = match range {
            Some((start, _)) if !self.pipelined.get() => self.at(start, sight)?,
            _ => self.oldest(sight)?,
        };
        let transaction = self.get(index)?;
        if transaction.state == State::Complete || !transaction.progress.expected.fits(kind) {
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
    fn oldest(&self, sight: Sight) -> Option<u32> {
        let head = self.head.get();
        if sight.is_late && self.transactions.len() > head.saturating_add(1) {
            self.give_up(head, self.transactions.len());
            return None;
        }
        self.get(head)
            .is_some_and(|oldest| oldest.was_received(sight))
            .then_some(head)
    }

    /// The transaction of a client that asks again only when it has its answer (or no longer wants it): an answer
    /// begins where the client had received everything when it asked.
    fn at(&self, start: u32, sight: Sight) -> Option<u32> {
        /// An answer comes at most so many requests late: more are no swap of packets.
        const LATEST: u32 = 64;
        let count = self.transactions.len();
        let mut index = count.checked_sub(1)?;
        let transaction = loop {
            let one = self.get(index)?;
            match one.received() {
                None => return self.oldest(sight),
                Some(received) if !before(start, received) => break one,
                Some(_) if count - index >= LATEST => return None,
                Some(_) => index = index.checked_sub(1)?,
            }
        };
        // More of an answer of several messages: the server has received no later request.
        let is_more = transaction.is_stream()
            && !sight.is_late
            && matches!((sight.acknowledged, transaction.end()), (Some(ack), Some(end)) if ack.wrapping_sub(end) <= 1);
        (transaction.was_received(sight) && (start == transaction.next || is_more)).then_some(index)
    }

    /// What became of the transactions from `from` up to `to` is not known.
    fn give_up(&self, from: u32, to: u32) {
        for index in from..to {
            if let Some(mut transaction) = self
                .transactions
                .get(index)
                .filter(|one| one.state == State::Open)
            {
                transaction.state = State::Lost;
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

    /// Takes a message into its transaction; says whether it is complete now. `applied` is asked of a write that was
    /// done and is not the same when it is done twice: whether it was done before.
    pub(super) fn answered(
        &self,
        packet: Packet<'_>,
        answer: &mut Answer,
        given: &Given,
        applied: impl FnOnce(&Transaction) -> bool,
    ) {
        let Given {
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
        let last = self.delays.len().checked_sub(1);
        let last = last.and_then(|last| self.delays.get(last));
        if let (Some(delay), true) = (delay, last.is_none_or(|(place, _)| place < answer.index)) {
            self.delays.push(packet.file(), (answer.index, delay));
        }
        if transaction.answer_frames.0 == 0 {
            transaction.answer_frames.0 = frame;
            transaction.answered_at.0 = now;
            let last = self.answer_begins.len().checked_sub(1);
            let last = last.and_then(|last| self.answer_begins.get(last));
            // In the order of places, as long as answers come in that of requests.
            if let (Some(began_at), true) = (began_at, last.is_none_or(|(place, _)| place < answer.index)) {
                self.answer_begins.push(packet.file(), (answer.index, began_at));
            }
        }
        transaction.answer_frames.1 = frame;
        transaction.answered_at.1 = now;
        transaction.records = transaction.records.saturating_add(records);
        if transaction.progress.accept(kind, &facts) == Step::Complete {
            transaction.state = State::Complete;
            transaction.applied_again = is_ok && transaction.counts_twice && applied(&transaction);
            self.head.set(self.head.get().max(answer.index + 1));
        }
        if let Some(end) = given_end {
            transaction.next = end;
            self.answered_to.set(Some(end));
        }
        transaction.uncertain |= is_cut && transaction.state == State::Open;
        answer.is_last = transaction.state == State::Complete;
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
        self.blur(packet);
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
