//! The client protocol on its ports: position in the stream, framing, the proto header, and who gets the body.

use core::fmt::Write as _;

use super::proto;
use crate::dissect::exchange::context::Path;
use crate::dissect::exchange::{links, taps};
use crate::dissect::shared::common;
use crate::dissect::shared::{column, frame};
use crate::epan::{Call, Framing, Guarded, Packet, Segment, Side, Source, Tree};
use crate::protocols::AEROSPIKE;
use crate::track::budget;
use crate::track::stream::{self, Place, Stream};
use crate::wire::client::guess::{Looks, looks};
use crate::wire::client::proto::{HEADER, Header, Order, ProtoType, Refusal};
use crate::wire::exchange::plausible::{Plausibility, plausible, weak};
use crate::wire::ground::text::Text as Lossy;

fields! {
    CONTINUED: Bytes, "aerospike.continuation", "Continuation data", "Bytes whose place in a message is not known";
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
        continuation(packet, &tree, bytes, place)?;
        source.throw_if_cut()?;
        return Ok(bytes.len());
    }
    let call = Call {
        segment,
        mark: place as u8,
        used: core::cell::Cell::new(0),
        is_lost: core::cell::Cell::new(false),
    };
    let outcome = packet.dissect_pdus(Framing::Client, &tree, &call);
    if place.is_new() {
        stream.advance(
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
            return continuation(packet, &tree, bytes, place);
        }
        return refused(packet, &tree, stream, &call.segment, refusal, false);
    }
    let Ok((rest, header)) = Header::parse(bytes) else {
        call.is_lost.set(true);
        return common::half_header(&tree.protocol(&AEROSPIKE, bytes)?, source);
    };
    let size = usize::try_from(header.size).unwrap_or(usize::MAX);
    let body = rest.get(..size).unwrap_or(rest);
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
        end: call
            .segment
            .sequence
            .map(|start| start.wrapping_add(u32::try_from(call.used.get()).unwrap_or(0))),
        is_cut: body.len() < size,
        sight: stream.sight(&call.segment),
        answer: None,
        is_orphan: false,
        kind: header.kind,
        body,
        order: Order::Big,
    };
    frame::count(packet);
    packet.state().is_answer.set(u32::from(!path.is_request));
    if !path.is_request {
        stream.answered(packet, &call.segment);
        if path.is_tracked {
            path.answer = stream.queue.answer(packet, header.kind, path.sight);
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
fn continuation(packet: Packet<'_>, tree: &Tree<'_>, bytes: &[u8], place: Place) -> Guarded {
    frame::count(packet);
    let why = match place {
        Place::Repeated => "sent again by TCP",
        Place::Aside => ASIDE,
        Place::Refused => "after a header at which the server closes the connection",
        _ => "the beginning of the message is not in the capture",
    };
    column::line(packet, |out| {
        write!(out, "Continuation data, {} bytes", bytes.len())
    });
    let top = tree.protocol(&AEROSPIKE, bytes)?;
    top.item()
        .label(format_args!("Aerospike Protocol, continuation data"));
    let item = top.add(&CONTINUED, bytes)?;
    common::at(&top, item).expert(&common::CONTINUATION, format_args!("Continuation data: {why}"))
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
    let from_client = segment.side != Side::Server;
    let looks = looks(bytes);
    frame::count(packet);
    stream.advance(packet, segment, source.reported(), source.reported(), false);
    if from_client {
        stream.refuse(packet, segment);
    }
    taps::refused_bytes(packet, looks, !from_client);
    let stranger = stranger(looks);
    column::line(packet, |out| {
        write!(out, "{refusal}: looks like {looks}")?;
        if looks == Looks::TextCommand {
            write!(out, " \"{}\"", Lossy(bytes))?;
        }
        // What the other dissector writes goes behind.
        if hand_over && stranger.is_some() {
            write!(out, " | ")?;
        }
        Ok(())
    });
    let top = tree.protocol(&AEROSPIKE, bytes)?;
    top.item().label(format_args!(
        "Aerospike Protocol, no proto header: looks like {looks}"
    ));
    let item = top.add(&REFUSED, bytes)?;
    let expert = match refusal {
        Refusal::Type(_) | Refusal::AdminPort(_) => &common::UNSUPPORTED_TYPE,
        Refusal::Size(_) => &common::INVALID_SIZE,
        Refusal::Version(_) | Refusal::TlsConnection => &common::UNSUPPORTED_VERSION,
    };
    let consequence = if bytes.len() < HEADER {
        "when 8 bytes have come, and says nothing until then"
    } else {
        "and closes the connection"
    };
    common::at(&top, item).expert(
        expert,
        format_args!("These bytes look like {looks}; the server logs \"{refusal} from …\" {consequence}"),
    )?;
    links::closed(packet, &top)?;
    match stranger {
        // Inside TLS the connection stays that of TLS.
        Some(name) if hand_over => packet.call_dissector(name, source, tree, segment.sequence.is_some()),
        _ => source.throw_if_cut(),
    }
}

/// The dissector of what bytes look like that are not ours here.
fn stranger(looks: Looks) -> Option<&'static core::ffi::CStr> {
    match looks {
        Looks::TlsClientHello | Looks::TlsRecord => Some(c"tls"),
        Looks::Http => Some(c"http"),
        Looks::Ssh => Some(c"ssh"),
        Looks::Heartbeat => Some(c"aerospike.heartbeat"),
        Looks::FabricHello | Looks::Fabric => Some(c"aerospike.fabric"),
        _ => None,
    }
}
