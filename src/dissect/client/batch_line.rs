//! Batches in the Info column: what the rows ask for.

use core::fmt;

use super::text;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::{Info2, Message};
use crate::wire::ground::text::LossyText;

/// What rows ask for, in words of a reader.
const WORDS: [&str; 8] = [
    "read",
    "exists",
    "write",
    "touch",
    "operate",
    "delete",
    "udf",
    "transaction",
];

/// The place in [`WORDS`] of a row's request.
const fn word(kind: Request, info2: Info2) -> Option<usize> {
    Some(match kind {
        Request::GET | Request::SELECT => 0,
        Request::EXISTS => 1,
        Request::WRITE => 2,
        Request::TOUCH => 3,
        Request::OPERATE if !info2.contains(Info2::WRITE) => 0,
        Request::OPERATE => 4,
        Request::DELETE => 5,
        Request::UDF => 6,
        Request::MRT_VERIFY | Request::MRT_ROLL_FORWARD | Request::MRT_ROLL_BACK => 7,
        _ => return None,
    })
}

/// `batch read 6 rows test.demo`, `batch 9 rows (5 read, 2 write, 1 delete, 1 udf) test.demo`, and the filter.
///
/// # Errors
/// Those of `out`.
pub fn request(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    let mut counts = [0u32; WORDS.len()];
    let mut others = 0u32;
    let mut all = 0u32;
    let mut place: Option<(&[u8], &[u8])> = None;
    let (mut one_namespace, mut one_set) = (true, true);
    for batch in message.batches() {
        all = all.saturating_add(batch.count);
        for body in batch.rows().flatten().filter_map(|row| row.body) {
            let counter = word(body.request(), body.info2()).and_then(|word| counts.get_mut(word));
            let counter = counter.unwrap_or(&mut others);
            *counter = counter.saturating_add(1);
            let here = (body.identity().namespace, body.identity().set);
            let first = place.get_or_insert(here);
            one_namespace &= first.0 == here.0;
            one_set &= *first == here;
        }
    }
    let kinds = counts.iter().filter(|count| **count > 0).count();
    out.write_str("batch ")?;
    if kinds == 1 && others == 0 {
        let named = counts.iter().zip(WORDS).find(|(count, _)| **count > 0);
        write!(out, "{} ", named.map_or("", |(_, word)| word))?;
    }
    write!(out, "{all} {}", if all == 1 { "row" } else { "rows" })?;
    if kinds > 1 {
        let mut between = " (";
        for (count, word) in counts.iter().zip(WORDS).filter(|(count, _)| **count > 0) {
            write!(out, "{between}{count} {word}")?;
            between = ", ";
        }
        out.write_str(")")?;
    }
    if let Some((namespace, set)) = place.filter(|_| one_namespace) {
        write!(out, " {}", LossyText(namespace))?;
        if one_set && !set.is_empty() {
            write!(out, ".{}", LossyText(set))?;
        }
    }
    text::filter(out, message)
}
