//! How far the rows of a batch go, told by their counts and lengths alone.
//!
//! The rows decide where their field ends, and they hold fields themselves; here nothing is read but what it takes to
//! step over it, so that neither asks the other.

use nom::Parser;
use nom::combinator::cond;
use nom::multi::fold;
use nom::sequence::{preceded, terminated};

use crate::wire::ground::at::before;
use crate::wire::ground::input::{self, Malformed, Parse};

/// Flags of a row, as in [`RowFlags`](crate::wire::client::message::batch::RowFlags): the row is as the one before.
const REPEAT: u8 = 0x01;
/// The parts of a row that may be missing, by the flag that says they are there, with their lengths.
const PARTS: [(u8, usize); 4] = [(0x02, 2), (0x10, 1), (0x04, 2), (0x08, 4)];
/// `info1` of a row, which is always there.
const ROW_INFO: usize = 1;
/// Index and digest of a row, before its flags.
const ROW_HEAD: usize = 24;

/// How many rows the head of a batch announces; `None` where it is not whole.
///
/// Source: client-protocol 8.1
#[must_use]
pub fn rows(data: &[u8]) -> Option<u32> {
    let (_, count) = head(data).ok()?;
    Some(count)
}

/// Steps over number of rows and flags.
fn head(data: &[u8]) -> Parse<'_, u32> {
    terminated(input::be_u32("number of rows"), input::u8("batch flags")).parse(data)
}

/// How many bytes of `data` the head of a batch and its whole rows are, and whether these are all rows.
///
/// Source: client-protocol 8.1, 8.2
#[must_use]
pub fn of_batch(data: &[u8]) -> (usize, bool) {
    let Ok((mut rest, count)) = head(data) else {
        return (0, false);
    };
    let mut has_body = false;
    for _ in 0..count {
        match row(rest, has_body) {
            Ok((next, is_body)) => (rest, has_body) = (next, has_body || is_body),
            Err(_) => return (before(data, rest).len(), false),
        }
    }
    (before(data, rest).len(), true)
}

/// Steps over a row, and tells whether it has a body of its own; `has_body`: one that can be repeated was there.
fn row(input: &[u8], has_body: bool) -> Parse<'_, bool> {
    let head = preceded(
        input::bytes("row", "its fixed width", ROW_HEAD),
        input::u8("row flags"),
    );
    let may_repeat = |flags: &u8| flags & REPEAT == 0 || has_body;
    input::legal(
        "batch row",
        "repeats a row, but none is before it",
        head,
        may_repeat,
    )
    .flat_map(|flags| cond(flags & REPEAT == 0, body(flags)))
    .map(|body| body.is_some())
    .parse(input)
}

/// Steps over what a row asks for.
fn body<'a>(flags: u8) -> impl Parser<&'a [u8], Output = (), Error = Malformed<'a>> {
    let parts = PARTS.iter().filter(|(flag, _)| flags & flag != 0);
    let width = parts.fold(ROW_INFO, |sum, (_, width)| sum.saturating_add(*width));
    let counts = (input::be_u16("row n_fields"), input::be_u16("row n_ops"));
    preceded(input::bytes("row", "its flags", width), counts).flat_map(|(n_fields, n_ops)| {
        // Very old clients write 0 and mean the namespace.
        (times(n_fields.max(1), field), times(n_ops, op)).map(|_| ())
    })
}

/// Steps over so many.
fn times<'a>(
    count: u16,
    parser: fn(&'a [u8]) -> Parse<'a, ()>,
) -> impl Parser<&'a [u8], Output = (), Error = Malformed<'a>> {
    fold(usize::from(count), parser, || (), |(), ()| ())
}

/// u32 length of type and data, never 0.
fn field(input: &[u8]) -> Parse<'_, ()> {
    let size = input::be_u32("field_sz");
    let size = input::legal("field", "field_sz must not be 0", size, |size| *size != 0);
    input::sized_bytes("field", "field_sz", size)
        .map(|_| ())
        .parse(input)
}

/// u32 length, then code, particle type, flags, length of the name, the name and with a flag 8 bytes of time.
fn op(input: &[u8]) -> Parse<'_, ()> {
    const HAS_LUT: u8 = 0x01;
    let head = (
        input::be_u16("op code and particle type"),
        input::u8("op flags"),
        input::sized_bytes("bin name", "name_sz", input::u8("op name_sz")),
    );
    let content = head.flat_map(|(_, flags, _)| cond(flags & HAS_LUT != 0, input::be_u64("op lut")));
    input::sized_bytes("op", "op_sz", input::be_u32("op_sz"))
        .and_then(content)
        .map(|_| ())
        .parse(input)
}
