//! What bytes look like that are no proto header: the words for the report on them.

use core::fmt;

use nom::Parser as _;

use crate::wire::ground::input;

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
    /// A request or answer of SIP.
    Sip,
    /// A request or answer of RTSP.
    Rtsp,
    /// A command or answer of Redis (RESP).
    Redis,
    /// A message of SMB, with the NetBIOS header in front.
    Smb,
    /// An LDAP message: BER, with a message id first.
    Ldap,
    /// A Kerberos request over TCP.
    Kerberos,
    /// A query of DNS over TCP.
    Dns,
    /// A call of ONC RPC (`rpcbind`).
    Rpc,
    /// The greeting of Java RMI.
    Rmi,
    /// A message of CORBA (GIOP).
    Giop,
    /// The set-up of an X11 connection.
    X11,
    /// A pre-login message of SQL Server (TDS).
    SqlServer,
    /// The connect message of Oracle (TNS).
    Oracle,
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
    /// Line ends alone: somebody pressed Enter.
    BlankLines,
    /// Zero bytes.
    Zeros,
    /// Nothing known: most likely bytes from the middle of a message.
    Unknown,
}

impl GuessedProtocol {
    /// The words for a report, such as `a TLS ClientHello`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TlsClientHello => "a TLS ClientHello",
            Self::TlsRecord => "a TLS record",
            Self::Http => "HTTP",
            Self::Ssh => "SSH",
            Self::Sip => "SIP",
            Self::Rtsp => "RTSP",
            Self::Redis => "Redis",
            Self::Smb => "SMB",
            Self::Ldap => "LDAP",
            Self::Kerberos => "Kerberos",
            Self::Dns => "DNS over TCP",
            Self::Rpc => "ONC RPC",
            Self::Rmi => "Java RMI",
            Self::Giop => "CORBA (GIOP)",
            Self::X11 => "X11",
            Self::SqlServer => "SQL Server (TDS)",
            Self::Oracle => "Oracle (TNS)",
            Self::Rdp => "a remote desktop (TPKT) connection",
            Self::Heartbeat => "an Aerospike heartbeat message",
            Self::FabricHello => "the hello of an Aerospike fabric connection",
            Self::Fabric => "an Aerospike fabric message",
            Self::LoadBalancer => "a PROXY protocol preamble",
            Self::TextCommand => "an info command as text",
            Self::ProtoHeader => "a proto header that no server accepts",
            Self::BlankLines => "blank lines",
            Self::Zeros => "zero bytes",
            Self::Unknown => "an unknown protocol or a desynchronised stream",
        }
    }

    /// The protocol, where it is one of others that both sides of a connection can speak.
    #[must_use]
    pub const fn protocol(self) -> Option<Self> {
        match self {
            Self::TlsClientHello | Self::TlsRecord => Some(Self::TlsRecord),
            Self::Http
            | Self::Ssh
            | Self::Sip
            | Self::Rtsp
            | Self::Redis
            | Self::Rdp
            | Self::Smb
            | Self::Ldap
            | Self::Rpc
            | Self::Giop
            | Self::SqlServer
            | Self::Oracle => Some(self),
            _ => None,
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
        [0, 0, _, _, 0xff | 0xfe, b'S', b'M', b'B', ..] => GuessedProtocol::Smb,
        [0x30, length @ ..] if ldap(length) => GuessedProtocol::Ldap,
        [0, 0, _, _, 0x6a | 0x6c, 0x80..=0x82, ..] => GuessedProtocol::Kerberos,
        [0x80, 0, _, _, _, _, _, _, 0, 0, 0, 0, 0, 0, 0, 2, ..] => GuessedProtocol::Rpc,
        [b'J', b'R', b'M', b'I', 0, ..] => GuessedProtocol::Rmi,
        [b'G', b'I', b'O', b'P', ..] => GuessedProtocol::Giop,
        [b'l', 0, 11, 0, 0 | 1, 0, ..] | [b'B', 0, 0, 11, 0, 0 | 1, ..] => GuessedProtocol::X11,
        [0x12 | 4, 0 | 1, high, low, 0, 0, _, 0, ..] if (*high, *low) >= (0, 8) => GuessedProtocol::SqlServer,
        [_, _, 0, 0, 1..=6, 0, 0, 0, ..] if tns(bytes) => GuessedProtocol::Oracle,
        _ if dns(bytes) => GuessedProtocol::Dns,
        _ if !bytes.is_empty() && bytes.iter().take(16).all(|byte| matches!(byte, b'\r' | b'\n')) => {
            GuessedProtocol::BlankLines
        }
        _ if http(bytes) => request_of(bytes),
        _ if bytes.starts_with(b"SIP/2.0 ") || starts_line(bytes, b"SIP/2.0") => GuessedProtocol::Sip,
        _ if bytes.starts_with(b"RTSP/1.0 ") || starts_line(bytes, b"RTSP/1.0") => GuessedProtocol::Rtsp,
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

/// Whose request it is, where the first word is one that several protocols have.
fn request_of(bytes: &[u8]) -> GuessedProtocol {
    if starts_line(bytes, b"SIP/2.0") || bytes.starts_with(b"OPTIONS sip:") {
        GuessedProtocol::Sip
    } else if starts_line(bytes, b"RTSP/1.0") || bytes.starts_with(b"OPTIONS rtsp:") {
        GuessedProtocol::Rtsp
    } else {
        GuessedProtocol::Http
    }
}

/// Whether the first line ends with that word.
fn starts_line(bytes: &[u8], word: &[u8]) -> bool {
    let line = bytes.get(..2048).unwrap_or(bytes);
    let end = line.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let line = end.and_then(|end| line.get(..end));
    let before = line.and_then(|line| line.strip_suffix(word));
    before.is_some_and(|before| before.ends_with(b" "))
}

/// BER's length, then an integer of one byte (the message's id) and a choice of LDAP's.
fn ldap(length: &[u8]) -> bool {
    let rest = match length {
        [0..=0x7f, rest @ ..] | [0x81, _, rest @ ..] | [0x82, _, _, rest @ ..] => rest,
        [0x84, _, _, _, _, rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [2, 1, _, 0x42 | 0x60..=0x7f, ..])
}

/// TNS: its own length first, at most what is there.
fn tns(bytes: &[u8]) -> bool {
    input::front(input::be_u16("TNS length"), bytes)
        .is_ok_and(|length| length >= 24 && bytes.len() >= usize::from(length))
}

/// DNS over TCP: its length, which is all that is there, an id, the flags of a query without more, and counts.
fn dns(bytes: &[u8]) -> bool {
    let Ok((rest, length)) = input::be_u16("DNS length")(bytes) else {
        return false;
    };
    usize::from(length) == rest.len()
        && rest.len() >= 12
        && matches!(
            rest,
            [_, _, 0 | 1 | 0x10, 0 | 0x20, 0, 0 | 1, 0, 0, 0, 0, 0, 0 | 1, ..]
        )
}

/// TPKT: 3, 0, total length u16, then the X.224 length and a connection request, confirm or data.
fn rdp(length: &[u8]) -> bool {
    matches!(length, [0, total, inner, 0xe0 | 0xd0 | 0xf0, ..] if inner < total)
}

/// The msg container between nodes: size u32, type u16, then fields (id u16, wire type u8).
fn node(bytes: &[u8]) -> Option<GuessedProtocol> {
    let mut head = (input::be_u32("msg size"), input::be_u16("msg type"));
    let (fields, (size, kind)) = head.parse(bytes).ok()?;
    if size >= 128 << 20 || kind > 17 {
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
            (b"OPTIONS / HTTP/1.0\r\n\r\n", GuessedProtocol::Http),
            (
                b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm",
                GuessedProtocol::Sip,
            ),
            (b"INVITE sip:a@b SIP/2.0\r\n", GuessedProtocol::Sip),
            (b"SIP/2.0 200 OK\r\n", GuessedProtocol::Sip),
            (b"OPTIONS / RTSP/1.0\r\n\r\n", GuessedProtocol::Rtsp),
            (b"\r\n\r\n", GuessedProtocol::BlankLines),
            (b"\0\0\0\xa4\xffSMB\x72\0", GuessedProtocol::Smb),
            (
                b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x02\x04\0\x80\0",
                GuessedProtocol::Ldap,
            ),
            (b"\x30\x84\0\0\0\x2d\x02\x01\x07\x63\x84", GuessedProtocol::Ldap),
            (b"\0\0\0\x71\x6a\x81\x6e\x30", GuessedProtocol::Kerberos),
            (
                b"\x80\0\0\x28\x72\xfe\x1d\x13\0\0\0\0\0\0\0\x02\0\x01\x86\xa0",
                GuessedProtocol::Rpc,
            ),
            (
                b"\0\x1e\0\x06\x01\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03",
                GuessedProtocol::Dns,
            ),
            (b"\0\x0c\0\0\x10\0\0\0\0\0\0\0\0\0", GuessedProtocol::Dns),
            (b"JRMI\0\x02\x4b", GuessedProtocol::Rmi),
            (b"GIOP\x01\0\x01\0", GuessedProtocol::Giop),
            (b"l\0\x0b\0\0\0\0\0\0\0\0\0", GuessedProtocol::X11),
            (b"\x12\x01\0\x34\0\0\0\0\0\0\x15", GuessedProtocol::SqlServer),
            (
                b"\0\x1c\0\0\x01\0\0\0\x01\x36\x01\x2c\0\0\x08\0\x7f\xff\x7f\x08\0\0\0\x01\0\x20\0\x3a",
                GuessedProtocol::Oracle,
            ),
            (b"HELP\r\n", GuessedProtocol::TextCommand),
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
