//! What links, times and verdicts on requests and answers are shown with.

use core::fmt;

use crate::epan::packet::ConnectionEnd;
use crate::epan::{Guarded, Packet, Tree};
use crate::track::client::stream::Stream;
use crate::track::ground::position::before;
use crate::wire::ground::text::write_decimal;

fields! {
    RESPONSE_IN: Response, "aerospike.response_in", "Response in", "The frame that completes the answer to this request";
    REQUEST_IN: Request, "aerospike.request_in", "Request in", "The frame of the request that this answers";
    RESPONSE_TIME: RelativeTime, "aerospike.response_time", "Response time", "From the request to the last message of its answer";
    RESPONSE_TIME_MS: Double, "aerospike.response_time_ms", "Response time (ms)", "aerospike.response_time in milliseconds, for columns and graphs: not in sight otherwise";
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
    DUPLICATE_WRITE: Warning Sequence, "aerospike.expert.duplicate_write", "Both tries of a write that is not idempotent were applied";
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
        .set_generated();
    Ok(())
}

/// The response time, in both of its units.
///
/// # Errors
/// What Wireshark threw.
pub fn response_time(tree: &Tree<'_>, nanoseconds: i64) -> Guarded {
    time(tree, &RESPONSE_TIME, nanoseconds)?;
    tree.double(&RESPONSE_TIME_MS, &[], nanoseconds as f64 / 1e6)?
        .set_generated()
        .set_hidden();
    Ok(())
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

/// After a bad header: how the connection ended, once that is known.
///
/// # Errors
/// What Wireshark threw.
pub fn add_closing(packet: Packet<'_>, stream: &Stream, direction: usize, top: &Tree<'_>) -> Guarded {
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
