//! Requests and answers in the tree: links, times, and the verdicts that follow from them.

use core::fmt;

use super::{times, verdicts};
use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::request_context;
use crate::dissect::shared::common;
use crate::epan::packet::ConnectionEnd;
use crate::epan::register::preference;
use crate::epan::{Guarded, Packet, Tree};
use crate::track::stream::{Stream, before};
use crate::track::transactions::{Answer, State, Transaction, What};
use crate::wire::ground::text::write_decimal;

fields! {
    RESPONSE_IN: Response, "aerospike.response_in", "Response in", "The frame that completes the answer to this request";
    REQUEST_IN: Request, "aerospike.request_in", "Request in", "The frame of the request that this answers";
    RESPONSE_TIME: RelativeTime, "aerospike.response_time", "Response time", "From the request to the last message of its answer";
    FIRST_RESPONSE_TIME: RelativeTime, "aerospike.first_response_time", "First response time", "From the request to the first message of its answer";
    RECORDS: U32, "aerospike.records", "Records", "Records in the whole answer";
    REQUEST_MISSING: None, "aerospike.request_missing", "Request not in the capture", "The answer belongs to a request that the capture does not hold";
    RETRY_OF: Frame, "aerospike.retry_of", "Retry of", "The frame of the first try of this request";
    BUSY_WITH: Frame, "aerospike.busy_with", "Open request", "The earlier request on the connection that is open and past its timeout";
    RETRIED_IN: Frame, "aerospike.retried_in", "Retried in", "The frame in which the client sent this request again";
}

experts! {
    NO_RESPONSE: Warning Sequence, "aerospike.expert.no_response", "The request was not answered";
    TIMED_OUT: Warning Sequence, "aerospike.expert.timed_out", "The time that the request allows passed before an answer came";
    LATE_ANSWER: Note Sequence, "aerospike.expert.late_answer", "Answered after the same request had been sent again";
    RETRY: Note Sequence, "aerospike.expert.retry", "The client sends the same request again while the first is not answered";
    DUPLICATE_WRITE: Warning Sequence, "aerospike.expert.duplicate_write", "Both tries of a write that counts twice were applied";
    BUSY_CONNECTION: Note Sequence, "aerospike.expert.busy_connection", "Sent while an earlier request on the connection is open and past its timeout";
    CLOSED: Note Sequence, "aerospike.expert.closed", "The server closed the connection right after a bad header";
    SLOW: Note Sequence, "aerospike.expert.slow", "Slower than the preference aerospike.slow_threshold";
}

/// Nanoseconds as milliseconds: `0.18 ms`.
pub struct Milliseconds(pub i64);

impl Milliseconds {
    /// Writes them, with three digits that count.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let (whole, part) = (self.0 / 1_000_000, (self.0 % 1_000_000).unsigned_abs());
        if whole < 0 {
            out.write_str("-")?;
        }
        write_decimal(out, whole.unsigned_abs(), 1)?;
        match self.0 {
            -9_999_999..=9_999_999 => {
                out.write_str(".")?;
                write_decimal(out, part / 10_000, 2)?;
            }
            -999_999_999..=999_999_999 => {
                out.write_str(".")?;
                write_decimal(out, part / 100_000, 1)?;
            }
            _ => {}
        }
        out.write_str(" ms")
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

/// A span of time.
///
/// # Errors
/// What Wireshark threw.
pub fn time(tree: &Tree<'_>, field: &'static crate::epan::Field, nanoseconds: i64) -> Guarded {
    let (seconds, rest) = (
        nanoseconds.div_euclid(1_000_000_000),
        nanoseconds.rem_euclid(1_000_000_000),
    );
    tree.time(field, &[], seconds, i32::try_from(rest).unwrap_or(0))?
        .generated();
    Ok(())
}

/// What is known of a request's answer: nothing on the first pass, all of it later.
///
/// # Errors
/// What Wireshark threw.
pub fn request(path: &Path<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let packet = path.packet;
    if transaction.rows.is_cut() {
        top.expert(
            &common::NOT_EXPANDED,
            format_args!(
                "More records are asked for than are remembered: answers for the others do not tell theirs"
            ),
        )?;
    }
    if transaction.retry_of != 0 {
        top.uint(&RETRY_OF, &[], transaction.retry_of)?.generated();
        top.expert(
            &RETRY,
            format_args!(
                "Sent again: the client gave up the same request of frame {}, on another connection",
                transaction.retry_of
            ),
        )?;
    }
    if let Some(overdue) = path
        .stream
        .and_then(|stream| stream.queue.overdue_before(transaction))
    {
        top.expert(
            &BUSY_CONNECTION,
            format_args!(
                "The request of frame {} is open and past the {} ms that it allows: the client may take the wrong answer",
                overdue.request_frame, overdue.timeout
            ),
        )?;
        top.uint(&BUSY_WITH, &[], overdue.request_frame)?.generated();
    }
    times::request(path, top, transaction)?;
    if !packet.is_visited() {
        return Ok(());
    }
    if transaction.tried_again_in != 0 {
        top.uint(&RETRIED_IN, &[], transaction.tried_again_in)?
            .generated();
    }
    if transaction.state == State::Complete {
        top.uint(&RESPONSE_IN, &[], transaction.answer_frames.1)?
            .generated();
        return times::given_up(path, top, transaction);
    }
    verdicts::unanswered(path, top, transaction)
}

/// The verdicts on a request, for its line in the Info column: ` [retry of 186]`, ` [no response]`.
///
/// # Errors
/// Those of `out`.
pub fn request_marks(
    out: &mut dyn fmt::Write,
    path: &Path<'_>,
    transaction: Option<&Transaction>,
) -> fmt::Result {
    let Some(transaction) = transaction else {
        return Ok(());
    };
    if transaction.retry_of != 0 {
        write!(out, " [retry of {}]", transaction.retry_of)?;
    }
    if verdicts::lacks_response(path, transaction) {
        out.write_str(" [no response]")?;
    }
    Ok(())
}

/// The response time and the verdicts on an answer, for its line in the Info column: ` (0.18 ms) [timed out]`.
///
/// # Errors
/// Those of `out`.
pub fn response_marks(out: &mut dyn fmt::Write, packet: Packet<'_>, answer: Option<&Answer>) -> fmt::Result {
    let Some(transaction) = answer
        .filter(|answer| answer.is_last)
        .map(|answer| &answer.transaction)
    else {
        return Ok(());
    };
    let taken = transaction.response_time();
    out.write_str(" (")?;
    Milliseconds(taken).write_to(out)?;
    out.write_str(")")?;
    if has_timed_out(transaction, taken) {
        out.write_str(" [timed out]")?;
    }
    if is_late(packet, transaction) {
        out.write_str(" [late]")?;
    }
    if transaction.applied_again {
        out.write_str(" [applied twice]")?;
    }
    if is_slow(taken) {
        out.write_str(" [slow]")?;
    }
    Ok(())
}

fn has_timed_out(transaction: &Transaction, taken: i64) -> bool {
    let limit = i64::from(transaction.timeout).saturating_mul(1_000_000);
    let stream = matches!(transaction.what, What::Message(kind) if kind.is_query());
    limit > 0 && taken > limit && !stream
}

fn is_late(packet: Packet<'_>, transaction: &Transaction) -> bool {
    transaction.tried_again_in != 0 && transaction.tried_again_in < packet.frame()
}

fn is_slow(taken: i64) -> bool {
    let threshold = i64::from(preference::slow_threshold()).saturating_mul(1_000_000);
    threshold > 0 && taken > threshold
}

/// TCP_COMPLETENESS bits: what the capture holds of a connection.
pub(super) mod completeness {
    pub(in crate::dissect::exchange) const SYN_ACK: u8 = 2;
    pub(in crate::dissect::exchange) const FIN: u8 = 16;
    pub(in crate::dissect::exchange) const RST: u8 = 32;
}

/// The bits of a connection's completeness that say that it has ended.
pub const ENDED: u8 = completeness::FIN | completeness::RST;

/// What became of a connection, and of a request on it that ends before a sequence number.
pub struct Ending<'e>(pub &'e ConnectionEnd, pub Option<u32>);

impl fmt::Display for Ending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(end, sequence) = *self;
        f.write_str(match sequence {
            Some(sequence) if before(end.acknowledged, sequence) => {
                "; the server's TCP did not acknowledge the request"
            }
            Some(_) => "; the server's TCP acknowledged the request",
            None => "",
        })?;
        if end.completeness & ENDED == 0 {
            return f.write_str("; the connection stays open");
        }
        let was_reset = end.completeness & completeness::RST != 0;
        write!(
            f,
            "; the connection was {} ",
            if was_reset { "reset" } else { "closed" }
        )?;
        f.write_str(match end.closed_by {
            1 => "by the client",
            2 => "by the server",
            _ => "",
        })
    }
}

/// An answer's link, its times where they are known, and the verdicts on them.
///
/// # Errors
/// What Wireshark threw.
pub fn response(path: &Path<'_>, top: &Tree<'_>, answer: Option<&Answer>) -> Guarded {
    let Some(answer) = answer else {
        if path.is_orphan {
            top.add(&REQUEST_MISSING, &[])?.generated();
        }
        return Ok(());
    };
    let transaction = &answer.transaction;
    top.uint(&REQUEST_IN, &[], transaction.request_frame)?.generated();
    if transaction.is_stream() {
        request_context::of_stream(path, top, transaction)?;
    }
    if answer.is_first && transaction.is_stream() {
        time(top, &FIRST_RESPONSE_TIME, transaction.first_response_time())?;
    }
    if !answer.is_last {
        return Ok(());
    }
    let taken = transaction.response_time();
    time(top, &RESPONSE_TIME, taken)?;
    if transaction.is_stream() && matches!(transaction.what, What::Message(_)) {
        top.uint(&RECORDS, &[], transaction.records)?.generated();
    }
    times::answer(path, top, transaction)?;
    judge(path.packet, top, transaction, taken)
}

fn judge(packet: Packet<'_>, top: &Tree<'_>, transaction: &Transaction, taken: i64) -> Guarded {
    if has_timed_out(transaction, taken) {
        top.expert(
            &TIMED_OUT,
            format_args!(
                "Answered after {}, but the request allows {} ms",
                Milliseconds(taken),
                transaction.timeout
            ),
        )?;
    }
    if is_late(packet, transaction) {
        top.expert(
            &LATE_ANSWER,
            format_args!(
                "Answered after {}: sent again in frame {}",
                Milliseconds(taken),
                transaction.tried_again_in
            ),
        )?;
    }
    if transaction.applied_again {
        let first = if transaction.retry_of == 0 {
            transaction.request_frame
        } else {
            transaction.retry_of
        };
        top.expert(
            &DUPLICATE_WRITE,
            format_args!("Applied more than once: an earlier or later try of the request in frame {first} was applied, too"),
        )?;
    }
    if is_slow(taken) {
        top.expert(&SLOW, format_args!("Answered after {}", Milliseconds(taken)))?;
    }
    Ok(())
}

/// After a bad header: how the connection ended, once that is known.
///
/// # Errors
/// What Wireshark threw.
pub fn closed(packet: Packet<'_>, stream: &Stream, direction: usize, top: &Tree<'_>) -> Guarded {
    match stream.closing() {
        Some(closing)
            if packet.is_visited() && closing.direction != direction && closing.frame >= packet.frame() =>
        {
            top.expert(
                &CLOSED,
                format_args!("The server closed the connection after this"),
            )
        }
        _ => Ok(()),
    }
}
