//! Integer fields: by their kind, the item and what the heading says.

use crate::dissect::client::header;
use crate::dissect::internode::container::{
    HLC, NUMBER, PROTOCOL_ID, SEQUENCE, Shown, cluster_key, hlc, node, time,
};
use crate::dissect::internode::pieces::{endpoints, fabric, heartbeat, smd};
use crate::dissect::internode::record;
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded};
use crate::wire::client::proto::Order;
use crate::wire::client::result_code::ResultCode;
use crate::wire::ground::time::{UpdateTime, VoidTime};
use crate::wire::internode::cluster::{self, ClusterKey, Hlc, NodeId};
use crate::wire::internode::container::MsgField;
use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::plausible::Family;
use crate::wire::internode::container::spec::{Kind, Spec};
use crate::wire::internode::fabric::exchange::CompatibilityId;
use crate::wire::internode::fabric::hello::Channel;
use crate::wire::internode::fabric::smd::ModuleId;
use crate::wire::internode::heartbeat::reversed_ipv4;

/// An integer of a known field.
pub(super) fn number<'p>(
    shown: &Shown<'_, 'p>,
    spec: &'static Spec,
    field: &MsgField<'p>,
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
                _ => &record::LAST_UPDATE_TIME,
            };
            time(tree, of, data, UpdateTime(value).unix())?;
        }
        Kind::VoidTime => match VoidTime(short).unix_seconds().filter(|_| value > 1) {
            Some(seconds) => {
                time(tree, &header::VOID_TIME, data, (seconds, 0))?;
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
        Kind::Generation => simple(shown, &header::GENERATION, data, value)?,
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
            tree.uint(&endpoints::PORT, data, short & 0xffff)?;
            shown.label(format_args!("{value}"));
        }
        Kind::ReversedIpv4 => {
            tree.add_in(&endpoints::IPV4, data, Order::Little)?;
            shown.label(format_args!("{}", reversed_ipv4(short)));
        }
        _ => simple(shown, own(shown.message.msg.header.kind, field.id), data, value)?,
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
                let heading = &shown.heading;
                heading
                    .text(&fabric::OP_NAME, data, format_args!("{name}"))?
                    .generated();
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
