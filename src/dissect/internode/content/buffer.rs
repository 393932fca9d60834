//! STR and BUF fields: by their kind, the items and what the heading says.

use crate::dissect::internode::container::{BYTES, Listed, Shown, TEXT, nodes, string};
use crate::dissect::internode::pieces::{endpoints, fabric, heartbeat, paxos, proxy, services, smd};
use crate::dissect::internode::record;
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded};
use crate::wire::client::digest::Digest;
use crate::wire::client::key::Key;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::LossyText;
use crate::wire::internode::cluster::Nodes;
use crate::wire::internode::container::spec::{Kind, Spec};
use crate::wire::internode::container::{MsgField, MsgType};
use crate::wire::values::particle::ParticleType;

/// A text or buffer of a known field.
pub(super) fn buffer<'p>(shown: &Shown<'_, 'p>, spec: &'static Spec, field: &MsgField<'p>) -> Guarded {
    let tree = shown.heading;
    let data = field.data;
    match spec.kind {
        Kind::ClusterName => text(shown, &heartbeat::CLUSTER_NAME, field)?,
        Kind::Namespace => text(shown, &common::NAMESPACE, field)?,
        Kind::Set => text(shown, &common::SET, field)?,
        Kind::Text => text(shown, own(shown.message.msg.header.kind, field.id), field)?,
        Kind::Digest => digest(shown, data)?,
        Kind::Key => key(shown, data)?,
        Kind::FlatRecord | Kind::Record => record::record(tree, spec.kind, data)?,
        Kind::Proto if shown.message.has_proto.replace(true) => {
            tree.add(&BYTES, data)?;
            shown.label(format_args!("{} bytes (one stands before it)", data.len()));
        }
        Kind::Proto => proxy::add_embedded(shown.message.packet, tree, field)?,
        Kind::Services => services::services(tree, field)?,
        Kind::SmdKey => smd::text(tree, &smd::KEY, shown.message.is_secret, data, field.text())?,
        Kind::SmdValue => smd::text(tree, &smd::VALUE, shown.message.is_secret, data, field.text())?,
        Kind::Ipv6 if data.len() == 16 => {
            tree.add(&endpoints::IPV6, data)?;
        }
        Kind::Nodes | Kind::PaddedNodes => {
            list_of_nodes(shown, data);
            nodes(tree, data, spec.kind == Kind::PaddedNodes)?;
        }
        Kind::Endpoints => endpoints::endpoint_list(tree, data)?,
        Kind::InfoReply => endpoints::info_reply(tree, data)?,
        Kind::PaxosData => heartbeat::paxos_data(tree, data)?,
        Kind::Compressed => {
            tree.add(&heartbeat::STREAM, data)?;
            shown.label(format_args!("{} bytes", data.len()));
        }
        Kind::PaxosChange => paxos::change(tree, data)?,
        _ => {
            if !data.is_empty() {
                tree.add(&BYTES, data)?;
            }
            shown.label(format_args!("{} bytes", data.len()));
        }
    }
    Ok(())
}

fn text(shown: &Shown<'_, '_>, of: &Field, field: &MsgField<'_>) -> Guarded {
    string(shown.heading, of, field.data, field.text())?;
    shown.label(format_args!("{}", LossyText(field.text())));
    Ok(())
}

/// Texts with no more meaning than their name.
fn own(kind: MsgType, id: u16) -> &'static Field {
    use crate::wire::internode::fabric::{info, proxy, smd::OldFields};
    match (kind, id) {
        (MsgType::PROXY, proxy::Fields::USERNAME) => &fabric::USERNAME,
        (MsgType::INFO, info::Fields::TLS_NAME) => &services::TLS_NAME,
        (MsgType::SMD, OldFields::MODULE_NAME) => &smd::MODULE_NAME,
        _ => &TEXT,
    }
}

fn digest(shown: &Shown<'_, '_>, data: &[u8]) -> Guarded {
    let Some(digest) = Digest::exactly(data) else {
        let error = Malformed::illegal("DIGEST", data, "a digest has 20 bytes");
        return common::malformed(shown.heading, &error);
    };
    shown.label(format_args!("{digest} (partition {})", digest.partition()));
    common::digest(shown.heading, digest)
}

fn key(shown: &Shown<'_, '_>, data: &[u8]) -> Guarded {
    let [kind, value @ ..] = data else {
        return Ok(());
    };
    let key = Key {
        kind: ParticleType(*kind),
        value,
    };
    shown.label(format_args!("{key} ({})", key.kind));
    common::key(shown.heading, data, &key)
}

/// The first few nodes on the heading.
fn list_of_nodes(shown: &Shown<'_, '_>, data: &[u8]) {
    if !shown.heading.is_visible() {
        return;
    }
    shown.label(format_args!("{}", Listed(Nodes(data))));
}
