//! The user key behind a digest, wherever in the capture it was seen: a request carries either or both, and most
//! clients send the digest alone.

use super::budget;
use super::map::FileMap;
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, FileArena, FileSlice};
use crate::wire::client::fields::digest::{self, LENGTH};
use crate::wire::client::fields::key::UserKey;
use crate::wire::values::particle::ParticleType;

/// A key and where it was seen first.
#[derive(Clone, Copy)]
struct Seen {
    frame: u32,
    /// Particle type, then the value.
    data: FileSlice,
}

/// Distinct keys by their digests: about 50 bytes each.
#[derive(Default)]
struct Keys {
    seen: FileMap<[u8; LENGTH], Seen>,
    bytes: FileArena,
}

static KEYS: CaptureState<Keys> = CaptureState::new();

/// Longer keys are not remembered: the digest alone stands for them.
const LONGEST: usize = 32;

/// On the first pass: a record whose message says digest and key. A digest that does not follow from set and key is
/// not believed.
pub fn note(packet: Packet<'_>, set: &[u8], digest: &[u8; LENGTH], key: &UserKey<'_>) {
    if packet.is_visited() || key.value.len() > LONGEST {
        return;
    }
    let keys = KEYS.get(packet.file());
    let is_full = keys.seen.len() >= super::budget::most();
    if keys.seen.get(digest).is_some() || digest::compute(set, key) != *digest {
        return;
    }
    if is_full {
        return budget::note_dropped(packet);
    }
    // With its place in the table.
    if !budget::keep(packet, size_of::<Seen>() + LENGTH + 12 + key.value.len()) {
        return;
    }
    let seen = Seen {
        frame: packet.frame(),
        data: keys.bytes.copy(packet.file(), &[&[key.kind.0], key.value]),
    };
    keys.seen.insert(packet.file(), *digest, seen);
}

/// The key of a record, if a frame before this one said it; and that frame.
#[must_use]
pub fn find<'p>(packet: Packet<'p>, digest: &[u8; LENGTH]) -> Option<(UserKey<'p>, u32)> {
    known_by(packet, digest, packet.frame().checked_sub(1)?)
}

/// The key of a record, if `frame` or one before it said it; and the frame that did.
#[must_use]
pub fn known_by<'p>(packet: Packet<'p>, digest: &[u8; LENGTH], frame: u32) -> Option<(UserKey<'p>, u32)> {
    let keys = KEYS.get(packet.file());
    let seen = keys.seen.get(digest)?;
    let (kind, value) = keys.bytes.get(packet.file(), seen.data).split_first()?;
    let key = UserKey {
        kind: ParticleType(*kind),
        value,
    };
    (seen.frame <= frame).then_some((key, seen.frame))
}
