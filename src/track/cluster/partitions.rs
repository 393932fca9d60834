//! The partition maps that nodes gave to clients: which node a client has to send a request to.
//!
//! A client asks each node for its own partitions, on a connection that it keeps for such questions, and again whenever
//! the node's generation has changed. Of several nodes that say they are the master of a partition the client believes the
//! one with the higher regime, and else the one that said so last. What it believed at a request follows from the frames
//! before it alone, so that every pass says the same.
//!
//! Several processes of one host are several connections to a node: where these were told different maps, nobody knows
//! which of them sent a request.
//!
//! Longer than 500 lines: what is kept, and what is read of it at a request, are two halves of one rule.
//!
//! Source: client-protocol 2.4 (replicas)

use core::cell::Cell;

use super::claims::{At, Claim, Claims};
use super::names;
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, File, FileRef, FileVec};
use crate::track::client::stream::Stream;
use crate::track::ground::budget;
use crate::track::ground::map::{FileMap, hash};
use crate::track::internode::peers::PeerAddress;
use crate::wire::ground::text::{decimal, hexadecimal};
use crate::wire::info::message::{Command, answers};
use crate::wire::info::partitions::{Owned, PartitionSet, is_map, owned};

/// Nodes of a client at most, and connections to a node on which it asks: with more nothing is said.
const NODES: u32 = 256;
const CONNECTIONS: u32 = 32;
/// Namespaces of an answer at most.
const NAMESPACES: usize = 64;
/// A client that asks less often may know more than the capture shows by then.
const ATTENTION: i64 = 10_000_000_000;

/// A map of one namespace, as a node gave it.
#[derive(Clone, Copy)]
struct Map {
    namespace: u64,
    regime: u64,
    /// Where it is the master, by its number among all sets.
    masters: u32,
    /// Where it has any copy; [`UNKNOWN`] where it does not tell.
    copies: u32,
}

const UNKNOWN: u32 = u32::MAX;

/// An answer of a node, and what the client had been told by then.
#[derive(Clone, Copy)]
struct Told {
    at: At,
    time: i64,
    /// When and where the latest map was told, and its namespaces.
    map_at: At,
    map_time: i64,
    first: u32,
    count: u32,
    /// The partition generation of that map.
    generation: Option<u64>,
    /// The node has not said another generation since.
    is_current: bool,
}

/// A connection on which a client asks a node for its maps.
#[derive(Default)]
struct Questions {
    stream: Cell<Option<FileRef<Stream>>>,
    told: FileVec<Told>,
    maps: FileVec<Map>,
}

/// The ids that a node said at an address and port, where each was new.
#[derive(Default)]
struct Service {
    ids: FileVec<(At, u64)>,
}

/// A client and a node.
#[derive(Default)]
struct Pair {
    service: Cell<Option<FileRef<Service>>>,
    /// With the place of the first answer on each.
    connections: FileVec<(At, FileRef<Questions>)>,
    /// Where bytes between the two are missing, or may be.
    holes: FileVec<At>,
}

/// A client: its nodes, and where it first met each.
#[derive(Default)]
struct Client {
    nodes: FileVec<(At, FileRef<Pair>)>,
}

type Port = (PeerAddress, u16);

#[derive(Default)]
struct Maps {
    clients: FileMap<PeerAddress, FileRef<Client>>,
    services: FileMap<Port, FileRef<Service>>,
    pairs: FileMap<(PeerAddress, Port), FileRef<Pair>>,
    questions: FileMap<usize, FileRef<Questions>>,
    sets: FileVec<PartitionSet>,
    set_of: FileMap<u64, u32>,
}

static MAPS: CaptureState<Maps> = CaptureState::new();

/// Bytes that a place in a table is kept in, with what it refers to.
const ENTRY: usize = 160;

/// Both ends of a connection of the client protocol.
#[derive(Clone, Copy)]
pub struct Ends<'p> {
    /// The client's address.
    pub client: &'p [u8],
    /// The node's address and port.
    pub server: (&'p [u8], u16),
}

impl<'p> Ends<'p> {
    /// Of a packet that goes to the node, or comes from it.
    #[must_use]
    pub fn of(packet: Packet<'p>, is_request: bool) -> Self {
        let (from, to) = packet.ports();
        let (source, destination) = (packet.source_address(), packet.destination_address());
        let port = |port: u32| u16::try_from(port).unwrap_or(0);
        if is_request {
            Self {
                client: source,
                server: (destination, port(to)),
            }
        } else {
            Self {
                client: destination,
                server: (source, port(from)),
            }
        }
    }

    fn key(&self) -> Option<(PeerAddress, Port)> {
        let server = (PeerAddress::of(self.server.0)?, self.server.1);
        Some((PeerAddress::of(self.client)?, server))
    }
}

fn here(packet: Packet<'_>) -> At {
    (packet.frame(), packet.state().messages.get())
}

/// On the first pass: a node's answer to info commands.
pub fn note_answer(
    packet: Packet<'_>,
    ends: &Ends<'_>,
    stream: (&Stream, FileRef<Stream>),
    body: &[u8],
    is_cut: bool,
) {
    if packet.is_visited() {
        return;
    }
    let maps = MAPS.get(packet.file());
    let mut generation = None;
    let mut is_told = false;
    for answer in answers(body) {
        let Some(command) = answer.echo.filter(|_| answer.terminated) else {
            continue;
        };
        match command.name {
            b"node" => {
                maps.note_node(packet, ends, answer.value);
                names::note(packet, hexadecimal(answer.value).unwrap_or(0), ends.server.0);
            }
            b"partition-generation" => generation = decimal(answer.value),
            _ => {}
        }
        is_told |= is_map(&command);
    }
    if is_cut {
        note_hole(packet, ends);
    }
    if generation.is_some() || is_told {
        maps.note_told(packet, ends, stream, body, generation, is_told);
    }
}

/// On the first pass: bytes between a client and a node are missing.
pub fn note_hole(packet: Packet<'_>, ends: &Ends<'_>) {
    if packet.is_visited() {
        return;
    }
    let maps = MAPS.get(packet.file());
    let Some(pair) = ends.key().and_then(|key| maps.pairs.get(&key)) else {
        // Nobody was told anything.
        return;
    };
    let Some(pair) = pair.get(packet.file()) else {
        return;
    };
    let at = here(packet);
    let last = pair.holes.len().checked_sub(1);
    match last.and_then(|last| Some((last, pair.holes.get(last)?))) {
        Some((last, (frame, _))) if frame == at.0 => pair.holes.set(last, at),
        _ => {
            // One that is not kept would be taken for none.
            let _ = budget::keep(packet, size_of::<At>());
            pair.holes.push(packet.file(), at);
        }
    }
}

impl Maps {
    fn service(&self, packet: Packet<'_>, port: Port) -> Option<FileRef<Service>> {
        self.services.get(&port).or_else(|| {
            let made = budget::keep(packet, ENTRY).then(|| FileRef::make(packet.file()))?;
            self.services.insert(packet.file(), port, made).then_some(made)
        })
    }

    fn note_node(&self, packet: Packet<'_>, ends: &Ends<'_>, value: &[u8]) {
        let file = packet.file();
        let (Some(id), Some((_, port))) = (hexadecimal(value), ends.key()) else {
            return;
        };
        let Some(service) = self.service(packet, port).and_then(|service| service.get(file)) else {
            return;
        };
        // Two are as good as many: nobody knows which node is there.
        let is_known = |index| service.ids.get(index).is_some_and(|(_, known)| known == id);
        if service.ids.len() < 2 && !is_known(0) {
            service.ids.push(file, (here(packet), id));
        }
    }

    fn pair(&self, packet: Packet<'_>, key: (PeerAddress, Port)) -> Option<FileRef<Pair>> {
        let file = packet.file();
        if let Some(known) = self.pairs.get(&key) {
            return Some(known);
        }
        if !budget::keep(packet, 2 * ENTRY) {
            return None;
        }
        let client = match self.clients.get(&key.0) {
            Some(client) => client,
            None => {
                let made = FileRef::make(file);
                self.clients.insert(file, key.0, made).then_some(made)?
            }
        };
        let made: FileRef<Pair> = FileRef::make(file);
        made.get(file)?.service.set(self.service(packet, key.1));
        client.get(file)?.nodes.push(file, (here(packet), made));
        self.pairs.insert(file, key, made).then_some(made)
    }

    fn note_told(
        &self,
        packet: Packet<'_>,
        ends: &Ends<'_>,
        (stream, reference): (&Stream, FileRef<Stream>),
        body: &[u8],
        generation: Option<u64>,
        is_told: bool,
    ) {
        let (file, at, time) = (packet.file(), here(packet), packet.nanoseconds());
        let Some(key) = ends.key() else { return };
        let Some(pair) = self.pair(packet, key).and_then(|pair| pair.get(file)) else {
            return;
        };
        let connection = core::ptr::from_ref(stream).addr();
        let known = self.questions.get(&connection);
        let questions = known.or_else(|| {
            let made: FileRef<Questions> = budget::keep(packet, ENTRY).then(|| FileRef::make(file))?;
            made.get(file)?.stream.set(Some(reference));
            pair.connections.push(file, (at, made));
            self.questions.insert(file, connection, made).then_some(made)
        });
        let Some(questions) = questions.and_then(|questions| questions.get(file)) else {
            return;
        };
        let last = questions.told.len().checked_sub(1);
        let before = last.and_then(|last| questions.told.get(last));
        let mut told = before.unwrap_or(Told {
            at,
            time,
            map_at: (0, 0),
            map_time: 0,
            first: 0,
            count: 0,
            generation: None,
            is_current: false,
        });
        (told.at, told.time) = (at, time);
        if is_told {
            let first = questions.maps.len();
            let is_whole = self.note_maps(packet, questions, body);
            told = Told {
                map_at: at,
                map_time: time,
                first,
                count: questions.maps.len() - first,
                generation,
                is_current: is_whole,
                ..told
            };
        } else {
            told.is_current &= told.generation.is_none() || told.generation == generation;
        }
        if budget::keep(packet, size_of::<Told>()) {
            questions.told.push(file, told);
        } else if let Some(last) = last {
            // What is not remembered might be another map.
            questions.told.set(last, Told { count: 0, ..told });
        }
    }

    /// The maps in an answer; whether all of them could be read and are kept.
    fn note_maps(&self, packet: Packet<'_>, questions: &Questions, body: &[u8]) -> bool {
        let commands = answers(body).filter_map(|answer| Some((answer.echo?, answer.value)));
        let maps = commands.filter(|(command, _)| is_map(command));
        let mut rows = maps.flat_map(|(command, value): (Command<'_>, &[u8])| owned(&command, value));
        let is_kept = |owned: Option<Owned<'_>>| {
            let owned = owned?;
            let masters = self.set(packet, &owned.masters)?;
            let copies = match &owned.copies {
                Some(copies) => self.set(packet, copies)?,
                None => UNKNOWN,
            };
            budget::keep(packet, size_of::<Map>()).then(|| {
                questions.maps.push(
                    packet.file(),
                    Map {
                        namespace: hash(&owned.namespace),
                        regime: owned.regime.unwrap_or(0),
                        masters,
                        copies,
                    },
                )
            })
        };
        rows.by_ref().take(NAMESPACES).all(|row| is_kept(row).is_some()) && rows.next().is_none()
    }

    /// The number of a set: many clients are told the same.
    fn set(&self, packet: Packet<'_>, set: &PartitionSet) -> Option<u32> {
        let file = packet.file();
        let key = hash(set);
        if let Some(known) = self.set_of.get(&key) {
            return (self.sets.get(known)? == *set).then_some(known);
        }
        if !budget::keep(packet, size_of::<PartitionSet>() + 24) {
            return None;
        }
        let number = self.sets.push(file, *set);
        self.set_of.insert(file, key, number).then_some(number)
    }

    fn is_in(&self, set: u32, partition: u16) -> bool {
        self.sets.get(set).is_some_and(|set| set.contains(partition))
    }
}

/// A node that is the master of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Master {
    /// Its id.
    pub node: u64,
    /// The frame of the map that says so.
    pub frame: u32,
}

/// What a request asks of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The namespace.
    pub namespace: &'a [u8],
    /// The partition.
    pub partition: u16,
    /// It can change the record.
    pub writes: bool,
}

/// What the client of a request knew of where to send it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// The master, as the newest map names it.
    pub master: Option<Master>,
    /// A write did not go to the master, or a read to a node without a copy.
    pub is_wrong: bool,
}

/// What the client of the request that is dissected had been told.
#[must_use]
pub fn known(packet: Packet<'_>, ends: &Ends<'_>, asked: &Asked<'_>) -> Knowledge {
    let maps = MAPS.get(packet.file());
    ends.key()
        .and_then(|key| maps.known(packet, key, asked))
        .unwrap_or_default()
}

impl Maps {
    fn known(&self, packet: Packet<'_>, key: (PeerAddress, Port), asked: &Asked<'_>) -> Option<Knowledge> {
        let (file, at, now) = (packet.file(), here(packet), packet.nanoseconds());
        let client = self.clients.get(&key.0)?.get(file)?;
        let namespace = hash(&asked.namespace);
        let seen = |pair: &Pair| self.view(file, at, now, pair, (namespace, asked.partition));
        let count = client.nodes.partition_point(|(first, _)| *first >= at);
        if count > NODES {
            return None;
        }
        let mut master: Option<(u64, Claim)> = None;
        let mut has_doubt = false;
        let own = self.pairs.get(&key).and_then(|pair| pair.get(file));
        let own_claims = own.and_then(seen);
        let mut is_wrong = false;
        for index in 0..count {
            let pair = client.nodes.get(index)?.1.get(file)?;
            let Some((node, claims)) = seen(pair) else {
                has_doubt |= is_doubtful(file, at, pair);
                continue;
            };
            if claims.newest.is_master {
                let rank = |claim: &Claim| (claim.regime, claim.at);
                if master.is_none_or(|(_, best)| rank(&claims.newest) > rank(&best)) {
                    master = Some((node, claims.newest));
                }
            }
            is_wrong |= own_claims.is_some_and(|(own_node, own)| {
                own_node != node
                    && own.is_wrong(asked.writes, now)
                    && claims.is_owner(asked.writes, now, &own)
            });
        }
        let named = master.filter(|_| !has_doubt);
        Some(Knowledge {
            master: named.map(|(node, claim)| Master {
                node,
                frame: claim.at.0,
            }),
            is_wrong,
        })
    }

    /// A node as the client knew it at that place: its id and what it said; `None` where either is not certain.
    fn view(
        &self,
        file: File<'_>,
        at: At,
        now: i64,
        pair: &Pair,
        record: (u64, u16),
    ) -> Option<(u64, Claims)> {
        let service = pair.service.get()?.get(file)?;
        let ids = service.ids.partition_point(|(told, _)| *told >= at);
        let (_, node) = service.ids.get(0).filter(|_| ids == 1)?;
        Some((node, self.claims(file, at, now, pair, record)?))
    }

    fn claims(&self, file: File<'_>, at: At, now: i64, pair: &Pair, record: (u64, u16)) -> Option<Claims> {
        let count = pair.connections.partition_point(|(first, _)| *first >= at);
        if count > CONNECTIONS {
            return None;
        }
        let holes = pair.holes.partition_point(|hole| *hole >= at);
        let hole = holes.checked_sub(1).and_then(|last| pair.holes.get(last));
        let mut all: Option<Claims> = None;
        for index in 0..count {
            let questions = pair.connections.get(index)?.1.get(file)?;
            if questions.is_closed(file, at) {
                continue;
            }
            let last = questions
                .told
                .partition_point(|told| told.at >= at)
                .checked_sub(1)?;
            let told = questions.told.get(last)?;
            if now.wrapping_sub(told.time) > ATTENTION {
                // Whoever asked there is gone, or asks elsewhere.
                continue;
            }
            // What says the same generation again says that nothing was missed.
            let confirmed = if told.generation.is_some() {
                told.at
            } else {
                told.map_at
            };
            let is_known = told.count > 0 && told.is_current && hole.is_none_or(|hole| hole < confirmed);
            if !is_known {
                return None;
            }
            let claim = self.claim(questions, &told, record)?;
            all = Some(match all {
                Some(all) => all.and(&claim),
                None => Claims::of(&claim),
            });
        }
        all
    }

    fn claim(&self, questions: &Questions, told: &Told, (namespace, partition): (u64, u16)) -> Option<Claim> {
        let mut maps = (told.first..told.first + told.count).filter_map(|index| questions.maps.get(index));
        let map = maps.find(|map| map.namespace == namespace)?;
        Some(Claim {
            at: told.map_at,
            time: told.map_time,
            regime: map.regime,
            is_master: self.is_in(map.masters, partition),
            has_copy: (map.copies != UNKNOWN).then(|| self.is_in(map.copies, partition)),
        })
    }
}

/// Whether the client may have been told more by a node than is known: it has asked it for a map, or not yet again.
fn is_doubtful(file: File<'_>, at: At, pair: &Pair) -> bool {
    let count = pair.connections.partition_point(|(first, _)| *first >= at);
    (0..count.min(CONNECTIONS)).any(|index| {
        let questions = pair.connections.get(index).and_then(|(_, one)| one.get(file));
        questions.is_some_and(|questions| !questions.is_closed(file, at) && questions.has_map(at))
    })
}

impl Questions {
    fn is_closed(&self, file: File<'_>, at: At) -> bool {
        let stream = self.stream.get().and_then(|stream| stream.get(file));
        stream
            .and_then(Stream::closing)
            .is_some_and(|closing| closing.frame < at.0)
    }

    /// Whether a map was told by then.
    fn has_map(&self, at: At) -> bool {
        let last = self.told.partition_point(|told| told.at >= at).checked_sub(1);
        last.and_then(|last| self.told.get(last))
            .is_some_and(|told| told.map_at != (0, 0))
    }
}
