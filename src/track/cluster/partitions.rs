//! The partition maps that nodes gave to clients: which node a client has to send a request to.
//!
//! A client asks each node for its own partitions, on a connection that it keeps for such questions, and again whenever
//! the node's generation has changed. Of several nodes that say they are the master of a partition the client believes the
//! one with the higher regime, and else the one that said so last: see [`owners`](super::owners).
//!
//! Source: client-protocol 2.4 (replicas)

use core::cell::Cell;

use super::claims::MessagePosition;
use super::names;
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, FileRef, FileVec};
use crate::track::client::stream::Stream;
use crate::track::ground::budget;
use crate::track::ground::map::{FileMap, hash};
use crate::track::internode::peers::PeerAddress;
use crate::wire::ground::text::{decimal, hexadecimal};
use crate::wire::info::message::{InfoCommand, answers};
use crate::wire::info::partitions::{Owned, PartitionSet, is_map, ownership};

/// Nodes of a client at most, and connections to a node on which it asks: with more nothing is said.
pub(super) const NODES: u32 = 256;
pub(super) const CONNECTIONS: u32 = 32;
/// Namespaces of an answer at most.
const NAMESPACES: usize = 64;

/// A map of one namespace, as a node gave it.
#[derive(Clone, Copy)]
pub(super) struct Map {
    pub(super) namespace: u64,
    pub(super) regime: u64,
    /// Where it is the master, by its number among all sets.
    pub(super) masters: u32,
    /// Where it has any copy; [`UNKNOWN`] where it does not tell.
    pub(super) copies: u32,
}

pub(super) const UNKNOWN: u32 = u32::MAX;

/// An answer of a node, and what the client had been told by then.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) at: MessagePosition,
    pub(super) time: i64,
    /// When and where the latest map was told, and its namespaces.
    pub(super) map_at: MessagePosition,
    pub(super) map_time: i64,
    pub(super) first: u32,
    pub(super) count: u32,
    /// The partition generation of that map.
    pub(super) generation: Option<u64>,
    /// The node has not said another generation since.
    pub(super) is_current: bool,
}

/// A connection on which a client asks a node for its maps.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) stream: Cell<Option<FileRef<Stream>>>,
    pub(super) told: FileVec<Told>,
    pub(super) maps: FileVec<Map>,
}

/// The ids that a node said at an address and port, where each was new.
#[derive(Default)]
pub(super) struct Service {
    pub(super) ids: FileVec<(MessagePosition, u64)>,
}

/// A client and a node.
#[derive(Default)]
pub(super) struct Pair {
    pub(super) service: Cell<Option<FileRef<Service>>>,
    /// With the place of the first answer on each.
    pub(super) connections: FileVec<(MessagePosition, FileRef<Questions>)>,
    /// Where bytes between the two are missing, or may be.
    pub(super) holes: FileVec<MessagePosition>,
}

/// A client: its nodes, and where it first met each.
#[derive(Default)]
pub(super) struct Client {
    pub(super) nodes: FileVec<(MessagePosition, FileRef<Pair>)>,
}

pub(super) type Port = (PeerAddress, u16);

#[derive(Default)]
pub(super) struct Maps {
    pub(super) clients: FileMap<PeerAddress, FileRef<Client>>,
    pub(super) services: FileMap<Port, FileRef<Service>>,
    pub(super) pairs: FileMap<(PeerAddress, Port), FileRef<Pair>>,
    pub(super) questions: FileMap<usize, FileRef<Questions>>,
    pub(super) sets: FileVec<PartitionSet>,
    pub(super) set_of: FileMap<u64, u32>,
}

pub(super) static MAPS: CaptureState<Maps> = CaptureState::new();

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

    pub(super) fn key(&self) -> Option<(PeerAddress, Port)> {
        let server = (PeerAddress::of(self.server.0)?, self.server.1);
        Some((PeerAddress::of(self.client)?, server))
    }
}

pub(super) fn here(packet: Packet<'_>) -> MessagePosition {
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
            let _ = budget::keep(packet, size_of::<MessagePosition>());
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
        let mut rows = maps.flat_map(|(command, value): (InfoCommand<'_>, &[u8])| ownership(&command, value));
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

    pub(super) fn is_in(&self, set: u32, partition: u16) -> bool {
        self.sets.get(set).is_some_and(|set| set.contains(partition))
    }
}
