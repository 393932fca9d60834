//! The safe face of libwireshark, and the only room with `unsafe`.
//!
//! Wireshark's exceptions are longjmp, which must not cross a Rust frame. Every call that can throw goes
//! through a C guard (`guard.c`) that catches right there, keeps the exception and reports it; here that is
//! [`Thrown`], an ordinary value that travels with `?` to the entry, where C throws again. A panic travels
//! the same way ([`entry`]). The handles ([`Packet`], [`Tree`], [`Item`]) are thin and own nothing.

mod bits;
mod column;
#[cfg(feature = "count-allocations")]
mod count;
pub mod entry;
#[macro_use]
pub mod field;
pub mod expert;
#[macro_use]
pub mod export;
#[cfg(feature = "soundness")]
mod faults;
pub mod file;
pub mod group;
pub mod item;
pub mod level;
mod line;
pub mod memory;
pub mod packet;
mod pdus;
pub mod protocol;
mod reference;
pub mod register;
mod scope;
pub mod segment;
mod sheet;
#[cfg(feature = "soundness")]
pub mod soundness;
pub mod stats;
mod sys;
pub mod tap;
pub mod tcp_tap;
pub mod text;
pub mod tree;
pub mod version;
mod wants;
pub mod windows;

pub use entry::Plugin;
pub use field::{BitSet, Expert, Field};
pub use item::Item;
pub use packet::{Conversation, Packet, Source};
pub use scope::latest as latest_frame;
pub use segment::{Call, Entry, Framing, Heuristic, Passed, Segment, Side};
pub use text::Text;
pub use tree::Tree;

/// An exception of Wireshark's is on its way: the guard keeps it, the entry throws it again.
///
/// Nothing but returning is allowed now, so it is passed on with `?`.
#[derive(Debug)]
#[must_use = "an exception is pending: return it to the entry"]
pub struct Thrown(());

/// The result of a guarded call.
pub type Guarded<T = ()> = Result<T, Thrown>;

/// What a guard returned: 0 done, 1 thrown and kept.
pub(crate) fn guarded(status: libc::c_int) -> Guarded {
    if status == 0 {
        Ok(())
    } else {
        #[cfg(feature = "soundness")]
        soundness::thrown();
        Err(Thrown(()))
    }
}
