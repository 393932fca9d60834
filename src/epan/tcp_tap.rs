//! What a report may hear beside its own tap: every TCP segment (bare SYN, ACK, FIN and RST too), every record of a tap
//! of ours, and the moment before tables are drawn. Nothing of it knows the report's filter.

use core::ffi::c_void;
use core::slice;

use once_cell::sync::OnceCell;

use super::entry::caught;
use super::sys;
use super::tap::{Payload, payload};

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
    /// The sequence number as those above TCP are told it.
    pub relative: u32,
    /// Bytes of payload.
    pub length: u32,
    /// The window, scaled where the scale is known.
    pub window: u32,
    /// TCP's flags.
    pub flags: u16,
    /// Its sender says by a SACK block that the bytes up to there, as on the wire, came twice; 0: none.
    pub twice: u32,
    /// The frame was cut.
    pub is_cut: bool,
    /// Its first bytes, up to 8; none where they were not captured.
    pub head: &'p [u8],
    /// Nanoseconds since 1970.
    pub time: i64,
    /// When the capture started, likewise.
    pub start: i64,
}

/// Who hears; functions that borrow nothing.
#[derive(Clone, Copy)]
struct Callbacks {
    segment: fn(&TcpSegment<'_>),
    /// To be called with what was queued to the tap `aerospike`.
    record: unsafe fn(*const c_void),
    draw: fn(),
}

/// Who receives what is gathered.
pub trait Gather<P: Payload> {
    /// A TCP segment.
    fn segment(segment: &TcpSegment<'_>);
    /// A record of the tap `aerospike`.
    fn record(record: &P::At<'_>);
    /// Tables are about to be drawn.
    fn draw();
}

static CALLBACKS: OnceCell<Callbacks> = OnceCell::new();

/// Begins to gather for the first `G` that ever asked; again: changes nothing. `P` is what the tap `aerospike` carries.
pub fn start<P: Payload, G: Gather<P>>() {
    CALLBACKS.get_or_init(|| Callbacks {
        segment: G::segment,
        record: |raw| {
            // SAFETY: the caller's promise.
            if let Some(record) = unsafe { payload::<P>(raw) } {
                G::record(&record);
            }
        },
        draw: G::draw,
    });
    let listeners = sys::as_gathering {
        segment: Some(segment),
        record: Some(record),
        draw: Some(draw),
    };
    // SAFETY: functions that do not unwind; C copies the table.
    unsafe { sys::as_gather(&listeners) };
}

/// Asks to be told before what is open now is drawn. While a packet is tapped.
pub fn before_drawing() {
    // SAFETY: adds a listener in front of the list that Wireshark walks.
    unsafe { sys::as_gather_draw() };
}

/// Ends it. Not while Wireshark walks the listeners.
pub fn end() {
    // SAFETY: removes what was registered.
    unsafe { sys::as_gather_end() };
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

unsafe extern "C" fn record(raw: *const c_void) {
    caught((), || {
        #[cfg(feature = "soundness")]
        let _alive = super::soundness::pass(super::soundness::Point::Tap);
        if let Some(callbacks) = CALLBACKS.get() {
            // SAFETY: C hears that tap alone; the record lives during the call.
            unsafe { (callbacks.record)(raw) };
        }
    });
}

unsafe extern "C" fn draw() {
    caught((), || {
        if let Some(callbacks) = CALLBACKS.get() {
            (callbacks.draw)();
        }
    });
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
        if let Some(callbacks) = CALLBACKS.get() {
            (callbacks.segment)(&TcpSegment {
                source: (source, raw.source_port),
                destination: (destination, raw.destination_port),
                frame: raw.frame,
                stream: raw.stream,
                seq: raw.seq,
                ack: raw.ack,
                relative: raw.relative,
                length: raw.length,
                window: raw.window,
                flags: raw.flags,
                twice: raw.twice,
                is_cut: raw.cut != 0,
                head: raw.head.get(..usize::from(raw.n_head)).unwrap_or_default(),
                time: raw.time,
                start: raw.start,
            });
        }
    });
}
