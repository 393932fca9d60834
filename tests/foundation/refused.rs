//! What a server refuses, sent to it by hand: named where it stands, and shown to those who know it.

use crate::common::fields::columns;
use crate::common::ops::{Kind, from_hex};
use crate::common::pdml::Frame;
use crate::common::{Capture, Findings, capture, ops_of};

const CAPTURES: [&str; 2] = ["malformed-proto", "scenarios/wrong-protocol-to-3000"];

/// Bytes sent by hand: what they are, and the bytes.
fn sent_by_hand(name: &str) -> Vec<(String, Vec<u8>)> {
    let list = ops_of(name);
    let raw = list.lines.into_iter().filter_map(|line| match line.kind {
        Kind::Raw { what, sent, .. } => Some((what, sent)),
        _ => None,
    });
    raw.collect()
}

/// The frame in which these bytes were sent, or begin to be.
fn frame_of<'a>(capture: &'a Capture, sent: &[u8]) -> Option<&'a Frame> {
    let carries = |frame: &&Frame| {
        let to_server = frame.first("tcp.dstport").is_some_and(|port| port.show == "3000");
        let payload = frame
            .first("tcp.payload")
            .map(|payload| payload.bytes())
            .unwrap_or_default();
        to_server
            && !payload.is_empty()
            && (payload == sent || (payload.len() > 1000 && sent.starts_with(&payload)))
    };
    capture.frames.iter().find(carries)
}

/// What a server says of a header, in its order of checks.
fn verdict(sent: &[u8]) -> Option<&'static str> {
    let (version, kind) = (*sent.first()?, sent.get(1).copied());
    if version != 2 && (version, kind) != (0, Some(2)) {
        return Some("unsupported_version");
    }
    let (kind, size) = (kind?, sent.get(2..8)?);
    if kind == 0 || kind >= 6 {
        return Some("unsupported_type");
    }
    let size = size.iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    (size > 128 << 20).then_some("invalid_size")
}

#[test]
fn headers_are_named_as_the_server_judges_them() {
    let mut findings = Findings::default();
    for name in CAPTURES {
        let capture = capture(name);
        for (what, sent) in sent_by_hand(name) {
            let Some(frame) = frame_of(&capture, &sent) else {
                continue;
            };
            let wanted = verdict(&sent).map(|word| format!("aerospike.expert.{word}"));
            for word in ["unsupported_version", "unsupported_type", "invalid_size"] {
                let field = format!("aerospike.expert.{word}");
                let should = wanted.as_ref() == Some(&field);
                findings.check(frame.has(&field) == should, || {
                    format!("{name} frame {} {what}: {word} should be {should}", frame.number)
                });
            }
            // A message that never came whole is held by TCP.
            let shown = frame.has("aerospike") || frame.has("tcp.segment_data");
            findings.check(shown, || format!("{name} frame {} {what}: no item", frame.number));
        }
    }
    findings.report();
}

/// The text of the expert item says what the bytes look like.
#[test]
fn strangers_are_recognised() {
    let mut findings = Findings::default();
    let looks = [
        ("text GET / HTTP/1.1", "HTTP"),
        ("SSH banner", "SSH"),
        ("a real mesh heartbeat message", "heartbeat"),
        ("a real fabric handshake message", "abric"),
        ("text info command typed into telnet", "text"),
    ];
    for name in CAPTURES {
        let capture = capture(name);
        for (what, sent) in sent_by_hand(name) {
            let Some((_, word)) = looks.iter().find(|(start, _)| what == *start) else {
                continue;
            };
            let Some(frame) = frame_of(&capture, &sent) else {
                findings.add(format!("{name}: {what} is in no frame"));
                continue;
            };
            let says = expert_text(frame).is_some_and(|text| text.contains(word));
            findings.check(says, || {
                format!("{name} frame {} {what}: {:?}", frame.number, expert_text(frame))
            });
        }
    }
    findings.report();
}

fn expert_text(frame: &Frame) -> Option<String> {
    frame.first("aerospike.expert.unsupported_version")?;
    Some(
        frame
            .all("aerospike.detail")
            .map(|item| item.showname.as_str())
            .collect(),
    )
}

/// Wireshark's own dissector shows them too, beside the expert item.
#[test]
fn strangers_are_handed_to_their_dissectors() {
    let mut findings = Findings::default();
    let name = "scenarios/wrong-protocol-to-3000";
    let capture = capture(name);
    let begins = |frame: &Frame, start: &str| {
        let to_server = frame.first("tcp.dstport").is_some_and(|port| port.show == "3000");
        to_server
            && frame
                .first("tcp.payload")
                .is_some_and(|payload| payload.value.starts_with(start))
    };
    for (start, protocol, count) in [
        ("160301", "tls", 3),
        ("474554", "http", 1),
        ("5353482d", "ssh", 1),
    ] {
        let frames: Vec<&Frame> = capture
            .frames
            .iter()
            .filter(|frame| begins(frame, start))
            .collect();
        findings.check(frames.len() >= count, || {
            format!("{protocol}: {} frames", frames.len())
        });
        for frame in frames {
            let expert = frame.has("aerospike.expert.unsupported_version");
            findings.check(expert, || {
                format!("frame {}: {protocol} without an expert item", frame.number)
            });
            let shown = frame.items.iter().any(|item| item.name == protocol) || frame.has(protocol);
            findings.check(shown, || {
                format!("frame {}: not handed to {protocol}", frame.number)
            });
        }
    }
    findings.report();
}

/// A body that does not fit its structure: what fits is shown, the rest is named.
#[test]
fn bodies_are_shown_up_to_what_is_wrong() {
    let malformed = [
        "as_msg size 10 (shorter than the header)",
        "n_fields=9 but 3 present",
        "n_ops=5 but 0 present",
        "field size 0",
        "field size huge",
        "op size huge",
        "op name longer than op",
        "trailing bytes after the ops",
        "compressed type 4 with garbage",
        "security message of 3 bytes",
    ];
    let well_formed = [
        "valid put",
        "valid get",
        "unknown field type 99 and unknown op 77",
    ];
    let mut findings = Findings::default();
    let name = "malformed-proto";
    let capture = capture(name);
    let lines = sent_by_hand(name);
    for (what, should) in malformed
        .map(|what| (what, true))
        .into_iter()
        .chain(well_formed.map(|w| (w, false)))
    {
        let sent = lines
            .iter()
            .find(|(words, _)| words == what)
            .map(|(_, sent)| sent);
        let Some(frame) = sent.and_then(|sent| frame_of(&capture, sent)) else {
            findings.add(format!("{what} is in no frame"));
            continue;
        };
        let is = frame.has("aerospike.expert.malformed");
        findings.check(is == should, || {
            format!("{what}: malformed should be {should}\n{}", frame.outline())
        });
        let thrown = frame
            .walk()
            .any(|item| item.name == "_ws.malformed" && !item.hidden);
        findings.check(!thrown, || format!("{what}: thrown, and not named"));
    }
    findings.report();
}

/// After a message with a size that is too small the stream is out of step: said once, at the
/// place, and not at every segment after it.
#[test]
fn a_wrong_size_is_said_where_the_stream_breaks() {
    let name = "scenarios/sync-loss";
    let capture = capture(name);
    let frames: Vec<u32> = capture
        .frames
        .iter()
        .filter(|frame| frame.has("aerospike.expert.unsupported_version"))
        .map(|frame| frame.number)
        .collect();
    assert!(!frames.is_empty(), "no verdict");
    let versions = capture
        .frames
        .iter()
        .filter_map(expert_text)
        .filter(|text| text.contains("220"))
        .count();
    assert!(versions > 0, "the version is not named: {frames:?}");
    assert!(frames.len() <= 3, "said again and again: {frames:?}");
}

#[test]
fn the_bytes_sent_are_found_in_the_captures() {
    for name in CAPTURES {
        let capture = capture(name);
        let lines = sent_by_hand(name);
        let found = lines
            .iter()
            .filter(|(_, sent)| frame_of(&capture, sent).is_some())
            .count();
        assert!(
            found * 10 >= lines.len() * 9,
            "{name}: {found} of {}",
            lines.len()
        );
    }
    assert_eq!(from_hex("0201ff"), [2, 1, 255]);
}

/// The admin port (8.1) takes no messages: said once the connection is known to have been closed by the server.
#[test]
fn an_admin_port_takes_no_messages() {
    let name = "info-admin-port-3008";
    let verdicts = |options: &[&str]| {
        columns(
            name,
            options,
            "aerospike.expert.unsupported_type",
            &["frame.number"],
        )
    };
    assert!(verdicts(&[]).is_empty(), "on the first pass nobody knows");
    assert_eq!(verdicts(&["-2"]).len(), 1);
}
