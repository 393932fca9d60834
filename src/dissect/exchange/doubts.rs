//! Rows of a batch of which nobody knows whether they were applied, or which were applied twice.

use super::links::DUPLICATE_WRITE;
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::shared::common::{self, DIGEST};
use crate::epan::fields::field::Field;
use crate::epan::{Guarded, Tree};
use crate::track::client::retries;
use crate::track::client::rows::{Fate, IndexedRow, RowRequest};
use crate::track::client::transactions::{RequestKind, Transaction};
use crate::track::ground::sets;
use crate::wire::client::fields::digest::Digest;
use crate::wire::client::message::request::Request;
use crate::wire::ground::text::LossyText;

fields! {
    IN_DOUBT: U32, "aerospike.batch.in_doubt", "Row in doubt", "Index of a row that can change its record, and of which no answer says whether it did";
    IN_DOUBT_COUNT: U32, "aerospike.batch.in_doubt.count", "Rows in doubt", "How many rows are in doubt";
    TWICE: U32, "aerospike.batch.applied_twice", "Row applied twice", "Index of a row that both tries of the batch were answered OK for";
}

/// Rows that are named one by one; the number of all is said.
const NAMED: usize = 100;

/// Whether the request is a batch that can change records.
#[must_use]
pub fn is_batch_write(transaction: &Transaction) -> bool {
    transaction.writes && transaction.what == RequestKind::Message(Request::BATCH)
}

/// At a batch without a whole answer: its rows that are in doubt.
///
/// # Errors
/// What Wireshark threw.
pub fn add_unanswered(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let is_wanted = top.wants(&IN_DOUBT) || top.wants(&IN_DOUBT_COUNT);
    let Some(stream) = context
        .stream
        .filter(|_| is_wanted && is_batch_write(transaction))
    else {
        return Ok(());
    };
    let rows = &stream.queue.rows;
    let open = || {
        rows.all(transaction.rows)
            .filter(|(row, asked)| asked.writes && rows.fate(transaction.rows, row.index) == Fate::Unknown)
    };
    top.uint(&IN_DOUBT_COUNT, &[], count(open()))?.set_generated();
    for (row, asked) in open().take(NAMED) {
        name(top, &IN_DOUBT, &row, &asked)?;
    }
    Ok(())
}

/// At the end of the answer to a batch that was tried before: which rows both tries applied, and which the first may
/// have. Whether any was applied twice.
///
/// # Errors
/// What Wireshark threw.
pub fn add_repetition(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let Some(stream) = context
        .stream
        .filter(|_| is_batch_write(transaction) && transaction.retry_of != 0)
    else {
        return Ok(());
    };
    let Some((before, earlier)) = retries::attempt_before(context.packet, stream, transaction) else {
        return Ok(());
    };
    let (rows, other) = (&stream.queue.rows, &before.queue.rows);
    let applied = |fate: Fate| {
        rows.all(transaction.rows).filter(move |(row, asked)| {
            asked.counts_twice
                && rows.fate(transaction.rows, row.index) == Fate::Applied
                && other.fate(earlier.rows, row.index) == fate
        })
    };
    let (twice, in_doubt) = (count(applied(Fate::Applied)), count(applied(Fate::Unknown)));
    if twice > 0 && !transaction.applied_again {
        top.expert(
            &DUPLICATE_WRITE,
            format_args!(
                "{twice} rows were applied by the try in frame {}, too; {in_doubt} more may have been",
                transaction.retry_of
            ),
        )?;
    }
    for (row, asked) in applied(Fate::Applied).take(NAMED) {
        name(top, &TWICE, &row, &asked)?;
    }
    if in_doubt > 0 {
        top.uint(&IN_DOUBT_COUNT, &[], in_doubt)?.set_generated();
    }
    for (row, asked) in applied(Fate::Unknown).take(NAMED) {
        name(top, &IN_DOUBT, &row, &asked)?;
    }
    Ok(())
}

fn count(rows: impl Iterator<Item = (IndexedRow, RowRequest)>) -> u32 {
    u32::try_from(rows.count()).unwrap_or(u32::MAX)
}

/// A row by its index, its record below.
fn name(top: &Tree<'_>, field: &'static Field, row: &IndexedRow, asked: &RowRequest) -> Guarded {
    let (namespace, set) = sets::get(top.packet(), asked.set).unwrap_or_default();
    let item = top.uint(field, &[], row.index)?.set_generated();
    item.append(format_args!(
        ": {} {}.{} {}",
        asked.request,
        LossyText(namespace),
        LossyText(set),
        Digest(&row.digest)
    ));
    let below = top.under(item, field)?;
    below.bytes(&DIGEST, &[], &row.digest)?.set_generated();
    common::seen_key(&below, &row.digest)
}
