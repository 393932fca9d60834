//! Endpoints: where the services of a node can be reached.

use crate::dissect::internode::container::{leftover, node};
use crate::dissect::shared::common;
use crate::epan::{Guarded, Tree};
use crate::wire::client::proto::Order;
use crate::wire::internode::heartbeat::endpoint::{
    Address, AddressType, Capabilities, Endpoint, Endpoints, endpoints, info_reply as replies,
};

fields! {
    ENDPOINT: String, "aerospike.endpoint", "Endpoint", "Where a service of a node can be reached";
    ENDPOINT_COUNT: U8, "aerospike.endpoint.count", "Number of endpoints", "Endpoints that follow";
    ADDRESS_TYPE: U8, "aerospike.endpoint.address_type", "Address type", "Which kind of address" .values(AddressType::TABLE);
    PORT: U16, "aerospike.endpoint.port", "Port", "TCP port of the service";
    IPV4: Ipv4, "aerospike.endpoint.ipv4", "Address", "IPv4 address of the service";
    IPV6: Ipv6, "aerospike.endpoint.ipv6", "Address", "IPv6 address of the service";
    NODE_ENDPOINTS: String, "aerospike.heartbeat.reply", "Node", "A node and where it can be reached: its line";
}

bit_sets! {
    CAPABILITIES: U8 of Capabilities, "aerospike.endpoint.capabilities", "Capabilities", "What an endpoint can do";
}

/// A list of endpoints that fills `data`.
///
/// # Errors
/// What Wireshark threw.
pub fn endpoint_list<'p>(tree: &Tree<'p>, data: &'p [u8]) -> Guarded {
    match endpoints(data) {
        Ok(list) => {
            let rest = endpoint_items(tree, &list)?;
            leftover(tree, "endpoint list", rest.unwrap_or_default())
        }
        Err(error) => common::add_error(tree, &error),
    }
}

/// The endpoints of a list; what follows it, if it could be read to its end.
fn endpoint_items<'p>(tree: &Tree<'p>, list: &Endpoints<'p>) -> Guarded<Option<&'p [u8]>> {
    tree.add(&ENDPOINT_COUNT, list.bytes.get(..1).unwrap_or_default())?;
    let mut items = list.items();
    for next in items.by_ref() {
        match next {
            Ok(next) => {
                tree.item().append(format_args!(" {next}"));
                endpoint(tree, &next)?;
            }
            Err(error) => {
                common::add_error(tree, &error)?;
                return Ok(None);
            }
        }
    }
    Ok(Some(items.rest()))
}

fn endpoint<'p>(tree: &Tree<'p>, endpoint: &Endpoint<'p>) -> Guarded {
    let part = |range: core::ops::Range<usize>| endpoint.bytes.get(range).unwrap_or_default();
    let below = tree.line(&ENDPOINT, endpoint.bytes, "Endpoint", format_args!("{endpoint}"))?;
    below.bits(&CAPABILITIES, part(Endpoint::CAPABILITIES), Order::Big)?;
    below.add(&ADDRESS_TYPE, part(Endpoint::ADDRESS_TYPE))?;
    below.add_in(&PORT, part(Endpoint::PORT), Order::Little)?;
    let address = endpoint.bytes.get(Endpoint::ADDRESS..).unwrap_or_default();
    match endpoint.address {
        Address::V4(_) => below.add(&IPV4, address)?,
        Address::V6(_) => below.add(&IPV6, address)?,
    };
    Ok(())
}

/// Nodes, each with its endpoints.
///
/// # Errors
/// What Wireshark threw.
pub fn info_reply<'p>(tree: &Tree<'p>, data: &'p [u8]) -> Guarded {
    for next in replies(data) {
        match next {
            Ok(next) => {
                let below = tree.line(&NODE_ENDPOINTS, next.bytes, "Node", format_args!("{}", next.node))?;
                below.item().label(format_args!("Node {}:", next.node));
                let id = next.bytes.get(..8).unwrap_or_default();
                node(&below, id, next.node, Order::Little)?;
                endpoint_items(&below, &next.endpoints)?;
            }
            Err(error) => return common::add_error(tree, &error),
        }
    }
    Ok(())
}
