//! A request and all that became of it, as far as the packets show it.

use crate::track::client::transactions::RequestKind;
use crate::wire::client::message::request;
use crate::wire::client::message::result_code::ResultCode;

/// A request. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Its connection's number in the evidence.
    pub connection: u32,
    /// The frame that completes it.
    pub frame: u32,
    /// When its first bytes were sent.
    pub begun: i64,
    /// When its last bytes were sent for the first time.
    pub sent: i64,
    /// Sequence number of its first byte.
    pub start: u32,
    /// Sequence number behind its last.
    pub end: u32,
    /// Bytes of its body.
    pub size: u32,
    /// What it asks for; `RequestKind::Other` where it was not read.
    pub what: RequestKind,
    /// Info command or user, by number.
    pub name: u32,
    /// Namespace and set, by number.
    pub place: u32,
    /// Its rows in those of the connection in the log.
    pub rows: (u32, u32),
    /// The rows of its answer: first and behind the last.
    pub answer_rows: (u32, u32),
    /// Its own timeout in milliseconds; 0: none.
    pub timeout: u32,
    /// What tells it from others; 0: unknown.
    pub fingerprint: u64,
    /// Doing it twice is not the same as doing it once.
    pub counts_twice: bool,
    /// It can change records.
    pub writes: bool,
    /// When the server's TCP acknowledged it.
    pub acknowledged: Option<i64>,
    /// It was sent in pieces, the rest right after the server had acknowledged the first: how long that took.
    pub held_back: Option<i64>,
    /// How often TCP sent it again before it was acknowledged, and when first.
    pub resent: u32,
    /// See above.
    pub resent_at: Option<i64>,
    /// Time and frame of the answer's first bytes.
    pub first: Option<(i64, u32)>,
    /// Time and frame of its last bytes so far.
    pub last: Option<(i64, u32)>,
    /// Bytes of the answer.
    pub bytes: u32,
    /// The answer is there as a whole.
    pub is_complete: bool,
    /// The first result that is not OK, or OK; none if nothing of the answer was read.
    pub result: Option<ResultCode>,
    /// Results in the answer.
    pub results: u32,
    /// When the client's TCP acknowledged the whole answer.
    pub delivered: Option<i64>,
    /// When the client closed or reset the connection before the whole answer was there.
    pub given_up: Option<i64>,
    /// When the server closed or reset the connection before that.
    pub dropped: Option<i64>,
    /// The server had sent its FIN before the request was sent.
    pub after_fin: Option<i64>,
    /// When the next request was sent while nothing of the answer had come.
    pub overtaken: Option<i64>,
    /// A hole in the capture or a copy in one direction hides what became of it.
    pub is_hidden: bool,
    /// The connection's last, and the capture ends while it is open.
    pub is_open: bool,
}

impl Request {
    /// From the request to the first bytes of the answer.
    #[must_use]
    pub fn first_time(&self) -> Option<i64> {
        self.first.map(|(time, _)| time - self.sent)
    }

    /// From the request to the end of the answer.
    #[must_use]
    pub fn response_time(&self) -> Option<i64> {
        self.last
            .filter(|_| self.is_complete)
            .map(|(time, _)| time - self.sent)
    }

    /// Bytes of its answer came then, in that frame.
    pub fn note_answer(&mut self, at: (i64, u32)) {
        self.first = self.first.or(Some(at));
        self.last = Some(at);
    }

    /// What its own timeout allows, in nanoseconds.
    #[must_use]
    pub fn allowed_time(&self) -> Option<i64> {
        (self.timeout > 0).then(|| i64::from(self.timeout) * 1_000_000)
    }

    /// The operation on one record, if it is one.
    #[must_use]
    pub const fn single(&self) -> Option<request::Request> {
        match self.what {
            RequestKind::Message(operation)
                if !operation.is_query()
                    && !matches!(
                        operation,
                        request::Request::BATCH | request::Request::BATCH_DIRECT | request::Request::INVALID
                    ) =>
            {
                Some(operation)
            }
            _ => None,
        }
    }

    /// Whether it is a batch.
    #[must_use]
    pub const fn is_batch(&self) -> bool {
        matches!(
            self.what,
            RequestKind::Message(request::Request::BATCH | request::Request::BATCH_DIRECT)
        )
    }

    /// Whether it is a scan or query.
    #[must_use]
    pub const fn is_query(&self) -> bool {
        matches!(self.what, RequestKind::Message(operation) if operation.is_query())
    }

    /// Whether a server answers it soon if all is well: one record, no function.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.single()
            .is_some_and(|operation| operation != request::Request::UDF)
    }

    /// Rows of a batch.
    #[must_use]
    pub const fn row_count(&self) -> u32 {
        self.rows.1.saturating_sub(self.rows.0)
    }
}
