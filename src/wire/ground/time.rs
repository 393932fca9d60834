//! Times of the protocol: seconds and milliseconds since 2010, and what `record_ttl` means.

/// 2010-01-01T00:00:00Z in seconds since 1970, the server's epoch.
pub const EPOCH: u64 = 1_262_304_000;

/// The longest time to live that a server accepts, ten years in seconds.
pub const MAX_TTL: u32 = 315_360_000;

/// Nanoseconds in a second.
pub const NANOSECONDS: u64 = 1_000_000_000;

/// Nanoseconds since 1970, printed as a date: `2026-11-29T09:43:42.5Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc(pub u64);

impl core::fmt::Display for Utc {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (seconds, mut fraction) = (self.0 / NANOSECONDS, self.0 % NANOSECONDS);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = date(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )?;
        if fraction > 0 {
            let mut digits = 9;
            while fraction % 10 == 0 {
                (fraction, digits) = (fraction / 10, usize::saturating_sub(digits, 1));
            }
            write!(f, ".{fraction:0digits$}")?;
        }
        f.write_str("Z")
    }
}

/// Year, month and day of a day since 1970: years begin in March, so that the day of a leap year is the last.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "days of 64 bits of nanoseconds are below 2 to the 18th"
)]
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

/// Seconds since 2010; 0 means "never".
///
/// Source: client-protocol 3.2
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VoidTime(pub u32);

impl VoidTime {
    /// Seconds since 1970, or `None` for a record that never expires.
    #[must_use]
    pub const fn unix_seconds(self) -> Option<u64> {
        if self.0 == 0 {
            None
        } else {
            Some(EPOCH.saturating_add(self.0 as u64))
        }
    }
}

/// A last-update time: milliseconds since 2010.
///
/// Source: client-protocol 4 (field 14)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpdateTime(pub u64);

impl UpdateTime {
    /// Whole seconds since 1970 and the nanoseconds beyond them.
    #[must_use]
    pub const fn unix(self) -> (u64, u32) {
        let seconds = EPOCH.saturating_add(self.0 / 1000);
        // A remainder below 1000 times a million fits in 32 bits.
        (seconds, ((self.0 % 1000) as u32).saturating_mul(1_000_000))
    }
}

/// What the 32 bits called `record_ttl` say; it depends on the direction and on the request.
///
/// Source: client-protocol 3.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// A write: the default of the namespace or set (0).
    NamespaceDefault,
    /// A write: the record never expires (-1).
    NeverExpires,
    /// A write: leave the expiry as it is (-2).
    Unchanged,
    /// A write: -3, which only exists inside clients.
    ClientDefault,
    /// A write: seconds to live.
    Seconds(u32),
    /// A write: longer than ten years, answered by result 4.
    TooLong(u32),
    /// A read: touch the record by the server's default (0; before 7.1 always).
    TouchDefault,
    /// A read: never touch the record (-1; since 7.1).
    TouchNever,
    /// A read: touch the record when this percentage of its time to live is left (since 7.1).
    TouchPercent(u32),
    /// No meaning here; scans and queries of C clients carry -1.
    Unused(u32),
    /// A response: when the record expires, in seconds since 2010.
    VoidTime(VoidTime),
}

impl Ttl {
    /// The `record_ttl` of a write, operate, UDF or background request.
    #[must_use]
    pub const fn of_write(ttl: u32) -> Self {
        match ttl {
            0 => Self::NamespaceDefault,
            0xffff_ffff => Self::NeverExpires,
            0xffff_fffe => Self::Unchanged,
            0xffff_fffd => Self::ClientDefault,
            1..=MAX_TTL => Self::Seconds(ttl),
            _ => Self::TooLong(ttl),
        }
    }

    /// The `record_ttl` of a single read or of a read row in a batch.
    #[must_use]
    pub const fn of_read(ttl: u32) -> Self {
        match ttl {
            0 => Self::TouchDefault,
            0xffff_ffff => Self::TouchNever,
            1..=100 => Self::TouchPercent(ttl),
            _ => Self::Unused(ttl),
        }
    }

    /// The `record_ttl` of a response.
    #[must_use]
    pub const fn of_response(ttl: u32) -> Self {
        Self::VoidTime(VoidTime(ttl))
    }
}

impl core::fmt::Display for Ttl {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NamespaceDefault => f.write_str("namespace default"),
            Self::NeverExpires => f.write_str("never expires"),
            Self::Unchanged => f.write_str("unchanged"),
            Self::ClientDefault => f.write_str("client default"),
            Self::Seconds(seconds) => write!(f, "{seconds} s"),
            Self::TooLong(seconds) => write!(f, "{seconds} s, longer than ten years"),
            Self::TouchDefault => f.write_str("read touch by server default"),
            Self::TouchNever => f.write_str("no read touch"),
            Self::TouchPercent(percent) => write!(f, "read touch at {percent}%"),
            Self::Unused(_) => f.write_str("not used"),
            Self::VoidTime(VoidTime(0)) => f.write_str("never expires"),
            Self::VoidTime(VoidTime(seconds)) => write!(f, "expires {seconds} s after 2010-01-01"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let date = |seconds: u64| Utc(seconds * NANOSECONDS).to_string();
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(EPOCH), "2010-01-01T00:00:00Z");
        assert_eq!(date(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(date(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(date(1_709_251_200), "2024-03-01T00:00:00Z");
        assert_eq!(Utc(u64::MAX).to_string(), "2554-07-21T23:34:33.709551615Z");
    }

    #[test]
    fn void_times_count_from_2010() {
        // 17.4: 2017-12-30.
        assert_eq!(VoidTime(0x0f0a_2b22).unix_seconds(), Some(1_514_628_642));
        assert_eq!(VoidTime(0).unix_seconds(), None);
        assert_eq!(UpdateTime(1_001).unix(), (EPOCH + 1, 1_000_000));
        assert_eq!(UpdateTime(u64::MAX).unix().1, 615_000_000);
    }

    #[test]
    fn special_times_to_live() {
        assert_eq!(Ttl::of_write(0), Ttl::NamespaceDefault);
        assert_eq!(Ttl::of_write(u32::MAX), Ttl::NeverExpires);
        assert_eq!(Ttl::of_write(u32::MAX - 1), Ttl::Unchanged);
        assert_eq!(Ttl::of_write(MAX_TTL), Ttl::Seconds(MAX_TTL));
        assert_eq!(Ttl::of_write(MAX_TTL + 1), Ttl::TooLong(MAX_TTL + 1));
        assert_eq!(Ttl::of_read(80), Ttl::TouchPercent(80));
        assert_eq!(Ttl::of_read(u32::MAX), Ttl::TouchNever);
        assert_eq!(Ttl::of_read(101), Ttl::Unused(101));
    }
}
