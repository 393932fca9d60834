//! The pictures of the page.

use super::svg::{Scale, Svg, tick};
use crate::findings::Finding;
use crate::grid::{Grid, PARTS, millis};
use crate::table::{Cells, Table};
use crate::text;

/// A place for a picture: its width, and whether it is that of narrow screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// All of a desktop's page.
    Wide,
    /// Half of it: two sides beside each other.
    Half,
    /// A phone.
    Narrow,
}

impl Width {
    fn pixels(self) -> f64 {
        match self {
            Self::Wide => 1072.0,
            Self::Half => 560.0,
            Self::Narrow => 350.0,
        }
    }
}

const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const PANEL: f64 = 84.0;
const GAP: f64 = 34.0;

/// A row of the timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interval {
    /// Seconds since the first packet.
    pub from: f64,
    /// The same.
    pub to: f64,
    /// By seconds of it: requests, answers, errors, timeouts.
    pub rates: [f64; 4],
    /// Milliseconds.
    pub p50: Option<f64>,
    /// Milliseconds.
    pub p99: Option<f64>,
    /// Requests that are open, and connections.
    pub open: (f64, f64),
    /// Events, in words.
    pub events: String,
}

impl Interval {
    fn of(row: Cells<'_>) -> Option<Self> {
        let (from, to) = row.number("From (s)").zip(row.number("To (s)"))?;
        let length = (to - from).max(1e-9);
        let rate = |column| row.number(column).unwrap_or(0.0) / length;
        Some(Self {
            from,
            to,
            rates: ["Requests", "Answers", "Errors", "Timeouts"].map(rate),
            // Without answers there is no percentile.
            p50: row.number("p50 ms").filter(|_| row.count("Answers") > 0),
            p99: row.number("p99 ms").filter(|_| row.count("Answers") > 0),
            open: (
                row.number("Open").unwrap_or(0.0),
                row.number("Connections").unwrap_or(0.0),
            ),
            events: row.text("Events").to_owned(),
        })
    }
}

/// The rows of the plugin's timeline.
#[must_use]
pub fn intervals(timeline: Option<&Table>) -> Vec<Interval> {
    timeline
        .into_iter()
        .flat_map(|timeline| timeline.of("By interval"))
        .filter_map(Interval::of)
        .collect()
}

/// What the pictures of two sides have in common, so that they can be compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Requests a second.
    pub rate: f64,
    /// Errors and timeouts a second.
    pub bad: f64,
    /// Milliseconds: the least p50 and the greatest p99.
    pub ms: Option<(f64, f64)>,
    /// Connections.
    pub connections: f64,
}

impl Limits {
    /// Those of these rows, too.
    #[must_use]
    pub fn with(mut self, rows: &[Interval]) -> Self {
        for row in rows {
            self.rate = self.rate.max(row.rates[0]).max(row.rates[1]);
            self.bad = self.bad.max(row.rates[2]).max(row.rates[3]);
            self.connections = self.connections.max(row.open.1);
            for ms in [row.p50, row.p99].into_iter().flatten().filter(|ms| *ms > 0.0) {
                let (least, most) = self.ms.unwrap_or((ms, ms));
                self.ms = Some((least.min(ms), most.max(ms)));
            }
        }
        self
    }
}

/// Requests, errors, percentiles and connections over time, with findings and events as marks.
#[must_use]
pub fn timeline(rows: &[Interval], findings: &[Finding], limits: Limits, width: Width) -> String {
    let pixels = width.pixels();
    let marks_height = 26.0;
    let panels = 3 + usize::from(limits.bad > 0.0);
    let height = marks_height + panels as f64 * (PANEL + GAP) + 6.0;
    let mut svg = Svg::new(
        pixels,
        height,
        "Requests, errors, response times and connections over time",
    );
    let end = rows.iter().map(|row| row.to).fold(0.0, f64::max);
    let start = rows.iter().map(|row| row.from).fold(end, f64::min).min(0.0);
    let x = Scale::between(start, end, (LEFT, pixels - RIGHT));
    let bottom = height - GAP + 8.0;
    let roots: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.cause.is_none())
        .collect();
    for (from, to) in roots.iter().filter_map(|finding| finding.times) {
        let (from, to) = (x.at(from), x.at(to));
        svg.rect(
            "span",
            (from, marks_height - 6.0),
            ((to - from).max(1.5), bottom - marks_height + 6.0),
            None,
        );
    }
    let mut top = marks_height;
    let mut panel =
        |svg: &mut Svg, title: &str, scale: &dyn Fn((f64, f64)) -> Scale, draw: &dyn Fn(&mut Svg, Scale)| {
            let y = scale((top + PANEL, top + 16.0));
            svg.text("title", "start", (LEFT, top + 8.0), title);
            axis(svg, y, (LEFT, pixels - RIGHT), 2);
            draw(svg, y);
            time_axis(svg, x, top + PANEL, width);
            top += PANEL + GAP;
        };
    let points = |value: fn(&Interval) -> Option<f64>, y: Scale| -> Vec<Option<(f64, f64)>> {
        rows.iter()
            .map(|row| value(row).map(|value| (x.at((row.from + row.to) / 2.0), y.at(value))))
            .collect()
    };
    panel(
        &mut svg,
        "Requests (line) and answers (dots) a second",
        &|place| Scale::from_zero(limits.rate, place),
        &|svg, y| {
            svg.path("dots", &points(|row| Some(row.rates[1]), y));
            svg.path("curve a", &points(|row| Some(row.rates[0]), y));
        },
    );
    if limits.bad > 0.0 {
        let bars = |svg: &mut Svg, y: Scale| bad_bars(svg, rows, x, y);
        panel(
            &mut svg,
            "Errors (red) and timeouts (yellow) a second",
            &|place| Scale::from_zero(limits.bad, place),
            &bars,
        );
    }
    panel(
        &mut svg,
        "Response times: p50 (thin), p99 (thick), ms",
        &|place| {
            limits.ms.map_or(Scale::from_zero(1.0, place), |(least, most)| {
                Scale::logarithmic(least, most, place)
            })
        },
        &|svg, y| {
            svg.path("curve b thin", &points(|row| row.p50, y));
            svg.path("curve b", &points(|row| row.p99, y));
        },
    );
    panel(
        &mut svg,
        "Connections open",
        &|place| Scale::from_zero(limits.connections, place),
        &|svg, y| svg.path("curve c", &points(|row| Some(row.open.1), y)),
    );
    marks(&mut svg, rows, &roots, x, bottom);
    svg.finish()
}

fn bad_bars(svg: &mut Svg, rows: &[Interval], x: Scale, y: Scale) {
    for row in rows {
        let (from, to) = (x.at(row.from), x.at(row.to));
        let half = ((to - from) / 2.0 - 0.2).max(0.6);
        let [_, _, errors, timeouts] = row.rates;
        for (value, class, from) in [(errors, "bar bad", from), (timeouts, "bar late", from + half)] {
            if value > 0.0 {
                svg.rect(class, (from, y.at(value)), (half, y.at(0.0) - y.at(value)), None);
            }
        }
    }
}

/// Findings by their numbers, events as small triangles' stand-ins: an `e` each.
fn marks(svg: &mut Svg, rows: &[Interval], roots: &[&Finding], x: Scale, bottom: f64) {
    let mut used: Vec<f64> = Vec::new();
    let mut place = |wanted: f64| {
        let mut place = wanted;
        while used.iter().any(|other| (other - place).abs() < 17.0) {
            place += 17.0;
        }
        used.push(place);
        place
    };
    for finding in roots {
        if let Some((from, _)) = finding.times {
            let title = format!("{}: {}, from {}", finding.name, finding.who, text::at(from));
            svg.line("stem", (x.at(from), 18.0), (x.at(from), bottom));
            svg.mark(
                "mark",
                (place(x.at(from)), 10.0),
                &finding.number.to_string(),
                &title,
            );
        }
    }
    for row in rows.iter().filter(|row| !row.events.is_empty()) {
        let title = format!("{}: {}", text::at(row.from), row.events);
        svg.line("stem event", (x.at(row.from), 18.0), (x.at(row.from), bottom));
        svg.mark("mark event", (place(x.at(row.from)), 10.0), "e", &title);
    }
}

fn axis(svg: &mut Svg, y: Scale, (left, right): (f64, f64), count: usize) {
    for value in y.ticks(count) {
        let at = y.at(value);
        svg.line("grid", (left, at), (right, at));
        svg.text("tick", "end", (left - 6.0, at + 3.5), &tick(value));
    }
}

fn time_axis(svg: &mut Svg, x: Scale, y: f64, width: Width) {
    let ticks = x.ticks(if width == Width::Wide { 10 } else { 5 });
    for (place, value) in ticks.iter().enumerate() {
        let unit = if place + 1 == ticks.len() { " s" } else { "" };
        svg.line("tickmark", (x.at(*value), y), (x.at(*value), y + 4.0));
        svg.text(
            "tick",
            "middle",
            (x.at(*value), y + 15.0),
            &format!("{}{unit}", tick(*value)),
        );
    }
}

/// Colours of the heat map.
const SHADES: usize = 7;
/// Rows of it at most.
const MAP_ROWS: usize = 14;

/// The nodes and operations of a heat map: those with most answers, by name.
#[must_use]
pub fn map_rows(grid: &Grid) -> Vec<&(String, String)> {
    let mut rows: Vec<_> = grid.lines.iter().collect();
    rows.sort_by_key(|(name, line)| (std::cmp::Reverse(line.all.count()), *name));
    rows.truncate(MAP_ROWS);
    let mut rows: Vec<_> = rows.into_iter().map(|(name, _)| name).collect();
    rows.sort_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
    rows
}

/// The p99 by node, operation and interval. `limits` are the least and the greatest of all sides.
#[must_use]
pub fn heat_map(grid: &Grid, end: f64, limits: (f64, f64), width: Width) -> String {
    let pixels = width.pixels();
    let rows = map_rows(grid);
    let is_wide = width == Width::Wide;
    // Beside the row where there is room, else above it.
    let (left, above) = if is_wide { (210.0, 0.0) } else { (4.0, 14.0) };
    let (cell, step) = (16.0, 19.0 + above);
    let height = 30.0 + rows.len() as f64 * step + 26.0;
    let mut svg = Svg::new(
        pixels,
        height,
        "99th percentile of the response time by node, operation and time",
    );
    legend(&mut svg, limits, pixels);
    let x = Scale::between(0.0, end, (left, pixels - RIGHT));
    let mut y = 30.0;
    for name in rows {
        let Some(line) = grid.lines.get(name) else {
            continue;
        };
        let label = format!("{} {}", name.1, name.0);
        if is_wide {
            svg.text("label", "end", (left - 8.0, y + 12.0), &label);
        } else {
            svg.text("label", "start", (left, y + 10.0), &label);
        }
        y += above;
        svg.rect("ground", (x.at(0.0), y), (x.at(end) - x.at(0.0), cell), None);
        for (interval, times) in &line.by_interval {
            let (from, to) = (grid.starts(*interval), grid.starts(*interval + 1).min(end));
            let Some(p99) = times.quantile(0.99).map(millis) else {
                continue;
            };
            let title = is_wide.then(|| {
                format!(
                    "{label}, from {}: p99 {}, {}",
                    text::at(from),
                    text::milliseconds(p99),
                    text::counted(times.count(), "answer")
                )
            });
            let class = format!("h{}", shade(p99, limits));
            svg.rect(
                &class,
                (x.at(from), y),
                ((x.at(to) - x.at(from)).max(1.0), cell),
                title.as_deref(),
            );
        }
        y += step - above;
    }
    time_axis(&mut svg, x, y, width);
    svg.finish()
}

/// The least and the greatest p99 of a grid's heat map, in milliseconds.
#[must_use]
pub fn map_limits(grid: &Grid) -> Option<(f64, f64)> {
    let lines = map_rows(grid).into_iter().filter_map(|name| grid.lines.get(name));
    let times = lines.flat_map(|line| line.by_interval.values());
    let values = times
        .filter_map(|times| times.quantile(0.99))
        .map(|value| millis(value).max(0.001));
    values.fold(None, |limits, value| {
        let (least, most) = limits.unwrap_or((value, value));
        Some((least.min(value), most.max(value)))
    })
}

fn shade(value: f64, (least, most): (f64, f64)) -> usize {
    let share = (value.max(least) / least).ln() / (most / least).max(1.0001).ln();
    ((share * SHADES as f64) as usize).min(SHADES - 1)
}

fn legend(svg: &mut Svg, (least, most): (f64, f64), pixels: f64) {
    let width = 30.0;
    let left = pixels - RIGHT - width * SHADES as f64;
    svg.text(
        "tick",
        "end",
        (left - 8.0, 17.0),
        &format!("p99 {}", text::milliseconds(least)),
    );
    for shade in 0..SHADES {
        svg.rect(
            &format!("h{shade}"),
            (left + shade as f64 * width, 8.0),
            (width, 11.0),
            None,
        );
    }
    svg.text(
        "tick inner",
        "end",
        (pixels - RIGHT - 4.0, 17.0),
        &text::milliseconds(most),
    );
}

/// Where the mean time of an answer went, by node and operation.
#[must_use]
pub fn split(grid: &Grid, most: f64, width: Width) -> String {
    let pixels = width.pixels();
    let is_wide = width == Width::Wide;
    let (left, above) = if is_wide { (210.0, 0.0) } else { (4.0, 14.0) };
    let step = 20.0 + above;
    let rows = map_rows(grid);
    let key_lines = if is_wide { 1.0 } else { 3.0 };
    let top = key_lines * 16.0 + 10.0;
    let mut svg = Svg::new(
        pixels,
        top + rows.len() as f64 * step + 4.0,
        "Parts of the mean response time",
    );
    split_key(&mut svg, is_wide);
    let x = Scale::between(0.0, most, (left, pixels - RIGHT - 62.0));
    let mut y = top;
    for name in rows {
        let Some(line) = grid.lines.get(name) else {
            continue;
        };
        let label = format!("{} {}", name.1, name.0);
        let (anchor, at) = if is_wide {
            ("end", (left - 8.0, y + 11.0))
        } else {
            ("start", (left, y + 9.0))
        };
        svg.text("label", anchor, at, &label);
        y += above;
        let mut from = 0.0;
        for (part, ((_, _, words), mean)) in PARTS.iter().zip(means(grid, name)).enumerate() {
            if mean > 0.0 {
                let title = is_wide.then(|| format!("{label}: {words} {}", text::milliseconds(mean)));
                svg.rect(
                    &format!("part{part}"),
                    (x.at(from), y),
                    (x.at(from + mean) - x.at(from), 14.0),
                    title.as_deref(),
                );
                from += mean;
            }
        }
        let mean = line.all.mean().unwrap_or(0.0) / 1e6;
        svg.text(
            "tick",
            "start",
            (x.at(from.max(mean)) + 6.0, y + 11.0),
            &text::milliseconds(mean),
        );
        y += step - above;
    }
    svg.finish()
}

fn split_key(svg: &mut Svg, is_wide: bool) {
    for (part, (_, _, words)) in PARTS.iter().enumerate() {
        let (column, line) = if is_wide { (part, 0) } else { (part % 2, part / 2) };
        let (x, y) = (
            4.0 + column as f64 * if is_wide { 190.0 } else { 172.0 },
            line as f64 * 16.0,
        );
        svg.rect(&format!("part{part}"), (x, y + 3.0), (11.0, 11.0), None);
        svg.text("tick", "start", (x + 16.0, y + 12.5), words);
    }
}

/// The mean of each part, in milliseconds.
#[must_use]
pub fn means(grid: &Grid, name: &(String, String)) -> [f64; PARTS.len()] {
    let Some(line) = grid.lines.get(name) else {
        return [0.0; PARTS.len()];
    };
    let count = line.all.count().max(1) as f64;
    // What TCP's repetition added is within the wait, what it held back within the longer message: it is taken out of
    // these, as the parts of a bar are added up.
    let [mut request, mut server, mut answer, again, delayed] =
        line.parts.map(|sum| sum as f64 / count / 1e6);
    server = (server - again).max(0.0);
    let held_back = if request > answer {
        &mut request
    } else {
        &mut answer
    };
    *held_back = (*held_back - delayed).max(0.0);
    [request, server, answer, again, delayed]
}
