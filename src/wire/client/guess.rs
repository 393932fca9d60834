//! What bytes look like that are no proto header: the words for the report on them.

use core::fmt;

/// The peer that bytes at the start of a message seem to come from.
///
/// Source: client-protocol 1.3, internode-protocol 10
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuessedProtocol {
    /// A TLS ClientHello: a TLS client on a clear-text port.
    TlsClientHello,
    /// Another TLS record.
    TlsRecord,
    /// An HTTP request or response.
    Http,
    /// The banner of an SSH peer.
    Ssh,
    /// A command or answer of Redis (RESP).
    Redis,
    /// TPKT, the start of a remote desktop connection.
    Rdp,
    /// A heartbeat message between nodes.
    Heartbeat,
    /// The first message of a fabric connection.
    FabricHello,
    /// A message between nodes, of fabric most likely.
    Fabric,
    /// A PROXY protocol preamble of a load balancer.
    LoadBalancer,
    /// An info command as text, as typed into telnet or netcat.
    TextCommand,
    /// A proto header of a version, type or size that no server accepts.
    ProtoHeader,
    /// Zero bytes.
    Zeros,
    /// Nothing known: most likely bytes from the middle of a message.
    Unknown,
}

/// The name that the statistics still have for it.
pub use self::GuessedProtocol as Looks;

impl GuessedProtocol {
    /// The words for a report, such as `a TLS ClientHello`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TlsClientHello => "a TLS ClientHello",
            Self::TlsRecord => "a TLS record",
            Self::Http => "HTTP",
            Self::Ssh => "SSH",
            Self::Redis => "Redis",
            Self::Rdp => "a remote desktop (TPKT) connection",
            Self::Heartbeat => "an Aerospike heartbeat message",
            Self::FabricHello => "the hello of an Aerospike fabric connection",
            Self::Fabric => "an Aerospike fabric message",
            Self::LoadBalancer => "a PROXY protocol preamble",
            Self::TextCommand => "an info command as text",
            Self::ProtoHeader => "a proto header that no server accepts",
            Self::Zeros => "zero bytes",
            Self::Unknown => "an unknown protocol or a desynchronised stream",
        }
    }
}

impl fmt::Display for GuessedProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// What the first bytes of a message look like that is none of ours; the more bytes, the surer.
#[must_use]
pub fn guess_protocol(bytes: &[u8]) -> GuessedProtocol {
    match bytes {
        [22, 3, 0..=4, _, _, 1, ..] => GuessedProtocol::TlsClientHello,
        [20..=23, 3, 0..=4, ..] => GuessedProtocol::TlsRecord,
        [b'S', b'S', b'H', b'-', ..] => GuessedProtocol::Ssh,
        [3, 0, length @ ..] if rdp(length) => GuessedProtocol::Rdp,
        [b'*', b'0'..=b'9', ..] | [b'+' | b'-', b'A'..=b'Z', b'A'..=b'Z', ..] => GuessedProtocol::Redis,
        _ if http(bytes) => GuessedProtocol::Http,
        _ if bytes.starts_with(b"PROXY ") || bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n") => {
            GuessedProtocol::LoadBalancer
        }
        _ if !bytes.is_empty() && bytes.iter().take(16).all(|byte| *byte == 0) => GuessedProtocol::Zeros,
        _ if command(bytes) => GuessedProtocol::TextCommand,
        _ => node(bytes).unwrap_or(if header(bytes) {
            GuessedProtocol::ProtoHeader
        } else {
            GuessedProtocol::Unknown
        }),
    }
}

fn http(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 10] = [
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"DELETE ",
        b"OPTIONS ",
        b"CONNECT ",
        b"PATCH ",
        b"HTTP/",
        b"PRI * ",
    ];
    starts.iter().any(|start| bytes.starts_with(start))
}

/// TPKT: 3, 0, total length u16, then the X.224 length and a connection request, confirm or data.
fn rdp(length: &[u8]) -> bool {
    matches!(length, [0, total, inner, 0xe0 | 0xd0 | 0xf0, ..] if inner < total)
}

/// The msg container between nodes: size u32, type u16, then fields (id u16, wire type u8).
fn node(bytes: &[u8]) -> Option<GuessedProtocol> {
    let (size, rest) = bytes.split_first_chunk()?;
    let (kind, fields) = rest.split_first_chunk()?;
    let kind = u16::from_be_bytes(*kind);
    if u32::from_be_bytes(*size) >= 128 << 20 || kind > 17 {
        return None;
    }
    match (kind, fields) {
        (1 | 5, [0, 0, 1, 0, 0, b'h', b'd', ..]) => Some(GuessedProtocol::Heartbeat),
        (1 | 5, [0, 0, 2, 0, 0, 0, 4, 0, 0, b'h', b'b'..=b'd', ..]) => Some(GuessedProtocol::Heartbeat),
        (5, [0, 6, 6, ..]) => Some(GuessedProtocol::Heartbeat),
        (0, [0, 0, 3 | 4, ..]) => Some(GuessedProtocol::FabricHello),
        (_, [0, 0..=40, 1..=11, ..]) => Some(GuessedProtocol::Fabric),
        _ => None,
    }
}

/// A small version and type and a size below 4 GiB; or a right version and type, so that the size is wrong.
fn header(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0..=9, 0..=9, 0, 0, _, _, _, _, ..] | [2, 1..=4, _, _, _, _, _, _, ..]
    )
}

/// A line of printable text that starts like a command (`build`, `services-alumni`, `STATISTICS`).
fn command(bytes: &[u8]) -> bool {
    let mut line = bytes
        .iter()
        .take(64)
        .take_while(|byte| !matches!(byte, b'\r' | b'\n'));
    let letters = bytes
        .get(..2)
        .is_some_and(|two| two.iter().all(u8::is_ascii_alphabetic));
    letters && line.all(|byte| (0x20..0x7f).contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strangers_are_named() {
        for (bytes, expected) in [
            (&b"\x16\x03\x01\x02\0\x01\0"[..], GuessedProtocol::TlsClientHello),
            (b"\x17\x03\x03\x01\0\x99\x99", GuessedProtocol::TlsRecord),
            (b"GET / HTTP/1.1\r\n", GuessedProtocol::Http),
            (b"SSH-2.0-OpenSSH_9", GuessedProtocol::Ssh),
            (b"*1\r\n$4\r\nPING\r\n", GuessedProtocol::Redis),
            (b"\x03\0\0\x13\x0e\xe0\0\0", GuessedProtocol::Rdp),
            (b"build\n", GuessedProtocol::TextCommand),
            (b"statistics/foo\r\n", GuessedProtocol::TextCommand),
            (b"\0\0\0\0\0\0\0\0", GuessedProtocol::Zeros),
            (b"", GuessedProtocol::Unknown),
            (b"\x01\x03\0\0\0\0\0\x41\x16", GuessedProtocol::ProtoHeader),
            (b"\x02\x03\x08\0\0\x01\0\0\x16", GuessedProtocol::ProtoHeader),
            (b"\x99\x42\x11\x02\x03\x04\x05\x06", GuessedProtocol::Unknown),
            // internode-protocol 10 and 4.2
            (
                b"\0\0\0\x7a\0\x05\0\0\x01\0\0hd\0\x01\x01",
                GuessedProtocol::Heartbeat,
            ),
            (
                b"\0\0\0\x12\0\0\0\0\x03\x01\x02\x03",
                GuessedProtocol::FabricHello,
            ),
            (b"\0\0\0\x8a\0\x04\0\0\x01\0\0\0\x01", GuessedProtocol::Fabric),
        ] {
            assert_eq!(guess_protocol(bytes), expected, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn anything_looks_like_something(bytes: Vec<u8>) {
            let _ = guess_protocol(&bytes).words();
        }
    }
}
