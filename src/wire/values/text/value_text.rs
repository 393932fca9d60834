//! Values, calls and expressions as one line of text.
//!
//! Values are compact and like JSON: `[1,{"a":2.5}]`. Beyond JSON there are `nil`, blobs `0x0a0b`,
//! `geo({"type":"Point",…})`, `hll(index_bits=8,minhash_bits=10,count=49)`, `WILDCARD`, `INF` and
//! `ext(5,0x00)`. The order of an ordered list or map is not data and not shown. Control
//! characters (NUL too), those that turn the direction of text, and invalid UTF-8 are escaped:
//! `\u0007`, `\xff`.
//!
//! Calls are functions: `list_get_by_index_range(INVERTED|VALUE, 0, 2)`. Codes and flags have their
//! names; an order or flags that may be left out and are 0 are left out. A context follows the
//! call, outermost level first: `map_increment("k", 5) @ map_key("a")/list_index(-1)`; a level that
//! is created if missing says how: `map_key_create("made", KEY_ORDERED)`.
//!
//! Expressions are functions too, named as in the clients' builders:
//!
//! | on the wire | text |
//! |---|---|
//! | comparison, logic, arithmetic | `and(gt(int_bin("age"), 30), eq(set_name(), "u"))` |
//! | bin, key, loop variable of a type | `str_bin("name")`, `int_key()`, `map_loopvar(VALUE)` |
//! | quoted list | `[1,2,3]`: lists appear in no other way |
//! | CALL | `map_size(map_put("zz", 1, map_bin("m")))`: the operand is the last argument; its context, if any, follows |
//! | COND | `cond(condition, result, …, default)` |
//! | LET, VAR | `let(def("x", int_bin("i")), gt(var("x"), 5))` |
//! | flags of an expression operation | after the expression: `add(int_bin("i"), 1), EVAL_NO_FAIL` |
//!
//! What result type a call has, and whether it works on a copy, is not shown. Bytes that cannot be
//! read end the text with `…`.

use core::fmt::{self, Write};

use crate::wire::ground::text::Hex;
use crate::wire::values::particle::{Hll, Value};
use crate::wire::values::tables::arg::{ArgContent, NumberTable, Presence};
use crate::wire::values::tables::call::{CallFamily, Coded};
use crate::wire::values::tables::cdt_ops::CdtOp;
use crate::wire::values::tables::expression_ops::ExpOp;
use crate::wire::values::walk::node::{Node, NodeKind, Role};
use crate::wire::values::walk::{self, Sink, Stop, Visit, Walked, cdt, expression};

/// The text of a bin's value of any type, as it would be printed inside a list.
#[derive(Clone, Copy, Debug)]
pub struct BinText<'v, 'a>(pub &'v Value<'a>);

/// The text of a msgpack value.
#[derive(Clone, Copy, Debug)]
pub struct ValueText<'a>(pub &'a [u8]);

/// The text of a msgpack value whose strings have no type byte.
#[derive(Clone, Copy, Debug)]
pub struct RawValueText<'a>(pub &'a [u8]);

/// The text of the value of a list, map, bit, HLL or string operation.
#[derive(Clone, Copy, Debug)]
pub struct CallText<'a>(pub CallFamily, pub &'a [u8]);

/// The text of a context list.
#[derive(Clone, Copy, Debug)]
pub struct ContextText<'a>(pub &'a [u8]);

/// The text of an expression.
#[derive(Clone, Copy, Debug)]
pub struct ExpressionText<'a>(pub &'a [u8]);

/// The text of the value of an expression operation.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationText<'a>(pub &'a [u8]);

impl fmt::Display for BinText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.0 {
            Value::Nil => f.write_str("nil"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Text(text) => string(f, text),
            Value::GeoJson(value) => geo(f, value.json),
            Value::Hll(hll) => sketch(f, &hll),
            Value::List(bytes) | Value::Map(bytes) => ValueText(bytes).fmt(f),
            Value::Blob(bytes) | Value::Call(bytes) | Value::Unknown(bytes) => hex(f, bytes),
        }
    }
}

impl fmt::Display for ValueText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, |text| walk::value(self.0, text))
    }
}

impl fmt::Display for RawValueText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, |text| walk::raw_value(self.0, text))
    }
}

impl fmt::Display for CallText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, |text| cdt::call(self.0, self.1, text))
    }
}

impl fmt::Display for ContextText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, |text| cdt::context(self.0, text))
    }
}

impl fmt::Display for ExpressionText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, |text| expression::expression(self.0, text))
    }
}

impl fmt::Display for EvaluationText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, |text| expression::evaluation(self.0, text))
    }
}

/// Runs a walk into the text, and marks where it had to stop.
fn print<'a>(out: &mut dyn Write, walk: impl FnOnce(&mut Text<'_>) -> Walked<'a, fmt::Error>) -> fmt::Result {
    match walk(&mut Text { out, first: true }) {
        Ok(_) => Ok(()),
        Err(Stop::Malformed(_)) => out.write_char('…'),
        Err(Stop::Sink(error)) => Err(error),
    }
}

/// The sink that writes text.
struct Text<'w> {
    out: &'w mut dyn Write,
    /// Nothing stands yet between the last opening bracket and here.
    first: bool,
}

impl Text<'_> {
    /// What separates a node from the one before it.
    fn separate(&mut self, separator: &str) -> fmt::Result {
        if !self.first {
            self.out.write_str(separator)?;
        }
        self.first = false;
        Ok(())
    }

    fn begin(&mut self, role: Role) -> fmt::Result {
        match role {
            Role::Value => self.out.write_char(':'),
            Role::Element | Role::Key => self.separate(","),
            _ => self.separate(", "),
        }
    }

    /// The name of a function.
    fn function(&mut self, separator: &str, name: impl fmt::Display) -> fmt::Result {
        self.separate(separator)?;
        write!(self.out, "{name}(")?;
        self.first = true;
        Ok(())
    }

    fn bracket(&mut self, role: Role, bracket: char) -> fmt::Result {
        self.begin(role)?;
        self.first = true;
        self.out.write_char(bracket)
    }

    fn end(&mut self, bracket: char) -> fmt::Result {
        self.first = false;
        self.out.write_char(bracket)
    }

    /// The end of a call and, behind it, the context that stood in front of it.
    fn end_call(&mut self, context: Option<&[u8]>) -> fmt::Result {
        self.end(')')?;
        self.at(context)
    }

    fn at(&mut self, context: Option<&[u8]>) -> fmt::Result {
        let Some(context) = context else { return Ok(()) };
        self.out.write_str(" @ ")?;
        self.first = true;
        print_context(context, self)?;
        self.first = false;
        Ok(())
    }

    /// A code, a set of flags, or what they stand for in the text.
    fn write_coded(&mut self, role: Role, coded: Coded) -> fmt::Result {
        match coded.table {
            NumberTable::CdtOp
            | NumberTable::BitOp
            | NumberTable::HllOp
            | NumberTable::StringOp
            | NumberTable::TextOp => {
                if coded.value == i64::from(CdtOp::CONTEXT_EVAL.0) {
                    return Ok(());
                }
                self.function(", ", coded)
            }
            NumberTable::ExpOp => match u8::try_from(coded.value).map(ExpOp) {
                Ok(ExpOp::BIN | ExpOp::REC_KEY | ExpOp::VAR_BUILTIN | ExpOp::CALL | ExpOp::QUOTE) => Ok(()),
                _ => self.function(", ", coded),
            },
            NumberTable::ContextType => self.function("/", coded),
            NumberTable::BinType => self.function(", ", format_args!("{coded}_bin")),
            NumberTable::KeyType => self.function(", ", format_args!("{coded}_key")),
            NumberTable::LoopType => self.function(", ", format_args!("{coded}_loopvar")),
            NumberTable::ResultType | NumberTable::System => Ok(()),
            _ if role == Role::Metadata || may_be_left_out(role, coded) => Ok(()),
            _ => {
                self.begin(role)?;
                write!(self.out, "{coded}")
            }
        }
    }
}

/// Whether an argument says nothing that its absence would not say.
fn may_be_left_out(role: Role, coded: Coded) -> bool {
    let Role::Arg(arg) = role else { return false };
    let silent =
        arg.presence == Presence::Optional || arg.content == ArgContent::Code(NumberTable::RegexFlags);
    silent && coded.is_default()
}

/// A context out of its place, into a text under way.
fn print_context(context: &[u8], text: &mut Text<'_>) -> fmt::Result {
    match cdt::context(context, text) {
        Ok(_) => Ok(()),
        Err(Stop::Malformed(_)) => text.out.write_char('…'),
        Err(Stop::Sink(error)) => Err(error),
    }
}

impl<'a> Sink<'a> for Text<'_> {
    type Error = fmt::Error;

    fn open(&mut self, node: &Node<'a>) -> Result<Visit, fmt::Error> {
        match node.kind {
            NodeKind::List { .. } => self.bracket(node.role, '[')?,
            NodeKind::Map { .. } => self.bracket(node.role, '{')?,
            NodeKind::Definition => self.function(", ", "def")?,
            // A context is written behind its call.
            NodeKind::Context if node.role != Role::Whole => return Ok(Visit::Over),
            _ => {}
        }
        Ok(Visit::Into)
    }

    fn close(&mut self, node: &Node<'a>) -> fmt::Result {
        match node.kind {
            NodeKind::List { .. } => self.end(']'),
            NodeKind::Map { .. } => self.end('}'),
            NodeKind::Definition => self.end(')'),
            NodeKind::Call(call) if !call.inside => self.end_call(call.context),
            NodeKind::InContext(call) if !call.inside => self.at(call.context),
            NodeKind::Expression { op: ExpOp::QUOTE, .. } => Ok(()),
            NodeKind::Expression { context, .. } => self.end_call(context),
            NodeKind::Level(context) => {
                if let Some(order) = context.creates() {
                    self.separate(", ")?;
                    self.out.write_str(order)?;
                }
                if context.persists_index() {
                    self.separate(", ")?;
                    self.out.write_str("PERSIST_INDEX")?;
                }
                self.end(')')
            }
            _ => Ok(()),
        }
    }

    fn leaf(&mut self, node: &Node<'a>) -> fmt::Result {
        if let NodeKind::Coded(coded) = node.kind {
            return self.write_coded(node.role, coded);
        }
        self.begin(node.role)?;
        write_leaf(self.out, &node.kind)
    }
}

/// A value without parts.
fn write_leaf(out: &mut dyn Write, kind: &NodeKind<'_>) -> fmt::Result {
    match *kind {
        NodeKind::Nil => out.write_str("nil"),
        NodeKind::Bool(value) => write!(out, "{value}"),
        NodeKind::Int(value) => write!(out, "{value}"),
        NodeKind::UInt(value) => write!(out, "{value}"),
        NodeKind::Float(value) => write!(out, "{value:?}"),
        NodeKind::String(text) => string(out, text),
        NodeKind::Raw(text) => write_quoted(out, text),
        NodeKind::GeoJson(json) => geo(out, json),
        NodeKind::Hll(bytes) => match Hll::parse(bytes) {
            Ok((_, hll)) => sketch(out, &hll),
            Err(_) => {
                out.write_str("hll(")?;
                hex(out, bytes)?;
                out.write_char(')')
            }
        },
        NodeKind::Blob { payload, .. } => hex(out, payload),
        NodeKind::Wildcard => out.write_str("WILDCARD"),
        NodeKind::Infinity => out.write_str("INF"),
        NodeKind::Ext { ext_type, data } => {
            write!(out, "ext({ext_type},")?;
            hex(out, data)?;
            out.write_char(')')
        }
        NodeKind::Coded(coded) => write!(out, "{coded}"),
        // Nodes with parts are written by `open` and `close`.
        _ => Ok(()),
    }
}

/// `geo({"type":"Point",…})`.
///
/// # Errors
/// Those of `out`.
pub fn geo(out: &mut dyn Write, json: &[u8]) -> fmt::Result {
    out.write_str("geo(")?;
    write_escaped(out, json, false)?;
    out.write_char(')')
}

/// `hll(index_bits=8,minhash_bits=10,count=49)`: the registers say nothing to a reader.
fn sketch(out: &mut dyn Write, hll: &Hll<'_>) -> fmt::Result {
    write!(
        out,
        "hll(index_bits={},minhash_bits={},count={})",
        hll.n_index_bits, hll.n_minhash_bits, hll.cached_count
    )
}

/// `0x` and two digits a byte.
///
/// # Errors
/// Those of `out`.
pub fn hex(out: &mut dyn Write, bytes: &[u8]) -> fmt::Result {
    write!(out, "0x{}", Hex(bytes))
}

/// A string in quotes; what is no text as a blob, since clients send blobs as strings too.
fn string(out: &mut dyn Write, text: &[u8]) -> fmt::Result {
    if is_text(text) {
        write_quoted(out, text)
    } else {
        hex(out, text)
    }
}

/// Bytes of a string that say whether it is text.
const LOOKED_AT: usize = 1024;

/// Whether the bytes are text: one stray byte is let pass, a quarter or more that would have to be escaped is not.
fn is_text(bytes: &[u8]) -> bool {
    let strange = |text: &str| {
        let is_control = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        text.chars().filter(is_control).count()
    };
    let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let escaped = head
        .utf8_chunks()
        .map(|chunk| strange(chunk.valid()).saturating_add(chunk.invalid().len()))
        .fold(0usize, usize::saturating_add);
    let is_stray = escaped == 1 && head.len() > 1;
    is_stray || escaped.saturating_mul(4) < head.len().max(1)
}

/// A string in quotes, escaped so that it stays one line of plain text.
///
/// # Errors
/// Those of `out`.
pub fn write_quoted(out: &mut dyn Write, text: &[u8]) -> fmt::Result {
    out.write_char('"')?;
    write_escaped(out, text, true)?;
    out.write_char('"')
}

/// Text with what cannot be shown escaped; quotes and backslashes too if `quotes`.
///
/// # Errors
/// Those of `out`.
pub fn write_escaped(out: &mut dyn Write, text: &[u8], quotes: bool) -> fmt::Result {
    for chunk in text.utf8_chunks() {
        let mut valid = chunk.valid();
        // Runs that need no escape are written whole.
        while let Some(at) = valid.find(|c| must_escape(c, quotes)) {
            let (plain, tail) = valid.split_at_checked(at).unwrap_or((valid, ""));
            out.write_str(plain)?;
            let mut tail = tail.chars();
            match tail.next() {
                Some('\n') => out.write_str("\\n")?,
                Some('\r') => out.write_str("\\r")?,
                Some('\t') => out.write_str("\\t")?,
                Some(c @ ('"' | '\\')) => write!(out, "\\{c}")?,
                Some(c) => write!(out, "\\u{:04x}", u32::from(c))?,
                None => {}
            }
            valid = tail.as_str();
        }
        out.write_str(valid)?;
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

/// Control characters, line separators, and characters that turn the direction of the text.
fn must_escape(c: char, quotes: bool) -> bool {
    match c {
        '"' | '\\' => quotes,
        '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
#[path = "value_text_captured.rs"]
mod captured;
#[cfg(test)]
#[path = "value_text_tests.rs"]
mod tests;
