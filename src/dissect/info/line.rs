//! Info messages in a line: for the Info column, for headings, for expert items.

use core::fmt;

use crate::wire::ground::base64::{self, Encoded};
use crate::wire::ground::text::LossyText;
use crate::wire::info::message::{self, CommandOutcome, Failure, InfoAnswer, InfoCommand};

/// `ERROR:4 (PARAMETER) unrecognized command`.
pub struct Reason<'f, 'a>(pub &'f Failure<'a>);

impl fmt::Display for Reason<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = self.0.code {
            write!(f, "ERROR:{code}")?;
            if let Some(result) = self.0.result() {
                write!(f, " ({result})")?;
            }
            f.write_str(" ")?;
        }
        write!(f, "{}", Brief(self.0.text, 200))
    }
}

/// Text of the wire, the first bytes of it.
#[derive(Clone, Copy)]
pub struct Brief<'a>(pub &'a [u8], pub usize);

impl<'a> Brief<'a> {
    /// The first bytes, whole characters.
    fn head(&self) -> LossyText<'a> {
        let Some((head, [next, ..])) = self.0.split_at_checked(self.1) else {
            return LossyText(self.0);
        };
        // Not in the middle of a character.
        let mut head = head;
        if next & 0xc0 == 0x80 {
            while let [rest @ .., last] = head {
                head = rest;
                if last & 0xc0 != 0x80 {
                    break;
                }
            }
        }
        LossyText(head)
    }
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head();
        let is_cut = head.0.len() < self.0.len();
        write!(f, "{head}{}", if is_cut { "…" } else { "" })
    }
}

/// A command, and what it encodes: `user-agent-set 1,python-19.3.0,not-set`.
struct CommandText<'c, 'a>(&'c InfoCommand<'a>);

impl fmt::Display for CommandText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(command) = *self;
        let encoded = (command.name == b"user-agent-set")
            .then_some(command.parameters)
            .flatten()
            .and_then(|parameters| parameters.strip_prefix(b"value="))
            .filter(|value| base64::is_encoded(value));
        match encoded {
            Some(value) => write!(f, "{} {}", LossyText(command.name), Encoded(value)),
            None => write!(f, "{}", Brief(command.text, 60)),
        }
    }
}

/// Lines that are written out; of the others only the number is.
const SHOWN: usize = 3;

/// `node, peers-generation, partition-generation (+2 more)`, of the commands of a body.
pub struct RequestList<'a>(pub &'a [u8]);

impl fmt::Display for RequestList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("everything");
        }
        commands(f, message::commands(self.0))
    }
}

fn commands<'a>(out: &mut dyn fmt::Write, commands: impl Iterator<Item = InfoCommand<'a>>) -> fmt::Result {
    let mut count = 0usize;
    for command in commands {
        if count < SHOWN {
            let comma = if count == 0 { "" } else { ", " };
            write!(out, "{comma}{}", CommandText(&command))?;
        }
        count = count.saturating_add(1);
    }
    match count.saturating_sub(SHOWN) {
        0 if count == 0 => out.write_str("an empty line"),
        0 => Ok(()),
        more => write!(out, " (+{more} more)"),
    }
}

/// The line of a request for the Info column.
///
/// # Errors
/// Those of `out`.
pub fn request_line(out: &mut dyn fmt::Write, body: &[u8]) -> fmt::Result {
    write!(out, "Request info {}", RequestList(body))
}

/// The line of a request for the Info column, from its commands.
///
/// # Errors
/// Those of `out`.
pub fn commands_line<'a>(
    out: &mut dyn fmt::Write,
    list: impl Iterator<Item = InfoCommand<'a>>,
) -> fmt::Result {
    out.write_str("Request info ")?;
    commands(out, list)
}

/// `build 8.1.0.3`, of the answers of a body.
pub struct ResponseList<'a>(pub &'a [u8]);

impl fmt::Display for ResponseList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        answers(f, message::answers(self.0))
    }
}

/// `build 8.1.0.3`, `no-such ERROR:4 unrecognized command`, `statistics 2014 bytes (+9 more, 1 error)`.
fn answers<'a>(out: &mut dyn fmt::Write, answers: impl Iterator<Item = InfoAnswer<'a>>) -> fmt::Result {
    let (mut count, mut errors) = (0usize, 0usize);
    for answer in answers {
        count = count.saturating_add(1);
        let outcome = message::outcome(answer.value);
        if count > SHOWN {
            errors = errors.saturating_add(usize::from(matches!(outcome, CommandOutcome::Failed(_))));
            continue;
        }
        if count > 1 {
            out.write_str(", ")?;
        }
        if let Some(echo) = &answer.echo {
            write!(out, "{} ", CommandText(echo))?;
        }
        match outcome {
            CommandOutcome::Failed(Failure {
                code: Some(code),
                text,
                ..
            }) => write!(out, "ERROR:{code} {}", Brief(text, 60))?,
            // Nobody knows how it goes on.
            _ if !answer.terminated => write!(out, "{}…", Brief(answer.value, 60).head())?,
            _ if answer.value.is_empty() => out.write_str("\"\"")?,
            _ if answer.value.len() > 60 => write!(out, "{} bytes", answer.value.len())?,
            _ => write!(out, "{}", LossyText(answer.value))?,
        }
    }
    match (count.saturating_sub(SHOWN), errors) {
        (0, _) if count == 0 => out.write_str("nothing"),
        (0, _) => Ok(()),
        (more, 0) => write!(out, " (+{more} more)"),
        (more, 1) => write!(out, " (+{more} more, 1 error)"),
        (more, errors) => write!(out, " (+{more} more, {errors} errors)"),
    }
}

/// The line of a response for the Info column.
///
/// # Errors
/// Those of `out`.
pub fn response_line<'a>(
    out: &mut dyn fmt::Write,
    list: impl Iterator<Item = InfoAnswer<'a>>,
) -> fmt::Result {
    out.write_str("Response info ")?;
    answers(out, list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &[u8]) -> String {
        let mut text = String::new();
        request_line(&mut text, body).unwrap();
        text
    }

    fn response(body: &[u8]) -> String {
        let mut text = String::new();
        response_line(&mut text, message::answers(body)).unwrap();
        text
    }

    #[test]
    fn the_column_names_the_first_commands() {
        assert_eq!(
            request(b"node\npeers-generation\npartition-generation\nbuild\nx\n"),
            "Request info node, peers-generation, partition-generation (+2 more)"
        );
        assert_eq!(request(b""), "Request info everything");
        assert_eq!(
            request(b"user-agent-set:value=MSxweXRob24tMTkuMy4wLG5vdC1zZXQ=\n"),
            "Request info user-agent-set 1,python-19.3.0,not-set"
        );
    }

    #[test]
    fn the_column_names_values_and_errors() {
        assert_eq!(response(b"build\t8.1.0.3\n"), "Response info build 8.1.0.3");
        assert_eq!(
            response(b"x\tERROR:4:unrecognized command\n"),
            "Response info x ERROR:4 unrecognized command"
        );
        assert_eq!(
            response(b"services\t\nnode\tA1\na\tb\nc\td\ne\tERROR:25:enterprise only\n"),
            "Response info services \"\", node A1, a b (+2 more, 1 error)"
        );
        assert_eq!(
            response(b"ERROR:80:not authenticated\n"),
            "Response info ERROR:80 not authenticated"
        );
        assert_eq!(response(b""), "Response info nothing");
        // Cut by the capture: what is not there is not empty.
        assert_eq!(response(b"services\t"), "Response info services …");
        assert_eq!(response(b"build\t8.1"), "Response info build 8.1…");
    }

    #[test]
    fn a_brief_text_ends_at_a_character() {
        assert_eq!(Brief("aé".as_bytes(), 2).to_string(), "a…");
        assert_eq!(Brief("aé".as_bytes(), 3).to_string(), "aé");
        assert_eq!(Brief("éa".as_bytes(), 2).to_string(), "é…");
        assert_eq!(Brief(b"\x80\x80\x80", 1).to_string(), "…");
    }
}
