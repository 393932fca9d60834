//! The records that a connection's requests ask for, so that answers, which do not name them, can be told.

use super::sets::Place;
use crate::epan::file::{File, FileVec};
use crate::wire::client::digest::LENGTH;
use crate::wire::client::request::Request;

/// One row of a batch request, by which an answer's index finds its record; a request on one record has one row.
#[derive(Clone, Copy)]
pub struct Row {
    /// The client's index.
    pub index: u32,
    /// The record.
    pub digest: [u8; LENGTH],
}

/// What a row asks for, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Namespace and set.
    pub place: Place,
    /// What is asked for.
    pub request: Request,
    /// Whether it can change the record.
    pub writes: bool,
}

/// The rows of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    from: u32,
    count: u32,
}

/// Rows from `first` on, up to the next run, ask for the same.
#[derive(Clone, Copy)]
struct Run {
    first: u32,
    errand: Errand,
}

/// The rows of all requests, each request's ordered by index: 24 bytes a row, and 12 a change of what is asked for.
#[derive(Default)]
pub struct Rows {
    rows: FileVec<Row>,
    runs: FileVec<Run>,
}

impl Rows {
    /// Remembers the rows of a batch, ordered by their index.
    pub fn remember(&self, file: File<'_>, rows: impl Iterator<Item = (Row, Errand)>) -> Span {
        let from = self.rows.len();
        for (row, errand) in rows {
            let first = self.rows.push(file, row);
            if first == from || self.errand(first) != Some(errand) {
                self.runs.push(file, Run { first, errand });
            }
        }
        Span {
            from,
            count: self.rows.len() - from,
        }
    }

    /// Remembers the record of a request on one.
    pub fn remember_one(&self, file: File<'_>, digest: [u8; LENGTH]) -> Span {
        let from = self.rows.push(file, Row { index: 0, digest });
        Span { from, count: 1 }
    }

    /// The record of a request on one.
    #[must_use]
    pub fn only(&self, span: Span) -> Option<Row> {
        (span.count == 1).then(|| self.rows.get(span.from)).flatten()
    }

    /// The record of row `index` in a batch, and what is asked of it.
    #[must_use]
    pub fn row(&self, span: Span, index: u32) -> Option<(Row, Errand)> {
        let place = self.place(span, index)?;
        Some((self.rows.get(place)?, self.errand(place)?))
    }

    /// All rows of a batch.
    pub fn all(&self, span: Span) -> impl Iterator<Item = (Row, Errand)> + '_ {
        (span.from..span.from + span.count)
            .filter_map(|place| Some((self.rows.get(place)?, self.errand(place)?)))
    }

    fn errand(&self, place: u32) -> Option<Errand> {
        let behind = self.runs.partition_point(|run| run.first > place);
        Some(self.runs.get(behind.checked_sub(1)?)?.errand)
    }

    fn place(&self, span: Span, index: u32) -> Option<u32> {
        let Span { from, count } = span;
        // Most batches number their rows from 0.
        let straight = (index < count).then(|| from + index);
        let is_there = |place| self.rows.get(place).is_some_and(|row| row.index == index);
        if straight.is_some_and(is_there) {
            return straight;
        }
        let (mut low, mut high) = (from, from + count);
        while low < high {
            let middle = low + (high - low) / 2;
            let row = self.rows.get(middle)?;
            match row.index.cmp(&index) {
                core::cmp::Ordering::Equal => return Some(middle),
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}
