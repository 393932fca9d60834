//! The Info column of fabric messages.

use core::fmt::{self, Write};

use super::container::{Listed, ShownMessage};
use super::record::KeyOf;
use crate::dissect::exchange::links::Milliseconds;
use crate::epan::Packet;
use crate::track::internode::fabric::{self, ExchangePart, Linked};
use crate::wire::client::fields::digest::Digest;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::text::LossyText;
use crate::wire::internode::cluster::Nodes;
use crate::wire::internode::container::MsgType;
use crate::wire::internode::fabric::clustering::ClusteringType;
use crate::wire::internode::fabric::rw::RwOp;
use crate::wire::internode::fabric::{FabricFacts, clustering, smd};
use crate::wire::internode::record::FlatRecord;

/// ` REPL_WRITE`, or ` op 77` where it has no name.
pub struct FabricOperation<'f, 'a>(pub &'f FabricFacts<'a>);

impl fmt::Display for FabricOperation<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.op_name(), self.0.op) {
            (Some(name), _) => write!(f, " {name}"),
            (None, Some(op)) => write!(f, " op {op}"),
            (None, None) => Ok(()),
        }
    }
}

/// `RW REPL_WRITE tid 17 test pid 123 key "rep-1"`, `RW WRITE_ACK tid 17 OK (0.12 ms)`.
pub fn line(
    out: &mut dyn Write,
    packet: Packet<'_>,
    message: &ShownMessage<'_, '_>,
    facts: &FabricFacts<'_>,
    linked: &Linked,
) -> fmt::Result {
    let msg = message.msg;
    let kind = msg.header.kind;
    match kind {
        MsgType::FABRIC => write!(out, "Fabric hello")?,
        kind => write!(out, "{kind}{}", FabricOperation(facts))?,
    }
    match kind {
        MsgType::FABRIC => hello(out, facts)?,
        MsgType::CLUSTERING => clustering(out, message, facts)?,
        MsgType::EXCHANGE => {
            if let Some(key) = facts.cluster_key {
                write!(out, " key {key}")?;
            }
        }
        MsgType::RW | MsgType::PROXY => {
            tid(out, facts)?;
            record(out, facts, linked, None)?;
            if let Some(node) = facts.node {
                write!(out, " to {node}")?;
            }
        }
        MsgType::MIGRATE => migrate(out, packet, facts, linked)?,
        MsgType::SMD => smd(out, message, facts)?,
        _ => tid(out, facts)?,
    }
    if let Some(code) = facts.result {
        match u8::try_from(code) {
            Ok(code) => write!(out, " {}", ResultCode(code))?,
            Err(_) => write!(out, " result {code}")?,
        }
    }
    exchange(out, linked)
}

/// ` (0.12 ms)` behind an answer, ` [again]` behind a request that was sent before.
pub fn exchange(out: &mut dyn Write, linked: &Linked) -> fmt::Result {
    match &linked.exchange {
        Some((ExchangePart::Answer, exchange)) => {
            write!(out, " ({})", Milliseconds(exchange.response_time()))
        }
        Some((ExchangePart::Again | ExchangePart::AnswerAgain, _)) => write!(out, " [again]"),
        _ => Ok(()),
    }
}

fn tid(out: &mut dyn Write, facts: &FabricFacts<'_>) -> fmt::Result {
    match facts.tid {
        Some(tid) => write!(out, " tid {tid}"),
        None => Ok(()),
    }
}

fn hello(out: &mut dyn Write, facts: &FabricFacts<'_>) -> fmt::Result {
    if let Some(node) = facts.node {
        write!(out, " from {node}")?;
    }
    match facts.channel {
        Some(channel) => write!(out, ", channel {channel}"),
        None => Ok(()),
    }
}

/// ` key 989aedce3827 nodes a2, a1`.
fn clustering(out: &mut dyn Write, message: &ShownMessage<'_, '_>, facts: &FabricFacts<'_>) -> fmt::Result {
    if let Some(sequence) = facts.sequence {
        write!(out, " seq {:x}", sequence.0)?;
    }
    if let Some(key) = facts.cluster_key {
        write!(out, " key {key}")?;
    }
    let has_list = facts.op.map(ClusteringType).is_some_and(|op| {
        matches!(
            op,
            ClusteringType::PAXOS_LEARN | ClusteringType::CLUSTER_CHANGE_APPLIED
        )
    });
    if has_list {
        if let Some(list) = message.msg.field(clustering::Fields::SUCCESSION_LIST) {
            write!(out, " nodes {}", Listed(Nodes(list.data)))?;
        }
    }
    Ok(())
}

/// ` test pid 123 key "rep-1"`, or the first 8 digits of the digest.
fn record(
    out: &mut dyn Write,
    facts: &FabricFacts<'_>,
    linked: &Linked,
    emigrates_from: Option<&[u8]>,
) -> fmt::Result {
    // An answer need not say which record it is about.
    let asked = linked.exchange.and_then(|(_, exchange)| exchange.digest);
    let digest = facts.digest.or(asked.as_ref().map(Digest));
    let namespace = facts.namespace.or(emigrates_from);
    if let Some(namespace) = namespace {
        write!(out, " {}", LossyText(namespace))?;
    }
    let flat = facts.record.and_then(|data| FlatRecord::read(data).ok());
    if let Some(set) = flat.as_ref().and_then(FlatRecord::set) {
        let joint = if namespace.is_some() { "." } else { " set " };
        write!(out, "{joint}{}", LossyText(set))?;
    }
    let partition = facts
        .partition()
        .or(digest.map(|digest| digest.partition()))
        .or(linked.emigration.map(|emigration| emigration.partition));
    if let Some(partition) = partition {
        write!(out, " pid {partition}")?;
    }
    if let Some((particle, value)) = flat.as_ref().and_then(FlatRecord::key) {
        return write!(out, " key {}", KeyOf { particle, value });
    }
    match digest {
        Some(digest) => {
            let short = digest
                .0
                .first_chunk()
                .map_or(0, |bytes| u32::from_be_bytes(*bytes));
            write!(out, " {short:08x}")?;
        }
        None => return Ok(()),
    }
    let drops = facts.op.map(RwOp) == Some(RwOp::REPL_WRITE) && facts.record.is_none();
    if drops && facts.table.is_some_and(|table| table.kind == MsgType::RW) {
        write!(out, " drop")?;
    }
    Ok(())
}

fn migrate(out: &mut dyn Write, packet: Packet<'_>, facts: &FabricFacts<'_>, linked: &Linked) -> fmt::Result {
    if let Some(id) = facts.emig_id {
        write!(out, " emig {id}")?;
    }
    if let Some(number) = facts.insert_id {
        write!(out, " #{number}")?;
    }
    let namespace = linked
        .emigration
        .map(|emigration| fabric::of(packet).namespace(packet, &emigration));
    record(out, facts, linked, namespace)
}

/// ` SINDEX test|demo|i|.|I = idx`; of secrets nothing.
fn smd(out: &mut dyn Write, message: &ShownMessage<'_, '_>, facts: &FabricFacts<'_>) -> fmt::Result {
    if let Some(module) = facts.module {
        write!(out, " {module}")?;
    }
    tid(out, facts)?;
    let Some(key) = facts.smd_key.filter(|_| !message.is_secret) else {
        return Ok(());
    };
    write!(out, " {}", LossyText(key))?;
    match message.msg.field(smd::Fields::SINGLE_VALUE) {
        Some(value) if value.text().len() <= 40 => write!(out, " = {}", LossyText(value.text())),
        Some(value) => write!(out, " = {} bytes", value.text().len()),
        None => write!(out, " deleted"),
    }
}
