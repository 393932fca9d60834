//! Whether bytes are the start of a proto message: for heuristics and for finding the stream again.
//!
//! Source: client-protocol 15 and 13

use nom::Parser as _;

use crate::wire::admin::message::Command;
use crate::wire::client::fields::field::{Field, FieldType};
use crate::wire::client::fields::op::Op;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{self, Info1};
use crate::wire::client::proto::{HEADER, Header, MAX_SIZE, Order, ProtoType, VERSION};
use crate::wire::ground::input::{self, Parse};

/// How much speaks for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plausibility {
    /// Something contradicts.
    No,
    /// The 8 bytes of the header are right, and nothing more is there to see.
    Weak,
    /// The body confirms it.
    Strong,
}

/// Enough bytes of a text body to judge it; keeps the search linear.
const TEXT_SAMPLE: usize = 256;

/// Whether the first 8 bytes can be a proto header: version, type, and a size that suits the type.
#[must_use]
pub fn weak(bytes: &[u8]) -> bool {
    let Ok((_, header)) = Header::parse(bytes) else {
        return false;
    };
    let version = header.version == VERSION || header.version == 0 && header.kind == ProtoType::SECURITY;
    let kind = header.kind.name().is_some() && header.kind != ProtoType::INTERNAL_XDR;
    version && kind && (header.kind.min_size()..=MAX_SIZE).contains(&header.size)
}

/// Judges as many bytes as there are: header, start of the body by its type, and the header after it.
#[must_use]
pub fn plausibility(bytes: &[u8]) -> Plausibility {
    let Ok((rest, header)) = Header::parse(bytes) else {
        return Plausibility::No;
    };
    if !weak(bytes) {
        return Plausibility::No;
    }
    let size = usize::try_from(header.size).unwrap_or(usize::MAX);
    let body = rest.get(..size).unwrap_or(rest);
    let judged = match header.kind {
        ProtoType::INFO => info(body, size),
        ProtoType::SECURITY => security(body),
        ProtoType::AS_MSG => as_msg(body, size),
        ProtoType::AS_MSG_COMPRESSED => judge_compressed(body),
        _ => Plausibility::No,
    };
    let next = rest.get(size..).unwrap_or_default();
    if next.len() >= HEADER && !weak(next) {
        return Plausibility::No;
    }
    judged
}

/// The offset of the first message start for which the body speaks, from `bytes` that begin anywhere in a stream.
#[must_use]
pub fn resynchronise(bytes: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let rest = bytes.get(at..)?;
        let step = rest.iter().position(|byte| *byte == VERSION)?;
        at = at.saturating_add(step);
        if plausibility(bytes.get(at..)?) == Plausibility::Strong {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
}

fn strong_if(yes: bool) -> Plausibility {
    if yes {
        Plausibility::Strong
    } else {
        Plausibility::No
    }
}

fn info(body: &[u8], size: usize) -> Plausibility {
    let Some(first) = body.first() else {
        return Plausibility::Weak;
    };
    let start = first.is_ascii_lowercase() || body.starts_with(b"ERROR") || body.starts_with(b"FAIL");
    let text = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x20..=0x7e);
    if !start || !body.iter().take(TEXT_SAMPLE).all(text) {
        Plausibility::No
    } else if body.len() == size && body.last() != Some(&b'\n') {
        // The server ignores a command without its line feed, but it may have been sent.
        Plausibility::Weak
    } else {
        Plausibility::Strong
    }
}

fn security(body: &[u8]) -> Plausibility {
    let &[scheme, result, command, n_fields, ref rest @ ..] = body else {
        return Plausibility::Weak;
    };
    let zeros = rest.iter().take(12).all(|byte| *byte == 0);
    let request = result == 0 && Command(command).name().is_some() && n_fields <= 5;
    let response = command == 0 && ResultCode(result).name().is_some();
    if !(scheme == 0 && zeros && (request || response)) {
        Plausibility::No
    } else if rest.len() < 12 {
        Plausibility::Weak
    } else {
        Plausibility::Strong
    }
}

fn as_msg(body: &[u8], size: usize) -> Plausibility {
    let Ok((rest, header)) = message::Header::parse(Order::Big, body) else {
        // Part of the header: its first byte and the result at least.
        let size_byte = body.first().is_none_or(|byte| *byte == 22);
        let result = body.get(5).is_none_or(|byte| ResultCode(*byte).name().is_some());
        return if size_byte && result {
            Plausibility::Weak
        } else {
            Plausibility::No
        };
    };
    let sane = header.header_size == 22 && header.result_code.name().is_some() && header.n_fields <= 32;
    if !sane {
        return Plausibility::No;
    }
    let left = size.saturating_sub(message::HEADER);
    if header.n_fields > 0 {
        first_field(rest, left, &header)
    } else if header.n_ops > 0 {
        first_op(rest, left)
    } else {
        strong_if(left == 0 || rest.first().is_none_or(|byte| *byte == 22))
    }
}

fn first_field(rest: &[u8], left: usize, header: &message::Header<'_>) -> Plausibility {
    let Ok((data, size)) = length("field_sz", rest) else {
        return Plausibility::Weak;
    };
    let fits = size >= 1 && size.saturating_add(4) <= left;
    let Some(kind) = data.first() else {
        return if fits {
            Plausibility::Weak
        } else {
            Plausibility::No
        };
    };
    let kind = FieldType(*kind);
    let batch = matches!(
        kind,
        FieldType::BATCH | FieldType::BATCH_WITH_SET | FieldType::PREDEXP
    );
    let right = if !header.may_be_request() {
        kind.name().is_some() && !batch
    } else if header.info1.contains(Info1::BATCH) {
        batch
    } else {
        kind == FieldType::NAMESPACE && (2..=32).contains(&size)
    };
    let digest = kind != FieldType::DIGEST_RIPE || size == 21;
    let whole = Field::parse(Order::Big, rest).map_or(true, |(_, field)| {
        kind != FieldType::NAMESPACE || field.data.iter().all(u8::is_ascii_graphic)
    });
    strong_if(fits && right && digest && whole)
}

fn first_op(rest: &[u8], left: usize) -> Plausibility {
    let Ok((content, size)) = length("op_sz", rest) else {
        return Plausibility::Weak;
    };
    let fits = size >= 4 && size.saturating_add(4) <= left;
    let whole = match (Op::parse(Order::Big, rest), content) {
        (Ok((_, op)), _) => op.code.name().is_some() && op.particle.name().is_some(),
        (Err(_), [.., _]) => content.len() < size,
        (Err(_), []) => true,
    };
    strong_if(fits && whole)
}

/// A length of 4 bytes, before what it counts.
fn length<'a>(what: &'static str, input: &'a [u8]) -> Parse<'a, usize> {
    input::be_u32(what)
        .map(|size| usize::try_from(size).unwrap_or(usize::MAX))
        .parse(input)
}

fn judge_compressed(body: &[u8]) -> Plausibility {
    let Ok((stream, original)) = input::be_u64("original size")(body) else {
        return Plausibility::Weak;
    };
    let small = |size: u64| (1..=MAX_SIZE).contains(&size);
    let original = small(original) || small(original.swap_bytes());
    match input::be_u16("zlib header")(stream) {
        Ok((_, zlib)) => strong_if(original && zlib >> 8 == 0x78 && zlib % 31 == 0),
        Err(_) => {
            if original {
                Plausibility::Weak
            } else {
                Plausibility::No
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIN: &[u8] = b"\x02\x03\0\0\0\0\0\x16\x16\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    #[test]
    fn worked_examples_are_plausible_at_every_length() {
        for (example, bytes) in crate::wire::examples::CLIENT {
            for cut in 8..=bytes.len() {
                let judged = plausibility(&bytes[..cut]);
                assert_ne!(judged, Plausibility::No, "{example} cut at {cut}");
                if cut >= 40 {
                    assert_eq!(judged, Plausibility::Strong, "{example} cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn strangers_are_not() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"\x16\x03\x01\x02\0\x01\0\0",
            b"\x02\x03\0\0\0\0\0\x15\x16",
            b"\x02\x03\0\0\x09\0\0\0\x16",
            b"\x02\x03\0\0\0\0\0\x16\x17",
            b"\x02\x05\0\0\0\0\0\x16\x16",
            b"\x02\x01\0\0\0\0\0\x05\0build",
        ] {
            assert_eq!(plausibility(bytes), Plausibility::No, "{bytes:?}");
        }
        assert_eq!(plausibility(b"\x02\x01\0\0\0\0\0\0"), Plausibility::Weak);
    }

    #[test]
    fn the_stream_is_found_again() {
        let mut bytes = b"\x02\x02\x03\0\0\x02garbage\x02\x03\0\0".to_vec();
        let start = bytes.len();
        bytes.extend(FIN);
        bytes.extend(FIN);
        assert_eq!(resynchronise(&bytes), Some(start));
        assert_eq!(resynchronise(&bytes[start + 1..]), Some(FIN.len() - 1));
        assert_eq!(resynchronise(&bytes[..start]), None);
    }

    proptest! {
        #[test]
        fn judging_never_panics(bytes: Vec<u8>, kind in 1u8..5) {
            let _ = plausibility(&bytes);
            let mut framed = vec![2, kind, 0, 0, 0, 0, 0, 60];
            framed.extend(bytes);
            let _ = plausibility(&framed);
            let _ = resynchronise(&framed);
        }
    }
}
