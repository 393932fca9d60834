//! Namespaces and sets by number, so that what is remembered of a request can say them in two bytes.

use core::cell::Cell;

use super::budget;
use super::map::{FileMap, hash};
use crate::epan::Packet;
use crate::epan::memory::file::{CaptureState, File, FileArena, FileSlice, FileVec};

/// A namespace and a set of the capture; the default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetId(u16);

#[derive(Default)]
struct Sets {
    names: FileVec<[FileSlice; 2]>,
    /// Place by the hash of both names.
    index: FileMap<u64, SetId>,
    bytes: FileArena,
    /// The number that was asked for last: mostly it is asked for again.
    last: Cell<SetId>,
}

static SETS: CaptureState<Sets> = CaptureState::new();

/// The number of a namespace and a set; the first pass gives a new one where there is none.
#[must_use]
pub fn note(packet: Packet<'_>, namespace: &[u8], set: &[u8]) -> SetId {
    if namespace.is_empty() {
        return SetId::default();
    }
    let file = packet.file();
    let ids = SETS.get(file);
    if ids.names_of(file, ids.last.get()) == Some((namespace, set)) {
        return ids.last.get();
    }
    let key = hash(&(namespace, set));
    if let Some(known) = ids.index.get(&key) {
        // Two pairs with one hash: the second stays without a number.
        if ids.names_of(file, known) != Some((namespace, set)) {
            return SetId::default();
        }
        ids.last.set(known);
        return known;
    }
    if packet.is_visited() {
        return SetId::default();
    }
    let Ok(number) = u16::try_from(ids.names.len() + 1) else {
        budget::note_dropped(packet);
        return SetId::default();
    };
    let id = SetId(number);
    let size = 64 + namespace.len() + set.len();
    if !budget::keep(packet, size) || !ids.index.insert(file, key, id) {
        budget::note_dropped(packet);
        return SetId::default();
    }
    let names = [namespace, set].map(|name| ids.bytes.copy(file, &[name]));
    ids.names.push(file, names);
    id
}

/// Namespace and set of a number.
#[must_use]
pub fn get(packet: Packet<'_>, id: SetId) -> Option<(&[u8], &[u8])> {
    SETS.get(packet.file()).names_of(packet.file(), id)
}

impl Sets {
    fn names_of<'p>(&self, file: File<'p>, id: SetId) -> Option<(&'p [u8], &'p [u8])> {
        let [namespace, set] = self.names.get(u32::from(id.0.checked_sub(1)?))?;
        Some((self.bytes.get(file, namespace), self.bytes.get(file, set)))
    }
}
