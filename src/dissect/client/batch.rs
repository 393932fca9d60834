//! Batch requests: the rows of field 41 or 42.

use super::field::{self, FIELD_DATA};
use super::header::{self, GENERATION, INFO1, INFO2, INFO3, INFO4, N_FIELDS, N_OPS};
use super::op;
use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::identity::Identity;
use crate::dissect::shared::common::{self, OPERATION};
use crate::dissect::shared::hint;
use crate::epan::{Guarded, Tree};
use crate::protocols::BATCH;
use crate::track::sets;
use crate::track::transactions::What;
use crate::wire::client::batch::{
    Batch, BatchFlags, Body, COUNT_AT, FLAGS_AT, ROW_FLAGS_AT, ROW_INDEX_AT, Row, RowFlags,
};
use crate::wire::client::field::{Field, Value};
use crate::wire::client::message::{Header, Part, TRANSACTION_TTL_AT};
use crate::wire::client::proto::Order;
use crate::wire::client::request;
use crate::wire::ground::input::Malformed;

fields! {
    COUNT: U32, "aerospike.batch.count", "Number of rows", "Rows of the batch";
    INDEX: U32, "aerospike.batch.index", "Row index", "The client's index of the row; in an answer, the row answered";
    REPEAT: Boolean, "aerospike.batch.repeat", "Repeat", "The row does as the row before it";
    ROW: None, "aerospike.batch.row", "Row", "A row of the batch";
}

experts! {
    BATCH_SIZE: Note Protocol, "aerospike.expert.batch_size", "The size of the field is not that of its rows; servers read rows by their count";
}

bit_sets! {
    FLAGS: U8 of BatchFlags, "aerospike.batch.flags", "Batch flags", "Flags of the batch";
    ROW_FLAGS: U8 of RowFlags, "aerospike.batch.row_flags", "Row flags", "Which parts the row has";
}

/// A field of a message or row: of a batch its rows, too.
///
/// # Errors
/// What Wireshark threw.
pub fn field<'p>(path: &Path<'p>, tree: &Tree<'p>, field: &Field<'p>) -> Guarded {
    let (heading, value) = field::field(path, tree, field)?;
    let Ok(Value::Batch(data)) = value else {
        return Ok(());
    };
    match Batch::read(data) {
        Ok(batch) => rows(path, &heading, field, &batch),
        Err(error) => common::malformed_in(&heading, data, &error),
    }
}

/// All rows of a batch.
fn rows<'p>(path: &Path<'p>, tree: &Tree<'p>, field: &Field<'p>, batch: &Batch<'p>) -> Guarded {
    let data = field.data;
    tree.item()
        .label(format_args!("{}: {} rows", field.kind, batch.count));
    if !field.has_true_size() && !tree.source().is_cut() {
        tree.expert(
            &BATCH_SIZE,
            format_args!(
                "field_sz is {}, type and rows are {} bytes",
                field.size,
                data.len().saturating_add(1)
            ),
        )?;
    }
    if !BATCH.is_enabled() {
        tree.add(&FIELD_DATA, data)?;
        return Ok(());
    }
    let Some(_level) = path.packet.descend() else {
        return common::too_deep(tree, data);
    };
    let top = tree.protocol(&BATCH, data)?;
    top.item()
        .label(format_args!("Aerospike Batch, {} rows", batch.count));
    top.add(&COUNT, &data[COUNT_AT])?;
    top.bits(&FLAGS, &data[FLAGS_AT], Order::Big)?;
    let mut rows = batch.rows();
    let mut count = 0u32;
    for next in rows.by_ref() {
        match next {
            Ok(next) => {
                row(path, &top, &next)?;
                count += 1;
                if let Some(fault) = next.own_body().and_then(|body| body.fault) {
                    return common::malformed(&top, &fault);
                }
            }
            Err(error) => return common::malformed(&top, &error),
        }
    }
    if count < batch.count {
        let error = Malformed::illegal("batch", rows.rest(), "fewer rows than the number of rows says");
        return common::malformed(&top, &error);
    }
    common::leftover(&top, "batch", rows.rest())
}

fn row<'p>(path: &Path<'p>, tree: &Tree<'p>, row: &Row<'p>) -> Guarded {
    let heading = tree.sub(&ROW, row.bytes)?;
    // Of a row that repeats another the fields were walked once, with the other.
    let identity = match (row.own_body(), &row.body) {
        (Some(own), _) => Identity::of(own.fields()),
        (None, Some(earlier)) => Identity {
            namespace: earlier.namespace.unwrap_or_default(),
            set: earlier.set.unwrap_or_default(),
            ..Identity::default()
        },
        (None, None) => Identity::default(),
    };
    let kind = row.body.map(|body| body.request);
    if heading.is_visible() {
        let whole = Identity {
            digest: Some(row.digest),
            ..identity
        };
        match kind {
            Some(kind) => heading
                .item()
                .label(format_args!("Row {}: {kind}{whole}", row.index)),
            None => heading.item().label(format_args!("Row {}:{whole}", row.index)),
        };
    }
    heading.add(&INDEX, &row.bytes[ROW_INDEX_AT])?;
    common::digest(&heading, row.digest)?;
    if let Some(key) = &identity.key {
        common::digest_of_key(&heading, identity.set, key, Some(row.digest))?;
    } else {
        common::seen_key(&heading, row.digest.0)?;
    }
    let flags = &row.bytes[ROW_FLAGS_AT];
    heading.bits(&ROW_FLAGS, flags, Order::Big)?;
    heading.boolean(&REPEAT, flags, row.repeats())?;
    if let Some(kind) = kind {
        heading.uint(&OPERATION, flags, u32::from(kind.0))?.generated();
    }
    match row.own_body() {
        Some(own) => body(path, &heading, own, own.request),
        None if row.body.is_none() => {
            let error = Malformed::illegal("batch row", flags, "repeats a row, but none is before it");
            common::malformed(&heading, &error)
        }
        None => inherited(&heading, &identity),
    }
}

/// What a repeating row takes from the row before it.
fn inherited(tree: &Tree<'_>, identity: &Identity<'_>) -> Guarded {
    common::place(tree, identity.namespace, identity.set)
}

fn body<'p>(path: &Path<'p>, tree: &Tree<'p>, body: &Body<'p>, kind: request::Request) -> Guarded {
    tree.bits(&INFO1, body.info1.bytes, Order::Big)?;
    if let Some(info2) = &body.info2 {
        tree.bits(&INFO2, info2.bytes, Order::Big)?;
    }
    if let Some(info3) = &body.info3 {
        tree.bits(&INFO3, info3.bytes, Order::Big)?;
    }
    if let Some(info4) = &body.info4 {
        tree.bits(&INFO4, info4.bytes, Order::Big)?;
    }
    if let Some(generation) = &body.generation {
        tree.uint(&GENERATION, generation.bytes, u32::from(generation.value))?;
    }
    if let Some(ttl) = &body.record_ttl {
        let meaning = kind.ttl(body.info2(), ttl.value);
        header::record_ttl(tree, ttl.bytes, ttl.value, Order::Big, meaning)?;
    }
    tree.add(&N_FIELDS, body.n_fields.bytes)?;
    tree.add(&N_OPS, body.n_ops.bytes)?;
    if kind == request::Request::SELECT && body.n_ops.value == 0 {
        tree.expert(&hint::NO_BINS, format_args!(""))?;
    }
    for next in body.fields().flatten() {
        let (heading, value) = field::field(path, tree, &next)?;
        if matches!(value, Ok(Value::Batch(_))) {
            let why = "a batch cannot stand in a row of a batch";
            common::malformed(&heading, &Malformed::illegal("batch row", next.data, why))?;
        }
    }
    for next in body.ops().flatten() {
        op::op(path, tree, &next)?;
    }
    Ok(())
}

/// In an answer to a batch: the row that a message answers, and its record, as the request said it.
///
/// # Errors
/// What Wireshark threw.
pub fn answered_row(path: &Path<'_>, tree: &Tree<'_>, header: &Header<'_>) -> Guarded {
    let (Some(answer), Some(stream)) = (path.answer, path.stream) else {
        return Ok(());
    };
    let is_batch = answer.transaction.what == What::Message(request::Request::BATCH);
    if !is_batch || header.part() == Part::Fin || answer.refuses(header) {
        return Ok(());
    }
    let part = &header.bytes[TRANSACTION_TTL_AT];
    tree.add_in(&INDEX, part, header.order)?;
    if let Some((row, errand)) = stream
        .queue
        .rows
        .row(answer.transaction.rows, header.transaction_ttl)
    {
        if let Some((namespace, set)) = sets::get(path.packet, errand.place) {
            common::place(tree, namespace, set)?;
        }
        common::seen_key(tree, &row.digest)?;
        tree.bytes(&common::DIGEST, &[], &row.digest)?.generated();
        let partition = crate::wire::client::digest::partition(&row.digest);
        tree.uint(&common::PARTITION, &[], u32::from(partition))?
            .generated();
    }
    Ok(())
}
