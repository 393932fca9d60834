//! What is counted over the messages of a frame.

use super::common::{self, DATA};
use crate::epan::{Guarded, Packet, Tree};

/// One more of the frame's messages: its ordinal, from 1.
pub fn count(packet: Packet<'_>) -> u32 {
    let messages = &packet.state().messages;
    messages.set(messages.get().saturating_add(1));
    messages.get()
}

/// Says what the frame's budget of items left out.
///
/// # Errors
/// What Wireshark threw.
pub fn finish(tree: &Tree<'_>, bytes: &[u8]) -> Guarded {
    let state = tree.packet().state();
    let refused = state.refused.replace(0);
    if refused == 0 {
        return Ok(());
    }
    let item = tree.beyond_budget(&DATA, bytes)?;
    item.expert(
        &common::NOT_EXPANDED,
        format_args!("{refused} more items are not expanded"),
    )
}
