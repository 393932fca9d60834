//! The records that a message touches, as the tap gets them.

use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::first_pass::{is_single, writes};
use crate::epan::Packet;
use crate::epan::plugin::register::preference;
use crate::track::client::transactions::{Answer, RequestKind, Transaction};
use crate::track::ground::{keys, sets};
use crate::track::record::{Record, RecordContent, TOUCHES, Touch};
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::client::fields::field::FieldValue;
use crate::wire::client::fields::key::UserKey;
use crate::wire::client::fields::op::Op;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{Message, ResponsePart};
use crate::wire::ground::time::Ttl;

/// What operations have of their record.
fn content_of_ops<'p>(ops: impl Iterator<Item = Op<'p>>, is_whole: bool, ttl: Option<Ttl>) -> RecordContent {
    let named = ops.filter(|op| !op.name.is_empty());
    let (bins, size) = named.fold((0u32, 0usize), |(bins, size), op| {
        (bins + 1, size + op.bytes.len())
    });
    RecordContent {
        bytes: 0,
        size: is_whole.then(|| u32::try_from(size).unwrap_or(u32::MAX)),
        bins,
        ttl,
    }
}

/// The same of a whole message.
fn content_of(context: &MessageContext<'_>, message: &Message<'_>, ttl: Option<Ttl>) -> RecordContent {
    let is_whole = !context.is_cut && message.fault().is_none();
    RecordContent {
        bytes: u32::try_from(message.bytes.len()).unwrap_or(u32::MAX),
        ..content_of_ops(message.ops().flatten(), is_whole, ttl)
    }
}

fn touch<'p>(
    packet: Packet<'p>,
    place: (&'p [u8], &'p [u8]),
    digest: [u8; LENGTH],
    key: Option<UserKey<'p>>,
) -> Touch<'p> {
    Touch {
        namespace: place.0,
        set: place.1,
        digest,
        key: key.or_else(|| keys::find(packet, &digest).map(|(key, _)| key)),
        request: Request::INVALID,
        writes: false,
        result: None,
        content: RecordContent::default(),
    }
}

/// The first [`TOUCHES`] records of a message, and how many more there are.
#[derive(Default)]
pub(super) struct Touches<'p> {
    list: Vec<Touch<'p>>,
    left_out: u32,
}

impl<'p> Touches<'p> {
    fn push(&mut self, touch: Touch<'p>) {
        if self.list.len() < TOUCHES {
            self.list.push(touch);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    pub(super) fn extend(&mut self, touches: impl IntoIterator<Item = Touch<'p>>) {
        touches.into_iter().for_each(|touch| self.push(touch));
    }

    pub(super) fn give_to(&self, record: &mut Record<'p>, packet: Packet<'p>) {
        record.touches = packet.keep(&self.list);
        record.left_out = self.left_out;
    }
}

/// The records that a request asks for.
pub(super) fn requested_records<'p>(
    touches: &mut Touches<'p>,
    context: &MessageContext<'p>,
    message: &Message<'p>,
) {
    let packet = context.packet;
    let (kind, identity) = (message.request(), message.identity());
    if is_single(kind) {
        if let Some(digest) = identity.record() {
            let place = (identity.namespace, identity.set);
            let ttl = kind.ttl(message.header.info2, message.header.record_ttl);
            touches.push(Touch {
                request: kind,
                writes: writes(kind, message.header.info2),
                content: content_of(context, message, Some(ttl)),
                ..touch(packet, place, digest, identity.key)
            });
        }
        return;
    }
    for batch in message.batches() {
        let mut content = RecordContent::default();
        for row in batch.rows().flatten() {
            let Some(body) = row.body else { continue };
            // What a row repeats is read once.
            if let Some(own) = row.own_body() {
                let ttl = own.record_ttl.map_or(0, |ttl| ttl.value);
                let ttl = own.request().ttl(own.info2(), ttl);
                content = content_of_ops(own.ops().flatten(), own.fault().is_none(), Some(ttl));
            }
            let bytes = u32::try_from(row.bytes.len()).unwrap_or(u32::MAX);
            let identity = body.identity();
            let place = (identity.namespace, identity.set);
            // The key is that of the row that has the body.
            let key = identity.key.filter(|_| !row.repeats());
            touches.push(Touch {
                request: body.request(),
                writes: writes(body.request(), body.info2()),
                content: RecordContent { bytes, ..content },
                ..touch(packet, place, *row.digest.0, key)
            });
        }
    }
    // Scans that go on name the digests at which they stopped, too.
    if kind != Request::BATCH_DIRECT {
        return;
    }
    for field in message.fields().flatten() {
        if let Ok(FieldValue::Digests(digests)) = field.value() {
            let place = (identity.namespace, identity.set);
            for digest in digests.iter() {
                touches.push(Touch {
                    request: kind,
                    ..touch(packet, place, *digest.0, None)
                });
            }
        }
    }
}

/// The records of a batch that is refused as a whole.
pub(super) fn refused_records<'p>(
    context: &MessageContext<'p>,
    answer: &Answer,
    result: ResultCode,
) -> impl Iterator<Item = Touch<'p>> + 'p {
    let packet = context.packet;
    let rows = context.stream.map(|stream| &stream.queue.rows);
    let span = answer.transaction.rows;
    let rows = rows.into_iter().flat_map(move |rows| rows.all(span));
    rows.map(move |(row, row_request)| Touch {
        request: row_request.request,
        writes: row_request.writes,
        result: Some(result),
        ..touch(
            packet,
            sets::get(packet, row_request.set).unwrap_or_default(),
            row.digest,
            None,
        )
    })
}

/// The record that a message of an answer is about.
pub(super) fn returned_record<'p>(
    context: &MessageContext<'p>,
    message: &Message<'p>,
    transaction: &Transaction,
) -> Option<Touch<'p>> {
    let packet = context.packet;
    let header = &message.header;
    let rows = &context.stream?.queue.rows;
    let RequestKind::Message(kind) = transaction.what else {
        return None;
    };
    let place = sets::get(packet, transaction.set).unwrap_or_default();
    let result = Some(header.result_code);
    let content = content_of(context, message, None);
    if is_single(kind) {
        return Some(Touch {
            request: kind,
            writes: transaction.writes,
            result,
            content,
            ..touch(packet, place, rows.only(transaction.rows)?.digest, None)
        });
    }
    if header.part() == ResponsePart::Fin {
        return None;
    }
    if kind == Request::BATCH {
        let (row, row_request) = rows.row(transaction.rows, header.transaction_ttl)?;
        let place = sets::get(packet, row_request.set).unwrap_or_default();
        return Some(Touch {
            request: row_request.request,
            writes: row_request.writes,
            result,
            content,
            ..touch(packet, place, row.digest, None)
        });
    }
    if kind != Request::BATCH_DIRECT
        && !(preference::hotkeys_scans() && header.part() == ResponsePart::Record)
    {
        return None;
    }
    let identity = message.identity();
    let digest = identity.digest?;
    let names = if identity.namespace.is_empty() {
        place
    } else {
        (identity.namespace, identity.set)
    };
    Some(Touch {
        request: kind,
        result,
        content,
        ..touch(packet, names, *digest.0, identity.key)
    })
}
