//! Heartbeats: who hears whom, and what the cluster looks like from there.

use core::fmt::{self, Write};

use super::container::{Listed, ShownMessage};
use super::{content, fabric_line};
use crate::dissect::exchange::links;
use crate::dissect::internode::links::exchange_links;
use crate::dissect::shared::{column, common};
use crate::epan::{Guarded, Tree};
use crate::protocols::HEARTBEAT;
use crate::track::internode::fabric::Linked;
use crate::wire::ground::inflate::inflate;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::LossyText;
use crate::wire::internode::heartbeat::{HeartbeatSummary, HeartbeatType};

fields! {
    SKEW: RelativeTime, "aerospike.heartbeat.skew", "Skew", "How far the sender's hybrid clock is ahead of its wall clock";
    ADJACENT: U32, "aerospike.heartbeat.adjacent", "Adjacent nodes", "How many nodes the sender hears";
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
    message: &ShownMessage<'_, 'p>,
    tree: &Tree<'p>,
    summary: &HeartbeatSummary<'p>,
    linked: &Linked,
    inside: impl FnOnce(&Tree<'p>) -> Guarded,
) -> Guarded {
    if summary.compressed.is_none() {
        column::line(message.packet, |out| {
            pulse(out, summary)?;
            fabric_line::exchange(out, linked)
        });
    }
    let top = if tree.exists() {
        items(message, tree, summary, linked)?
    } else {
        *tree
    };
    match summary.compressed {
        Some(stream) => inflate_message(message, tree, &top, stream, inside),
        None => Ok(()),
    }
}

/// `HB pulse a1 cluster "lab" adj 2 size 3 principal a3`.
fn pulse(out: &mut dyn Write, summary: &HeartbeatSummary<'_>) -> fmt::Result {
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
        write!(out, " cluster \"{}\"", LossyText(name))?;
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
    message: &ShownMessage<'_, 'p>,
    tree: &Tree<'p>,
    summary: &HeartbeatSummary<'p>,
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
    content::fields(message, &top)?;
    if let (Some(hlc), Some(wall)) = (summary.hlc, summary.wall_clock) {
        links::time(&top, &SKEW, hlc.ahead_of(wall).saturating_mul(1_000_000))?;
    }
    if let (Some(HeartbeatType::PULSE), Some(nodes)) = (summary.kind, summary.nodes) {
        let count = u32::try_from(nodes.count()).unwrap_or(u32::MAX);
        top.uint(&ADJACENT, nodes.0, count)?.set_generated();
    }
    exchange_links(&top, message, linked)?;
    Ok(top)
}

/// The message inside a wrapper, in a data source of its own.
fn inflate_message<'p>(
    message: &ShownMessage<'_, 'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    stream: &'p [u8],
    inside: impl FnOnce(&Tree<'p>) -> Guarded,
) -> Guarded {
    let packet = message.packet;
    let size = stream.len().saturating_mul(RATIO).min(LIMIT);
    if !packet.state().inflates(size) {
        column::line(packet, |out| write!(out, "HB compressed, not inflated"));
        return top.expert(
            &common::NOT_EXPANDED,
            format_args!("Not inflated: the frame's messages would have more than 64 MiB"),
        );
    }
    let room = packet.scratch(size);
    let length = match inflate(stream, room) {
        Ok(length) => length,
        Err(_) if tree.source().is_cut() => {
            column::line(packet, |out| write!(out, "HB compressed, cut"));
            return Ok(());
        }
        Err(error) => {
            column::line(packet, |out| write!(out, "HB compressed, malformed"));
            return common::add_error(top, &error);
        }
    };
    let room: &'p [u8] = room;
    let bytes = room.get(..length).unwrap_or_default();
    let source = packet.new_source(tree.source(), bytes, length, c"Inflated heartbeat")?;
    inside(&tree.over(source))
}

/// What was inflated is no heartbeat.
///
/// # Errors
/// What Wireshark threw.
pub fn no_message(tree: &Tree<'_>, bytes: &[u8]) -> Guarded {
    column::line(tree.packet(), |out| write!(out, "HB compressed, malformed"));
    let error = Malformed::illegal("compressed heartbeat", bytes, "holds no heartbeat message");
    common::add_error(tree, &error)
}
