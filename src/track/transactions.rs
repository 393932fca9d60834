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
use crate::epan::file::FileVec;
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
        if is_open && !asked.sight.has_unseen() && !asked.sight.is_late {
            // The client has received nothing that the capture does not hold, and asks again all the same.
            self.pipelined.set(true);
        }
        let mut transaction = Transaction {
            asked_at: packet.nanoseconds(),
            answered_at: (0, 0),
            request_frame: packet.frame(),
            request_ordinal: ordinal,
            answer_frames: (0, 0),
            end: asked.end.unwrap_or(0),
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
        self.transactions.push(packet.file(), transaction);
        Some(transaction)
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

    /// Whose answer a message is.
    pub fn answer(&self, packet: Packet<'_>, kind: ProtoType, sight: Sight) -> Option<Answer> {
        if packet.is_visited() {
            return self.find(packet);
        }
        let found = self.open(kind, sight);
        if found.is_none() && self.head.get() >= self.transactions.len() {
            self.ahead.set(sight.acknowledged);
            if sight.seen.is_none() {
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

    /// The open transaction that a message answers: the oldest one where the client pipelines; else the latest
    /// whose request the server had received, since a client that does not pipeline asks again only when it has
    /// its answer (or no longer wants it).
    fn open(&self, kind: ProtoType, sight: Sight) -> Option<Answer> {
        if self.doubtful.get() || sight.has_unseen() {
            return None;
        }
        let received = |transaction: &Transaction| match (sight.acknowledged, transaction.end()) {
            (Some(ack), Some(end)) => !before(ack, end),
            _ => true,
        };
        let head = self.head.get();
        if sight.is_late && self.transactions.len() > head.saturating_add(1) {
            self.give_up(head, self.transactions.len());
            return None;
        }
        let mut index = head;
        let mut transaction = self.get(index).filter(received)?;
        if !self.pipelined.get() && sight.acknowledged.is_some() {
            // Requests stand one behind the other in their stream.
            let behind = self
                .transactions
                .partition_point_from(head, |later| !received(later));
            index = behind.saturating_sub(1).max(head);
            transaction = self.get(index)?;
        }
        if !transaction.progress.expected.fits(kind) {
            return None;
        }
        self.give_up(head, index);
        Some(Answer {
            transaction,
            index,
            is_first: transaction.answer_frames.0 == 0,
            is_last: false,
        })
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
        }
        transaction.answer_frames.1 = frame;
        transaction.answered_at.1 = now;
        transaction.records = transaction.records.saturating_add(records);
        if transaction.progress.accept(kind, &facts) == Step::Complete {
            transaction.state = State::Complete;
            transaction.applied_again = is_ok && transaction.counts_twice && applied(&transaction);
            self.head.set(answer.index + 1);
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
    pub fn lose(&self, packet: Packet<'_>) {
        self.blur(packet);
        if !packet.is_visited() && self.pipelined.get() {
            self.doubtful.set(true);
            self.give_up(self.head.get(), self.transactions.len());
        }
    }
}
