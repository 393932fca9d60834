//! The safe face of libwireshark, and the only room with `unsafe`.
//!
//! Wireshark's exceptions are longjmp, which must not cross a Rust frame. Every call that can throw goes
//! through a C guard (`guard.c`) that catches right there, keeps the exception and reports it; here that is
//! [`Thrown`], an ordinary value that travels with `?` to the entry, where C throws again. A panic travels
//! the same way ([`plugin::entry`]). The handles ([`Packet`], [`Tree`], [`Item`]) are thin and own nothing.

pub mod guard;
pub mod memory;
#[macro_use]
pub mod fields;
pub mod packet;
pub mod tree;
#[macro_use]
pub mod plugin;
pub mod reports;
pub mod taps;

pub use fields::field::{BitSet, Expert, Field};
pub use guard::{Guarded, Thrown};
pub use memory::scope::latest_frame;
pub use memory::text::Text;
pub use packet::segment::{Entry, Framing, Heuristic, Passed, Segment, SegmentContext, Side};
pub use packet::source::Source;
pub use packet::{Conversation, Packet};
pub use plugin::entry::Plugin;
pub use tree::Tree;
pub use tree::item::Item;
