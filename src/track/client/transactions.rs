//! A request and its answer: what is known of both.
//!
//! Source: client-protocol 13

use super::rows::Span;
use crate::track::ground::position::{AckState, before};
use crate::track::ground::sets;
use crate::wire::client::message::Header;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::proto::ProtoType;
use crate::wire::exchange::matching::{EndFacts, Progress};

/// What kind of request a transaction is, for tables and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
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
pub enum TransactionState {
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
pub struct RequestFacts {
    /// What its sender had received.
    pub ack_state: AckState,
    /// What it asks for.
    pub what: RequestKind,
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
    pub set: sets::SetId,
    /// It, or a row of it, can change records.
    pub writes: bool,
    /// Of an info request: commands that the server answers.
    pub commands: u32,
    /// When its first byte was captured, where that was in an earlier frame.
    pub began_at: Option<i64>,
    /// How long its rest was held back.
    pub delay: Option<i64>,
}

/// What an answer's message says.
#[derive(Clone, Copy)]
pub struct ResponseFacts {
    /// Its type on the wire.
    pub kind: ProtoType,
    /// What it says about the end of the answer.
    pub facts: EndFacts,
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
    pub(super) request_ordinal: u32,
    /// The frames of the answer's first and last message; 0 before the first.
    pub answer_frames: (u32, u32),
    /// TCP's sequence number behind the request.
    pub(super) end: u32,
    /// TCP's sequence number at which the next message of the answer begins: at first what the client had received.
    pub(super) next: u32,
    /// What the client had received when it sent the request.
    pub(super) received: u32,
    pub(super) has_received: bool,
    /// How many requests before it there is one that was open and past its timeout then; 0: none.
    pub(super) behind: u8,
    /// The request's own timeout in milliseconds; 0: none.
    pub timeout: u32,
    /// The records it asks for.
    pub rows: Span,
    /// Records in the answer so far; of an info request the commands that the server answers.
    pub records: u32,
    pub(super) progress: Progress,
    pub(super) has_end: bool,
    /// Part of the answer was not captured (or all of it): whether it is complete is not known.
    pub uncertain: bool,
    /// Doing it twice is not the same as doing it once: a row of a batch is enough.
    pub counts_twice: bool,
    /// This try and an earlier one were both applied.
    pub applied_again: bool,
    /// The frame of the first try of the same request, on another connection; 0: this is the first.
    pub retry_of: u32,
    /// The frame of the first later try while this one was open; 0: none.
    pub tried_again_in: u32,
    /// What was asked for.
    pub what: RequestKind,
    /// Namespace and set, where the request as a whole names them.
    pub set: sets::SetId,
    /// The request, or a row of it, can change records.
    pub writes: bool,
    /// How far it has come.
    pub state: TransactionState,
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

    /// What tells it from all others of the capture: the frame of the request, and which of its messages that is.
    #[must_use]
    pub const fn id(&self) -> (u32, u32) {
        (self.request_frame, self.request_ordinal)
    }

    /// Whether the answer came later than the request allows. Scans and queries go on.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.may_be_late()
            && self
                .allowed_time()
                .is_some_and(|allowed| self.response_time() > allowed)
    }

    /// Whether its own timeout is one of the whole answer. Scans and queries go on.
    #[must_use]
    pub fn may_be_late(&self) -> bool {
        !matches!(self.what, RequestKind::Message(kind) if kind.is_query())
    }

    /// TCP's sequence number behind the request.
    #[must_use]
    pub const fn end(&self) -> Option<u32> {
        if self.has_end { Some(self.end) } else { None }
    }

    /// What the client had received when it sent the request, in TCP's sequence numbers.
    pub(super) const fn received_ack(&self) -> Option<u32> {
        if self.has_received {
            Some(self.received)
        } else {
            None
        }
    }

    /// Whether the server had received the request when it sent what `ack_state` is of.
    pub(super) fn was_received(&self, ack_state: AckState) -> bool {
        match (ack_state.acknowledged, self.end()) {
            // TCP may have held the segment back: the acknowledgement is of another.
            (Some(ack), Some(end)) if !ack_state.is_late => !before(ack, end),
            _ => true,
        }
    }

    /// Nanoseconds that the request allows, if it says so.
    #[must_use]
    pub const fn allowed_time(&self) -> Option<i64> {
        match self.timeout {
            0 => None,
            milliseconds => Some(milliseconds as i64 * 1_000_000),
        }
    }

    /// Whether the time that the request allows has passed.
    #[must_use]
    pub fn is_overdue(&self, now: i64) -> bool {
        self.allowed_time()
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
    pub(super) index: u32,
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
