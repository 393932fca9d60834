//! What an answer says of its request: operation and record, so that one filter has them together with result and time.

use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::first_pass::is_single;
use crate::dissect::shared::common::{
    self, DIGEST, KEY, KEY_SEEN_IN, KEY_TYPE, NAMESPACE, OPERATION, PARTITION, SET,
};
use crate::epan::fields::group::FieldGroup;
use crate::epan::plugin::register::preference;
use crate::epan::{Guarded, Tree};
use crate::track::client::transactions::{Answer, RequestKind, Transaction};
use crate::track::ground::{keys, sets};
use crate::wire::client::fields::digest::{self, Digest, LENGTH};
use crate::wire::client::fields::key::UserKey;
use crate::wire::client::message::identity::Identity;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::{Header, ResponsePart};

/// All that is generated here.
static GENERATED: FieldGroup = FieldGroup::new(
    &[&[
        &OPERATION,
        &NAMESPACE,
        &SET,
        &DIGEST,
        &PARTITION,
        &KEY,
        &KEY_TYPE,
        &KEY_SEEN_IN,
    ]],
    &[],
    &[],
);

/// What the request of an answer (or the row of a batch that a message answers) asked for.
#[derive(Clone, Copy)]
pub struct AnsweredRequest<'p> {
    /// The operation.
    pub operation: Request,
    /// The client's index of the row, in the answer to a batch.
    pub row: Option<u32>,
    namespace: &'p [u8],
    set: &'p [u8],
    digest: Option<[u8; LENGTH]>,
    /// The user key, if the capture had told it by the time of the request, and the frame that did.
    key: Option<(UserKey<'p>, u32)>,
}

/// What the request of a stream of messages asked for as a whole.
///
/// # Errors
/// What Wireshark threw.
pub fn of_stream(context: &MessageContext<'_>, top: &Tree<'_>, transaction: &Transaction) -> Guarded {
    let RequestKind::Message(operation) = transaction.what else {
        return Ok(());
    };
    if !preference::context_on_answers() || !AnsweredRequest::is_wanted(top) {
        return Ok(());
    }
    top.uint(&OPERATION, &[], u32::from(operation.0))?.set_generated();
    match sets::get(context.packet, transaction.set) {
        Some((namespace, set)) => common::place(top, namespace, set),
        None => Ok(()),
    }
}

/// Whether a message answers a row of a batch: then its header names the row.
#[must_use]
pub fn is_row(answer: &Answer, header: &Header<'_>) -> bool {
    answer.transaction.what == RequestKind::Message(Request::BATCH)
        && header.part() != ResponsePart::Fin
        && !answer.refuses(header)
}

impl<'p> AnsweredRequest<'p> {
    /// Of the message with this header; `None` by preference, and where the request is not known.
    #[must_use]
    pub fn of(context: &MessageContext<'p>, header: &Header<'_>) -> Option<Self> {
        let answer = context.answer.filter(|_| preference::context_on_answers())?;
        let transaction = &answer.transaction;
        let (RequestKind::Message(operation), packet) = (transaction.what, context.packet) else {
            return None;
        };
        let rows = &context.stream?.queue.rows;
        let (operation, place, row) = if is_row(&answer, header) {
            match rows.row(transaction.rows, header.transaction_ttl) {
                Some((row, row_request)) => (row_request.request, row_request.set, Some(row)),
                None => (operation, transaction.set, None),
            }
        } else if is_single(operation) {
            (operation, transaction.set, rows.only(transaction.rows))
        } else {
            (operation, transaction.set, None)
        };
        let digest = row.map(|row| row.digest);
        let (namespace, set) = sets::get(packet, place).unwrap_or_default();
        Some(Self {
            operation,
            row: is_row(&answer, header).then_some(header.transaction_ttl),
            namespace,
            set,
            digest,
            key: digest.and_then(|digest| keys::known_by(packet, &digest, transaction.request_frame)),
        })
    }

    /// Namespace, set and record, for texts.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        Identity {
            namespace: self.namespace,
            set: self.set,
            digest: self.digest.as_ref().map(Digest),
            key: self.key.map(|(key, _)| key),
            ..Identity::default()
        }
    }

    /// Whether anybody looks at its items.
    #[must_use]
    pub fn is_wanted(tree: &Tree<'_>) -> bool {
        tree.wants_fields(&GENERATED)
    }

    /// Its items, all generated.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn items(&self, tree: &Tree<'_>) -> Guarded {
        tree.uint(&OPERATION, &[], u32::from(self.operation.0))?
            .set_generated();
        if !self.namespace.is_empty() {
            common::place(tree, self.namespace, self.set)?;
        }
        let Some(digest) = &self.digest else {
            return Ok(());
        };
        tree.bytes(&DIGEST, &[], digest)?.set_generated();
        tree.uint(&PARTITION, &[], u32::from(digest::partition(digest)))?
            .set_generated();
        match self.key {
            Some((key, frame)) => common::known_key(tree, &key, frame),
            None => Ok(()),
        }
    }
}
