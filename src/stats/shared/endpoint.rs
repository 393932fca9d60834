//! Ends of connections and hosts, as they are compared and shown.

use core::fmt;

use crate::track::record::Host;

/// A millisecond in nanoseconds.
pub const MS: i64 = 1_000_000;
/// A second in nanoseconds.
pub const SECOND: i64 = 1000 * MS;

/// One end of a connection; port 0: all of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Endpoint {
    address: [u8; 16],
    length: u8,
    /// The port.
    pub port: u16,
}

impl Endpoint {
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

    /// The same host with another port.
    #[must_use]
    pub const fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Whether it is an IPv6 address.
    #[must_use]
    pub const fn is_v6(&self) -> bool {
        self.length == 16
    }

    fn bytes(&self) -> &[u8] {
        self.address.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Host(self.bytes());
        match self.port {
            0 => host.fmt(f),
            port if self.is_v6() => write!(f, "[{host}]:{port}"),
            port => write!(f, "{host}:{port}"),
        }
    }
}

/// Up to three of them, and how many more: `10.0.0.9, 10.0.0.8 (+298)`.
#[must_use]
pub fn names<T: fmt::Display>(list: &[T]) -> String {
    let shown: Vec<String> = list.iter().take(3).map(T::to_string).collect();
    match list.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} (+{more})", shown.join(", ")),
    }
}
