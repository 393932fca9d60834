//! What is said of times: how long answers took, what happened when, where the time went.

use std::collections::BTreeMap;

use super::rises::{rise_in_words, rises};
use super::{ENOUGH, SOME, STAYED};
use crate::grid::{Grid, OTHERS, millis};
use crate::histogram::Fine;
use crate::page::charts::{Interval, map_rows, means};
use crate::text::{at, count, counted, milliseconds, percent, seconds, significant};

/// Rises are said of so many nodes and operations.
const RISES: usize = 4;

/// Above the latency.
#[must_use]
pub fn latency(grid: &Grid) -> Vec<String> {
    let mut all = Fine::default();
    grid.lines.values().for_each(|line| all.merge(&line.all));
    let (Some(p50), Some(p99)) = (all.quantile(0.5), all.quantile(0.99)) else {
        return vec!["No answer was seen with its request.".to_owned()];
    };
    let mut out = vec![format!(
        "Of {}, half took up to {}, 99 of 100 up to {}, the slowest {}.",
        counted(all.count(), "answer"),
        milliseconds(millis(p50)),
        milliseconds(millis(p99)),
        milliseconds(millis(all.max()))
    )];
    let rises = rises(grid);
    out.extend(rises.iter().take(RISES).map(rise_in_words));
    if rises.len() > RISES {
        out.push(format!(
            "So it was for {} more of nodes and operations.",
            count((rises.len() - RISES) as u64)
        ));
    }
    out.extend(slowest_node(grid));
    out
}

/// A node that is slower than all others over the whole capture.
fn slowest_node(grid: &Grid) -> Option<String> {
    let mut nodes: BTreeMap<&str, Fine> = BTreeMap::new();
    for ((node, operation), line) in &grid.lines {
        // What it does with records.
        if node != OTHERS && operation != "info" && operation != "security" {
            nodes.entry(node).or_default().merge(&line.all);
        }
    }
    let mut p99: Vec<(&str, f64)> = (nodes.into_iter().filter(|(_, times)| times.count() >= ENOUGH))
        .filter_map(|(node, times)| Some((node, millis(times.quantile(0.99)?))))
        .collect();
    p99.sort_by(|one, other| other.1.total_cmp(&one.1));
    let [(node, slow), (_, next), ..] = p99[..] else {
        return None;
    };
    (slow >= STAYED * next).then(|| {
        format!(
            "Over the whole capture {node} is the slowest: its p99 is {}, that of the next {}.",
            milliseconds(slow),
            milliseconds(next)
        )
    })
}

/// Above the timeline of a capture that ends after so many seconds, in which the last row may not have come to its end.
#[must_use]
pub fn timeline(rows: &[Interval], end: f64) -> Vec<String> {
    let total = |place: usize| {
        rows.iter()
            .map(|row| row.rates[place] * (row.to - row.from))
            .sum::<f64>()
            .round() as u64
    };
    let (requests, errors, timeouts) = (total(0), total(2), total(3));
    let Some(last) = rows.last().filter(|_| requests > 0) else {
        return Vec::new();
    };
    let length = last.to.min(end) - rows[0].from;
    let mut out = vec![format!(
        "{} in {}, {} a second.",
        counted(requests, "request"),
        seconds(length),
        significant(requests as f64 / length.max(1e-9))
    )];
    out.extend(clustered(rows, 2, errors, "error"));
    out.extend(clustered(rows, 3, timeouts, "timeout"));
    if errors == 0 && timeouts == 0 {
        out.push("No error and no timeout.".to_owned());
    }
    out.extend(silence(rows));
    out
}

/// When the most of a kind came, where that was in a part of the time.
fn clustered(rows: &[Interval], place: usize, total: u64, noun: &str) -> Option<String> {
    let bad = |row: &Interval| row.rates[place] > 0.0;
    let (first, last) = (rows.iter().position(bad)?, rows.iter().rposition(bad)?);
    let (from, to) = (rows[first].from, rows[last].to);
    let length = rows.last()?.to - rows.first()?.from;
    let when = if to - from <= length * 0.6 {
        format!(", all from {} to {}", at(from), at(to))
    } else {
        String::new()
    };
    Some(format!("{}{when}.", counted(total, noun)))
}

/// A time without answers in busy traffic.
fn silence(rows: &[Interval]) -> Option<String> {
    let busy = rows.iter().filter(|row| row.rates[1] > 0.0).count();
    let is_silent = |row: &Interval| row.rates[1] == 0.0 && row.open.0 > 0.0;
    let place = rows.iter().position(is_silent)?;
    let end = rows[place..]
        .iter()
        .position(|row| !is_silent(row))
        .map_or(rows.len(), |after| place + after);
    // A capture whose answers are rare is silent most of the time.
    (busy * 10 >= rows.len() * 7).then(|| {
        format!(
            "From {} to {} no answer came, while requests were open.",
            at(rows[place].from),
            at(rows[end - 1].to)
        )
    })
}

/// Above the split.
#[must_use]
pub fn split(grid: &Grid) -> Vec<String> {
    let mut out = Vec::new();
    for name in map_rows(grid) {
        let Some(line) = grid.lines.get(name).filter(|line| line.all.count() >= SOME) else {
            continue;
        };
        let parts = means(grid, name);
        let all: f64 = parts.iter().sum();
        let mean = line.all.mean().unwrap_or(0.0) / 1e6;
        let what = format!("{} at {}", name.1, name.0);
        if parts[3] >= all * 0.2 && all > 0.0 {
            out.push(format!(
                "Of the mean {} of {}, {} is what TCP's sending again added: packets were lost on the way.",
                milliseconds(mean),
                what,
                percent(parts[3] / all)
            ));
        } else if parts[2] >= all * 0.5 && all > 0.0 {
            out.push(format!(
                "Of the mean {} of {}, {} passed while the answer was on its way: large answers, or a slow path.",
                milliseconds(mean), what, percent(parts[2] / all)
            ));
        }
    }
    let sums = grid.lines.values().fold([0_u128; 2], |sums, line| {
        [
            sums[0] + line.parts[1].saturating_sub(line.parts[3]),
            sums[1] + line.parts[1] + line.parts[2],
        ]
    });
    if sums[1] > 0 && sums[0] * 10 >= sums[1] * 8 {
        let share = sums[0] as f64 / sums[1] as f64;
        out.insert(0, format!(
            "Of all response time {} passed between the request's last byte and the answer's first: in the server, or on the \
             way between it and the place of the capture.",
            percent(share)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Answers, SHORTEST};
    use crate::page::sentences::samples::grid;

    fn rows(value: impl Fn(usize) -> [f64; 4], open: impl Fn(usize) -> f64) -> Vec<Interval> {
        let row = |place: usize| Interval {
            from: place as f64 * 0.1,
            to: (place + 1) as f64 * 0.1,
            rates: value(place),
            open: (open(place), 1.0),
            ..Interval::default()
        };
        (0..100).map(row).collect()
    }

    #[test]
    fn the_slowest_node_is_said_where_it_is_twice_as_slow() {
        let slow = latency(&grid(|node, _| if node == 2 { 90_000 } else { 400 }));
        assert!(
            slow.iter()
                .any(|words| words.contains("10.0.0.3:3000 is the slowest")),
            "{slow:?}"
        );
        let even = latency(&grid(|node, _| 400 + node as u64 * 100));
        assert!(!even.iter().any(|words| words.contains("slowest:")), "{even:?}");
        assert!(
            even[0].starts_with("Of 9,000 answers, half took up to 0.500 ms"),
            "{even:?}"
        );
        assert_eq!(
            latency(&Grid::default()),
            ["No answer was seen with its request."]
        );
    }

    #[test]
    fn errors_are_placed_where_they_are_together() {
        let some = rows(
            |place| {
                [
                    100.0,
                    100.0,
                    if (30..40).contains(&place) { 20.0 } else { 0.0 },
                    0.0,
                ]
            },
            |_| 0.0,
        );
        let words = timeline(&some, 10.0);
        assert_eq!(words[0], "1,000 requests in 10.0 s, 100 a second.");
        assert_eq!(words[1], "20 errors, all from 3.000 s to 4.000 s.");
        let all = timeline(&rows(|_| [100.0, 100.0, 10.0, 0.0], |_| 0.0), 10.0);
        assert_eq!(all[1], "100 errors.");
        let none = timeline(&rows(|_| [100.0, 100.0, 0.0, 0.0], |_| 0.0), 10.0);
        assert_eq!(none[1..], ["No error and no timeout."]);
        assert!(timeline(&[], 0.0).is_empty());
    }

    #[test]
    fn silence_is_said_while_requests_wait_alone() {
        let answers = |place: usize| {
            [
                100.0,
                if (50..60).contains(&place) { 0.0 } else { 100.0 },
                0.0,
                0.0,
            ]
        };
        let waiting = timeline(&rows(answers, |_| 3.0), 10.0);
        assert!(
            waiting.contains(&"From 5.000 s to 6.000 s no answer came, while requests were open.".to_owned()),
            "{waiting:?}"
        );
        let quiet = timeline(&rows(answers, |_| 0.0), 10.0);
        assert!(
            !quiet.iter().any(|words| words.contains("no answer")),
            "{quiet:?}"
        );
        let rare = timeline(
            &rows(
                |place| [1.0, if place % 10 == 0 { 1.0 } else { 0.0 }, 0.0, 0.0],
                |_| 1.0,
            ),
            10.0,
        );
        assert!(!rare.iter().any(|words| words.contains("no answer")), "{rare:?}");
    }

    #[test]
    fn the_split_names_what_took_the_time() {
        let server = split(&grid(|_, _| 400));
        assert!(
            server[0].starts_with("Of all response time 90 % passed between"),
            "{server:?}"
        );
        assert_eq!(server.len(), 1);
        let mut lost = Grid::of_one(0, SHORTEST);
        lost.add(&Answers {
            node: "n",
            operation: "get",
            times: &[(200_000_000, 50)],
            longest: 200_000_000,
            sum: 50 * 200_000_000,
            parts: [0, 200_000_000, 0, 150_000_000, 0].map(|part: u128| part * 50),
            ..Answers::default()
        });
        let lost = split(&lost);
        assert!(
            lost.iter()
                .any(|words| words.contains("75 % is what TCP's sending again added")),
            "{lost:?}"
        );
        assert!(
            !lost.iter().any(|words| words.contains("passed between")),
            "{lost:?}"
        );
    }
}
