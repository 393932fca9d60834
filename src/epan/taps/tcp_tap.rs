//! What a report hears that listens to frames: every TCP segment (bare SYN, ACK, FIN and RST too) and every record of a
//! tap of ours, of the frames that pass its filter.

use core::marker::PhantomData;
use core::slice;

use super::tap::{Payload, payload};
use crate::epan::guard::sys;

/// A flag of TCP: nothing comes after this.
pub const FIN: u8 = 1;
/// The flag that opens a connection.
pub const SYN: u8 = 2;
/// The flag that ends a connection at once.
pub const RST: u8 = 4;
/// The flag that says the acknowledgement number counts.
pub const ACK: u8 = 16;

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
    /// TCP's flags: [`FIN`], [`SYN`], [`RST`], [`ACK`] and others.
    pub flags: u16,
    /// Its sender says by a SACK block that the bytes up to there, as on the wire, came twice; 0: none.
    pub twice: u32,
    /// The frame was cut.
    pub is_cut: bool,
    /// The frame was marked as a copy.
    pub is_copy: bool,
    /// Its first bytes, up to 8; none where they were not captured.
    pub head: &'p [u8],
    /// Nanoseconds since 1970.
    pub time: i64,
    /// When the capture started, likewise.
    pub start: i64,
}

/// What the tap of frames carries; it comes last of all in each frame. `P` is what the tap `aerospike` carries.
pub struct Frames<P>(PhantomData<fn() -> P>);

impl<P: Payload> Payload for Frames<P> {
    type At<'p> = Frame<'p, P>;
}

/// A frame, and what was heard of it. Only C makes one.
#[repr(transparent)]
pub struct Frame<'p, P> {
    raw: sys::as_tapped_frame,
    _packet: PhantomData<&'p u8>,
    _record: PhantomData<fn() -> P>,
}

impl<P> Clone for Frame<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Frame<'_, P> {}

/// One thing that was heard.
#[derive(Clone, Copy)]
pub enum Heard<'p, P: Payload> {
    /// A TCP segment.
    Segment(TcpSegment<'p>),
    /// A record of the tap `aerospike`.
    Record(P::At<'p>),
}

impl<'p, P: Payload> Frame<'p, P> {
    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.raw.number
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn time(&self) -> i64 {
        self.raw.time
    }

    /// When the capture started, likewise.
    #[must_use]
    pub const fn start(&self) -> i64 {
        self.raw.start
    }

    /// What was heard: segments before the records in them.
    pub fn heard(&self) -> impl Iterator<Item = Heard<'p, P>> {
        let held: &'p [sys::as_held] = if self.raw.held.is_null() {
            &[]
        } else {
            // SAFETY: C made the frame; what it holds lives as long as the packet.
            unsafe { slice::from_raw_parts(self.raw.held, self.raw.n_held as usize) }
        };
        held.iter().filter_map(|held| {
            if held.record.is_null() {
                // SAFETY: as above.
                return Some(Heard::Segment(unsafe { segment(&held.tcp) }));
            }
            // SAFETY: C hears the tap `aerospike` alone, and the record lives as long as the packet.
            unsafe { payload::<P>(held.record) }.map(Heard::Record)
        })
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

/// # Safety
/// The addresses are there.
unsafe fn segment(raw: &sys::as_tcp) -> TcpSegment<'_> {
    // SAFETY: the caller's promise.
    let (source, destination) = unsafe {
        (
            bytes(raw.source, raw.source_length),
            bytes(raw.destination, raw.destination_length),
        )
    };
    TcpSegment {
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
        is_copy: raw.copy != 0,
        head: raw.head.get(..usize::from(raw.n_head)).unwrap_or_default(),
        time: raw.time,
        start: raw.start,
    }
}
