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
}
