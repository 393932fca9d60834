//! Counts what Rust allocates while a capture is open, and what is parsed, for tests: dissecting takes its memory from
//! Wireshark alone, and parses a message once. The counts go to standard error when a capture is closed.

use core::sync::atomic::{AtomicU64, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

use crate::wire::ground::count::{MESSAGES, WALKS};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: what the caller promises is what the system asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, data: *mut u8, layout: Layout) {
        // SAFETY: what the caller promises is what the system asks for.
        unsafe { System.dealloc(data, layout) };
    }

    unsafe fn realloc(&self, data: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: what the caller promises is what the system asks for.
        unsafe { System.realloc(data, layout, size) }
    }
}

/// A capture is opened.
pub(in crate::epan) fn start() {
    ALLOCATIONS.store(0, Ordering::Relaxed);
}

/// A capture is closed.
pub(in crate::epan) fn report() {
    let count = ALLOCATIONS.swap(0, Ordering::Relaxed);
    eprintln!("aerospike: {count} allocations");
    eprintln!(
        "aerospike: {} messages parsed, {} walks for what they say",
        MESSAGES.take(),
        WALKS.take()
    );
}
