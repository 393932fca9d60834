//! The diagnosis as tshark prints it.

use super::host::{Ran, host};

/// One row of one of the tables.
#[derive(Clone, Debug)]
pub struct Line {
    pub number: u32,
    pub finding: String,
    pub who: String,
    pub details: String,
    pub count: u32,
    pub from: f64,
    pub to: f64,
    pub frame: u32,
    /// The number of its cause; none: a root.
    pub cause: Option<u32>,
    pub filter: String,
}

/// Both tables.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// *This capture*.
    pub capture: Vec<Line>,
    /// *Findings*.
    pub findings: Vec<Line>,
}

impl Tables {
    /// What was printed.
    pub fn of(ran: Ran) -> Tables {
        let mut tables = Tables::default();
        let mut is_capture = true;
        for text in ran.expect_success().text().lines() {
            match text.trim() {
                "This capture" => is_capture = true,
                "Findings" => is_capture = false,
                _ => {
                    let table = if is_capture {
                        &mut tables.capture
                    } else {
                        &mut tables.findings
                    };
                    table.extend(line(text));
                }
            }
        }
        tables
    }

    /// Whether a row is an effect, at any depth, of one of those numbers.
    pub fn is_effect(&self, row: &Line, of: &[u32]) -> bool {
        let mut cause = row.cause;
        for _ in 0..8 {
            match cause {
                Some(number) if of.contains(&number) => return true,
                Some(number) => {
                    let next = self.findings.iter().find(|row| row.number == number);
                    cause = next.and_then(|row| row.cause);
                }
                None => return false,
            }
        }
        false
    }
}

/// What `-z aerospike,diagnosis` prints of a capture; a filter begins with a comma.
pub fn tables_of(capture: &str, arguments: &[&str], filter: &str) -> Tables {
    let table = format!("aerospike,diagnosis{filter}");
    let mut all = arguments.to_vec();
    all.extend(["-q", "-z", &table]);
    Tables::of(host().on(capture, &all))
}

/// The findings alone.
pub fn diagnosis_of(capture: &str, filter: &str) -> Vec<Line> {
    tables_of(capture, &[], filter).findings
}

fn line(text: &str) -> Option<Line> {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let [
        number,
        finding,
        who,
        details,
        count,
        from,
        to,
        frame,
        cause,
        filter,
        ..,
    ] = cells[..]
    else {
        return None;
    };
    Some(Line {
        number: number.parse().ok()?,
        finding: finding.into(),
        who: who.into(),
        details: details.into(),
        count: count.parse().expect("a count"),
        from: from.parse().expect("a time"),
        to: to.parse().expect("a time"),
        frame: frame.parse().expect("a frame"),
        cause: cause.parse().ok(),
        filter: filter.into(),
    })
}
