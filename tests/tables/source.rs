//! What the sources say beyond their values: doc comments, and which tables there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::document;

fn root() -> PathBuf {
    document::path("src/wire")
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    // Tests at the end of a file declare tables of their own.
    text.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default()
        .to_string()
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") && path != root().join("ground/table.rs") {
            into.push(path);
        }
    }
}

/// The module of a file, such as `fabric::rw::`.
fn module(path: &Path) -> String {
    let inner = path
        .strip_prefix(root())
        .expect("a file of the wire layer")
        .with_extension("");
    let mut parts: Vec<String> = inner
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts.into_iter().map(|part| part + "::").collect()
}

/// Every table, set of flags and set of fields in the wire layer, by its path.
pub fn read_declared() -> BTreeSet<String> {
    let mut paths = Vec::new();
    files(&root(), &mut paths);
    let mut names = BTreeSet::new();
    for path in paths {
        let text = read(&path);
        let mut inside = false;
        for line in text.lines() {
            inside |= ["table! {", "operations! {", "specs! {", "bitflags! {"].contains(&line);
            inside &= line != "}";
            if let Some(rest) = line.strip_prefix("    pub ").filter(|_| inside) {
                let name = rest.trim_start_matches("struct ").split([':', ' ']).next();
                names.insert(module(&path) + name.unwrap_or_default());
            }
        }
    }
    names
}

/// The meanings of the flags of a set, by their names: the doc comments.
pub fn flags(table: &str) -> BTreeMap<String, String> {
    let (module, name) = table.rsplit_once("::").expect("a path");
    let text = [
        root().join(module.replace("::", "/")).with_extension("rs"),
        root().join(module.replace("::", "/")).join("mod.rs"),
    ]
    .iter()
    .find(|path| path.exists())
    .map(|path| read(path))
    .unwrap_or_else(|| panic!("{table}: no file"));
    let body = text
        .split(&format!("pub struct {name}: "))
        .nth(1)
        .unwrap_or_else(|| panic!("{table}: no flags"));
    let mut meanings = BTreeMap::new();
    let mut comment = Vec::new();
    for line in body
        .lines()
        .skip(1)
        .take_while(|line| line.trim() != "}")
        .map(str::trim)
    {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
        } else if let Some(rest) = line.strip_prefix("const ") {
            let name = rest.split([' ', '=']).next().unwrap_or_default();
            meanings.insert(name.to_string(), plain(&comment.join(" ")));
            comment.clear();
        }
    }
    meanings
}

/// The alternatives of an enumeration with their doc comments, in order.
pub fn alternatives(file: &str, declaration: &str) -> Vec<(String, String)> {
    let text = read(&root().join(file));
    let body = text
        .split(declaration)
        .nth(1)
        .unwrap_or_else(|| panic!("{file}: no {declaration}"));
    let mut out = Vec::new();
    let mut comment = Vec::new();
    for line in body
        .lines()
        .skip(1)
        .take_while(|line| *line != "}")
        .map(str::trim)
    {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
        } else if !line.is_empty() {
            let name = line.split(['(', ',']).next().unwrap_or_default();
            out.push((name.to_string(), plain(&comment.join(" "))));
            comment.clear();
        }
    }
    out
}

/// A doc comment without links to code.
fn plain(comment: &str) -> String {
    let mut out = String::new();
    let mut rest = comment;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((text, after)) = link.split_once(']').filter(|(text, _)| text.starts_with('`')) else {
            out += before;
            out.push('[');
            rest = link;
            continue;
        };
        out += before;
        out += text.trim_matches('`').rsplit("::").next().unwrap_or_default();
        rest = match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    out + rest
}
