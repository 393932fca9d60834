//! Base64 as a stream of bytes, for the pieces of info values.

use core::fmt::{self, Write};

/// The bytes that base64 text stands for; ends at padding or at the first character that is none of the alphabet.
#[derive(Clone, Debug)]
pub struct Decoded<'a> {
    text: core::slice::Iter<'a, u8>,
    bits: u32,
    count: u32,
}

/// Decodes base64 text (RFC 4648, the alphabet with `+` and `/`).
#[must_use]
pub fn decode(text: &[u8]) -> Decoded<'_> {
    Decoded {
        text: text.iter(),
        bits: 0,
        count: 0,
    }
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        while self.count < 8 {
            let Some(digit) = self.text.next().and_then(|byte| digit(*byte)) else {
                self.text = [].iter();
                return None;
            };
            self.bits = self.bits << 6 | digit;
            self.count = self.count.saturating_add(6);
        }
        self.count = self.count.saturating_sub(8);
        self.bits.checked_shr(self.count).map(|bits| (bits & 0xff) as u8)
    }
}

fn digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// Whether `text` is base64 and nothing else: whole groups of four characters, padding only at the end.
#[must_use]
pub fn is_encoded(text: &[u8]) -> bool {
    let digits = text.strip_suffix(b"=").unwrap_or(text);
    let digits = digits.strip_suffix(b"=").unwrap_or(digits);
    !digits.is_empty() && text.len() % 4 == 0 && digits.iter().all(|byte| digit(*byte).is_some())
}

/// Base64 text, displayed as the text that it encodes; bytes that are not printable ASCII are shown as `.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded<'a>(pub &'a [u8]);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decode(self.0).try_for_each(|byte| f.write_char(printable(byte)))
    }
}

pub(crate) fn printable(byte: u8) -> char {
    if (0x20..0x7f).contains(&byte) {
        char::from(byte)
    } else {
        '.'
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_texts() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
        ] {
            assert!(decode(text.as_bytes()).eq(bytes.bytes()), "{text}");
        }
        let agent = Encoded(b"MSxweXRob24tMTkuMy4wLG5vdC1zZXQ=");
        assert_eq!(agent.to_string(), "1,python-19.3.0,not-set");
        let message = Encoded(b"PG5hbWU+IG9yICcuLi4nIGV4cGVjdGVkIG5lYXIgJ3JldHVybic=");
        assert_eq!(message.to_string(), "<name> or '...' expected near 'return'");
    }

    #[test]
    fn base64_is_told_from_other_text() {
        assert!(is_encoded(b"kiKiA2s="));
        assert!(is_encoded(b"Zg=="));
        for text in [
            &b""[..],
            b"==",
            b"[map_key(k)]",
            b"Zg=",
            b"nul",
            b"Z===",
            b"Zg= Zg==",
        ] {
            assert!(!is_encoded(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn three_bytes_for_four_characters(text: Vec<u8>) {
            prop_assert!(decode(&text).count() <= text.len() * 3 / 4);
        }
    }
}
