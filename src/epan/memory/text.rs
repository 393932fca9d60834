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
        let end = self.length + bytes.len();
        if end >= N {
            return;
        }
        // SAFETY: there is room for that much and the NUL behind it.
        unsafe {
            let room = self.bytes.as_mut_ptr().cast::<u8>().add(self.length);
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), room, bytes.len());
            room.add(bytes.len()).write(0);
        }
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

impl<const N: usize> Text<N> {
    /// As [`fmt::Write`] says, of a text with control characters.
    #[cold]
    fn push_escaped(&mut self, s: &str) {
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
        if has_control(s.as_bytes()) {
            self.push_escaped(s);
        } else {
            self.push_str(s);
        }
        Ok(())
    }
}

/// Whether there is a control character of ASCII. Most texts are short, and this is asked of each: by eight bytes at once.
fn has_control(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7) != 0;
    // A control character has none of the upper three bits, or is DEL.
    let is_hit = |word: u64| has_zero(word & (ONES * 0xe0)) || has_zero(word ^ (ONES * 0x7f));
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let half = |bytes: &[u8; 4]| u64::from(u32::from_ne_bytes(*bytes));
    // What does not fill the last word is read again with what stands before it.
    if let Some(last) = bytes.last_chunk::<8>() {
        let mut words = bytes.chunks_exact(8).filter_map(<[u8]>::first_chunk);
        is_hit(word(last)) || words.any(|bytes| is_hit(word(bytes)))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        is_hit(half(first) << 32 | half(last))
    } else {
        bytes.iter().any(u8::is_ascii_control)
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
    fn control_characters_are_found_wherever_they_stand() {
        for length in 0..40 {
            let plain = vec![b'~'; length];
            assert!(!has_control(&plain));
            assert!(!has_control("é".repeat(length).as_bytes()));
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = plain.clone();
                    bytes[at] = byte;
                    assert_eq!(
                        has_control(&bytes),
                        byte.is_ascii_control(),
                        "{byte} at {at} of {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn control_characters_are_spelled_out() {
        let text = Text::<32>::of(format_args!("a\0b\n"));
        assert_eq!(text.as_c().to_str().unwrap(), "a\\x00b\\n");
    }
}
