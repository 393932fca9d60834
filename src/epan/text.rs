//! Text without allocation: a buffer of fixed size on the stack that C can read.

use core::ffi::{c_char, CStr};
use core::fmt;

/// Text of at most `N - 1` bytes, always ended by a NUL and always UTF-8; what does not fit is cut at a
/// character and marked with `…`.
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
    cut: bool,
}

const ELLIPSIS: &str = "…";

impl<const N: usize> Text<N> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            length: 0,
            cut: false,
        }
    }

    /// The formatted arguments.
    #[must_use]
    pub fn of(arguments: fmt::Arguments<'_>) -> Self {
        let mut text = Self::new();
        // Writing into the buffer fails only where it is full: what does not fit is cut.
        let _ = fmt::write(&mut text, arguments);
        text
    }

    /// What was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether something did not fit.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// For C; the NUL is always there.
    #[must_use]
    pub fn as_c(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }

    /// The bytes behind what was written are zero, and no NUL is ever written.
    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }

    fn room(&self) -> usize {
        N.saturating_sub(1 + ELLIPSIS.len()).saturating_sub(self.length)
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        self.bytes[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }

    fn push_str(&mut self, s: &str) {
        if self.cut {
            return;
        }
        if s.len() <= self.room() {
            self.push(s.as_bytes());
            return;
        }
        let mut end = self.room();
        while !s.is_char_boundary(end) {
            end -= 1;
        }
        self.push(&s.as_bytes()[..end]);
        self.push(ELLIPSIS.as_bytes());
        self.cut = true;
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    /// Control characters are spelled out: a NUL would end the text for C, the others break lines.
    ///
    /// Fails once the text is cut, so that nobody goes on formatting megabytes of which nothing will be seen.
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.cut {
            return Err(fmt::Error);
        }
        let mut plain = s;
        if !s.bytes().any(|byte| byte.is_ascii_control()) {
            self.push_str(s);
            return Ok(());
        }
        while let Some(at) = plain.find(|c: char| c.is_ascii_control()) {
            self.push_str(&plain[..at]);
            let byte = plain.as_bytes()[at];
            match byte {
                b'\n' => self.push_str("\\n"),
                b'\r' => self.push_str("\\r"),
                b'\t' => self.push_str("\\t"),
                _ => {
                    const DIGITS: &[u8; 16] = b"0123456789abcdef";
                    let digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
                    self.push_str("\\x");
                    self.push_str(core::str::from_utf8(&digits).unwrap_or(""));
                }
            }
            plain = &plain[at + 1..];
        }
        self.push_str(plain);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Write;

    #[test]
    fn text_is_cut_at_a_character_and_says_so() {
        let mut text = Text::<12>::new();
        write!(text, "abcdefgé").unwrap();
        assert_eq!(text.as_str(), "abcdefg…");
        assert!(write!(text, "more").is_err());
        assert_eq!(text.as_str(), "abcdefg…");
        assert!(text.is_cut());
    }

    #[test]
    fn control_characters_are_spelled_out() {
        let text = Text::<32>::of(format_args!("a\0b\n"));
        assert_eq!(text.as_c().to_str().unwrap(), "a\\x00b\\n");
    }
}
