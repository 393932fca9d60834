//! Messages under zlib: inflated into a data source of their own, within bounds.

use core::fmt::Write as _;

use crate::dissect::exchange::context::MessageContext;
use crate::dissect::shared::{column, common};
use crate::epan::packet::level::Level;
use crate::epan::{Guarded, Tree};
use crate::wire::client::proto::compressed::Compressed;
use crate::wire::client::proto::{Header, ProtoType};
use crate::wire::ground::inflate::inflate;
use crate::wire::ground::input::{Malformed, reason};

fields! {
    ORIGINAL_SIZE: U64, "aerospike.original_size", "Original size", "Length of the inflated message, its own header included" .bytes();
    STREAM: Bytes, "aerospike.compressed", "Compressed message", "zlib stream of a whole message";
}

/// The message inside of a compressed one.
pub struct Inner<'p> {
    /// Where its items go: over the inflated bytes.
    pub tree: Tree<'p>,
    /// Its proto header, of type AS_MSG.
    pub header: Header<'p>,
    /// What follows its header.
    pub body: &'p [u8],
    /// The level that it is.
    _level: Level<'p>,
}

/// The body of a compressed message, and what is inside, if that can be read.
///
/// # Errors
/// What Wireshark threw.
pub fn body<'p>(
    context: &MessageContext<'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    body: &'p [u8],
) -> Guarded<Option<Inner<'p>>> {
    let compressed = match Compressed::parse(body) {
        Ok((_, compressed)) => compressed,
        Err(error) => {
            column::line(context.packet, |out| write!(out, "Malformed compressed message"));
            common::add_error(top, &reason(error))?;
            return Ok(None);
        }
    };
    top.add_in(&ORIGINAL_SIZE, compressed.size_bytes, compressed.order)?;
    top.add(&STREAM, compressed.stream)?;
    let announced = match compressed.believable_size() {
        Ok(size) => size,
        Err(error) if common::is_cut(tree, &error) => {
            column::line(context.packet, |out| write!(out, "Compressed message, cut"));
            return Ok(None);
        }
        Err(error) => {
            column::line(context.packet, |out| {
                write!(out, "Compressed message refused: {error}")
            });
            common::add_error(top, &error)?;
            return Ok(None);
        }
    };
    let packet = context.packet;
    if !packet.state().inflates(announced) {
        column::line(packet, |out| write!(out, "Compressed message, not inflated"));
        top.expert(
            &common::NOT_EXPANDED,
            format_args!("Not inflated: the frame's messages would have more than 64 MiB"),
        )?;
        return Ok(None);
    }
    let Some(level) = packet.descend() else {
        common::too_deep(top, compressed.stream)?;
        return Ok(None);
    };
    let room = packet.scratch(announced);
    let inflated = match inflate(compressed.stream, room) {
        Ok(length) => length,
        Err(_) if tree.source().is_cut() => {
            column::line(context.packet, |out| write!(out, "Compressed message, cut"));
            return Ok(None);
        }
        Err(error) => {
            column::line(context.packet, |out| write!(out, "Malformed compressed message"));
            common::add_error(top, &error)?;
            return Ok(None);
        }
    };
    let room: &'p [u8] = room;
    let bytes = room.get(..inflated).unwrap_or_default();
    let source = context
        .packet
        .new_source(tree.source(), bytes, inflated, c"Inflated Aerospike message")?;
    let tree = tree.over(source);
    match Header::parse(source.bytes()) {
        Ok((rest, header)) if header.kind == ProtoType::AS_MSG && header.refusal().is_none() => {
            let size = usize::try_from(header.size).unwrap_or(usize::MAX);
            let wanted = compressed.original_size;
            if header.length() != wanted || inflated != announced {
                top.expert(
                    &common::MALFORMED,
                    format_args!(
                        "The original size is {wanted}, but the message inside has {} bytes, of which {inflated} are there: servers refuse it",
                        header.length()
                    ),
                )?;
            }
            let body = rest.get(..size).unwrap_or(rest);
            Ok(Some(Inner {
                tree,
                header,
                body,
                _level: level,
            }))
        }
        _ => {
            column::line(context.packet, |out| write!(out, "Malformed compressed message"));
            let error = Malformed::illegal("compressed message", source.bytes(), "holds no message");
            common::add_error(&tree, &error)?;
            Ok(None)
        }
    }
}
