//! The way of a segment through any of our protocols over TCP: where it stands, whether a message begins there, and
//! message after message.

use core::cell::Cell;

use crate::dissect::shared::{common, frame};
use crate::epan::fields::protocol::Protocol;
use crate::epan::{Framing, Guarded, Packet, Segment, SegmentContext, Source, Tree};
use crate::track::ground::budget;
use crate::track::ground::position::{Partial, PositionTracker, StreamPosition};

/// A connection, as one of the protocols sees it.
pub trait ProtocolStream<'p>: Copy {
    /// Why no receiver takes the bytes that stand where a header must.
    type Fault: Copy;

    /// How its messages are told apart.
    fn framing(self) -> Framing;

    /// The protocol that its bytes are shown as.
    fn protocol(self) -> &'static Protocol;

    /// Where in its stream a segment stands.
    fn tracker(self) -> &'p PositionTracker;

    /// Where `segment` stands; on the first pass with what follows from that.
    fn locate(self, packet: Packet<'p>, segment: &Segment<'p>) -> StreamPosition;

    /// What is wrong with the header that must stand at the front of `bytes`.
    fn fault(self, bytes: &[u8]) -> Option<Self::Fault>;

    /// Whether a message seems to begin a segment that does not stand at a known position.
    fn may_begin(self, position: StreamPosition, source: Source<'p>) -> bool;

    /// Shows bytes at a known position that are no header; if `hand_over`, the dissector of what they look like gets
    /// them.
    ///
    /// # Errors
    /// What Wireshark threw.
    fn show_fault(
        self,
        tree: &Tree<'p>,
        segment: &Segment<'p>,
        fault: Self::Fault,
        hand_over: bool,
    ) -> Guarded;

    /// Shows bytes that belong to a message whose beginning is not known.
    ///
    /// # Errors
    /// What Wireshark threw.
    fn show_continuation(self, tree: &Tree<'p>, segment: &Segment<'p>, position: StreamPosition) -> Guarded;

    /// A segment goes by that cannot be read.
    fn on_unread(self, _packet: Packet<'p>) {}

    /// One whole message (or what there is of it); whether there was as much as a header.
    ///
    /// # Errors
    /// What Wireshark threw.
    fn show_message(
        self,
        tree: &Tree<'p>,
        context: &SegmentContext<'p>,
        position: StreamPosition,
    ) -> Guarded<bool>;

    /// The messages of a segment at a new position have been read, `used` bytes; `before` was not whole before it.
    fn on_read(
        self,
        _packet: Packet<'p>,
        _segment: &Segment<'p>,
        _bytes: &'p [u8],
        _used: usize,
        _before: Option<Partial>,
    ) {
    }
}

/// A segment of a connection, or a record inside TLS.
///
/// # Errors
/// What Wireshark threw.
pub fn segment<'p>(stream: impl ProtocolStream<'p>, tree: &Tree<'p>, segment: Segment<'p>) -> Guarded<usize> {
    let (packet, source) = (tree.packet(), tree.source());
    let bytes = source.bytes();
    if bytes.is_empty() {
        return Ok(0);
    }
    budget::earn(packet, bytes.len());
    let mut position = stream.locate(packet, &segment);
    let tracker = stream.tracker();
    let reported = source.reported_length();
    let begins = match position {
        StreamPosition::Known => match stream.fault(bytes) {
            Some(fault) if tracker.confirm_fault(packet, stream.protocol(), &segment) => {
                tracker.advance(packet, &segment, reported, reported, false);
                stream.show_fault(tree, &segment, fault, true)?;
                return Ok(bytes.len());
            }
            Some(_) => {
                position = StreamPosition::Repeated;
                false
            }
            None => true,
        },
        StreamPosition::Unknown | StreamPosition::Repeated | StreamPosition::Aside => {
            stream.may_begin(position, source)
        }
        StreamPosition::Refused => false,
    };
    if !begins {
        tracker.advance(packet, &segment, reported, reported, false);
        stream.on_unread(packet);
        stream.show_continuation(tree, &segment, position)?;
        source.throw_if_cut()?;
        return Ok(bytes.len());
    }
    let context = SegmentContext {
        segment,
        mark: position as u8,
        used: Cell::new(0),
        is_lost: Cell::new(false),
    };
    let before = tracker.partial(segment.direction);
    let outcome = packet.dissect_pdus(stream.framing(), tree, &context);
    if position.is_new() {
        let used = context.used.get();
        tracker.advance(packet, &segment, used, reported, !context.is_lost.get());
        stream.on_read(packet, &segment, bytes, used, before);
    }
    outcome?;
    Ok(bytes.len())
}

/// One whole message (or what there is of it).
///
/// # Errors
/// What Wireshark threw.
pub fn pdu<'p>(stream: impl ProtocolStream<'p>, tree: &Tree<'p>, context: &SegmentContext<'p>) -> Guarded {
    let source = tree.source();
    let bytes = source.bytes();
    let position = StreamPosition::from_mark(context.mark);
    if let Some(fault) = stream.fault(bytes) {
        return if position.is_new() {
            stream.show_fault(tree, &context.segment, fault, false)
        } else {
            stream.show_continuation(tree, &context.segment, position)
        };
    }
    if !stream.show_message(tree, context, position)? {
        context.is_lost.set(true);
        return common::half_header(&tree.protocol(stream.protocol(), bytes)?, source);
    }
    frame::finish(tree, bytes)?;
    source.throw_if_cut()
}
