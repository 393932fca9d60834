//! What changed between two sides: rates, percentiles by node and operation, findings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::findings::{self, Finding};
use crate::grid::{Grid, Line, millis};
use crate::page::about;
use crate::side::Side;
use crate::text;

/// A change is said from here on; less may be chance.
const CHANGE: f64 = 1.25;
/// With fewer answers a percentile says nothing.
const ENOUGH: u64 = 20;

/// A node and operation on both sides.
struct Both<'g> {
    name: &'g (String, String),
    lines: [Option<&'g Line>; 2],
}

impl Both<'_> {
    fn quantile(&self, share: f64) -> [Option<f64>; 2] {
        self.lines.map(|line| line?.all.quantile(share).map(millis))
    }

    fn counts(&self) -> [u64; 2] {
        self.lines.map(|line| line.map_or(0, |line| line.all.count()))
    }

    /// How many times the percentile of before, where both sides have enough answers.
    fn factor(&self, share: f64) -> Option<f64> {
        let is_enough = self.counts().iter().all(|count| *count >= ENOUGH);
        let [before, after] = self.quantile(share);
        (is_enough && before? > 0.0)
            .then(|| Some(after? / before?))
            .flatten()
    }
}

fn both<'g>(before: &'g Grid, after: &'g Grid) -> Vec<Both<'g>> {
    let names: BTreeSet<&(String, String)> = before.lines.keys().chain(after.lines.keys()).collect();
    let lines = |name| [before.lines.get(name), after.lines.get(name)];
    names
        .into_iter()
        .map(|name| Both {
            name,
            lines: lines(name),
        })
        .collect()
}

/// Findings by what became of them.
struct Findings {
    new: Vec<Finding>,
    gone: Vec<Finding>,
    still: Vec<(Finding, Finding)>,
}

fn compare_findings(before: &Side, after: &Side) -> Findings {
    let of = |side: &Side| findings::findings(side.tables.get("diagnosis"));
    let (before, after) = (of(before), of(after));
    // The counts of others in "who" change from capture to capture.
    let is_same =
        |one: &Finding, other: &Finding| one.name == other.name && first_of(&one.who) == first_of(&other.who);
    let mut found = Findings {
        new: Vec::new(),
        gone: before
            .iter()
            .filter(|one| !after.iter().any(|other| is_same(one, other)))
            .cloned()
            .collect(),
        still: Vec::new(),
    };
    for now in after {
        match before.iter().find(|then| is_same(then, &now)) {
            Some(then) => found.still.push((then.clone(), now)),
            None => found.new.push(now),
        }
    }
    found
}

/// Of `10.0.0.9 to 10.0.0.1:3000, 10.0.0.2:3000` what comes after the client: clients come and go.
fn first_of(who: &str) -> &str {
    let node = who.rsplit(" to ").next().unwrap_or(who);
    node.split([',', ' ']).next().unwrap_or(node)
}

/// Requests, errors and timeouts a second.
fn rates(side: &Side) -> [f64; 3] {
    let seconds = ((side.end - side.origin) as f64 / 1e9).max(1e-9);
    let rows = || {
        side.tables
            .get("timeline")
            .into_iter()
            .flat_map(|timeline| timeline.of("All of the capture"))
    };
    ["Requests", "Errors", "Timeouts"]
        .map(|column| rows().map(|row| row.count(column)).sum::<u64>() as f64 / seconds)
}

/// Above the tables.
fn sentences(before: &Side, after: &Side, all: &[Both<'_>], findings: &Findings) -> Vec<String> {
    let mut out = Vec::new();
    for (what, then, now) in [("Requests", 0, 0), ("Errors", 1, 1), ("Timeouts", 2, 2)]
        .map(|(what, one, other)| (what, rates(before)[one], rates(after)[other]))
    {
        if let Some(words) = change(then, now) {
            out.push(format!(
                "{what} a second {words}: from {} to {}.",
                text::significant(then),
                text::significant(now)
            ));
        }
    }
    let mut changed: Vec<(&Both<'_>, f64)> = all
        .iter()
        .filter_map(|both| Some((both, both.factor(0.99)?)))
        .collect();
    changed.retain(|(_, factor)| *factor >= CHANGE || *factor <= 1.0 / CHANGE);
    changed.sort_by(|one, other| other.1.ln().abs().total_cmp(&one.1.ln().abs()));
    for (both, factor) in changed.iter().take(4) {
        let [Some(then), Some(now)] = both.quantile(0.99) else {
            continue;
        };
        let (node, operation) = both.name;
        let verb = if *factor > 1.0 { "rose" } else { "fell" };
        out.push(format!(
            "p99 of {operation} at {node} {verb} from {} to {}.",
            text::milliseconds(then),
            text::milliseconds(now)
        ));
    }
    if changed.is_empty() && all.iter().any(|both| both.factor(0.99).is_some()) {
        out.push("No p99 of a node and operation changed by a quarter or more.".to_owned());
    }
    let names = |list: &[Finding]| {
        list.iter()
            .filter(|finding| finding.cause.is_none())
            .map(|finding| format!("{} ({})", finding.name, finding.who))
            .collect::<Vec<_>>()
    };
    for (list, words) in [(&findings.new, "New"), (&findings.gone, "Not there any more")] {
        let names = names(list);
        if !names.is_empty() {
            out.push(format!("{words}: {}.", names.join("; ")));
        }
    }
    if findings.new.is_empty() && findings.gone.is_empty() {
        out.push("The findings are the same on both sides.".to_owned());
    }
    out
}

/// Of the same answers, seen at two places: what took longer at one of them took it on the way between.
fn differences(all: &[Both<'_>], [one, other]: [&str; 2]) -> Vec<String> {
    let mut differing: Vec<(&Both<'_>, f64)> = all
        .iter()
        .filter_map(|both| Some((both, both.factor(0.99)?)))
        .collect();
    differing.retain(|(_, factor)| *factor >= CHANGE || *factor <= 1.0 / CHANGE);
    differing.sort_by(|one, other| other.1.ln().abs().total_cmp(&one.1.ln().abs()));
    let words = differing.iter().take(6).filter_map(|(both, _)| {
        let [then, now] = both.quantile(0.99);
        let (node, operation) = both.name;
        Some(format!(
            "p99 of {operation} at {node} is {} {one} and {} {other}.",
            text::milliseconds(then?),
            text::milliseconds(now?)
        ))
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        vec!["No p99 differs by a quarter or more.".to_owned()]
    } else {
        words
    }
}

fn change(then: f64, now: f64) -> Option<&'static str> {
    if then == 0.0 && now == 0.0 {
        None
    } else if now >= then * CHANGE {
        Some("rose")
    } else if now * CHANGE <= then {
        Some("fell")
    } else {
        None
    }
}

/// The section of the page. Of two places at the same time nothing changed: they differ, and the names are theirs.
#[must_use]
pub fn section(before: &Side, after: &Side, places: Option<[&str; 2]>) -> Value {
    let all = both(&before.grid, &after.grid);
    let findings = compare_findings(before, after);
    if let Some(places) = places {
        let sentences = differences(&all, places);
        return about::section(
            "changes",
            "How the two places differ",
            vec![json!({ "sentences": sentences, "tables": [latency_table(&all, places)] })],
        );
    }
    let sentences = sentences(before, after, &all, &findings);
    let tables = json!([
        findings_table(&findings),
        latency_table(&all, ["before", "after"])
    ]);
    let tables: Vec<&Value> = tables
        .as_array()
        .into_iter()
        .flatten()
        .filter(|table| table["rows"].as_array().is_some_and(|rows| !rows.is_empty()))
        .collect();
    about::section(
        "changes",
        "What changed",
        vec![json!({ "sentences": sentences, "tables": tables })],
    )
}

fn findings_table(findings: &Findings) -> Value {
    let row = |what: &str, one: &Finding, then: String, now: String| {
        json!([
            { "text": what },
            { "text": one.name },
            { "text": one.who, "class": "long" },
            { "text": then, "class": "number" },
            { "text": now, "class": "number" },
        ])
    };
    let mut rows: Vec<Value> = findings
        .new
        .iter()
        .map(|one| row("new", one, String::new(), text::count(one.count)))
        .collect();
    rows.extend(
        findings
            .gone
            .iter()
            .map(|one| row("gone", one, text::count(one.count), String::new())),
    );
    rows.extend(
        findings
            .still
            .iter()
            .map(|(then, now)| row("both", now, text::count(then.count), text::count(now.count))),
    );
    let columns = [
        ("", false),
        ("Finding", false),
        ("Who", false),
        ("Count before", true),
        ("after", true),
    ]
    .map(|(name, number)| json!({ "name": name, "number": number }));
    json!({ "caption": "Findings", "columns": columns, "rows": rows })
}

fn latency_table(all: &[Both<'_>], [before, after]: [&str; 2]) -> Value {
    let mut columns = vec![json!({ "name": "Node" }), json!({ "name": "Operation" })];
    for name in ["Answers", "p50 ms", "p99 ms"] {
        columns.push(json!({ "name": format!("{name} {before}"), "number": true }));
        columns.push(json!({ "name": after, "number": true }));
        if name != "Answers" {
            columns.push(json!({ "name": "×", "number": true }));
        }
    }
    let number = |text: String| json!({ "text": text, "class": "number" });
    let rows: Vec<Value> = all
        .iter()
        .map(|both| {
            let mut cells = vec![json!({ "text": both.name.0 }), json!({ "text": both.name.1 })];
            cells.extend(both.counts().map(|count| number(text::count(count))));
            for share in [0.5, 0.99] {
                cells.extend(
                    both.quantile(share)
                        .map(|ms| number(ms.map_or(String::new(), text::significant))),
                );
                let factor = both.factor(share);
                let class = match factor {
                    Some(factor) if factor >= CHANGE => "number up",
                    Some(factor) if factor <= 1.0 / CHANGE => "number down",
                    _ => "number",
                };
                cells.push(json!({ "text": factor.map_or(String::new(), text::factor), "class": class }));
            }
            Value::Array(cells)
        })
        .collect();
    json!({ "caption": "Response times", "columns": columns, "rows": rows })
}

/// For programs.
#[must_use]
pub fn to_json(before: &Side, after: &Side) -> Value {
    let findings = compare_findings(before, after);
    let list = |list: &[Finding]| list.iter().map(Finding::to_json).collect::<Vec<_>>();
    let all = both(&before.grid, &after.grid);
    let lines = all.iter().map(|both| {
        json!({
            "node": both.name.0,
            "operation": both.name.1,
            "answers": both.counts(),
            "p50_ms": both.quantile(0.5),
            "p99_ms": both.quantile(0.99),
        })
    });
    let rates = [rates(before), rates(after)];
    json!({
        "requests_per_s": rates.map(|rates| rates[0]),
        "errors_per_s": rates.map(|rates| rates[1]),
        "timeouts_per_s": rates.map(|rates| rates[2]),
        "new": list(&findings.new),
        "gone": list(&findings.gone),
        "latency": lines.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Answers, SHORTEST};
    use crate::table::Table;

    fn side(us: u64, findings: &str) -> Side {
        let mut grid = Grid::of_one(0, SHORTEST);
        grid.add(&Answers {
            node: "n:3000",
            operation: "get",
            times: &[(us * 1000, 100)],
            longest: us * 1000,
            sum: u128::from(us * 1000 * 100),
            ..Answers::default()
        });
        let csv = format!("Table,No.,Finding,Who,Count,Cause\n{findings}");
        let diagnosis = Table::parse(csv.as_bytes()).unwrap();
        Side {
            sources: Vec::new(),
            origin: 0,
            end: 1_000_000_000,
            tables: [("diagnosis".to_owned(), diagnosis)].into(),
            hot_keys: Default::default(),
            grid,
            clients: BTreeSet::new(),
        }
    }

    fn words(before: &Side, after: &Side) -> Vec<String> {
        sentences(
            before,
            after,
            &both(&before.grid, &after.grid),
            &compare_findings(before, after),
        )
    }

    #[test]
    fn what_rose_and_what_is_new_is_said() {
        let (before, after) = (
            side(100, "Findings,1,Retries,\"c to n:3000, m:3000\",5,\n"),
            side(
                500,
                "Findings,1,Stalled server,n:3000,9,\nFindings,2,Retries,c (+3) to n:3000,7,1\n",
            ),
        );
        let said = words(&before, &after);
        assert_eq!(said[0], "p99 of get at n:3000 rose from 0.100 ms to 0.500 ms.");
        assert_eq!(said[1], "New: Stalled server (n:3000).");
        assert_eq!(said.len(), 2);
        assert_eq!(
            words(&after, &before)[0],
            "p99 of get at n:3000 fell from 0.500 ms to 0.100 ms."
        );
    }

    #[test]
    fn what_stayed_is_said_to_have_stayed() {
        let (before, after) = (side(100, ""), side(110, ""));
        assert_eq!(
            words(&before, &after),
            [
                "No p99 of a node and operation changed by a quarter or more.",
                "The findings are the same on both sides."
            ]
        );
    }
}
