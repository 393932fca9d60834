//! What Wireshark's own windows show of the protocol: records among the endpoints, a stream as text, objects to export.
//! Nothing is made while nobody looks.

use core::ffi::CStr;
use std::sync::OnceLock;

use libc::{c_int, c_void};

use super::tap::{Payload, payload};
use crate::epan::fields::protocol::Protocol;
use crate::epan::guard::sys;
use crate::epan::packet::Packet;
use crate::epan::plugin::entry::caught;

/// Bytes of a record's address.
pub const ADDRESS: usize = 20;

/// Lists the records of what a tap carries: calls the function for each, with whether it is in an answer.
pub type Listed<P> = fn(&<P as Payload>::At<'_>, &mut dyn FnMut(&[u8; ADDRESS], bool));

/// The listener, with its payload's type forgotten: to be called with what was queued to its tap.
type Erased = Box<dyn Fn(*const c_void, &mut dyn FnMut(&[u8; ADDRESS], bool)) + Send + Sync>;

static ENDPOINTS: OnceLock<Erased> = OnceLock::new();

/// Registers the records that `listed` finds in the tap of `protocol`'s name as a tab of the endpoints, with `field` for
/// filters. The tap's payload has to be `P`.
pub fn endpoints<P: Payload>(protocol: &Protocol, field: &'static CStr, listed: Listed<P>) {
    let erased: Erased = Box::new(move |record, each| {
        // SAFETY: Wireshark calls the listener with what was queued to the tap of that name, which carries `P`.
        if let Some(record) = unsafe { payload::<P>(record) } {
            listed(&record, each);
        }
    });
    if ENDPOINTS.set(erased).is_ok() {
        // SAFETY: a registered protocol, a static name, a callback that lives as long as the program.
        unsafe { sys::as_register_endpoints(protocol.id(), field.as_ptr(), Some(endpoints_packet)) };
    }
}

unsafe extern "C" fn endpoints_packet(
    record: *const c_void,
    table: *mut c_void,
    info: *mut sys::packet_info,
) -> c_int {
    c_int::from(caught(false, || {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Tap);
        let mut any = false;
        if let Some(listed) = ENDPOINTS.get() {
            listed(record, &mut |digest, is_answer| {
                any = true;
                // SAFETY: table and packet are alive during the callback; the digest is copied.
                unsafe { sys::as_endpoint(table, info, digest.as_ptr(), c_int::from(is_answer)) };
            });
        }
        any
    }))
}

/// Registers the text of a stream and the objects to export.
pub fn register(protocol: &Protocol) {
    // SAFETY: takes a registered protocol.
    unsafe {
        sys::as_register_follow(protocol.id());
        sys::as_register_objects(protocol.id());
    }
}

/// Whether somebody follows a stream.
#[must_use]
pub fn is_followed() -> bool {
    // SAFETY: looks through a list by number.
    unsafe { sys::as_is_followed() != 0 }
}

/// Adds a line to the stream that is followed.
pub fn follow(packet: Packet<'_>, is_answer: bool, text: &str) {
    let text = packet.gather(text.len() + 1, text.bytes().chain([b'\n']));
    let line = packet.keep(&[sys::as_line {
        is_answer: c_int::from(is_answer),
        length: c_int::try_from(text.len()).unwrap_or(0),
        text: text.as_ptr().cast(),
    }]);
    // SAFETY: line and text live as long as the packet, until the listeners have had them.
    unsafe { sys::as_follow(packet.info.as_ptr(), line.as_ptr()) };
}

/// Whether somebody lists objects.
#[must_use]
pub fn are_objects_wanted() -> bool {
    // SAFETY: looks through a list by number.
    unsafe { sys::as_objects_wanted() != 0 }
}

/// An object: the name of its file (up to the first NUL) and its content.
pub fn object(packet: Packet<'_>, name: &[u8], data: &[u8]) {
    let name = packet.gather(name.len() + 1, name.iter().copied().chain([0]));
    let object = packet.keep(&[sys::as_object {
        name: name.as_ptr().cast(),
        data: data.as_ptr(),
        length: c_int::try_from(data.len()).unwrap_or(0),
    }]);
    // SAFETY: object, name and data live as long as the packet, until the listeners have had them.
    unsafe { sys::as_object_found(packet.info.as_ptr(), object.as_ptr()) };
}
