//! Documents that are partly made by the tests: kept equal to what they show, or with `BLESS` set, made anew.
//!
//! `make docs` sets `BLESS`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project, by its path from the project's folder.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The text of a document.
#[track_caller]
pub fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Every document for users, by its path from the project's folder.
pub fn documents() -> Vec<String> {
    let mut names = ["README.md", "CONTRIBUTING.md", "captures/README.md"]
        .map(str::to_string)
        .to_vec();
    for folder in ["docs", "docs/protocol"] {
        let entries = fs::read_dir(path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
        for entry in entries {
            let name = entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned();
            if name.ends_with(".md") {
                names.push(format!("{folder}/{name}"));
            }
        }
    }
    names.sort();
    names
}

/// Whether documents are made anew.
pub fn blessing() -> bool {
    env::var_os("BLESS").is_some()
}

/// The document has this text; with `BLESS` it gets it.
#[track_caller]
pub fn keep(name: &str, wanted: &str) {
    let found = fs::read_to_string(path(name)).unwrap_or_default();
    if found == wanted {
        return;
    }
    if blessing() {
        return fs::write(path(name), wanted).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let (mut old, mut new) = (found.lines(), wanted.lines());
    let mut line = 0;
    loop {
        line += 1;
        match (old.next(), new.next()) {
            (a, b) if a == b && a.is_some() => {}
            (a, b) => panic!("{name}:{line} differs: run `make docs`\n  has   {a:?}\n  wants {b:?}"),
        }
    }
}

/// A table's row; bars inside cells are escaped.
pub fn row<S: AsRef<str>>(cells: &[S]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| cell.as_ref().replace('|', "\\|"))
        .collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table.
pub fn head(names: &[&str]) -> String {
    format!("{}|{}\n", row(names), "---|".repeat(names.len()))
}
