//! What TCP did with a request and its answer, where there is something to tell: several segments, repetitions, waits.
//! Kept beside the transactions, by their place, since most have nothing of it.

use super::transactions::Transaction;
use crate::epan::memory::file::{File, FileVec};

/// What TCP did with a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When the first byte of the request was captured, nanoseconds since 1970.
    pub request_began: i64,
    /// The same of its answer.
    pub answer_began: i64,
    /// How long the rest of a message was held back until its first part was acknowledged.
    pub delay: Option<i64>,
    /// How often the request was sent again while it was open, and when last.
    pub repeats: Option<Repeats>,
}

/// Where the time of an answer went, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeParts {
    /// From the first segment of the request to its last.
    pub request: i64,
    /// From there to the first byte of the answer.
    pub service: i64,
    /// From there to its last.
    pub answer: i64,
    /// From the request to its last repetition before the answer, if there is one: a part of `service`.
    pub retransmission: Option<i64>,
    /// How long the rest of a message was held back, if it was.
    pub delay: Option<i64>,
}

impl Timing {
    /// The parts of a transaction's time whose answer is complete.
    #[must_use]
    pub fn parts(&self, transaction: &Transaction) -> TimeParts {
        let (asked, began) = (transaction.asked_at, self.answer_began);
        let again = self.repeats.filter(|repeats| repeats.last_at <= began);
        TimeParts {
            request: asked.wrapping_sub(self.request_began),
            service: began.wrapping_sub(asked),
            answer: transaction.answered_at.1.wrapping_sub(began),
            retransmission: again.map(|repeats| repeats.last_at.wrapping_sub(asked)),
            delay: self.delay,
        }
    }
}

/// What TCP sent again of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    index: u32,
    /// How often.
    pub count: u32,
    /// When last, nanoseconds since 1970.
    pub last_at: i64,
}

/// Of the transactions of a connection, in the order of their places.
#[derive(Default)]
pub(super) struct Timings {
    request_begins: FileVec<(u32, i64)>,
    answer_begins: FileVec<(u32, i64)>,
    delays: FileVec<(u32, i64)>,
    repeats: FileVec<Repeats>,
}

impl Timings {
    pub(super) fn note_request(&self, file: File<'_>, index: u32, began_at: Option<i64>, delay: Option<i64>) {
        add(&self.request_begins, file, index, began_at);
        add(&self.delays, file, index, delay);
    }

    pub(super) fn note_answer(&self, file: File<'_>, index: u32, began_at: Option<i64>, delay: Option<i64>) {
        add(&self.answer_begins, file, index, began_at);
        add(&self.delays, file, index, delay);
    }

    /// A request was sent again.
    pub(super) fn note_repeat(&self, file: File<'_>, index: u32, at: i64) {
        let last = self.repeats.len().checked_sub(1);
        match last.and_then(|last| Some((last, self.repeats.get(last)?))) {
            Some((place, known)) if known.index == index => self.repeats.set(
                place,
                Repeats {
                    count: known.count.saturating_add(1),
                    last_at: at,
                    ..known
                },
            ),
            Some((_, known)) if known.index > index => {}
            _ => {
                self.repeats.push(
                    file,
                    Repeats {
                        index,
                        count: 1,
                        last_at: at,
                    },
                );
            }
        }
    }

    pub(super) fn of(&self, index: u32, transaction: &Transaction) -> Timing {
        let place = self.repeats.partition_point(|one| one.index >= index);
        Timing {
            request_began: find(&self.request_begins, index).unwrap_or(transaction.asked_at),
            answer_began: find(&self.answer_begins, index).unwrap_or(transaction.answered_at.0),
            delay: find(&self.delays, index),
            repeats: self.repeats.get(place).filter(|one| one.index == index),
        }
    }
}

/// Adds a value, as long as places come in their order: answers come in that of requests.
fn add(list: &FileVec<(u32, i64)>, file: File<'_>, index: u32, value: Option<i64>) {
    let Some(value) = value else { return };
    let last = list.len().checked_sub(1).and_then(|last| list.get(last));
    if last.is_none_or(|(place, _)| place < index) {
        list.push(file, (index, value));
    }
}

/// The value at a place.
fn find(list: &FileVec<(u32, i64)>, index: u32) -> Option<i64> {
    let place = list.partition_point(|(place, _)| *place >= index);
    let (place, value) = list.get(place)?;
    (place == index).then_some(value)
}
