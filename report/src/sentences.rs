//! What one sees, in plain sentences: made from the numbers, each said only where it is true.
//!
//! A sentence names its figures. Rules compare a node with its own past and with its peers; where a number is fixed, its
//! reason stands beside it. All rules stand in one file, so that their wording and thresholds can be compared.

use std::collections::BTreeMap;

use crate::grid::{Grid, Line, OTHERS, millis};
use crate::histogram::Coarse;
use crate::hotkeys::HotKeys;
use crate::page::charts::{Interval, map_rows, means};
use crate::table::Table;
use crate::text::{at, count, counted, milliseconds, percent, seconds};

/// With fewer answers a p99 is the slowest of them, which may be chance.
const ENOUGH: u64 = 100;
/// With fewer of anything shares say nothing.
const SOME: u64 = 20;
/// A rise is said from here on: below, percentiles of quiet traffic wander.
const RISE: f64 = 5.0;
/// Of such a node it is said that it stayed.
const STAYED: f64 = 2.0;
/// Rises are said of so many nodes and operations.
const RISES: usize = 4;

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

/// Above the latency.
#[must_use]
pub fn latency(grid: &Grid) -> Vec<String> {
    let mut all = crate::histogram::Fine::default();
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
    let mut nodes: BTreeMap<&str, crate::histogram::Fine> = BTreeMap::new();
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

/// Above the timeline.
#[must_use]
pub fn timeline(rows: &[Interval]) -> Vec<String> {
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
    let length = last.to - rows[0].from;
    let mut out = vec![format!(
        "{} in {}, {} a second.",
        counted(requests, "request"),
        seconds(length),
        crate::text::significant(requests as f64 / length.max(1e-9))
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

/// Above the hot keys.
#[must_use]
pub fn hot_keys(keys: &HotKeys) -> Vec<String> {
    let requests = keys.all.requests();
    let (Some(one), Some(ten)) = (keys.share(1), keys.share(10)) else {
        return Vec::new();
    };
    let mut out = vec![format!(
        "{} touched {}; the hottest key got {} of them, the ten hottest {}.",
        counted(requests, "request"),
        counted(keys.len() as u64, "record"),
        percent(one),
        percent(ten)
    )];
    let even = 1.0 / keys.len().max(1) as f64;
    // Ten times its share, of a twentieth of all.
    if one >= 0.05 && one >= 10.0 * even && requests >= ENOUGH {
        out.push(format!(
            "That is {} times what each would have if all were the same.",
            count((one / even).round() as u64)
        ));
    } else if one < 0.02 && keys.len() >= 100 {
        out.push("No key stands out.".to_owned());
    }
    if keys.is_cut {
        out.push(
            "There were more records than could be kept: those with the fewest requests were let go."
                .to_owned(),
        );
    }
    out
}

/// Above the connections.
#[must_use]
pub fn connections(table: &Table) -> Vec<String> {
    let mut sums = BTreeMap::new();
    let mut pairs = 0;
    for row in table.of("By client and node") {
        pairs += 1;
        for column in [
            "At start",
            "Opened",
            "Not opened",
            "Closed by client",
            "by node",
            "At end",
            "Requests",
        ] {
            *sums.entry(column).or_insert(0) += row.count(column);
        }
    }
    let sum = |column| sums.get(column).copied().unwrap_or(0_u64);
    if pairs == 0 {
        return Vec::new();
    }
    let all = sum("At start") + sum("Opened");
    let mut out = vec![format!(
        "{} between {}: {} were open at the start, {} opened, {} closed by the client and {} by the node.",
        counted(all, "connection"),
        counted(pairs, "pair") + " of client and node",
        count(sum("At start")),
        count(sum("Opened")),
        count(sum("Closed by client")),
        count(sum("by node"))
    )];
    if sum("Not opened") > 0 {
        out.push(format!(
            "{} could not be opened.",
            counted(sum("Not opened"), "connection")
        ));
    }
    let (opened, requests) = (sum("Opened"), sum("Requests"));
    // A pool that works has hundreds of requests a connection.
    if opened >= SOME && requests < opened * 5 {
        out.push(format!(
            "A connection that was opened carried {} requests in the mean: they are hardly used again.",
            crate::text::significant(requests as f64 / all.max(1) as f64)
        ));
    }
    out
}

/// Above the records.
#[must_use]
pub fn records(table: &Table) -> Vec<String> {
    let mut out = Vec::new();
    for row in table.all() {
        let set = [row.text("Namespace"), row.text("Set")].join(".");
        let set = set.trim_end_matches('.');
        let verb = match row.text("What") {
            "read" => "read from",
            "written" => "written to",
            _ => continue,
        };
        let (records, most) = (row.count("Count"), row.number("Max").unwrap_or(0.0));
        if records >= SOME {
            let median = crate::text::bytes(row.number("p50").unwrap_or(0.0));
            out.push(format!(
                "{} {verb} {set}: half are up to {median}, the largest has {}.",
                counted(records, "record"),
                crate::text::bytes(most)
            ));
        }
        // A set in which half of the reads find nothing is asked for what is not there.
        let not_found = row.number("% NOT_FOUND").unwrap_or(0.0);
        if verb == "read from" && records >= SOME && not_found >= 50.0 {
            out.push(format!(
                "{} of the reads of {set} found nothing.",
                percent(not_found / 100.0)
            ));
        }
    }
    out
}

/// Above the cluster.
#[must_use]
pub fn cluster(table: &Table) -> Vec<String> {
    let rows = |start: &'static str| table.all().filter(move |row| row.row.table.starts_with(start));
    let mut out = Vec::new();
    let nodes: std::collections::BTreeSet<&str> = rows("All nodes")
        .map(|row| row.text("Node"))
        // Addresses of nodes that do not say which they are.
        .filter(|node| !node.is_empty() && *node != "?")
        .collect();
    if nodes.len() > 1 {
        out.push(format!(
            "{}: {}.",
            counted(nodes.len() as u64, "node"),
            nodes.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    // The first node that says each membership, in the order of time.
    let mut members: Vec<(f64, &str)> = rows("Members")
        .filter_map(|row| Some((row.number("From (s)")?, row.text("What"))))
        .collect();
    members.sort_by(|one, other| one.0.total_cmp(&other.0));
    let size = |what: &str| what.split(" of ").nth(1)?.split(':').next()?.parse::<u64>().ok();
    let sizes: Vec<(f64, u64)> = members
        .iter()
        .filter_map(|(from, what)| Some((*from, size(what)?)))
        .collect();
    let mut known = sizes.first().map_or(0, |(_, size)| *size);
    for (from, size) in sizes {
        if size != known {
            out.push(format!(
                "The cluster went from {} to {size} at {}.",
                counted(known, "node"),
                at(from)
            ));
            known = size;
        }
    }
    let moved: (u64, f64) = rows("Migrations").fold((0, 0.0), |sum, row| {
        (
            sum.0 + row.count("Records"),
            sum.1 + row.number("Bytes").unwrap_or(0.0),
        )
    });
    if moved.0 > 0 {
        out.push(format!(
            "{} ({}) were migrated between nodes.",
            counted(moved.0, "record"),
            crate::text::bytes(moved.1)
        ));
    }
    out
}

/// The build that a text of the cluster's report names.
#[must_use]
pub fn build(what: &str) -> Option<&str> {
    let rest = &what[what.find("build ")? + "build ".len()..];
    rest.split([',', ' ']).next().filter(|build| !build.is_empty())
}

#[cfg(test)]
#[path = "sentences_tests.rs"]
mod tests;
