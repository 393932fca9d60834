//! A hash map in memory that Wireshark frees when the file is closed.

use core::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use once_cell::sync::Lazy;

use core::cell::Cell;

use crate::epan::memory::FileVec;

/// Open addressing with linear steps; never more than three quarters full, and of at most [`MOST`](super::MOST) keys.
/// Keys are hashed with a seed of this process, so that a crafted capture cannot choose collisions.
pub struct FileMap<K: Copy + 'static, V: Copy + 'static> {
    slots: FileVec<Option<(K, V)>>,
    used: Cell<u32>,
}

impl<K: Copy + 'static, V: Copy + 'static> Default for FileMap<K, V> {
    fn default() -> Self {
        Self {
            slots: FileVec::default(),
            used: Cell::new(0),
        }
    }
}

/// A hash with this process's seed.
#[must_use]
pub fn hash(key: &impl Hash) -> u64 {
    static STATE: Lazy<RandomState> = Lazy::new(RandomState::default);
    STATE.hash_one(key)
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

    /// The slot of `key`, or the empty one where it belongs.
    fn slot(&self, key: &K) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        // The low bits are as good as any.
        let mut index = (hash(key) as u32) & mask;
        loop {
            match self.slots.get(index)? {
                Some((known, _)) if known != *key => index = (index + 1) & mask,
                _ => return Some(index),
            }
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        let slot = self.slot(key)?;
        self.slots.get(slot)?.map(|(_, value)| value)
    }

    /// Sets the value of `key`; says whether it could (a full map takes no new keys).
    pub fn insert(&self, key: K, value: V) -> bool {
        if let Some(slot) = self.slot(&key) {
            if matches!(self.slots.get(slot), Some(Some(_))) {
                self.slots.set(slot, Some((key, value)));
                return true;
            }
        }
        if self.used.get() >= super::most() {
            return false;
        }
        if (self.used.get() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let Some(slot) = self.slot(&key) else { return false };
        self.slots.set(slot, Some((key, value)));
        self.used.set(self.used.get() + 1);
        true
    }

    /// Forgets all keys and gives their memory back.
    pub fn clear(&self) {
        self.slots.replace(FileVec::default());
        self.used.set(0);
    }

    fn grow(&self) {
        let old = self.slots.len();
        let larger = Self::default();
        for _ in 0..(old * 2).max(16) {
            larger.slots.push(None);
        }
        for index in 0..old {
            if let Some(Some((key, value))) = self.slots.get(index) {
                if let Some(slot) = larger.slot(&key) {
                    larger.slots.set(slot, Some((key, value)));
                }
            }
        }
        self.slots.replace(larger.slots);
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
        let newer = self.newer.get();
        self.halves[newer]
            .get(key)
            .or_else(|| self.halves[1 - newer].get(key))
    }

    /// Sets the value of `key` at a time; what is much older than `life` is forgotten.
    pub fn insert(&self, key: K, value: V, now: i64, life: i64) {
        if now.saturating_sub(self.since.get()) > life {
            self.newer.set(1 - self.newer.get());
            self.halves[self.newer.get()].clear();
            self.since.set(now);
        }
        self.halves[self.newer.get()].insert(key, value);
    }
}
