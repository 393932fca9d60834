//! The tap of TCP, heard by those who must see bare SYN, ACK, FIN and RST.

use core::slice;
use std::sync::{Mutex, PoisonError};

use once_cell::sync::OnceCell;

use super::entry::caught;
use super::sys;

/// A TCP segment. Addresses live as long as the call.
#[derive(Clone, Copy)]
pub struct TcpSegment<'p> {
    /// Who sent it: address and port.
    pub source: (&'p [u8], u16),
    /// To whom.
    pub destination: (&'p [u8], u16),
    /// The frame.
    pub frame: u32,
    /// Wireshark's number of the connection.
    pub stream: u32,
    /// The sequence number of its first byte, as on the wire.
    pub seq: u32,
    /// The acknowledgement number, as on the wire.
    pub ack: u32,
    /// Bytes of payload.
    pub length: u32,
    /// The window, scaled where the scale is known.
    pub window: u32,
    /// TCP's flags.
    pub flags: u16,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// When the capture started, likewise.
    pub start: i64,
}

static HEARER: OnceCell<fn(&TcpSegment<'_>)> = OnceCell::new();
static LISTENERS: Mutex<u32> = Mutex::new(0);

/// Segments are heard while one of these lives. Made and dropped on the main thread, as all of Wireshark's taps.
pub struct Listening(());

impl Listening {
    /// Hands segments to `hearer`, the first that was ever given: those that pass the filter of the report of that
    /// number, as far as that is known.
    #[must_use]
    pub fn start(report: u8, hearer: fn(&TcpSegment<'_>)) -> Self {
        let _ = HEARER.set(hearer);
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        *listeners += 1;
        if *listeners == 1 {
            // SAFETY: a function that does not unwind; C checks the number.
            unsafe { sys::as_tcp_listen(Some(segment), sys::as_report_filter(report.into())) };
        }
        Self(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        *listeners = listeners.saturating_sub(1);
        if *listeners == 0 {
            // SAFETY: it was registered; not called while Wireshark walks the listeners: a report that is emptied
            // opens anew before the old one goes.
            unsafe { sys::as_tcp_unlisten() };
        }
    }
}

/// # Safety
/// `data` is null or `length` bytes are there.
unsafe fn bytes<'p>(data: *const u8, length: u32) -> &'p [u8] {
    if data.is_null() {
        &[]
    } else {
        // SAFETY: the caller's promise.
        unsafe { slice::from_raw_parts(data, length as usize) }
    }
}

unsafe extern "C" fn segment(raw: *const sys::as_tcp) {
    caught((), || {
        #[cfg(feature = "soundness")]
        let _alive = super::soundness::pass(super::soundness::Point::Tap);
        // SAFETY: C's record lives during the call.
        let (raw, source, destination) = unsafe {
            let raw = &*raw;
            (
                raw,
                bytes(raw.source, raw.source_length),
                bytes(raw.destination, raw.destination_length),
            )
        };
        if let Some(hearer) = HEARER.get() {
            hearer(&TcpSegment {
                source: (source, raw.source_port),
                destination: (destination, raw.destination_port),
                frame: raw.frame,
                stream: raw.stream,
                seq: raw.seq,
                ack: raw.ack,
                length: raw.length,
                window: raw.window,
                flags: raw.flags,
                time: raw.time,
                start: raw.start,
            });
        }
    });
}
