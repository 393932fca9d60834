//! What is counted over the messages of a frame.

use super::common::{self, DATA};
use crate::epan::{Guarded, Packet, Tree};
use crate::track::ground::budget;

/// One more of the frame's messages: its ordinal, from 1.
pub fn count(packet: Packet<'_>) -> u32 {
    let messages = &packet.state().messages;
    messages.set(messages.get().saturating_add(1));
    messages.get()
}

/// Says what the budgets of the frame and of the capture left out.
///
/// # Errors
/// What Wireshark threw.
pub fn finish(tree: &Tree<'_>, bytes: &[u8]) -> Guarded {
    tree.beyond_budget(&DATA, bytes, &common::NOT_EXPANDED)?;
    if budget::is_spent_here(tree.packet()) {
        tree.beside_budget(|| {
            tree.expert(
                &common::NOT_EXPANDED,
                format_args!(
                    "From here on not all is remembered that answers and reports could be told with"
                ),
            )
        })?;
    }
    Ok(())
}
