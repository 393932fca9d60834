//! The scorer: runs the diagnosis on every case of a folder and compares it with what is known to be true.
//!
//! A case is `NAME.truth.json` beside `NAME.pcap[ng][.gz]` (or the file that `capture_file` names, relative to it):
//!
//! * `args`: more arguments for tshark
//! * `must`: rows of *Findings* that have to be there: `{"finding": NAME, "who": REGEX, "count": [LEAST, MOST], "from":
//!   [LEAST, MOST], "root": true | false}`, all but `finding` optional
//! * `capture`: rows that have to be in *This capture*
//! * `may`: true but not asked for: names, or objects like those of `must`
//! * `why`, `class`: for the reader
//!
//! A row of *Findings* is invented if no wanted row takes it, `may` does not allow it, and it is no effect of a row that
//! was taken. A case is worth (found - 3 * invented) / wanted, from 0 to 1; where nothing is wanted, 1 if nothing is
//! invented. `CASES=FOLDER` takes another folder (`make score CASES=FOLDER`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

use regex::Regex;
use serde_json::Value;

use crate::common::captures;
use crate::common::diagnosis::{Line, Tables, tables_of};
use crate::common::host::{host, lock};

/// What became of a case.
#[derive(Clone, Debug, Default)]
struct Result {
    name: String,
    class: String,
    found: usize,
    missed: Vec<String>,
    invented: Vec<String>,
}

impl Result {
    fn worth(&self) -> f64 {
        let wanted = self.found + self.missed.len();
        if wanted == 0 {
            return f64::from(u8::from(self.invented.is_empty()));
        }
        ((self.found as f64 - 3.0 * self.invented.len() as f64) / wanted as f64).max(0.0)
    }

    fn is_perfect(&self) -> bool {
        self.missed.is_empty() && self.invented.is_empty()
    }
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string()
}

fn list(value: &Value, key: &str) -> Vec<Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

fn matches_whole(pattern: &str, text: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$"))
        .expect("a pattern")
        .is_match(text)
}

/// The row is about what is wanted, be its figures right or wrong.
fn is_named(row: &Line, want: &Value) -> bool {
    let (finding, who) = match want {
        Value::String(name) => (name.clone(), String::new()),
        _ => (text(want, "finding"), text(want, "who")),
    };
    matches_whole(&finding, &row.finding) && Regex::new(&who).expect("a pattern").is_match(&row.who)
}

fn is_within(number: f64, want: &Value, key: &str) -> bool {
    let limits: Vec<f64> = list(want, key).iter().filter_map(Value::as_f64).collect();
    match limits[..] {
        [least, most] => (least..=most).contains(&number),
        _ => true,
    }
}

/// How many things are wrong in a row that is about what is wanted.
fn faults(row: &Line, want: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if !is_within(f64::from(row.count), want, "count") {
        faults.push(format!("count {}", row.count));
    }
    if !is_within(row.from, want, "from") {
        faults.push(format!("from {}", row.from));
    }
    if want.get("root").and_then(Value::as_bool) == Some(row.cause.is_some()) {
        faults.push(
            if row.cause.is_some() {
                "an effect"
            } else {
                "a root"
            }
            .to_string(),
        );
    }
    faults
}

fn judge(name: &str, truth: &Value, tables: &Tables) -> Result {
    let mut result = Result {
        name: name.into(),
        class: text(truth, "class"),
        ..Result::default()
    };
    let mut left = tables.findings.clone();
    let mut taken = Vec::new();
    let mut wanted = list(truth, "must");
    // The most exact first.
    wanted.sort_by_key(|want| std::cmp::Reverse(want.as_object().map_or(0, serde_json::Map::len)));
    for want in wanted {
        let about = format!("{} | {}", text(&want, "finding"), text(&want, "who"));
        let fits = left.iter().enumerate().filter(|(_, row)| is_named(row, &want));
        let best = fits
            .min_by_key(|(_, row)| faults(row, &want).len())
            .map(|(index, _)| index);
        let Some(index) = best else {
            result.missed.push(about);
            continue;
        };
        let row = left.remove(index);
        taken.push(row.number);
        let wrong = faults(&row, &want);
        if wrong.is_empty() {
            result.found += 1;
        } else {
            result.missed.push(format!("{about} ({})", wrong.join(", ")));
        }
    }
    let may = list(truth, "may");
    for row in left {
        if !tables.is_effect(&row, &taken) && !may.iter().any(|allowed| is_named(&row, allowed)) {
            result.invented.push(format!(
                "{} | {} | from {} | {} | {}",
                row.finding, row.who, row.from, row.count, row.details
            ));
        }
    }
    for want in list(truth, "capture") {
        let pattern = want.as_str().unwrap_or_default();
        if tables
            .capture
            .iter()
            .any(|row| matches_whole(pattern, &row.finding))
        {
            result.found += 1;
        } else {
            result.missed.push(format!("This capture: {pattern}"));
        }
    }
    result
}

/// The capture of a case, if it is there.
fn capture_of(folder: &Path, name: &str, truth: &Value) -> Option<PathBuf> {
    let file = text(truth, "capture_file");
    let files = if file.is_empty() {
        vec![
            format!("{name}.pcapng"),
            format!("{name}.pcap"),
            format!("{name}.pcapng.gz"),
            format!("{name}.pcap.gz"),
        ]
    } else {
        vec![file.clone(), format!("{file}.gz")]
    };
    files
        .iter()
        .map(|file| folder.join(file))
        .find(|path| path.exists())
}

/// All cases of a folder whose captures are there.
fn run(folder: &Path) -> Vec<Result> {
    let mut cases: Vec<(String, Value, PathBuf)> = fs::read_dir(folder)
        .expect("the folder of the cases")
        .flatten()
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let name = file.strip_suffix(".truth.json")?.to_string();
            let truth = fs::read_to_string(entry.path()).expect("a truth file");
            let truth: Value = serde_json::from_str(&truth).expect("JSON");
            let capture = capture_of(folder, &name, &truth)?;
            Some((name, truth, capture))
        })
        .collect();
    cases.sort_by(|one, other| one.0.cmp(&other.0));
    let (queue, results) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some((name, truth, capture)) = lock(&queue).pop() else {
                break;
            };
            let put = format!("case-{name}");
            host().put(&put, &captures::bytes(&capture));
            let arguments = list(&truth, "args");
            let arguments: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
            let result = judge(&name, &truth, &tables_of(&put, &arguments, ""));
            lock(&results).push(result);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let mut results = results.into_inner().expect("the results");
    results.sort_by(|one, other| one.name.cmp(&other.name));
    results
}

#[test]
fn what_is_known_of_the_cases_is_said_and_nothing_else() {
    let others = env::var_os("CASES").map(PathBuf::from);
    let folder = others
        .clone()
        .unwrap_or_else(|| captures::project().join("captures/diagnosis"));
    let results = run(&folder);
    let mut classes: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut score, mut invented, mut imperfect) = (0.0, 0, Vec::new());
    for result in &results {
        score += result.worth();
        invented += result.invented.len();
        let class = classes.entry(result.class.clone()).or_default();
        class.0 += 1;
        class.1 += usize::from(result.is_perfect());
        if !result.is_perfect() {
            println!("{}: {} found", result.name, result.found);
            for (word, lines) in [("missed", &result.missed), ("invented", &result.invented)] {
                for line in lines {
                    println!("  {word:9}{line}");
                }
            }
            imperfect.push(result);
        }
    }
    for (class, (cases, perfect)) in &classes {
        println!("{class:24} {perfect:4} of {cases:4} perfect");
    }
    let score = 100.0 * score / results.len().max(1) as f64;
    println!(
        "{} of {} cases perfect, {invented} rows invented, score {score:.1}",
        results.len() - imperfect.len(),
        results.len()
    );
    if others.is_some() {
        return;
    }
    assert!(results.len() >= 120, "only {} cases are there", results.len());
    assert!(score >= 90.0, "score {score:.1}");
    assert!(invented <= 3, "{invented} rows are invented");
    for class in ["healthy", "healthy cluster", "healthy degraded", "no retry"] {
        let worse: Vec<&&Result> = imperfect.iter().filter(|result| result.class == class).collect();
        assert!(worse.is_empty(), "{class}: {worse:#?}");
    }
}
