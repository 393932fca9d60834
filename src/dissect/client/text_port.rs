//! Port 3003: commands and values as plain text up to server 8.0, the binary protocol since.

use core::cell::Cell;

use super::stream;
use crate::dissect::exchange::taps;
use crate::dissect::info;
use crate::dissect::shared::common::{DATA, REQUEST, RESPONSE};
use crate::dissect::shared::{column, frame};
use crate::epan::{Guarded, Packet, Segment, Side, Source, Tree};
use crate::protocols::{AEROSPIKE, INFO};
use crate::track::client;
use crate::wire::client::proto::guess::{GuessedProtocol, guess_protocol};
use crate::wire::exchange::plausible::{Plausibility, plausibility};
use crate::wire::info::message::{InfoAnswer, answers};
use crate::wire::info::text_port::{ABORT, Line, is_text};

/// What is spoken on a connection, decided by the first bytes that the capture holds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Speech {
    #[default]
    Unknown,
    Text,
    Binary,
}

/// What is kept of a connection.
#[derive(Default)]
struct Talk {
    speech: Cell<Speech>,
    /// The frame in which it was decided.
    since: Cell<u32>,
    /// Bytes of each direction that wait for the end of their line: none of them is one.
    waiting: [Cell<usize>; 2],
    /// How often they have waited.
    waits: [Cell<u32>; 2],
}

/// A line that does not end within this many bytes is shown as it is.
const PATIENCE: usize = 1 << 20;

/// Whether a line was shown although it has not ended.
struct IsUnended(bool);

/// Nor does one that has not ended after so many segments: TCP copies what waits with each.
const WAITS: u32 = 128;

/// A segment of a connection to the text info port.
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
    let (Some(conversation), Some(first)) = (segment.conversation, bytes.first()) else {
        return Ok(0);
    };
    let talk: &Talk = conversation.state(&INFO);
    let is_binary = || !is_text(*first) || plausibility(bytes) == Plausibility::Strong;
    if talk.speech.get() == Speech::Unknown && !packet.is_visited() {
        if is_binary() {
            talk.speech.set(Speech::Binary);
        } else if is_line(bytes) {
            talk.speech.set(Speech::Text);
        }
        talk.since.set(packet.frame());
    }
    let known = if packet.frame() < talk.since.get() {
        Speech::Unknown
    } else {
        talk.speech.get()
    };
    match known {
        Speech::Text => text(packet, &tree, &segment, talk),
        // The report on what is no message is the same as on the other ports.
        Speech::Binary | Speech::Unknown => {
            if let Some(stream) = client::stream::of(&segment).filter(|_| known == Speech::Binary) {
                stream.is_admin.set(true);
            }
            stream::segment(&tree, segment)
        }
    }
}

/// Whether bytes begin like a line of text, or like a client that gives up.
fn is_line(bytes: &[u8]) -> bool {
    match bytes.first() {
        Some(&ABORT) => true,
        Some(b' '..=b'~' | b'\r' | b'\n') => matches!(
            guess_protocol(bytes),
            GuessedProtocol::Unknown | GuessedProtocol::TextCommand | GuessedProtocol::BlankLines
        ),
        _ => false,
    }
}

/// The lines of one direction: whole ones, and what is left where no more can come.
fn text<'p>(packet: Packet<'p>, tree: &Tree<'p>, segment: &Segment<'p>, talk: &Talk) -> Guarded<usize> {
    let source = tree.source();
    let bytes = source.bytes();
    let waiting = talk.waiting.get(segment.direction);
    let searched = waiting
        .filter(|_| segment.is_reassembled && !packet.is_visited())
        .map_or(0, |waiting| waiting.get().min(bytes.len()));
    let is_request = segment.side != Side::Server;
    let gives_up = is_request && bytes.first() == Some(&ABORT);
    let whole = if gives_up {
        bytes.len()
    } else {
        bytes
            .get(searched..)
            .unwrap_or_default()
            .iter()
            .rposition(|byte| matches!(byte, b'\n' | b'\r'))
            .map_or(0, |last| searched + last + 1)
    };
    let tail = bytes.len() - whole;
    let asked = talk.waits.get(segment.direction);
    let key = packet.state().messages.get();
    let is_patient = if packet.is_visited() {
        !packet.recall::<IsUnended>(&INFO, key).is_some_and(|line| line.0)
    } else {
        asked.is_none_or(|asked| whole > 0 || asked.get() < WAITS)
    };
    if !is_patient && !packet.is_visited() {
        packet.remember(&INFO, key, IsUnended(true));
    }
    let waits = tail > 0 && tail < PATIENCE && is_patient && !source.is_cut() && packet.wait_for_more(whole);
    if let (Some(waiting), Some(asked), false) = (waiting, asked, packet.is_visited()) {
        waiting.set(if waits { tail } else { 0 });
        let before = if whole > 0 { 0 } else { asked.get() };
        asked.set(if waits { before + 1 } else { 0 });
    }
    let bytes = if waits {
        bytes.get(..whole).unwrap_or_default()
    } else {
        bytes
    };
    if bytes.is_empty() {
        return Ok(source.bytes().len());
    }
    frame::count(packet);
    let top = tree.protocol(&AEROSPIKE, bytes)?;
    top.item()
        .label(format_args!("Aerospike Protocol, text, {} bytes", bytes.len()));
    let which = if is_request { &REQUEST } else { &RESPONSE };
    top.boolean(which, &[], true)?.set_generated();
    if gives_up {
        column::line(packet, |out| {
            use core::fmt::Write;
            write!(out, "Request info: the client gives up")
        });
        top.add(&DATA, bytes)?
            .append(format_args!(" (the client gives up)"));
    } else if is_request {
        requests(packet, tree, bytes)?;
    } else {
        responses(packet, tree, &top, bytes)?;
    }
    frame::finish(tree, bytes)?;
    source.throw_if_cut()?;
    Ok(source.bytes().len())
}

/// The lines of a client; what has no end is the last.
fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let line = match Line::next(rest) {
            Some(line) => line,
            None if rest.is_empty() => return None,
            None => Line {
                bytes: rest,
                text: rest,
            },
        };
        rest = rest.get(line.bytes.len()..).unwrap_or_default();
        Some(line)
    })
}

fn requests<'p>(packet: Packet<'p>, tree: &Tree<'p>, bytes: &'p [u8]) -> Guarded {
    column::line(packet, |out| {
        let named = lines(bytes).filter(|line| !line.text.is_empty());
        info::line::commands_line(out, named.map(|line| line.command()))
    });
    for line in lines(bytes).filter(|line| !line.text.is_empty()) {
        taps::info_line(packet, true, line.command().name);
    }
    if !tree.exists() {
        return Ok(());
    }
    let list = tree.protocol(&INFO, bytes)?;
    list.item()
        .label(format_args!("Aerospike Info Protocol, request"));
    for line in lines(bytes) {
        if line.text.is_empty() {
            info::value::separator(&list, line.bytes)?;
        } else {
            info::message::request(&list, &line.command(), tree.source().is_cut())?;
        }
    }
    Ok(())
}

/// Values come without the command that they answer.
fn values(bytes: &[u8]) -> impl Iterator<Item = InfoAnswer<'_>> {
    answers(bytes).map(|line| {
        let end = if line.terminated { 1 } else { 0 };
        let text = line.bytes.get(..line.bytes.len().saturating_sub(end));
        let text = text.unwrap_or_default();
        InfoAnswer {
            echo: None,
            value: text.strip_suffix(b"\r").unwrap_or(text),
            ..line
        }
    })
}

fn responses<'p>(packet: Packet<'p>, tree: &Tree<'p>, top: &Tree<'p>, bytes: &'p [u8]) -> Guarded {
    column::line(packet, |out| info::line::response_line(out, values(bytes)));
    for _ in values(bytes) {
        taps::info_line(packet, false, &[]);
    }
    let list = if tree.exists() {
        tree.protocol(&INFO, bytes)?
    } else {
        *top
    };
    list.item()
        .label(format_args!("Aerospike Info Protocol, response"));
    for answer in values(bytes) {
        info::message::response(&list, &answer)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells_text_from_messages() {
        for text in [
            &b"build\n"[..],
            b"8.0.0.15\n",
            b"\n",
            b"bui",
            b"\xff\xf4\xff\xfd\x06",
        ] {
            assert!(is_line(text), "{text:?}");
        }
        for other in [
            &b"\x02\x01\0\0\0\0\0\x06"[..],
            b"GET / HTTP/1.1\r\n",
            b"\x16\x03\x01",
            b"SSH-2.0",
        ] {
            assert!(!is_line(other), "{other:?}");
        }
    }

    #[test]
    fn what_has_no_end_is_a_line_too() {
        let texts: Vec<_> = lines(b"build\r\n\nnode").map(|line| line.text).collect();
        assert_eq!(texts, [&b"build"[..], b"", b"node"]);
        let texts: Vec<_> = values(b"a\tb\r\n\nc").map(|answer| answer.value).collect();
        assert_eq!(texts, [&b"a\tb"[..], b"", b"c"]);
    }
}
