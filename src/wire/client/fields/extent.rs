//! How far the rows of a batch go, told by their counts and lengths alone.
//!
//! The rows decide where their field ends, and they hold fields themselves; here nothing is read but what it takes to
//! step over it, so that neither asks the other.

use crate::wire::ground::input::{self, Parse};

/// Flags of a row, as in [`RowFlags`](crate::wire::client::message::batch::RowFlags): the row is as the one before.
const REPEAT: u8 = 0x01;
/// The parts of a row that may be missing, by the flag that says they are there, with their lengths.
const PARTS: [(u8, usize); 4] = [(0x02, 2), (0x10, 1), (0x04, 2), (0x08, 4)];
/// Number of rows and flags of the batch.
const HEAD: usize = 5;
/// Index and digest of a row, before its flags.
const ROW_HEAD: usize = 24;

/// How many rows the head of a batch announces; `None` where it is not whole.
///
/// Source: client-protocol 8.1
#[must_use]
pub fn rows(data: &[u8]) -> Option<u32> {
    data.get(..HEAD)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// How many bytes of `data` the head of a batch and its whole rows are, and whether these are all rows.
///
/// Source: client-protocol 8.1, 8.2
#[must_use]
pub fn of_batch(data: &[u8]) -> (usize, bool) {
    let (Some(count), Some(mut rest)) = (rows(data), data.get(HEAD..)) else {
        return (0, false);
    };
    let mut has_body = false;
    for _ in 0..count {
        match row(rest, &mut has_body) {
            Ok((next, ())) => rest = next,
            Err(_) => return (data.len().saturating_sub(rest.len()), false),
        }
    }
    (data.len().saturating_sub(rest.len()), true)
}

/// Steps over a row; `has_body`: one that can be repeated was there.
fn row<'a>(input: &'a [u8], has_body: &mut bool) -> Parse<'a, ()> {
    let (rest, _) = input::bytes("row", "its fixed width", ROW_HEAD)(input)?;
    let (rest, flags) = input::u8("row flags")(rest)?;
    if flags & REPEAT != 0 {
        return if *has_body {
            Ok((rest, ()))
        } else {
            Err(input::Malformed::illegal("batch row", input, "repeats a row, but none is before it").stop())
        };
    }
    let (mut rest, _) = input::u8("row info1")(rest)?;
    for (flag, width) in PARTS {
        if flags & flag != 0 {
            rest = input::bytes("row", "its flags", width)(rest)?.0;
        }
    }
    let (rest, n_fields) = input::be_u16("row n_fields")(rest)?;
    let (mut rest, n_ops) = input::be_u16("row n_ops")(rest)?;
    // Very old clients write 0 and mean the namespace.
    for _ in 0..n_fields.max(1) {
        rest = field(rest)?.0;
    }
    for _ in 0..n_ops {
        rest = op(rest)?.0;
    }
    *has_body = true;
    Ok((rest, ()))
}

/// u32 length of type and data, never 0.
fn field(input: &[u8]) -> Parse<'_, ()> {
    let (rest, size) = input::be_u32("field_sz")(input)?;
    if size == 0 {
        return Err(input::Malformed::illegal("field", input, "field_sz must not be 0").stop());
    }
    sized(rest, size)
}

/// u32 length, then code, particle type, flags, length of the name, the name and with a flag 8 bytes of time.
fn op(input: &[u8]) -> Parse<'_, ()> {
    const HAS_LUT: u8 = 0x01;
    let (rest, size) = input::be_u32("op_sz")(input)?;
    let (rest, content) = input::bytes("op", "op_sz", usize::try_from(size).unwrap_or(usize::MAX))(rest)?;
    let (content, head) = input::bytes("op", "its fixed width", 4)(content)?;
    let &[_, _, flags, name] = head else {
        return Ok((rest, ()));
    };
    let (content, _) = input::bytes("bin name", "name_sz", usize::from(name))(content)?;
    if flags & HAS_LUT != 0 {
        input::bytes("op lut", "its fixed width", 8)(content)?;
    }
    Ok((rest, ()))
}

fn sized(input: &[u8], size: u32) -> Parse<'_, ()> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    input::bytes("field", "field_sz", size)(input).map(|(rest, _)| (rest, ()))
}
