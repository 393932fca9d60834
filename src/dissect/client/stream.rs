//! The client protocol on its ports: position in the stream, framing, the proto header, and who gets the body.

use core::fmt::Write as _;

use super::proto;
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::{links, taps};
use crate::dissect::shared;
use crate::dissect::shared::stream::ProtocolStream;
use crate::dissect::shared::{column, common, frame};
use crate::epan::fields::protocol::Protocol;
use crate::epan::packet::Hidden;
use crate::epan::{Framing, Guarded, Packet, Passed, Segment, SegmentContext, Side, Source, Tree};
use crate::protocols::AEROSPIKE;
use crate::track::client::stream::{self, Passage, Stream};
use crate::track::cluster::partitions::{self, Ends};
use crate::track::ground::position::{Partial, PositionTracker, StreamPosition};
use crate::wire::client::proto::guess::{GuessedProtocol, guess_protocol};
use crate::wire::client::proto::{HEADER, Header, Order, ProtoType, Refusal};
use crate::wire::exchange::plausible::{Plausibility, plausibility, weak};
use crate::wire::ground::text::LossyText;

fields! {
    CONTINUED: Bytes, "aerospike.continuation", "Continuation data", "Bytes whose place in a message is not known";
    HIDDEN: U32, "aerospike.hidden", "Not handed over", "Bytes of a segment with new ones that TCP hands to nobody" .bytes();
    DUPLICATE: Boolean, "aerospike.duplicate", "Duplicate", "The same packet was in the capture before: shown, not counted";
    COMES_IN: Frame, "aerospike.comes_in", "Comes in", "The frame with the bytes before these, which stands behind them in the capture";
    REFUSED: Bytes, "aerospike.refused", "Not a proto header", "Bytes at which a server closes the connection";
}

/// A connection of the client protocol.
#[derive(Clone, Copy)]
struct ClientStream<'p>(&'p Stream);

/// A segment of a connection, or a record inside TLS.
///
/// # Errors
/// What Wireshark threw.
pub fn segment<'p>(tree: &Tree<'p>, segment: Segment<'p>) -> Guarded<usize> {
    match stream::of(&segment) {
        Some(stream) => shared::stream::segment(ClientStream(stream), tree, segment),
        None => Ok(0),
    }
}

/// One whole message (or what there is of it).
///
/// # Errors
/// What Wireshark threw.
pub fn pdu<'p>(tree: &Tree<'p>, context: &SegmentContext<'p>) -> Guarded {
    match stream::of(&context.segment) {
        Some(stream) => shared::stream::pdu(ClientStream(stream), tree, context),
        None => Ok(()),
    }
}

impl<'p> ProtocolStream<'p> for ClientStream<'p> {
    type Fault = Refusal;

    fn framing(self) -> Framing {
        Framing::Client
    }

    fn protocol(self) -> &'static Protocol {
        &AEROSPIKE
    }

    fn tracker(self) -> &'p PositionTracker {
        self.0.tracker()
    }

    fn locate(self, packet: Packet<'p>, segment: &Segment<'p>) -> StreamPosition {
        let position = self.0.locate(packet, &AEROSPIKE, segment);
        if position == StreamPosition::Unknown {
            note_hole(packet, segment);
        }
        position
    }

    fn fault(self, bytes: &[u8]) -> Option<Refusal> {
        refusal(bytes)
    }

    fn may_begin(self, position: StreamPosition, source: Source<'p>) -> bool {
        match position {
            StreamPosition::Unknown => plausibility(source.bytes()) == Plausibility::Strong,
            _ => weak(source.bytes()),
        }
    }

    fn show_fault(
        self,
        tree: &Tree<'p>,
        segment: &Segment<'p>,
        refusal: Refusal,
        hand_over: bool,
    ) -> Guarded {
        show_bad_header(tree, self.0, segment, refusal, hand_over)
    }

    fn show_continuation(self, tree: &Tree<'p>, segment: &Segment<'p>, position: StreamPosition) -> Guarded {
        show_continuation(tree, self.0, segment, position)
    }

    fn on_unread(self, packet: Packet<'p>) {
        self.0.queue.mark_uncertain(packet);
    }

    fn show_message(
        self,
        tree: &Tree<'p>,
        context: &SegmentContext<'p>,
        position: StreamPosition,
    ) -> Guarded<bool> {
        match Header::parse(tree.source().bytes()) {
            Ok((rest, header)) => message(self.0, tree, context, position, &header, rest).map(|()| true),
            Err(_) => Ok(false),
        }
    }

    fn on_read(
        self,
        packet: Packet<'p>,
        segment: &Segment<'p>,
        bytes: &'p [u8],
        used: usize,
        before: Option<Partial>,
    ) {
        if let Some(rest @ [_, ..]) = bytes.get(used..) {
            let length = Header::parse(rest).map_or(0, |(_, header)| header.length());
            self.0.tracker().wait(packet, segment, used, length, before);
        }
    }
}

/// What is before a segment is not known.
fn note_hole(packet: Packet<'_>, segment: &Segment<'_>) {
    for is_request in [true, false] {
        let is_possible = match segment.side {
            Side::Client => is_request,
            Side::Server => !is_request,
            Side::Unknown => true,
        };
        if is_possible {
            partitions::note_hole(packet, &Ends::of(packet, is_request));
        }
    }
}

/// A frame of a connection has passed TCP: what no dissector is handed counts, too.
///
/// # Errors
/// What Wireshark threw.
pub fn on_frame<'p>(packet: Packet<'p>, tree: &Tree<'p>, passed: &Passed<'p>) -> Guarded {
    let Some(stream) = passed.conversation.known_state::<Stream>(&AEROSPIKE) else {
        return Ok(());
    };
    match stream.on_frame(packet, passed) {
        Passage::Copy if tree.exists() => {
            let top = tree.protocol(&AEROSPIKE, &[])?;
            top.item()
                .label(format_args!("Aerospike Protocol, the copy of a packet before"));
            top.boolean(&DUPLICATE, &[], true)?.set_generated();
            Ok(())
        }
        Passage::Hidden(what) if tree.exists() => add_hidden(tree, what),
        _ => Ok(()),
    }
}

/// New bytes that TCP keeps to itself, and what makes it hand them over.
fn add_hidden(tree: &Tree<'_>, what: Hidden) -> Guarded {
    let top = tree.protocol(&AEROSPIKE, &[])?;
    top.item().label(format_args!(
        "Aerospike Protocol, bytes that TCP does not hand over"
    ));
    let Hidden { length, is_late } = what;
    let item = top.uint(&HIDDEN, &[], length)?.set_generated();
    let why = if is_late {
        "out of order in the capture"
    } else {
        "sent again"
    };
    common::at(&top, item).expert(
        &common::NOT_HANDED_OVER,
        format_args!(
            "{length} bytes, some of them new, {why}: TCP hands nobody what it takes for that (tcp.no_subdissector_on_error); with tcp.reassemble_out_of_order on it puts them in their place"
        ),
    )
}

/// Why a server would close the connection here; fewer bytes than a header tell by their first.
fn refusal(bytes: &[u8]) -> Option<Refusal> {
    match (Header::parse(bytes), bytes) {
        (Ok((_, header)), _) => header.refusal(),
        (Err(_), [version, ..]) if !matches!(version, 0 | 2) => Some(Refusal::Version(*version)),
        _ => None,
    }
}

/// The length of the message that begins `bytes`: all of them where no message does.
#[must_use]
pub fn length(bytes: &[u8]) -> Option<usize> {
    if refusal(bytes).is_some() {
        return Some(bytes.len());
    }
    let (_, header) = Header::parse(bytes).ok()?;
    usize::try_from(header.length()).ok()
}

/// One message: `rest` is what follows its header.
fn message<'p>(
    stream: &'p Stream,
    tree: &Tree<'p>,
    within: &SegmentContext<'p>,
    position: StreamPosition,
    header: &Header<'p>,
    rest: &'p [u8],
) -> Guarded {
    let (packet, source) = (tree.packet(), tree.source());
    let size = usize::try_from(header.size).unwrap_or(usize::MAX);
    let body = rest.get(..size).unwrap_or(rest);
    let is_first = within.used.get() == source.reported_length();
    let side = stream.side(packet, &within.segment, || request_by_content(header, body));
    let mut context = MessageContext {
        packet,
        is_request: match side {
            Side::Client => true,
            Side::Server => false,
            Side::Unknown => request_by_content(header, body).unwrap_or(true),
        },
        is_tracked: position.is_new(),
        stream: Some(stream),
        conversation: within.segment.conversation,
        segment_direction: within.segment.direction,
        range: within.segment.sequence.map(|start| {
            let offset = |bytes: usize| start.wrapping_add(u32::try_from(bytes).unwrap_or(0));
            let used = within.used.get();
            (
                offset(used.saturating_sub(source.reported_length())),
                offset(used),
            )
        }),
        began_at: stream
            .partial(within.segment.direction)
            .filter(|partial| within.segment.sequence == Some(partial.start) && is_first)
            .map(|partial| partial.began_at),
        delay: None,
        is_cut: body.len() < size,
        ack_state: stream.ack_state(&within.segment),
        answer: None,
        is_orphan: false,
        is_proxied: false,
        kind: header.kind,
        body,
        order: Order::Big,
    };
    context.delay = context.began_at.and_then(|_| stream.take_delay(packet));
    frame::count(packet);
    packet.state().is_answer.set(u32::from(!context.is_request));
    if !context.is_request {
        stream.on_response(packet, &within.segment);
        if context.is_tracked {
            context.answer = stream
                .queue
                .answer(packet, header.kind, context.ack_state, context.range);
            context.is_orphan =
                context.answer.is_none() && stream.queue.lacks_request(packet, context.ack_state);
        }
    }
    proto::proto(&mut context, tree, header, body)
}

fn request_by_content(header: &Header<'_>, body: &[u8]) -> Option<bool> {
    match header.kind {
        ProtoType::INFO => Some(!crate::wire::info::message::is_response(body)),
        ProtoType::SECURITY => crate::wire::admin::message::Message::parse(body)
            .ok()
            .and_then(|(_, message)| message.is_request()),
        ProtoType::AS_MSG => crate::wire::client::message::Header::parse(header.order, body)
            .ok()
            .map(|(_, message)| message.may_be_request()),
        _ => None,
    }
}

/// Why bytes are not judged that are no segment of their own.
pub const ASIDE: &str = "quoted by another message";

/// Bytes that belong to a message whose beginning is not known: shown, not judged.
fn show_continuation(
    tree: &Tree<'_>,
    stream: &Stream,
    segment: &Segment<'_>,
    position: StreamPosition,
) -> Guarded {
    let packet = tree.packet();
    let bytes = tree.source().bytes();
    frame::count(packet);
    let late = stream.comes_late(packet, segment);
    let why = match position {
        _ if packet.is_out_of_order() => {
            "out of order in the capture: TCP's preference tcp.reassemble_out_of_order puts it in its place"
        }
        StreamPosition::Repeated => "sent again by TCP",
        StreamPosition::Aside => ASIDE,
        _ if stream.is_foreign() => "of another protocol, which both sides speak",
        StreamPosition::Refused => "after a header that no server takes",
        _ if late.is_some() => {
            "only out of order: the bytes before it come later, and TCP's preference \
             tcp.reassemble_out_of_order puts them in their place"
        }
        _ if packet.is_visited() => "the beginning of the message is not in the capture",
        _ => {
            "the beginning of the message is not in the capture, or comes later (then \
             tcp.reassemble_out_of_order finds it)"
        }
    };
    column::line(packet, |out| {
        write!(out, "Continuation data, {} bytes", bytes.len())
    });
    let top = tree.protocol(&AEROSPIKE, bytes)?;
    top.item()
        .label(format_args!("Aerospike Protocol, continuation data"));
    let item = top.add(&CONTINUED, bytes)?;
    if let Some(frame) = late {
        top.uint(&COMES_IN, &[], frame)?.set_generated();
    }
    common::at(&top, item).expert(&common::CONTINUATION, format_args!("{why}"))
}

/// Bytes at a known position that are no header: said, and handed to the dissector of what they look like.
fn show_bad_header<'p>(
    tree: &Tree<'p>,
    stream: &Stream,
    segment: &Segment<'p>,
    refusal: Refusal,
    hand_over: bool,
) -> Guarded {
    let (packet, source) = (tree.packet(), tree.source());
    let bytes = source.bytes();
    let from_client = stream.side(packet, segment, || Some(true)) != Side::Server;
    let guess = guess_protocol(bytes);
    let foreign = foreign_dissector(guess);
    let is_begin = from_client || stream.queue.is_empty();
    let hand_over = hand_over && is_begin;
    stream.note_foreign(packet, segment.direction, guess, foreign.filter(|_| hand_over));
    // The first pass may not know it yet.
    let is_foreign = stream.is_foreign();
    frame::count(packet);
    let reported = source.reported_length();
    stream
        .tracker()
        .advance(packet, segment, reported, reported, false);
    if from_client {
        stream.refuse(packet, segment);
    }
    taps::on_bad_header(packet, guess, !from_client);
    column::line(packet, |out| {
        if is_foreign {
            write!(out, "Another protocol: looks like {guess}")?;
        } else if from_client {
            write!(out, "{refusal}: looks like {guess}")?;
        } else {
            write!(out, "Response is no message: looks like {guess}")?;
        }
        if guess == GuessedProtocol::TextCommand {
            write!(out, " \"{}\"", LossyText(bytes))?;
        }
        // What the other dissector writes goes behind; that of TLS begins with a comma.
        if hand_over && foreign.is_some_and(|name| name != TLS) {
            write!(out, " | ")?;
        }
        Ok(())
    });
    let top = tree.protocol(&AEROSPIKE, bytes)?;
    top.item().label(format_args!(
        "Aerospike Protocol, no proto header: looks like {guess}"
    ));
    let item = top.add(&REFUSED, bytes)?;
    if is_foreign {
        common::at(&top, item).expert(
            &common::OTHER_PROTOCOL,
            format_args!("These bytes look like {guess}, which both sides speak"),
        )?;
    } else if !from_client {
        stream.queue.mark_uncertain(packet);
        // What a server does at such bytes is of no use here: a client gets them.
        common::at(&top, item).expert(
            &common::MALFORMED,
            format_args!("These bytes of the server look like {guess}, not like an answer: {refusal}"),
        )?;
    } else {
        let expert = match refusal {
            Refusal::Type(_) | Refusal::AdminPort(_) => &common::UNSUPPORTED_TYPE,
            Refusal::Size(_) => &common::INVALID_SIZE,
            Refusal::Version(_) | Refusal::TlsConnection => &common::UNSUPPORTED_VERSION,
        };
        let when = if bytes.len() < HEADER {
            " when 8 bytes have come, and says nothing until then"
        } else {
            ""
        };
        common::at(&top, item).expert(
            expert,
            format_args!("These bytes look like {guess}; the server logs \"{refusal} from …\"{when}"),
        )?;
        links::add_closing(packet, stream, segment.direction, &top)?;
    }
    match foreign {
        // Inside TLS the connection stays that of TLS.
        Some(name) if hand_over => packet.call_dissector(name, source, tree, segment.sequence.is_some()),
        _ => source.throw_if_cut(),
    }
}

const TLS: &core::ffi::CStr = c"tls";

/// The dissector of what bytes look like that are not ours here.
fn foreign_dissector(guess: GuessedProtocol) -> Option<&'static core::ffi::CStr> {
    match guess {
        GuessedProtocol::TlsClientHello | GuessedProtocol::TlsRecord => Some(TLS),
        GuessedProtocol::Http => Some(c"http"),
        GuessedProtocol::Ssh => Some(c"ssh"),
        GuessedProtocol::Heartbeat => Some(c"aerospike.heartbeat"),
        GuessedProtocol::FabricHello | GuessedProtocol::Fabric => Some(c"aerospike.fabric"),
        _ => None,
    }
}
