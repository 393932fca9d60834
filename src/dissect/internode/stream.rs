//! Messages between nodes on their ports: position in the stream, framing, datagrams, and who gets the message.

use super::container::protocol;
use super::message::{Stage, ends};
use super::refused::{continuation, fault, refused};
use crate::dissect::shared::{common, frame};
use crate::epan::{Call, Framing, Guarded, Packet, Segment, Side, Source, Tree};
use crate::protocols::HEARTBEAT;
use crate::track::budget;
use crate::track::connection::Connection;
use crate::track::fabric as track;
use crate::track::position::{Place, before};
use crate::wire::internode::container::plausible::{self, Claim, Family, Fit};
use crate::wire::internode::container::{Header, Msg, MsgType};

/// The length of the message that begins `bytes`: all of them where no message does; `None`: more are needed.
#[must_use]
pub fn length(family: Family, bytes: &[u8]) -> Option<usize> {
    if fault(family, bytes).is_some() {
        return Some(bytes.len());
    }
    Header::read(bytes).ok().map(|(_, header)| header.length())
}

/// A segment of a connection.
///
/// # Errors
/// What Wireshark threw.
pub fn segment<'p>(
    family: Family,
    packet: Packet<'p>,
    source: Source<'p>,
    tree: Tree<'p>,
    segment: Segment<'p>,
) -> Guarded<usize> {
    let bytes = source.bytes();
    let Some(connection) = Connection::of(&segment, protocol(family)) else {
        return Ok(0);
    };
    if bytes.is_empty() {
        return Ok(0);
    }
    budget::earn(packet, bytes.len());
    let position = &connection.position;
    let (place, _) = position.place(packet, protocol(family), &segment);
    if family == Family::Fabric && !packet.is_visited() {
        meet(packet, &segment, connection, place);
    }
    let begins = match place {
        Place::Known => {
            if let Some(fault) = fault(family, bytes) {
                position.advance(packet, &segment, source.reported(), source.reported(), false);
                refused(family, &tree, fault, true)?;
                return Ok(bytes.len());
            }
            true
        }
        Place::Unknown => {
            plausible::stream(bytes, family) == Claim::Yes
                || plausible::begins(bytes, family)
                || fills(family, source)
        }
        Place::Repeated | Place::Aside => plausible::anchored(bytes) != Fit::No,
        Place::Refused => false,
    };
    if !begins {
        position.advance(packet, &segment, source.reported(), source.reported(), false);
        continuation(family, &tree, bytes, place)?;
        source.throw_if_cut()?;
        return Ok(bytes.len());
    }
    let framing = match family {
        Family::Heartbeat => Framing::Heartbeat,
        Family::Fabric => Framing::Fabric,
    };
    let call = Call {
        segment,
        mark: place as u8,
        used: core::cell::Cell::new(0),
        is_lost: core::cell::Cell::new(false),
    };
    let outcome = packet.dissect_pdus(framing, &tree, &call);
    if place.is_new() {
        position.advance(
            packet,
            &segment,
            call.used.get(),
            source.reported(),
            !call.is_lost.get(),
        );
    }
    outcome?;
    Ok(bytes.len())
}

/// Whether a segment that was cut by the capture is exactly one message.
fn fills(family: Family, source: Source<'_>) -> bool {
    let bytes = source.bytes();
    source.is_cut()
        && Header::read(bytes)
            .is_ok_and(|(_, header)| family.has(header.kind) && header.length() == source.reported())
        && plausible::anchored(bytes) != Fit::No
}

/// First pass: which addresses talk fabric to which ports, and whether bytes between them are missing.
fn meet<'p>(packet: Packet<'p>, segment: &Segment<'p>, connection: &Connection, place: Place) {
    let state = track::of(packet);
    let (from, to) = packet.ports();
    let addresses = (packet.source_address(), packet.destination_address());
    match segment.side {
        Side::Client => state.peers.connects(
            packet.file(),
            addresses.0,
            addresses.1,
            u16::try_from(to).unwrap_or(0),
        ),
        Side::Server => state.peers.connects(
            packet.file(),
            addresses.1,
            addresses.0,
            u16::try_from(from).unwrap_or(0),
        ),
        Side::Unknown => {}
    }
    let [from, to] = ends(packet, segment, None);
    if place == Place::Unknown {
        state.lost(packet, &from, &to);
    }
    // The sender has received more than the capture holds.
    let seen = connection.position.seen(1 - segment.direction);
    if let (Some(seen), Some(received)) = (seen, segment.acknowledged) {
        if before(seen.wrapping_add(1), received) {
            state.lost(packet, &to, &from);
        }
    }
}

/// One whole message (or what there is of it).
///
/// # Errors
/// What Wireshark threw.
pub fn pdu<'p>(
    family: Family,
    packet: Packet<'p>,
    source: Source<'p>,
    tree: Tree<'p>,
    call: &Call<'p>,
) -> Guarded {
    let bytes = source.bytes();
    let place = Place::from_mark(call.mark);
    let Some(connection) = Connection::of(&call.segment, protocol(family)) else {
        return Ok(());
    };
    if let Some(fault) = fault(family, bytes) {
        if !place.is_new() {
            return continuation(family, &tree, bytes, place);
        }
        return refused(family, &tree, fault, false);
    }
    let Ok((_, msg)) = Msg::read(bytes) else {
        call.is_lost.set(true);
        return common::half_header(&tree.protocol(protocol(family), bytes)?, source);
    };
    let ordinal = frame::count(packet);
    let stage = Stage {
        packet,
        family,
        ordinal,
        connection: Some((connection, &call.segment)),
        is_new: place.is_new(),
        is_known: place == Place::Known,
        end: call
            .segment
            .sequence
            .map(|start| start.wrapping_add(u32::try_from(call.used.get()).unwrap_or(0))),
        lacks_hello: family == Family::Fabric
            && place == Place::Known
            && call.segment.is_first
            && call.segment.side == Side::Client
            && call.used.get() == source.reported()
            && msg.header.kind != MsgType::FABRIC,
    };
    stage.message(&tree, &msg, true)?;
    frame::finish(&tree, bytes)?;
    source.throw_if_cut()
}

/// A datagram: one heartbeat message and nothing else; 0 for anything that is none.
///
/// # Errors
/// What Wireshark threw.
pub fn datagram<'p>(packet: Packet<'p>, source: Source<'p>, tree: Tree<'p>) -> Guarded<usize> {
    let bytes = source.bytes();
    let Ok((_, msg)) = Msg::read(bytes) else {
        return Ok(0);
    };
    let fits = msg.header.length() == source.reported();
    if !msg.header.kind.is_heartbeat() || !fits && plausible::anchored(bytes) == Fit::No {
        return Ok(0);
    }
    budget::earn(packet, bytes.len());
    let stage = Stage {
        packet,
        family: Family::Heartbeat,
        ordinal: frame::count(packet),
        connection: None,
        is_new: !packet.is_aside(),
        is_known: !packet.is_aside(),
        end: None,
        lacks_hello: false,
    };
    stage.message(&tree, &msg, true)?;
    if !fits {
        let top = tree.protocol(&HEARTBEAT, bytes)?;
        top.expert(
            &common::INVALID_SIZE,
            format_args!(
                "The message has {} bytes, the datagram {}",
                msg.header.length(),
                source.reported()
            ),
        )?;
        if let Some(rest) = bytes.get(msg.bytes.len()..).filter(|rest| !rest.is_empty()) {
            top.add(&common::DATA, rest)?;
        }
    }
    frame::finish(&tree, bytes)?;
    source.throw_if_cut()?;
    Ok(bytes.len())
}
