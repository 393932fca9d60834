//! On the first pass: what later messages need to know of a message's records.

use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::identity::Identity;
use crate::track::rows::{self, Errand, Row, Span};
use crate::track::transactions::What;
use crate::track::{keys, sets};
use crate::wire::client::batch::Batch;
use crate::wire::client::field::{FieldType, Value};
use crate::wire::client::message::{Info2, Message, Part};
use crate::wire::client::op::Ops;
use crate::wire::client::request::Request;
use crate::wire::client::result_code::ResultCode;

/// What is remembered with a request.
#[derive(Clone, Copy, Default)]
pub struct Memory {
    /// The records it asks for.
    pub rows: Span,
    /// Namespace and set, where the request as a whole names them.
    pub place: sets::Place,
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
pub fn request<'p>(path: &Path<'p>, message: &Message<'p>, kind: Request, identity: &Identity<'_>) -> Memory {
    let packet = path.packet;
    let Some(stream) = path.stream.filter(|_| path.is_tracked && !packet.is_visited()) else {
        return Memory::default();
    };
    let mut memory = Memory {
        place: sets::note(packet, identity.namespace, identity.set),
        writes: writes(kind, message.header.info2),
        ..Memory::default()
    };
    if kind == Request::BATCH {
        for field in message.fields().flatten() {
            let batch = match field.value() {
                Ok(Value::Batch(data)) => Batch::read(data).ok(),
                _ => None,
            };
            if let Some(batch) = batch {
                let (writes, counts_twice) = (&mut memory.writes, &mut memory.counts_twice);
                let rows = batch_rows(path, &batch).inspect(|(_, errand)| {
                    *writes |= errand.writes;
                    *counts_twice |= errand.counts_twice;
                });
                let indexes = batch.rows().flatten().map(|row| row.index);
                memory.rows = if indexes.is_sorted() {
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
        }
    } else if is_single(kind) {
        if let Some(digest) = identity.record() {
            memory.rows = stream.queue.rows.remember_one(packet, digest);
            if let Some(key) = &identity.key {
                keys::note(packet, identity.set, &digest, key);
            }
        }
    }
    memory
}

/// The rows of a batch with what each asks for, as they come; their keys are noted.
fn batch_rows<'p>(path: &Path<'p>, batch: &Batch<'p>) -> impl Iterator<Item = (Row, Errand)> + 'p {
    let packet = path.packet;
    let mut errand = None;
    batch.rows().flatten().filter_map(move |row| {
        if let Some(body) = row.own_body() {
            let set = body.set.unwrap_or_default();
            let writes = writes(body.request, body.info2());
            errand = Some(Errand {
                place: sets::note(packet, body.namespace.unwrap_or_default(), set),
                request: body.request,
                writes,
                counts_twice: writes && counts_twice(body.request, body.ops()),
            });
            for field in body
                .fields()
                .flatten()
                .filter(|field| field.kind == FieldType::KEY)
            {
                if let Ok(Value::Key(key)) = field.value() {
                    keys::note(packet, set, row.digest.0, &key);
                }
            }
        }
        let remembered = Row {
            index: row.index,
            digest: *row.digest.0,
        };
        errand.map(|errand| (remembered, errand))
    })
}

/// Whether a request or row does more when it is sent twice.
#[must_use]
pub fn counts_twice(kind: Request, ops: Ops<'_>) -> bool {
    match kind {
        Request::UDF => true,
        Request::OPERATE | Request::WRITE => ops.flatten().any(|op| op.code.counts_twice()),
        _ => false,
    }
}

/// Remembers which row of a batch a message of an answer is about, and the user key that it tells: scans and queries
/// return it where it is stored.
pub fn response(path: &Path<'_>, message: &Message<'_>) {
    if path.packet.is_visited() {
        return;
    }
    let transaction = path.answer.map(|answer| answer.transaction);
    let batch = transaction.filter(|one| one.writes && one.what == What::Message(Request::BATCH));
    if let (Some(batch), Some(stream)) = (batch.filter(|_| message.header.part() != Part::Fin), path.stream) {
        let (index, is_ok) = (
            message.header.transaction_ttl,
            message.header.result_code == ResultCode::OK,
        );
        stream.queue.rows.answered(path.packet, batch.rows, index, is_ok);
    }
    if message.header.n_fields == 0 {
        return;
    }
    let identity = Identity::of(message.fields());
    if let (Some(digest), Some(key)) = (identity.digest, &identity.key) {
        keys::note(path.packet, identity.set, digest.0, key);
    }
}
