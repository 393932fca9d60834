//! Messages under zlib: inflated into a data source of their own, within bounds.

use core::fmt::Write as _;

use crate::dissect::client::stream as client;
use crate::dissect::client::stream::Path;
use crate::dissect::shared::{column, common};
use crate::epan::{Guarded, Tree};
use crate::wire::client::compressed::Compressed;
use crate::wire::client::proto::{Header, ProtoType};
use crate::wire::ground::inflate::inflate;

fields! {
    ORIGINAL_SIZE: U64, "aerospike.original_size", "Original size", "Length of the inflated message, its own header included" .unit(" bytes");
    STREAM: Bytes, "aerospike.compressed", "Compressed message", "zlib stream of a whole message";
}

/// The body of a compressed message.
///
/// # Errors
/// What Wireshark threw.
pub fn body<'p>(path: &Path<'p>, tree: &Tree<'p>, top: &Tree<'p>, body: &'p [u8]) -> Guarded {
    let compressed = match Compressed::parse(body) {
        Ok((_, compressed)) => compressed,
        Err(error) => {
            column::line(path.packet, |out| write!(out, "Malformed compressed message"));
            return common::malformed(top, &crate::wire::ground::input::reason(error));
        }
    };
    top.add_in(&ORIGINAL_SIZE, compressed.size_bytes, compressed.order)?;
    top.add(&STREAM, compressed.stream)?;
    let announced = match compressed.believable_size() {
        Ok(size) => size,
        Err(error) if common::is_cut(tree, &error) => {
            column::line(path.packet, |out| write!(out, "Compressed message, cut"));
            return Ok(());
        }
        Err(error) => {
            column::line(path.packet, |out| {
                write!(out, "Compressed message refused: {error}")
            });
            return common::malformed(top, &error);
        }
    };
    let room = path.packet.scratch(announced);
    let inflated = match inflate(compressed.stream, room) {
        Ok(length) => length,
        Err(error) if tree.source().is_cut() => {
            let _ = error;
            column::line(path.packet, |out| write!(out, "Compressed message, cut"));
            return Ok(());
        }
        Err(error) => {
            column::line(path.packet, |out| write!(out, "Malformed compressed message"));
            return common::malformed(top, &error);
        }
    };
    let room: &'p [u8] = room;
    let bytes = room.get(..inflated).unwrap_or_default();
    let source = path
        .packet
        .new_source(tree.source(), bytes, announced, c"Inflated Aerospike message")?;
    let inner = tree.over(source);
    match Header::parse(source.bytes()) {
        Ok((rest, header)) if header.kind == ProtoType::AS_MSG && header.refusal().is_none() => {
            let size = usize::try_from(header.size).unwrap_or(usize::MAX);
            client::proto(path, &inner, &header, rest.get(..size).unwrap_or(rest))
        }
        _ => {
            column::line(path.packet, |out| write!(out, "Malformed compressed message"));
            let error = crate::wire::ground::input::Malformed::illegal(
                "compressed message",
                source.bytes(),
                "holds no message",
            );
            common::malformed(&inner, &error)
        }
    }
}
