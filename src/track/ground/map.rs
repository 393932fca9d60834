//! A hash map in memory that Wireshark frees when the file is closed.

use core::cell::Cell;
use core::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::RandomState;
use once_cell::sync::Lazy;

use crate::epan::memory::file::{File, FileVec};

/// Linear hashing: each new key splits one bucket of the table in two, in turn, so that the table grows with the
/// keys, in place, and no key ever waits for the others. At most [`MOST`](super::budget::MOST) keys. Keys are hashed with a seed of
/// this process, so that a crafted capture cannot choose collisions.
pub struct FileMap<K: Copy + 'static, V: Copy + 'static> {
    /// The first entry of each bucket.
    buckets: FileVec<Link>,
    entries: FileVec<Entry<K, V>>,
    /// Entries whose keys were removed, in a row.
    free: Cell<Link>,
    used: Cell<u32>,
}

/// The place of an entry plus one; 0: none.
type Link = u32;

#[derive(Clone, Copy)]
struct Entry<K, V> {
    key: K,
    value: V,
    /// The next entry of the same bucket.
    next: Link,
}

impl<K: Copy + 'static, V: Copy + 'static> Default for FileMap<K, V> {
    fn default() -> Self {
        Self {
            buckets: FileVec::default(),
            entries: FileVec::default(),
            free: Cell::new(0),
            used: Cell::new(0),
        }
    }
}

/// This process's seed.
static SEED: Lazy<RandomState> = Lazy::new(RandomState::default);

/// A hash with this process's seed.
#[must_use]
pub fn hash(key: &impl Hash) -> u64 {
    SEED.hash_one(key)
}

/// The same of bytes in parts: without the length of each, which a slice's own hash adds to it.
#[must_use]
pub fn hash_parts(parts: [&[u8]; 3]) -> u64 {
    let mut hasher = SEED.build_hasher();
    parts.into_iter().for_each(|part| hasher.write(part));
    hasher.finish()
}

/// The bucket of a hash among so many, at least one: a bucket from the first half is split when the number passes its
/// own plus half the table, by the next bit of the hash.
const fn bucket(hash: u32, count: u32) -> u32 {
    let bits = u32::BITS - (count - 1).leading_zeros();
    let wide = hash & ((1u64 << bits) - 1) as u32;
    if wide < count {
        wide
    } else {
        wide & !(1 << (bits - 1))
    }
}

impl<K: Copy + Eq + Hash + 'static, V: Copy + 'static> FileMap<K, V> {
    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.used.get()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the key is, and its entry.
    fn find(&self, key: &K) -> Option<(u32, Entry<K, V>)> {
        self.find_hashed(hash(key), key)
    }

    /// The same of a key whose [`hash`] is known.
    fn find_hashed(&self, hash: u64, key: &K) -> Option<(u32, Entry<K, V>)> {
        let count = self.buckets.len();
        if count == 0 {
            return None;
        }
        // The low bits are as good as any.
        let mut link = self.buckets.get(bucket(hash as u32, count))?;
        loop {
            let (place, entry) = self.entry(link)?;
            if entry.key == *key {
                return Some((place, entry));
            }
            link = entry.next;
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        self.find(key).map(|(_, entry)| entry.value)
    }

    /// Sets the value of `key`; says whether it could (a full map takes no new keys).
    pub fn insert(&self, file: File<'_>, key: K, value: V) -> bool {
        if let Some((place, entry)) = self.find(&key) {
            self.entries.set(place, Entry { value, ..entry });
            return true;
        }
        if self.used.get() >= super::budget::most() {
            return false;
        }
        if self.used.get() >= self.buckets.len() {
            self.split(file);
        }
        let bucket = bucket(hash(&key) as u32, self.buckets.len());
        let next = self.buckets.get(bucket).unwrap_or(0);
        let entry = Entry { key, value, next };
        let link = match self.entry(self.free.get()) {
            Some((place, freed)) => {
                self.free.set(freed.next);
                self.entries.set(place, entry);
                place + 1
            }
            None => self.entries.push(file, entry) + 1,
        };
        self.buckets.set(bucket, link);
        self.used.set(self.used.get() + 1);
        true
    }

    /// Forgets a key; its room is for others.
    pub fn remove(&self, key: &K) {
        let count = self.buckets.len();
        if count == 0 {
            return;
        }
        let bucket = bucket(hash(key) as u32, count);
        let first = self.buckets.get(bucket).unwrap_or(0);
        let (mut link, mut before) = (first, None);
        while let Some((place, entry)) = self.entry(link) {
            if entry.key != *key {
                before = Some((place, entry));
                link = entry.next;
                continue;
            }
            match before {
                Some((place, before)) => self.entries.set(
                    place,
                    Entry {
                        next: entry.next,
                        ..before
                    },
                ),
                None => self.buckets.set(bucket, entry.next),
            }
            let next = self.free.replace(link);
            self.entries.set(place, Entry { next, ..entry });
            self.used.set(self.used.get().saturating_sub(1));
            return;
        }
    }

    /// Forgets all keys.
    pub fn clear(&self) {
        self.buckets.clear();
        self.entries.clear();
        self.free.set(0);
        self.used.set(0);
    }

    /// The entry behind a link, and its place.
    fn entry(&self, link: Link) -> Option<(u32, Entry<K, V>)> {
        let place = link.checked_sub(1)?;
        Some((place, self.entries.get(place)?))
    }

    /// One more bucket: it takes its share of the one that was split for it.
    fn split(&self, file: File<'_>) {
        let new = self.buckets.push(file, 0);
        if new == 0 {
            return;
        }
        let old = new & !(1 << new.ilog2());
        let count = self.buckets.len();
        let mut shares = [0, 0];
        let mut link = self.buckets.get(old).unwrap_or(0);
        while let Some((place, entry)) = self.entry(link) {
            let share = &mut shares[usize::from(bucket(hash(&entry.key) as u32, count) == new)];
            self.entries.set(
                place,
                Entry {
                    next: *share,
                    ..entry
                },
            );
            *share = link;
            link = entry.next;
        }
        let [stays, goes] = shares;
        self.buckets.set(old, stays);
        self.buckets.set(new, goes);
    }
}

/// A map that forgets: a key is found for at least the lifetime that is given with what is inserted, and for not
/// much longer than twice that.
pub struct RecentMap<K: Copy + 'static, V: Copy + 'static> {
    halves: [FileMap<K, V>; 2],
    newer: Cell<usize>,
    since: Cell<i64>,
}

impl<K: Copy + 'static, V: Copy + 'static> Default for RecentMap<K, V> {
    fn default() -> Self {
        Self {
            halves: [FileMap::default(), FileMap::default()],
            newer: Cell::new(0),
            since: Cell::new(i64::MIN),
        }
    }
}

impl<K: Copy + Eq + Hash + 'static, V: Copy + 'static> RecentMap<K, V> {
    /// The latest value of `key`, if it is not forgotten.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        if self.halves.iter().all(FileMap::is_empty) {
            return None;
        }
        let (newer, hash) = (self.newer.get(), hash(key));
        let find = |half: usize| self.halves[half].find_hashed(hash, key);
        let (_, entry) = find(newer).or_else(|| find(1 - newer))?;
        Some(entry.value)
    }

    /// Sets the value of `key` at a time; what is much older than `life` is forgotten.
    pub fn insert(&self, file: File<'_>, key: K, value: V, now: i64, life: i64) {
        if now.saturating_sub(self.since.get()) > life {
            self.newer.set(1 - self.newer.get());
            self.halves[self.newer.get()].clear();
            self.since.set(now);
        }
        self.halves[self.newer.get()].insert(file, key, value);
    }

    /// Forgets a key before its time.
    pub fn remove(&self, key: &K) {
        self.halves.iter().for_each(|half| half.remove(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_split_in_turn() {
        for count in 1..200u32 {
            for hash in 0..1000 {
                let before = bucket(hash, count);
                let after = bucket(hash, count + 1);
                let split = count & !(1 << count.ilog2());
                assert!(before < count);
                assert!(
                    after == before || (before, after) == (split, count),
                    "{hash} of {count}"
                );
            }
        }
    }
}
