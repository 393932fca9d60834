//! Pictures as SVG that take their colours from the page's style, light or dark, and need no script.
//!
//! A crate for plots writes colours into each picture and knows one width: these follow the page, and are drawn twice,
//! for wide and for narrow screens, as scaled letters cannot be read.

use std::fmt::Write as _;

use crate::text;

/// A picture that grows.
#[derive(Debug)]
pub struct Svg {
    out: String,
}

impl Svg {
    /// An empty one of that size, with what it shows for those who do not see it.
    #[must_use]
    pub fn new(width: f64, height: f64, about: &str) -> Self {
        let about = escape(about);
        let out = format!(
            r#"<svg viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-label="{about}">"#
        );
        Self { out }
    }

    /// The text of it.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.out += "</svg>";
        self.out
    }

    /// A line between two points.
    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        self.push(format_args!(
            r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        ));
    }

    /// A rectangle, with a text that shows when it is pointed at.
    pub fn rect(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        title: Option<&str>,
    ) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        self.push(format_args!(
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}""#
        ));
        match title {
            Some(title) => self.push(format_args!("><title>{}</title></rect>", escape(title))),
            None => self.out += "/>",
        }
    }

    /// A text; `anchor` is `start`, `middle` or `end`.
    pub fn text(&mut self, class: &str, anchor: &str, (x, y): (f64, f64), text: &str) {
        let text = escape(text);
        self.push(format_args!(
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    /// A number in a circle.
    pub fn mark(&mut self, class: &str, (x, y): (f64, f64), text: &str, title: &str) {
        let (text, title) = (escape(text), escape(title));
        self.push(format_args!(
            r#"<g class="{class}"><title>{title}</title><circle cx="{x:.1}" cy="{y:.1}" r="8"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{text}</text></g>"#,
            y + 3.5
        ));
    }

    /// A line through points; where one is missing it is broken.
    pub fn path(&mut self, class: &str, points: &[Option<(f64, f64)>]) {
        let (mut path, mut alone) = (String::new(), String::new());
        let mut is_down = false;
        for (place, point) in points.iter().enumerate() {
            let Some((x, y)) = point else {
                is_down = false;
                continue;
            };
            // A point alone is no line: it is seen as a dot.
            if !is_down && points.get(place + 1).is_none_or(Option::is_none) {
                let _ = write!(alone, "M{x:.1} {y:.1}h0.1");
                continue;
            }
            let _ = write!(path, "{}{x:.1} {y:.1}", if is_down { 'L' } else { 'M' });
            is_down = true;
        }
        for (class, path) in [(class.to_owned(), path), (format!("{class} alone"), alone)] {
            if !path.is_empty() {
                self.push(format_args!(r#"<path class="{class}" d="{path}"/>"#));
            }
        }
    }

    fn push(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a `String` does not fail.
        let _ = self.out.write_fmt(what);
    }
}

/// Text as SVG and HTML want it.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// From values to places.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    from: f64,
    to: f64,
    place: (f64, f64),
    is_log: bool,
}

impl Scale {
    /// Values from 0 to a round number not below `most`.
    #[must_use]
    pub fn from_zero(most: f64, place: (f64, f64)) -> Self {
        let to = steps(0.0, most.max(1e-9), 4).last().copied().unwrap_or(1.0);
        Self {
            from: 0.0,
            to,
            place,
            is_log: false,
        }
    }

    /// Exactly these values.
    #[must_use]
    pub fn between(from: f64, to: f64, place: (f64, f64)) -> Self {
        Self {
            from,
            to: if to > from { to } else { from + 1e-9 },
            place,
            is_log: false,
        }
    }

    /// Powers of ten around these values.
    #[must_use]
    pub fn logarithmic(least: f64, most: f64, place: (f64, f64)) -> Self {
        let from = 10_f64.powf(least.max(1e-6).log10().floor());
        let to = 10_f64.powf(most.max(from * 1.0001).log10().ceil());
        Self {
            from,
            to,
            place,
            is_log: true,
        }
    }

    /// The place of a value.
    #[must_use]
    pub fn at(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(self.from) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.place.0 + share * (self.place.1 - self.place.0)
    }

    /// Values worth a line.
    #[must_use]
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        if self.is_log {
            let powers = (self.to / self.from).log10().round() as i32;
            let each = ((powers + 3) / 4).max(1) as usize;
            return (0..=powers)
                .step_by(each)
                .map(|power| self.from * 10_f64.powi(power))
                .collect();
        }
        steps(self.from, self.to, count)
            .into_iter()
            .filter(|value| *value <= self.to * (1.0 + 1e-9))
            .collect()
    }
}

/// Round numbers from `from` until one that is not below `to`.
fn steps(from: f64, to: f64, count: usize) -> Vec<f64> {
    let raw = (to - from) / count as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= raw * (1.0 - 1e-9))
        .unwrap_or(10.0);
    let step = factor * power;
    let first = (from / step).ceil();
    let last = (to / step - 1e-9).ceil();
    (0..)
        .map(|place| first + f64::from(place))
        .take_while(|place| *place <= last)
        .take(100)
        .map(|place| place * step)
        .collect()
}

/// A value at an axis, short.
#[must_use]
pub fn tick(value: f64) -> String {
    // As many as it has: 0.15 beside 0.1 and 0.2.
    let decimals = |value: f64| {
        let is_whole = |decimals: &i32| {
            let scaled = value.abs() * 10_f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-3)
        };
        (0..9).find(is_whole).unwrap_or(9) as usize
    };
    match value {
        value if value >= 1e6 => format!("{}M", text::number(value / 1e6, decimals(value / 1e6))),
        value if value >= 1e4 => format!("{}k", text::number(value / 1e3, decimals(value / 1e3))),
        value => text::number(value, decimals(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(Scale::from_zero(83.0, (0.0, 1.0)).ticks(4), [0.0, 50.0, 100.0]);
        assert_eq!(Scale::between(0.0, 10.7, (0.0, 1.0)).ticks(5), [0.0, 5.0, 10.0]);
        assert_eq!(
            Scale::logarithmic(0.03, 45.0, (0.0, 1.0)).ticks(4),
            [0.01, 0.1, 1.0, 10.0, 100.0]
        );
        assert_eq!(
            Scale::logarithmic(0.03, 3172.0, (0.0, 1.0)).ticks(4),
            [0.01, 1.0, 100.0, 10_000.0]
        );
        assert_eq!(
            ["0", "0.05", "0.15", "2", "2.5", "1.05", "12k", "1.5M"],
            [0.0, 0.05, 3.0 * 0.05, 2.0, 2.5, 21.0 * 0.05, 12e3, 1.5e6].map(tick)
        );
    }

    #[test]
    fn places_follow_values() {
        let scale = Scale::logarithmic(1.0, 100.0, (100.0, 0.0));
        assert!((scale.at(10.0) - 50.0).abs() < 1e-9 && scale.at(0.0) == 100.0);
        let scale = Scale::between(0.0, 10.0, (0.0, 50.0));
        assert!((scale.at(5.0) - 25.0).abs() < 1e-9);
    }

    #[test]
    fn a_line_is_broken_where_a_value_is_missing() {
        let mut svg = Svg::new(10.0, 10.0, "a <b>");
        svg.path("p", &[Some((0.0, 1.0)), Some((1.0, 1.0)), None, Some((3.0, 1.0))]);
        let text = svg.finish();
        assert!(
            text.contains(r#"<path class="p" d="M0.0 1.0L1.0 1.0"/>"#)
                && text.contains(r#"class="p alone" d="M3.0 1.0h0.1""#)
                && text.contains("a &lt;b&gt;"),
            "{text}"
        );
    }
}
