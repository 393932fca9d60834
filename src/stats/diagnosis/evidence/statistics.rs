//! Percentiles.

/// The value below which `percent` of the values are; `None` of no values. Sorts.
#[must_use]
pub fn percentile(values: &mut [i64], percent: usize) -> Option<i64> {
    if values.is_empty() {
        return None;
    }
    values.sort_unstable();
    percentile_of_sorted(values, percent)
}

/// The same of values that are sorted.
#[must_use]
pub fn percentile_of_sorted(values: &[i64], percent: usize) -> Option<i64> {
    let last = values.len().checked_sub(1)?;
    values.get((last * percent).div_ceil(100)).copied()
}

/// Nanoseconds as people write them: `0.15 ms`, `40 ms`, `2.5 s`.
#[must_use]
pub fn duration(nanoseconds: i64) -> String {
    let ms = nanoseconds as f64 / 1e6;
    if ms < 0.995 {
        format!("{ms:.2} ms")
    } else if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 995.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}
