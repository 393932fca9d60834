//! The arrays that old servers (up to 3.13) dumped from memory: ARRAY_STR and ARRAY_BUF.

use nom::Parser as _;
use nom::bytes::complete::take_until;

use crate::wire::ground::at::before;
use crate::wire::ground::input::{self, Malformed, Parse};

const WHAT: &str = "msg array";

/// Bytes before the offsets.
const HEAD: usize = 12;

/// What the elements of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elements {
    /// ARRAY_STR: each ends with a NUL.
    Strs,
    /// ARRAY_BUF: each begins with its size u32le.
    Bufs,
}

/// An array as it lay in the sender's memory.
///
/// | offset | width | | |
/// |---|---|---|---|
/// | 0 | 4 | little endian | what the sender had allocated |
/// | 4 | 4 | little endian | bytes used, the field's size |
/// | 8 | 4 | little endian | number of elements |
/// | 12 | 4 each | little endian | offset of each element from the start of this; 0: never set |
///
/// Source: internode-protocol 1.4
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    /// Bytes that the sender had allocated.
    pub allocated: u32,
    /// Bytes that are in use.
    pub used: u32,
    /// Number of elements.
    pub count: u32,
    elements: Elements,
    whole: &'a [u8],
    offsets: &'a [u8],
}

impl<'a> Array<'a> {
    /// Reads the head and the offsets.
    ///
    /// # Errors
    /// Fewer offsets than the count says.
    pub fn read(input: &'a [u8], elements: Elements) -> Result<Self, Malformed<'a>> {
        let offsets = |count: u32| {
            let size = (count as usize).saturating_mul(4);
            input::bytes(WHAT, "its count", size).map(move |offsets| (count, offsets))
        };
        let array = (
            input::le_u32(WHAT),
            input::le_u32(WHAT),
            input::le_u32(WHAT).flat_map(offsets),
        );
        let array = array.map(|(allocated, used, (count, offsets))| Self {
            allocated,
            used,
            count,
            elements,
            whole: input,
            offsets,
        });
        input::front(array, input)
    }

    /// The head: allocated size, used size and count.
    #[must_use]
    pub fn head(&self) -> &'a [u8] {
        self.whole.get(..HEAD).unwrap_or_default()
    }

    /// All of its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.whole
    }

    /// The elements in order; `None` is one that was never set.
    #[must_use]
    pub const fn iter(&self) -> ArrayItems<'a> {
        ArrayItems {
            array: *self,
            offsets: self.offsets,
            budget: self.whole.len(),
        }
    }
}

impl<'a> IntoIterator for &Array<'a> {
    type Item = Result<Option<&'a [u8]>, Malformed<'a>>;
    type IntoIter = ArrayItems<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The elements of an array, without their NUL or size. After an error nothing more comes.
#[derive(Clone, Copy, Debug)]
pub struct ArrayItems<'a> {
    array: Array<'a>,
    offsets: &'a [u8],
    /// Bytes that elements may still have: many offsets to one long string must not cost their product.
    budget: usize,
}

impl<'a> ArrayItems<'a> {
    fn element(&mut self, offset: u32) -> Parse<'a, Option<&'a [u8]>> {
        let whole = self.array.whole;
        if offset == 0 {
            return Ok((whole, None));
        }
        let Some(at) = whole.get(offset as usize..) else {
            return Err(Malformed::short(WHAT, whole, offset as usize, "the offset of an element").stop());
        };
        let (rest, data) = match self.array.elements {
            Elements::Bufs => {
                input::sized_bytes(WHAT, "the size of an element", input::le_u32(WHAT)).parse(at)?
            }
            Elements::Strs => {
                let text = take_until(&b"\0"[..]);
                input::or_illegal(WHAT, "a string has no NUL at its end", text)(at)?
            }
        };
        match self.budget.checked_sub(before(at, rest).len()) {
            Some(budget) => self.budget = budget,
            None => return Err(Malformed::illegal(WHAT, at, "the elements overlap").stop()),
        }
        Ok((rest, Some(data)))
    }
}

impl<'a> Iterator for ArrayItems<'a> {
    type Item = Result<Option<&'a [u8]>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let (offsets, offset) = input::le_u32(WHAT)(self.offsets).ok()?;
        self.offsets = offsets;
        match self.element(offset) {
            Ok((_, element)) => Some(Ok(element)),
            Err(error) => {
                self.offsets = &[];
                Some(Err(input::reason(error)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(count: u32, offsets: &[u32], data: &[u8]) -> Vec<u8> {
        let size = (HEAD + 4 * offsets.len() + data.len()) as u32;
        let mut bytes = vec![];
        for word in [128, size, count].iter().chain(offsets) {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(data);
        bytes
    }

    #[test]
    fn strings_and_holes() {
        let bytes = image(3, &[24, 0, 28], b"sindx\0ab\0");
        let array = Array::read(&bytes, Elements::Strs).unwrap();
        assert_eq!((array.allocated, array.used, array.count), (128, 33, 3));
        let items: Vec<_> = array.iter().map(Result::unwrap).collect();
        assert_eq!(items, [Some(&b"sindx"[..]), None, Some(&b"x"[..])]);
        assert_eq!(array.head().len(), 12);
    }

    #[test]
    fn buffers() {
        let bytes = image(1, &[16], &[2, 0, 0, 0, 7, 8]);
        let array = Array::read(&bytes, Elements::Bufs).unwrap();
        assert_eq!(array.iter().next(), Some(Ok(Some(&[7u8, 8][..]))));
    }

    #[test]
    fn bad_arrays_end_with_a_reason() {
        let short = image(9, &[16], b"");
        assert!(Array::read(&short, Elements::Strs).is_err());
        let far = image(2, &[99, 0], b"");
        let array = Array::read(&far, Elements::Strs).unwrap();
        let mut items = array.iter();
        assert!(items.next().unwrap().is_err());
        assert!(items.next().is_none());
        let open = image(1, &[16], b"abc");
        assert!(
            Array::read(&open, Elements::Strs)
                .unwrap()
                .iter()
                .next()
                .unwrap()
                .is_err()
        );
    }

    #[test]
    fn many_offsets_to_one_string_are_cut_short() {
        let mut data = vec![b'x'; 1000];
        data.push(0);
        let bytes = image(500, &[2012; 500], &data);
        let array = Array::read(&bytes, Elements::Strs).unwrap();
        assert!(array.iter().count() < 5);
        assert!(array.iter().last().unwrap().is_err());
    }
}
