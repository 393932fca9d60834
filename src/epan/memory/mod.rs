//! Memory that Wireshark owns: for a packet, or until the file is closed (see [`file`](mod@file)). Nothing in it
//! needs dropping.

#[cfg(feature = "count-allocations")]
pub(super) mod count;
pub mod file;
pub(super) mod scope;
pub mod text;

use core::any::TypeId;
use core::cell::Cell;
use core::mem::{align_of, needs_drop, size_of};
use core::ptr::NonNull;

use libc::{c_int, c_void};

use super::guard::sys;
use scope::File;

/// Items a frame may have; well under `gui.max_tree_items`, where Wireshark gives up on the frame.
pub(crate) const ITEM_BUDGET: u32 = 200_000;

/// Records that are queued for a frame at most. Wireshark has room for 5,000, those of other protocols among them, and
/// drops the rest without a word to who listens.
pub const MOST_TAPPED: u32 = 4_900;

/// Counters of one dissection of one frame, shared by everything of ours in it.
#[repr(C)]
pub struct FrameState {
    /// What Wireshark knows of the frame; C writes it.
    facts: Cell<sys::as_frame_facts>,
    /// Items added to the tree.
    pub items: Cell<u32>,
    /// Items that the budget refused.
    pub refused: Cell<u32>,
    /// Messages dissected, of all protocols: the ordinal of the next one.
    pub messages: Cell<u32>,
    /// Lines written to the Info column.
    pub lines: Cell<u32>,
    /// The message under dissection is an answer.
    pub is_answer: Cell<u32>,
    /// The next line of the Info column belongs to the last one.
    pub line_is_open: Cell<u32>,
    /// Times that the budget was said to be used up.
    pub(crate) reported: Cell<u32>,
    /// Bytes that items hold as their values.
    pub(crate) content: Cell<u32>,
    /// Bytes that were inflated.
    pub(crate) inflated: Cell<u32>,
    /// Levels of messages in messages that are open.
    pub(crate) depth: Cell<u32>,
    /// Entries that are at work, a bit each.
    pub(crate) entered: Cell<u32>,
    /// How many of them came to be so twice.
    pub(crate) again: Cell<u32>,
    /// Records that were queued to taps.
    pub(crate) tapped: Cell<u32>,
    /// Records for which there was no room.
    pub missing: Cell<u32>,
    /// Whether somebody asks for expert items as such.
    pub(crate) experts_heard: Cell<Answered>,
}

impl FrameState {
    /// What Wireshark knows of the frame.
    #[inline]
    pub(crate) fn facts(&self) -> sys::as_frame_facts {
        self.facts.get()
    }

    /// Bytes of values that a frame's items may hold, as a copy each: a message of the largest legal size is shown in part.
    const CONTENT: u32 = 48 << 20;
    /// Bytes that may be inflated for a frame.
    const INFLATED: u32 = 64 << 20;

    /// Counts an item that there is no room for.
    pub(crate) fn refuse(&self) {
        self.refused.set(self.refused.get().saturating_add(1));
    }

    /// Takes `bytes` from the frame's budget of values; whether there were so many.
    pub(crate) fn holds(&self, bytes: usize) -> bool {
        take(&self.content, bytes, Self::CONTENT)
    }

    /// Takes `bytes` from the frame's budget of inflated bytes; whether there were so many.
    pub fn inflates(&self, bytes: usize) -> bool {
        take(&self.inflated, bytes, Self::INFLATED)
    }
}

fn take(used: &Cell<u32>, bytes: usize, most: u32) -> bool {
    let sum = u32::try_from(bytes)
        .ok()
        .and_then(|bytes| used.get().checked_add(bytes))
        .filter(|sum| *sum <= most);
    if let Some(sum) = sum {
        used.set(sum);
    }
    sum.is_some()
}

/// The answer to a question that is asked once a frame.
#[derive(Clone, Copy, Default)]
#[repr(u8)]
pub(crate) enum Answered {
    #[default]
    Unasked = 0,
    No,
    Yes,
}

/// The state of the frame under dissection, made at the first call.
pub(crate) fn frame_state<'p>(info: NonNull<sys::packet_info>) -> &'p FrameState {
    const {
        assert!(size_of::<FrameState>() <= sys::AS_PACKET_STATE as usize);
        assert!(align_of::<FrameState>() <= 8);
    };
    // SAFETY: static memory, big enough and aligned for 8 bytes; all zero is a valid FrameState. It is zeroed when the
    // dissection of another packet begins, after that of this one.
    unsafe {
        let state = sys::as_packet_state(info.as_ptr());
        &*state.cast::<FrameState>()
    }
}

/// A slice from C; NULL or a length below 1 is empty.
///
/// # Safety
/// `data` points to `length` bytes that live for `'p`.
pub(crate) unsafe fn slice<'p>(data: *const u8, length: c_int) -> &'p [u8] {
    match usize::try_from(length) {
        // SAFETY: the caller's promise, and neither NULL nor empty.
        Ok(length) if length > 0 && !data.is_null() => unsafe { core::slice::from_raw_parts(data, length) },
        _ => &[],
    }
}

/// Fails to compile for what Wireshark's memory is no place for, as an array: what is aligned more than malloc aligns,
/// and what has no size.
pub(super) const fn fits<T>() {
    assert!(align_of::<T>() <= 16, "wmem aligns as malloc does");
    assert!(size_of::<T>() != 0, "what has no size needs no memory");
}

/// A value with its type in front, so that what comes back through a `void *` is what was put in.
#[repr(C)]
struct Tagged<T> {
    tag: TypeId,
    /// For [`FileRef`](self::file::FileRef): one more than its number; 0: it has none.
    number: Cell<u32>,
    value: T,
}

/// `value` in memory that lives until the file is closed.
pub(crate) fn tag<'p, T: 'static>(_: File<'p>, value: T) -> (*mut c_void, &'p T) {
    const {
        assert!(
            !needs_drop::<T>(),
            "nobody drops what lives in Wireshark's memory"
        )
    };
    const {
        assert!(size_of::<T>() != 0, "what has no size needs no memory");
        fits::<Tagged<T>>();
    };
    // SAFETY: fresh memory of the right size and alignment, written before it is read, freed by nobody
    // before the file is closed.
    unsafe {
        let raw: *mut Tagged<T> = sys::as_file_alloc(size_of::<Tagged<T>>()).cast();
        raw.write(Tagged {
            tag: TypeId::of::<T>(),
            number: Cell::new(0),
            value,
        });
        (raw.cast(), &(*raw).value)
    }
}

/// The number of what [`tag`] made.
///
/// # Safety
/// `raw` is NULL or came from [`tag`], and its file is still open.
pub(super) unsafe fn number<'p>(raw: *mut c_void) -> Option<&'p Cell<u32>> {
    // SAFETY: the caller's promise; what stands before the value is the same for all types.
    unsafe { raw.cast::<Tagged<()>>().as_ref() }.map(|tagged| &tagged.number)
}

/// What [`tag`] made, if it is a `T`.
///
/// # Safety
/// `raw` is NULL or came from [`tag`], and its file is still open.
pub(crate) unsafe fn untag<'p, T: 'static>(raw: *mut c_void) -> Option<&'p T> {
    let tag: *const TypeId = raw.cast();
    // SAFETY: the caller's promise: what is not NULL begins with its tag.
    if raw.is_null() || unsafe { *tag } != TypeId::of::<T>() {
        return None;
    }
    // SAFETY: the tag says that it is a `Tagged<T>`, of an open file.
    Some(unsafe { &(*raw.cast::<Tagged<T>>()).value })
}
