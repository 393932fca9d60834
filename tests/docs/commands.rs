//! Commands in documents, run where the samples are.
//!
//! * A `console` block shows commands (`$ …`, going on behind `> `) with their output. A line that ends in `…` stands
//!   for any end of the line, a line `…` for any number of lines. With `BLESS` an output that differs is replaced.
//! * A line of a `sh` block that begins with `tshark` or another of Wireshark's tools has to succeed, say something and complain of nothing.
//! * A row `| filter | what | sample |` of a table has to find something in its sample.
//!
//! Outputs are those of one Wireshark series. Others space tables and write a title otherwise; that apart, they have
//! to say the same.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::common::Findings;
use crate::common::captures::{self, project};
use crate::common::document;
use crate::common::host::{Ran, host};
use crate::markdown::{Block, blocks, documents};

/// The series whose outputs stand in the documents.
const SERIES: &str = "4.0";
const TOOLS: [&str; 5] = ["tshark ", "editcap ", "capinfos ", "mergecap ", "python3 "];

/// A folder with the samples, in which anyone can write.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = host().scratch_folder("documents");
        copy(&project().join("captures"), &folder.join("captures"));
        folder
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap_or_else(|e| panic!("{}: {e}", to.display()));
    for entry in fs::read_dir(from).expect("the samples") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("a name"));
        match from.is_dir() {
            true => copy(&from, &to),
            false => {
                fs::copy(&from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
            }
        }
    }
}

fn run(command: &str) -> Ran {
    let line = format!("cd '{}' && {command}", folder().display());
    host().run("bash", &["-o", "pipefail", "-c", &line], "")
}

/// A command of a block with the output that the document shows.
struct Shown {
    command: String,
    /// The lines of the command as they stand.
    typed: Vec<String>,
    output: Vec<String>,
}

fn shown(block: &Block<'_>) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for line in &block.lines {
        let goes_on = all.last().is_some_and(Shown::goes_on);
        if let Some(part) = line.strip_prefix("> ").filter(|_| goes_on) {
            let last = all.last_mut().expect("a command");
            last.command = format!("{}\n{part}", last.command);
            last.typed.push(line.to_string());
        } else if let Some(part) = line.strip_prefix("$ ") {
            all.push(Shown {
                command: part.to_string(),
                typed: vec![line.to_string()],
                output: Vec::new(),
            });
        } else if let Some(last) = all.last_mut() {
            last.output.push(line.to_string());
        } else {
            panic!("line {}: a console block begins with `$ `", block.at);
        }
    }
    all
}

impl Shown {
    /// The shell waits for more: after a backslash, or within quotes.
    fn goes_on(&self) -> bool {
        self.output.is_empty()
            && (self.command.ends_with('\\') || self.command.matches('\'').count() % 2 == 1)
    }
}

/// A line without what differs between Wireshark's series: 4.4 has `Aerospike / Overview:` for `Aerospike/Overview:`,
/// 4.6 another column in `io,stat`.
fn plain(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ").replace(" / ", "/")
}

/// Whether an output is the one shown.
fn same(shown: &[String], output: &[&str], series: &str) -> bool {
    if series == SERIES {
        return fits(shown, output);
    }
    let shown: Vec<String> = shown.iter().map(|line| plain(line)).collect();
    let output: Vec<String> = output.iter().map(|line| plain(line)).collect();
    fits(&shown, &output.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The same, line by line, with its elisions.
fn fits(shown: &[String], output: &[&str]) -> bool {
    let Some((first, rest)) = shown.split_first() else {
        return output.is_empty();
    };
    if first == "…" {
        return (1..=output.len()).any(|skipped| fits(rest, &output[skipped..]));
    }
    let Some((line, after)) = output.split_first() else {
        return false;
    };
    let same = match first.strip_suffix('…') {
        Some(start) => line.starts_with(start) && line.len() > start.len(),
        None => first.trim_end() == line.trim_end(),
    };
    same && fits(rest, after)
}

/// The document with its outputs as they are, and what was found wrong.
fn check(name: &str, text: &str, findings: &mut Findings, count: &mut usize) -> String {
    let mut out: Vec<String> = text.lines().map(str::to_string).collect();
    for block in blocks(text).iter().rev().filter(|block| block.word == "console") {
        let mut lines = Vec::new();
        for one in shown(block) {
            *count += 1;
            let ran = run(&one.command);
            let text = ran.text();
            let output: Vec<&str> = text.lines().map(str::trim_end).collect();
            findings.check(ran.success && !output.is_empty(), || {
                format!("{name}:{}: {}\n{}", block.at, ran.how, ran.stderr)
            });
            let same = same(&one.output, &output, &host().series);
            findings.check(same || document::blessing(), || {
                format!(
                    "{name}:{}: another output (run `make docs`): {}\n{text}",
                    block.at, one.command
                )
            });
            lines.extend(one.typed);
            match same {
                true => lines.extend(one.output),
                false => lines.extend(output.iter().map(|line| line.to_string())),
            }
        }
        out.splice(block.at..block.at + block.lines.len(), lines);
    }
    out.into_iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

#[test]
fn outputs_are_as_shown() {
    let mut findings = Findings::default();
    let mut count = 0;
    for name in documents() {
        let text = document::read(&name);
        let wanted = check(&name, &text, &mut findings, &mut count);
        if document::blessing() && wanted != text {
            document::keep(&name, &wanted);
        }
    }
    findings.report();
    assert!(count > 25, "{count} commands");
}

#[test]
fn commands_run() {
    let mut findings = Findings::default();
    let mut count = 0;
    for name in documents() {
        let text = document::read(&name);
        for block in blocks(&text).iter().filter(|block| block.word == "sh") {
            for line in &block.lines {
                if TOOLS.iter().any(|tool| line.starts_with(tool)) {
                    count += 1;
                    quiet(&name, line, &mut findings);
                }
            }
        }
    }
    findings.report();
    assert!(count > 15, "{count} commands");
}

#[test]
fn filters_find_something_in_their_samples() {
    let mut findings = Findings::default();
    let mut count = 0;
    for name in documents() {
        for line in document::read(&name).lines() {
            let cells: Vec<&str> = line.split(" | ").collect();
            // A filter and what it shows, or a question and the filter that answers it.
            let [first, second, sample] = cells[..] else {
                continue;
            };
            let code = |cell: &str| {
                let cell = cell.trim_matches(['|', ' ']);
                cell.strip_prefix('`')
                    .and_then(|cell| cell.strip_suffix('`'))
                    .map(str::to_string)
            };
            let (Some(filter), Some(sample)) = (code(first).or_else(|| code(second)), code(sample)) else {
                continue;
            };
            if let Some(path) = captures::capture_file(&sample) {
                count += 1;
                let filter = filter.replace("\\|", "|");
                let path = path.strip_prefix(project()).expect("a sample of the project");
                quiet(
                    &name,
                    &format!("tshark -2 -r {} -Y '{filter}'", path.display()),
                    &mut findings,
                );
            }
        }
    }
    findings.report();
    assert!(count >= 20, "{count} filters");
}

fn quiet(name: &str, command: &str, findings: &mut Findings) {
    let ran = run(command);
    findings.check(ran.success, || format!("{name}: {}\n{}", ran.how, ran.stderr));
    findings.check(!ran.stdout.is_empty(), || {
        format!("{name}: says nothing: {command}")
    });
    findings.check(ran.stderr.is_empty(), || {
        format!("{name}: complains: {command}\n{}", ran.stderr)
    });
}

/// All commands that are shown without being run say so by their block: `text` or none.
#[test]
fn every_block_of_shell_is_looked_at() {
    let mut findings = Findings::default();
    for name in documents() {
        let text = document::read(&name);
        for block in blocks(&text) {
            let strange = block
                .lines
                .iter()
                .any(|line| line.trim_start().starts_with("tshark "))
                && !["sh", "console"].contains(&block.word);
            findings.check(!strange, || {
                format!("{name}:{}: a tshark command that no test runs", block.at)
            });
        }
    }
    findings.report();
}

#[test]
fn elisions_stand_for_something() {
    let lines = |text: &str| text.lines().map(str::to_string).collect::<Vec<_>>();
    let output = ["a", "bc", "d"];
    assert!(fits(&lines("a\nbc\nd"), &output));
    assert!(fits(&lines("a\n…\nd"), &output));
    assert!(fits(&lines("a\nb…\nd"), &output));
    assert!(fits(&lines("…"), &output));
    assert!(!fits(&lines("a\nbc…\nd"), &output));
    assert!(!fits(&lines("a\nbc\n…\nd"), &output));
    assert!(!fits(&lines("a\nd"), &output));
    assert!(!fits(&lines(""), &output));
}

#[test]
fn other_series_may_differ_in_blanks_only() {
    let shown = ["Aerospike/Overview:", "| Col 1: a     |", "1 2"].map(str::to_string);
    let of = |last| ["Aerospike / Overview:", "| Col  1: a    |", last];
    assert!(same(&shown, &of("1  2"), "4.6"));
    assert!(!same(&shown, &of("1 3"), "4.6"));
    assert!(!same(&shown, &of("1 2"), SERIES));
}
