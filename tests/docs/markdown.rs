//! What the tests look at in a document.

pub use crate::common::document::documents;

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
