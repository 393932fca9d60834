//! Fabric: what nodes tell each other besides heartbeats.

pub mod exchange;
pub mod info;
pub mod line;
pub mod paxos;
pub mod proxy;
pub mod smd;

use crate::dissect::exchange::links::{self, Milliseconds};
use crate::dissect::internode::container as msg;
use crate::dissect::internode::container::Message;
use crate::dissect::shared::common;
use crate::epan::register::preference;
use crate::epan::{Guarded, Packet, Tree};
use crate::protocols::FABRIC;
use crate::track::fabric::{self, Exchange, Linked, Part, State};
use crate::wire::client::digest::partition;
use crate::wire::client::result_code::{ResultCode, Weight};
use crate::wire::ground::text::Text as Lossy;
use crate::wire::internode::container::spec::Kind;
use crate::wire::internode::container::MsgType;
use crate::wire::internode::fabric::exchange::CompatibilityId;
use crate::wire::internode::fabric::hello::Channel;
use crate::wire::internode::fabric::migrate::{Features, MigrateInfo};
use crate::wire::internode::fabric::proxy::ProxyInfo;
use crate::wire::internode::fabric::rw::{RwInfo, RwOp};
use crate::wire::internode::fabric::smd::SmdOptions;
use crate::wire::internode::fabric::Facts;

fields! {
    TYPE: U16, "aerospike.fabric.type", "Message type", "What the fields of the message mean" .values(MsgType::TABLE);
    OP: U32, "aerospike.fabric.op", "Operation", "Operation of the message, by its type";
    OP_NAME: String, "aerospike.fabric.op.name", "Operation name", "Name of the operation";
    TID: U32, "aerospike.fabric.tid", "Transaction id", "A counter of the node that asks, echoed in the answer";
    CHANNEL: U32, "aerospike.fabric.channel", "Channel", "What runs on the connection" .values(Channel::TABLE);
    NS_IX: U32, "aerospike.fabric.ns_ix", "Namespace index", "Index of the namespace on the node that asks";
    EMIG_ID: U32, "aerospike.fabric.emig_id", "Emigration id", "A counter of the node that sends records away";
    INSERT_ID: U64, "aerospike.fabric.emig_insert_id", "Insert id", "Number of the record within its emigration";
    PARTITION_SIZE: U64, "aerospike.fabric.partition_size", "Partition size", "Records in the partition";
    REGIME: U32, "aerospike.fabric.regime", "Regime", "Regime of the partition, strong consistency";
    META_SEQUENCE: U32, "aerospike.fabric.meta_sequence", "Meta sequence", "Number of a message with meta records";
    META_SEQUENCE_FINAL: U32, "aerospike.fabric.meta_sequence_final", "Last meta sequence", "Number of the last message with meta records";
    TIMEOUT: U32, "aerospike.fabric.timeout", "Timeout", "Timeout of a proxied request, up to 3.14" .unit(" ms");
    COMPATIBILITY_ID: U32, "aerospike.fabric.compatibility_id", "Compatibility id", "Which releases the node is compatible with" .values(CompatibilityId::TABLE);
    USERNAME: String, "aerospike.fabric.username", "User name", "The client's user";
}

bit_sets! {
    RW_INFO: U32 of RwInfo, "aerospike.fabric.rw_info", "RW info", "Flags of a replica write";
    PROXY_INFO: U32 of ProxyInfo, "aerospike.fabric.proxy_info", "Proxy info", "Flags of a proxied request";
    MIGRATE_INFO: U32 of MigrateInfo, "aerospike.fabric.migrate_info", "Migrate info", "Flags of a migrated record";
    FEATURES: U32 of Features, "aerospike.fabric.features", "Features", "What both sides of an emigration can do";
    SMD_OPTIONS: U32 of SmdOptions, "aerospike.fabric.smd.options", "Options", "Options of a change, up to 4.5.0";
}

/// One message: its line in the Info column and its items.
///
/// # Errors
/// What Wireshark threw.
pub fn message<'p>(
    message: &Message<'_, 'p>,
    tree: &Tree<'p>,
    facts: &Facts<'p>,
    linked: &Linked,
) -> Guarded {
    let packet = message.packet;
    let is_proxied = facts.proto.is_some() && packet.has_columns();
    if is_proxied {
        crate::dissect::shared::column::line_around(packet, |out| {
            line::line(out, packet, message, facts, linked)
        });
    } else {
        crate::dissect::shared::column::line(packet, |out| line::line(out, packet, message, facts, linked));
    }
    if tree.exists() {
        items(message, tree, facts, linked)?;
    } else {
        let proto = message.msg.fields().flatten().find(|field| {
            let spec = message.table.and_then(|table| table.of(field));
            spec.is_some_and(|spec| spec.kind == Kind::Proto)
        });
        if let Some(field) = proto.filter(|_| is_proxied) {
            proxy::embedded(packet, tree, &field)?;
        }
        result(tree, message, facts)?;
    }
    packet.state().line_is_open.set(0);
    Ok(())
}

fn items<'p>(message: &Message<'_, 'p>, tree: &Tree<'p>, facts: &Facts<'p>, linked: &Linked) -> Guarded {
    let msg = message.msg;
    let packet = message.packet;
    let top = tree.protocol(&FABRIC, msg.bytes)?;
    top.item().label(format_args!(
        "Aerospike Fabric, {}{}, {} bytes",
        msg.header.kind,
        line::Operation(facts),
        msg.header.size
    ));
    msg::fields(message, &top)?;
    if let Some(hello) = message.hello {
        top.uint64(&common::NODE, &[], hello.node.0)?
            .append(format_args!(" (opened the connection)"))
            .generated();
        if let Some(channel) = hello.channel {
            top.uint(&CHANNEL, &[], channel.0)?
                .append(format_args!(" (of the connection)"))
                .generated();
        }
    }
    if let Some(emigration) = &linked.emigration {
        let namespace = emigration.namespace.get(packet);
        top.text(&common::NAMESPACE, &[], format_args!("{}", Lossy(namespace)))?
            .generated();
        if facts.partition().is_none() {
            top.uint(&common::PARTITION, &[], u32::from(emigration.partition))?
                .generated();
        }
    }
    if let Some((
        _,
        Exchange {
            digest: Some(digest), ..
        },
    )) = linked.exchange.filter(|_| facts.digest.is_none())
    {
        top.bytes(&common::DIGEST, &[], &digest)?.generated();
        top.uint(&common::PARTITION, &[], u32::from(partition(&digest)))?
            .generated();
    }
    result(&top, message, facts)?;
    if message.lacks_hello {
        top.expert(
            &common::UNSUPPORTED_TYPE,
            format_args!("A connection must begin with a FABRIC message; the node closes this one"),
        )?;
    }
    exchange_links(&top, message, linked)?;
    Ok(())
}

/// A result of a replica write that is not OK. In duplicate resolution every result is a good answer.
fn result(top: &Tree<'_>, message: &Message<'_, '_>, facts: &Facts<'_>) -> Guarded {
    let is_ack = message.msg.header.kind == MsgType::RW && facts.op.map(RwOp) == Some(RwOp::WRITE_ACK);
    let Some(code) = facts.result.filter(|_| is_ack) else {
        return Ok(());
    };
    let code = ResultCode(u8::try_from(code).unwrap_or(u8::MAX));
    let expert = match code.weight() {
        Weight::None => return Ok(()),
        Weight::Note => &common::RESULT_NOTE,
        Weight::Warning => &common::RESULT_WARNING,
    };
    top.expert(expert, format_args!("Result {code} ({})", code.0))
}

/// Links between a request and its answer, and the verdicts that follow from them.
///
/// # Errors
/// What Wireshark threw.
pub fn exchange_links(top: &Tree<'_>, message: &Message<'_, '_>, linked: &Linked) -> Guarded {
    let packet = message.packet;
    let Some((part, exchange)) = &linked.exchange else {
        return Ok(());
    };
    match part {
        Part::Request | Part::Again => request(top, packet, message.end, *part, exchange),
        Part::Answer | Part::AnswerAgain => {
            top.uint(&links::REQUEST_IN, &[], exchange.request_frame)?
                .generated();
            if *part == Part::AnswerAgain {
                return Ok(());
            }
            let taken = exchange.response_time();
            links::time(top, &links::RESPONSE_TIME, taken)?;
            let threshold = i64::from(preference::slow_threshold()).saturating_mul(1_000_000);
            if threshold > 0 && taken > threshold {
                top.expert(
                    &links::SLOW,
                    format_args!("Answered after {}", Milliseconds(taken)),
                )?;
            }
            Ok(())
        }
    }
}

fn request(top: &Tree<'_>, packet: Packet<'_>, end: Option<u32>, part: Part, exchange: &Exchange) -> Guarded {
    if part == Part::Again {
        top.uint(&links::RETRY_OF, &[], exchange.request_frame)?
            .generated();
        top.expert(
            &links::RETRY,
            format_args!(
                "Sent again: the same request in frame {} is not answered yet",
                exchange.request_frame
            ),
        )?;
    }
    if !packet.is_visited() {
        return Ok(());
    }
    if part == Part::Request && exchange.asked_again_in != 0 {
        top.uint(&links::RETRIED_IN, &[], exchange.asked_again_in)?
            .generated();
    }
    if exchange.state == State::Answered {
        top.uint(&links::RESPONSE_IN, &[], exchange.answer_frame)?
            .generated();
        return Ok(());
    }
    if part == Part::Again || exchange.state != State::Open {
        return Ok(());
    }
    let Some(ending) = packet.connection_end() else {
        return Ok(());
    };
    if fabric::of(packet).is_unanswered(exchange, ending.completeness & links::ENDED != 0) {
        top.expert(
            &links::NO_RESPONSE,
            format_args!(
                "No answer to a write that wants one{}",
                links::Ending(&ending, end)
            ),
        )?;
    }
    Ok(())
}
