//! Requests that wait for their answers, by connection: how many are open, which were never answered in the time that
//! they allow, and what TCP shows of their connections' paths.
//!
//! A request without an answer proves nothing where the capture has not all that the server sent: then nothing is said.

use std::collections::{HashMap, VecDeque};

use crate::epan::taps::tcp_tap::TcpSegment;
use crate::epan::taps::tcp_tap::{ACK, FIN, RST, SYN};
use crate::stats::shared::endpoint::{Endpoint, MS};
use crate::track::record::Record;

/// Connections that are watched at most.
pub const CONNECTIONS: usize = 100_000;
/// Open requests that are watched at most.
const REQUESTS: usize = 1_000_000;
/// TCP does not send a SYN again sooner.
const COPY: i64 = 100 * MS;

/// A request that is open.
#[derive(Clone, Copy)]
struct Open<T> {
    id: (u32, u32),
    /// When the time is over that it allows.
    deadline: Option<i64>,
    tag: T,
}

/// A connection, client first.
type Pair = (Endpoint, Endpoint);

struct Connection<T> {
    /// The server's next byte.
    expected: Option<u32>,
    /// Not all that the server sent is in the capture, or what it sends is not in it at all.
    has_hole: bool,
    has_server: bool,
    is_closed: bool,
    /// The client's last SYN: when, and its sequence number.
    syn: Option<(i64, u32)>,
    /// From that to the SYN-ACK.
    round_trip: Option<i64>,
    /// The end of the last answer.
    answered: Option<i64>,
    /// In the order in which they were sent.
    open: VecDeque<Open<T>>,
}

impl<T> Connection<T> {
    fn new(expected: Option<u32>) -> Self {
        Self {
            expected,
            has_hole: false,
            has_server: false,
            is_closed: false,
            syn: None,
            round_trip: None,
            answered: None,
            open: VecDeque::new(),
        }
    }

    const fn is_whole(&self) -> bool {
        self.has_server && !self.has_hole
    }
}

/// What is known of a request at the end of its answer.
pub struct Done {
    /// From the capture point to the server and back, as the handshake shows it.
    pub round_trip: Option<i64>,
}

/// The last segment.
#[derive(Clone, Copy)]
struct Last {
    frame: u32,
    ends: Pair,
    ack: u32,
}

/// All that are open; `T` is what is remembered of each.
pub struct OpenRequests<T> {
    connections: HashMap<Pair, Connection<T>>,
    /// Of connections that were followed by others with the same addresses and ports.
    left: Vec<Open<T>>,
    held: usize,
    open: usize,
    last: Option<Last>,
    unwatched: u32,
}

impl<T> Default for OpenRequests<T> {
    fn default() -> Self {
        Self {
            connections: HashMap::new(),
            left: Vec::new(),
            held: 0,
            open: 0,
            last: None,
            unwatched: 0,
        }
    }
}

fn is_behind(one: u32, other: u32) -> bool {
    one.wrapping_sub(other) as i32 > 0
}

fn ends(record: &Record<'_>) -> Pair {
    (
        Endpoint::new(record.client.address, record.client.port),
        Endpoint::new(record.server.address, record.server.port),
    )
}

impl<T: Copy> OpenRequests<T> {
    /// A TCP segment.
    pub fn on_segment(&mut self, segment: &TcpSegment<'_>) {
        let source = Endpoint::new(segment.source.0, segment.source.1);
        let destination = Endpoint::new(segment.destination.0, segment.destination.1);
        let has = |flag: u8| segment.flags & u16::from(flag) != 0;
        self.last = Some(Last {
            frame: segment.frame,
            ends: (source, destination),
            ack: segment.ack,
        });
        if has(SYN) && !has(ACK) {
            self.syn((source, destination), segment);
            return;
        }
        let more = u32::from(has(SYN)) + u32::from(has(FIN));
        let end = segment.seq.wrapping_add(segment.length).wrapping_add(more);
        let mut closed = 0;
        if let Some(connection) = self.connections.get_mut(&(destination, source)) {
            connection.has_server = true;
            if let (true, Some((syn, _))) = (has(SYN), connection.syn) {
                connection.round_trip = connection.round_trip.or(Some(segment.time - syn));
            }
            if !has(RST) {
                let known = connection.expected.unwrap_or(segment.seq);
                connection.has_hole |= is_behind(segment.seq, known);
                connection.expected = Some(if is_behind(end, known) { end } else { known });
            }
            closed = connection.close(has(FIN) || has(RST));
        } else if let Some(connection) = self.connections.get_mut(&(source, destination)) {
            if has(ACK)
                && connection
                    .expected
                    .is_some_and(|known| is_behind(segment.ack, known))
            {
                connection.has_hole = true;
            }
            closed = connection.close(has(FIN) || has(RST));
        }
        self.open = self.open.saturating_sub(closed);
    }

    /// A client's SYN. With the number of the one before it is a copy, or was sent again as nobody answered.
    fn syn(&mut self, pair: Pair, segment: &TcpSegment<'_>) {
        let before = self.connections.get(&pair).and_then(|connection| connection.syn);
        if let Some((at, _)) = before.filter(|(_, seq)| *seq == segment.seq) {
            if segment.time - at < COPY {
                return;
            }
        } else {
            self.forget(pair);
            self.forget((pair.1, pair.0));
        }
        if let Some(connection) = self.watch(pair, None) {
            connection.syn = Some((segment.time, segment.seq));
        }
    }

    /// A request was sent: nanoseconds that its client let pass since the answer before.
    pub fn on_request(&mut self, record: &Record<'_>, tag: T) -> Option<i64> {
        let transaction = record.transaction?;
        let pair = ends(record);
        let last = self
            .last
            .filter(|last| last.frame == record.frame && last.ends == pair);
        if self.held >= REQUESTS {
            self.unwatched = self.unwatched.saturating_add(1);
            return None;
        }
        let connection = self.watch(pair, last.map(|last| last.ack))?;
        let began = record.timing.map_or(record.time, |timing| timing.request_began);
        let idle = connection
            .answered
            .filter(|_| connection.open.is_empty())
            .map(|answered| began - answered);
        let allowed = transaction.allowed_time().filter(|_| transaction.may_be_late());
        connection.open.push_back(Open {
            id: transaction.id(),
            deadline: allowed.map(|allowed| transaction.asked_at.saturating_add(allowed)),
            tag,
        });
        let is_open = !connection.is_closed;
        self.held += 1;
        self.open += usize::from(is_open);
        idle
    }

    /// An answer is complete. Requests before its own on the connection have lost theirs: not all was captured.
    pub fn on_response(&mut self, record: &Record<'_>) -> Option<Done> {
        let transaction = record.transaction?;
        let connection = self.connections.get_mut(&ends(record))?;
        connection.answered = Some(record.time);
        let id = transaction.id();
        let place = connection.open.partition_point(|open| open.id < id);
        if connection.open.get(place).is_some_and(|open| open.id == id) {
            connection.open.drain(..=place);
            self.held = self.held.saturating_sub(place + 1);
            if !connection.is_closed {
                self.open = self.open.saturating_sub(place + 1);
            }
        }
        Some(Done {
            round_trip: connection.round_trip,
        })
    }

    /// How many are open; those of closed connections are not.
    #[must_use]
    pub const fn open_count(&self) -> usize {
        self.open
    }

    /// When the time was over of each request that has no answer though the capture would hold it, and its tag.
    pub fn overdue(&self, now: i64) -> impl Iterator<Item = (i64, T)> {
        let whole = self
            .connections
            .values()
            .filter(|connection| connection.is_whole())
            .flat_map(|connection| &connection.open);
        whole.chain(&self.left).filter_map(move |open| {
            let deadline = open.deadline.filter(|deadline| *deadline < now)?;
            Some((deadline, open.tag))
        })
    }

    /// Connections and requests that were too many to be watched.
    #[must_use]
    pub const fn unwatched_count(&self) -> u32 {
        self.unwatched
    }

    /// The connection, watched from now on.
    fn watch(&mut self, pair: Pair, expected: Option<u32>) -> Option<&mut Connection<T>> {
        if self.connections.len() >= CONNECTIONS && !self.connections.contains_key(&pair) {
            // Those of other protocols, and those that are over.
            self.connections
                .retain(|_, connection| !connection.open.is_empty());
            if self.connections.len() >= CONNECTIONS / 2 {
                self.unwatched = self.unwatched.saturating_add(1);
                return None;
            }
        }
        let connection = self
            .connections
            .entry(pair)
            .or_insert_with(|| Connection::new(expected));
        Some(connection)
    }

    /// Another connection has the addresses and ports now.
    fn forget(&mut self, pair: Pair) {
        let Some(connection) = self.connections.remove(&pair) else {
            return;
        };
        if !connection.is_closed {
            self.open = self.open.saturating_sub(connection.open.len());
        }
        if connection.is_whole() {
            self.left.extend(connection.open);
        } else {
            self.held = self.held.saturating_sub(connection.open.len());
        }
    }
}

impl<T> Connection<T> {
    /// How many requests are no longer open, if it is closed now.
    fn close(&mut self, is_now: bool) -> usize {
        let closes = is_now && !self.is_closed;
        self.is_closed |= is_now;
        if closes { self.open.len() } else { 0 }
    }
}
