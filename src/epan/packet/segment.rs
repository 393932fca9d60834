//! Who is called for what: the kinds of entries, and what TCP says of the bytes handed over.

use core::cell::Cell;

use libc::c_int;

use super::Conversation;
use crate::epan::guard::sys;

macro_rules! from_c {
    ($(#[$meta:meta])* $Name:ident { $( $(#[$vmeta:meta])* $Variant:ident = $value:ident ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $Name { $( $(#[$vmeta])* $Variant = sys::$value ),* }

        impl $Name {
            pub(in crate::epan) fn from_c(number: c_int) -> Option<Self> {
                $( if number == sys::$value as c_int { return Some(Self::$Variant); } )*
                None
            }
        }
    };
}

from_c! {
    /// Who is calling: one for each registered dissector.
    Entry {
        /// Client protocol over TCP.
        ClientTcp = AS_ENTRY_CLIENT_TCP,
        /// Client protocol inside TLS.
        ClientTls = AS_ENTRY_CLIENT_TLS,
        /// Port 3003: the text protocol up to server 8.0, the admin port since.
        InfoTextTcp = AS_ENTRY_INFO_TEXT_TCP,
        /// Mesh heartbeat.
        HeartbeatTcp = AS_ENTRY_HEARTBEAT_TCP,
        /// Multicast heartbeat.
        HeartbeatUdp = AS_ENTRY_HEARTBEAT_UDP,
        /// Fabric.
        FabricTcp = AS_ENTRY_FABRIC_TCP,
    }
}

from_c! {
    /// A heuristic that is asked whether bytes are its protocol's.
    Heuristic {
        /// Client protocol over TCP.
        ClientTcp = AS_HEURISTIC_CLIENT_TCP,
        /// Mesh heartbeat.
        HeartbeatTcp = AS_HEURISTIC_HEARTBEAT_TCP,
        /// Multicast heartbeat.
        HeartbeatUdp = AS_HEURISTIC_HEARTBEAT_UDP,
        /// Fabric.
        FabricTcp = AS_HEURISTIC_FABRIC_TCP,
        /// Client protocol in clear at a port for TLS.
        ClientClear = AS_HEURISTIC_CLIENT_CLEAR,
    }
}

from_c! {
    /// How a TCP stream is cut into messages.
    Framing {
        /// The 8-byte proto header.
        Client = AS_FRAMING_CLIENT,
        /// The 6-byte msg header, heartbeat.
        Heartbeat = AS_FRAMING_HEARTBEAT,
        /// The 6-byte msg header, fabric.
        Fabric = AS_FRAMING_FABRIC,
    }
}

/// Which side of a connection sent a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Sent to the server's port.
    Client,
    /// Sent from the server's port.
    Server,
    /// Neither the handshake nor the ports tell.
    Unknown,
}

/// What TCP says of the bytes handed over.
#[derive(Clone, Copy)]
pub struct Segment<'p> {
    /// The connection; none over UDP.
    pub conversation: Option<Conversation<'p>>,
    /// Sequence number of the first byte; `None` where no TCP is below (TLS, UDP).
    pub sequence: Option<u32>,
    /// What its sender had received of the other direction, in sequence numbers; as `sequence`.
    pub acknowledged: Option<u32>,
    /// The same for all packets of one direction: 0 or 1.
    pub direction: usize,
    /// The first byte after the SYN of this direction, which the capture holds.
    pub is_first: bool,
    /// Where the data of this direction and of the other one begins, if the capture holds the SYN.
    pub begins: [Option<u32>; 2],
    /// Put together by TCP from several segments.
    pub is_reassembled: bool,
    /// TCP may have held it back, so that [`Segment::acknowledged`] is of a later segment.
    pub is_late: bool,
    /// Who sent it.
    pub side: Side,
    /// TCP_COMPLETENESS bits of the connection so far.
    pub completeness: u8,
}

/// A frame of a connection, after TCP is done with it.
#[derive(Clone, Copy)]
pub struct Passed<'p> {
    /// The connection.
    pub conversation: Conversation<'p>,
    /// When it was captured, nanoseconds since 1970.
    pub time: i64,
    /// Of a segment with data: the sequence numbers of its first byte and behind its last.
    pub range: Option<(u32, u32)>,
    /// It was sent again.
    pub is_again: bool,
    /// It came after later ones.
    pub is_overtaken: bool,
    /// TCP may hand it to nobody, for one of both: its preference `no_subdissector_on_error`.
    pub is_hidden: bool,
    /// What the sender had received.
    pub acknowledged: u32,
    /// As [`Segment::direction`].
    pub direction: usize,
    /// TCP_COMPLETENESS bits, this frame included.
    pub completeness: u8,
}

/// One segment on its way through `tcp_dissect_pdus`, seen by each of its messages.
pub struct SegmentContext<'p> {
    /// What TCP says of the bytes.
    pub segment: Segment<'p>,
    /// A mark that the framing leaves for its messages.
    pub mark: u8,
    /// Bytes of the messages so far.
    pub used: Cell<usize>,
    /// The last of them is less than a header, so that nobody knows where the next one begins.
    pub is_lost: Cell<bool>,
}
