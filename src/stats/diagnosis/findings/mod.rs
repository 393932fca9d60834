//! What is found: rows with their names, merged, tied to causes and weighed.

pub mod causes;
pub mod kind;

pub use kind::{FindingKind, Notice};

use crate::stats::shared::endpoint::Endpoint;

/// A row of *This capture*.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its name.
    pub notice: Notice,
    /// Who or what it is about.
    pub who: String,
    /// A sentence with figures.
    pub details: String,
    /// How many.
    pub count: u32,
    /// From when to when, nanoseconds since 1970.
    pub from: i64,
    /// See above.
    pub to: i64,
    /// The first frame.
    pub frame: u32,
    /// A display filter; may be empty.
    pub filter: String,
}

/// A row of *Findings*.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Who, as the contract says for the kind.
    pub who: String,
    /// Nodes that it is about.
    pub nodes: Vec<Endpoint>,
    /// Hosts of clients that it is about.
    pub clients: Vec<Endpoint>,
    /// A sentence with figures.
    pub details: String,
    /// How many; of what, the contract says.
    pub count: u32,
    /// When the first affected was sent, nanoseconds since 1970.
    pub from: i64,
    /// When the last was.
    pub to: i64,
    /// When all of it is over: effects begin before that.
    pub until: i64,
    /// The first frame.
    pub frame: u32,
    /// Calls that failed by it, and time lost in nanoseconds: the weight.
    pub failed: u32,
    /// See above.
    pub lost: i64,
    /// A display filter.
    pub filter: String,
    /// The place of its cause in the list.
    pub cause: Option<usize>,
    /// It is certain what caused it where the rule says so itself: a kind of cause that must be there.
    pub is_root: bool,
}

impl Finding {
    /// Of a kind, from a time and frame on.
    #[must_use]
    pub const fn new(kind: FindingKind, who: String, (from, frame): (i64, u32)) -> Self {
        Self {
            kind,
            who,
            nodes: Vec::new(),
            clients: Vec::new(),
            details: String::new(),
            count: 1,
            from,
            to: from,
            until: from,
            frame,
            failed: 0,
            lost: 0,
            filter: String::new(),
            cause: None,
            is_root: false,
        }
    }
}

/// All that the rules found.
#[derive(Default)]
pub struct Findings {
    /// What the capture can and cannot prove.
    pub notes: Vec<Note>,
    /// The findings; after [`causes::arrange`] in the order in which they are shown.
    pub rows: Vec<Finding>,
}

impl Findings {
    /// Adds a finding.
    pub fn add(&mut self, finding: Finding) {
        self.rows.push(finding);
    }

    /// The findings of a kind.
    pub fn of(&self, kind: FindingKind) -> impl Iterator<Item = &Finding> {
        self.rows.iter().filter(move |row| row.kind == kind)
    }
}
