//! Are these bytes messages between nodes? For heuristics, and for finding the next message after a gap.
//!
//! Nothing marks the start of a message, so the tests stand on three things: a header with a known
//! type and a sane size, fields that fit into that size, and the values that every message of a type
//! begins with (its *anchor*). Cost is bounded: the walk over the fields stops after 64.
//!
//! Source: internode-protocol 10

use super::{BY_SIZE, Header, MAX_SIZE, Msg, MsgField, MsgType, WireType};
use crate::wire::internode::heartbeat::ProtocolId;

/// No message type has a field id above 29.
const MAX_FIELD_ID: u16 = 40;

/// No message has more fields than this.
const MAX_FIELDS: usize = 64;

/// Bytes of an anchor at most: header, a sized u64 field and a sized u32 field.
const ANCHOR: usize = 32;

/// How well bytes fit a message that would begin at their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// There is none.
    No,
    /// All there is fits, but it is not the whole message.
    Part,
    /// A whole message of that length.
    Whole(usize),
}

/// What a connection or datagram carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficFamily {
    /// Heartbeats: types HEARTBEAT and HEARTBEAT_V2.
    Heartbeat,
    /// All other types.
    Fabric,
}

impl TrafficFamily {
    /// Whether messages of that type belong here.
    #[must_use]
    pub const fn has(self, kind: MsgType) -> bool {
        matches!(self, Self::Heartbeat) == kind.is_heartbeat()
    }
}

/// The general test: a header with a known type and a size up to 128 MiB, field ids up to 40, known wire
/// types, fields that fill the size exactly.
///
/// Bytes without any meaning pass it now and then; see [`anchored_fit`].
#[must_use]
pub fn fit(bytes: &[u8]) -> Fit {
    let Ok((_, header)) = Header::read(bytes) else {
        return Fit::No;
    };
    if header.complaint().is_some() {
        return Fit::No;
    }
    let Ok((_, msg)) = Msg::read(bytes) else {
        return Fit::No;
    };
    let mut fields = msg.fields();
    for _ in 0..MAX_FIELDS {
        match fields.next() {
            None if msg.is_cut() => return Fit::Part,
            None => return Fit::Whole(header.length()),
            Some(Ok(field)) if is_sane(&field) => {}
            // What the size promises may come with the next segment.
            Some(Err(error)) if msg.is_cut() && error.by != BY_SIZE => return Fit::Part,
            Some(_) => return Fit::No,
        }
    }
    Fit::No
}

fn is_sane(field: &MsgField<'_>) -> bool {
    let sized_right = match field.wire {
        WireType::OLD_UINT32 => field.size == 4,
        WireType::OLD_UINT64 => field.size == 8,
        wire => wire.name().is_some(),
    };
    field.id <= MAX_FIELD_ID && sized_right
}

/// The whole test: [`fit`], and the message begins as all messages of its type do.
///
/// Never true of the enterprise types, whose fields nobody knows.
#[must_use]
pub fn anchored_fit(bytes: &[u8]) -> Fit {
    let Ok((_, msg)) = Msg::read(bytes) else {
        return Fit::No;
    };
    let start = bytes.get(..bytes.len().min(ANCHOR)).unwrap_or_default();
    if anchor(&msg, start) { fit(bytes) } else { Fit::No }
}

/// The first fields are those of a message of that type, as far as they are there.
fn anchor(msg: &Msg<'_>, start: &[u8]) -> bool {
    let mut fields = msg.fields().flatten();
    let Some(first) = fields.next() else {
        return msg.is_cut();
    };
    let first32 = |id: u16| first.uint32().filter(|_| first.id == id);
    match msg.header.kind {
        MsgType::FABRIC => {
            hello(msg, start) || (msg.is_cut() && first.id == 0 && msg.header.length() <= ANCHOR)
        }
        MsgType::HEARTBEAT => heartbeat(msg, &first, fields.next()),
        MsgType::HEARTBEAT_V2 => {
            let old = [ProtocolId::V1.0, ProtocolId::V2.0];
            first32(0).is_some_and(|id| old.contains(&id))
        }
        MsgType::PAXOS => first32(0).is_some_and(|id| matches!(id, 0x7078..=0x707b)),
        MsgType::MIGRATE | MsgType::PROXY | MsgType::RW | MsgType::INFO => {
            first32(0).is_some_and(|op| op <= 15)
        }
        MsgType::CLUSTERING => first32(0) == Some(0x707c),
        MsgType::EXCHANGE => first32(0) == Some(1),
        MsgType::SMD => match (first.id, first.wire) {
            (0 | 2, WireType::UINT64 | WireType::OLD_UINT64) => true,
            (1, _) => first32(1) == Some(0x123b),
            (3, WireType::UINT32) => first32(3).is_some_and(|op| op <= 15),
            _ => false,
        },
        _ => false,
    }
}

/// FABRIC: exactly the node and the channel (0 to 3), or before 3.11 the node alone.
fn hello(msg: &Msg<'_>, start: &[u8]) -> bool {
    match start {
        [0, 0, 0, 0x12, 0, 0, 0, 0, 3, rest @ ..] => {
            matches!(rest.get(8..15), Some([0, 5, 1, 0, 0, 0, 0..=3]))
        }
        [0, 0, 0, 0x1a, 0, 0, 0, 0, 4, 0, 0, 0, 8, rest @ ..] => {
            matches!(rest.get(8..19), Some([0, 5, 2, 0, 0, 0, 4, 0, 0, 0, 0..=3]))
        }
        _ => {
            let mut fields = msg.fields().flatten();
            let node = fields
                .next()
                .is_some_and(|field| field.id == 0 && field.wire == WireType::OLD_UINT64);
            node && fields.next().is_none() && !msg.is_cut()
        }
    }
}

/// HEARTBEAT: identifier and type, or a zlib stream and nothing else.
fn heartbeat(msg: &Msg<'_>, first: &MsgField<'_>, second: Option<MsgField<'_>>) -> bool {
    if first.id == 0 {
        let kind = second
            .filter(|field| field.id == 1)
            .and_then(|field| field.uint32());
        return first.uint32() == Some(ProtocolId::V3.0)
            && (kind.is_some_and(|kind| kind <= 2) || (second.is_none() && msg.is_cut()));
    }
    let alone = first.size.checked_add(7) == Some(msg.header.size as usize);
    matches!(first.id, 6 | 10) && first.wire == WireType::BUF && alone && zlib(first.data)
}

/// The two bytes that a zlib stream with the usual window begins with (RFC 1950).
fn zlib(data: &[u8]) -> bool {
    matches!(data, [0x78, flags, ..] if u16::from_be_bytes([0x78, *flags]) % 31 == 0)
}

/// How sure a claim on unknown traffic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It is something else.
    No,
    /// More bytes are needed to tell.
    More,
    /// It is.
    Yes,
}

/// Whether a stream that begins (or goes on) with these bytes may be claimed for `family`.
///
/// A hello or the start of a heartbeat is conclusive; other messages need to be whole, and followed by
/// nothing or by another plausible one.
#[must_use]
pub fn stream(bytes: &[u8], family: TrafficFamily) -> Confidence {
    let Ok((_, msg)) = Msg::read(bytes) else {
        return Confidence::More;
    };
    if !family.has(msg.header.kind) {
        return Confidence::No;
    }
    if bytes.len() < ANCHOR && msg.is_cut() && fit(bytes) == Fit::Part {
        return Confidence::More;
    }
    match (anchored_fit(bytes), msg.header.kind) {
        (Fit::No, _) => Confidence::No,
        (_, MsgType::FABRIC | MsgType::HEARTBEAT | MsgType::HEARTBEAT_V2) => Confidence::Yes,
        (Fit::Part, _) => Confidence::More,
        (Fit::Whole(length), _) => {
            if follows(bytes.get(length..).unwrap_or_default(), family) {
                Confidence::Yes
            } else {
                Confidence::No
            }
        }
    }
}

/// Whether a datagram is one heartbeat message and nothing else.
#[must_use]
pub fn datagram(bytes: &[u8]) -> bool {
    let heartbeat = Msg::read(bytes).is_ok_and(|(_, msg)| TrafficFamily::Heartbeat.has(msg.header.kind));
    heartbeat && anchored_fit(bytes) == Fit::Whole(bytes.len())
}

/// As [`datagram`], of a datagram of which only `bytes` were captured of `length`.
#[must_use]
pub fn cut_datagram(bytes: &[u8], length: usize) -> bool {
    Msg::read(bytes).is_ok_and(|(_, msg)| {
        TrafficFamily::Heartbeat.has(msg.header.kind)
            && msg.header.length() == length
            && anchored_fit(bytes) != Fit::No
    })
}

/// Whether bytes after a whole message are none, too few to tell, or another message.
fn follows(bytes: &[u8], family: TrafficFamily) -> bool {
    match Msg::read(bytes) {
        Err(_) => !matches!(bytes.first(), Some(1..)),
        Ok((_, msg)) => {
            let enterprise = matches!(msg.header.kind, MsgType::APPEAL | MsgType::OLD_XDR | MsgType::XDR);
            let found = if enterprise {
                fit(bytes)
            } else {
                anchored_fit(bytes)
            };
            family.has(msg.header.kind) && found != Fit::No
        }
    }
}

/// Whether a message surely begins here, in a stream that was joined in the middle or lost bytes: a whole one with
/// nothing or another behind it, or one that reaches beyond the end, of which the first fields are there.
#[must_use]
pub fn begins(bytes: &[u8], family: TrafficFamily) -> bool {
    let Ok((_, msg)) = Msg::read(bytes) else {
        return false;
    };
    family.has(msg.header.kind)
        && match anchored_fit(bytes) {
            Fit::No => false,
            Fit::Whole(length) => follows(bytes.get(length..).unwrap_or_default(), family),
            // Its anchor and one more field: the odds against chance are high enough.
            Fit::Part => msg.fields().flatten().take(2).count() == 2,
        }
}

/// Where the next message begins, for a stream that was joined in the middle or lost bytes.
///
/// The first place from which whole messages follow one another to the end, or where one begins that
/// reaches beyond the end and is surely one. Linear in the bytes.
#[must_use]
pub fn resync(bytes: &[u8], family: TrafficFamily) -> Option<usize> {
    let heads = bytes.windows(super::HEADER_SIZE).enumerate();
    for (at, head) in heads {
        // Cheap: sizes up to 128 MiB and types up to 17 leave these bytes no choice.
        let &[size, _, _, _, 0, 0..=17] = head else {
            continue;
        };
        if u32::from(size) > MAX_SIZE >> 24 {
            continue;
        }
        let tail = bytes.get(at..).unwrap_or_default();
        if begins(tail, family) {
            return Some(at);
        }
    }
    None
}
