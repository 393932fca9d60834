//! Which capture is open: the token that says so, and its number.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};

/// Which capture is open, by number: what is done once a capture notes it.
static FILE: AtomicU32 = AtomicU32::new(1);

/// Another capture is opened, or this one is closed.
pub(in crate::epan) fn next() {
    FILE.fetch_add(1, Ordering::Relaxed);
    LATEST.store(0, Ordering::Relaxed);
}

/// The last frame that was dissected for the first time; 0: none.
static LATEST: AtomicU32 = AtomicU32::new(0);

/// A frame is dissected for the first time.
pub(in crate::epan) fn read(frame: u32) {
    LATEST.store(frame, Ordering::Relaxed);
}

/// The latest frame that was dissected; 0: none of this file.
#[must_use]
pub fn latest_frame() -> u32 {
    LATEST.load(Ordering::Relaxed)
}

/// See [`FILE`].
pub(in crate::epan) fn current() -> u32 {
    FILE.load(Ordering::Relaxed)
}

/// A capture is open, for as long as the packet lives that says so.
#[derive(Clone, Copy)]
pub struct File<'p>(PhantomData<(&'p (), *const ())>);

impl File<'_> {
    /// Only of a packet that is being dissected.
    pub(in crate::epan) const fn new() -> Self {
        Self(PhantomData)
    }
}
