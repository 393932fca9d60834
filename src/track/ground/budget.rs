//! How much is kept of a capture: in proportion to its bytes, whatever they say.
//!
//! A few bytes can stand for many: a compressed batch of rows that repeat each other. What is kept of a message (its place
//! in the queue, its records and their keys) takes from a budget that grows with the bytes of the capture; when it is
//! used up, no more is remembered, and the frame in which that begins says so.

use core::cell::Cell;

use crate::epan::Packet;
use crate::epan::memory::file::CaptureState;

/// Entries that a table holds at most: what comes later is not remembered.
pub const MOST: u32 = 4_194_304;

/// [`MOST`], or the lower limit that a proof of it asks for.
pub(super) fn most() -> u32 {
    #[cfg(feature = "soundness")]
    if let Some(limit) = crate::epan::guard::soundness::limit() {
        return limit;
    }
    MOST
}

/// Bytes that may be kept of any capture.
const BASE: u64 = 32 << 20;
/// Bytes more for each byte of messages in it: the shortest request is kept in less.
const RATE: u64 = 12;

#[derive(Default)]
struct Budget {
    earned: Cell<u64>,
    kept: Cell<u64>,
    /// The first frame of which something was not kept; 0: none.
    spent_in: Cell<u32>,
}

static BUDGET: CaptureState<Budget> = CaptureState::new();

/// On the first pass: so many bytes of messages were captured.
pub fn earn(packet: Packet<'_>, bytes: usize) {
    if !packet.is_visited() {
        let budget = BUDGET.get(packet.file());
        budget
            .earned
            .set(budget.earned.get().saturating_add(bytes as u64));
    }
}

/// Takes `bytes` from the budget; whether they may be kept.
#[must_use]
pub fn keep(packet: Packet<'_>, bytes: usize) -> bool {
    let budget = BUDGET.get(packet.file());
    let sum = budget.kept.get().saturating_add(bytes as u64);
    let is_affordable = sum <= BASE.saturating_add(RATE.saturating_mul(budget.earned.get()));
    if is_affordable {
        budget.kept.set(sum);
    } else {
        note_dropped(packet);
    }
    is_affordable
}

/// Something of this frame is not kept.
pub fn note_dropped(packet: Packet<'_>) {
    let budget = BUDGET.get(packet.file());
    if budget.spent_in.get() == 0 && !packet.is_visited() {
        budget.spent_in.set(packet.frame());
    }
}

/// Whether from this frame on something is not kept.
#[must_use]
pub fn is_spent_here(packet: Packet<'_>) -> bool {
    BUDGET.get(packet.file()).spent_in.get() == packet.frame()
}
