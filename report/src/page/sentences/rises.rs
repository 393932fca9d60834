//! When response times rose.

use std::collections::BTreeMap;

use super::{ENOUGH, STAYED};
use crate::grid::{Grid, Line, OTHERS, millis};
use crate::histogram::Coarse;
use crate::text::{at, milliseconds};

/// A rise is said from here on: below, percentiles of quiet traffic wander.
const RISE: f64 = 5.0;

/// A p99 that rose and, if it did within the capture, fell again.
#[derive(Clone, Debug, PartialEq)]
pub struct Rise {
    /// The node.
    pub node: String,
    /// The operation.
    pub operation: String,
    /// Usual, and highest while it was high, in milliseconds.
    pub from: f64,
    /// The same.
    pub to: f64,
    /// Seconds since the first packet.
    pub times: (f64, f64),
    /// Whether it lasted to the end.
    pub is_to_the_end: bool,
    /// How the other nodes did at that time.
    pub others: Others,
}

/// How the other nodes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// There are none, or they have too few answers.
    Unknown,
    /// All stayed near what they usually take.
    Stayed,
    /// All rose, too.
    Rose,
    /// Some rose.
    Mixed,
}

/// The rises, the greatest first.
#[must_use]
pub fn rises(grid: &Grid) -> Vec<Rise> {
    let mut rises: Vec<Rise> = grid
        .lines
        .iter()
        .filter_map(|(name, line)| rise(grid, name, line))
        .collect();
    rises.sort_by(|one, other| (other.to / other.from).total_cmp(&(one.to / one.from)));
    rises
}

/// The p99 of a line by parts of the time that are as short as their answers allow.
struct Parts {
    /// Intervals in a part.
    step: i64,
    /// By part, in milliseconds.
    p99: BTreeMap<i64, f64>,
}

impl Parts {
    fn of(grid: &Grid, line: &Line) -> Option<Self> {
        let (first, last) = grid.used()?;
        let length = last - first + 1;
        // Twice as many as are needed, as they are not spread evenly.
        let is_enough = |step: i64| line.all.count() >= 2 * ENOUGH * ((length + step - 1) / step) as u64;
        let step = (0..7).map(|power| 1 << power).find(|step| is_enough(*step))?;
        let mut parts: BTreeMap<i64, Coarse> = BTreeMap::new();
        for (interval, times) in &line.by_interval {
            parts.entry(interval.div_euclid(step)).or_default().merge(times);
        }
        parts.retain(|_, times| times.count() >= ENOUGH);
        let p99 = parts
            .into_iter()
            .filter_map(|(part, times)| Some((part, millis(times.quantile(0.99)?))))
            .collect();
        Some(Self { step, p99 })
    }

    /// What it usually takes: the median.
    fn usual(&self) -> Option<f64> {
        let mut values: Vec<f64> = self.p99.values().copied().collect();
        values.sort_by(f64::total_cmp);
        // With fewer parts there is no usual.
        (values.len() >= 6)
            .then(|| values[values.len() / 2])
            .filter(|usual| *usual > 0.0)
    }
}

fn rise(grid: &Grid, name: &(String, String), line: &Line) -> Option<Rise> {
    let parts = Parts::of(grid, line)?;
    let usual = parts.usual()?;
    let is_high = |value: f64| value >= usual * RISE;
    let (&highest, &to) = parts.p99.iter().max_by(|one, other| one.1.total_cmp(other.1))?;
    if !is_high(to) {
        return None;
    }
    // All of the time around the highest that is high.
    let known: Vec<(i64, f64)> = parts.p99.iter().map(|(part, value)| (*part, *value)).collect();
    let place = known.iter().position(|(part, _)| *part == highest)?;
    let first = known[..place]
        .iter()
        .rposition(|(_, value)| !is_high(*value))
        .map_or(0, |before| before + 1);
    let last = known[place..]
        .iter()
        .position(|(_, value)| !is_high(*value))
        .map_or(known.len(), |after| place + after)
        - 1;
    // What is high from the first answer on did not rise.
    if first == 0 {
        return None;
    }
    // The slow answers among these tell more exactly when.
    let intervals = known[first].0 * parts.step..(known[last].0 + 1) * parts.step;
    let mut slow = line
        .by_interval
        .range(intervals)
        .filter(|(_, times)| times.quantile(0.99).is_some_and(|p99| is_high(millis(p99))));
    let start = *slow.next()?.0;
    let end = slow.next_back().map_or(start, |(interval, _)| *interval);
    Some(Rise {
        node: name.0.clone(),
        operation: name.1.clone(),
        from: usual,
        to,
        times: (grid.starts(start), grid.starts(end + 1)),
        is_to_the_end: last + 1 == known.len(),
        others: others(grid, name, (start, end)),
    })
}

fn others(grid: &Grid, (node, operation): &(String, String), span: (i64, i64)) -> Others {
    let peers = grid
        .lines
        .iter()
        .filter(|(name, _)| &name.1 == operation && &name.0 != node && name.0 != OTHERS);
    let factors = peers.filter_map(|(_, line)| {
        let usual = Parts::of(grid, line)?.usual()?;
        let mut then = Coarse::default();
        line.by_interval
            .range(span.0..=span.1)
            .for_each(|(_, times)| then.merge(times));
        let p99 = (then.count() >= ENOUGH).then(|| then.quantile(0.99)).flatten()?;
        Some(millis(p99) / usual)
    });
    let factors: Vec<f64> = factors.collect();
    match factors {
        factors if factors.is_empty() => Others::Unknown,
        factors if factors.iter().all(|factor| *factor < STAYED) => Others::Stayed,
        factors if factors.iter().all(|factor| *factor >= RISE) => Others::Rose,
        _ => Others::Mixed,
    }
}

/// In words.
#[must_use]
pub fn rise_in_words(rise: &Rise) -> String {
    let until = if rise.is_to_the_end {
        String::new()
    } else {
        format!(" until {}", at(rise.times.1))
    };
    let others = match rise.others {
        Others::Unknown | Others::Mixed => "",
        Others::Stayed => "; the other nodes stayed",
        Others::Rose => "; the other nodes rose, too",
    };
    format!(
        "p99 of {} at {} rose from {} to {} at {}{until}{others}.",
        rise.operation,
        rise.node,
        milliseconds(rise.from),
        milliseconds(rise.to),
        at(rise.times.0.max(0.0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sentences::samples::grid;

    fn is_in(at_ms: i64) -> bool {
        (3_200..6_000).contains(&at_ms)
    }

    #[test]
    fn a_rise_of_one_node_is_said_with_what_the_others_did() {
        let grid = grid(|node, at| if node == 1 && is_in(at) { 212_000 } else { 400 });
        let rises = rises(&grid);
        assert_eq!(rises.len(), 1);
        let words = rise_in_words(&rises[0]);
        assert!(
            words.starts_with(
                "p99 of get at 10.0.0.2:3000 rose from 0.397 ms to 212 ms at 3.200 s until 6.016 s"
            ),
            "{words}"
        );
        assert!(words.ends_with("; the other nodes stayed."), "{words}");
        assert!(
            (3.1..3.3).contains(&rises[0].times.0) && (5.9..6.2).contains(&rises[0].times.1),
            "{:?}",
            rises[0].times
        );
    }

    #[test]
    fn a_rise_of_all_says_so_and_one_to_the_end_names_no_end() {
        let all = grid(|_, at| if is_in(at) { 9_000 } else { 400 });
        assert!(rises(&all).iter().all(|rise| rise.others == Others::Rose));
        let end = grid(|node, at| if node == 0 && at >= 7_000 { 9_000 } else { 400 });
        let words = rise_in_words(&rises(&end)[0]);
        assert!(!words.contains("until"), "{words}");
    }

    #[test]
    fn what_wanders_or_is_slow_from_the_start_did_not_rise() {
        assert_eq!(rises(&grid(|_, at| if is_in(at) { 1_500 } else { 400 })), []);
        assert_eq!(rises(&grid(|node, _| if node == 2 { 90_000 } else { 400 })), []);
        assert_eq!(rises(&grid(|_, at| if at < 2_000 { 90_000 } else { 400 })), []);
    }
}
