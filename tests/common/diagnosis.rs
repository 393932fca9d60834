//! The diagnosis as tshark prints it.

use super::host::host;

/// One finding.
#[derive(Debug)]
pub struct Line {
    pub finding: String,
    pub who: String,
    pub from: f64,
    pub to: f64,
    pub count: u32,
    pub frame: u32,
    pub details: String,
}

/// What `-z aerospike,diagnosis` prints of a capture; a filter begins with a comma.
pub fn diagnosis_of(capture: &str, filter: &str) -> Vec<Line> {
    let table = format!("aerospike,diagnosis{filter}");
    let output = host().on(capture, &["-q", "-z", &table]).expect_success().text();
    output.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let [number, finding, who, from, to, count, frame, details, ..] = cells[..] else {
        return None;
    };
    number.parse::<u32>().ok()?;
    Some(Line {
        finding: finding.into(),
        who: who.into(),
        from: from.parse().expect("a time"),
        to: to.parse().expect("a time"),
        count: count.parse().expect("a count"),
        frame: frame.parse().expect("a frame"),
        details: details.into(),
    })
}
