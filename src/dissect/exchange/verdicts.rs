//! What is said of a request that has no answer, once the capture proves it.

use core::fmt;

use super::doubts;
use super::links::{self, NO_RESPONSE, TIMED_OUT};
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::shared::common;
use crate::epan::packet::ConnectionEnd;
use crate::epan::{Guarded, Tree};
use crate::track::client::stream::{Closing, Stream};
use crate::track::client::transactions::{RequestKind, Transaction, TransactionState};
use crate::track::ground::position::before;
use crate::wire::client::proto::{HEADER, Refusal};

fields! {
    ALLOWED: RelativeTime, "aerospike.time.allowed", "Allowed", "The time that the request allows";
    RESENT: U32, "aerospike.resent", "Sent again by TCP", "How often TCP sent the request again";
    ACKNOWLEDGED: Boolean, "aerospike.acknowledged", "Acknowledged", "The server's TCP acknowledged the request";
    CLOSED_BY: String, "aerospike.closed_by", "Closed by", "Who closed the connection first, and how";
    CLOSED_AFTER: RelativeTime, "aerospike.time.closed", "Closed after", "From the request to the end of its connection";
    ANSWER_BYTES: U64, "aerospike.answer.bytes", "Bytes of the answer", "What came of the message that is not complete" .bytes();
    ANSWER_SIZE: U64, "aerospike.answer.size", "Size of the answer", "How long that message is by its header" .bytes();
}

experts! {
    INCOMPLETE_ANSWER: Note Sequence, "aerospike.expert.incomplete_answer", "The answer began and was broken off";
    INFO_LIMIT: Note Protocol, "aerospike.expert.info_limit", "An info answer of more than 512 KiB: the C client, and those made of it, take no longer one for what they ask of nodes themselves";
}

/// Bytes of the longest info answer that the C client takes, and those that are made of it, for what they ask of nodes
/// themselves (`as_node_get_info`).
pub const LONGEST_INFO: u64 = 512 << 10;

/// The admin port by convention (server 8.1 and later).
const ADMIN_PORT: u32 = 3008;

/// What of an answer's message came before the connection ended.
struct Begun {
    bytes: u64,
    size: u64,
}

/// Whether a request has no answer at all though its connection has ended.
#[must_use]
pub fn lacks_response(context: &MessageContext<'_>, transaction: &Transaction) -> bool {
    evidence(context, transaction).is_some_and(|(end, _, begun)| {
        end.completeness & links::ENDED != 0 && begun.is_none() && transaction.answer_frames.0 == 0
    })
}

/// How the connection of a request without a whole answer stands, where the capture would hold that answer, and what
/// of the answer began. On later passes.
fn evidence<'p>(
    context: &MessageContext<'p>,
    transaction: &Transaction,
) -> Option<(ConnectionEnd, &'p Stream, Option<Begun>)> {
    if !context.packet.is_visited() || transaction.state != TransactionState::Open || transaction.uncertain {
        return None;
    }
    let (end, stream) = (context.packet.connection_end()?, context.stream?);
    let direction = context.segment_direction;
    let begun = begun(stream, direction, &end, transaction);
    let both = end.completeness & links::completeness::SYN_ACK != 0 || stream.has_answers(direction);
    let is_whole = match &begun {
        // TCP keeps the rest of a message to itself until it is whole.
        Some(begun) => begun.bytes < begun.size,
        None => !stream.misses(direction, end.received),
    };
    (both && is_whole).then_some((end, stream, begun))
}

/// A request without a whole answer: said only where the capture would hold it. Both directions are there, and the
/// client had received nothing that the capture does not hold.
///
/// # Errors
/// What Wireshark threw.
pub fn judge_unanswered(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let packet = context.packet;
    let Some((end, stream, begun)) = evidence(context, transaction) else {
        return Ok(());
    };
    let direction = context.segment_direction;
    let has_ended = end.completeness & links::ENDED != 0;
    if has_ended && (begun.is_some() || transaction.answer_frames.0 != 0) {
        let rest = Circumstances {
            stream,
            transaction,
            end: &end,
        };
        match &begun {
            Some(begun) => top.expert(
                &INCOMPLETE_ANSWER,
                format_args!("{} of {} bytes of the answer{rest}", begun.bytes, begun.size),
            )?,
            None => top.expert(
                &INCOMPLETE_ANSWER,
                format_args!("The answer has no last message{rest}"),
            )?,
        }
        if let Some(begun) = &begun {
            top.uint64(&ANSWER_BYTES, &[], begun.bytes)?.set_generated();
            top.uint64(&ANSWER_SIZE, &[], begun.size)?.set_generated();
            if transaction.what == RequestKind::Info {
                info_limit(top, begun.size.saturating_sub(HEADER as u64))?;
            }
        }
    } else if has_ended {
        let rest = Circumstances {
            stream,
            transaction,
            end: &end,
        };
        top.expert(&NO_RESPONSE, format_args!("No answer{rest}"))?;
    }
    let is_over = transaction.may_be_late() && transaction.is_overdue(packet.latest_time());
    if is_over {
        top.expert(
            &TIMED_OUT,
            format_args!(
                "Not answered in the {} ms that the request allows",
                transaction.timeout
            ),
        )?;
    }
    if !has_ended && !is_over {
        return Ok(());
    }
    circumstances(top, stream, transaction, &end)?;
    doubts::add_unanswered(context, top, transaction)?;
    // The port alone proves nothing, a service may have it; the server's silence and its end do.
    let is_admin = stream.is_admin.get() || packet.ports().1 == ADMIN_PORT;
    let by_server = stream
        .closing()
        .is_some_and(|closing| closing.direction != direction);
    if is_admin && by_server && matches!(transaction.what, RequestKind::Message(_)) {
        let refusal = Refusal::AdminPort(context.kind.0);
        return top.expert(
            &common::UNSUPPORTED_TYPE,
            format_args!(
                "A message on an admin port; the server logs \"{refusal} from …\" and closes the connection"
            ),
        );
    }
    Ok(())
}

/// Says of an info answer with a body of so many bytes if it is longer than some clients take.
///
/// # Errors
/// What Wireshark threw.
pub fn info_limit(top: &Tree<'_>, bytes: u64) -> Guarded {
    if bytes <= LONGEST_INFO {
        return Ok(());
    }
    top.expert(&INFO_LIMIT, format_args!("The answer has {bytes} bytes"))
}

/// What became of a request and of its connection, in words.
struct Circumstances<'a> {
    stream: &'a Stream,
    transaction: &'a Transaction,
    end: &'a ConnectionEnd,
}

impl fmt::Display for Circumstances<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(repeats) = self.stream.queue.timing(self.transaction).repeats {
            write!(f, "; sent again by TCP {} times", repeats.count)?;
        }
        f.write_str(match self.transaction.end() {
            Some(behind) if before(self.end.acknowledged, behind) => {
                "; the server's TCP did not acknowledge the request"
            }
            Some(_) => "; the server's TCP acknowledged the request",
            None => "",
        })?;
        match self.stream.closing() {
            Some(closing) => write!(
                f,
                "; the connection was closed by {} after {}",
                who(self.stream, closing),
                links::Milliseconds(closing.at.wrapping_sub(self.transaction.asked_at))
            ),
            None => Ok(()),
        }
    }
}

/// The figures below a verdict.
fn circumstances(top: &Tree<'_>, stream: &Stream, transaction: &Transaction, end: &ConnectionEnd) -> Guarded {
    if let Some(allowed) = transaction.allowed_time() {
        links::time(top, &ALLOWED, allowed)?;
    }
    if let Some(repeats) = stream.queue.timing(transaction).repeats {
        top.uint(&RESENT, &[], repeats.count)?.set_generated();
    }
    if let Some(behind) = transaction.end() {
        top.boolean(&ACKNOWLEDGED, &[], !before(end.acknowledged, behind))?
            .set_generated();
    }
    if let Some(closing) = stream.closing() {
        top.text(&CLOSED_BY, &[], format_args!("{}", who(stream, closing)))?
            .set_generated();
        links::time(top, &CLOSED_AFTER, closing.at.wrapping_sub(transaction.asked_at))?;
    }
    Ok(())
}

/// Who closed a connection, and how.
#[must_use]
pub fn who(stream: &Stream, closing: Closing) -> &'static str {
    match (stream.is_from_client(closing.direction), closing.is_reset) {
        (true, false) => "the client (FIN)",
        (true, true) => "the client (RST)",
        (false, false) => "the server (FIN)",
        (false, true) => "the server (RST)",
    }
}

/// The message of the answer that is not whole, if it is the next one of this request.
fn begun(stream: &Stream, direction: usize, end: &ConnectionEnd, transaction: &Transaction) -> Option<Begun> {
    let partial = stream.partial(1 - direction.min(1))?;
    if transaction.next() != Some(partial.start) || partial.length == 0 {
        return None;
    }
    let seen = stream.end_of(1 - direction.min(1))?;
    // A FIN counts as one.
    let received = end
        .received
        .wrapping_sub(u32::from(end.completeness & links::completeness::FIN != 0));
    let furthest = if before(seen, received) { received } else { seen };
    Some(Begun {
        bytes: u64::from(furthest.wrapping_sub(partial.start)),
        size: partial.length,
    })
}
