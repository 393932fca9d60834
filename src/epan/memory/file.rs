//! Memory that Wireshark frees when the file is closed. It is taken with a [`File`], which only a [`Packet`] hands
//! out, and knows the file it was taken in: when that is closed, a list is empty and a state is made again.
//!
//! Nothing is given back or moved before: what is given back lands in a list of free pieces, which Wireshark's
//! allocator walks at every later allocation of anybody. So lists grow in segments, each twice as long as the one
//! before.
//!
//! [`Packet`]: crate::epan::Packet

use core::cell::Cell;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use libc::c_void;

use super::scope::current;
use super::{tag, untag};
use crate::epan::guard::sys;
use crate::epan::memory;

pub use super::scope::File;

/// `size` bytes, not zeroed: pages that nobody writes to cost nothing.
fn room(_: File<'_>, size: usize) -> *mut c_void {
    // SAFETY: a file is open; wmem aborts rather than return NULL.
    unsafe { sys::as_file_room(size) }
}

/// Elements of the first segment; each further one has twice as many as the one before.
const FIRST: u32 = 4;
/// Segments that the first directory has room for.
const SOME: usize = 4;
/// Segments for as many elements as are counted: [`MOST`].
const ALL: usize = 30;
/// Elements of all segments.
const MOST: u32 = u32::MAX - (FIRST - 1);

/// The segment of an element, and its place there.
const fn place(index: u32) -> (usize, usize) {
    let shifted = index as u64 + FIRST as u64;
    let segment = shifted.ilog2() - FIRST.ilog2();
    (segment as usize, (shifted - ((FIRST as u64) << segment)) as usize)
}

/// A growing list in memory of the open file; of a file that is closed it is empty. Read and written by copy, and
/// elements never move.
pub struct FileVec<T: Copy + 'static> {
    /// Pointers to the segments.
    directory: Cell<*mut *mut T>,
    length: Cell<u32>,
    /// Elements that the segments have room for.
    capacity: Cell<u32>,
    file: Cell<u32>,
}

impl<T: Copy + 'static> Default for FileVec<T> {
    fn default() -> Self {
        const { memory::fits::<T>() };
        Self {
            directory: Cell::new(core::ptr::null_mut()),
            length: Cell::new(0),
            capacity: Cell::new(0),
            file: Cell::new(0),
        }
    }
}

impl<T: Copy + 'static> FileVec<T> {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> u32 {
        if self.file.get() == current() {
            self.length.get()
        } else {
            0
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where an element is.
    ///
    /// # Safety
    /// `index` is below the capacity, and the file is open.
    unsafe fn slot(&self, index: u32) -> *mut T {
        let (segment, place) = place(index);
        // SAFETY: the directory has a pointer for each segment that the capacity counts, and the segment has room for
        // the element.
        unsafe { (*self.directory.get().add(segment)).add(place) }
    }

    /// The element at `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<T> {
        // SAFETY: elements below the length were written, in the file that is open.
        (index < self.len()).then(|| unsafe { self.slot(index).read() })
    }

    /// Replaces the element at `index`; nothing happens where there is none.
    pub fn set(&self, index: u32, value: T) {
        if index < self.len() {
            // SAFETY: as above; nobody holds a reference into the list.
            unsafe { self.slot(index).write(value) };
        }
    }

    /// Appends; returns the element's index. Where all are taken (2^32 - 4) nothing is added.
    pub fn push(&self, file: File<'_>, value: T) -> u32 {
        let index = self.len();
        if self.file.get() != current() {
            // What there was is gone with its file.
            self.capacity.set(0);
            self.file.set(current());
        }
        if index >= self.capacity.get() {
            if index >= MOST {
                return index;
            }
            self.grow(file);
        }
        // SAFETY: there is room at `index`, in the file that is open.
        unsafe { self.slot(index).write(value) };
        self.length.set(index + 1);
        index
    }

    /// Forgets all elements; their room stays for others.
    pub fn clear(&self) {
        self.length.set(0);
    }

    /// One more segment.
    fn grow(&self, file: File<'_>) {
        let capacity = self.capacity.get();
        let (segment, _) = place(capacity);
        if segment == 0 || segment == SOME {
            let count = if segment == 0 { SOME } else { ALL };
            let larger: *mut *mut T = room(file, count * size_of::<*mut T>()).cast();
            if segment > 0 {
                // SAFETY: the first directory is full, the new one larger and fresh.
                unsafe { core::ptr::copy_nonoverlapping(self.directory.get(), larger, segment) };
            }
            self.directory.set(larger);
        }
        let count = (FIRST as usize) << segment;
        let data = room(file, count.saturating_mul(size_of::<T>())).cast();
        // SAFETY: the directory has room for this one, as it was just made or does not begin a new one; there are at
        // most `ALL` segments, as the capacity is below `MOST`.
        unsafe { self.directory.get().add(segment).write(data) };
        self.capacity.set(capacity + (FIRST << segment));
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
}

/// Bytes in a [`FileArena`], by their place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSlice(u32);

/// A piece of an arena's memory: where it is, and how much from there on.
#[derive(Clone, Copy)]
struct Block {
    data: *const u8,
    size: u32,
}

/// Room for many small pieces of bytes, each with its length (16 bits) in front; they never move.
#[derive(Default)]
pub struct FileArena {
    /// One for every [`FileArena::BLOCK`] bytes.
    blocks: FileVec<Block>,
    /// What is taken of the last block.
    taken: Cell<usize>,
}

impl FileArena {
    const BLOCK: usize = 4096;
    /// Pieces begin at even places, so that 32 bits count 8 GiB.
    const STEP: usize = 2;

    /// A copy of the parts, one behind the other; what goes beyond 65,535 bytes is left out, and all of what an arena
    /// has no room for.
    pub fn copy(&self, file: File<'_>, parts: &[&[u8]]) -> FileSlice {
        let mut length = 0u16;
        for part in parts {
            length = length.saturating_add(u16::try_from(part.len()).unwrap_or(u16::MAX));
        }
        let size = usize::from(length) + 2;
        let last = self.blocks.len().checked_sub(1);
        let (number, block) = match last.and_then(|last| Some((last, self.blocks.get(last)?))) {
            Some((last, block)) if self.taken.get() + size <= block.size as usize => (last, block),
            _ => {
                self.taken.set(0);
                self.grow(file, size)
            }
        };
        let start = self.taken.get();
        let place = number as usize * (Self::BLOCK / Self::STEP) + start / Self::STEP;
        let Ok(place) = u32::try_from(place) else {
            return FileSlice(u32::MAX);
        };
        // SAFETY: `size` bytes from `start` on are inside the block and nobody else's.
        unsafe {
            let data = block.data.cast_mut().add(start);
            core::ptr::copy_nonoverlapping(length.to_ne_bytes().as_ptr(), data, 2);
            let mut at = 2;
            for part in parts {
                let room = part.len().min(size - at);
                core::ptr::copy_nonoverlapping(part.as_ptr(), data.add(at), room);
                at += room;
            }
        }
        // Of a piece in several blocks the last one may have room left.
        let behind = (self.blocks.len().saturating_sub(1) - number) as usize * Self::BLOCK;
        let end = (start + size).next_multiple_of(Self::STEP);
        self.taken.set(end.saturating_sub(behind));
        FileSlice(place)
    }

    /// A block for at least `size` bytes, and its number. What is longer than one has a number for each of its parts.
    fn grow(&self, file: File<'_>, size: usize) -> (u32, Block) {
        let size = size.next_multiple_of(Self::BLOCK);
        // SAFETY: a file is open; wmem aborts rather than return NULL.
        let data: *const u8 = unsafe { sys::as_file_alloc(size) }.cast();
        let part = |offset: usize| Block {
            data: data.wrapping_add(offset),
            size: u32::try_from(size - offset).unwrap_or(0),
        };
        let first = self.blocks.push(file, part(0));
        for offset in (Self::BLOCK..size).step_by(Self::BLOCK) {
            self.blocks.push(file, part(offset));
        }
        (first, part(0))
    }

    /// The bytes, for as long as the packet lives that says that the file is open.
    #[must_use]
    pub fn get<'p>(&self, _: File<'p>, slice: FileSlice) -> &'p [u8] {
        let blocks = (Self::BLOCK / Self::STEP) as u32;
        let start = (slice.0 % blocks) as usize * Self::STEP;
        let number = slice.0 / blocks;
        let Some(block) = self.blocks.get(number) else {
            return &[];
        };
        let mut size = block.size as usize;
        if number as usize + size / Self::BLOCK == self.blocks.len() as usize {
            size = size - Self::BLOCK + self.taken.get();
        }
        let left = size.saturating_sub(start);
        if left < 2 {
            return &[];
        }
        // SAFETY: inside what is taken of a block of the open file, which is never written again. Of a place that is
        // another arena's the length may be anything: it is cut.
        unsafe {
            let data = block.data.add(start);
            let length = usize::from(u16::from_ne_bytes([*data, *data.add(1)]));
            core::slice::from_raw_parts(data.add(2), length.min(left - 2))
        }
    }
}

/// A value of a conversation, to be kept in other memory of the file, by its number among all such.
pub struct FileRef<T: 'static>(u32, PhantomData<fn() -> T>);

impl<T: 'static> Clone for FileRef<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for FileRef<T> {}

/// What [`FileRef`]s refer to: what [`tag`] made.
static REFERENCES: CaptureState<FileVec<*mut c_void>> = CaptureState::new();

impl<T: 'static> FileRef<T> {
    /// Of what `number` keeps the number of.
    ///
    /// # Safety
    /// `raw` came from [`tag`] in the open file.
    pub(in crate::epan) unsafe fn new(file: File<'_>, raw: *mut c_void) -> Self {
        // SAFETY: the caller's promise.
        let number = unsafe { memory::number(raw) };
        if let Some(known) = number.and_then(|number| number.get().checked_sub(1)) {
            return Self(known, PhantomData);
        }
        let index = REFERENCES.get(file).push(file, raw);
        if let Some(number) = number {
            number.set(index.saturating_add(1));
        }
        Self(index, PhantomData)
    }

    /// A new value, that of nothing else.
    #[must_use]
    pub fn make(file: File<'_>) -> Self
    where
        T: Default,
    {
        let (raw, _) = tag(file, T::default());
        // SAFETY: just made, in the open file.
        unsafe { Self::new(file, raw) }
    }

    /// The value, for as long as the packet lives that says that the file is open.
    #[must_use]
    pub fn get<'p>(self, file: File<'p>) -> Option<&'p T> {
        let raw = REFERENCES.get(file).get(self.0)?;
        // SAFETY: listed above in the file that is open.
        unsafe { untag(raw) }
    }
}

/// What is kept of the capture as a whole: one value, made at the first call; made again in another file.
pub struct CaptureState<T: Default + 'static> {
    value: AtomicPtr<T>,
    file: AtomicU32,
}

impl<T: Default + 'static> CaptureState<T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            value: AtomicPtr::new(core::ptr::null_mut()),
            file: AtomicU32::new(0),
        }
    }

    /// The value of the open capture.
    pub fn get<'p>(&self, file: File<'p>) -> &'p T {
        if self.file.load(Ordering::Relaxed) == current() {
            // SAFETY: NULL, or set below, in the file that is open, where it lives as long as that.
            if let Some(known) = unsafe { self.value.load(Ordering::Relaxed).as_ref() } {
                return known;
            }
        }
        let (_, value) = tag(file, T::default());
        // Whoever gets it back reads it only.
        self.value
            .store(core::ptr::from_ref(value).cast_mut(), Ordering::Relaxed);
        self.file.store(current(), Ordering::Relaxed);
        value
    }
}

impl<T: Default + 'static> Default for CaptureState<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_double_and_leave_no_gap() {
        let mut expected = (0, 0);
        for index in 0..5000 {
            assert_eq!(place(index), expected, "{index}");
            expected.1 += 1;
            if expected.1 == (FIRST as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(place(MOST - 1), (ALL - 1, (1 << 31) - 1));
    }
}
