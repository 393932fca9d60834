//! Times as users type them: `3.2` seconds since the first packet, `12:30:05`, `2026-11-29T12:30:05Z`.

use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::side::Moment;
use crate::tshark::nanoseconds;

/// Reads a time. A time of day without a date is one of `day`, the first packet's; without a zone of its own it is in `zone`.
///
/// # Errors
/// It is none of the forms, in words.
pub fn parse(text: &str, day: Option<i64>, zone: UtcOffset) -> Result<Moment, String> {
    if let Some(since) = nanoseconds(text.trim_end_matches('s')) {
        return Ok(Moment::Relative(since));
    }
    let unknown = || {
        format!(
            "\"{text}\" is no time: seconds since the first packet (3.2), 12:30:05, or 2026-11-29T12:30:05Z"
        )
    };
    let (text, is_utc) = match text.strip_suffix('Z') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let zone = if is_utc { UtcOffset::UTC } else { zone };
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => {
            let date =
                Date::parse(date, format_description!("[year]-[month]-[day]")).map_err(|_| unknown())?;
            (date, clock)
        }
        None => {
            let day = day.ok_or_else(unknown)?;
            let day = OffsetDateTime::from_unix_timestamp_nanos(day.into()).map_err(|_| unknown())?;
            (day.to_offset(zone).date(), text)
        }
    };
    let clock = clock_of(clock).ok_or_else(unknown)?;
    let at = PrimitiveDateTime::new(date, clock)
        .assume_offset(zone)
        .unix_timestamp_nanos();
    i64::try_from(at).map(Moment::Absolute).map_err(|_| unknown())
}

fn clock_of(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let second = nanoseconds(parts.next().unwrap_or("0"))?;
    if parts.next().is_some() {
        return None;
    }
    let (whole, rest) = (second.div_euclid(1_000_000_000), second.rem_euclid(1_000_000_000));
    Time::from_hms_nano(hour, minute, u8::try_from(whole).ok()?, u32::try_from(rest).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_their_forms() {
        let day = Some(1_795_375_121_450_922_000);
        let read = |text| parse(text, day, UtcOffset::UTC);
        assert_eq!(read("3.2"), Ok(Moment::Relative(3_200_000_000)));
        assert_eq!(read("3.2s"), Ok(Moment::Relative(3_200_000_000)));
        assert_eq!(
            read("16:18:41.5"),
            Ok(Moment::Absolute(1_795_364_321_500_000_000))
        );
        assert_eq!(read("2026-11-22T16:18:41.5Z"), read("2026-11-22 16:18:41.5"));
        let east = UtcOffset::from_hms(2, 0, 0).unwrap();
        assert_eq!(
            parse("2026-11-22T18:18:41.5", None, east),
            read("2026-11-22T16:18:41.5Z")
        );
        for wrong in ["", "noon", "25:00", "1:2:3:4", "2026-13-01T00:00"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(parse("16:18", None, UtcOffset::UTC).is_err());
    }
}
