//! Which node a client took for the owner of a record, of what nodes had told it ([`partitions`](super::partitions)).
//!
//! What it believed at a request follows from the frames before it alone, so that every pass says the same.
//!
//! Several processes of one host are several connections to a node: where these were told different maps, nobody knows
//! which of them sent a request.
//!
//! Source: client-protocol 2.4 (replicas)

use super::claims::{Claim, Claims, MessagePosition};
use super::partitions::{CONNECTIONS, Ends, MAPS, Maps, NODES, Pair, Port, Questions, Told, UNKNOWN, here};
use crate::epan::Packet;
use crate::epan::memory::file::File;
use crate::track::client::stream::Stream;
use crate::track::ground::map::hash;
use crate::track::internode::peers::PeerAddress;

/// A client that asks less often may know more than the capture shows by then.
const ATTENTION: i64 = 10_000_000_000;

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
pub struct RecordAccess<'a> {
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
pub fn knowledge(packet: Packet<'_>, ends: &Ends<'_>, access: &RecordAccess<'_>) -> Knowledge {
    let maps = MAPS.get(packet.file());
    ends.key()
        .and_then(|key| maps.knowledge(packet, key, access))
        .unwrap_or_default()
}

impl Maps {
    fn knowledge(
        &self,
        packet: Packet<'_>,
        key: (PeerAddress, Port),
        access: &RecordAccess<'_>,
    ) -> Option<Knowledge> {
        let (file, at, now) = (packet.file(), here(packet), packet.nanoseconds());
        let client = self.clients.get(&key.0)?.get(file)?;
        let namespace = hash(&access.namespace);
        let seen = |pair: &Pair| self.view(file, at, now, pair, (namespace, access.partition));
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
                    && own.is_wrong(access.writes, now)
                    && claims.is_owner(access.writes, now, &own)
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
        at: MessagePosition,
        now: i64,
        pair: &Pair,
        record: (u64, u16),
    ) -> Option<(u64, Claims)> {
        let service = pair.service.get()?.get(file)?;
        let ids = service.ids.partition_point(|(told, _)| *told >= at);
        let (_, node) = service.ids.get(0).filter(|_| ids == 1)?;
        Some((node, self.claims(file, at, now, pair, record)?))
    }

    fn claims(
        &self,
        file: File<'_>,
        at: MessagePosition,
        now: i64,
        pair: &Pair,
        record: (u64, u16),
    ) -> Option<Claims> {
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
fn is_doubtful(file: File<'_>, at: MessagePosition, pair: &Pair) -> bool {
    let count = pair.connections.partition_point(|(first, _)| *first >= at);
    (0..count.min(CONNECTIONS)).any(|index| {
        let questions = pair.connections.get(index).and_then(|(_, one)| one.get(file));
        questions.is_some_and(|questions| !questions.is_closed(file, at) && questions.has_map(at))
    })
}

impl Questions {
    fn is_closed(&self, file: File<'_>, at: MessagePosition) -> bool {
        let stream = self.stream.get().and_then(|stream| stream.get(file));
        stream
            .and_then(Stream::closing)
            .is_some_and(|closing| closing.frame < at.0)
    }

    /// Whether a map was told by then.
    fn has_map(&self, at: MessagePosition) -> bool {
        let last = self.told.partition_point(|told| told.at >= at).checked_sub(1);
        last.and_then(|last| self.told.get(last))
            .is_some_and(|told| told.map_at != (0, 0))
    }
}
