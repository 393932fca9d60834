//! On the first pass: what later messages need to know of a message's records.

use crate::dissect::exchange::context::MessageContext;
use crate::track::client::rows::{self, IndexedRow, RowRequest, Span};
use crate::track::client::transactions::RequestKind;
use crate::track::ground::{keys, sets};
use crate::wire::client::message::batch::Batch;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{Info2, Message, ResponsePart};

/// What is remembered with a request.
#[derive(Clone, Copy, Default)]
pub struct RequestRows {
    /// The records it asks for.
    pub rows: Span,
    /// Namespace and set, where the request as a whole names them.
    pub set: sets::SetId,
    /// It, or a row of it, can change records.
    pub writes: bool,
    /// A row of it, done twice, is not the same as done once.
    pub counts_twice: bool,
}

/// Whether a request or row can change its record.
#[must_use]
pub fn writes(kind: Request, info2: Info2) -> bool {
    kind.writes() || info2.contains(Info2::WRITE)
}

/// Whether the request is about one record.
#[must_use]
pub const fn is_single(kind: Request) -> bool {
    !kind.is_query() && !matches!(kind, Request::BATCH | Request::BATCH_DIRECT)
}

/// Remembers a request's records.
#[must_use]
pub fn request<'p>(context: &MessageContext<'p>, message: &Message<'p>) -> RequestRows {
    let packet = context.packet;
    let Some(stream) = context
        .stream
        .filter(|_| context.is_tracked && !packet.is_visited())
    else {
        return RequestRows::default();
    };
    let (kind, identity) = (message.request(), message.identity());
    let mut asked_for = RequestRows {
        set: sets::note(packet, identity.namespace, identity.set),
        writes: writes(kind, message.header.info2),
        ..RequestRows::default()
    };
    if kind == Request::BATCH {
        for batch in message.batches() {
            let (writes, counts_twice) = (&mut asked_for.writes, &mut asked_for.counts_twice);
            let rows = batch_rows(context, &batch).inspect(|(_, asked)| {
                *writes |= asked.writes;
                *counts_twice |= asked.counts_twice;
            });
            let indexes = batch.rows().flatten().map(|row| row.index);
            asked_for.rows = if indexes.is_sorted() {
                stream.queue.rows.remember(packet, rows)
            } else {
                // One more than is remembered, so that it is seen that there are more.
                let most = batch.rows().count().min(rows::MOST + 1);
                let rows = packet.gather(most, rows);
                // Not a stable sort, which would allocate: of rows with one index any may answer.
                rows.sort_unstable_by_key(|(row, _)| row.index);
                stream.queue.rows.remember(packet, rows.iter().copied())
            };
        }
    } else if is_single(kind) {
        if let Some(digest) = identity.record() {
            asked_for.rows = stream.queue.rows.remember_one(packet, digest);
            if let Some(key) = &identity.key {
                keys::note(packet, identity.set, &digest, key);
            }
        }
    }
    asked_for
}

/// The rows of a batch with what each asks for, as they come; their keys are noted.
fn batch_rows<'p>(
    context: &MessageContext<'p>,
    batch: &Batch<'p>,
) -> impl Iterator<Item = (IndexedRow, RowRequest)> + 'p {
    let packet = context.packet;
    let mut asked = None;
    batch.rows().flatten().filter_map(move |row| {
        if let Some(body) = row.own_body() {
            let identity = body.identity();
            let writes = writes(body.request(), body.info2());
            asked = Some(RowRequest {
                set: sets::note(packet, identity.namespace, identity.set),
                request: body.request(),
                writes,
                counts_twice: writes && body.counts_twice(),
            });
            if let Some(key) = &identity.key {
                keys::note(packet, identity.set, row.digest.0, key);
            }
        }
        let remembered = IndexedRow {
            index: row.index,
            digest: *row.digest.0,
        };
        asked.map(|asked| (remembered, asked))
    })
}

/// Remembers which row of a batch a message of an answer is about, and the user key that it tells: scans and queries
/// return it where it is stored.
pub fn response(context: &MessageContext<'_>, message: &Message<'_>) {
    if context.packet.is_visited() {
        return;
    }
    let transaction = context.answer.map(|answer| answer.transaction);
    let batch = transaction.filter(|one| one.writes && one.what == RequestKind::Message(Request::BATCH));
    if let (Some(batch), Some(stream)) = (
        batch.filter(|_| message.header.part() != ResponsePart::Fin),
        context.stream,
    ) {
        let (index, is_ok) = (
            message.header.transaction_ttl,
            message.header.result_code == ResultCode::OK,
        );
        stream
            .queue
            .rows
            .on_response(context.packet, batch.rows, index, is_ok);
    }
    let identity = message.identity();
    if let (Some(digest), Some(key)) = (identity.digest, &identity.key) {
        keys::note(context.packet, identity.set, digest.0, key);
    }
}
