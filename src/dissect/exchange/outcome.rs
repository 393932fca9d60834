//! Requests and answers in the tree and in the line: links, times, and the verdicts that follow from them.

use core::fmt;

use super::links::{
    BUSY_CONNECTION, BUSY_WITH, DUPLICATE_WRITE, FIRST_RESPONSE_TIME, LATE_ANSWER, Milliseconds, RECORDS,
    REQUEST_IN, REQUEST_MISSING, RESPONSE_IN, RETRIED_IN, RETRY, RETRY_OF, SLOW, TIMED_OUT, response_time,
    time,
};
use super::{answered_request, doubts, times, verdicts};
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::shared::common;
use crate::epan::plugin::register::preference;
use crate::epan::{Guarded, Packet, Tree};
use crate::track::client::transactions::{Answer, RequestKind, Transaction, TransactionState};

/// What is known of a request's answer: nothing on the first pass, all of it later.
///
/// # Errors
/// What Wireshark threw.
pub fn request(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let packet = context.packet;
    if transaction.rows.is_cut() {
        top.expert(
            &common::NOT_EXPANDED,
            format_args!(
                "More records are asked for than are remembered: answers for the others do not tell theirs"
            ),
        )?;
    }
    if transaction.retry_of != 0 {
        top.uint(&RETRY_OF, &[], transaction.retry_of)?.set_generated();
        top.expert(
            &RETRY,
            format_args!(
                "Sent again: the client gave up the same request of frame {}, on another connection",
                transaction.retry_of
            ),
        )?;
    }
    if let Some(overdue) = context
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
        top.uint(&BUSY_WITH, &[], overdue.request_frame)?.set_generated();
    }
    times::request(context, top, transaction)?;
    if !packet.is_visited() {
        return Ok(());
    }
    if transaction.tried_again_in != 0 {
        top.uint(&RETRIED_IN, &[], transaction.tried_again_in)?
            .set_generated();
    }
    if transaction.state == TransactionState::Complete {
        top.uint(&RESPONSE_IN, &[], transaction.answer_frames.1)?
            .set_generated();
        return times::given_up(context, top, transaction);
    }
    verdicts::judge_unanswered(context, top, transaction)
}

/// The verdicts on a request, for its line in the Info column: ` [retry of 186]`, ` [no response]`.
///
/// # Errors
/// Those of `out`.
pub fn request_marks(
    out: &mut dyn fmt::Write,
    context: &MessageContext<'_>,
    transaction: Option<&Transaction>,
) -> fmt::Result {
    let Some(transaction) = transaction else {
        return Ok(());
    };
    if transaction.retry_of != 0 {
        write!(out, " [retry of {}]", transaction.retry_of)?;
    }
    if verdicts::lacks_response(context, transaction) {
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
    if transaction.is_late() {
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

fn is_late(packet: Packet<'_>, transaction: &Transaction) -> bool {
    transaction.tried_again_in != 0 && transaction.tried_again_in < packet.frame()
}

fn is_slow(taken: i64) -> bool {
    let threshold = i64::from(preference::slow_threshold()).saturating_mul(1_000_000);
    threshold > 0 && taken > threshold
}

/// An answer's link, its times where they are known, and the verdicts on them.
///
/// # Errors
/// What Wireshark threw.
pub fn response(context: &MessageContext<'_>, top: &Tree<'_>, answer: Option<&Answer>) -> Guarded {
    let Some(answer) = answer else {
        if context.is_orphan {
            top.add(&REQUEST_MISSING, &[])?.set_generated();
        }
        return Ok(());
    };
    let transaction = &answer.transaction;
    top.uint(&REQUEST_IN, &[], transaction.request_frame)?
        .set_generated();
    if transaction.is_stream() {
        answered_request::of_stream(context, top, transaction)?;
    }
    if answer.is_first && transaction.is_stream() {
        time(top, &FIRST_RESPONSE_TIME, transaction.first_response_time())?;
    }
    if !answer.is_last {
        return Ok(());
    }
    let taken = transaction.response_time();
    response_time(top, taken)?;
    if transaction.is_stream() && matches!(transaction.what, RequestKind::Message(_)) {
        top.uint(&RECORDS, &[], transaction.records)?.set_generated();
    }
    times::answer(context, top, transaction)?;
    judge(context.packet, top, transaction, taken)?;
    doubts::add_repetition(context, top, transaction)
}

fn judge(packet: Packet<'_>, top: &Tree<'_>, transaction: &Transaction, taken: i64) -> Guarded {
    if transaction.is_late() {
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
