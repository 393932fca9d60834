//! Text without allocation: a buffer of fixed size on the stack that C can read.

use core::ffi::CStr;
use core::fmt;
use core::mem::MaybeUninit;

use libc::c_char;

/// Text of at most `N - 1` bytes, always ended by a NUL and always UTF-8; what does not fit is cut at a
/// character and marked with `…`.
pub struct Text<const N: usize> {
    /// Written up to `length`, and a NUL there: zeroing the rest would cost more than most texts.
    bytes: [MaybeUninit<u8>; N],
    length: usize,
    cut: bool,
}

const ELLIPSIS: &str = "…";

impl<const N: usize> Text<N> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > 0) };
        let mut bytes = [const { MaybeUninit::uninit() }; N];
        bytes[0] = MaybeUninit::new(0);
        Self {
            bytes,
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
        // SAFETY: that much was written, of whole characters.
        unsafe {
            core::str::from_utf8_unchecked(core::slice::from_raw_parts(
                self.bytes.as_ptr().cast(),
                self.length,
            ))
        }
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
        // SAFETY: a NUL stands behind what was written.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }

    /// A NUL stands behind what was written, and none in it.
    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }

    fn room(&self) -> usize {
        N.saturating_sub(1 + ELLIPSIS.len()).saturating_sub(self.length)
    }

    fn push(&mut self, bytes: &[u8]) {
        let Some(room) = self.bytes.get_mut(self.length..) else {
            return;
        };
        let Some((_, rest)) = room.split_at_mut_checked(bytes.len()) else {
            return;
        };
        let Some(end) = rest.first_mut() else { return };
        *end = MaybeUninit::new(0);
        // SAFETY: there is room for that much and the NUL behind it.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), room.as_mut_ptr().cast(), bytes.len()) };
        self.length += bytes.len();
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
        // Without a way out in the middle, which costs more than the few bytes that are left.
        let is_control = |any: bool, byte: u8| any | (byte < b' ') | (byte == 0x7f);
        if !s.bytes().fold(false, is_control) {
            self.push_str(s);
            return Ok(());
        }
        let mut plain = s;
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
