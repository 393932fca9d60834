//! Bytes as text without allocating.

use core::fmt::{self, Write};

use nom::Parser as _;
use nom::bytes::complete::take_till;
use nom::combinator::{opt, rest};
use nom::sequence::preceded;

use super::input;

/// Text of the wire. It should be UTF-8; what is not is shown as U+FFFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossyText<'a>(pub &'a [u8]);

impl LossyText<'_> {
    /// Writes the text; a `write!` costs several times as much.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(self, out: &mut dyn Write) -> fmt::Result {
        if let Ok(text) = core::str::from_utf8(self.0) {
            return out.write_str(text);
        }
        for chunk in self.0.utf8_chunks() {
            out.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                out.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for LossyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

/// Bytes as lower-case hexadecimal digits without separators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl Hex<'_> {
    /// Bytes that are written at once.
    const PIECE: usize = 32;
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chunks(Self::PIECE).try_for_each(|bytes| {
            let mut digits = [0; 2 * Self::PIECE];
            write_hex(f, bytes, &mut digits)
        })
    }
}

/// Writes a number in decimal, with at least `width` (up to 20) digits; a `write!` costs several times as much.
///
/// # Errors
/// Those of `out`.
pub fn write_decimal(out: &mut dyn Write, mut number: u64, width: usize) -> fmt::Result {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        if number == 0 {
            break;
        }
        *digit = b'0' | (number % 10) as u8;
        number /= 10;
        first = first.saturating_sub(1);
    }
    let from = first.min(digits.len().saturating_sub(width));
    let digits = digits.get(from..).unwrap_or_default();
    out.write_str(core::str::from_utf8(digits).unwrap_or_default())
}

/// Writes four bytes in hexadecimal.
///
/// # Errors
/// Those of `out`.
pub fn write_hex4(out: &mut dyn Write, bytes: [u8; 4]) -> fmt::Result {
    write_hex(out, &bytes, &mut [0; 8])
}

/// As many of the bytes as have room in `digits`.
fn write_hex(out: &mut dyn Write, bytes: &[u8], digits: &mut [u8]) -> fmt::Result {
    let digit = |half: u8| {
        b"0123456789abcdef"
            .get(usize::from(half))
            .copied()
            .unwrap_or_default()
    };
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
    let length = bytes.len().saturating_mul(2).min(digits.len());
    let text = digits.get(..length).unwrap_or_default();
    out.write_str(core::str::from_utf8(text).unwrap_or_default())
}

/// A decimal number that fills the whole of `digits`; `None` for anything else, an overflow included.
#[must_use]
pub fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, &digit| {
        let digit = digit.checked_sub(b'0').filter(|d| *d < 10)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A hexadecimal number without prefix that fills the whole of `digits`.
#[must_use]
pub fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(sum << 4 | u64::from(digit))
    })
}

/// Splits at the first `separator`: what stands before it and, if it is there, what follows.
#[must_use]
pub fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let tail = opt(preceded(input::u8("separator"), rest));
    let mut parts = (take_till(|byte| byte == separator), tail);
    parts.parse(text).map_or((text, None), |(_, parts)| parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_what_is_not_utf8() {
        assert_eq!(LossyText(b"caf\xc3\xa9").to_string(), "café");
        assert_eq!(LossyText(b"a\xffb").to_string(), "a\u{fffd}b");
        assert_eq!(Hex(&[0x0a, 0x0b, 0xff]).to_string(), "0a0bff");
    }

    #[test]
    fn numbers_are_written_as_they_are_formatted() {
        for (number, width) in [
            (0, 1),
            (7, 1),
            (10, 1),
            (907, 2),
            (5, 2),
            (0, 2),
            (u64::MAX, 1),
            (42, 20),
        ] {
            let mut text = String::new();
            write_decimal(&mut text, number, width).unwrap();
            assert_eq!(text, format!("{number:0width$}"));
        }
        let mut text = String::new();
        write_hex4(&mut text, [0xe3, 0xdb, 0x08, 0x70]).unwrap();
        assert_eq!(text, "e3db0870");
        let bytes: Vec<u8> = (0..=255).collect();
        let each: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(Hex(&bytes).to_string(), each);
    }

    #[test]
    fn numbers_must_fill_their_text() {
        assert_eq!(decimal(b"80"), Some(80));
        assert_eq!(decimal(b""), None);
        assert_eq!(decimal(b"8x"), None);
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(hexadecimal(b"BB9B11300000000"), Some(0x0bb9_b113_0000_0000));
        assert_eq!(hexadecimal(b"BB9B113000000000f"), None);
    }

    #[test]
    fn split_takes_the_first_separator() {
        assert_eq!(split(b"a=b=", b'='), (&b"a"[..], Some(&b"b="[..])));
        assert_eq!(split(b"a", b'='), (&b"a"[..], None));
    }
}
