//! Batch requests: the rows of field 41 or 42.

use super::field;
use super::header::{self, GENERATION, INFO1, INFO2, INFO3, INFO4, N_FIELDS, N_OPS};
use super::{label, op};
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::{first_pass, owner};
use crate::dissect::shared::common::{self, OPERATION};
use crate::dissect::shared::hint;
use crate::epan::{Guarded, Tree};
use crate::protocols::BATCH;
use crate::wire::client::fields::field::{Field, FieldValue};
use crate::wire::client::message::batch::{
    Batch, BatchFlags, BatchRow, Body, FLAGS_AT, ROW_FLAGS_AT, RowFlags,
};
use crate::wire::client::message::identity::Identity;
use crate::wire::client::message::request::Request;
use crate::wire::client::proto::Order;
use crate::wire::ground::input::Malformed;

fields! {
    COUNT: U32, "aerospike.batch.count", "Number of rows", "Rows of the batch";
    INDEX: U32, "aerospike.batch.index", "Row index", "The client's index of the row; in an answer, the row answered";
    REPEAT: Boolean, "aerospike.batch.repeat", "Repeat", "The row does as the row before it";
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
pub fn field<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, field: &Field<'p>) -> Guarded {
    let value = field.value();
    let batch = match value {
        Ok(FieldValue::Batch(data)) if BATCH.is_enabled() => Batch::read(data),
        value => return field::field(context, tree, field, &value),
    };
    match batch {
        Ok(batch) => {
            let item = tree.uint(&COUNT, field.bytes, batch.count)?;
            let heading = tree.under(item, &COUNT)?;
            heading
                .item()
                .label(format_args!("{}: {} rows", field.kind, batch.count));
            field::size_and_type(context, &heading, field)?;
            rows(context, &heading, field, &batch)
        }
        Err(error) => field::field(context, tree, field, &Err(error)),
    }
}

/// All rows of a batch.
fn rows<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, field: &Field<'p>, batch: &Batch<'p>) -> Guarded {
    let data = field.data;
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
    let Some(_level) = context.packet.descend() else {
        return common::too_deep(tree, data);
    };
    let top = tree.protocol(&BATCH, data)?;
    top.item()
        .label(format_args!("Aerospike Batch, {} rows", batch.count));
    top.bits(&FLAGS, &data[FLAGS_AT], Order::Big)?;
    let mut rows = batch.rows();
    let mut count = 0u32;
    for next in rows.by_ref() {
        match next {
            Ok(next) => {
                row(context, &top, &next)?;
                count += 1;
                if let Some(fault) = next.own_body().and_then(|body| body.fault()) {
                    return common::add_error(&top, fault);
                }
            }
            Err(error) => return common::add_error(&top, &error),
        }
    }
    if count < batch.count {
        let error = Malformed::illegal("batch", rows.rest(), "fewer rows than the number of rows says");
        return common::add_error(&top, &error);
    }
    common::leftover(&top, "batch", rows.rest())
}

fn row<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, row: &BatchRow<'p>) -> Guarded {
    let item = tree.uint(&INDEX, row.bytes, row.index)?;
    let heading = tree.under(item, &INDEX)?;
    // A row that repeats another has its place, and a record of its own.
    let identity = match (row.own_body(), &row.body) {
        (Some(own), _) => *own.identity(),
        (None, Some(earlier)) => Identity {
            namespace: earlier.identity().namespace,
            set: earlier.identity().set,
            ..Identity::default()
        },
        (None, None) => Identity::default(),
    };
    let kind = row.body.map(|body| body.request());
    if heading.is_visible() {
        let whole = Identity {
            digest: Some(row.digest),
            ..identity
        };
        let whole = label::with_key(context.packet, &whole);
        match kind {
            Some(kind) => heading
                .item()
                .label(format_args!("row {}, {kind}{whole}", row.index)),
            None => heading.item().label(format_args!("row {},{whole}", row.index)),
        };
    }
    common::digest(&heading, row.digest)?;
    if let Some(key) = &identity.key {
        common::digest_of_key(&heading, identity.set, key, Some(row.digest))?;
    } else {
        common::seen_key(&heading, row.digest.0)?;
    }
    if let Some(body) = row.body.filter(|_| owner::is_wanted(context, &heading)) {
        let writes = first_pass::writes(body.request(), body.info2());
        owner::items(context, &heading, identity.namespace, row.digest.0, writes)?;
    }
    let flags = &row.bytes[ROW_FLAGS_AT];
    heading.bits(&ROW_FLAGS, flags, Order::Big)?;
    // The same bit stands among the flags.
    heading.boolean(&REPEAT, flags, row.repeats())?.set_hidden();
    if let Some(kind) = kind {
        heading
            .uint(&OPERATION, flags, u32::from(kind.0))?
            .set_generated();
    }
    match row.own_body() {
        Some(own) => body(context, &heading, own),
        None if row.body.is_none() => {
            let error = Malformed::illegal("batch row", flags, "repeats a row, but none is before it");
            common::add_error(&heading, &error)
        }
        None => add_inherited(&heading, &identity),
    }
}

/// What a repeating row takes from the row before it.
fn add_inherited(tree: &Tree<'_>, identity: &Identity<'_>) -> Guarded {
    common::place(tree, identity.namespace, identity.set)
}

fn body<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, body: &Body<'p>) -> Guarded {
    let kind = body.request();
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
        header::record_ttl(tree, ttl.bytes, Order::Big, meaning)?;
    }
    tree.add(&N_FIELDS, body.n_fields.bytes)?;
    tree.add(&N_OPS, body.n_ops.bytes)?;
    if kind == Request::SELECT && body.n_ops.value == 0 {
        tree.expert(&hint::NO_BINS, format_args!(""))?;
    }
    for next in body.fields().flatten() {
        let value = match next.value() {
            Ok(FieldValue::Batch(_)) => {
                let why = "a batch cannot stand in a row of a batch";
                Err(Malformed::illegal("batch row", next.data, why))
            }
            value => value,
        };
        field::field(context, tree, &next, &value)?;
    }
    for next in body.ops().flatten() {
        op::op(context, tree, &next)?;
    }
    Ok(())
}
