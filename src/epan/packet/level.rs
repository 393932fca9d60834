//! Levels of messages, values and dissectors in each other.

use super::Packet;
use super::segment::Entry;
use crate::epan::memory::FrameState;

/// Levels that messages, values and dissectors may be nested in all.
pub const LEVELS: u32 = 32;

/// Of a [`Level`]: its entry was at work before.
const AGAIN: u32 = u32::MAX;

/// A level of messages in messages, until it is dropped.
#[must_use = "the level ends when this is dropped"]
pub struct Level<'p> {
    state: &'p FrameState,
    /// The bit of the entry whose level it is, [`AGAIN`], or 0.
    entry: u32,
}

impl Drop for Level<'_> {
    fn drop(&mut self) {
        let state = self.state;
        match self.entry {
            AGAIN => state.again.set(state.again.get().saturating_sub(1)),
            bit => state.entered.set(state.entered.get() & !bit),
        }
        // The outermost entry is no level.
        if self.entry == 0 || state.entered.get() != 0 {
            state.depth.set(state.depth.get().saturating_sub(1));
        }
    }
}

impl<'p> Packet<'p> {
    /// One level deeper, for as long as the result lives; `None` where there are [`LEVELS`] already.
    #[must_use]
    pub fn descend(self) -> Option<Level<'p>> {
        let depth = &self.state.depth;
        if depth.get() >= LEVELS {
            return None;
        }
        depth.set(depth.get() + 1);
        Some(Level {
            state: self.state,
            entry: 0,
        })
    }

    /// How many levels deeper it may go.
    #[must_use]
    pub fn levels_left(self) -> usize {
        LEVELS.saturating_sub(self.state.depth.get()) as usize
    }

    /// An entry begins its work. Where another is at work already, a dissector of Wireshark's came back to us: a level
    /// deeper.
    pub(crate) fn enter(self, entry: Entry) -> Option<Level<'p>> {
        let (state, bit) = (self.state, 1 << entry as u32);
        let entered = state.entered.get();
        if entered != 0 && state.depth.get() >= LEVELS {
            return None;
        }
        state.depth.set(state.depth.get() + u32::from(entered != 0));
        let is_again = entered & bit != 0;
        state.again.set(state.again.get() + u32::from(is_again));
        state.entered.set(entered | bit);
        Some(Level {
            state,
            entry: if is_again { AGAIN } else { bit },
        })
    }
}
