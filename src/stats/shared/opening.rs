//! A report that is opened while its capture is still read.

/// What such a report says: Wireshark reads nothing again before it is through.
pub const PRESS_APPLY: &str = "what was read before this window was opened: press Apply";
