//! Memory that Wireshark owns: for a packet, or until the file is closed. Nothing in it needs dropping.

use core::any::TypeId;
use core::cell::Cell;
use core::mem::{align_of, needs_drop, size_of};
use core::ptr::NonNull;

use libc::{c_int, c_void};

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
    /// The next line of the Info column belongs to the last one.
    pub line_is_open: Cell<u32>,
    /// Whether somebody asks for expert items as such.
    pub(crate) experts_heard: Cell<Answered>,
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
    // SAFETY: the caller's promise: what is not NULL begins with its tag.
    if raw.is_null() || unsafe { *tag } != TypeId::of::<T>() {
        return None;
    }
    // SAFETY: the tag says that it is a `Tagged<T>`, of an open file.
    Some(unsafe { &(*raw.cast::<Tagged<T>>()).value })
}

/// A growing array in memory that Wireshark frees when the file is closed. Read and written by copy, so that
/// growth leaves nothing dangling.
pub struct FileVec<T: Copy + 'static> {
    data: Cell<*mut T>,
    length: Cell<u32>,
    capacity: Cell<u32>,
}

impl<T: Copy + 'static> Default for FileVec<T> {
    fn default() -> Self {
        Self {
            data: Cell::new(core::ptr::null_mut()),
            length: Cell::new(0),
            capacity: Cell::new(0),
        }
    }
}

impl<T: Copy + 'static> FileVec<T> {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.length.get()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<T> {
        // SAFETY: elements below the length were written.
        (index < self.len()).then(|| unsafe { *self.data.get().add(index as usize) })
    }

    /// Replaces the element at `index`; nothing happens where there is none.
    pub fn set(&self, index: u32, value: T) {
        if index < self.len() {
            // SAFETY: the element is inside the array; nobody holds a reference into it.
            unsafe { self.data.get().add(index as usize).write(value) };
        }
    }

    /// Appends; returns the element's index. At 2^32 - 1 elements nothing is added.
    pub fn push(&self, value: T) -> u32 {
        let index = self.len();
        if index == self.capacity.get() && !self.grow() {
            return index;
        }
        // SAFETY: there is room at `index`.
        unsafe { self.data.get().add(index as usize).write(value) };
        self.length.set(index + 1);
        index
    }

    fn grow(&self) -> bool {
        let old = self.capacity.get();
        let capacity = old.saturating_add(old / 2).max(4);
        let Some(bytes) = (capacity as usize)
            .checked_mul(size_of::<T>())
            .filter(|_| capacity > old)
        else {
            return false;
        };
        // SAFETY: wmem keeps the old bytes; it aborts rather than return NULL.
        let data = unsafe { sys::as_file_realloc(self.data.get().cast(), bytes) };
        self.data.set(data.cast());
        self.capacity.set(capacity);
        true
    }

    /// Takes over the elements of `other`; what was here is given back.
    pub fn replace(&self, other: Self) {
        let old = self.data.replace(other.data.get());
        self.length.set(other.length.get());
        self.capacity.set(other.capacity.get());
        // SAFETY: the old array came from the same scope, and nobody holds a reference into it.
        unsafe { sys::as_file_free(old.cast()) };
    }

    /// The first index from which on `holds` is true, for elements ordered that way.
    pub fn partition_point(&self, holds: impl Fn(&T) -> bool) -> u32 {
        self.partition_point_from(0, holds)
    }

    /// The same of the elements from `first` on.
    pub fn partition_point_from(&self, first: u32, holds: impl Fn(&T) -> bool) -> u32 {
        let (mut low, mut high) = (first, self.len().max(first));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(|element| holds(&element)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// Orders the elements from `first` on by a key.
    pub fn sort_from<K: Ord>(&self, first: u32, key: impl Fn(&T) -> K) {
        let count = self.len().saturating_sub(first);
        if count > 1 {
            // SAFETY: the elements are inside the array; nobody else holds a reference into it.
            let tail = unsafe {
                core::slice::from_raw_parts_mut(self.data.get().add(first as usize), count as usize)
            };
            tail.sort_unstable_by_key(key);
        }
    }
}

/// Bytes in a [`FileArena`]: a pointer to their length (16 bits) and themselves.
#[derive(Clone, Copy)]
pub struct FileSlice(*const u8);

impl FileSlice {
    /// The bytes, for as long as the packet is dissected (the file is open that long).
    #[must_use]
    pub fn get<'p>(self, _: super::Packet<'p>) -> &'p [u8] {
        // SAFETY: made by `FileArena::copy` alone, never moved or written again. It lives until the file is closed,
        // which cannot happen while a packet is dissected; copies live only inside file memory and in state that is
        // cleared with it.
        unsafe {
            let length = u16::from_ne_bytes([*self.0, *self.0.add(1)]);
            core::slice::from_raw_parts(self.0.add(2), usize::from(length))
        }
    }
}

/// Room for many small pieces of bytes that live until the file is closed and never move.
pub struct FileArena {
    next: Cell<*mut u8>,
    left: Cell<usize>,
}

impl Default for FileArena {
    fn default() -> Self {
        Self {
            next: Cell::new(core::ptr::null_mut()),
            left: Cell::new(0),
        }
    }
}

impl FileArena {
    const BLOCK: usize = 4096;

    /// A copy of the parts, one behind the other; what goes beyond 65,535 bytes is left out.
    pub fn copy(&self, parts: &[&[u8]]) -> FileSlice {
        let mut length = 0u16;
        for part in parts {
            length = length.saturating_add(u16::try_from(part.len()).unwrap_or(u16::MAX));
        }
        let size = usize::from(length) + 2;
        if self.left.get() < size {
            let block = size.max(Self::BLOCK);
            // SAFETY: wmem aborts rather than return NULL.
            self.next.set(unsafe { sys::as_file_alloc(block).cast() });
            self.left.set(block);
        }
        let start = self.next.get();
        // SAFETY: `size` bytes from `start` on are inside the block and nobody else's.
        unsafe {
            core::ptr::copy_nonoverlapping(length.to_ne_bytes().as_ptr(), start, 2);
            let mut at = 2;
            for part in parts {
                let room = part.len().min(size - at);
                core::ptr::copy_nonoverlapping(part.as_ptr(), start.add(at), room);
                at += room;
            }
            self.next.set(start.add(size));
        }
        self.left.set(self.left.get() - size);
        FileSlice(start)
    }
}

/// A value that lives until the file is closed, to be kept in other such memory.
pub struct FileRef<T: 'static>(NonNull<T>);

impl<T: 'static> Clone for FileRef<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for FileRef<T> {}

impl<T: 'static> FileRef<T> {
    /// Only of what [`tagged`] made.
    pub(crate) fn new(value: &T) -> Self {
        Self(NonNull::from(value))
    }

    /// The value, for as long as the packet is dissected (the file is open that long).
    #[must_use]
    pub fn get<'p>(self, _: super::Packet<'p>) -> &'p T {
        // SAFETY: made by `tagged`, which lives until the file is closed; references like this one live only
        // inside file memory and in state that is cleared with it.
        unsafe { self.0.as_ref() }
    }
}

/// What is kept of the capture as a whole: one value, made at the first call, forgotten when the file is closed.
pub struct CaptureState<T: Default + 'static> {
    raw: core::sync::atomic::AtomicPtr<c_void>,
    _kind: core::marker::PhantomData<fn() -> T>,
}

impl<T: Default + 'static> CaptureState<T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            raw: core::sync::atomic::AtomicPtr::new(core::ptr::null_mut()),
            _kind: core::marker::PhantomData,
        }
    }

    /// The value of the open capture.
    pub fn get<'p>(&self, _: super::Packet<'p>) -> &'p T {
        let ordering = core::sync::atomic::Ordering::Relaxed;
        // SAFETY: set below from `tagged`, cleared when the file is closed.
        let known = unsafe { untag(self.raw.load(ordering)) };
        known.unwrap_or_else(|| {
            let (raw, reference) = tagged(T::default());
            self.raw.store(raw, ordering);
            reference
        })
    }

    /// The file is closed: its memory is gone.
    pub fn forget(&self) {
        self.raw
            .store(core::ptr::null_mut(), core::sync::atomic::Ordering::Relaxed);
    }
}

impl<T: Default + 'static> Default for CaptureState<T> {
    fn default() -> Self {
        Self::new()
    }
}
