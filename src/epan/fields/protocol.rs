//! Protocols, as Wireshark lists them.

use core::ffi::CStr;
use core::sync::atomic::{AtomicI32, Ordering};

use libc::c_int;

use crate::epan::guard::sys;

/// A protocol that can be switched off under Enabled Protocols: a static, filled at start.
pub struct Protocol {
    pub(crate) id: AtomicI32,
    name: &'static CStr,
    short: &'static CStr,
    filter: &'static CStr,
    ett: AtomicI32,
}

impl Protocol {
    /// By its full name, its short name and its filter name.
    #[must_use]
    pub const fn new(name: &'static CStr, short: &'static CStr, filter: &'static CStr) -> Self {
        Self {
            id: AtomicI32::new(-1),
            name,
            short,
            filter,
            ett: AtomicI32::new(-1),
        }
    }

    /// Registers it.
    pub fn register(&'static self) {
        // SAFETY: the strings are static and end with NUL.
        let id = unsafe {
            sys::as_register_protocol(self.name.as_ptr(), self.short.as_ptr(), self.filter.as_ptr())
        };
        self.id.store(id, Ordering::Relaxed);
        // SAFETY: the cell is static; C writes one int.
        unsafe { sys::as_register_subtree(self.ett.as_ptr()) };
    }

    /// Whether the user left it on.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        // SAFETY: takes a protocol id that was registered.
        unsafe { sys::as_protocol_enabled(self.id()) != 0 }
    }

    pub(crate) fn id(&self) -> c_int {
        self.id.load(Ordering::Relaxed)
    }

    pub(crate) fn ett(&self) -> c_int {
        self.ett.load(Ordering::Relaxed)
    }

    /// The filter name.
    #[must_use]
    pub const fn filter(&self) -> &'static CStr {
        self.filter
    }
}
