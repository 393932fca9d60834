//! Numbers and times as people read them.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// A number with commas between thousands, and as many decimals.
#[must_use]
pub fn number(number: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", number.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if number < 0.0 && !is_zero { "−" } else { "" };
    format!("{sign}{out}{rest}")
}

/// A count.
#[must_use]
pub fn count(count: u64) -> String {
    number(count as f64, 0)
}

/// A count with its noun, which gets an `s` if it is not one.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", self::count(count))
}

/// With three digits that matter, and microseconds at least.
#[must_use]
pub fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    number(value, decimals)
}

/// How many times as much: none is nothing.
#[must_use]
pub fn factor(value: f64) -> String {
    match value {
        value if value > 0.0 && value < 0.005 => "< 0.01".to_owned(),
        value if value < 100.0 => number(value, 2),
        value => number(value, 0),
    }
}

/// Milliseconds in a sentence: in seconds where there are many.
#[must_use]
pub fn milliseconds(ms: f64) -> String {
    if ms >= 10_000.0 {
        format!("{} s", significant(ms / 1000.0))
    } else {
        format!("{} ms", significant(ms))
    }
}

/// Seconds in a sentence.
#[must_use]
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 1.0 => format!("{} ms", significant(s * 1000.0)),
        s if s < 600.0 => format!("{} s", significant(s)),
        s if s < 7200.0 => format!("{} min", significant(s / 60.0)),
        s => format!("{} h", significant(s / 3600.0)),
    }
}

/// Since the first packet, as a place in the capture.
#[must_use]
pub fn at(s: f64) -> String {
    format!("{} s", number(s, if s.abs() < 100.0 { 3 } else { 1 }))
}

/// Bytes in units of a thousand.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.into_iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => format!("{} {unit}", significant(bytes / size)),
        None => format!("{} B", number(bytes, 0)),
    }
}

/// A share of one.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // All and nothing are said of all and nothing alone.
    if (99.5..100.0).contains(&percent) {
        return "more than 99 %".to_owned();
    }
    let decimals = match percent {
        percent if percent == 0.0 || percent >= 10.0 => 0,
        percent if percent >= 1.0 => 1,
        _ => 2,
    };
    format!("{} %", number(percent, decimals))
}

const CLOCK: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:long] [year]");

/// Where the clock stands in the capture's zone.
#[must_use]
pub fn clock(nanoseconds: i64, zone: UtcOffset) -> String {
    moment(nanoseconds, zone)
        .and_then(|at| at.format(CLOCK).ok())
        .unwrap_or_default()
}

/// The day.
#[must_use]
pub fn date(nanoseconds: i64, zone: UtcOffset) -> String {
    moment(nanoseconds, zone)
        .and_then(|at| at.format(DATE).ok())
        .unwrap_or_default()
}

/// Such as `UTC+2`.
#[must_use]
pub fn zone(zone: UtcOffset) -> String {
    let (hours, minutes, _) = zone.as_hms();
    match (hours, minutes) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{hours:+}"),
        _ => format!(
            "UTC{}{}:{:02}",
            if zone.is_negative() { "−" } else { "+" },
            hours.abs(),
            minutes.abs()
        ),
    }
}

fn moment(nanoseconds: i64, zone: UtcOffset) -> Option<OffsetDateTime> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).ok()?;
    moment.checked_to_offset(zone)
}

/// A cell of a report of the plugin, by the name of its column: as it is shown, and whether it is a number.
#[must_use]
pub fn cell(column: &str, cell: &str) -> (String, bool) {
    let Ok(value) = cell.parse::<f64>() else {
        return (cell.to_owned(), false);
    };
    let is = |parts: &[&str]| parts.iter().any(|part| column.contains(part));
    let shown = if is(&["(s)"]) {
        number(value, 3)
    } else if is(&["%"]) {
        number(value, if value == 0.0 { 0 } else { 2 })
    } else if is(&["ms", "/s"]) {
        significant(value)
    } else if is(&["Bytes", "bytes", "size"]) {
        bytes(value)
    } else if is(&["frame", "Frame"]) {
        cell.to_owned()
    } else if value.fract() == 0.0 {
        number(value, 0)
    } else {
        significant(value)
    };
    (shown, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        assert_eq!(["4,021", "0", "1,234,567"], [4021, 0, 1_234_567].map(count));
        assert_eq!(
            ["0.014", "1.24", "12.3", "162", "4,331", "−3.00"],
            [0.014, 1.2371, 12.34, 162.151, 4331.4, -3.0].map(significant)
        );
        assert_eq!(["8.00 ms", "12.0 s"], [8.0, 12_000.0].map(milliseconds));
        assert_eq!(["999 B", "1.50 kB", "16.0 MB"], [999.0, 1500.0, 16e6].map(bytes));
        assert_eq!(
            ["0 %", "0.05 %", "3.0 %", "97 %"],
            [0.0, 0.0005, 0.03, 0.97].map(percent)
        );
        assert_eq!(
            ["1 answer", "2 answers"],
            [1, 2].map(|count| counted(count, "answer"))
        );
        assert_eq!(number(-0.0001, 2), "0.00");
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let at = 1_795_375_121_450_922_000;
        assert_eq!(clock(at, UtcOffset::UTC), "19:18:41.450");
        let east = UtcOffset::from_hms(5, 30, 0).unwrap();
        assert_eq!(
            (clock(at, east).as_str(), zone(east).as_str()),
            ("00:48:41.450", "UTC+5:30")
        );
        assert_eq!(date(at, UtcOffset::UTC), "22 November 2026");
        assert_eq!(zone(UtcOffset::from_hms(-3, 0, 0).unwrap()), "UTC-3");
    }

    #[test]
    fn cells_are_shown_by_their_unit() {
        let shown = |column, text| cell(column, text).0;
        assert_eq!(shown("Mean ms", "1.2371039195461577"), "1.24");
        assert_eq!(shown("% > 1 ms", "8.561"), "8.56");
        assert_eq!(shown("First frame", "1805"), "1805");
        assert_eq!(shown("Requests", "4021"), "4,021");
        assert_eq!(cell("Who", "10.0.0.1"), ("10.0.0.1".to_owned(), false));
    }
}
