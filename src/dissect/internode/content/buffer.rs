//! STR and BUF fields: by their kind, the items and what the heading says.

use crate::dissect::internode::container::{BYTES, Listed, Shown, TEXT, nodes};
use crate::dissect::internode::pieces::{endpoints, fabric, heartbeat, paxos, proxy, services, smd};
use crate::dissect::internode::record;
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded, Tree};
use crate::wire::client::fields::digest::Digest;
use crate::wire::client::fields::key::{KeyLiteral, UserKey};
use crate::wire::ground::input::Malformed;
use crate::wire::internode::cluster::Nodes;
use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::{ContentKind, Spec};
use crate::wire::values::particle::ParticleType;

/// A text or buffer of a known field.
pub(super) fn buffer(shown: &Shown<'_, '_>, spec: &'static Spec) -> Guarded {
    let (message, field) = (shown.message, shown.field);
    let data = field.data;
    match spec.kind {
        ContentKind::ClusterName => shown.text(&heartbeat::CLUSTER_NAME)?,
        ContentKind::Namespace => shown.text(&common::NAMESPACE)?,
        ContentKind::Set => shown.text(&common::SET)?,
        ContentKind::Text => shown.text(own(message.msg.header.kind, field.id))?,
        ContentKind::Digest => return digest(shown, data),
        ContentKind::Key => return key(shown, data),
        ContentKind::SmdKey => secret(shown, &smd::KEY)?,
        ContentKind::SmdValue => secret(shown, &smd::VALUE)?,
        ContentKind::Services => return services::services(shown),
        ContentKind::Proto if message.has_proto.replace(true) => {
            let heading = opaque(shown, data)?;
            heading.item().append(format_args!(" (one stands before it)"));
            heading
        }
        _ => return parts(shown, spec.kind, data),
    };
    Ok(())
}

/// What is of several parts: its line is its name.
fn parts<'p>(shown: &Shown<'_, 'p>, kind: ContentKind, data: &'p [u8]) -> Guarded {
    match kind {
        ContentKind::FlatRecord | ContentKind::Record => record::record(&shown.heading()?, kind, data),
        ContentKind::Proto => proxy::add_embedded(shown.message.packet, &shown.heading()?, shown.field),
        ContentKind::Ipv6 if data.len() == 16 => shown.heading()?.add(&endpoints::IPV6, data).map(|_| ()),
        ContentKind::Nodes | ContentKind::PaddedNodes => {
            let heading = shown.heading()?;
            heading.item().append(format_args!(": {}", Listed(Nodes(data))));
            nodes(&heading, data, kind == ContentKind::PaddedNodes)
        }
        ContentKind::Endpoints => endpoints::endpoint_list(&shown.heading()?, data),
        ContentKind::InfoReply => endpoints::info_reply(&shown.heading()?, data),
        ContentKind::PaxosData => heartbeat::paxos_data(&shown.heading()?, data),
        ContentKind::Compressed => {
            let heading = shown.heading()?;
            heading.item().append(format_args!(": {} bytes", data.len()));
            heading.add(&heartbeat::STREAM, data).map(|_| ())
        }
        ContentKind::PaxosChange => paxos::change(&shown.heading()?, data),
        _ => opaque(shown, data).map(|_| ()),
    }
}

/// Bytes that nobody but their sender can read.
pub(super) fn opaque<'p>(shown: &Shown<'_, 'p>, data: &[u8]) -> Guarded<Tree<'p>> {
    let heading = shown.heading()?;
    heading.item().append(format_args!(": {} bytes", data.len()));
    if !data.is_empty() {
        heading.add(&BYTES, data)?;
    }
    Ok(heading)
}

/// A key or value of system metadata; of a module with secrets its length, unless the user wants to see it.
fn secret<'p>(shown: &Shown<'_, 'p>, of: &Field) -> Guarded<Tree<'p>> {
    if !smd::is_hidden(shown.message.is_secret) {
        return shown.text(of);
    }
    let length = shown.field.text().len();
    shown.number(
        &smd::SECRET,
        length as u64,
        format_args!("{length} bytes, hidden"),
    )
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
        return common::add_error(&shown.heading()?, &error);
    };
    let item = shown.top.bytes(&common::DIGEST, shown.field.bytes, digest.0)?;
    let below = shown.line(
        item,
        &common::DIGEST,
        format_args!("{digest} (partition {})", digest.partition()),
    )?;
    common::partition(&below, digest)
}

fn key(shown: &Shown<'_, '_>, data: &[u8]) -> Guarded {
    let [kind, value @ ..] = data else {
        return shown.heading().map(|_| ());
    };
    let key = UserKey {
        kind: ParticleType(*kind),
        value,
    };
    let item = shown
        .top
        .text(&common::KEY, shown.field.bytes, format_args!("{key}"))?;
    let below = shown.line(
        item,
        &common::KEY,
        format_args!("{} ({})", KeyLiteral(&key), key.kind),
    )?;
    common::key_type(&below, data)
}
