//! Namespaces and sets by number, so that what is remembered of a request can say them in two bytes.

use super::budget;
use super::map::{FileMap, hash};
use crate::epan::Packet;
use crate::epan::file::{CaptureState, FileArena, FileSlice, FileVec};

/// A namespace and a set of the capture; the default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place(u16);

#[derive(Default)]
struct Places {
    names: FileVec<[FileSlice; 2]>,
    /// Place by the hash of both names.
    index: FileMap<u64, Place>,
    bytes: FileArena,
}

static PLACES: CaptureState<Places> = CaptureState::new();

/// The number of a namespace and a set; the first pass gives a new one where there is none.
#[must_use]
pub fn note(packet: Packet<'_>, namespace: &[u8], set: &[u8]) -> Place {
    if namespace.is_empty() {
        return Place::default();
    }
    let file = packet.file();
    let places = PLACES.get(file);
    let key = hash(&(namespace, set));
    if let Some(known) = places.index.get(&key) {
        // Two pairs with one hash: the second stays without a number.
        return if get(packet, known) == Some((namespace, set)) {
            known
        } else {
            Place::default()
        };
    }
    if packet.is_visited() {
        return Place::default();
    }
    let Ok(number) = u16::try_from(places.names.len() + 1) else {
        budget::dropped(packet);
        return Place::default();
    };
    let place = Place(number);
    let size = 64 + namespace.len() + set.len();
    if !budget::keep(packet, size) || !places.index.insert(file, key, place) {
        budget::dropped(packet);
        return Place::default();
    }
    let names = [namespace, set].map(|name| places.bytes.copy(file, &[name]));
    places.names.push(file, names);
    place
}

/// Namespace and set of a number.
#[must_use]
pub fn get(packet: Packet<'_>, place: Place) -> Option<(&[u8], &[u8])> {
    let file = packet.file();
    let places = PLACES.get(file);
    let [namespace, set] = places.names.get(u32::from(place.0.checked_sub(1)?))?;
    Some((places.bytes.get(file, namespace), places.bytes.get(file, set)))
}
