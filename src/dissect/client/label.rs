//! What the line of a message says in the tree: rows, records and single answers are told apart.

use core::fmt;

use crate::dissect::exchange::answered_request::AnsweredRequest;
use crate::epan::Packet;
use crate::track::ground::keys;
use crate::wire::client::message::batch::{Batch, Body};
use crate::wire::client::message::identity::Identity;
use crate::wire::client::message::{Message, ResponsePart};

/// `write test.demo "k1"`, `batch test.demo 6 rows`, `KEY_BUSY, write test.demo b0da6e0d`, `row 4, NOT_FOUND, test.demo c8001cf8`,
/// `record test.demo "k1" gen 3`.
pub struct Heading<'m, 'p> {
    /// The packet.
    pub packet: Packet<'p>,
    /// The message.
    pub message: &'m Message<'p>,
    /// Sent by a client.
    pub is_request: bool,
    /// What the request of an answer asked for, where that is known.
    pub request: Option<&'m AnsweredRequest<'p>>,
}

impl fmt::Display for Heading<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.message.identity();
        if self.is_request {
            let named = known_identity(self.packet, self.message);
            write!(f, "{}{named}", self.message.request())?;
            return match own.rows {
                Some(rows) => write!(f, " {rows} rows"),
                None => Ok(()),
            };
        }
        let header = &self.message.header;
        let result = header.result_code;
        let identity = identity(own, self.request);
        match header.part() {
            ResponsePart::Fin => write!(f, "last, {result}"),
            ResponsePart::PartitionDone(partition) => write!(f, "partition {partition} done, {result}"),
            ResponsePart::Record | ResponsePart::Error => match self.request {
                Some(AnsweredRequest { row: Some(row), .. }) => write!(f, "row {row}, {result},{identity}"),
                // Scans, queries and old batches say themselves what a record is.
                _ if header.part() == ResponsePart::Record && !own.is_empty() => {
                    write!(f, "record{identity}")?;
                    match header.generation {
                        0 => Ok(()),
                        generation => write!(f, " gen {generation}"),
                    }
                }
                Some(request) => write!(f, "{result}, {}{identity}", request.operation),
                None => write!(f, "{result}{identity}"),
            },
        }
    }
}

/// What a message of an answer says of its record, or else what its request said.
#[must_use]
pub fn identity<'a>(own: &Identity<'a>, request: Option<&'a AnsweredRequest<'_>>) -> Identity<'a> {
    match request {
        Some(request) if own.is_empty() => request.identity(),
        _ => *own,
    }
}

/// A request's identity with what it does not say itself: the user key, where the capture told it before; of a batch
/// what all of its rows have in common.
#[must_use]
pub fn known_identity<'a>(packet: Packet<'a>, message: &Message<'a>) -> Identity<'a> {
    let identity = message.identity();
    if identity.rows.is_none() || !identity.namespace.is_empty() {
        return with_key(packet, identity);
    }
    let (namespace, set) = message
        .batches()
        .next()
        .map_or((&[][..], &[][..]), |batch| place(&batch));
    Identity {
        namespace,
        set,
        ..*identity
    }
}

/// With the user key, where the capture told it before.
#[must_use]
pub fn with_key<'a>(packet: Packet<'a>, identity: &Identity<'a>) -> Identity<'a> {
    let seen = match (&identity.key, &identity.digest) {
        (None, Some(digest)) => keys::find(packet, digest.0).map(|(key, _)| key),
        _ => None,
    };
    Identity {
        key: identity.key.or(seen),
        ..*identity
    }
}

/// Namespace and set that all rows of a batch have; empty where they differ.
fn place<'a>(batch: &Batch<'a>) -> (&'a [u8], &'a [u8]) {
    let names = |body: &Body<'a>| (body.identity().namespace, body.identity().set);
    let mut rows = batch.rows().flatten().filter_map(|row| row.own_body().map(names));
    let Some((mut namespace, mut set)) = rows.next() else {
        return (&[], &[]);
    };
    for row in rows {
        if row.0 != namespace {
            namespace = &[];
        }
        if row.1 != set {
            set = &[];
        }
    }
    (namespace, set)
}
