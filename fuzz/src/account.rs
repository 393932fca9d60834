//! Keeps count of what is read, and looks whether it may be so.

use std::fmt::{self, Display, Write};

use aerospike::wire::ground::input::reason;
use aerospike::wire::ground::input::{Malformed, Parse};

/// Things read of a byte at most, for all the ways in which a target reads it.
const THINGS_A_BYTE: usize = 200;
/// Bytes of text for a byte read: the longest names stand for one byte, as part of one thing.
const TEXT_A_BYTE: usize = 200;

pub struct Account<'a> {
    whole: &'a [u8],
    things: usize,
}

impl<'a> Account<'a> {
    pub fn of(whole: &'a [u8]) -> Account<'a> {
        Account { whole, things: 0 }
    }

    /// One more thing was read, from these bytes.
    pub fn see(&mut self, piece: &[u8]) {
        self.things += 1;
        self.inside(piece);
    }

    /// A piece of the input, or nothing.
    pub fn inside(&self, piece: &[u8]) {
        let (whole, part) = (self.whole.as_ptr_range(), piece.as_ptr_range());
        let inside = whole.start <= part.start && part.end <= whole.end;
        assert!(piece.is_empty() || inside, "{} bytes from elsewhere", piece.len());
    }

    /// A text of these bytes, written to its end.
    pub fn text(&mut self, piece: &[u8], text: impl Display) {
        self.see(piece);
        let mut sink = Sink(0);
        write!(sink, "{text}").expect("a text that fails although its sink does not");
        let most = TEXT_A_BYTE * (piece.len() + 4);
        assert!(
            sink.0 <= most,
            "{} bytes of text for {} bytes",
            sink.0,
            piece.len()
        );
    }

    pub fn fault(&mut self, fault: &Malformed<'a>) {
        self.text(fault.at, format_args!("{fault} {} {}", fault.what, fault.needed));
    }

    /// What a reader gave, its fault looked at.
    pub fn take<T>(&mut self, read: Result<T, Malformed<'a>>) -> Option<T> {
        read.map_err(|fault| self.fault(&fault)).ok()
    }

    /// What a parser gave; what it leaves is the end of what it got.
    pub fn parse<T>(&mut self, input: &'a [u8], read: Parse<'a, T>) -> Option<(&'a [u8], T)> {
        let (rest, value) = self.take(read.map_err(reason))?;
        self.rest(input, rest);
        Some((rest, value))
    }

    pub fn rest(&self, input: &[u8], rest: &[u8]) {
        let ends = rest.is_empty() || rest.as_ptr_range().end == input.as_ptr_range().end;
        assert!(
            ends && rest.len() <= input.len(),
            "the rest is no end of the input"
        );
    }

    /// All of a list: it ends after as many elements as the bytes can have (and its fault).
    pub fn each<T>(&mut self, items: impl Iterator<Item = T>, mut look: impl FnMut(&mut Self, T)) {
        let most = self.whole.len() + 2;
        for (number, item) in items.enumerate() {
            assert!(number <= most, "more than {most} elements");
            self.things += 1;
            look(self, item);
        }
    }

    /// The same of a list whose elements can be faults: after a fault there are no more.
    pub fn every<T>(
        &mut self,
        items: impl Iterator<Item = Result<T, Malformed<'a>>>,
        mut look: impl FnMut(&mut Self, T),
    ) {
        let mut ended = false;
        self.each(items, |account, item| {
            assert!(!ended, "elements after a fault");
            match account.take(item) {
                Some(item) => look(account, item),
                None => ended = true,
            }
        });
    }

    pub fn end(self) {
        let most = THINGS_A_BYTE * (self.whole.len() + 8);
        assert!(
            self.things <= most,
            "{} things in {} bytes",
            self.things,
            self.whole.len()
        );
    }
}

struct Sink(usize);

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
