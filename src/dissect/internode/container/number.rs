//! Integer fields: by their kind, the item and what the heading says.

use super::super::fabric::{self, smd};
use super::super::heartbeat;
use super::{
    first, time, Shown, CLUSTER_KEY, HLC, HLC_COUNTER, HLC_TIME, INSIDE, NODE_MAC, NODE_PORT, NUMBER,
    PADDING, PROTOCOL_ID, SEQUENCE,
};
use crate::dissect::client::message;
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded, Item, Tree};
use crate::wire::client::proto::Order;
use crate::wire::client::result_code::ResultCode;
use crate::wire::ground::table::Row;
use crate::wire::ground::time::{UpdateTime, VoidTime};
use crate::wire::internode::cluster::{self, ClusterKey, Hlc, NodeId, Nodes};
use crate::wire::internode::container as msg;
use crate::wire::internode::container::plausible::Family;
use crate::wire::internode::container::spec::{Kind, Spec};
use crate::wire::internode::container::MsgType;
use crate::wire::internode::fabric::exchange::CompatibilityId;
use crate::wire::internode::fabric::hello::Channel;
use crate::wire::internode::fabric::smd::ModuleId;
use crate::wire::internode::heartbeat::reversed_ipv4;

const fn row(value: u32, name: &'static str) -> Row {
    Row {
        value,
        name,
        remark: "",
    }
}

/// Every protocol identifier there is.
pub const PROTOCOLS: &[Row] = &[
    row(1, "EXCHANGE"),
    row(0x123b, "SMD up to 4.5.0"),
    row(0x6862, "HEARTBEAT v1"),
    row(0x6863, "HEARTBEAT v2"),
    row(0x6864, "HEARTBEAT v3"),
    row(0x7078, "PAXOS v1"),
    row(0x7079, "PAXOS v2"),
    row(0x707a, "PAXOS v3"),
    row(0x707b, "PAXOS v4"),
    row(0x707c, "CLUSTERING"),
];

/// An integer of a known field.
pub(super) fn number<'p>(
    shown: &Shown<'_, 'p>,
    spec: &'static Spec,
    field: &msg::Field<'p>,
    value: u64,
) -> Guarded {
    let tree = shown.heading;
    let data = field.data;
    let short = u32::try_from(value).unwrap_or(u32::MAX);
    match spec.kind {
        Kind::Op => op(shown, data, short)?,
        Kind::Tid => simple(shown, &fabric::TID, data, value)?,
        Kind::SmdTid => {
            simple(shown, &smd::TID, data, value)?;
            if let Ok(tid) = u32::try_from(value) {
                tree.uint(&fabric::TID, data, tid)?.generated().hidden();
            }
        }
        Kind::OldTid => {
            tree.add(&smd::TRID, data)?;
            shown.label(format_args!("{value:#018x}"));
        }
        Kind::Result => result(shown, data, short)?,
        Kind::EmigId => simple(shown, &fabric::EMIG_ID, data, value)?,
        Kind::InsertId => simple(shown, &fabric::INSERT_ID, data, value)?,
        Kind::Node => {
            node(tree, data, NodeId(value), Order::Big)?;
            shown.label(format_args!("{}", NodeId(value)));
        }
        Kind::ClusterKey => {
            cluster_key(tree, data, Order::Big)?;
            shown.label(format_args!("{}", ClusterKey(value)));
        }
        Kind::Hlc | Kind::Sequence => {
            let of = if spec.kind == Kind::Hlc { &HLC } else { &SEQUENCE };
            hlc(tree, of, data, Hlc(value), Order::Big)?;
            shown.label(format_args!("{value:#x}"));
        }
        Kind::UnixMs => {
            time(tree, &heartbeat::SKEW_MONITOR_DATA, data, cluster::unix_ms(value))?;
        }
        Kind::Ms2010 => {
            let of = match shown.message.msg.header.kind {
                MsgType::SMD => &smd::TIMESTAMP,
                _ => &super::super::record::LAST_UPDATE_TIME,
            };
            time(tree, of, data, UpdateTime(value).unix())?;
        }
        Kind::VoidTime => match VoidTime(short).unix_seconds().filter(|_| value > 1) {
            Some(seconds) => {
                time(tree, &message::VOID_TIME, data, (seconds, 0))?;
            }
            None => simple(shown, &NUMBER, data, value)?,
        },
        Kind::Partition if value < 0x1_0000 => {
            tree.uint(&common::PARTITION, data, short)?;
            shown.label(format_args!("{value}"));
        }
        Kind::Generation if shown.message.msg.header.kind == MsgType::SMD => {
            simple(shown, &smd::GENERATION, data, value)?;
        }
        Kind::Generation => simple(shown, &message::GENERATION, data, value)?,
        Kind::NamespaceIndex => simple(shown, &fabric::NS_IX, data, value)?,
        Kind::Channel => {
            tree.add(&fabric::CHANNEL, data)?;
            shown.label(format_args!("{}", Channel(short)));
        }
        Kind::CompatibilityId => {
            tree.add(&fabric::COMPATIBILITY_ID, data)?;
            shown.label(format_args!("{} ({value})", CompatibilityId(short)));
        }
        Kind::ModuleId => {
            tree.add(&smd::MODULE, data)?;
            shown.label(format_args!("{}", ModuleId(short)));
        }
        Kind::RwInfo | Kind::ProxyInfo | Kind::MigrateInfo | Kind::Features | Kind::SmdOptions => {
            let set = match spec.kind {
                Kind::RwInfo => &fabric::RW_INFO,
                Kind::ProxyInfo => &fabric::PROXY_INFO,
                Kind::MigrateInfo => &fabric::MIGRATE_INFO,
                Kind::Features => &fabric::FEATURES,
                _ => &fabric::SMD_OPTIONS,
            };
            tree.bits(set, data, Order::Big)?;
            shown.label(format_args!("{value:#x}"));
        }
        Kind::ProtocolId => {
            tree.add(&PROTOCOL_ID, data)?;
            shown.label(format_args!("{value:#x}"));
        }
        Kind::Port => {
            tree.uint(&heartbeat::PORT, data, short & 0xffff)?;
            shown.label(format_args!("{value}"));
        }
        Kind::ReversedIpv4 => {
            tree.add_in(&heartbeat::IPV4, data, Order::Little)?;
            shown.label(format_args!("{}", reversed_ipv4(short)));
        }
        _ => simple(shown, own(spec.name), data, value)?,
    }
    Ok(())
}

/// A plain number.
fn simple(shown: &Shown<'_, '_>, field: &Field, data: &[u8], value: u64) -> Guarded {
    shown.add(field, data)?;
    shown.label(format_args!("{value}"));
    Ok(())
}

/// Numbers with no more meaning than their name, those that are in use today.
fn own(name: &'static str) -> &'static Field {
    match name {
        "PARTITION_SIZE" => &fabric::PARTITION_SIZE,
        "REGIME" => &fabric::REGIME,
        "META_SEQUENCE" => &fabric::META_SEQUENCE,
        "META_SEQUENCE_FINAL" => &fabric::META_SEQUENCE_FINAL,
        "TIMEOUT_MS" => &fabric::TIMEOUT,
        "NUM_ITEMS" => &smd::NUM_ITEMS,
        _ => &NUMBER,
    }
}

fn op(shown: &Shown<'_, '_>, data: &[u8], value: u32) -> Guarded {
    let message = shown.message;
    let name = message.table.and_then(|table| table.op_name(value));
    match message.family {
        Family::Heartbeat => {
            shown.add(&heartbeat::TYPE, data)?;
        }
        Family::Fabric => {
            shown.add(&fabric::OP, data)?;
            if let Some(name) = name {
                let text = format_args!("{name}");
                shown.heading.text(&fabric::OP_NAME, data, text)?.generated();
            }
        }
    }
    match name {
        Some(name) => shown.label(format_args!("{name} ({value})")),
        None => shown.label(format_args!("Unknown ({value})")),
    }
    Ok(())
}

fn result(shown: &Shown<'_, '_>, data: &[u8], value: u32) -> Guarded {
    match u8::try_from(value) {
        Ok(code) => {
            shown.heading.uint(&common::RESULT, data, value)?;
            shown.label(format_args!("{} ({value})", ResultCode(code)));
            Ok(())
        }
        Err(_) => simple(shown, &NUMBER, data, value.into()),
    }
}

/// A node id, with what it says if the server made it itself.
///
/// # Errors
/// What Wireshark threw.
pub fn node<'p>(tree: &Tree<'p>, data: &[u8], id: NodeId, order: Order) -> Guarded<Item<'p>> {
    let item = tree.add_in(&common::NODE, data, order)?;
    let Some(parts) = id.parts().filter(|_| tree.exists()) else {
        return Ok(item);
    };
    item.append(format_args!(" ({parts})"));
    let below = tree.under(item, &common::NODE)?;
    below.uint(&NODE_PORT, data, u32::from(parts.port))?.generated();
    below.ether(&NODE_MAC, data, parts.mac)?.generated();
    Ok(item)
}

/// Node ids back to back, little endian; zeros behind the last are padding.
///
/// # Errors
/// What Wireshark threw.
pub fn nodes<'p>(tree: &Tree<'p>, data: &'p [u8], is_padded: bool) -> Guarded {
    let nodes = Nodes(data);
    for (bytes, id) in &nodes {
        if is_padded && id.0 == 0 {
            let at = (bytes.as_ptr() as usize).wrapping_sub(data.as_ptr() as usize);
            let rest = data.get(at..).unwrap_or_default();
            if rest.iter().all(|byte| *byte == 0) {
                tree.add(&PADDING, rest)?;
                return Ok(());
            }
        }
        node(tree, bytes, id, INSIDE)?;
    }
    super::leftover(tree, "list of nodes", nodes.leftover())
}

/// A cluster key.
///
/// # Errors
/// What Wireshark threw.
pub fn cluster_key<'p>(tree: &Tree<'p>, data: &[u8], order: Order) -> Guarded<Item<'p>> {
    tree.add_in(&CLUSTER_KEY, data, order)
}

/// A reading of a hybrid clock: its time and its counter.
///
/// # Errors
/// What Wireshark threw.
pub fn hlc<'p>(tree: &Tree<'p>, field: &Field, data: &[u8], value: Hlc, order: Order) -> Guarded {
    let item = tree.add_in(field, data, order)?;
    if value.0 == 0 || !tree.exists() {
        return Ok(());
    }
    let below = tree.under(item, field)?;
    let (time_bytes, counter) = match order {
        Order::Big => (first(data, 6), data.get(6..8).unwrap_or_default()),
        Order::Little => (data.get(2..8).unwrap_or_default(), first(data, 2)),
    };
    time(&below, &HLC_TIME, time_bytes, value.unix())?;
    below.uint(&HLC_COUNTER, counter, u32::from(value.counter()))?;
    Ok(())
}
