//! Memory that Wireshark owns: for a packet, or until the file is closed. Nothing in it needs dropping.

use core::any::TypeId;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::mem::{align_of, needs_drop, size_of};
use core::ptr::NonNull;

use super::sys;

/// Counters of one dissection of one frame, shared by everything of ours in it.
#[repr(C)]
pub struct FrameState {
    /// Items added to the tree.
    pub items: Cell<u32>,
    /// Items that the budget refused.
    pub refused: Cell<u32>,
    /// Messages dissected, of all protocols: the ordinal of the next one.
    pub messages: Cell<u32>,
    /// Lines written to the Info column.
    pub lines: Cell<u32>,
}

/// The state of the frame under dissection, made at the first call.
pub(crate) fn frame_state<'p>(info: NonNull<sys::packet_info>) -> &'p FrameState {
    // SAFETY: zeroed memory of the packet's pool, big enough and aligned as malloc's; all zero is a valid
    // FrameState; nobody else uses this key.
    unsafe {
        let state = sys::as_packet_state(info.as_ptr(), size_of::<FrameState>());
        &*state.cast::<FrameState>()
    }
}

/// A slice from C; NULL or a length below 1 is empty.
///
/// # Safety
/// `data` points to `length` bytes that live for `'p`.
pub(crate) unsafe fn slice<'p>(data: *const u8, length: c_int) -> &'p [u8] {
    match usize::try_from(length) {
        Ok(length) if length > 0 && !data.is_null() => core::slice::from_raw_parts(data, length),
        _ => &[],
    }
}

/// A value with its type in front, so that what comes back through a `void *` is what was put in.
#[repr(C)]
struct Tagged<T> {
    tag: TypeId,
    value: T,
}

/// `value` in memory that lives until the file is closed.
pub(crate) fn tagged<'p, T: 'static>(value: T) -> (*mut c_void, &'p T) {
    const {
        assert!(
            !needs_drop::<T>(),
            "nobody drops what lives in Wireshark's memory"
        )
    };
    const { assert!(align_of::<Tagged<T>>() <= 16, "wmem aligns as malloc does") };
    // SAFETY: fresh memory of the right size and alignment, written before it is read, freed by nobody
    // before the file is closed.
    unsafe {
        let raw: *mut Tagged<T> = sys::as_file_alloc(size_of::<Tagged<T>>()).cast();
        raw.write(Tagged {
            tag: TypeId::of::<T>(),
            value,
        });
        (raw.cast(), &(*raw).value)
    }
}

/// What [`tagged`] made, if it is a `T`.
///
/// # Safety
/// `raw` is NULL or came from [`tagged`], and its file is still open.
pub(crate) unsafe fn untag<'p, T: 'static>(raw: *mut c_void) -> Option<&'p T> {
    let tag: *const TypeId = raw.cast();
    if raw.is_null() || *tag != TypeId::of::<T>() {
        return None;
    }
    Some(&(*raw.cast::<Tagged<T>>()).value)
}
