//! What several protocols show: records, keys, values, links. The same thing has the same field everywhere.

use crate::epan::packet::level::LEVELS;
use crate::epan::{Guarded, Item, Source, Tree};
use crate::track::ground::keys;
use crate::wire::client::fields::digest::{self, Digest, LENGTH};
use crate::wire::client::fields::key::UserKey;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::LossyText;
use crate::wire::values::particle::ParticleType;

fields! {
    NAMESPACE: String, "aerospike.namespace", "Namespace", "Namespace of the record or request";
    SET: String, "aerospike.set", "Set", "Set of the record or request";
    KEY: String, "aerospike.key", "Key", "User key as text, whatever its type";
    KEY_TYPE: U8, "aerospike.key.type", "Key type", "Particle type of the user key" .values(ParticleType::TABLE);
    KEY_SEEN_IN: Frame, "aerospike.key.seen_in", "Key seen in", "The frame that tells the user key of this digest";
    DIGEST: Bytes, "aerospike.digest", "Digest", "RIPEMD-160 digest that identifies the record; where texts show its first 4 bytes, `contains` finds them";
    PARTITION: U16, "aerospike.partition", "Partition", "Partition id, 0 to 4095";
    BIN_NAME: String, "aerospike.bin.name", "Bin name", "Name of the bin";
    NODE: U64, "aerospike.node", "Node", "Node id" .hex();
    REQUEST: Boolean, "aerospike.request", "Request", "Sent by a client";
    RESPONSE: Boolean, "aerospike.response", "Response", "Sent by a server";
    DATA: Bytes, "aerospike.data", "Data", "Bytes that are not decoded";
    OPERATION: U8, "aerospike.operation", "Operation", "What the request asks for" .values(crate::wire::client::message::request::Request::TABLE);
    RESULT: U8, "aerospike.result", "Result", "Result of a request, record or row, whichever protocol carries it" .values(ResultCode::TABLE);
}

experts! {
    UNSUPPORTED_VERSION: Error Protocol, "aerospike.expert.unsupported_version", "Not a version of the Aerospike protocol: no server takes it";
    OTHER_PROTOCOL: Comment Protocol, "aerospike.expert.unsupported_version", "Another protocol, which both sides speak";
    UNSUPPORTED_TYPE: Error Protocol, "aerospike.expert.unsupported_type", "Not a type of the Aerospike protocol: no server takes it";
    INVALID_SIZE: Error Protocol, "aerospike.expert.invalid_size", "A size over the limit: no server takes it";
    CONTINUATION: Comment Undecoded, "aerospike.expert.continuation", "Bytes at an unknown position of the stream";
    MALFORMED: Error Malformed, "aerospike.expert.malformed", "Bytes that do not fit their structure";
    NOT_HANDED_OVER: Note Undecoded, "aerospike.expert.not_handed_over", "New bytes that TCP hands to nobody, since they were sent again or came late: its preferences decide";
    DIGEST_MISMATCH: Warning Protocol, "aerospike.expert.digest_mismatch", "Set and key on the wire give another digest than the one sent";
    NOT_EXPANDED: Comment Undecoded, "aerospike.expert.not_expanded", "There is more than is shown or remembered: a limit of the plugin";
}

/// A digest with its partition.
///
/// # Errors
/// What Wireshark threw.
pub fn digest(tree: &Tree<'_>, digest: Digest<'_>) -> Guarded {
    tree.add(&DIGEST, digest.0)?;
    partition(tree, digest)
}

/// The partition that follows from a digest.
///
/// # Errors
/// What Wireshark threw.
pub fn partition(tree: &Tree<'_>, digest: Digest<'_>) -> Guarded {
    tree.uint(&PARTITION, &digest.0[..2], u32::from(digest.partition()))?
        .set_generated();
    Ok(())
}

/// A user key: its type and its text. `data` is the type byte and the value.
///
/// # Errors
/// What Wireshark threw.
pub fn key(tree: &Tree<'_>, data: &[u8], key: &UserKey<'_>) -> Guarded {
    key_type(tree, data)?;
    tree.text(&KEY, key.value, format_args!("{key}"))?;
    Ok(())
}

/// The type of a user key, in the first byte of `data`.
///
/// # Errors
/// What Wireshark threw.
pub fn key_type(tree: &Tree<'_>, data: &[u8]) -> Guarded {
    tree.add(&KEY_TYPE, data.get(..1).unwrap_or_default())?;
    Ok(())
}

/// Whether somebody looks at user keys.
#[must_use]
pub fn wants_key(tree: &Tree<'_>) -> bool {
    tree.wants(&KEY) || tree.wants(&KEY_TYPE) || tree.wants(&KEY_SEEN_IN)
}

/// The user key of a record whose message does not say it, if an earlier frame did.
///
/// # Errors
/// What Wireshark threw.
pub fn seen_key(tree: &Tree<'_>, digest: &[u8; LENGTH]) -> Guarded {
    if !wants_key(tree) {
        return Ok(());
    }
    let Some((key, frame)) = keys::find(tree.packet(), digest) else {
        return Ok(());
    };
    known_key(tree, &key, frame)
}

/// A user key that another frame told.
///
/// # Errors
/// What Wireshark threw.
pub fn known_key(tree: &Tree<'_>, key: &UserKey<'_>, frame: u32) -> Guarded {
    tree.text(&KEY, &[], format_args!("{key}"))?.set_generated();
    tree.uint(&KEY_TYPE, &[], u32::from(key.kind.0))?.set_generated();
    tree.uint(&KEY_SEEN_IN, &[], frame)?.set_generated();
    Ok(())
}

/// A namespace and a set that follow from an earlier message or row.
///
/// # Errors
/// What Wireshark threw.
pub fn place(tree: &Tree<'_>, namespace: &[u8], set: &[u8]) -> Guarded {
    tree.text(&NAMESPACE, &[], format_args!("{}", LossyText(namespace)))?
        .set_generated();
    if !set.is_empty() {
        tree.text(&SET, &[], format_args!("{}", LossyText(set)))?
            .set_generated();
    }
    Ok(())
}

/// The digest that follows from set and key: compared with the one that was sent, or shown where none was.
pub fn digest_of_key(tree: &Tree<'_>, set: &[u8], key: &UserKey<'_>, sent: Option<Digest<'_>>) -> Guarded {
    let is_wanted = match sent {
        Some(_) => tree.wants_expert(&DIGEST_MISMATCH),
        None => tree.wants(&DIGEST) || tree.wants(&PARTITION),
    };
    if !is_wanted || !key.has_digest() {
        return Ok(());
    }
    let computed = digest::compute(set, key);
    match sent {
        Some(sent) if *sent.0 == computed => Ok(()),
        Some(sent) => tree.expert(
            &DIGEST_MISMATCH,
            format_args!(
                "The digest sent is {sent}, but set \"{}\" and key \"{key}\" give {}",
                LossyText(set),
                Digest(&computed)
            ),
        ),
        None => {
            tree.bytes(&DIGEST, key.value, &computed)?.set_generated();
            tree.uint(&PARTITION, key.value, u32::from(digest::partition(&computed)))?
                .set_generated();
            Ok(())
        }
    }
}

/// Where `part` begins in the bytes that the tree's items come from.
pub fn offset(tree: &Tree<'_>, part: &[u8]) -> usize {
    (part.as_ptr() as usize).wrapping_sub(tree.source().bytes().as_ptr() as usize)
}

/// What could not be read: the bytes from where it stopped, with the reason.
pub fn add_error(tree: &Tree<'_>, error: &Malformed<'_>) -> Guarded {
    let item = match error.at {
        [] => tree.item(),
        at => tree.add(&DATA, at)?,
    };
    add_malformed(tree, item, error)
}

/// What would be a level too deep: its bytes, and why there is no more.
///
/// # Errors
/// What Wireshark threw.
pub fn too_deep(tree: &Tree<'_>, bytes: &[u8]) -> Guarded {
    let item = tree.add(&DATA, bytes)?;
    at(tree, item).expert(
        &NOT_EXPANDED,
        format_args!("Nested deeper than {LEVELS} levels: not shown further"),
    )
}

/// Fewer bytes than a header, and TCP holds nothing back: the message is in the next segments too.
pub fn half_header<'p>(tree: &Tree<'p>, source: Source<'p>) -> Guarded {
    let item = tree.add(&DATA, source.bytes())?;
    if !source.is_cut() {
        let left = source.bytes().len();
        at(tree, item).expert(
            &CONTINUATION,
            format_args!("The segment ends after {left} bytes of a header"),
        )?;
    }
    source.throw_if_cut()
}

/// The reason why the bytes of `item` could not be read.
pub fn add_malformed<'p>(tree: &Tree<'p>, item: Item<'p>, error: &Malformed<'_>) -> Guarded {
    // Where the capture was cut, Wireshark says so itself at the end.
    if is_cut(tree, error) {
        return Ok(());
    }
    let offset = offset(tree, error.at);
    at(tree, item).expert(&MALFORMED, format_args!("{error} (at offset {offset})"))
}

/// As [`add_error`], where nothing of `whole` has an item yet.
pub fn malformed_in<'p>(tree: &Tree<'p>, whole: &'p [u8], error: &Malformed<'p>) -> Guarded {
    let read = (error.at.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if let Some(read @ [_, ..]) = whole.get(..read) {
        tree.add(&DATA, read)?;
    }
    add_error(tree, error)
}

/// Whether the error only says that the capture (or the reassembly) ends here.
pub fn is_cut(tree: &Tree<'_>, error: &Malformed<'_>) -> bool {
    let source = tree.source();
    let bytes = source.bytes();
    let end = bytes.as_ptr() as usize + bytes.len();
    let at = error.at.as_ptr() as usize;
    source.is_cut() && error.needed > error.at.len() && at + error.at.len() == end
}

/// `item`, or the tree's own node where it was not made, so that an expert item has a place.
pub fn at<'p>(tree: &Tree<'p>, item: Item<'p>) -> Item<'p> {
    if item.exists() { item } else { tree.item() }
}

/// Bytes that follow the last structure of their container.
///
/// # Errors
/// What Wireshark threw.
pub fn leftover(tree: &Tree<'_>, what: &'static str, bytes: &[u8]) -> Guarded {
    if bytes.is_empty() {
        return Ok(());
    }
    let item = tree.add(&DATA, bytes)?;
    at(tree, item).expert(
        &MALFORMED,
        format_args!("{what}: {} bytes follow its end", bytes.len()),
    )
}
