//! The user key behind a digest, wherever in the capture it was seen: a request carries either or both, and most
//! clients send the digest alone.

use core::cell::Cell;

use super::map::hash;
use crate::epan::Packet;
use crate::epan::memory::{CaptureState, FileArena, FileSlice, FileVec};
use crate::wire::client::digest::{self, LENGTH};
use crate::wire::client::key::Key;
use crate::wire::values::particle::ParticleType;

/// A key and where it was seen first.
#[derive(Clone, Copy)]
struct Seen {
    digest: [u8; LENGTH],
    frame: u32,
    /// Particle type, then the value.
    data: FileSlice,
}

/// Distinct keys in the order in which they came, found through a table of their places: about 60 bytes each.
#[derive(Default)]
struct Keys {
    list: FileVec<Seen>,
    /// Place in the list plus one; 0 is empty. The length is a power of two, at most three quarters are taken.
    index: FileVec<u32>,
    bytes: FileArena,
    is_full: Cell<bool>,
}

static KEYS: CaptureState<Keys> = CaptureState::new();

/// Longer keys are not remembered.
const LONGEST: usize = 1024;

/// Forgets the capture.
pub fn forget() {
    KEYS.forget();
}

/// On the first pass: a record whose message says digest and key. A digest that does not follow from set and key is
/// not believed.
pub fn note(packet: Packet<'_>, set: &[u8], digest: &[u8; LENGTH], key: &Key<'_>) {
    if packet.is_visited() || key.value.len() > LONGEST {
        return;
    }
    let keys = KEYS.get(packet);
    if keys.is_full.get() || keys.find(digest).is_some() || digest::compute(set, key) != *digest {
        return;
    }
    keys.add(packet.frame(), digest, key);
}

/// The key of a record, if a frame before this one said it; and that frame.
#[must_use]
pub fn find<'p>(packet: Packet<'p>, digest: &[u8; LENGTH]) -> Option<(Key<'p>, u32)> {
    let seen = KEYS.get(packet).find(digest)?;
    let (kind, value) = seen.data.get(packet).split_first()?;
    let key = Key {
        kind: ParticleType(*kind),
        value,
    };
    (seen.frame < packet.frame()).then_some((key, seen.frame))
}

impl Keys {
    /// The slot of a digest, or the empty one where it belongs.
    fn slot(&self, digest: &[u8; LENGTH]) -> Option<u32> {
        let mask = self.index.len().checked_sub(1)?;
        // The low bits are as good as any.
        let mut at = (hash(digest) as u32) & mask;
        loop {
            let place = self.index.get(at)?;
            let taken = place.checked_sub(1).and_then(|place| self.list.get(place));
            match taken {
                Some(seen) if seen.digest != *digest => at = (at + 1) & mask,
                _ => return Some(at),
            }
        }
    }

    fn find(&self, digest: &[u8; LENGTH]) -> Option<Seen> {
        let place = self.index.get(self.slot(digest)?)?;
        self.list.get(place.checked_sub(1)?)
    }

    fn add(&self, frame: u32, digest: &[u8; LENGTH], key: &Key<'_>) {
        if self.list.len() >= super::most() {
            self.is_full.set(true);
            return;
        }
        if (self.list.len() + 1) * 4 > self.index.len() * 3 {
            self.grow();
        }
        let Some(slot) = self.slot(digest) else { return };
        let place = self.list.push(Seen {
            digest: *digest,
            frame,
            data: self.bytes.copy(&[&[key.kind.0], key.value]),
        });
        self.index.set(slot, place + 1);
    }

    fn grow(&self) {
        let larger = FileVec::default();
        for _ in 0..(self.index.len() * 2).max(64) {
            larger.push(0);
        }
        self.index.replace(larger);
        for place in 0..self.list.len() {
            if let Some(slot) = self.list.get(place).and_then(|seen| self.slot(&seen.digest)) {
                self.index.set(slot, place + 1);
            }
        }
    }
}
