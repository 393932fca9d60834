//! The screen: a line about the capture, the hottest keys, the nodes, the findings.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table};

use super::model::{Filter, Model, Sort, WINDOW};
use crate::text;

/// What is shown, and how.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Where the packets come from.
    pub source: String,
    /// The order of the keys.
    pub sort: Sort,
    /// What is shown of them.
    pub filter: Filter,
    /// A filter that is being typed.
    pub typing: Option<String>,
    /// Whether it stands still.
    pub is_paused: bool,
    /// Whether there is no more.
    pub is_over: bool,
    /// tshark's words, the last one.
    pub words: String,
}

/// Draws it all.
pub fn draw(frame: &mut Frame<'_>, model: &Model, view: &View) {
    let nodes = model.by_node(&view.filter).len() as u16 + 2;
    let found = (model.found.len() as u16).min(5) + 2;
    let [head, keys, nodes, found, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(5),
        Constraint::Length(nodes.min(frame.area().height / 3)),
        Constraint::Length(found),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(head_lines(model, view)), head);
    draw_keys(frame, keys, model, view);
    draw_nodes(frame, nodes, model, view);
    draw_found(frame, found, model);
    frame.render_widget(Paragraph::new(foot_line(view)), foot);
}

fn head_lines(model: &Model, view: &View) -> Vec<Line<'static>> {
    let state = match (view.is_paused, view.is_over) {
        (true, _) => " paused ".reversed(),
        (_, true) => " all read ".dim(),
        _ => "".into(),
    };
    let mut second = vec![Span::from(format!(
        "{} packets, {} requests in {}",
        text::count(model.packets),
        text::count(model.requests),
        text::seconds(model.length())
    ))];
    if model.missing > 0 {
        second.push(
            format!(
                "   {} segments missing in the capture: figures are at least",
                text::count(model.missing)
            )
            .yellow(),
        );
    }
    if model.forgotten > 0 {
        second.push(format!("   {} cold records forgotten", text::count(model.forgotten)).dim());
    }
    vec![
        Line::from(vec![
            "aerospike-top".bold(),
            "  ".into(),
            view.source.clone().into(),
            "  ".into(),
            state,
        ]),
        Line::from(second),
    ]
}

fn heading(names: &[&str], sorted: Option<usize>) -> Row<'static> {
    let cells = names.iter().enumerate().map(|(place, name)| {
        let style = if sorted == Some(place) {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new().dim()
        };
        Cell::from(right(name, is_number(name))).style(style)
    });
    Row::new(cells.collect::<Vec<_>>())
}

fn is_number(name: &str) -> bool {
    !matches!(
        name,
        "namespace" | "set" | "key or digest" | "node" | "operation" | "found" | "client" | "when"
    )
}

fn right(text: &str, is_number: bool) -> Line<'static> {
    let line = Line::from(text.to_owned());
    if is_number { line.right_aligned() } else { line }
}

const KEYS: [&str; 10] = [
    "#",
    "namespace",
    "set",
    "key or digest",
    "req/s",
    "bytes/s",
    "size",
    "errors",
    "requests",
    "node",
];

fn draw_keys(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) {
    let rows = usize::from(area.height.saturating_sub(1));
    let sorted = match view.sort {
        Sort::Requests => 4,
        Sort::Bytes => 5,
        Sort::Size => 6,
        Sort::Errors => 7,
        Sort::Total => 8,
    };
    let body = model
        .top(view.sort, &view.filter, rows)
        .into_iter()
        .enumerate()
        .map(|(place, (digest, record))| {
            let (requests, bytes) = model.rates(record);
            let size = record.bytes as f64 / (record.requests + record.answers).max(1) as f64;
            let name = if record.key.is_empty() {
                digest
            } else {
                &record.key
            };
            let errors = right(&text::count(record.errors), true);
            let errors = if record.errors > 0 { errors.red() } else { errors };
            Row::new(vec![
                right(&(place + 1).to_string(), true),
                right(&record.namespace, false),
                right(&record.set, false),
                right(name, false),
                right(&text::significant(requests), true),
                right(&text::bytes(bytes), true),
                right(&text::bytes(size), true),
                errors,
                right(&text::count(record.requests), true),
                right(&record.node, false),
            ])
        });
    let widths = [
        Constraint::Length(3),
        Constraint::Length(10),
        Constraint::Length(10),
        Constraint::Min(12),
        Constraint::Length(8),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(7),
        Constraint::Length(9),
        Constraint::Length(21),
    ];
    frame.render_widget(
        Table::new(body, widths).header(heading(&KEYS, Some(sorted))),
        area,
    );
}

fn draw_nodes(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) {
    let body = model
        .by_node(&view.filter)
        .into_iter()
        .map(|((name, operation), node)| {
            let percentile = |share| {
                right(
                    &node.percentile(share).map_or(String::new(), text::significant),
                    true,
                )
            };
            let bad = |count: u64| {
                if count > 0 {
                    right(&text::count(count), true).red()
                } else {
                    right("0", true)
                }
            };
            Row::new(vec![
                right(name, false),
                right(operation, false),
                right(&text::significant(model.rate(node)), true),
                percentile(0.5),
                percentile(0.99),
                bad(node.errors),
                bad(node.timeouts),
                right(&text::count(node.requests), true),
            ])
        });
    let widths = [
        Constraint::Min(21),
        Constraint::Length(18),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(7),
        Constraint::Length(8),
        Constraint::Length(9),
    ];
    let header = heading(
        &[
            "node",
            "operation",
            "req/s",
            "p50 ms",
            "p99 ms",
            "errors",
            "timeouts",
            "requests",
        ],
        None,
    )
    .top_margin(1);
    frame.render_widget(Table::new(body, widths).header(header), area);
}

fn draw_found(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let start = model.times.map_or(0, |(first, _)| first);
    let body = model.found.iter().rev().take(5).map(|found| {
        Row::new(vec![
            right(&text::at((found.first.0 - start) as f64 / 1e9), true),
            right(found.name, false).yellow(),
            right(&found.who.0, false),
            right(&found.who.1, false),
            right(&text::count(found.count), true),
            right(&found.first.1.to_string(), true),
        ])
    });
    let widths = [
        Constraint::Length(11),
        Constraint::Min(20),
        Constraint::Length(16),
        Constraint::Length(21),
        Constraint::Length(7),
        Constraint::Length(11),
    ];
    let header = heading(
        &["since", "found", "client", "node", "count", "first frame"],
        None,
    )
    .top_margin(1);
    frame.render_widget(Table::new(body, widths).header(header), area);
}

fn foot_line(view: &View) -> Line<'static> {
    if let Some(typed) = &view.typing {
        return Line::from(vec![
            "filter: ".bold(),
            format!("{typed}▏").into(),
            "  words of namespace, set, key, digest or node; Enter".dim(),
        ]);
    }
    let mut parts: Vec<Span<'static>> = Vec::new();
    if !view.words.is_empty() {
        parts.push(format!("{}  ", view.words).red());
    }
    if !view.filter.0.is_empty() {
        parts.push(format!("filter: {}  ", view.filter.0).yellow());
    }
    let keys = [
        ("q", "quit"),
        ("p", "pause"),
        ("r b s e t", "sort by req/s, bytes, size, errors, total"),
        ("f", "filter"),
        ("c", "clear filter"),
    ];
    for (key, what) in keys {
        parts.extend([key.to_owned().bold(), format!(" {what}  ").dim()]);
    }
    parts.push(format!("rates: last {WINDOW} s").dim());
    Line::from(parts)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::fields::{Packet, Touched};
    use super::*;

    #[test]
    fn the_screen_shows_keys_nodes_and_findings() {
        let mut model = Model::default();
        model.add(&Packet {
            at: 5_000_000_000,
            node: "10.0.0.1:3000".to_owned(),
            client: "10.0.0.9",
            is_request: true,
            operation: Some(17),
            records: vec![Touched {
                namespace: "test",
                set: "demo",
                key: "b0",
                digest: "aa",
                is_error: false,
            }],
            findings: vec!["Retry"],
            missing: 3,
            bytes: 90,
            ..Packet::default()
        });
        let view = View {
            filter: Filter("demo".to_owned()),
            is_paused: true,
            ..View::default()
        };
        let mut terminal = Terminal::new(TestBackend::new(130, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &model, &view)).unwrap();
        let screen = terminal.backend().to_string();
        for wanted in [
            "b0",
            "test",
            "10.0.0.1:3000",
            "Retry",
            "paused",
            "3 segments missing",
            "filter: demo",
            "req/s",
        ] {
            assert!(screen.contains(wanted), "{wanted}:\n{screen}");
        }
    }
}
