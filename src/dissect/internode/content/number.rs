//! Integer fields: by their kind, the item and what the heading says.

use crate::dissect::client::header;
use crate::dissect::internode::container::{
    CLUSTER_KEY, HLC, NUMBER, PROTOCOL_ID, SEQUENCE, Shown, hlc_parts, node_parts,
};
use crate::dissect::internode::pieces::{endpoints, fabric, heartbeat, smd};
use crate::dissect::internode::record;
use crate::dissect::shared::common;
use crate::epan::{BitSet, Field, Guarded};
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::proto::Order;
use crate::wire::ground::time::{UpdateTime, VoidTime};
use crate::wire::internode::cluster::{self, ClusterKey, Hlc, NodeId};
use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::plausible::TrafficFamily;
use crate::wire::internode::container::spec::{ContentKind, Spec};
use crate::wire::internode::fabric::exchange::CompatibilityId;
use crate::wire::internode::fabric::hello::Channel;
use crate::wire::internode::fabric::smd::ModuleId;
use crate::wire::internode::heartbeat::reversed_ipv4;

/// An integer of a known field.
pub(super) fn number(shown: &Shown<'_, '_>, spec: &'static Spec, value: u64) -> Guarded {
    let data = shown.field.data;
    let short = u32::try_from(value).unwrap_or(u32::MAX);
    match spec.kind {
        ContentKind::Op => op(shown, short)?,
        ContentKind::Tid => simple(shown, &fabric::TID, value)?,
        ContentKind::SmdTid => {
            let below = shown.number(&smd::TID, value, format_args!("{value}"))?;
            if let Ok(tid) = u32::try_from(value) {
                below.uint(&fabric::TID, data, tid)?.set_generated().set_hidden();
            }
        }
        ContentKind::OldTid => {
            shown.number(&smd::TRID, value, format_args!("{value:#018x}"))?;
        }
        ContentKind::Result => result(shown, short)?,
        ContentKind::EmigId => simple(shown, &fabric::EMIG_ID, value)?,
        ContentKind::InsertId => simple(shown, &fabric::INSERT_ID, value)?,
        ContentKind::Node => {
            let id = NodeId(value);
            let below = shown.number(&common::NODE, value, format_args!("{id}"))?;
            node_parts(&below, data, id)?;
        }
        ContentKind::ClusterKey => {
            shown.number(&CLUSTER_KEY, value, format_args!("{}", ClusterKey(value)))?;
        }
        ContentKind::Hlc | ContentKind::Sequence => {
            let of = if spec.kind == ContentKind::Hlc {
                &HLC
            } else {
                &SEQUENCE
            };
            let below = shown.number(of, value, format_args!("{value:#x}"))?;
            hlc_parts(&below, data, Hlc(value), Order::Big)?;
        }
        ContentKind::UnixMs => {
            shown.time(&heartbeat::SKEW_MONITOR_DATA, cluster::unix_ms(value))?;
        }
        ContentKind::Ms2010 => {
            let of = match shown.message.msg.header.kind {
                MsgType::SMD => &smd::TIMESTAMP,
                _ => &record::LAST_UPDATE_TIME,
            };
            shown.time(of, UpdateTime(value).unix())?;
        }
        ContentKind::VoidTime => match VoidTime(short).unix_seconds().filter(|_| value > 1) {
            Some(seconds) => {
                shown.time(&header::VOID_TIME, (seconds, 0))?;
            }
            None => simple(shown, &NUMBER, value)?,
        },
        ContentKind::Partition if value < 0x1_0000 => simple(shown, &common::PARTITION, value)?,
        ContentKind::Generation if shown.message.msg.header.kind == MsgType::SMD => {
            simple(shown, &smd::GENERATION, value)?;
        }
        ContentKind::Generation => simple(shown, &header::GENERATION, value)?,
        ContentKind::NamespaceIndex => simple(shown, &fabric::NS_IX, value)?,
        ContentKind::Channel => {
            shown.number(&fabric::CHANNEL, value, format_args!("{}", Channel(short)))?;
        }
        ContentKind::CompatibilityId => {
            shown.number(
                &fabric::COMPATIBILITY_ID,
                value,
                format_args!("{} ({value})", CompatibilityId(short)),
            )?;
        }
        ContentKind::ModuleId => {
            shown.number(&smd::MODULE, value, format_args!("{}", ModuleId(short)))?;
        }
        ContentKind::RwInfo => flags(shown, &fabric::RW_INFO, short)?,
        ContentKind::ProxyInfo => flags(shown, &fabric::PROXY_INFO, short)?,
        ContentKind::MigrateInfo => flags(shown, &fabric::MIGRATE_INFO, short)?,
        ContentKind::Features => flags(shown, &fabric::FEATURES, short)?,
        ContentKind::SmdOptions => flags(shown, &fabric::SMD_OPTIONS, short)?,
        ContentKind::ProtocolId => {
            shown.number(&PROTOCOL_ID, value, format_args!("{value:#x}"))?;
        }
        ContentKind::Port => simple(shown, &endpoints::PORT, value & 0xffff)?,
        ContentKind::ReversedIpv4 => {
            let below = shown.heading()?;
            below.add_in(&endpoints::IPV4, data, Order::Little)?;
            below.item().append(format_args!(": {}", reversed_ipv4(short)));
        }
        _ => simple(shown, own(shown.message.msg.header.kind, shown.field.id), value)?,
    }
    Ok(())
}

/// A plain number.
fn simple(shown: &Shown<'_, '_>, field: &Field, value: u64) -> Guarded {
    shown.number(field, value, format_args!("{value}"))?;
    Ok(())
}

/// A set of flags.
fn flags(shown: &Shown<'_, '_>, set: &BitSet, value: u32) -> Guarded {
    let below = shown.number(set.whole(), u64::from(value), format_args!("{value:#x}"))?;
    below.bits_below(set, shown.field.data, value)
}

/// Numbers with no more meaning than their name, those that are in use today.
fn own(kind: MsgType, id: u16) -> &'static Field {
    use crate::wire::internode::fabric::{migrate, proxy, rw, smd::OldFields};
    match (kind, id) {
        (MsgType::MIGRATE, migrate::Fields::PARTITION_SIZE) => &fabric::PARTITION_SIZE,
        (MsgType::MIGRATE, migrate::Fields::META_SEQUENCE) => &fabric::META_SEQUENCE,
        (MsgType::MIGRATE, migrate::Fields::META_SEQUENCE_FINAL) => &fabric::META_SEQUENCE_FINAL,
        (MsgType::RW, rw::Fields::REGIME) => &fabric::REGIME,
        (MsgType::PROXY, proxy::Fields::TIMEOUT_MS) => &fabric::TIMEOUT,
        (MsgType::SMD, OldFields::NUM_ITEMS) => &smd::NUM_ITEMS,
        _ => &NUMBER,
    }
}

fn op(shown: &Shown<'_, '_>, value: u32) -> Guarded {
    let message = shown.message;
    let of = match message.family {
        TrafficFamily::Heartbeat => &heartbeat::TYPE,
        TrafficFamily::Fabric => &fabric::OP,
    };
    let Some(name) = message.table.and_then(|table| table.op_name(value)) else {
        shown.number(of, u64::from(value), format_args!("Unknown ({value})"))?;
        return Ok(());
    };
    let below = shown.number(of, u64::from(value), format_args!("{name} ({value})"))?;
    if message.family == TrafficFamily::Fabric {
        below
            .text(&fabric::OP_NAME, shown.field.data, format_args!("{name}"))?
            .set_generated();
    }
    Ok(())
}

fn result(shown: &Shown<'_, '_>, value: u32) -> Guarded {
    match u8::try_from(value) {
        Ok(code) => shown
            .number(
                &common::RESULT,
                u64::from(value),
                format_args!("{} ({value})", ResultCode(code)),
            )
            .map(|_| ()),
        Err(_) => simple(shown, &NUMBER, value.into()),
    }
}
