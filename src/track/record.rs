//! What the tap "aerospike" hands to statistics: a plain copy of what a message asked or answered.

use core::cell::Cell;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::client::timings::Timing;
use super::client::transactions::{RequestKind, Transaction};
use super::internode::fabric::ExchangePart;
use crate::epan::taps::tap::{Payload, Tap};
use crate::epan::taps::tcp_tap::Frames;
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::client::fields::key::UserKey;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::proto::guess::GuessedProtocol;
use crate::wire::ground::text::Hex;
use crate::wire::ground::time::Ttl;
use crate::wire::internode::cluster::Nodes;
use crate::wire::internode::fabric::links::Class;
use crate::wire::internode::fabric::migrate::MigrateOp;

/// The tap of all protocols; a record for each message.
pub static TAP: Tap<Records> = Tap::new(c"aerospike");

/// Wireshark's own tap of frames, for reports that need TCP's segments, too; never registered by us.
pub static FRAMES: Tap<Frames<Records>> = Tap::new(c"frame");

/// What the tap carries: a [`Record`].
pub struct Records;

impl Payload for Records {
    type At<'p> = Record<'p>;
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint<'p> {
    /// 4 bytes for IPv4, 16 for IPv6.
    pub address: &'p [u8],
    /// The port.
    pub port: u16,
}

impl<'p> Endpoint<'p> {
    /// Without the port.
    #[must_use]
    pub const fn host(&self) -> Host<'p> {
        Host(self.address)
    }
}

/// `10.0.0.1:3000`, `[fe80::1]:3000`.
impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.address.len() == 16 {
            write!(f, "[{}]:{}", self.host(), self.port)
        } else {
            write!(f, "{}:{}", self.host(), self.port)
        }
    }
}

/// An address without a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host<'p>(pub &'p [u8]);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(bytes) = <[u8; 4]>::try_from(self.0) {
            Ipv4Addr::from(bytes).fmt(f)
        } else if let Ok(bytes) = <[u8; 16]>::try_from(self.0) {
            Ipv6Addr::from(bytes).fmt(f)
        } else {
            write!(f, "{}", Hex(self.0))
        }
    }
}

/// What a message is.
#[derive(Clone, Copy)]
pub enum Event {
    /// A client's request.
    Asked,
    /// A message of a server's answer.
    Answered {
        /// The first message of the answer.
        is_first: bool,
        /// The message that completes the answer.
        is_last: bool,
    },
    /// Bytes at which a server closes the connection.
    Refused {
        /// What they look like.
        guess: GuessedProtocol,
        /// A server sent them, and it is the client that cannot take them.
        from_server: bool,
    },
    /// A message between nodes.
    Internode {
        /// Heartbeat or fabric.
        protocol: &'static str,
        /// The type of the message.
        kind: &'static str,
        /// Its operation or kind; empty if it has none.
        op: &'static str,
        /// What it asks or answers, if its place is known.
        step: Option<ExchangeStep>,
    },
}

/// A message's place in an exchange between nodes.
#[derive(Clone, Copy)]
pub struct ExchangeStep {
    /// What is asked for.
    pub class: Class,
    /// What the message is in it.
    pub part: ExchangePart,
    /// An answer must come.
    pub is_awaited: bool,
    /// The number of the exchange, in the order of the requests.
    pub number: u32,
    /// The record, where the exchange is about one.
    pub digest: Option<[u8; LENGTH]>,
}

/// One message. Slices live as long as the packet.
#[derive(Clone, Copy)]
pub struct Record<'p> {
    /// What it is.
    pub event: Event,
    /// What it asks for; of an answer, what its request asked for.
    pub what: RequestKind,
    /// The frame.
    pub frame: u32,
    /// When it was complete, nanoseconds since 1970.
    pub time: i64,
    /// Who asks; between nodes, who sends.
    pub client: Endpoint<'p>,
    /// Who answers; between nodes, who receives.
    pub server: Endpoint<'p>,
    /// The request with all that is known of it now; none where an answer belongs to no request of the capture.
    pub transaction: Option<Transaction>,
    /// What TCP did with the request and its answer: at the request, and at the message that completes the answer.
    pub timing: Option<Timing>,
    /// Namespace and set of the request, where it names them as a whole.
    pub namespace: &'p [u8],
    /// See `namespace`.
    pub set: &'p [u8],
    /// The command of an info message, `several commands` for more than one.
    pub command: &'p [u8],
    /// The results in an answer, one a message of the body.
    pub results: &'p [ResultCode],
    /// The records it asks for, or answers for.
    pub touches: &'p [Touch<'p>],
    /// What else tells it from others.
    pub detail: Detail<'p>,
    /// How many more records there are than `touches`.
    pub left_out: u32,
    /// In the last record that a frame can have: how many messages of the frame have none.
    pub missing: Option<&'p Cell<u32>>,
}

/// What a message says beside what it asks or answers. Slices live as long as the packet.
#[derive(Clone, Copy, Default)]
pub struct Detail<'p> {
    /// TCP's sequence number behind its last byte, as those above TCP are told it.
    pub end: Option<u32>,
    /// Bytes of its body.
    pub size: u32,
    /// A request's own timeout in milliseconds; 0: none, or not read.
    pub timeout: u32,
    /// A hash of what a request asks for, its timeout apart; 0: not all of it was captured.
    pub fingerprint: u64,
    /// Doing it twice is not the same as doing it once.
    pub counts_twice: bool,
    /// An answer's message that ends a stream: LAST, or an error alone.
    pub ends: bool,
    /// Of an info message its body; empty for others.
    pub text: &'p [u8],
    /// Of a login the user.
    pub user: &'p [u8],
    /// Of a heartbeat what its sender says of the cluster.
    pub pulse: Option<Pulse<'p>>,
    /// Of a fabric hello the id of its sender; 0: none.
    pub node: u64,
    /// Of a message of a migration what it moves.
    pub migration: Option<MigrationMessage<'p>>,
    /// Of an answer to a scan or query the records in it.
    pub records: u32,
    /// The partitions that a scan or query names; 0: it names none.
    pub partitions: u32,
}

/// What a message of a migration is about.
#[derive(Clone, Copy)]
pub struct MigrationMessage<'p> {
    /// Its operation.
    pub op: MigrateOp,
    /// The namespace, where the message or the one that started the emigration names it.
    pub namespace: Option<&'p [u8]>,
    /// The partition, likewise.
    pub partition: Option<u16>,
    /// Bytes of the record in it.
    pub bytes: u32,
    /// It was sent before.
    pub is_again: bool,
}

/// What a node says of itself and of the others in a heartbeat.
#[derive(Clone, Copy)]
pub struct Pulse<'p> {
    /// The sender.
    pub node: u64,
    /// The name of its cluster; none where the heartbeat has none.
    pub cluster: Option<&'p [u8]>,
    /// The nodes that it hears.
    pub hears: Option<Nodes<'p>>,
    /// The key of its cluster, 0: it belongs to none.
    pub key: u64,
    /// How many nodes are in its cluster, as it says.
    pub size: u32,
    /// These nodes, the principal first.
    pub members: Option<Nodes<'p>>,
}

/// Records that a message can ask for or answer for in its [`Record`].
pub const TOUCHES: usize = 65_536;

/// One record that a message asks for or answers for.
#[derive(Clone, Copy)]
pub struct Touch<'p> {
    /// Where it is.
    pub namespace: &'p [u8],
    /// Where it is; may be empty.
    pub set: &'p [u8],
    /// Which record.
    pub digest: [u8; LENGTH],
    /// Its user key, from the message or from an earlier frame.
    pub key: Option<UserKey<'p>>,
    /// What is asked of it; of a record that a scan or query returns, that.
    pub request: Request,
    /// Whether that can change it.
    pub writes: bool,
    /// What became of it; only in an answer.
    pub result: Option<ResultCode>,
    /// What the message has of it.
    pub content: RecordContent,
}

/// What a message, or its part for one record, has of the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordContent {
    /// Bytes of the message, or of its part.
    pub bytes: u32,
    /// Bytes of its bins: of all operations that name one; none where not all of it was captured.
    pub size: Option<u32>,
    /// How many operations name a bin.
    pub bins: u32,
    /// What a request says of the record's life, if it says anything.
    pub ttl: Option<Ttl>,
}

impl Record<'_> {
    /// How many messages of the frame nobody is told of: Wireshark's queue has an end. Said once for a frame.
    #[must_use]
    pub fn messages_missing(&self) -> u32 {
        self.missing.map_or(0, Cell::get)
    }

    /// Nanoseconds from the request to this message, if this is an answer to a known one.
    #[must_use]
    pub fn elapsed(&self) -> Option<i64> {
        match (self.event, self.transaction) {
            (Event::Answered { .. }, Some(transaction)) => Some(self.time.wrapping_sub(transaction.asked_at)),
            _ => None,
        }
    }

    /// Nanoseconds from the request to the end of its answer, if this message is that end.
    #[must_use]
    pub fn response_time(&self) -> Option<i64> {
        match self.event {
            Event::Answered { is_last: true, .. } => self.elapsed(),
            _ => None,
        }
    }
}
