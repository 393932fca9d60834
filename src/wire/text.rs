//! Bytes as text without allocating.

use core::fmt::{self, Write};

/// Text of the wire. It should be UTF-8; what is not is shown as U+FFFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub &'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

/// Bytes as lower-case hexadecimal digits without separators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
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
    let Some(at) = text.iter().position(|byte| *byte == separator) else {
        return (text, None);
    };
    let (head, tail) = text.split_at(at);
    (head, tail.get(1..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_what_is_not_utf8() {
        assert_eq!(Text(b"caf\xc3\xa9").to_string(), "café");
        assert_eq!(Text(b"a\xffb").to_string(), "a\u{fffd}b");
        assert_eq!(Hex(&[0x0a, 0x0b, 0xff]).to_string(), "0a0bff");
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
