//! The info protocol: commands and answers as lines of text.
//!
//! Source: client-protocol 2

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till};
use nom::combinator::{opt, rest};
use nom::sequence::preceded;

use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::at::before;
use crate::wire::ground::input;
use crate::wire::ground::text::{decimal, split};

/// The end of a command or answer.
const LF: u8 = b'\n';
/// Between an answer's echo and its value; no request has it.
const HT: u8 = b'\t';

/// One command: `name [ "/" arg ... ] [ ":" key "=" value ";" ... ]`.
///
/// Source: client-protocol 2.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoCommand<'a> {
    /// The line with its end.
    pub bytes: &'a [u8],
    /// The line without its end. A NUL ends a command early too.
    pub text: &'a [u8],
    /// The name, at most 31 bytes in a legal command.
    pub name: &'a [u8],
    /// What stands between the first `/` and the parameters.
    pub arguments: Option<&'a [u8]>,
    /// What stands behind the `:`.
    pub parameters: Option<&'a [u8]>,
    /// Whether the line feed is there; without it the server ignores the command.
    pub terminated: bool,
}

impl<'a> InfoCommand<'a> {
    /// A command from its text without the line's end.
    #[must_use]
    pub fn new(text: &'a [u8]) -> Self {
        let (line, _) = split(text, 0);
        let name = take_till(|byte| matches!(byte, b'/' | b':' | b';'));
        let arguments = preceded(tag(&b"/"[..]), take_till(|byte| matches!(byte, b':' | b';')));
        let parameters = preceded(input::u8("colon"), rest);
        let parts = (name, opt(arguments), opt(parameters));
        let (name, arguments, parameters) = input::front(parts, line).unwrap_or((line, None, None));
        Self {
            bytes: text,
            text,
            name,
            arguments,
            parameters,
            terminated: false,
        }
    }

    /// The arguments between the slashes.
    pub fn arguments(&self) -> impl Iterator<Item = &'a [u8]> {
        self.arguments
            .into_iter()
            .flat_map(|text| text.split(|byte| *byte == b'/'))
    }

    /// The parameters; the value may contain `=`.
    pub fn parameters(&self) -> Pairs<'a> {
        Pairs::new(self.parameters.unwrap_or_default(), b';', b'=')
    }

    /// The value of one parameter.
    #[must_use]
    pub fn parameter(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.parameters().find(|pair| pair.name == name)?.value
    }
}

/// A name and, if its separator is there, a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedValue<'a> {
    /// Name, separator and value.
    pub bytes: &'a [u8],
    /// What stands before the separator.
    pub name: &'a [u8],
    /// What stands behind it.
    pub value: Option<&'a [u8]>,
}

/// Name-value pairs with a separator between them and one inside; empty pieces are left out.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    pieces: Pieces<'a>,
    inner: u8,
}

impl<'a> Pairs<'a> {
    /// The pairs of `text`, `outer` between them and `inner` within.
    #[must_use]
    pub const fn new(text: &'a [u8], outer: u8, inner: u8) -> Self {
        Self {
            pieces: Pieces::new(text, outer),
            inner,
        }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = NamedValue<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.pieces.next()?;
        let (name, value) = split(bytes, self.inner);
        Some(NamedValue { bytes, name, value })
    }
}

/// The pieces of a text between separators; empty ones are left out.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    rest: &'a [u8],
    separator: u8,
}

impl<'a> Pieces<'a> {
    /// The pieces of `text`.
    #[must_use]
    pub const fn new(text: &'a [u8], separator: u8) -> Self {
        Self {
            rest: text,
            separator,
        }
    }

    /// What has not been split yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (piece, rest) = split(self.rest, self.separator);
            self.rest = rest.unwrap_or_default();
            if !piece.is_empty() {
                return Some(piece);
            }
        }
        None
    }
}

/// The lines of a body: each with its end, without it, and whether it has one.
fn lines(body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], bool)> {
    let mut rest = body;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, tail) = split(rest, LF);
        let bytes = before(rest, tail.unwrap_or_default());
        rest = tail.unwrap_or_default();
        Some((bytes, line, tail.is_some()))
    })
}

/// The commands of a request body; an empty body asks for the summary of everything.
///
/// Source: client-protocol 2.1
pub fn commands(body: &[u8]) -> impl Iterator<Item = InfoCommand<'_>> {
    lines(body).map(|(bytes, line, terminated)| InfoCommand {
        bytes,
        terminated,
        ..InfoCommand::new(line)
    })
}

/// One answer: the command's echo, HT, the value.
///
/// Source: client-protocol 2.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoAnswer<'a> {
    /// The line with its end.
    pub bytes: &'a [u8],
    /// The command as the server echoes it; `None` for an error that refuses the whole request.
    pub echo: Option<InfoCommand<'a>>,
    /// The value; may be empty.
    pub value: &'a [u8],
    /// Whether the line feed is there.
    pub terminated: bool,
}

/// The answers of a response body, in the order of the commands.
///
/// Source: client-protocol 2.2
pub fn answers(body: &[u8]) -> impl Iterator<Item = InfoAnswer<'_>> {
    lines(body).map(|(bytes, line, terminated)| {
        let (echo, value) = match split(line, HT) {
            (echo, Some(value)) => (Some(InfoCommand::new(echo)), value),
            (value, None) => (None, value),
        };
        InfoAnswer {
            bytes,
            echo,
            value,
            terminated,
        }
    })
}

/// Whether a body is a response: tabs are in every answer and in no request, and an error that refuses the whole
/// request has none but its first word.
///
/// Source: client-protocol 2.2
#[must_use]
pub fn is_response(body: &[u8]) -> bool {
    body.contains(&HT) || body.starts_with(b"ERROR:")
}

/// What a value says about the success of its command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome<'a> {
    /// `ok`, the success of an action.
    Done,
    /// An error in one of its forms.
    Failed(Failure<'a>),
    /// A value to be shown.
    Value,
}

/// An error inside a value.
///
/// Source: client-protocol 2.3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// The code, 1 where the form has an empty one; `None` where it has none.
    pub code: Option<u32>,
    /// The digits of the code, where they are there.
    pub digits: Option<&'a [u8]>,
    /// The text; all of the value for the forms without code.
    pub text: &'a [u8],
}

impl Failure<'_> {
    /// The code as a result code.
    #[must_use]
    pub fn result(&self) -> Option<ResultCode> {
        u8::try_from(self.code?).ok().map(ResultCode)
    }
}

/// Classifies a value.
///
/// Source: client-protocol 2.3
#[must_use]
pub fn outcome(value: &[u8]) -> CommandOutcome<'_> {
    if matches!(value, b"ok" | b"OK") {
        return CommandOutcome::Done;
    }
    let plain = |text| {
        CommandOutcome::Failed(Failure {
            code: None,
            digits: None,
            text,
        })
    };
    let word = alt((tag(&b"ERROR:"[..]), tag(&b"FAIL:"[..])));
    if let Ok(rest) = input::front(preceded(word, rest), value) {
        let (digits, text) = split(rest, b':');
        return match (decimal(digits), text) {
            (Some(code), text) => CommandOutcome::Failed(Failure {
                code: Some(u32::try_from(code).unwrap_or(u32::MAX)),
                digits: Some(digits),
                text: text.unwrap_or_default(),
            }),
            (None, Some(text)) if digits.is_empty() => CommandOutcome::Failed(Failure {
                code: Some(u32::from(ResultCode::UNKNOWN.0)),
                digits: None,
                text,
            }),
            _ => plain(rest),
        };
    }
    let words: [&[u8]; 8] = [
        b"ERROR",
        b"FAIL",
        b"error",
        b"error=",
        b"error-",
        b"hist-unavailable",
        b"ns_type=unknown",
        b"type=unknown",
    ];
    let is = |word: &&[u8]| match word.last() {
        Some(b'=' | b'-') => value.starts_with(word),
        _ => {
            value == *word
                || value
                    .strip_prefix(*word)
                    .is_some_and(|rest| rest.starts_with(b" "))
        }
    };
    if words.iter().any(is) {
        plain(value)
    } else {
        CommandOutcome::Value
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
