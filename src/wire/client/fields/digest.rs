//! Record digests: RIPEMD-160 of set and key, and the partition that follows from it.

use core::fmt;

use ripemd::{Digest as _, Ripemd160};

use super::key::UserKey;
use crate::wire::ground::text::Hex;

/// Length of a digest in bytes.
pub const LENGTH: usize = 20;
/// Partitions of a namespace.
pub const PARTITIONS: u16 = 4096;

/// A record's digest where it stands in the input.
///
/// Source: client-protocol 4 (field 4)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest<'a>(pub &'a [u8; LENGTH]);

impl<'a> Digest<'a> {
    /// All of `bytes`, if these are 20.
    #[must_use]
    pub fn exactly(bytes: &'a [u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The partition that the record belongs to.
    #[must_use]
    pub const fn partition(&self) -> u16 {
        partition(self.0)
    }
}

impl fmt::Display for Digest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(self.0).fmt(f)
    }
}

/// The partition of a digest: the first four bytes as a little-endian number, modulo 4096.
///
/// Source: client-protocol 4 (field 4)
#[must_use]
pub const fn partition(digest: &[u8; LENGTH]) -> u16 {
    let [first, second, ..] = *digest;
    u16::from_le_bytes([first, second]) & 0x0fff
}

/// The digest of a record: RIPEMD-160 over the set name, the key's particle type byte and its value.
///
/// Source: client-protocol 4 (field 4)
#[must_use]
pub fn compute(set: &[u8], key: &UserKey<'_>) -> [u8; LENGTH] {
    let mut hash = Ripemd160::new();
    hash.update(set);
    hash.update([key.kind.0]);
    hash.update(key.value);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::values::particle::ParticleType;

    fn digest(set: &str, kind: ParticleType, value: &[u8]) -> String {
        Hex(&compute(set.as_bytes(), &UserKey { kind, value })).to_string()
    }

    #[test]
    fn digests_of_real_records() {
        let integer = |n: i64| digest("demo", ParticleType::INTEGER, &n.to_be_bytes());
        let string = |text: &str| digest("demo", ParticleType::STRING, text.as_bytes());
        assert_eq!(string("kv-1"), "e3db487252626c72270d9c82ed909b5aca4728d4");
        assert_eq!(string("string-key"), "0924c79b33973bd125a7ad2f2f5fcb786556f3fc");
        assert_eq!(
            string("\u{43a}\u{43b}\u{44e}\u{447}"),
            "c999857c54178b41ef79d58780f505fae6edd1c7"
        );
        assert_eq!(integer(42), "cf5a1365effa4dc53333f2166d103358f8711096");
        assert_eq!(integer(-42), "155787df7e6da5768ebccecc0d8d5e544e99cb56");
        assert_eq!(integer(1 << 62), "4062c303a96f58334f8ce40b12abc5403dd38590");
        assert_eq!(
            digest("demo", ParticleType::BLOB, b"bytearray-key"),
            "ff16efd8dd44edbdf1823b447679acc6735b6730"
        );
    }

    #[test]
    fn the_partition_is_the_low_12_bits() {
        let digest = Digest::exactly(
            b"\xf5\x91\x24\x98\x6e\x96\xad\x17\x5b\x37\x4c\x94\x87\x94\x5b\xbc\xad\x53\x7b\x74",
        )
        .unwrap();
        assert_eq!(digest.partition(), 501);
        assert_eq!(digest.to_string(), "f59124986e96ad175b374c9487945bbcad537b74");
        assert!(Digest::exactly(&[0; 19]).is_none());
        assert!(Digest::exactly(&[0; 21]).is_none());
    }
}
