//! The messages of a body, parsed once for all who look at them.

use crate::epan::Packet;
use crate::wire::ground::input::Malformed;

/// Messages that are kept of a body, at a few hundred bytes each. Of more, each who looks parses them again.
const MOST: usize = 16_384;

/// The messages of one body, one after the other, as `I` finds them; the last may be an error.
#[derive(Clone, Copy)]
pub struct KeptMessages<'p, T, I> {
    /// Most bodies have one. It is kept as it was found: it is big, and each change of what is around it would be a copy.
    first: Option<Result<T, Malformed<'p>>>,
    more: &'p [T],
    left: I,
}

impl<'p, T, I> KeptMessages<'p, T, I>
where
    T: Copy,
    I: Iterator<Item = Result<T, Malformed<'p>>> + Copy,
{
    /// Those that `messages` finds; only the first is kept if none but the caller looks at them.
    #[must_use]
    pub fn new(packet: Packet<'p>, messages: I, are_looked_at: bool) -> Self {
        let mut kept = Self {
            first: None,
            more: &[],
            left: messages,
        };
        kept.first = kept.left.next();
        let most = kept.left.size_hint().1.unwrap_or(MOST).min(MOST);
        if are_looked_at && matches!(kept.first, Some(Ok(_))) && most > 0 {
            let left = &mut kept.left;
            // An error is left to be found again, where it stands.
            let next = || {
                let mut behind = *left;
                let message = behind.next()?.ok()?;
                *left = behind;
                Some(message)
            };
            kept.more = packet.gather(most, core::iter::from_fn(next));
        }
        kept
    }

    /// The first.
    pub const fn first(&self) -> Option<&T> {
        match &self.first {
            Some(Ok(first)) => Some(first),
            _ => None,
        }
    }

    /// Shows each to `look`, where it is: a message is big, and an iterator hands on copies.
    pub fn each(&self, mut look: impl FnMut(&T)) {
        for message in self.first().into_iter().chain(self.more) {
            look(message);
        }
        for message in self.left.flatten() {
            look(&message);
        }
    }

    /// The messages.
    pub fn iter(&self) -> impl Iterator<Item = Result<T, Malformed<'p>>> + use<'p, T, I> {
        self.first
            .into_iter()
            .chain(self.more.iter().copied().map(Ok))
            .chain(self.left)
    }
}
