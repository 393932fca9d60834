//! Where an answer's time went, and what happened to its request on the way, for who looks. All times are those of the
//! capture point: near the client the round trip is part of the server's time, near the server it is not.

use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::links::time;
use crate::epan::fields::group::FieldGroup;
use crate::epan::{Guarded, Tree};
use crate::track::client::stream::Stream;
use crate::track::client::transactions::Transaction;

fields! {
    TIME_REQUEST: RelativeTime, "aerospike.time.request", "Request spread", "From the first segment of the request to its last (TRANSUM: request spread)";
    TIME_SERVER: RelativeTime, "aerospike.time.server", "Service time", "From the last segment of the request, first time it was captured, to the first byte of the answer (TRANSUM: service time)";
    TIME_ANSWER: RelativeTime, "aerospike.time.answer", "Response spread", "From the first byte of the answer to its last (TRANSUM: response spread)";
    TIME_RETRANSMISSION: RelativeTime, "aerospike.time.retransmission", "Retransmission", "From the request to its last repetition by TCP before the answer: part of the service time";
    TIME_DELAYED_ACK: RelativeTime, "aerospike.time.delayed_ack", "Delayed ACK", "How long the sender held back the rest of a message until the other side acknowledged its first part (Nagle's algorithm and delayed ACK)";
    TIME_CLIENT: RelativeTime, "aerospike.time.client", "Client time", "From the last byte of the answer before to the first of this request, on the same connection";
    TIME_GIVEN_UP: RelativeTime, "aerospike.time.given_up", "Given up before the answer", "From the client's FIN or RST to the answer";
    RTT: RelativeTime, "aerospike.rtt", "Round trip", "Round trip of the connection's handshake, as TCP measures it";
}

static TIMES: FieldGroup = FieldGroup::new(&[FIELDS], &[], &[]);

/// At the request: what its client did since the answer before.
///
/// # Errors
/// What Wireshark threw.
pub fn request(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let Some(queue) = context.stream.map(|stream| &stream.queue) else {
        return Ok(());
    };
    if !top.wants(&TIME_CLIENT) {
        return Ok(());
    }
    if let Some(before) = queue.answered_before(transaction) {
        let began = queue.timing(transaction).request_began;
        time(top, &TIME_CLIENT, began.wrapping_sub(before.answered_at.1))?;
    }
    Ok(())
}

/// At a request whose client closed the connection before the answer came; on later passes.
///
/// # Errors
/// What Wireshark threw.
pub fn given_up(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let closing = context.stream.and_then(Stream::closed_by_client);
    match closing.filter(|closing| closing.at < transaction.answered_at.1) {
        Some(closing) => time(
            top,
            &TIME_GIVEN_UP,
            transaction.answered_at.1.wrapping_sub(closing.at),
        ),
        None => Ok(()),
    }
}

/// At the end of an answer.
///
/// # Errors
/// What Wireshark threw.
pub fn answer(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let Some(stream) = context.stream.filter(|_| top.wants_fields(&TIMES)) else {
        return Ok(());
    };
    let parts = stream.queue.timing(transaction).parts(transaction);
    time(top, &TIME_REQUEST, parts.request)?;
    time(top, &TIME_SERVER, parts.service)?;
    time(top, &TIME_ANSWER, parts.answer)?;
    if let Some(again) = parts.retransmission {
        time(top, &TIME_RETRANSMISSION, again)?;
    }
    if let Some(delay) = parts.delay {
        time(top, &TIME_DELAYED_ACK, delay)?;
    }
    let closing = stream.closed_by_client();
    if let Some(closing) = closing.filter(|closing| closing.frame < context.packet.frame()) {
        time(
            top,
            &TIME_GIVEN_UP,
            transaction.answered_at.1.wrapping_sub(closing.at),
        )?;
    }
    if let Some(round_trip) = context.packet.round_trip() {
        time(top, &RTT, round_trip)?;
    }
    Ok(())
}
