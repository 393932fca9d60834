//! EXCHANGE: after a change of the cluster every node tells every other what it holds (since 3.13).

use core::fmt;

use bitflags::bitflags;
use nom::Parser as _;
use nom::combinator::consumed;

use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::internode::cluster::ClusterKey;
use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::MsgTable;

specs! {
    /// Fields of EXCHANGE. All lists run parallel to NAMESPACES; only DATA has fields from 3 on.
    ///
    /// Source: internode-protocol 5.3
    pub Fields {
        0 => ID: UINT32 ProtocolId; "always 1",
        1 => TYPE: UINT32 Op,
        2 => CLUSTER_KEY: UINT64 ClusterKey; "of the cluster being agreed",
        3 => NAMESPACES: MSGPACK NamespaceList,
        4 => NS_PARTITION_VERSIONS: MSGPACK VersionsList,
        5 => NS_RACK_IDS: MSGPACK UintList,
        6 => NS_ROSTER_GENERATIONS: MSGPACK UintList; "since 4.0, strong consistency",
        7 => NS_ROSTERS: MSGPACK NodesList; "since 4.0, strong consistency",
        8 => NS_ROSTERS_RACK_IDS: MSGPACK RackIdsList; "since 4.0, strong consistency",
        9 => NS_EVENTUAL_REGIMES: MSGPACK UintList; "since 4.0",
        10 => NS_REBALANCE_REGIMES: MSGPACK UintList; "since 4.0",
        11 => NS_REBALANCE_FLAGS: MSGPACK RebalanceFlagsList; "since 4.3",
        12 => COMPATIBILITY_ID: UINT32 CompatibilityId; "since 4.5.1",
        13 => NS_REPLICATION_FACTORS: MSGPACK UintList; "since 6.0",
        14 => NS_ACTIVE_RACKS: MSGPACK UintList; "since 7.2",
        15 => NS_ROSTER_ACTIVE_RACKS: MSGPACK UintList; "since 7.2",
    }
}

table! {
    /// Type of an exchange message.
    ///
    /// Source: internode-protocol 5.3
    pub ExchangeType: u32 {
        0 => DATA: "to every node",
        1 => DATA_ACK,
        2 => DATA_NACK: "defined, never sent",
        3 => READY_TO_COMMIT: "to the principal",
        4 => COMMIT: "from the principal to all",
    }
}

/// EXCHANGE.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::EXCHANGE,
    name: "EXCHANGE",
    fields: Fields::TABLE,
    ops: ExchangeType::TABLE,
};

table! {
    /// A node's cluster-compatibility level; the name says which releases have it. Hotfixes raised it
    /// inside a branch.
    ///
    /// Source: internode-protocol 5.3
    pub CompatibilityId: u32 {
        1 => L1 as "4.5.1.5",
        2 => L2 as "4.5.2.1",
        3 => L3 as "4.5.3.2, 4.6.0.2",
        4 => L4 as "4.5.3.7, 4.6.0.5",
        5 => L5 as "4.7, 4.8",
        6 => L6 as "4.9",
        7 => L7 as "5.0, 5.1, early 5.2 to 5.4",
        8 => L8 as "5.2.0.17, 5.3.0.8",
        9 => L9 as "5.4.0.3",
        10 => L10 as "5.5 to 5.7",
        11 => L11 as "6.0, early 6.1 to 7.0",
        12 => L12 as "6.1.0.32, 6.2.0.27, 6.3.0.20, 6.4.0.14, 7.0.0.7",
        13 => L13 as "6.1.0.34, 6.3.0.22, 6.4.0.16, 7.0.0.9, 7.1.0.0",
        14 => L14 as "6.1.0.37, 6.2.0.28, 6.3.0.25, 6.4.0.20, 7.0.0.12, 7.1.0.3",
        15 => L15 as "7.2, 8.0, 8.1",
    }
}

bitflags! {
    /// Wishes of a namespace for the coming rebalance.
    ///
    /// Source: internode-protocol 5.3 (field 11)
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RebalanceFlags: u32 {
        /// prefer-uniform-balance.
        const UNIFORM = 0x01;
        /// The node is quiesced.
        const QUIESCE = 0x02;
    }
}

/// Version of a partition, printed as in `c3ac8147e8f2.0.mp-`.
///
/// | bits | |
/// |---|---|
/// | 0 - 47 | cluster key under which it was made |
/// | 48 - 51 | family; 15: unique |
/// | 60 | revived (since 4.0, enterprise) |
/// | 61 | master |
/// | 62 | subset |
/// | 63 | evade |
///
/// Source: internode-protocol 5.3
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionVersion(pub u64);

impl PartitionVersion {
    /// The family of a version that is like no other.
    pub const UNIQUE: u8 = 15;

    /// Key of the cluster in which the version was made.
    #[must_use]
    pub const fn cluster_key(self) -> ClusterKey {
        ClusterKey(self.0 & 0xffff_ffff_ffff)
    }

    /// The family, 0 to 15.
    #[must_use]
    pub const fn family(self) -> u8 {
        (self.0 >> 48 & 0xf) as u8
    }

    /// The node was the master.
    #[must_use]
    pub const fn is_master(self) -> bool {
        self.0 >> 61 & 1 == 1
    }

    /// The partition may lack records.
    #[must_use]
    pub const fn is_subset(self) -> bool {
        self.0 >> 62 & 1 == 1
    }

    /// The version is not to be trusted.
    #[must_use]
    pub const fn is_evade(self) -> bool {
        self.0 >> 63 == 1
    }

    /// The partition was revived.
    #[must_use]
    pub const fn is_revived(self) -> bool {
        self.0 >> 60 & 1 == 1
    }
}

impl fmt::Display for PartitionVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}.", self.cluster_key().0)?;
        let unique = self.family() == Self::UNIQUE;
        if unique {
            f.write_str("U.")?;
        } else {
            write!(f, "{:x}.", self.family())?;
        }
        f.write_str(if self.is_master() { "m" } else { "-" })?;
        f.write_str(if self.is_subset() { "s" } else { "p" })?;
        f.write_str(match (self.is_evade(), self.is_revived()) {
            (true, _) => "e",
            (false, true) if !unique => "r",
            _ => "-",
        })
    }
}

/// The partitions of one namespace by version, all little endian: u32 number of distinct versions, then
/// for each a [`VersionGroup`]. Partitions without a version are not listed.
///
/// Source: internode-protocol 5.3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionVersions<'a> {
    /// Number of distinct versions, as the sender says.
    pub count: u32,
    /// The bytes of the count.
    pub head: &'a [u8],
    rest: &'a [u8],
}

impl<'a> PartitionVersions<'a> {
    /// Reads the count.
    ///
    /// # Errors
    /// It is not there.
    pub fn read(input: &'a [u8]) -> Result<Self, Malformed<'a>> {
        let count = input::le_u32("partition versions");
        let (rest, (head, count)) = consumed(count).parse(input).map_err(input::reason)?;
        Ok(Self { count, head, rest })
    }

    /// The groups, one after the other.
    #[must_use]
    pub const fn groups(&self) -> VersionGroups<'a> {
        VersionGroups {
            left: self.count,
            rest: self.rest,
        }
    }
}

/// The partitions of one version.
///
/// | width | |
/// |---|---|
/// | 8 | version |
/// | 4 | number of partitions |
/// | 2 each | partition ids, 0 to 4095 |
///
/// Source: internode-protocol 5.3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionGroup<'a> {
    /// All of the bytes.
    pub bytes: &'a [u8],
    /// The version; its 8 bytes are the first ones.
    pub version: PartitionVersion,
    /// Number of partitions; its 4 bytes follow the version's.
    pub count: u32,
    /// The bytes of the partition ids.
    pub ids: &'a [u8],
}

impl<'a> VersionGroup<'a> {
    fn read(input: &'a [u8]) -> Parse<'a, Self> {
        const WHAT: &str = "partition version";
        let ids = |count: u32| {
            let size = (count as usize).saturating_mul(2);
            input::bytes(WHAT, "its number of partitions", size).map(move |ids| (count, ids))
        };
        let group = (
            input::le_u64(WHAT).map(PartitionVersion),
            input::le_u32(WHAT).flat_map(ids),
        );
        consumed(group)
            .map(|(bytes, (version, (count, ids)))| Self {
                bytes,
                version,
                count,
                ids,
            })
            .parse(input)
    }

    /// The partition ids.
    pub fn partitions(&self) -> impl Iterator<Item = u16> + 'a {
        input::each(input::le_u16("partition"), self.ids).map(|id| id.value)
    }
}

/// The groups of [`PartitionVersions`]. After an error nothing more comes.
#[derive(Clone, Copy, Debug)]
pub struct VersionGroups<'a> {
    left: u32,
    rest: &'a [u8],
}

impl<'a> VersionGroups<'a> {
    /// What has not been read; after the last group there should be nothing.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for VersionGroups<'a> {
    type Item = Result<VersionGroup<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match VersionGroup::read(self.rest) {
            Ok((rest, group)) => {
                self.rest = rest;
                Some(Ok(group))
            }
            Err(error) => {
                self.left = 0;
                Some(Err(input::reason(error)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_the_server_prints_them() {
        let text = |bits: u64| PartitionVersion(bits).to_string();
        assert_eq!(text(1 << 61 | 0xc3ac_8147_e8f2), "c3ac8147e8f2.0.mp-");
        assert_eq!(text(1 << 62 | 0xf << 48 | 1 << 60), "000000000000.U.-s-");
        assert_eq!(text(1 << 60 | 3 << 48 | 0xa), "00000000000a.3.-pr");
        assert_eq!(text(u64::MAX), "ffffffffffff.U.mse");
    }

    #[test]
    fn a_blob_of_two_versions() {
        let mut bytes = vec![2, 0, 0, 0];
        for (version, ids) in [(1u64 << 61 | 7, &[0u16, 4095][..]), (9, &[])] {
            bytes.extend(version.to_le_bytes());
            bytes.extend((ids.len() as u32).to_le_bytes());
            bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
        }
        let versions = PartitionVersions::read(&bytes).unwrap();
        let groups: Vec<_> = versions.groups().map(Result::unwrap).collect();
        assert_eq!(groups.len(), 2);
        assert!(groups[0].version.is_master());
        assert_eq!(groups[0].partitions().collect::<Vec<_>>(), [0, 4095]);
        assert_eq!(groups[0].bytes, &bytes[4..20]);
        assert_eq!(groups[1].count, 0);
        for end in 4..bytes.len() {
            let groups = PartitionVersions::read(&bytes[..end]).unwrap().groups();
            assert!(groups.last().unwrap().is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_count_is_not_believed() {
        let bytes = [[0xff; 4], [0; 4], [0; 4], [0xff; 4]].concat();
        let mut groups = PartitionVersions::read(&bytes).unwrap().groups();
        let error = groups.next().unwrap().unwrap_err();
        assert_eq!(error.by, "its number of partitions");
        assert!(groups.next().is_none());
    }
}
