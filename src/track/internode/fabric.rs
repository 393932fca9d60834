//! Requests and answers between nodes, and the emigrations that records belong to.
//!
//! An answer usually comes on another TCP connection than its request, so this is remembered for the capture as a
//! whole: by the pair of nodes and what request and answer have in common ([`LinkKey`]). The first pass writes; later
//! passes find what a message belongs to by its frame and its ordinal there.
//!
//! Source: internode-protocol 8

use core::cell::Cell;
use core::num::NonZeroU64;

use super::connection::Connection;
use super::peers::{Peer, PeerEnd, Peers};
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, File, FileArena, FileSlice, FileVec};
use crate::track::ground::budget;
use crate::track::ground::map::{FileMap, RecentMap, hash};
use crate::wire::internode::fabric::links::{Class, Expect, Link, LinkKey, Role};

/// How long a request waits for its answer: after that the counters may have begun anew. Nanoseconds.
const PATIENCE: i64 = 30_000_000_000;

/// Hellos between the same nodes that are further apart belong to different lives of a node.
const BURST: i64 = 2_000_000_000;

/// How long a node must have answered others before its silence on one request says something.
const SILENCE: i64 = 1_000_000_000;

const NONE: u32 = u32::MAX;

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeState {
    /// Not answered.
    Open,
    /// Answered.
    Answered,
    /// Given up: nobody knows what became of it.
    Lost,
}

/// A request and its answer.
#[derive(Clone, Copy)]
pub struct Exchange {
    /// When it was asked for the first time, nanoseconds since 1970.
    pub asked_at: i64,
    /// When the first answer came.
    pub answered_at: i64,
    /// The frame of the first request.
    pub request_frame: u32,
    /// The frame of the first answer.
    pub answer_frame: u32,
    /// The frame in which it was asked for the second time; 0: never.
    pub asked_again_in: u32,
    /// The requester and the answerer: index in the table of pairs.
    pair: u32,
    /// The record's digest, as the request has it.
    pub digest: Option<[u8; 20]>,
    /// The lack of an answer would mean something.
    is_judged: bool,
    /// How far it has come.
    pub state: ExchangeState,
}

impl Exchange {
    /// A request that `packet` asks for the first time.
    fn new(packet: Packet<'_>, pair: u32, digest: Option<[u8; 20]>, is_judged: bool) -> Self {
        Self {
            asked_at: packet.nanoseconds(),
            answered_at: 0,
            request_frame: packet.frame(),
            answer_frame: 0,
            asked_again_in: 0,
            pair,
            digest,
            is_judged,
            state: ExchangeState::Open,
        }
    }

    /// The same with its answer, `packet`.
    fn with_answer(mut self, packet: Packet<'_>) -> Self {
        self.state = ExchangeState::Answered;
        self.answer_frame = packet.frame();
        self.answered_at = packet.nanoseconds();
        self
    }

    /// Nanoseconds from the first request to the first answer.
    #[must_use]
    pub const fn response_time(&self) -> i64 {
        self.answered_at.wrapping_sub(self.asked_at)
    }
}

/// Where records are going.
#[derive(Clone, Copy)]
pub struct Emigration {
    /// Name of the namespace.
    namespace: FileSlice,
    /// The partition.
    pub partition: u16,
    started_at: i64,
}

/// What a message is in its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangePart {
    /// It asks for the first time.
    Request,
    /// It asks again.
    Again,
    /// The first answer.
    Answer,
    /// Another answer.
    AnswerAgain,
}

/// What a message belongs to.
#[derive(Clone, Copy, Default)]
pub struct Linked {
    /// Its exchange, and what it is there.
    pub exchange: Option<(ExchangePart, Exchange)>,
    /// The number of that exchange, in the order of the requests.
    pub number: u32,
    /// The emigration that it names by its id.
    pub emigration: Option<Emigration>,
}

/// A message that belongs to something.
#[derive(Clone, Copy)]
struct Mention {
    frame: u32,
    ordinal: u32,
    exchange: u32,
    emigration: u32,
    part: ExchangePart,
}

/// What is known of two nodes, of which the first asks and the second answers.
#[derive(Clone, Copy)]
struct Pair {
    /// Since when requests and emigrations of the first node count.
    epoch: i64,
    /// The latest hello of the first to the second.
    hello_at: i64,
    /// When the second answered a write of the first the last time.
    answered_at: i64,
    /// When bytes from the second to the first were missing the last time.
    lost_at: i64,
}

impl Default for Pair {
    fn default() -> Self {
        Self {
            epoch: i64::MIN,
            hello_at: i64::MIN,
            answered_at: i64::MIN,
            lost_at: i64::MIN,
        }
    }
}

/// What a request and its answer have in common, by its hash, in two fifths of the memory. Two that differ are taken for
/// one in one of 2^64 cases, which a capture cannot provoke since the seed is this process's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Pending(NonZeroU64);

impl Pending {
    fn of(pair: u32, key: &LinkKey) -> Self {
        Self(NonZeroU64::new(hash(&(pair, key))).unwrap_or(NonZeroU64::MIN))
    }
}

/// What is remembered of the nodes of a capture.
#[derive(Default)]
pub struct Fabric {
    /// Who they are.
    pub peers: Peers,
    pairs: FileVec<Pair>,
    pair_of: FileMap<(Peer, Peer), u32>,
    pending: RecentMap<Pending, u32>,
    exchanges: FileVec<Exchange>,
    emigrations: FileVec<Emigration>,
    /// The namespaces they name.
    names: FileArena,
    emigration_of: FileMap<(u32, u32), u32>,
    mentions: FileVec<Mention>,
    /// The time of the latest message.
    now: Cell<i64>,
    /// When bytes between nodes nobody knows were missing the last time.
    lost_at: Cell<Option<i64>>,
}

/// Bytes that a message is kept in at most, its places in tables that are half empty among them.
const SIZE: usize = size_of::<Exchange>() + size_of::<Mention>() + size_of::<Emigration>() + 80;

static STATE: CaptureState<Fabric> = CaptureState::new();

/// What is remembered of the nodes of the open capture.
#[must_use]
pub fn of(packet: Packet<'_>) -> &Fabric {
    STATE.get(packet.file())
}

/// What a message says that its place in an exchange depends on.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    /// Its ordinal in the frame.
    pub ordinal: u32,
    /// Its place in an exchange, the nodes aside.
    pub link: Option<Link>,
    /// The record's digest.
    pub digest: Option<&'a [u8; 20]>,
    /// Id of the emigration.
    pub emigration: Option<u32>,
    /// Namespace and partition of an emigration that begins.
    pub starts: Option<(&'a [u8], u16)>,
    /// At a known position, so that the lack of an answer may be judged.
    pub is_known: bool,
}

impl Fabric {
    /// The namespace of an emigration.
    #[must_use]
    pub fn namespace<'p>(&self, packet: Packet<'p>, emigration: &Emigration) -> &'p [u8] {
        self.names.get(packet.file(), emigration.namespace)
    }

    fn pair(&self, file: File<'_>, asks: Peer, answers: Peer) -> u32 {
        let key = (asks, answers);
        self.pair_of.get(&key).unwrap_or_else(|| {
            let index = self.pairs.push(file, Pair::default());
            self.pair_of.insert(file, key, index);
            index
        })
    }

    fn change_pair(&self, file: File<'_>, asks: Peer, answers: Peer, change: impl FnOnce(&mut Pair)) {
        let index = self.pair(file, asks, answers);
        if let Some(mut pair) = self.pairs.get(index) {
            change(&mut pair);
            self.pairs.set(index, pair);
        }
    }

    /// A hello from one end to the other: after a while without one, an earlier life of the node is over.
    pub fn note_hello(&self, packet: Packet<'_>, from: &PeerEnd<'_>, to: &PeerEnd<'_>) {
        let (Some(from), Some(to)) = (
            self.peers.at(packet.file(), from),
            self.peers.at(packet.file(), to),
        ) else {
            return;
        };
        let now = packet.nanoseconds();
        self.change_pair(packet.file(), from, to, |pair| {
            if pair.hello_at == i64::MIN || now.wrapping_sub(pair.hello_at) > BURST {
                pair.epoch = now;
            }
            pair.hello_at = now;
        });
    }

    /// Bytes from one end to the other are not in the capture, or could not be read.
    pub fn note_loss(&self, packet: Packet<'_>, from: &PeerEnd<'_>, to: &PeerEnd<'_>) {
        let now = packet.nanoseconds();
        match (
            self.peers.at(packet.file(), from),
            self.peers.at(packet.file(), to),
        ) {
            (Some(from), Some(to)) => self.change_pair(packet.file(), to, from, |pair| pair.lost_at = now),
            _ => self.lost_at.set(Some(now)),
        }
    }

    /// On the first pass: a message from one end to the other takes its place.
    pub fn note(&self, packet: Packet<'_>, from: &PeerEnd<'_>, to: &PeerEnd<'_>, said: &Said<'_>) -> Linked {
        let now = packet.nanoseconds();
        self.now.set(self.now.get().max(now));
        let (Some(from), Some(to)) = (
            self.peers.at(packet.file(), from),
            self.peers.at(packet.file(), to),
        ) else {
            return Linked::default();
        };
        let Some(link) = said.link else {
            return Linked::default();
        };
        let name = said.starts.map_or(0, |(namespace, _)| namespace.len());
        if !budget::keep(packet, SIZE + name) {
            return Linked::default();
        }
        // Of an emigration the id is the asking node's, as every id is.
        let pair = if link.is_request() {
            self.pair(packet.file(), from, to)
        } else {
            self.pair(packet.file(), to, from)
        };
        let emigration = said.emigration.and_then(|id| {
            if let Some((namespace, partition)) = said.starts {
                let index = self.emigrations.push(
                    packet.file(),
                    Emigration {
                        namespace: self.names.copy(packet.file(), &[namespace]),
                        partition,
                        started_at: now,
                    },
                );
                self.emigration_of.insert(packet.file(), (pair, id), index);
                return None;
            }
            let index = self.emigration_of.get(&(pair, id))?;
            let started = self.emigrations.get(index)?.started_at;
            (started >= self.pairs.get(pair)?.epoch).then_some(index)
        });
        let exchange = match link.role {
            Role::Request(expect) => Some(self.on_request(packet, pair, &link, expect, said)),
            Role::Answer { .. } => self.on_response(packet, pair, &link, said),
        };
        self.mention(packet, said.ordinal, exchange, emigration)
    }

    fn mention(
        &self,
        packet: Packet<'_>,
        ordinal: u32,
        exchange: Option<(ExchangePart, u32)>,
        emigration: Option<u32>,
    ) -> Linked {
        if exchange.is_none() && emigration.is_none() {
            return Linked::default();
        }
        let mention = Mention {
            frame: packet.frame(),
            ordinal,
            exchange: exchange.map_or(NONE, |(_, index)| index),
            emigration: emigration.unwrap_or(NONE),
            part: exchange.map_or(ExchangePart::Request, |(part, _)| part),
        };
        self.mentions.push(packet.file(), mention);
        self.exchange_of(&mention)
    }

    fn exchange_of(&self, mention: &Mention) -> Linked {
        Linked {
            exchange: self
                .exchanges
                .get(mention.exchange)
                .map(|exchange| (mention.part, exchange)),
            number: mention.exchange,
            emigration: self.emigrations.get(mention.emigration),
        }
    }

    /// On later passes: what the message with that ordinal in the packet's frame belongs to.
    #[must_use]
    pub fn find(&self, packet: Packet<'_>, ordinal: u32) -> Linked {
        let at = (packet.frame(), ordinal);
        let index = self
            .mentions
            .partition_point(|mention| (mention.frame, mention.ordinal) >= at);
        self.mentions
            .get(index)
            .filter(|mention| (mention.frame, mention.ordinal) == at)
            .map_or_else(Linked::default, |mention| self.exchange_of(&mention))
    }

    /// Whether a pending exchange can still be continued.
    fn is_alive(&self, exchange: &Exchange, now: i64) -> bool {
        let epoch = self.pairs.get(exchange.pair).map_or(i64::MIN, |pair| pair.epoch);
        now.wrapping_sub(exchange.asked_at) <= PATIENCE && exchange.asked_at >= epoch
    }

    fn on_request(
        &self,
        packet: Packet<'_>,
        pair: u32,
        link: &Link,
        expect: Expect,
        said: &Said<'_>,
    ) -> (ExchangePart, u32) {
        let now = packet.nanoseconds();
        let digest = said.digest.copied();
        let pending = Pending::of(pair, &link.key);
        let known = self.pending.get(&pending);
        if let Some((index, mut earlier)) = known.and_then(|index| Some((index, self.exchanges.get(index)?)))
        {
            if earlier.state == ExchangeState::Open {
                if self.is_alive(&earlier, now) && earlier.digest == digest {
                    if earlier.asked_again_in == 0 {
                        earlier.asked_again_in = packet.frame();
                        self.exchanges.set(index, earlier);
                    }
                    return (ExchangePart::Again, index);
                }
                earlier.state = ExchangeState::Lost;
                self.exchanges.set(index, earlier);
            }
        }
        let is_judged = said.is_known && link.key.class == Class::Write && expect == Expect::Answer;
        let exchange = Exchange::new(packet, pair, digest, is_judged);
        let index = self.exchanges.push(packet.file(), exchange);
        if expect != Expect::Nothing {
            self.pending.insert(packet.file(), pending, index, now, PATIENCE);
        }
        (ExchangePart::Request, index)
    }

    fn on_response(
        &self,
        packet: Packet<'_>,
        pair: u32,
        link: &Link,
        said: &Said<'_>,
    ) -> Option<(ExchangePart, u32)> {
        let now = packet.nanoseconds();
        if link.key.class == Class::Write {
            if let Some(mut state) = self.pairs.get(pair) {
                state.answered_at = now;
                self.pairs.set(pair, state);
            }
        }
        let index = self.pending.get(&Pending::of(pair, &link.key))?;
        let exchange = self.exchanges.get(index)?;
        let other = matches!((exchange.digest, said.digest), (Some(a), Some(b)) if a != *b);
        if other
            || !self.is_alive(&exchange, now)
            || exchange.state == ExchangeState::Lost
            || now < exchange.asked_at
        {
            return None;
        }
        if exchange.state == ExchangeState::Answered {
            return Some((ExchangePart::AnswerAgain, index));
        }
        self.exchanges.set(index, exchange.with_answer(packet));
        Some((ExchangePart::Answer, index))
    }

    /// Heartbeats, on the first pass: an info request or reply. They belong together by their connection and
    /// order alone, and a request may stay without a reply, so two that are open at once tell nothing.
    pub fn note_info(
        &self,
        packet: Packet<'_>,
        connection: &Connection,
        direction: usize,
        ordinal: u32,
        is_request: bool,
    ) -> Linked {
        let now = packet.nanoseconds();
        let direction = direction.min(1);
        if !budget::keep(packet, SIZE) {
            return Linked::default();
        }
        let part = if is_request {
            let exchange = Exchange::new(packet, NONE, None, false);
            let index = self.exchanges.push(packet.file(), exchange);
            connection.note_info_request(direction, index, now, SILENCE);
            Some((ExchangePart::Request, index))
        } else {
            connection
                .take_info_request(1 - direction, now, SILENCE)
                .and_then(|index| {
                    let exchange = self.exchanges.get(index)?;
                    self.exchanges.set(index, exchange.with_answer(packet));
                    Some((ExchangePart::Answer, index))
                })
        };
        self.mention(packet, ordinal, part, None)
    }

    /// On later passes: whether the lack of an answer is certain enough to be said. `has_ended`: the connection of
    /// the request was closed or reset.
    #[must_use]
    pub fn is_unanswered(&self, exchange: &Exchange, has_ended: bool) -> bool {
        let Some(pair) = self.pairs.get(exchange.pair) else {
            return false;
        };
        let lost = pair.lost_at.max(self.lost_at.get().unwrap_or(i64::MIN));
        if exchange.state != ExchangeState::Open || !exchange.is_judged || lost >= exchange.asked_at {
            return false;
        }
        let limit = exchange.asked_at.saturating_add(SILENCE);
        pair.answered_at >= limit || has_ended && pair.answered_at != i64::MIN
    }
}
