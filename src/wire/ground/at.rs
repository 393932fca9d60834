//! A value together with the bytes it was read from.

/// A decoded value and its bytes, for values that have no fixed place in their structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a, T> {
    /// What the bytes say.
    pub value: T,
    /// The bytes themselves; their address is the position.
    pub bytes: &'a [u8],
}

/// The part of `whole` that lies before `rest`, where `rest` is a tail of `whole`.
#[must_use]
pub fn before<'a>(whole: &'a [u8], rest: &[u8]) -> &'a [u8] {
    whole
        .get(..whole.len().saturating_sub(rest.len()))
        .unwrap_or_default()
}

/// The bytes of `range`, or nothing where the structure is shorter than that.
#[must_use]
pub fn part(whole: &[u8], range: core::ops::Range<usize>) -> &[u8] {
    whole.get(range).unwrap_or_default()
}

/// Gives every byte of a text to one of its pieces: the separators between two pieces go to the second, or to
/// whoever asks for them.
#[derive(Clone, Debug)]
pub struct Cover<'a> {
    rest: &'a [u8],
}

impl<'a> Cover<'a> {
    /// Nothing of `whole` is given yet.
    #[must_use]
    pub const fn new(whole: &'a [u8]) -> Self {
        Self { rest: whole }
    }

    /// What is not given yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// All up to where `piece` begins; nothing where it does not lie ahead.
    pub fn until(&mut self, piece: &[u8]) -> &'a [u8] {
        let (given, rest) = self
            .offset(piece)
            .and_then(|offset| self.rest.split_at_checked(offset))
            .unwrap_or((&[], self.rest));
        self.rest = rest;
        given
    }

    /// What [`Cover::through`] would give, without giving it.
    #[must_use]
    pub fn ahead(&self, piece: &'a [u8]) -> &'a [u8] {
        self.clone().through(piece)
    }

    /// All up to where `piece` ends; `piece` itself where it does not lie ahead.
    pub fn through(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let split = self
            .offset(piece)
            .and_then(|offset| self.rest.split_at_checked(offset.checked_add(piece.len())?));
        let Some((given, rest)) = split else {
            return piece;
        };
        self.rest = rest;
        given
    }

    fn offset(&self, piece: &[u8]) -> Option<usize> {
        (piece.as_ptr() as usize).checked_sub(self.rest.as_ptr() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_the_whole_without_the_rest() {
        let whole = b"abcdef";
        assert_eq!(before(whole, &whole[4..]), b"abcd");
        assert_eq!(before(&whole[..2], whole), b"");
        assert_eq!(part(whole, 2..3), b"c");
        assert_eq!(part(whole, 5..9), b"");
    }

    #[test]
    fn every_byte_goes_to_a_piece() {
        let text = b"a=1;bb=22;;";
        let mut cover = Cover::new(text);
        assert_eq!(cover.until(&text[2..3]), b"a=");
        assert_eq!(cover.through(&text[2..3]), b"1");
        assert_eq!(cover.ahead(&text[4..9]), b";bb=22");
        assert_eq!(cover.through(&text[4..6]), b";bb");
        assert_eq!(cover.until(&text[7..9]), b"=");
        assert_eq!(cover.through(&text[7..9]), b"22");
        assert_eq!(cover.rest(), b";;");
        assert_eq!(cover.until(&text[..1]), b"", "behind");
        assert_eq!(cover.through(&text[..1]), b"a", "behind");
        assert_eq!(cover.rest(), b";;");
    }
}
