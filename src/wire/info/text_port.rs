//! The plain-text info port of servers up to 8.0 (3003): commands and values without any header.
//!
//! Source: client-protocol 14

use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till};
use nom::combinator::consumed;
use nom::sequence::terminated;

use crate::wire::ground::input;
use crate::wire::info::message::InfoCommand;

/// One line and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line with its end: CR, LF or CR LF.
    pub bytes: &'a [u8],
    /// The line without its end.
    pub text: &'a [u8],
}

impl<'a> Line<'a> {
    /// The next line, or `None` while its end is missing.
    #[must_use]
    pub fn next(input: &'a [u8]) -> Option<Self> {
        let text = take_till(|byte| matches!(byte, b'\r' | b'\n'));
        let end = alt((tag(&b"\r\n"[..]), input::bytes("line", "its end", 1)));
        let line = consumed(terminated(text, end)).map(|(bytes, text)| Self { bytes, text });
        input::front(line, input).ok()
    }

    /// The line as a command of a client.
    #[must_use]
    pub fn command(&self) -> InfoCommand<'a> {
        InfoCommand {
            bytes: self.bytes,
            terminated: true,
            ..InfoCommand::new(self.text)
        }
    }
}

/// Whether the port is spoken as text and not as the binary protocol of 8.1: by the first byte.
#[must_use]
pub const fn is_text(first: u8) -> bool {
    first != 2
}

/// The byte with which a client gives up (the start of telnet's interrupt).
pub const ABORT: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_ends_with_cr_or_lf_or_both() {
        let line = |input| Line::next(input).map(|line| (line.text, line.bytes.len()));
        assert_eq!(line(b"build\nnode\n"), Some((&b"build"[..], 6)));
        assert_eq!(line(b"build\rnode\n"), Some((&b"build"[..], 6)));
        assert_eq!(line(b"namespace/test\r\nx"), Some((&b"namespace/test"[..], 16)));
        assert_eq!(line(b"bui"), None);
        let command = Line::next(b"namespace/test\r\n").unwrap().command();
        assert_eq!(
            (command.name, command.arguments),
            (&b"namespace"[..], Some(&b"test"[..]))
        );
    }

    proptest! {
        #[test]
        fn a_line_is_never_empty(input: Vec<u8>) {
            if let Some(line) = Line::next(&input) {
                prop_assert!(!line.bytes.is_empty() && line.text.len() < line.bytes.len());
            }
        }
    }
}
