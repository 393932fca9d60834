//! When a report was opened: in the middle of reading a capture it hears only of what comes after.

use crate::epan::latest_frame;

/// What such a report says.
pub const PRESS_APPLY: &str = "what was read before this window was opened: press Apply";

/// When a report was opened.
#[derive(Default)]
pub struct Opening {
    before: u32,
    is_judged: bool,
}

impl Opening {
    /// It is opened now.
    #[must_use]
    pub fn now() -> Self {
        Self::after(latest_frame())
    }

    const fn after(before: u32) -> Self {
        Self {
            before,
            is_judged: false,
        }
    }

    /// Whether frames before its opening are missing from it; asked with the frame of each record, said at most once. Wireshark
    /// hands over earlier frames first where it does so at all.
    pub fn misses(&mut self, frame: u32) -> bool {
        let is_first = !core::mem::replace(&mut self.is_judged, true);
        is_first && self.before > 0 && frame > self.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_before_the_capture_or_after_it() {
        assert!(!Opening::after(0).misses(1));
        assert!(!Opening::after(0).misses(70));
        // All of it again.
        assert!(!Opening::after(100).misses(4));
        assert!(!Opening::after(100).misses(100));
    }

    #[test]
    fn opened_in_the_middle() {
        let mut opening = Opening::after(100);
        assert!(opening.misses(101));
        assert!(!opening.misses(102), "said once");
    }
}
