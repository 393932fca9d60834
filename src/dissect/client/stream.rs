//! The client protocol on its ports: position in the stream, framing, the proto header, and who gets the body.

use core::fmt::Write as _;

use super::proto;
use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::{links, taps};
use crate::dissect::shared::common;
use crate::dissect::shared::{column, frame};
use crate::epan::packet::Hidden;
use crate::epan::{Call, Framing, Guarded, Packet, Passed, Segment, Side, Source, Tree};
use crate::protocols::AEROSPIKE;
use crate::track::budget;
use crate::track::partitions::{self, Ends};
use crate::track::stream::{self, Passage, Place, Stream};
use crate::wire::client::guess::{Looks, looks};
use crate::wire::client::proto::{HEADER, Header, Order, ProtoType, Refusal};
use crate::wire::exchange::plausible::{Plausibility, plausible, weak};
use crate::wire::ground::text::Text as Lossy;

fields! {
    CONTINUED: Bytes, "aerospike.continuation", "Continuation data", "Bytes whose place in a message is not known";
    HIDDEN: None, "aerospike.hidden", "Not handed over", "A segment with new bytes that TCP hands to nobody";
    DUPLICATE: Boolean, "aerospike.duplicate", "Duplicate", "The same packet was in the capture before: shown, not counted";
    COMES_IN: Frame, "aerospike.comes_in", "Comes in", "The frame with the bytes before these, which stands behind them in the capture";
    REFUSED: Bytes, "aerospike.refused", "Not a proto header", "Bytes at which a server closes the connection";
}

/// A segment of a connection, or a record inside TLS.
///
/// # Errors
/// What Wireshark threw.
pub fn segment<'p>(
    packet: Packet<'p>,
    source: Source<'p>,
    tree: Tree<'p>,
    segment: Segment<'p>,
) -> Guarded<usize> {
    let bytes = source.bytes();
    let Some(stream) = stream::of(&segment) else {
        return Ok(0);
    };
    if bytes.is_empty() {
        return Ok(0);
    }
    budget::earn(packet, bytes.len());
    let place = stream.place(packet, &AEROSPIKE, &segment);
    if place == Place::Unknown {
        note_hole(packet, &segment);
    }
    let begins = match place {
        Place::Known => {
            if let Some(refusal) = refusal(bytes) {
                refused(packet, &tree, stream, &segment, refusal, true)?;
                return Ok(bytes.len());
            }
            true
        }
        Place::Unknown => plausible(bytes) == Plausibility::Strong,
        Place::Repeated | Place::Aside => weak(bytes),
        Place::Refused => false,
    };
    if !begins {
        stream.advance(packet, &segment, source.reported(), source.reported(), false);
        stream.queue.blur(packet);
        continuation(packet, &tree, bytes, place, stream, &segment)?;
        source.throw_if_cut()?;
        return Ok(bytes.len());
    }
    let call = Call {
        segment,
        mark: place as u8,
        used: core::cell::Cell::new(0),
        is_lost: core::cell::Cell::new(false),
    };
    let before = stream.partial(segment.direction);
    let outcome = packet.dissect_pdus(Framing::Client, &tree, &call);
    if place.is_new() {
        let used = call.used.get();
        stream.advance(packet, &segment, used, source.reported(), !call.is_lost.get());
        if let Some(rest @ [_, ..]) = bytes.get(used..) {
            let length = Header::parse(rest).map_or(0, |(_, header)| header.length());
            stream.wait(packet, &segment, used, length, before);
        }
    }
    outcome?;
    Ok(bytes.len())
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
pub fn passed<'p>(packet: Packet<'p>, tree: &Tree<'p>, passed: &Passed<'p>) -> Guarded {
    let Some(stream) = passed.conversation.known_state::<Stream>(&AEROSPIKE) else {
        return Ok(());
    };
    match stream.passed(packet, passed) {
        Passage::Copy if tree.exists() => {
            let top = tree.protocol(&AEROSPIKE, &[])?;
            top.item()
                .label(format_args!("Aerospike Protocol, the copy of a packet before"));
            top.boolean(&DUPLICATE, &[], true)?.generated();
            Ok(())
        }
        Passage::Hidden(what) if tree.exists() => hidden(tree, what),
        _ => Ok(()),
    }
}

/// New bytes that TCP keeps to itself, and what makes it hand them over.
fn hidden(tree: &Tree<'_>, what: Hidden) -> Guarded {
    let top = tree.protocol(&AEROSPIKE, &[])?;
    top.item().label(format_args!(
        "Aerospike Protocol, bytes that TCP does not hand over"
    ));
    let item = top.add(&HIDDEN, &[])?.generated();
    let Hidden { length, is_late } = what;
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

/// One whole message (or what there is of it).
///
/// # Errors
/// What Wireshark threw.
pub fn pdu<'p>(packet: Packet<'p>, source: Source<'p>, tree: Tree<'p>, call: &Call<'p>) -> Guarded {
    let bytes = source.bytes();
    let place = Place::from_mark(call.mark);
    let Some(stream) = stream::of(&call.segment) else {
        return Ok(());
    };
    if let Some(refusal) = refusal(bytes) {
        if !place.is_new() {
            return continuation(packet, &tree, bytes, place, stream, &call.segment);
        }
        return refused(packet, &tree, stream, &call.segment, refusal, false);
    }
    let Ok((rest, header)) = Header::parse(bytes) else {
        call.is_lost.set(true);
        return common::half_header(&tree.protocol(&AEROSPIKE, bytes)?, source);
    };
    let size = usize::try_from(header.size).unwrap_or(usize::MAX);
    let body = rest.get(..size).unwrap_or(rest);
    let is_first = call.used.get() == source.reported();
    let side = stream.side(packet, &call.segment, || request_by_content(&header, body));
    let mut path = Path {
        packet,
        is_request: match side {
            Side::Client => true,
            Side::Server => false,
            Side::Unknown => request_by_content(&header, body).unwrap_or(true),
        },
        is_tracked: place.is_new(),
        stream: Some(stream),
        place: stream::reference(&call.segment),
        segment_direction: call.segment.direction,
        range: call.segment.sequence.map(|start| {
            let offset = |bytes: usize| start.wrapping_add(u32::try_from(bytes).unwrap_or(0));
            let used = call.used.get();
            (offset(used.saturating_sub(source.reported())), offset(used))
        }),
        began_at: stream
            .partial(call.segment.direction)
            .filter(|partial| call.segment.sequence == Some(partial.start) && is_first)
            .map(|partial| partial.began_at),
        delay: None,
        is_cut: body.len() < size,
        sight: stream.sight(&call.segment),
        answer: None,
        is_orphan: false,
        kind: header.kind,
        body,
        order: Order::Big,
    };
    path.delay = path.began_at.and_then(|_| stream.take_delay(packet));
    frame::count(packet);
    packet.state().is_answer.set(u32::from(!path.is_request));
    if !path.is_request {
        stream.answered(packet, &call.segment);
        if path.is_tracked {
            path.answer = stream.queue.answer(packet, header.kind, path.sight, path.range);
            path.is_orphan = path.answer.is_none() && stream.queue.lacks_request(packet, path.sight);
        }
    }
    proto::proto(&path, &tree, &header, body)?;
    frame::finish(&tree, bytes)?;
    source.throw_if_cut()
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
fn continuation(
    packet: Packet<'_>,
    tree: &Tree<'_>,
    bytes: &[u8],
    place: Place,
    stream: &Stream,
    segment: &Segment<'_>,
) -> Guarded {
    frame::count(packet);
    let late = stream.comes_late(packet, segment);
    let why = match place {
        _ if packet.is_out_of_order() => {
            "out of order in the capture: TCP's preference tcp.reassemble_out_of_order puts it in its place"
        }
        Place::Repeated => "sent again by TCP",
        Place::Aside => ASIDE,
        _ if stream.is_foreign() => "of another protocol, which both sides speak",
        Place::Refused => "after a header that no server takes",
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
        top.uint(&COMES_IN, &[], frame)?.generated();
    }
    common::at(&top, item).expert(&common::CONTINUATION, format_args!("{why}"))
}

/// Bytes at a known position that are no header: said, and handed to the dissector of what they look like.
fn refused<'p>(
    packet: Packet<'p>,
    tree: &Tree<'p>,
    stream: &Stream,
    segment: &Segment<'p>,
    refusal: Refusal,
    hand_over: bool,
) -> Guarded {
    let source = tree.source();
    let bytes = source.bytes();
    let from_client = stream.side(packet, segment, || Some(true)) != Side::Server;
    let looks = looks(bytes);
    let stranger = stranger(looks);
    let is_begin = from_client || stream.queue.is_empty();
    let hand_over = hand_over && is_begin;
    stream.note_stranger(packet, segment.direction, looks, stranger.filter(|_| hand_over));
    // The first pass may not know it yet.
    let is_foreign = stream.is_foreign();
    frame::count(packet);
    stream.advance(packet, segment, source.reported(), source.reported(), false);
    if from_client {
        stream.refuse(packet, segment);
    }
    taps::refused_bytes(packet, looks, !from_client);
    column::line(packet, |out| {
        if is_foreign {
            write!(out, "Another protocol: looks like {looks}")?;
        } else if from_client {
            write!(out, "{refusal}: looks like {looks}")?;
        } else {
            write!(out, "Response is no message: looks like {looks}")?;
        }
        if looks == Looks::TextCommand {
            write!(out, " \"{}\"", Lossy(bytes))?;
        }
        // What the other dissector writes goes behind; that of TLS begins with a comma.
        if hand_over && stranger.is_some_and(|name| name != TLS) {
            write!(out, " | ")?;
        }
        Ok(())
    });
    let top = tree.protocol(&AEROSPIKE, bytes)?;
    top.item().label(format_args!(
        "Aerospike Protocol, no proto header: looks like {looks}"
    ));
    let item = top.add(&REFUSED, bytes)?;
    if is_foreign {
        common::at(&top, item).expert(
            &common::OTHER_PROTOCOL,
            format_args!("These bytes look like {looks}, which both sides speak"),
        )?;
    } else if !from_client {
        stream.queue.blur(packet);
        // What a server does at such bytes is of no use here: a client gets them.
        common::at(&top, item).expert(
            &common::MALFORMED,
            format_args!("These bytes of the server look like {looks}, not like an answer: {refusal}"),
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
            format_args!("These bytes look like {looks}; the server logs \"{refusal} from …\"{when}"),
        )?;
        links::closed(packet, stream, segment.direction, &top)?;
    }
    match stranger {
        // Inside TLS the connection stays that of TLS.
        Some(name) if hand_over => packet.call_dissector(name, source, tree, segment.sequence.is_some()),
        _ => source.throw_if_cut(),
    }
}

const TLS: &core::ffi::CStr = c"tls";

/// The dissector of what bytes look like that are not ours here.
fn stranger(looks: Looks) -> Option<&'static core::ffi::CStr> {
    match looks {
        Looks::TlsClientHello | Looks::TlsRecord => Some(TLS),
        Looks::Http => Some(c"http"),
        Looks::Ssh => Some(c"ssh"),
        Looks::Heartbeat => Some(c"aerospike.heartbeat"),
        Looks::FabricHello | Looks::Fabric => Some(c"aerospike.fabric"),
        _ => None,
    }
}
