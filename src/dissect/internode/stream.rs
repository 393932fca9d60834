//! Messages between nodes on their ports: position in the stream, framing, datagrams, and who gets the message.

use super::bad_header::{HeaderFault, fault, show_bad_header, show_continuation};
use super::container::protocol;
use super::message::{InternodeMessage, ends};
use crate::dissect::shared::stream::{self, ProtocolStream};
use crate::dissect::shared::{common, frame};
use crate::epan::fields::protocol::Protocol;
use crate::epan::{Framing, Guarded, Packet, Segment, SegmentContext, Side, Source, Tree};
use crate::protocols::HEARTBEAT;
use crate::track::ground::budget;
use crate::track::ground::position::{PositionTracker, StreamPosition, before};
use crate::track::internode::connection::Connection;
use crate::track::internode::fabric;
use crate::wire::internode::container::plausible::{self, Confidence, Fit, TrafficFamily};
use crate::wire::internode::container::{Header, Msg, MsgType};

/// The length of the message that begins `bytes`: all of them where no message does; `None`: more are needed.
#[must_use]
pub fn length(family: TrafficFamily, bytes: &[u8]) -> Option<usize> {
    if fault(family, bytes).is_some() {
        return Some(bytes.len());
    }
    Header::read(bytes).ok().map(|(_, header)| header.length())
}

/// A connection between nodes.
#[derive(Clone, Copy)]
struct InternodeStream<'p> {
    family: TrafficFamily,
    connection: &'p Connection,
}

impl<'p> InternodeStream<'p> {
    fn of(family: TrafficFamily, segment: &Segment<'p>) -> Option<Self> {
        let connection = Connection::of(segment, protocol(family))?;
        Some(Self { family, connection })
    }
}

/// A segment of a connection.
///
/// # Errors
/// What Wireshark threw.
pub fn segment<'p>(family: TrafficFamily, tree: &Tree<'p>, segment: Segment<'p>) -> Guarded<usize> {
    match InternodeStream::of(family, &segment) {
        Some(stream) => stream::segment(stream, tree, segment),
        None => Ok(0),
    }
}

/// One whole message (or what there is of it).
///
/// # Errors
/// What Wireshark threw.
pub fn pdu<'p>(family: TrafficFamily, tree: &Tree<'p>, context: &SegmentContext<'p>) -> Guarded {
    match InternodeStream::of(family, &context.segment) {
        Some(stream) => stream::pdu(stream, tree, context),
        None => Ok(()),
    }
}

impl<'p> ProtocolStream<'p> for InternodeStream<'p> {
    type Fault = HeaderFault;

    fn framing(self) -> Framing {
        match self.family {
            TrafficFamily::Heartbeat => Framing::Heartbeat,
            TrafficFamily::Fabric => Framing::Fabric,
        }
    }

    fn protocol(self) -> &'static Protocol {
        protocol(self.family)
    }

    fn tracker(self) -> &'p PositionTracker {
        &self.connection.tracker
    }

    fn locate(self, packet: Packet<'p>, segment: &Segment<'p>) -> StreamPosition {
        let (position, _) = self.tracker().locate(packet, self.protocol(), segment);
        if self.family == TrafficFamily::Fabric && !packet.is_visited() {
            meet(packet, segment, self.connection, position);
        }
        position
    }

    fn fault(self, bytes: &[u8]) -> Option<HeaderFault> {
        fault(self.family, bytes)
    }

    fn may_begin(self, position: StreamPosition, source: Source<'p>) -> bool {
        let (family, bytes) = (self.family, source.bytes());
        match position {
            StreamPosition::Unknown => {
                plausible::stream(bytes, family) == Confidence::Yes
                    || plausible::begins(bytes, family)
                    || fills(family, source)
            }
            _ => plausible::anchored_fit(bytes) != Fit::No,
        }
    }

    fn show_fault(self, tree: &Tree<'p>, _: &Segment<'p>, fault: HeaderFault, hand_over: bool) -> Guarded {
        show_bad_header(self.family, tree, fault, hand_over)
    }

    fn show_continuation(self, tree: &Tree<'p>, _segment: &Segment<'p>, position: StreamPosition) -> Guarded {
        show_continuation(self.family, tree, position)
    }

    fn show_message(
        self,
        tree: &Tree<'p>,
        context: &SegmentContext<'p>,
        position: StreamPosition,
    ) -> Guarded<bool> {
        let (family, packet, source) = (self.family, tree.packet(), tree.source());
        let Ok((_, msg)) = Msg::read(source.bytes()) else {
            return Ok(false);
        };
        let used = context.used.get();
        let message = InternodeMessage {
            packet,
            family,
            ordinal: frame::count(packet),
            connection: Some((self.connection, &context.segment)),
            is_new: position.is_new(),
            is_known: position == StreamPosition::Known,
            end: context
                .segment
                .sequence
                .map(|start| start.wrapping_add(u32::try_from(used).unwrap_or(0))),
            lacks_hello: family == TrafficFamily::Fabric
                && position == StreamPosition::Known
                && context.segment.is_first
                && context.segment.side == Side::Client
                && used == source.reported_length()
                && msg.header.kind != MsgType::FABRIC,
        };
        message.show(tree, &msg, true).map(|()| true)
    }
}

/// Whether a segment that was cut by the capture is exactly one message.
fn fills(family: TrafficFamily, source: Source<'_>) -> bool {
    let bytes = source.bytes();
    source.is_cut()
        && Header::read(bytes)
            .is_ok_and(|(_, header)| family.has(header.kind) && header.length() == source.reported_length())
        && plausible::anchored_fit(bytes) != Fit::No
}

/// First pass: which addresses talk fabric to which ports, and whether bytes between them are missing.
fn meet<'p>(packet: Packet<'p>, segment: &Segment<'p>, connection: &Connection, position: StreamPosition) {
    let state = fabric::of(packet);
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
    if position == StreamPosition::Unknown {
        state.note_loss(packet, &from, &to);
    }
    // The sender has received more than the capture holds.
    let seen = connection.tracker.end_of(1 - segment.direction);
    if let (Some(seen), Some(received)) = (seen, segment.acknowledged) {
        if before(seen.wrapping_add(1), received) {
            state.note_loss(packet, &to, &from);
        }
    }
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
    let fits = msg.header.length() == source.reported_length();
    if !msg.header.kind.is_heartbeat() || !fits && plausible::anchored_fit(bytes) == Fit::No {
        return Ok(0);
    }
    budget::earn(packet, bytes.len());
    let message = InternodeMessage {
        packet,
        family: TrafficFamily::Heartbeat,
        ordinal: frame::count(packet),
        connection: None,
        is_new: !packet.is_aside(),
        is_known: !packet.is_aside(),
        end: None,
        lacks_hello: false,
    };
    message.show(&tree, &msg, true)?;
    if !fits {
        let top = tree.protocol(&HEARTBEAT, bytes)?;
        top.expert(
            &common::INVALID_SIZE,
            format_args!(
                "The message has {} bytes, the datagram {}",
                msg.header.length(),
                source.reported_length()
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
