//! Which partitions a node says it owns: the values of `replicas` and of its older kin, as sets.
//!
//! Source: client-protocol 2.4 (replicas)

use crate::wire::client::fields::digest::PARTITIONS;
use crate::wire::ground::text::decimal;
use crate::wire::info::cluster::{Bitmap, ReplicaRow, Replicas};
use crate::wire::info::message::InfoCommand;

/// A set of partitions: bit `n % 64` of word `n / 64` is partition `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartitionSet([u64; PARTITIONS as usize / 64]);

impl Default for PartitionSet {
    fn default() -> Self {
        Self([0; PARTITIONS as usize / 64])
    }
}

impl PartitionSet {
    /// Of a bitmap as it is on the wire.
    #[must_use]
    pub fn of(bitmap: &Bitmap<'_>) -> Self {
        let mut set = Self::default();
        for partition in bitmap.partitions() {
            set.insert(partition);
        }
        set
    }

    /// Adds a partition; one that there is none of changes nothing.
    pub fn insert(&mut self, partition: u16) {
        if let Some(word) = self.0.get_mut(usize::from(partition / 64)) {
            *word |= 1 << (partition % 64);
        }
    }

    /// Whether a partition is in it.
    #[must_use]
    pub fn contains(&self, partition: u16) -> bool {
        let word = self.0.get(usize::from(partition / 64));
        word.is_some_and(|word| word >> (partition % 64) & 1 == 1)
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    /// All that is not in it.
    #[must_use]
    pub fn complement(&self) -> Self {
        self.with(self, |a, _| !a)
    }

    fn with(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let mut set = *self;
        for (word, other) in set.0.iter_mut().zip(other.0) {
            *word = join(*word, other);
        }
        set
    }

    /// How many partitions are in it.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0
            .iter()
            .fold(0, |sum, word| sum.saturating_add(word.count_ones()))
    }

    /// Its partitions as runs of first and last one.
    pub fn runs(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let mut next = 0u16;
        core::iter::from_fn(move || {
            let first = (next..PARTITIONS).find(|partition| self.contains(*partition))?;
            let end = (first..PARTITIONS).find(|partition| !self.contains(*partition));
            next = end.unwrap_or(PARTITIONS);
            Some((first, next.saturating_sub(1)))
        })
    }
}

/// What a node says that it owns of one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned<'a> {
    /// The namespace.
    pub namespace: &'a [u8],
    /// The regime of the namespace's partitions; `None` before there were regimes.
    pub regime: Option<u64>,
    /// Where it is the master.
    pub masters: PartitionSet,
    /// Where it holds any copy; `None` where the value does not tell of all of them.
    pub copies: Option<PartitionSet>,
}

/// Whether a command asks which partitions the node is master of.
#[must_use]
pub fn is_map(command: &InfoCommand<'_>) -> bool {
    matches!(command.name, b"replicas" | b"replicas-all" | b"replicas-master")
}

/// What the value of such a command says, namespace by namespace; `None` for one that cannot be read to its end.
pub fn ownership<'a>(
    command: &InfoCommand<'_>,
    value: &'a [u8],
) -> impl Iterator<Item = Option<Owned<'a>>> + use<'a> {
    // Fewer columns than there are copies do not tell of all.
    let is_all = command.name != b"replicas-master" && command.parameter(b"max").is_none();
    Replicas::new(value).map(move |row| of_row(&row, is_all))
}

fn of_row<'a>(row: &ReplicaRow<'a>, is_all: bool) -> Option<Owned<'a>> {
    let (regime, columns) = row.numbers();
    let mut masters = None;
    let mut copies = PartitionSet::default();
    let mut count = 0u64;
    for column in row.columns() {
        let set = PartitionSet::of(&column);
        masters.get_or_insert(set);
        copies = copies.union(&set);
        count = count.saturating_add(1);
    }
    let is_whole = match columns {
        Some(columns) => decimal(columns) == Some(count),
        None => count == 1,
    };
    (is_whole && !row.namespace.is_empty()).then_some(Owned {
        namespace: row.namespace,
        regime: regime.and_then(decimal),
        masters: masters?,
        copies: Some(copies).filter(|_| is_all),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 512 bytes, of which the first is `first`, in base64.
    fn bitmap(first: &str) -> String {
        format!("{first}{}", "A".repeat(684 - first.len()))
    }

    #[test]
    fn sets() {
        let mut set = PartitionSet::default();
        for partition in [0, 1, 63, 64, 4095, 4096] {
            set.insert(partition);
        }
        assert_eq!(set.count(), 5);
        assert_eq!(set.runs().collect::<Vec<_>>(), [(0, 1), (63, 64), (4095, 4095)]);
        assert!(set.contains(64) && !set.contains(65) && !set.contains(u16::MAX));
        assert_eq!(set.complement().count(), 4091);
        assert_eq!(set.without(&set).count(), 0);
        assert_eq!(set.intersection(&set.complement()).runs().next(), None);
    }

    #[test]
    fn a_value_of_two_namespaces() {
        // 1000_0000 and 0100_0000: partitions 0 and 1.
        let text = format!(
            "test:7,2,{},{};bar:0,1,{}",
            bitmap("gA"),
            bitmap("QA"),
            bitmap("wA")
        );
        let command = InfoCommand::new(b"replicas");
        let rows: Vec<_> = ownership(&command, text.as_bytes()).map(Option::unwrap).collect();
        assert_eq!((rows[0].namespace, rows[0].regime), (&b"test"[..], Some(7)));
        assert_eq!(rows[0].masters.runs().collect::<Vec<_>>(), [(0, 0)]);
        assert_eq!(rows[0].copies.unwrap().runs().collect::<Vec<_>>(), [(0, 1)]);
        assert_eq!(rows[1].masters.count(), 2);
        let some = InfoCommand::new(b"replicas:max=1");
        assert!(ownership(&some, text.as_bytes()).all(|row| row.unwrap().copies.is_none()));
    }

    #[test]
    fn older_values() {
        let master = format!("test:{};", bitmap("gA"));
        let mut rows = ownership(&InfoCommand::new(b"replicas-master"), master.as_bytes());
        let row = rows.next().unwrap().unwrap();
        assert_eq!((row.masters.count(), row.copies, row.regime), (1, None, None));
        let all = format!("test:2,{},{}", bitmap("gA"), bitmap("QA"));
        let mut rows = ownership(&InfoCommand::new(b"replicas-all"), all.as_bytes());
        assert_eq!(rows.next().unwrap().unwrap().copies.unwrap().count(), 2);
    }

    #[test]
    fn what_is_cut_is_no_map() {
        let text = format!("test:7,2,{},{}", bitmap("gA"), bitmap("QA"));
        let command = InfoCommand::new(b"replicas");
        for end in [5, 9, 300, 700, 1000, text.len() - 2] {
            let rows: Vec<_> = ownership(&command, &text.as_bytes()[..end]).collect();
            assert_eq!(rows, [None], "cut at {end}");
        }
        assert_eq!(
            ownership(&command, b"ERROR:4:unrecognized command").next(),
            Some(None)
        );
    }
}
