//! PROXY: the client's message inside.

use crate::dissect::client::proto;
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::internode::container::BYTES;
use crate::dissect::shared::common;
use crate::epan::{Guarded, Packet, Tree};
use crate::protocols::AEROSPIKE;
use crate::track::ground::position::AckState;
use crate::wire::client::proto::Order;
use crate::wire::client::proto::{HEADER, Header, ProtoType};
use crate::wire::ground::input::Malformed;
use crate::wire::internode::container::MsgField;
use crate::wire::internode::fabric::proxy::byte_order;

/// The embedded message, little endian in a request.
///
/// # Errors
/// What Wireshark threw.
pub fn add_embedded<'p>(packet: Packet<'p>, tree: &Tree<'p>, field: &MsgField<'p>) -> Guarded {
    let data = field.data;
    let is_short = field.is_cut() && data.len() < HEADER;
    if !AEROSPIKE.is_enabled() || is_short {
        if !data.is_empty() {
            tree.add(&BYTES, data)?;
        }
        return Ok(());
    }
    let Some(_level) = packet.descend() else {
        return common::too_deep(tree, data);
    };
    let Some(order) = byte_order(data, field.size) else {
        let error = Malformed::illegal("AS_PROTO", data, "its size fits in neither byte order");
        return common::add_error(tree, &error);
    };
    match Header::parse_in(order, data) {
        Ok((body, header)) if header.refusal().is_none() => {
            proto::proto(&mut context(packet, order, header.kind), tree, &header, body)
        }
        _ => {
            let error = Malformed::illegal("AS_PROTO", data, "it does not begin with a proto header");
            common::add_error(tree, &error)
        }
    }
}

fn context(packet: Packet<'_>, order: Order, kind: ProtoType) -> MessageContext<'_> {
    MessageContext {
        packet,
        // Only requests keep the memory image of the node that passes them on.
        is_request: order == Order::Little,
        is_tracked: false,
        stream: None,
        conversation: None,
        segment_direction: 0,
        range: None,
        began_at: None,
        delay: None,
        ack_state: AckState::default(),
        is_cut: false,
        answer: None,
        is_orphan: false,
        is_proxied: true,
        kind,
        body: &[],
        order,
    }
}
