//! Requests and answers: what the first pass remembers, what taps are told, links in the tree.

pub mod answered_request;
pub mod body;
pub mod context;
pub mod doubts;
pub mod first_pass;
pub mod kept;
pub mod links;
pub mod outcome;
pub mod owner;
pub mod taps;
pub mod times;
mod touches;
pub mod verdicts;

use self::body::{RequestBody, ResponseBody};
use self::context::MessageContext;
use self::first_pass::RequestRows;
use crate::track::client::retries;
use crate::track::client::transactions::{Answer, RequestFacts, RequestKind, ResponseFacts, Transaction};
use crate::wire::client::proto::ProtoType;
use crate::wire::exchange::matching::{EndFacts, Progress};

/// A request: joins the queue of its connection.
#[must_use]
pub fn on_request<'p>(context: &MessageContext<'p>, body: &RequestBody<'_, 'p>) -> Option<Transaction> {
    let stream = context
        .stream
        .filter(|_| context.is_tracked && context.is_request)?;
    let (what, packet) = (body.kind(), context.packet);
    let rows = match body {
        RequestBody::Message(message) => first_pass::request(context, message),
        _ => RequestRows::default(),
    };
    let facts = RequestFacts {
        ack_state: context.ack_state,
        what,
        progress: Progress::new(
            body.expected_response(),
            context.kind == ProtoType::AS_MSG_COMPRESSED,
        ),
        timeout: body.timeout(),
        end: context.range.map(|(_, end)| end),
        rows: rows.rows,
        set: rows.set,
        writes: rows.writes,
        // Info and security requests of different clients are alike: their repetition says nothing.
        fingerprint: (!packet.is_visited() && matches!(what, RequestKind::Message(_)))
            .then(|| retries::fingerprint(packet, context.body)),
        counts_twice: rows.counts_twice || body.counts_twice(),
        commands: if packet.is_visited() { 0 } else { body.commands() },
        began_at: context.began_at,
        delay: context.delay,
    };
    let transaction = retries::on_request(stream, packet, &facts, context.conversation);
    taps::on_request(context, body, transaction.as_ref());
    transaction
}

/// A response's message has been read: what it means for its request.
#[must_use]
pub fn on_response<'p>(
    context: &MessageContext<'p>,
    body: &ResponseBody<'_, 'p>,
    facts: EndFacts,
    records: u32,
    is_ok: bool,
    is_cut: bool,
) -> Option<Answer> {
    let Some((mut answer, stream)) = context.answer.zip(context.stream) else {
        if context.is_tracked && !context.is_request {
            taps::on_response(context, body, None);
        }
        return None;
    };
    retries::on_response(
        stream,
        context.packet,
        &mut answer,
        &ResponseFacts {
            kind: context.kind,
            facts,
            records,
            is_cut,
            is_ok,
            end: context.range.map(|(_, end)| end),
            began_at: context.began_at,
            delay: context.delay,
        },
    );
    taps::on_response(context, body, Some(&answer));
    Some(answer)
}
