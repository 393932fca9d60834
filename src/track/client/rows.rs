//! The records that a connection's requests ask for, so that answers, which do not name them, can be told.

use crate::epan::Packet;
use crate::epan::memory::file::FileVec;
use crate::track::ground::budget;
use crate::track::ground::sets::SetId;
use crate::wire::client::fields::digest::LENGTH;
use crate::wire::client::message::request::Request;

/// One row of a batch request, by which an answer's index finds its record; a request on one record has one row.
#[derive(Clone, Copy)]
pub struct IndexedRow {
    /// The client's index.
    pub index: u32,
    /// The record.
    pub digest: [u8; LENGTH],
}

/// What a row asks for, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRequest {
    /// Namespace and set.
    pub set: SetId,
    /// What is asked for.
    pub request: Request,
    /// Whether it can change the record.
    pub writes: bool,
    /// Whether doing it twice is not the same as doing it once.
    pub counts_twice: bool,
}

/// What is known of a row that can change its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was answered OK.
    Applied,
    /// It was answered otherwise.
    Refused,
    /// It was not answered.
    Unknown,
}

/// Rows of one request that are remembered: fifty times what a server takes by default.
pub const MOST: usize = 262_144;

/// The rows of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    from: u32,
    /// With [`CUT`].
    count: u32,
}

/// In the number of rows: there were more, which are not remembered.
const CUT: u32 = 1 << 31;

impl Span {
    const fn count(self) -> u32 {
        self.count & !CUT
    }

    /// Whether there were more rows than are remembered.
    #[must_use]
    pub const fn is_cut(self) -> bool {
        self.count & CUT != 0
    }
}

/// Rows from `first` on, up to the next run, ask for the same.
#[derive(Clone, Copy)]
struct Run {
    first: u32,
    request: RowRequest,
}

/// The rows of all requests, each request's ordered by index: 24 bytes a row, and 12 a change of what is asked for.
#[derive(Default)]
pub struct RequestRows {
    rows: FileVec<IndexedRow>,
    runs: FileVec<Run>,
    /// Bits by the places of rows that can change records: which were answered, which of them OK.
    answered: Bits,
    applied: Bits,
}

/// Bits by place, in words.
#[derive(Default)]
struct Bits(FileVec<u64>);

impl Bits {
    fn set(&self, packet: Packet<'_>, place: u32) {
        let Self(words) = self;
        let word = place / u64::BITS;
        while words.len() <= word {
            words.push(packet.file(), 0);
        }
        words.set(word, words.get(word).unwrap_or(0) | 1 << (place % u64::BITS));
    }

    fn has(&self, place: u32) -> bool {
        let word = self.0.get(place / u64::BITS).unwrap_or(0);
        word & 1 << (place % u64::BITS) != 0
    }
}

impl RequestRows {
    /// Remembers the rows of a batch, ordered by their index; as many as there may be.
    pub fn remember(&self, packet: Packet<'_>, rows: impl Iterator<Item = (IndexedRow, RowRequest)>) -> Span {
        let from = self.rows.len();
        let mut last = None;
        let mut cut = 0;
        for (number, (row, request)) in rows.enumerate() {
            let is_new = last != Some(request);
            let size = size_of::<IndexedRow>() + if is_new { size_of::<Run>() } else { 0 };
            if number >= MOST || !budget::keep(packet, size) {
                cut = CUT;
                break;
            }
            let first = self.rows.push(packet.file(), row);
            if is_new {
                self.runs.push(packet.file(), Run { first, request });
                last = Some(request);
            }
        }
        Span {
            from,
            count: (self.rows.len() - from) | cut,
        }
    }

    /// Remembers the record of a request on one.
    pub fn remember_one(&self, packet: Packet<'_>, digest: [u8; LENGTH]) -> Span {
        if !budget::keep(packet, size_of::<IndexedRow>()) {
            return Span { from: 0, count: CUT };
        }
        let from = self.rows.push(packet.file(), IndexedRow { index: 0, digest });
        Span { from, count: 1 }
    }

    /// The record of a request on one.
    #[must_use]
    pub fn only(&self, span: Span) -> Option<IndexedRow> {
        (span.count() == 1).then(|| self.rows.get(span.from)).flatten()
    }

    /// The record of row `index` in a batch, and what is asked of it.
    #[must_use]
    pub fn row(&self, span: Span, index: u32) -> Option<(IndexedRow, RowRequest)> {
        let place = self.place(span, index)?;
        Some((self.rows.get(place)?, self.request_at(place)?))
    }

    /// On the first pass: a row of a batch that can change records was answered.
    pub fn on_response(&self, packet: Packet<'_>, span: Span, index: u32, is_ok: bool) {
        let Some(place) = self.place(span, index).filter(|_| !packet.is_visited()) else {
            return;
        };
        self.answered.set(packet, place);
        if is_ok {
            self.applied.set(packet, place);
        }
    }

    /// What is known of a row of a batch that can change records.
    #[must_use]
    pub fn fate(&self, span: Span, index: u32) -> Fate {
        match self.place(span, index) {
            Some(place) if self.applied.has(place) => Fate::Applied,
            Some(place) if self.answered.has(place) => Fate::Refused,
            _ => Fate::Unknown,
        }
    }

    /// All rows of a batch.
    pub fn all(&self, span: Span) -> impl Iterator<Item = (IndexedRow, RowRequest)> + '_ {
        (span.from..span.from + span.count())
            .filter_map(|place| Some((self.rows.get(place)?, self.request_at(place)?)))
    }

    fn request_at(&self, place: u32) -> Option<RowRequest> {
        let behind = self.runs.partition_point(|run| run.first > place);
        Some(self.runs.get(behind.checked_sub(1)?)?.request)
    }

    fn place(&self, span: Span, index: u32) -> Option<u32> {
        let (from, count) = (span.from, span.count());
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
