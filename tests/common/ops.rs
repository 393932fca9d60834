//! The operations lists: what was done to make a capture, call by call.
//!
//! `NAME.ops.txt` stands beside `NAME.pcapng` and was written by the program that made the
//! calls, so that what a test expects does not come from the plugin. A line is a call
//! (`0006 put(('test', 'demo', 'kv-1'), {'a': 1}) [digest e3..] => 0`), bytes sent by hand
//! (`raw <what>: sent '<hex>' => received b'..'`), a comment, or plain words.

use super::literal::Lit;
use super::literal_reader::{BadLiteral, Reader};

/// A whole list, in the order sent.
#[derive(Debug)]
pub struct OpsList {
    pub lines: Vec<Line>,
}

#[derive(Debug)]
pub struct Line {
    /// Of the line in its file, from 1.
    pub number: usize,
    /// Seconds since the beginning, in the lists of scenarios.
    pub time: Option<f64>,
    pub kind: Kind,
}

#[derive(Debug)]
pub enum Kind {
    Call(Call),
    Raw {
        what: String,
        sent: Vec<u8>,
        received: Lit,
    },
    Comment(String),
    /// Plain words: `scan page 0 => 25 records`.
    Text {
        what: String,
        result: String,
    },
}

/// A call of the Python client.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    pub args: Vec<Lit>,
    pub named: Vec<(String, Lit)>,
    pub digest: Option<Vec<u8>>,
    pub outcome: Outcome,
    /// Of the line in its file, for messages.
    pub line: usize,
    /// The line as it stands.
    pub source: String,
}

#[derive(Debug)]
pub enum Outcome {
    Value(Lit),
    /// A batch: a list of `(key, result code, record or None)`, a row each.
    Rows(Lit),
    Error {
        code: i32,
        class: String,
        text: String,
    },
    /// Words.
    Other(String),
}

/// Key of a call: namespace, set, user key, digest.
pub struct Key<'a> {
    pub namespace: &'a str,
    pub set: Option<&'a str>,
    pub user_key: &'a Lit,
    pub digest: Option<&'a [u8]>,
}

impl<'a> Key<'a> {
    /// `('test', 'demo', 'kv-1')` or `('test', 'demo', None, bytearray(b'..'))`.
    pub fn of(lit: &'a Lit) -> Option<Self> {
        let Lit::Tuple(parts) = lit.known() else {
            return None;
        };
        let [namespace, set, user_key, rest @ ..] = &parts[..] else {
            return None;
        };
        let digest = rest.first().and_then(Lit::bytes);
        Some(Key {
            namespace: namespace.str()?,
            set: set.str(),
            user_key,
            digest,
        })
    }
}

impl Call {
    pub fn argument(&self, name: &str) -> Option<&Lit> {
        self.named.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// An entry of `policy={..}`.
    pub fn policy(&self, name: &str) -> Option<&Lit> {
        self.argument("policy").and_then(|policy| policy.get(name))
    }

    /// An entry of `meta={..}`.
    pub fn meta(&self, name: &str) -> Option<&Lit> {
        self.argument("meta").and_then(|meta| meta.get(name))
    }

    /// The key of a call on one record.
    pub fn key(&self) -> Option<Key<'_>> {
        self.args.first().and_then(Key::of)
    }

    /// The digest named in the line, or in the key given or returned.
    pub fn known_digest(&self) -> Option<Vec<u8>> {
        let returned = match &self.outcome {
            Outcome::Value(value) => value.items().first().and_then(Key::of),
            _ => None,
        };
        let given = self.key().and_then(|key| key.digest).map(<[u8]>::to_vec);
        let in_result = returned.and_then(|key| key.digest).map(<[u8]>::to_vec);
        self.digest.clone().or(given).or(in_result)
    }

    /// Whether the client answered by itself: its own errors name no server.
    pub fn stayed_home(&self) -> bool {
        match &self.outcome {
            Outcome::Error { code, text, .. } => *code < 0 || (!names_server(text) && *code < 30),
            _ => false,
        }
    }

    /// The result code that the server's answer carries.
    pub fn result_code(&self) -> i32 {
        match &self.outcome {
            Outcome::Error { code, .. } => *code,
            // `exists` says `(key, None)` for a record that is not there.
            Outcome::Value(value) if self.name == "exists" && value.items().get(1) == Some(&Lit::None) => 2,
            _ => 0,
        }
    }

    /// `{'ttl': .., 'gen': ..}` of the record returned.
    pub fn record_meta(&self) -> Option<&Lit> {
        match &self.outcome {
            Outcome::Value(value) => value.items().get(1).filter(|meta| meta.get("gen").is_some()),
            _ => None,
        }
    }

    /// The bins returned: a dictionary, or a list of pairs.
    pub fn record_bins(&self) -> Option<&Lit> {
        match &self.outcome {
            Outcome::Value(value) => value.items().get(2),
            _ => None,
        }
    }
}

fn names_server(text: &str) -> bool {
    text.contains(":3000") || text.contains(":4333")
}

impl OpsList {
    pub fn parse(text: &str) -> Result<OpsList, String> {
        let mut lines: Vec<Line> = Vec::new();
        for (number, line) in joined_lines(text) {
            match parse_line(number, &line) {
                Ok(parsed) => lines.push(parsed),
                Err(bad) => return Err(format!("line {number}: {bad}\n{line}")),
            }
        }
        Ok(OpsList { lines })
    }

    /// The calls in their order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Call(call) => Some(call),
            _ => None,
        })
    }

    /// The calls of these names.
    pub fn calls_of<'a>(&'a self, names: &'a [&'a str]) -> impl Iterator<Item = &'a Call> {
        self.calls()
            .filter(move |call| names.contains(&call.name.as_str()))
    }
}

/// A line that does not begin with a number in a numbered list goes on with the line before it.
fn joined_lines(text: &str) -> Vec<(usize, String)> {
    let numbered = text
        .lines()
        .next()
        .is_some_and(|first| list_number(first).is_some());
    let mut out: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match out.last_mut() {
            Some((_, last)) if numbered && list_number(line).is_none() => {
                last.push('\n');
                last.push_str(line);
            }
            _ if line.trim().is_empty() => {}
            _ => out.push((at + 1, line.to_string())),
        }
    }
    out
}

/// `0006 put(..)`: what stands behind the number.
fn list_number(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once(' ')?;
    (number.len() >= 4 && number.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

/// `   0.0096 EVENT put(..)`: the time, and what stands behind it.
fn scenario_time(line: &str) -> Option<(f64, &str)> {
    let (time, rest) = line.trim_start().split_once(' ')?;
    let time = time.contains('.').then(|| time.parse().ok())??;
    Some((time, rest.strip_prefix("EVENT ").unwrap_or(rest)))
}

fn parse_line(number: usize, line: &str) -> Result<Line, BadLiteral> {
    let (time, body) = match scenario_time(line) {
        Some((time, body)) => (Some(time), body),
        None => (None, list_number(line).unwrap_or(line)),
    };
    Ok(Line {
        number,
        time,
        kind: parse_kind(number, body)?,
    })
}

fn parse_kind(line: usize, body: &str) -> Result<Kind, BadLiteral> {
    if let Some(comment) = body.strip_prefix('#') {
        return Ok(Kind::Comment(comment.trim().into()));
    }
    if let Some(raw) = body.strip_prefix("raw ") {
        if let Some(kind) = parse_raw(raw)? {
            return Ok(kind);
        }
    }
    let name: String = body
        .chars()
        .take_while(|c| c.is_ascii_lowercase() || "_0123456789".contains(*c))
        .collect();
    let after = &body[name.len()..];
    // `connect(user=admin,password=admin)` and `scan('test','qset') => 60 records` are words.
    if !name.is_empty() && after.starts_with('(') && body.contains(" => ") && !after.starts_with("(user=") {
        return parse_call(line, &name, body).map(Kind::Call);
    }
    let (what, result) = body.split_once(" => ").unwrap_or((body, ""));
    Ok(Kind::Text {
        what: what.into(),
        result: result.into(),
    })
}

fn parse_raw(body: &str) -> Result<Option<Kind>, BadLiteral> {
    let Some((what, rest)) = body.split_once(": sent '") else {
        return Ok(None);
    };
    let Some((sent, rest)) = rest.split_once('\'') else {
        return Ok(None);
    };
    let Some((_, received)) = rest.split_once("received ") else {
        return Ok(None);
    };
    let mut reader = Reader::new(received);
    Ok(Some(Kind::Raw {
        what: what.into(),
        sent: from_hex(sent),
        received: reader.value()?,
    }))
}

/// Bytes of a hexadecimal text; what is cut or no digit ends it.
pub fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map_while(|c| c.to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn parse_call(line: usize, name: &str, body: &str) -> Result<Call, BadLiteral> {
    let mut reader = Reader::new(body);
    reader.take(name);
    reader.take("(");
    let (args, named) = reader.arguments()?;
    reader.skip_spaces();
    let mut digest = None;
    if reader.take("[digest ") {
        let Some((hex, _)) = reader.rest().split_once(']') else {
            return reader.bad("digest without an end");
        };
        digest = Some(from_hex(hex));
        reader.take(hex);
        reader.take("]");
    }
    reader.skip_spaces();
    if !reader.take("=> ") {
        return reader.bad("expected =>");
    }
    let outcome = parse_outcome(reader.rest());
    Ok(Call {
        name: name.into(),
        args,
        named,
        digest,
        outcome,
        line,
        source: body.into(),
    })
}

fn parse_outcome(text: &str) -> Outcome {
    if let Some(error) = parse_error(text) {
        return error;
    }
    let mut reader = Reader::new(text);
    let Ok(value) = reader.value() else {
        return Outcome::Other(text.into());
    };
    reader.skip_spaces();
    if reader.rest().is_empty() {
        return Outcome::Value(value);
    }
    match (&value, reader.value()) {
        (Lit::Object(_), Ok(rows)) => Outcome::Rows(rows),
        _ => Outcome::Other(text.into()),
    }
}

/// `ERROR code=2 RecordNotFound: text`
fn parse_error(text: &str) -> Option<Outcome> {
    let rest = text.strip_prefix("ERROR code=")?;
    let (code, rest) = rest.split_once(' ')?;
    let (class, text) = rest.split_once(": ").unwrap_or((rest, ""));
    Some(Outcome::Error {
        code: code.parse().ok()?,
        class: class.into(),
        text: text.into(),
    })
}
