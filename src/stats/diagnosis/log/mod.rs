//! What is gathered while packets are tapped: segments and messages of each connection, as they are; nothing is judged here.
//!
//! Memory is bounded: of what is too much the oldest closed connections go first, then the older half of the open ones.

pub mod cluster;
pub mod info;

use std::collections::HashMap;

use foldhash::fast::RandomState;

use self::cluster::ClusterLog;
use self::info::InfoLog;
use crate::epan::taps::tcp_tap::{FIN, Frame, Heard, RST, SYN, TcpSegment};
use crate::stats::shared::endpoint::Endpoint;
use crate::stats::shared::names::Names;
use crate::track::client::transactions::RequestKind;
use crate::track::record::{Event, Record, Records};
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::proto::guess::GuessedProtocol;

/// Segments and messages that are kept at most: some 150 MB.
const MOST: usize = 2_500_000;

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct LoggedSegment {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// The frame.
    pub frame: u32,
    /// The sequence number, as on the wire.
    pub seq: u32,
    /// The acknowledgement number, as on the wire.
    pub ack: u32,
    /// Bytes of payload.
    pub length: u32,
    /// The window, scaled where the scale is known.
    pub window: u32,
    /// TCP's flags.
    pub flags: u8,
    /// 0: sent by the first of the connection's ends, 1: by the second.
    pub side: u8,
    /// A SACK block says that the bytes up to there came twice; 0: none.
    pub twice: u32,
    /// The dissector marked its frame as a copy.
    pub is_copy: bool,
}

impl LoggedSegment {
    /// Whether it has one of the flags.
    #[must_use]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The sequence number behind it; SYN and FIN count one each.
    #[must_use]
    pub const fn end(&self) -> u32 {
        let more = (self.flags & SYN != 0) as u32 + (self.flags & FIN != 0) as u32;
        self.seq.wrapping_add(self.length).wrapping_add(more)
    }
}

/// A record that a message asks for or answers for.
#[derive(Clone, Copy, Debug)]
pub struct LoggedRow {
    /// Which, by its number in [`Log::digests`].
    pub digest: u32,
    /// Namespace and set, by their number in [`Log::places`].
    pub place: u32,
    /// What is asked of it.
    pub request: Request,
    /// Whether that can change it.
    pub writes: bool,
    /// What became of it.
    pub result: Option<ResultCode>,
}

/// What a message is.
#[derive(Clone, Copy, Debug)]
pub enum LoggedContent {
    /// A request.
    Request {
        /// Its own timeout in milliseconds; 0: none.
        timeout: u32,
        /// What tells it from others; 0: unknown.
        fingerprint: u64,
        /// Doing it twice is not the same as doing it once.
        counts_twice: bool,
        /// It or a row of it can change records.
        writes: bool,
    },
    /// A message of an answer.
    Response {
        /// The first result that is not OK, or OK.
        result: ResultCode,
        /// It ends a stream.
        ends: bool,
        /// Results in it.
        results: u32,
        /// It was linked to a request by the dissector.
        is_linked: bool,
    },
    /// Bytes that the other side does not take.
    Refused(GuessedProtocol),
}

/// A message, in the frame that completes it.
#[derive(Clone, Copy, Debug)]
pub struct LoggedMessage {
    /// The frame.
    pub frame: u32,
    /// The sequence number behind it, as on the wire, if it is known.
    pub end: Option<u32>,
    /// Bytes of its body.
    pub size: u32,
    /// 0: sent by the first of the connection's ends.
    pub side: u8,
    /// What it asks for.
    pub what: RequestKind,
    /// The name of its info command, or the user of a login, by its number in [`Log::names`].
    pub name: u32,
    /// Namespace and set of the whole.
    pub place: u32,
    /// Its rows: first and behind the last in the connection's.
    pub rows: (u32, u32),
    /// What it is.
    pub content: LoggedContent,
}

/// A fatal alert of TLS.
#[derive(Clone, Copy, Debug)]
pub struct TlsAlert {
    /// Which end of the connection sent it.
    pub side: u8,
    /// What it says, as TLS numbers it.
    pub description: u8,
}

/// What TLS shows in clear.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tls {
    /// Time and frame of the first ClientHello.
    pub hello: Option<(i64, u32)>,
    /// The first alert that ends it.
    pub alert: Option<TlsAlert>,
    /// Application data were sent by the sides.
    pub data: [bool; 2],
    /// Any record of TLS was seen.
    pub is_there: bool,
}

/// A connection: all that is kept of it.
#[derive(Debug, Default)]
pub struct LoggedConnection {
    /// Wireshark's number.
    pub stream: u32,
    /// Its ends: the sender of its first segment, and the other.
    pub ends: [Endpoint; 2],
    /// Its segments in the order of the frames.
    pub segments: Vec<LoggedSegment>,
    /// Its messages of the client protocol.
    pub messages: Vec<LoggedMessage>,
    /// The rows of all messages.
    pub rows: Vec<LoggedRow>,
    /// Messages between nodes on it.
    pub internode: u32,
    /// What TLS shows.
    pub tls: Tls,
    /// It begins with bytes of our proto header in clear.
    pub begins_clear: Option<(i64, u32)>,
    is_closed: bool,
    was_halved: bool,
}

/// All that is gathered.
#[derive(Default)]
pub struct Log {
    /// The connections in the order of their first segment.
    pub connections: Vec<LoggedConnection>,
    by_stream: HashMap<u32, usize, RandomState>,
    /// Digests by their number; number 0 is none.
    pub digests: Vec<[u8; LENGTH]>,
    digest_numbers: HashMap<[u8; LENGTH], u32, RandomState>,
    /// User keys that were seen, by the number of the digest.
    pub keys: HashMap<u32, String, RandomState>,
    /// Namespaces and sets as `namespace/set`.
    pub places: Names,
    /// Names of info commands and users.
    pub names: Names,
    /// What nodes say to each other.
    pub cluster: ClusterLog,
    /// What info commands say and change.
    pub info: InfoLog,
    /// When the capture starts.
    pub start: i64,
    /// Time of the first and the last packet, and the last one's frame.
    pub times: Option<(i64, i64, u32)>,
    /// The largest step backwards of the clock, and the frame.
    pub backwards: Option<(i64, u32)>,
    /// Steps of the clock over at least a second: from, to, frame, packets before.
    pub pauses: Vec<(i64, i64, u32)>,
    /// Frames that were cut.
    pub cut: (u32, u32),
    /// Segments in all.
    pub segments: u64,
    held: usize,
    /// Connections of which all or the older half was dropped, and up to when.
    pub dropped: (u32, i64),
    /// The connection of the last segment and its frame, and what is to be added for raw sequence numbers.
    last: Option<(usize, u32, u32)>,
}

impl Log {
    /// A packet of any kind at a time.
    pub fn tick(&mut self, time: i64, frame: u32) {
        match &mut self.times {
            None => self.times = Some((time, time, frame)),
            Some((_, last, seen)) if frame != *seen => {
                let step = time - *last;
                if step < 0 && self.backwards.is_none_or(|(most, _)| step < most) {
                    self.backwards = Some((step, frame));
                }
                if step >= 500_000_000 && self.pauses.len() < 10_000 {
                    self.pauses.push((*last, time, frame));
                }
                (*last, *seen) = ((*last).max(time), frame);
            }
            Some(_) => {}
        }
    }

    /// All that was heard of a frame.
    pub fn frame(&mut self, frame: &Frame<'_, Records>) {
        for heard in frame.heard() {
            match heard {
                Heard::Segment(segment) => self.segment(&segment),
                Heard::Record(record) => self.record(&record),
            }
        }
    }

    /// A TCP segment.
    pub fn segment(&mut self, tcp: &TcpSegment<'_>) {
        self.start = tcp.start;
        self.segments += 1;
        self.tick(tcp.time, tcp.frame);
        if tcp.is_cut {
            self.cut.0 += 1;
            if self.cut.1 == 0 {
                self.cut.1 = tcp.frame;
            }
        }
        let source = Endpoint::new(tcp.source.0, tcp.source.1);
        let destination = Endpoint::new(tcp.destination.0, tcp.destination.1);
        let next = self.connections.len();
        let index = *self.by_stream.entry(tcp.stream).or_insert(next);
        if index == next {
            self.connections.push(LoggedConnection {
                stream: tcp.stream,
                ends: [source, destination],
                ..LoggedConnection::default()
            });
        }
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        let segment = LoggedSegment {
            time: tcp.time,
            frame: tcp.frame,
            seq: tcp.seq,
            ack: tcp.ack,
            length: tcp.length,
            window: tcp.window,
            flags: u8::try_from(tcp.flags & 0xff).unwrap_or(0),
            side: u8::from(source != connection.ends[0]),
            twice: tcp.twice,
            is_copy: tcp.is_copy,
        };
        connection.is_closed |= segment.has(RST | FIN);
        connection.look(&segment, tcp.head);
        connection.segments.push(segment);
        self.held += 1;
        self.last = Some((index, tcp.frame, tcp.seq.wrapping_sub(tcp.relative)));
        if self.held > MOST {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let goal = MOST / 4 * 3;
        let (mut count, mut until) = self.dropped;
        let mut held = self.held;
        for connection in self
            .connections
            .iter_mut()
            .filter(|connection| connection.is_closed)
        {
            if held <= goal {
                break;
            }
            let Some(last) = connection.segments.last() else {
                continue;
            };
            until = until.max(last.time);
            count += 1;
            held = held.saturating_sub(connection.segments.len() + connection.messages.len());
            connection.segments = Vec::new();
            connection.messages = Vec::new();
            connection.rows = Vec::new();
        }
        if held > goal {
            for connection in &mut self.connections {
                let half = connection.segments.len() / 2;
                let Some(middle) = connection.segments.get(half).copied() else {
                    continue;
                };
                connection.segments.drain(..half);
                let before = connection
                    .messages
                    .partition_point(|one| one.frame < middle.frame);
                connection.messages.drain(..before);
                held = held.saturating_sub(half + before);
                until = until.max(middle.time);
                count += u32::from(!connection.was_halved && half > 0);
                connection.was_halved |= half > 0;
            }
        }
        self.held = held;
        self.dropped = (count, until);
    }

    fn digest(&mut self, digest: &[u8; LENGTH]) -> u32 {
        if self.digests.is_empty() {
            self.digests.push([0; LENGTH]);
        }
        let next = u32::try_from(self.digests.len()).unwrap_or(0);
        if next > 2_000_000 {
            return self.digest_numbers.get(digest).copied().unwrap_or(0);
        }
        let number = *self.digest_numbers.entry(*digest).or_insert(next);
        if number == next {
            self.digests.push(*digest);
        }
        number
    }

    fn place(&mut self, namespace: &[u8], set: &[u8]) -> u32 {
        if namespace.is_empty() {
            return 0;
        }
        let mut name = Vec::with_capacity(namespace.len() + set.len() + 1);
        name.extend_from_slice(namespace);
        if !set.is_empty() {
            name.push(b'/');
            name.extend_from_slice(set);
        }
        self.places.number(&name)
    }

    /// A record of the tap.
    pub fn record(&mut self, record: &Record<'_>) {
        self.tick(record.time, record.frame);
        if self.start == 0 {
            self.start = record.time;
        }
        let client = Endpoint::new(record.client.address, record.client.port);
        let server = Endpoint::new(record.server.address, record.server.port);
        let here = self
            .last
            .filter(|(index, frame, _)| {
                *frame == record.frame
                    && self
                        .connections
                        .get(*index)
                        .is_some_and(|connection| connection.ends.contains(&client))
            })
            .map(|(index, _, offset)| (index, offset));
        if let Event::Internode { .. } = record.event {
            if let Some(connection) = here.and_then(|(index, _)| self.connections.get_mut(index)) {
                connection.internode += 1;
            }
            self.cluster.record(record, (client, server));
            return;
        }
        let Some((index, offset)) = here else { return };
        let name = match record.what {
            RequestKind::Security(_) => record.detail.user,
            _ => record.command,
        };
        let (place, name) = (self.place(record.namespace, record.set), self.names.number(name));
        if !record.detail.text.is_empty() {
            self.info.record(record, (client, server));
        }
        let rows: Vec<LoggedRow> = record
            .touches
            .iter()
            .map(|touch| {
                let digest = self.digest(&touch.digest);
                if let Some(key) = touch.key.filter(|_| !self.keys.contains_key(&digest)) {
                    self.keys.insert(digest, key.to_string());
                }
                LoggedRow {
                    digest,
                    place: self.place(touch.namespace, touch.set),
                    request: touch.request,
                    writes: touch.writes,
                    result: touch.result,
                }
            })
            .collect();
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        let first = u32::try_from(connection.rows.len()).unwrap_or(0);
        self.held += 1 + rows.len() / 2;
        connection.rows.extend(rows);
        let (sender, content) = match record.event {
            Event::Asked => (
                client,
                LoggedContent::Request {
                    timeout: record.detail.timeout,
                    fingerprint: record.detail.fingerprint,
                    counts_twice: record.detail.counts_twice,
                    writes: record.transaction.is_some_and(|transaction| transaction.writes)
                        || record.touches.iter().any(|touch| touch.writes),
                },
            ),
            Event::Refused { guess, from_server } => (
                if from_server { server } else { client },
                LoggedContent::Refused(guess),
            ),
            Event::Answered { .. } | Event::Internode { .. } => (
                server,
                LoggedContent::Response {
                    result: record
                        .results
                        .iter()
                        .find(|result| **result != ResultCode::OK)
                        .copied()
                        .unwrap_or(ResultCode::OK),
                    ends: record.detail.ends,
                    results: u32::try_from(record.results.len()).unwrap_or(u32::MAX),
                    is_linked: record.transaction.is_some(),
                },
            ),
        };
        connection.messages.push(LoggedMessage {
            frame: record.frame,
            end: record.detail.end.map(|end| end.wrapping_add(offset)),
            size: record.detail.size,
            side: u8::from(sender != connection.ends[0]),
            what: record.what,
            name,
            place,
            rows: (first, u32::try_from(connection.rows.len()).unwrap_or(0)),
            content,
        });
    }
}

impl LoggedConnection {
    /// What the first bytes of a segment say of TLS and of clear text.
    fn look(&mut self, segment: &LoggedSegment, head: &[u8]) {
        let at = (segment.time, segment.frame);
        match head {
            [22, 3, 0..=4, _, _, 1, ..] => {
                self.tls.is_there = true;
                self.tls.hello = self.tls.hello.or(Some(at));
            }
            [21, 3, 0..=4, 0, 2, level @ 1..=2, description, ..] => {
                self.tls.is_there = true;
                if *description != 0 && *level == 2 && self.tls.alert.is_none() {
                    self.tls.alert = Some(TlsAlert {
                        side: segment.side,
                        description: *description,
                    });
                }
            }
            [23, 3, 0..=4, ..] => {
                self.tls.is_there = true;
                if let Some(data) = self.tls.data.get_mut(usize::from(segment.side)) {
                    *data = true;
                }
            }
            [20..=23, 3, 0..=4, ..] => self.tls.is_there = true,
            [2, 1..=4, 0, 0, _, _, _, _] if !self.tls.is_there && self.begins_clear.is_none() => {
                self.begins_clear = Some(at);
            }
            _ => {}
        }
    }
}
