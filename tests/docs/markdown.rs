//! What the tests look at in a document.

use std::fs;

use crate::common::document;

/// Every document for users, by its path from the project's folder.
pub fn documents() -> Vec<String> {
    let mut names = vec![
        "README.md".to_string(),
        "CONTRIBUTING.md".into(),
        "captures/README.md".into(),
    ];
    for folder in ["docs", "docs/protocol"] {
        let entries = fs::read_dir(document::path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
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

/// A block of code: the word behind its fence, the line it begins at, its lines.
pub struct Block<'a> {
    pub word: &'a str,
    pub at: usize,
    pub lines: Vec<&'a str>,
}

/// The blocks of code of a document.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(word) if !open => {
                open = true;
                blocks.push(Block {
                    word,
                    at: at + 1,
                    lines: Vec::new(),
                });
            }
            Some(_) => open = false,
            None if open => blocks.last_mut().expect("a block").lines.push(line),
            None => {}
        }
    }
    blocks
}
