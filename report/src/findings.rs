//! The diagnosis, with what each finding means and what to do next.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::table::{Cells, Table};

/// The document that says what the plugin's findings mean.
const DOCUMENT: &str = include_str!("../../docs/diagnosis.md");

/// What the document says of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// In a sentence.
    pub meaning: String,
    /// What to look at, or what is silent then.
    pub next: String,
}

/// Findings, and what captures can and cannot prove.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finding {
    /// Its number in the report.
    pub number: u64,
    /// Its name, which is a contract.
    pub name: String,
    /// Whom it is about.
    pub who: String,
    /// A sentence with figures.
    pub details: String,
    /// How many are affected.
    pub count: u64,
    /// Seconds since the first packet.
    pub times: Option<(f64, f64)>,
    /// The first affected frame.
    pub first_frame: String,
    /// Its root's number, if it is an effect.
    pub cause: Option<u64>,
    /// Finds its packets.
    pub filter: String,
}

impl Finding {
    fn of(row: Cells<'_>) -> Self {
        Self {
            number: row.count("No."),
            name: row.text("Finding").to_owned(),
            who: row.text("Who").to_owned(),
            details: row.text("Details").to_owned(),
            count: row.count("Count"),
            times: row.number("From (s)").zip(row.number("To (s)")),
            first_frame: row.text("First frame").to_owned(),
            cause: row.number("Cause").map(|cause| cause as u64),
            filter: row.text("Filter").to_owned(),
        }
    }

    /// What its name means.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        document().get(self.name.as_str()).cloned().unwrap_or_default()
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let meaning = self.meaning();
        json!({
            "no": self.number,
            "finding": self.name,
            "who": self.who,
            "details": self.details,
            "meaning": meaning.meaning,
            "next": meaning.next,
            "count": self.count,
            "from_s": self.times.map(|(from, _)| from),
            "to_s": self.times.map(|(_, to)| to),
            "first_frame": self.first_frame.parse::<u64>().ok(),
            "cause": self.cause,
            "filter": self.filter,
        })
    }
}

/// The findings: each root, followed by its effects.
#[must_use]
pub fn findings(diagnosis: Option<&Table>) -> Vec<Finding> {
    rows(diagnosis, "Findings")
}

/// What the capture can and cannot prove.
#[must_use]
pub fn about_capture(diagnosis: Option<&Table>) -> Vec<Finding> {
    rows(diagnosis, "This capture")
}

fn rows(diagnosis: Option<&Table>, table: &str) -> Vec<Finding> {
    let rows = diagnosis.into_iter().flat_map(|diagnosis| diagnosis.of(table));
    rows.map(Finding::of)
        .filter(|finding| !finding.name.is_empty())
        .collect()
}

/// All names of the document.
pub fn document() -> &'static BTreeMap<&'static str, Meaning> {
    static PARSED: OnceLock<BTreeMap<&'static str, Meaning>> = OnceLock::new();
    PARSED.get_or_init(|| parse(DOCUMENT))
}

fn parse(document: &'static str) -> BTreeMap<&'static str, Meaning> {
    let mut meanings: BTreeMap<&str, Meaning> = BTreeMap::new();
    let mut name = None;
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            name = Some(heading);
        } else if line.starts_with('#') {
            name = None;
        } else if let (Some(name), Some(next)) = (name, line.strip_prefix("* **Next**: ")) {
            meanings.entry(name).or_default().next = plain(next);
        } else if let (Some(name), false) = (name, line.is_empty() || line.starts_with(['*', '<'])) {
            let meaning = &mut meanings.entry(name).or_default().meaning;
            if meaning.is_empty() {
                *meaning = plain(line);
            }
        } else if let [_, what, when, silent, ..] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] {
            // The table of what captures can prove: | `name` | when | what is silent then |
            if let Some(what) = what.strip_prefix('`').and_then(|what| what.strip_suffix('`')) {
                let (meaning, next) = (plain(when), plain(silent));
                meanings.entry(what).or_insert(Meaning { meaning, next });
            }
        }
    }
    meanings
}

/// Without marks.
fn plain(text: &str) -> String {
    text.replace(['`', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_findings_mean() {
        let stalled = &document()["Stalled server"];
        assert_eq!(
            stalled.meaning,
            "A node acknowledged requests and answered nobody for a while."
        );
        assert!(
            stalled
                .next
                .starts_with("Look at that node at that time: its log (hb, slow)"),
            "{}",
            stalled.next
        );
        let missing = &document()["Packets missing"];
        assert!(
            missing.meaning.contains("never captured") && missing.next.contains("at least"),
            "{missing:?}"
        );
        for (name, meaning) in document() {
            assert!(!meaning.meaning.is_empty(), "{name}");
        }
        assert!(document().len() > 50);
    }

    #[test]
    fn effects_know_their_cause() {
        let csv = "Table,No.,Finding,Who,Count,From (s),To (s),First frame,Cause,Filter\n\
            This capture,,,,,,,,,\nFindings,1,Stalled server,n,5,1.5,2,9,,tcp\nFindings,2,Retries,c,3,1,2,10,1,tcp\n";
        let table = Table::parse(csv.as_bytes()).unwrap();
        assert_eq!(about_capture(Some(&table)), []);
        let all = findings(Some(&table));
        assert_eq!(
            (all[0].cause, all[1].cause, all[0].times),
            (None, Some(1), Some((1.5, 2.0)))
        );
    }
}
