//! What the line of a message says in the tree: rows, records and single answers are told apart.

use core::fmt;

use super::batch;
use crate::dissect::exchange::identity::Identity;
use crate::dissect::exchange::request_context::RequestContext;
use crate::wire::client::field::Value;
use crate::wire::client::message::{Message, Part};
use crate::wire::client::request::Request;

/// `write test.demo "k1"`, `batch test.demo 6 rows`, `KEY_BUSY, write test.demo b0da6e0d`, `row 4, NOT_FOUND, test.demo c8001cf8`,
/// `record test.demo "k1" gen 3`.
pub struct Heading<'m, 'p> {
    /// The message.
    pub message: &'m Message<'p>,
    /// Sent by a client.
    pub is_request: bool,
    /// What a request asks for.
    pub operation: Request,
    /// What the request of an answer asked for, where that is known.
    pub context: Option<&'m RequestContext<'p>>,
}

impl fmt::Display for Heading<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = Identity::of(self.message.fields());
        if self.is_request {
            write!(f, "{}{}", self.operation, of_batch(self.message, &own))?;
            return match own.rows {
                Some(rows) => write!(f, " {rows} rows"),
                None => Ok(()),
            };
        }
        let header = &self.message.header;
        let result = header.result_code;
        let identity = identity(&own, self.context);
        match header.part() {
            Part::Fin => write!(f, "last, {result}"),
            Part::PartitionDone(partition) => write!(f, "partition {partition} done, {result}"),
            Part::Record | Part::Error => match self.context {
                Some(RequestContext { row: Some(row), .. }) => write!(f, "row {row}, {result},{identity}"),
                // Scans, queries and old batches say themselves what a record is.
                _ if header.part() == Part::Record && !own.is_empty() => {
                    write!(f, "record{identity}")?;
                    match header.generation {
                        0 => Ok(()),
                        generation => write!(f, " gen {generation}"),
                    }
                }
                Some(context) => write!(f, "{result}, {}{identity}", context.operation),
                None => write!(f, "{result}{identity}"),
            },
        }
    }
}

/// What a message of an answer says of its record, or else what its request said.
#[must_use]
pub fn identity<'a>(own: &Identity<'a>, context: Option<&'a RequestContext<'_>>) -> Identity<'a> {
    match context {
        Some(context) if own.is_empty() => context.identity(),
        _ => *own,
    }
}

/// A request's identity; of a batch with what all of its rows have in common.
#[must_use]
pub fn of_batch<'a>(message: &Message<'a>, identity: &Identity<'a>) -> Identity<'a> {
    if identity.rows.is_none() || !identity.namespace.is_empty() {
        return *identity;
    }
    let mut batches = message
        .fields()
        .flatten()
        .filter_map(|field| match field.value() {
            Ok(Value::Batch(batch)) => Some(batch),
            _ => None,
        });
    let (namespace, set) = batches
        .next()
        .map_or((&[][..], &[][..]), |batch| batch::place(&batch));
    Identity {
        namespace,
        set,
        ..*identity
    }
}
