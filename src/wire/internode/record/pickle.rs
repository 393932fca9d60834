//! The form of records before 4.5.3, in use up to 4.9. Unlike the flat one it is big endian, and set,
//! key, generation and times travel beside it as fields of the message.

use nom::Parser as _;
use nom::combinator::consumed;

use crate::wire::ground::input::{self, Malformed, Parse};
use crate::wire::values::particle::ParticleType;

const WHAT: &str = "pickled record";

/// u16 big-endian number of bins, then the bins.
///
/// Source: internode-protocol 6.3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pickle<'a> {
    /// Number of bins.
    pub count: u16,
    /// The bytes of the count.
    pub head: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Pickle<'a> {
    /// Reads the number of bins.
    ///
    /// # Errors
    /// It is not there.
    pub fn read(input: &'a [u8]) -> Result<Self, Malformed<'a>> {
        let (rest, (head, count)) = consumed(input::be_u16(WHAT))
            .parse(input)
            .map_err(input::reason)?;
        Ok(Self { count, head, rest })
    }

    /// The bins, one after the other.
    #[must_use]
    pub const fn bins(&self) -> PickleBins<'a> {
        PickleBins {
            left: self.count,
            rest: self.rest,
        }
    }
}

/// A bin of a pickle.
///
/// | width | | |
/// |---|---|---|
/// | 1 + n | | length of the name, name |
/// | 1 | | 0, once a version |
/// | 1 | | particle type |
/// | 4 | big endian | size of the value |
/// | n | | value, as in the client protocol |
///
/// Source: internode-protocol 6.3
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PickleBin<'a> {
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// Its name.
    pub name: &'a [u8],
    /// Particle type.
    pub particle: ParticleType,
    /// The value, in the form of the client protocol.
    pub value: &'a [u8],
}

impl<'a> PickleBin<'a> {
    fn read(input: &'a [u8]) -> Parse<'a, Self> {
        let version = input::u8(WHAT);
        let bin = (
            input::sized_bytes(WHAT, "the length of a bin's name", input::u8(WHAT)),
            version,
            input::u8(WHAT).map(ParticleType),
            input::sized_bytes(WHAT, "the size of a bin's value", input::be_u32(WHAT)),
        );
        consumed(bin)
            .map(|(bytes, (name, _, particle, value))| Self {
                bytes,
                name,
                particle,
                value,
            })
            .parse(input)
    }
}

/// The bins of a pickle. After an error nothing more comes.
#[derive(Clone, Copy, Debug)]
pub struct PickleBins<'a> {
    left: u16,
    rest: &'a [u8],
}

impl<'a> PickleBins<'a> {
    /// What has not been read; after the last bin there should be nothing.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for PickleBins<'a> {
    type Item = Result<PickleBin<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match PickleBin::read(self.rest) {
            Ok((rest, bin)) => {
                self.rest = rest;
                Some(Ok(bin))
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

    const TWO: &[u8] = b"\0\x02\x01i\0\x01\0\0\0\x08\0\0\0\0\0\0\0\x07\x01s\0\x03\0\0\0\x02ab";

    #[test]
    fn two_bins() {
        let pickle = Pickle::read(TWO).unwrap();
        let mut bins = pickle.bins();
        let first = bins.next().unwrap().unwrap();
        assert_eq!(
            (first.name, first.particle, first.value.len()),
            (&b"i"[..], ParticleType::INTEGER, 8)
        );
        assert_eq!(first.bytes, &TWO[2..18]);
        assert_eq!(bins.next().unwrap().unwrap().value, b"ab");
        assert!(bins.next().is_none() && bins.rest().is_empty());
    }

    #[test]
    fn every_truncation_ends_with_a_reason() {
        for end in 2..TWO.len() {
            let bins = Pickle::read(&TWO[..end]).unwrap().bins();
            assert!(bins.last().unwrap().is_err(), "cut at {end}");
        }
        assert!(Pickle::read(&TWO[..1]).is_err());
    }
}
