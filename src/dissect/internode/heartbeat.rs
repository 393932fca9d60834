//! Heartbeats: who hears whom, and what the cluster looks like from there.

use core::fmt::{self, Write};

use super::fabric::{exchange_links, line};
use crate::dissect::exchange::links;
use crate::dissect::internode::container as msg;
use crate::dissect::internode::container::{cluster_key, hlc, node, nodes, Listed, Message};
use crate::dissect::shared::{column, common};
use crate::epan::{Guarded, Tree};
use crate::protocols::HEARTBEAT;
use crate::track::fabric::Linked;
use crate::wire::client::proto::Order;
use crate::wire::ground::inflate::inflate;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::Text as Lossy;
use crate::wire::internode::heartbeat::endpoint::{
    endpoints, info_reply as replies, Address, AddressType, Capabilities, Endpoint, Endpoints,
};
use crate::wire::internode::heartbeat::{HeartbeatType, PaxosData, Summary};

fields! {
    TYPE: U32, "aerospike.heartbeat.type", "Type", "Pulse, or question and answer about other nodes" .values(HeartbeatType::TABLE);
    CLUSTER_NAME: String, "aerospike.heartbeat.cluster_name", "Cluster name", "Nodes of another name are ignored";
    SKEW_MONITOR_DATA: AbsoluteTime, "aerospike.heartbeat.skew_monitor_data", "Wall clock", "Wall clock of the sender";
    SKEW: RelativeTime, "aerospike.heartbeat.skew", "Skew", "How far the sender's hybrid clock is ahead of its wall clock";
    ADJACENT: U32, "aerospike.heartbeat.adjacent", "Adjacent nodes", "How many nodes the sender hears";
    PREFERRED_PRINCIPAL: U64, "aerospike.heartbeat.preferred_principal", "Preferred principal", "The node that the sender would have as principal; 0: none" .hex();
    STREAM: Bytes, "aerospike.heartbeat.compressed", "Compressed message", "zlib stream of a whole message";
    ENDPOINT: None, "aerospike.endpoint", "Endpoint", "Where a service of a node can be reached";
    ENDPOINT_COUNT: U8, "aerospike.endpoint.count", "Number of endpoints", "Endpoints that follow";
    ADDRESS_TYPE: U8, "aerospike.endpoint.address_type", "Address type", "Which kind of address" .values(AddressType::TABLE);
    PORT: U16, "aerospike.endpoint.port", "Port", "TCP port of the service";
    IPV4: Ipv4, "aerospike.endpoint.ipv4", "Address", "IPv4 address of the service";
    IPV6: Ipv6, "aerospike.endpoint.ipv6", "Address", "IPv6 address of the service";
    NODE_ENDPOINTS: None, "aerospike.heartbeat.reply", "Node", "A node and where it can be reached";
}

bit_sets! {
    CAPABILITIES: U8 of Capabilities, "aerospike.endpoint.capabilities", "Capabilities", "What an endpoint can do";
}

/// zlib makes at most 1032 bytes of one.
const RATIO: usize = 1032;

/// No heartbeat is longer than this.
const LIMIT: usize = 1 << 20;

/// One message: its line in the Info column and its items. In a wrapper, `inside` gets what was inflated.
///
/// # Errors
/// What Wireshark threw.
pub fn message<'p>(
    message: &Message<'_, 'p>,
    tree: &Tree<'p>,
    summary: &Summary<'p>,
    linked: &Linked,
    inside: impl FnOnce(&Tree<'p>) -> Guarded,
) -> Guarded {
    if summary.compressed.is_none() {
        column::line(message.packet, |out| {
            pulse(out, summary)?;
            line::exchange(out, linked)
        });
    }
    let top = if tree.exists() {
        items(message, tree, summary, linked)?
    } else {
        *tree
    };
    match summary.compressed {
        Some(stream) => inflated(message, tree, &top, stream, inside),
        None => Ok(()),
    }
}

/// `HB pulse a1 cluster "lab" adj 2 size 3 principal a3`.
fn pulse(out: &mut dyn Write, summary: &Summary<'_>) -> fmt::Result {
    let words = match summary.kind {
        Some(HeartbeatType::PULSE) => "pulse",
        Some(HeartbeatType::INFO_REQUEST) => "info request",
        Some(HeartbeatType::INFO_REPLY) => "info reply",
        _ => "message",
    };
    write!(out, "HB {words}")?;
    if let Some(node) = summary.node {
        write!(out, " {node}")?;
    }
    if let Some(name) = summary.cluster_name {
        write!(out, " cluster \"{}\"", Lossy(name))?;
    }
    match (summary.kind, summary.nodes) {
        (Some(HeartbeatType::PULSE), Some(nodes)) => write!(out, " adj {}", nodes.count())?,
        (_, Some(nodes)) => write!(out, " for {}", Listed(nodes))?,
        _ => {}
    }
    let Some(state) = summary.state else {
        return Ok(());
    };
    if state
        .clustering
        .is_some_and(|clustering| clustering.cluster_key.0 == 0)
    {
        return write!(out, " orphan");
    }
    write!(out, " size {}", state.succession.count())?;
    match state.succession.first() {
        Some(principal) => write!(out, " principal {principal}"),
        None => Ok(()),
    }
}

fn items<'p>(
    message: &Message<'_, 'p>,
    tree: &Tree<'p>,
    summary: &Summary<'p>,
    linked: &Linked,
) -> Guarded<Tree<'p>> {
    let msg = message.msg;
    let top = tree.protocol(&HEARTBEAT, msg.bytes)?;
    match summary.kind {
        Some(kind) => top.item().label(format_args!("Aerospike Heartbeat, {kind}")),
        None => top.item().label(format_args!("Aerospike Heartbeat")),
    };
    if let Some(node) = summary.node {
        top.item().append(format_args!(" of {node}"));
    }
    top.item().append(format_args!(", {} bytes", msg.header.size));
    msg::fields(message, &top)?;
    if let (Some(hlc), Some(wall)) = (summary.hlc, summary.wall_clock) {
        links::time(&top, &SKEW, hlc.ahead_of(wall).saturating_mul(1_000_000))?;
    }
    if let (Some(HeartbeatType::PULSE), Some(nodes)) = (summary.kind, summary.nodes) {
        let count = u32::try_from(nodes.count()).unwrap_or(u32::MAX);
        top.uint(&ADJACENT, nodes.0, count)?.generated();
    }
    exchange_links(&top, message, linked)?;
    Ok(top)
}

/// The message inside a wrapper, in a data source of its own.
fn inflated<'p>(
    message: &Message<'_, 'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    stream: &'p [u8],
    inside: impl FnOnce(&Tree<'p>) -> Guarded,
) -> Guarded {
    let packet = message.packet;
    let room = packet.scratch(stream.len().saturating_mul(RATIO).min(LIMIT));
    let length = match inflate(stream, room) {
        Ok(length) => length,
        Err(_) if tree.source().is_cut() => {
            column::line(packet, |out| write!(out, "HB compressed, cut"));
            return Ok(());
        }
        Err(error) => {
            column::line(packet, |out| write!(out, "HB compressed, malformed"));
            return common::malformed(top, &error);
        }
    };
    let room: &'p [u8] = room;
    let bytes = room.get(..length).unwrap_or_default();
    let source = packet.new_source(tree.source(), bytes, length, c"Inflated heartbeat")?;
    inside(&tree.over(source))
}

/// A list of endpoints that fills `data`.
///
/// # Errors
/// What Wireshark threw.
pub fn endpoint_list<'p>(tree: &Tree<'p>, data: &'p [u8]) -> Guarded {
    match endpoints(data) {
        Ok(list) => {
            let rest = endpoint_items(tree, &list)?;
            msg::leftover(tree, "endpoint list", rest.unwrap_or_default())
        }
        Err(error) => common::malformed(tree, &error),
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
                common::malformed(tree, &error)?;
                return Ok(None);
            }
        }
    }
    Ok(Some(items.rest()))
}

fn endpoint<'p>(tree: &Tree<'p>, endpoint: &Endpoint<'p>) -> Guarded {
    let part = |range: core::ops::Range<usize>| endpoint.bytes.get(range).unwrap_or_default();
    let below = tree.sub(&ENDPOINT, endpoint.bytes)?;
    below.item().label(format_args!("Endpoint: {endpoint}"));
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
                let below = tree.sub(&NODE_ENDPOINTS, next.bytes)?;
                below.item().label(format_args!("Node {}:", next.node));
                let id = next.bytes.get(..8).unwrap_or_default();
                node(&below, id, next.node, Order::Little)?;
                endpoint_items(&below, &next.endpoints)?;
            }
            Err(error) => return common::malformed(tree, &error),
        }
    }
    Ok(())
}

/// The state of clustering.
///
/// # Errors
/// What Wireshark threw.
pub fn paxos_data<'p>(tree: &Tree<'p>, data: &'p [u8]) -> Guarded {
    let state = match PaxosData::read(data) {
        Ok(state) => state,
        Err(error) => return common::malformed(tree, &error),
    };
    let part = |range: core::ops::Range<usize>| data.get(range).unwrap_or_default();
    tree.add_in(&msg::PROTOCOL_ID, part(PaxosData::PROTOCOL), Order::Little)?;
    let Some(clustering) = state.clustering else {
        return nodes(tree, state.succession.0, true);
    };
    cluster_key(tree, part(PaxosData::CLUSTER_KEY), Order::Little)?;
    let sequence = part(PaxosData::SEQUENCE);
    hlc(tree, &msg::SEQUENCE, sequence, clustering.sequence, Order::Little)?;
    let preferred = part(PaxosData::PREFERRED_PRINCIPAL);
    tree.add_in(&PREFERRED_PRINCIPAL, preferred, Order::Little)?;
    if let Some(node) = clustering.preferred_principal {
        tree.uint64(&common::NODE, preferred, node.0)?
            .generated()
            .hidden();
    }
    tree.add_in(
        &msg::CLUSTER_SIZE,
        part(PaxosData::SUCCESSION_LENGTH),
        Order::Little,
    )?;
    tree.item().append(format_args!(
        ": key {}, succession {}",
        clustering.cluster_key,
        Listed(state.succession)
    ));
    if let Some(principal) = state.succession.first() {
        tree.uint64(&msg::PRINCIPAL, state.succession.0, principal.0)?
            .generated();
    }
    nodes(tree, state.succession.0, false)?;
    match state.complaint() {
        Some(error) => common::malformed(tree, &error),
        None => Ok(()),
    }
}

/// What was inflated is no heartbeat.
///
/// # Errors
/// What Wireshark threw.
pub fn no_message(tree: &Tree<'_>, bytes: &[u8]) -> Guarded {
    column::line(tree.packet(), |out| write!(out, "HB compressed, malformed"));
    let error = Malformed::illegal("compressed heartbeat", bytes, "holds no heartbeat message");
    common::malformed(tree, &error)
}
