//! STR and BUF fields: by their kind, the items and what the heading says.

use super::super::fabric::{self, info, paxos, proxy, smd};
use super::super::{heartbeat, record};
use super::{nodes, string, Shown, BYTES, TEXT};
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded};
use crate::wire::client::digest::Digest;
use crate::wire::client::key::Key;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::Text as Lossy;
use crate::wire::internode::cluster::Nodes;
use crate::wire::internode::container as msg;
use crate::wire::internode::container::spec::{Kind, Spec};
use crate::wire::values::particle::ParticleType;

/// A text or buffer of a known field.
pub(super) fn buffer<'p>(shown: &Shown<'_, 'p>, spec: &'static Spec, field: &msg::Field<'p>) -> Guarded {
    let tree = shown.heading;
    let data = field.data;
    match spec.kind {
        Kind::ClusterName => text(shown, &heartbeat::CLUSTER_NAME, field)?,
        Kind::Namespace => text(shown, &common::NAMESPACE, field)?,
        Kind::Set => text(shown, &common::SET, field)?,
        Kind::Text => text(shown, own(spec.name), field)?,
        Kind::Digest => digest(shown, data)?,
        Kind::Key => key(shown, data)?,
        Kind::FlatRecord | Kind::Record => record::record(tree, spec.kind, data)?,
        Kind::Proto => proxy::embedded(shown.message.packet, tree, field)?,
        Kind::Services => info::services(tree, field)?,
        Kind::SmdKey => smd::text(tree, &smd::KEY, shown.message.is_secret, data, field.text())?,
        Kind::SmdValue => smd::text(tree, &smd::VALUE, shown.message.is_secret, data, field.text())?,
        Kind::Ipv6 if data.len() == 16 => {
            tree.add(&heartbeat::IPV6, data)?;
        }
        Kind::Nodes | Kind::PaddedNodes => {
            list_of_nodes(shown, data);
            nodes(tree, data, spec.kind == Kind::PaddedNodes)?;
        }
        Kind::Endpoints => heartbeat::endpoint_list(tree, data)?,
        Kind::InfoReply => heartbeat::info_reply(tree, data)?,
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

fn text(shown: &Shown<'_, '_>, of: &Field, field: &msg::Field<'_>) -> Guarded {
    string(shown.heading, of, field.data, field.text())?;
    shown.label(format_args!("{}", Lossy(field.text())));
    Ok(())
}

/// Texts with no more meaning than their name.
fn own(name: &'static str) -> &'static Field {
    match name {
        "USERNAME" => &fabric::USERNAME,
        "TLS_NAME" => &info::TLS_NAME,
        "MODULE_NAME" => &smd::MODULE_NAME,
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

/// `a1, a2, a3`, a few at most.
pub struct Listed<'a>(pub Nodes<'a>);

impl core::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        const SHOWN: usize = 8;
        let count = self.0.count();
        if count == 0 {
            return f.write_str("none");
        }
        for (index, (_, node)) in self.0.into_iter().take(SHOWN).enumerate() {
            write!(f, "{}{node}", if index == 0 { "" } else { ", " })?;
        }
        if count > SHOWN {
            write!(f, " … and {} more", count - SHOWN)?;
        }
        Ok(())
    }
}
