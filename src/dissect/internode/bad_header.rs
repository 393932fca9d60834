//! Bytes between nodes that are no message: of unknown place, or no header where one must be.

use core::fmt::Write as _;

use super::container::protocol;
use crate::dissect::shared::{column, common};
use crate::epan::{Guarded, Tree};
use crate::protocols::AEROSPIKE;
use crate::track::ground::position::StreamPosition;
use crate::wire::client::proto::guess::{GuessedProtocol, guess_protocol};
use crate::wire::exchange::plausible::{Plausibility, plausibility};
use crate::wire::internode::container::plausible::{self, Fit, TrafficFamily};
use crate::wire::internode::container::{HEADER_SIZE, Header, MsgType};

fields! {
    CONTINUED: Bytes, "aerospike.container.continuation", "Continuation data", "Bytes whose place in a message is not known";
    REFUSED: Bytes, "aerospike.container.refused", "Not a message header", "Bytes that a node does not understand";
}

const fn name(family: TrafficFamily) -> &'static str {
    match family {
        TrafficFamily::Heartbeat => "Heartbeat",
        TrafficFamily::Fabric => "Fabric",
    }
}

/// A bad header at a known position.
#[derive(Clone, Copy)]
pub enum HeaderFault {
    /// The type is none that runs here.
    Type(u16),
    /// The size is one that no receiver accepts, or that the fields do not have.
    Size(u32),
}

/// What is wrong with the header that must stand at the front of `bytes`. Fewer bytes than a header tell by their
/// first, which is below 8 in any size up to 128 MiB.
pub fn fault(family: TrafficFamily, bytes: &[u8]) -> Option<HeaderFault> {
    let Ok((_, header)) = Header::read(bytes) else {
        return match *bytes {
            [first, ..] if first >= 8 => Some(HeaderFault::Size(u32::from(first) << 24)),
            _ => None,
        };
    };
    if header.kind > MsgType::LAST || !family.has(header.kind) {
        return Some(HeaderFault::Type(header.kind.0));
    }
    let hello = header.kind == MsgType::FABRIC && !HELLO.contains(&header.size);
    // What would swallow the segments to come must look right as far as it is here.
    let swallows = header.length() > bytes.len() && plausible::fit(bytes) == Fit::No;
    (header.complaint().is_some() || hello || swallows).then_some(HeaderFault::Size(header.size))
}

/// The size of a hello: it names a node, and receivers have a limit for the first message of a connection.
const HELLO: core::ops::Range<u32> = 11..(1 << 20) + 6;

/// Bytes that belong to a message whose beginning is not known: shown, not judged.
///
/// # Errors
/// What Wireshark threw.
pub fn show_continuation(family: TrafficFamily, tree: &Tree<'_>, position: StreamPosition) -> Guarded {
    let bytes = tree.source().bytes();
    let why = match position {
        StreamPosition::Repeated => "sent again by TCP",
        StreamPosition::Aside => crate::dissect::client::stream::ASIDE,
        _ => "the beginning of the message is not in the capture",
    };
    column::line(tree.packet(), |out| {
        write!(out, "{} continuation data, {} bytes", name(family), bytes.len())
    });
    find_as_aerospike(tree, bytes)?;
    let top = tree.protocol(protocol(family), bytes)?;
    top.item()
        .label(format_args!("Aerospike {}, continuation data", name(family)));
    let item = top.add(&CONTINUED, bytes)?;
    common::at(&top, item).expert(&common::CONTINUATION, format_args!("Continuation data: {why}"))
}

fn find_as_aerospike(tree: &Tree<'_>, bytes: &[u8]) -> Guarded {
    if tree.exists() {
        tree.protocol(&AEROSPIKE, bytes)?.item().set_hidden();
    }
    Ok(())
}

/// Bytes at a known position that are no header: said, and handed to the dissector of what they look like.
///
/// # Errors
/// What Wireshark threw.
pub fn show_bad_header<'p>(
    family: TrafficFamily,
    tree: &Tree<'p>,
    fault: HeaderFault,
    hand_over: bool,
) -> Guarded {
    let packet = tree.packet();
    let source = tree.source();
    let bytes = source.bytes();
    let is_client = plausibility(bytes) == Plausibility::Strong;
    let guess = guess_protocol(bytes);
    let words = if is_client {
        "a message of an Aerospike client"
    } else {
        guess.words()
    };
    let foreign = if is_client {
        Some(c"aerospike")
    } else {
        foreign_dissector(guess, family)
    };
    column::line(packet, |out| {
        match fault {
            HeaderFault::Type(kind) => write!(out, "{}: bad message type {kind}", name(family))?,
            HeaderFault::Size(size) => write!(out, "{}: bad message size {size}", name(family))?,
        }
        write!(out, ", looks like {words}")?;
        // What the other dissector writes goes behind.
        let is_foreign = foreign.is_some_and(|name| !name.to_bytes().starts_with(b"aerospike"));
        if hand_over && is_foreign {
            write!(out, " | ")?;
        }
        Ok(())
    });
    find_as_aerospike(tree, bytes)?;
    let top = tree.protocol(protocol(family), bytes)?;
    top.item().label(format_args!(
        "Aerospike {}, no message header: looks like {words}",
        name(family)
    ));
    let item = common::at(&top, top.add(&REFUSED, bytes)?);
    match fault {
        HeaderFault::Type(kind) => item.expert(
            &common::UNSUPPORTED_TYPE,
            format_args!("These bytes look like {words}; type {kind} is none of {}", name(family)),
        )?,
        HeaderFault::Size(size) => item.expert(
            &common::INVALID_SIZE,
            format_args!(
                "These bytes look like {words}; a size of {size} bytes is over the limit, or not that of the fields"
            ),
        )?,
    }
    match foreign {
        Some(name) if hand_over && bytes.len() >= HEADER_SIZE => {
            packet.call_dissector(name, source, tree, true)
        }
        _ => source.throw_if_cut(),
    }
}

/// The dissector of what bytes look like that are not ours here.
fn foreign_dissector(guess: GuessedProtocol, family: TrafficFamily) -> Option<&'static core::ffi::CStr> {
    match (guess, family) {
        (GuessedProtocol::TlsClientHello | GuessedProtocol::TlsRecord, _) => Some(c"tls"),
        (GuessedProtocol::Http, _) => Some(c"http"),
        (GuessedProtocol::Ssh, _) => Some(c"ssh"),
        (GuessedProtocol::Heartbeat, TrafficFamily::Fabric) => Some(c"aerospike.heartbeat"),
        (GuessedProtocol::FabricHello | GuessedProtocol::Fabric, TrafficFamily::Heartbeat) => {
            Some(c"aerospike.fabric")
        }
        _ => None,
    }
}
