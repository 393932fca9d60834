//! A tap: where the dissectors hand over plain copies for those who count. Nothing is made while nobody listens.

use core::ffi::CStr;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void};

use crate::epan::guard::sys;
use crate::epan::memory::MOST_TAPPED;
use crate::epan::packet::Packet;

/// What a tap carries, for as long as a packet lives.
pub trait Payload: 'static {
    /// The record itself.
    type At<'p>: Copy;
}

/// A tap by its name: a static, filled with its id when Wireshark starts. Nobody else queues to this name, so what
/// comes out of it is what was put in.
pub struct Tap<P: Payload> {
    id: AtomicI32,
    name: &'static CStr,
    _payload: PhantomData<fn() -> P>,
}

impl<P: Payload> Tap<P> {
    /// By its name.
    #[must_use]
    pub const fn new(name: &'static CStr) -> Self {
        Self {
            id: AtomicI32::new(-1),
            name,
            _payload: PhantomData,
        }
    }

    /// Registers it.
    pub fn register(&self) {
        // SAFETY: the name is static.
        let id = unsafe { sys::as_register_tap(self.name.as_ptr()) };
        self.id.store(id, Ordering::Relaxed);
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn has_listener(&self) -> bool {
        // SAFETY: looks through a list by number.
        unsafe { sys::as_has_listener(self.id.load(Ordering::Relaxed)) != 0 }
    }

    /// Hands over a record, a copy of which lives as long as the packet.
    pub fn queue<'p>(&self, packet: Packet<'p>, record: P::At<'p>) {
        let state = packet.state();
        if packet.is_aside() {
            return;
        }
        if state.tapped.get() >= MOST_TAPPED {
            state.missing.set(state.missing.get().saturating_add(1));
            return;
        }
        state.tapped.set(state.tapped.get() + 1);
        let record: *const c_void = packet.keep(&[record]).as_ptr().cast();
        // SAFETY: the packet is alive; the copy lives until the listeners have had it.
        unsafe {
            sys::as_queue(
                self.id.load(Ordering::Relaxed) as c_int,
                packet.info.as_ptr(),
                record,
            )
        };
    }

    pub(crate) const fn name(&self) -> &'static CStr {
        self.name
    }
}

/// The record behind a listener's pointer.
///
/// # Safety
/// `raw` was queued to a `Tap<P>` for the packet that `'p` is.
pub(crate) unsafe fn payload<'p, P: Payload>(raw: *const c_void) -> Option<P::At<'p>> {
    // SAFETY: the caller's promise: NULL or a record of this type.
    unsafe { raw.cast::<P::At<'p>>().as_ref() }.copied()
}
