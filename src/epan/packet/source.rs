//! The bytes of one of a packet's data sources.

use core::ptr::NonNull;

use libc::c_int;

use crate::epan::guard::{Guarded, check, sys};
use crate::epan::memory;

/// The bytes of one data source (`tvbuff_t`): what was captured, and how long it was on the wire.
#[derive(Clone, Copy)]
pub struct Source<'p> {
    pub(crate) tvb: NonNull<sys::tvbuff_t>,
    bytes: &'p [u8],
    reported: usize,
}

impl<'p> Source<'p> {
    /// # Safety
    /// `tvb` lives for `'p`.
    pub(crate) unsafe fn new(tvb: NonNull<sys::tvbuff_t>) -> Self {
        let (mut captured, mut reported) = (0, 0);
        // SAFETY: the caller's promise; C writes two numbers.
        let data = unsafe { sys::as_tvb_bytes(tvb.as_ptr(), &mut captured, &mut reported) };
        Self {
            tvb,
            // SAFETY: so many bytes were captured, and the buffer keeps them for 'p.
            bytes: unsafe { memory::slice(data, captured) },
            reported: usize::try_from(reported).unwrap_or(0),
        }
    }

    /// A buffer of which nobody reads the bytes.
    ///
    /// # Safety
    /// `tvb` lives for `'p`.
    pub(crate) const unsafe fn unread(tvb: NonNull<sys::tvbuff_t>) -> Self {
        Self {
            tvb,
            bytes: &[],
            reported: 0,
        }
    }

    /// What was captured.
    #[must_use]
    pub const fn bytes(self) -> &'p [u8] {
        self.bytes
    }

    /// How long it was on the wire; more than `bytes` where the capture was cut.
    #[must_use]
    pub const fn reported_length(self) -> usize {
        self.reported
    }

    /// Whether the capture holds less than was on the wire.
    #[must_use]
    pub const fn is_cut(self) -> bool {
        self.bytes.len() < self.reported
    }

    /// Lets Wireshark say in its own words why the rest is missing (cut by the capture, not reassembled):
    /// throws if something is. The last call of a dissection.
    ///
    /// # Errors
    /// Always when the source is cut.
    pub fn throw_if_cut(self) -> Guarded {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::Alive::new();
        if !self.is_cut() {
            return Ok(());
        }
        let offset = c_int::try_from(self.bytes.len()).unwrap_or(c_int::MAX);
        let length = c_int::try_from(self.reported.saturating_sub(self.bytes.len())).unwrap_or(c_int::MAX);
        // SAFETY: the buffer is alive for 'p.
        check(unsafe { sys::as_throw_missing(self.tvb.as_ptr(), offset, length) })
    }

    /// Where `part` begins in this source, and its length; `(0, 0)` for bytes from elsewhere.
    pub(crate) fn locate(self, part: &[u8]) -> (c_int, c_int) {
        let base = self.bytes.as_ptr() as usize;
        let start = (part.as_ptr() as usize).wrapping_sub(base);
        match start.checked_add(part.len()) {
            Some(end) if end <= self.bytes.len() => (
                c_int::try_from(start).unwrap_or(0),
                c_int::try_from(part.len()).unwrap_or(0),
            ),
            _ => (0, 0),
        }
    }
}
