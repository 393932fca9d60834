//! What several protocols show: records, keys, values, links. The same thing has the same field everywhere.

use crate::epan::{Guarded, Item, Tree};
use crate::wire::digest::Digest;
use crate::wire::input::Malformed;
use crate::wire::key::Key;
use crate::wire::particle::ParticleType;

fields! {
    NAMESPACE: String, "aerospike.namespace", "Namespace", "Namespace of the record or request";
    SET: String, "aerospike.set", "Set", "Set of the record or request";
    KEY: String, "aerospike.key", "Key", "User key as text, whatever its type";
    KEY_TYPE: U8, "aerospike.key.type", "Key type", "Particle type of the user key" .values(ParticleType::TABLE);
    DIGEST: Bytes, "aerospike.digest", "Digest", "RIPEMD-160 digest that identifies the record";
    PARTITION: U16, "aerospike.partition", "Partition", "Partition id, 0 to 4095";
    BIN_NAME: String, "aerospike.bin.name", "Bin name", "Name of the bin";
    NODE: U64, "aerospike.node", "Node", "Node id" .hex();
    REQUEST: Boolean, "aerospike.request", "Request", "Sent by a client";
    RESPONSE: Boolean, "aerospike.response", "Response", "Sent by a server";
    DATA: Bytes, "aerospike.data", "Data", "Bytes that are not decoded";
    OPERATION: U8, "aerospike.operation", "Operation", "What the request asks for" .values(crate::wire::request::Request::TABLE);
    RESULT: U8, "aerospike.result", "Result", "Result of a request, record or row, whichever protocol carries it" .values(crate::wire::result_code::ResultCode::TABLE);
}

experts! {
    UNSUPPORTED_VERSION: Error Protocol, "aerospike.expert.unsupported_version", "Not a version of the Aerospike protocol; the server closes the connection";
    UNSUPPORTED_TYPE: Error Protocol, "aerospike.expert.unsupported_type", "Not a type of the Aerospike protocol; the server closes the connection";
    INVALID_SIZE: Error Protocol, "aerospike.expert.invalid_size", "A size over the limit; the server closes the connection";
    CONTINUATION: Comment Undecoded, "aerospike.expert.continuation", "Bytes at an unknown position of the stream";
    MALFORMED: Error Malformed, "aerospike.expert.malformed", "Bytes that do not fit their structure";
    RESULT_NOTE: Note ResponseCode, "aerospike.expert.result", "A result that is not OK";
    RESULT_WARNING: Warning ResponseCode, "aerospike.expert.result", "A result that is not OK";
    NOT_EXPANDED: Comment Undecoded, "aerospike.expert.not_expanded", "The frame's budget of items is used up";
}

/// A digest with its partition.
pub fn digest(tree: &Tree<'_>, digest: Digest<'_>) -> Guarded {
    tree.add(&DIGEST, digest.0)?;
    tree.uint(&PARTITION, &digest.0[..2], u32::from(digest.partition()))?
        .generated();
    Ok(())
}

/// A user key: its type and its text. `data` is the type byte and the value.
pub fn key(tree: &Tree<'_>, data: &[u8], key: &Key<'_>) -> Guarded {
    tree.add(&KEY_TYPE, data.get(..1).unwrap_or_default())?;
    tree.text(&KEY, key.value, format_args!("{key}"))?;
    Ok(())
}

/// What could not be read: the bytes from where it stopped, with the reason.
pub fn malformed(tree: &Tree<'_>, error: &Malformed<'_>) -> Guarded {
    let base = tree.source().bytes();
    let offset = (error.at.as_ptr() as usize).wrapping_sub(base.as_ptr() as usize);
    let item = tree.add(&DATA, error.at)?;
    // Where the capture was cut, Wireshark says so itself at the end.
    if is_cut(tree, error) {
        return Ok(());
    }
    at(tree, item).expert(&MALFORMED, format_args!("{error} (at offset {offset})"))
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
    if item.exists() {
        item
    } else {
        tree.item()
    }
}
