//! The proto header and who gets the body behind it.

use core::fmt::Write as _;

use super::{compressed, message};
use crate::dissect::admin;
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::info;
use crate::dissect::shared::column;
use crate::dissect::shared::common::{DATA, REQUEST, RESPONSE};
use crate::epan::{Guarded, Tree};
use crate::protocols::AEROSPIKE;
use crate::wire::client::proto::{HEADER, Header, ProtoType, SIZE_AT, TYPE_AT, VERSION_AT};

fields! {
    VERSION: U8, "aerospike.version", "Version", "Version of the proto header";
    TYPE: U8, "aerospike.type", "Type", "What the body is" .values(ProtoType::TABLE);
    SIZE: U48, "aerospike.size", "Size", "Length of the body" .bytes();
}

experts! {
    CLEAR: Note Protocol, "aerospike.expert.clear_on_tls_port", "In clear at a port for TLS: neither side encrypts";
}

/// The proto header's item, then its body.
///
/// # Errors
/// What Wireshark threw.
pub fn proto<'p>(
    context: &mut MessageContext<'p>,
    tree: &Tree<'p>,
    header: &Header<'p>,
    body: &'p [u8],
) -> Guarded {
    context.body = body;
    context.order = header.order;
    let bytes = tree.source().bytes();
    // The message may stand inside another.
    let start = (header.bytes.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
    let end = start.saturating_add(HEADER).saturating_add(body.len());
    let top = tree.protocol(&AEROSPIKE, bytes.get(start..end).unwrap_or(bytes))?;
    if tree.exists() {
        let kind = header.kind;
        let direction = if context.is_request { "request" } else { "response" };
        top.item().label(format_args!(
            "Aerospike Protocol, {kind} {direction}, {} bytes",
            header.size
        ));
        top.add(&VERSION, &header.bytes[VERSION_AT])?;
        top.add(&TYPE, &header.bytes[TYPE_AT])?;
        top.add_in(&SIZE, &header.bytes[SIZE_AT], header.order)?;
        let which = if context.is_request { &REQUEST } else { &RESPONSE };
        top.boolean(which, &[], true)?.set_generated();
    }
    if context.begins_connection() && context.packet.is_for_tls() {
        top.expert(
            &CLEAR,
            format_args!("The port is one of the preference aerospike.tls.port"),
        )?;
    }
    match header.kind {
        ProtoType::AS_MSG => message::body(context, tree, &top),
        ProtoType::INFO => info::message::body(context, tree, &top),
        ProtoType::SECURITY => admin::message::body(context, tree, &top),
        // What is inside is a plain message: this goes one level deep.
        ProtoType::AS_MSG_COMPRESSED => match compressed::body(context, tree, &top, body)? {
            Some(inner) => proto(context, &inner.tree, &inner.header, inner.body),
            None => Ok(()),
        },
        kind => {
            column::line(context.packet, |out| {
                write!(
                    out,
                    "{} {kind}",
                    if context.is_request { "Request" } else { "Response" }
                )
            });
            if !body.is_empty() {
                top.add(&DATA, body)?;
            }
            Ok(())
        }
    }
}
