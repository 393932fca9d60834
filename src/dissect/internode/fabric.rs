//! Fabric: what nodes tell each other besides heartbeats.

use super::container::ShownMessage;
use super::pieces::fabric::CHANNEL;
use super::pieces::proxy;
use super::{content, fabric_line, links};

use crate::dissect::shared::{column, common, result};
use crate::epan::{Guarded, Tree};
use crate::protocols::FABRIC;
use crate::track::cluster::names::NodeName;
use crate::track::internode::fabric::{self, Exchange, Linked};
use crate::wire::client::fields::digest::partition;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::text::LossyText;
use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::ContentKind;
use crate::wire::internode::fabric::FabricFacts;
use crate::wire::internode::fabric::rw::RwOp;

/// One message: its line in the Info column and its items.
///
/// # Errors
/// What Wireshark threw.
pub fn message<'p>(
    message: &ShownMessage<'_, 'p>,
    tree: &Tree<'p>,
    facts: &FabricFacts<'p>,
    linked: &Linked,
) -> Guarded {
    let packet = message.packet;
    let is_proxied = facts.proto.is_some() && packet.has_columns();
    if is_proxied {
        column::line_around(packet, |out| {
            fabric_line::line(out, packet, message, facts, linked)
        });
    } else {
        column::line(packet, |out| {
            fabric_line::line(out, packet, message, facts, linked)
        });
    }
    if tree.exists() {
        items(message, tree, facts, linked)?;
    } else {
        let proto = message.msg.fields().flatten().find(|field| {
            let spec = message.table.and_then(|table| table.of(field));
            spec.is_some_and(|spec| spec.kind == ContentKind::Proto)
        });
        if let Some(field) = proto.filter(|_| is_proxied) {
            proxy::add_embedded(packet, tree, &field)?;
        }
        result_of_write(tree, message, facts)?;
    }
    packet.state().line_is_open.set(0);
    Ok(())
}

fn items<'p>(
    message: &ShownMessage<'_, 'p>,
    tree: &Tree<'p>,
    facts: &FabricFacts<'p>,
    linked: &Linked,
) -> Guarded {
    let msg = message.msg;
    let packet = message.packet;
    let top = tree.protocol(&FABRIC, msg.bytes)?;
    top.item().label(format_args!(
        "Aerospike Fabric, {}{}, {} bytes",
        msg.header.kind,
        fabric_line::FabricOperation(facts),
        msg.header.size
    ));
    content::fields(message, &top)?;
    if let Some(hello) = message.hello {
        top.uint64(&common::NODE, &[], hello.node.0)?
            .append(format_args!(
                "{} (opened the connection)",
                NodeName(message.packet, hello.node.0)
            ))
            .set_generated();
        if let Some(channel) = hello.channel {
            top.uint(&CHANNEL, &[], channel.0)?
                .append(format_args!(" (of the connection)"))
                .set_generated();
        }
    }
    if let Some(emigration) = &linked.emigration {
        let namespace = fabric::of(packet).namespace(packet, emigration);
        top.text(&common::NAMESPACE, &[], format_args!("{}", LossyText(namespace)))?
            .set_generated();
        if facts.partition().is_none() {
            top.uint(&common::PARTITION, &[], u32::from(emigration.partition))?
                .set_generated();
        }
    }
    if let Some((
        _,
        Exchange {
            digest: Some(digest), ..
        },
    )) = linked.exchange.filter(|_| facts.digest.is_none())
    {
        top.bytes(&common::DIGEST, &[], &digest)?.set_generated();
        top.uint(&common::PARTITION, &[], u32::from(partition(&digest)))?
            .set_generated();
    }
    result_of_write(&top, message, facts)?;
    if message.lacks_hello {
        top.expert(
            &common::UNSUPPORTED_TYPE,
            format_args!("A connection must begin with a FABRIC message; the node closes this one"),
        )?;
    }
    links::exchange_links(&top, message, linked)?;
    Ok(())
}

/// A result of a replica write that is not OK. In duplicate resolution every result is a good answer.
fn result_of_write(top: &Tree<'_>, message: &ShownMessage<'_, '_>, facts: &FabricFacts<'_>) -> Guarded {
    let is_ack = message.msg.header.kind == MsgType::RW && facts.op.map(RwOp) == Some(RwOp::WRITE_ACK);
    let Some(code) = facts.result.filter(|_| is_ack) else {
        return Ok(());
    };
    let code = ResultCode(u8::try_from(code).unwrap_or(u8::MAX));
    result::say(top, code)
}
