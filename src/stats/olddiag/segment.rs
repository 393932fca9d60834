//! A TCP segment and its ends.

use core::fmt;

use crate::track::record::Host;

/// A millisecond in nanoseconds.
pub const MS: i64 = 1_000_000;

/// One end of a connection; port 0: all of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct End {
    address: [u8; 16],
    length: u8,
    /// The port.
    pub port: u16,
}

impl End {
    /// By address and port.
    #[must_use]
    pub fn new(address: &[u8], port: u16) -> Self {
        let mut end = Self {
            port,
            ..Self::default()
        };
        for (to, from) in end.address.iter_mut().zip(address) {
            *to = *from;
            end.length += 1;
        }
        end
    }

    /// The host alone.
    #[must_use]
    pub const fn host(self) -> Self {
        Self { port: 0, ..self }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.get(..usize::from(self.length)).unwrap_or_default();
        match self.port {
            0 => Host(address).fmt(f),
            port if self.length == 16 => write!(f, "[{}]:{port}", Host(address)),
            port => write!(f, "{}:{port}", Host(address)),
        }
    }
}

/// Up to four ends, and how many more.
#[must_use]
pub fn names(ends: &[End]) -> String {
    let shown: Vec<String> = ends.iter().take(4).map(End::to_string).collect();
    let more = match ends.len().saturating_sub(4) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.join(", ") + &more
}

/// TCP's flags.
pub const FIN: u16 = 1;
/// See above.
pub const SYN: u16 = 2;
/// See above.
pub const RST: u16 = 4;
/// See above.
pub const ACK: u16 = 16;

/// A segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// The frame.
    pub frame: u32,
    /// Who sent it.
    pub from: End,
    /// To whom.
    pub to: End,
    /// TCP's flags.
    pub flags: u16,
    /// The sequence number.
    pub seq: u32,
    /// The acknowledgement number.
    pub ack: u32,
    /// Bytes of payload.
    pub length: u32,
    /// The window.
    pub window: u32,
}

impl Segment {
    /// Whether it has one of the flags.
    #[must_use]
    pub const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}
