//! A connection and what TCP shows of it.

use core::ops::Range;

use crate::stats::shared::endpoint::Endpoint;
use crate::wire::client::proto::guess::GuessedProtocol;

/// Something that TCP sent again. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Resent {
    /// When it was sent first, if that was seen.
    pub sent: Option<i64>,
    /// The frame of that; where it was not seen, of the first that was sent again.
    pub sent_frame: u32,
    /// When it was sent again.
    pub again: i64,
    /// By the client.
    pub by_client: bool,
    /// Sequence number behind it.
    pub end: u32,
    /// Bytes.
    pub length: u32,
    /// When the receiver acknowledged the first one's bytes.
    pub acknowledged: Option<i64>,
    /// The receiver said that it had them already: late, not lost.
    pub is_spurious: bool,
    /// The first one was never seen: lost before the capture point.
    pub is_unseen: bool,
}

/// The handshake.
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    /// Time and frame of each SYN of the client.
    pub syns: Vec<(i64, u32)>,
    /// Time of the SYN-ACK.
    pub answered: Option<i64>,
    /// SYN-ACKs.
    pub answers: u32,
    /// Time and frame of a RST that refuses it.
    pub refused: Option<(i64, u32)>,
    /// When the client's acknowledgement came.
    pub done: Option<i64>,
}

/// What one end did.
#[derive(Clone, Copy, Debug, Default)]
pub struct SideFacts {
    /// Packets.
    pub packets: u32,
    /// Packets with data.
    pub with_data: u32,
    /// Bytes of data that were seen.
    pub bytes: u64,
    /// Pure acknowledgements, SYNs, FINs and RSTs.
    pub bare: u32,
    /// Bytes that were acknowledged or followed but never seen.
    pub missing: u32,
    /// When the first of them was missed.
    pub missing_at: Option<i64>,
    /// Time and frame of its FIN.
    pub fin: Option<(i64, u32)>,
    /// Time and frame of its RST.
    pub rst: Option<(i64, u32)>,
    /// The last packet.
    pub last: i64,
    /// The last packet that shows life: not a copy sent again.
    pub first: i64,
    /// Nanoseconds in which its window was smaller than a segment while the other wanted to send.
    pub closed_window: i64,
    /// When that began first: time and frame.
    pub closed_window_at: Option<(i64, u32)>,
    /// The smallest window then.
    pub least_window: u32,
    /// The largest window.
    pub most_window: u32,
    /// The largest segment.
    pub largest: u32,
}

/// A round trip: data (or a SYN) and its acknowledgement.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrip {
    /// When the data was sent.
    pub sent: i64,
    /// Nanoseconds to the acknowledgement.
    pub time: i64,
    /// The client sent the data.
    pub by_client: bool,
    /// Part of the handshake.
    pub is_handshake: bool,
    /// The acknowledgement carried no data: it says nothing of what the program does.
    pub is_bare: bool,
}

/// Bytes that the other side does not take.
#[derive(Clone, Copy, Debug)]
pub struct UnreadBytes {
    /// When.
    pub time: i64,
    /// The frame.
    pub frame: u32,
    /// What they look like.
    pub guess: GuessedProtocol,
    /// The client sent them.
    pub by_client: bool,
    /// Requests before them.
    pub requests: u32,
}

/// A connection.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Its number in the log.
    pub number: usize,
    /// The client.
    pub client: Endpoint,
    /// The server.
    pub server: Endpoint,
    /// Messages of the client protocol were understood on it.
    pub is_aerospike: bool,
    /// Messages between nodes were.
    pub is_internode: bool,
    /// It was there before the capture.
    pub is_joined: bool,
    /// One direction has no packet at all.
    pub is_one_way: bool,
    /// No bare packet: acknowledgements were filtered out.
    pub is_data_only: bool,
    /// The handshake.
    pub handshake: Handshake,
    /// What the client did.
    pub of_client: SideFacts,
    /// What the server did.
    pub of_server: SideFacts,
    /// What was sent again.
    pub resent: Vec<Resent>,
    /// Round trips, at most some hundreds.
    pub trips: Vec<RoundTrip>,
    /// The first and the last packet: time.
    pub first: i64,
    /// See above.
    pub last: i64,
    /// The frame of the first.
    pub frame: u32,
    /// Its requests in those of the evidence.
    pub requests: Range<usize>,
    /// Requests were sent while others were open, and answered in order.
    pub is_pipelined: bool,
    /// Bytes that were refused.
    pub refusals: Vec<UnreadBytes>,
    /// Copies that were left out, and the frame of the first.
    pub copies: (u32, u32),
    /// Frames out of order, and the first.
    pub swapped: (u32, u32),
}

impl Connection {
    /// Whether bytes or packets of it are known to be missing.
    #[must_use]
    pub const fn has_holes(&self) -> bool {
        self.of_client.missing > 0 || self.of_server.missing > 0
    }

    /// When it was closed by anybody.
    #[must_use]
    pub fn closed_at(&self) -> Option<i64> {
        let times = [
            self.of_client.fin,
            self.of_client.rst,
            self.of_server.fin,
            self.of_server.rst,
        ];
        times.iter().flatten().map(|(time, _)| *time).min()
    }

    /// When the server closed it first: before the client.
    #[must_use]
    pub fn closed_by_server(&self) -> Option<(i64, u32)> {
        let server = first(self.of_server.fin, self.of_server.rst)?;
        let client = first(self.of_client.fin, self.of_client.rst);
        client.is_none_or(|client| server.0 < client.0).then_some(server)
    }

    /// When the client closed it first.
    #[must_use]
    pub fn closed_by_client(&self) -> Option<(i64, u32)> {
        let client = first(self.of_client.fin, self.of_client.rst)?;
        let server = first(self.of_server.fin, self.of_server.rst);
        server.is_none_or(|server| client.0 <= server.0).then_some(client)
    }

    /// Whether it was opened in the capture and answered.
    #[must_use]
    pub fn is_opened(&self) -> bool {
        !self.handshake.syns.is_empty() && self.handshake.answered.is_some()
    }
}

/// The earlier of two.
#[must_use]
pub fn first(one: Option<(i64, u32)>, other: Option<(i64, u32)>) -> Option<(i64, u32)> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
        (one, other) => one.or(other),
    }
}
