//! What all sections of the page know.

use serde_json::{Value, json};
use time::UtcOffset;

use crate::side::Side;

/// What is said around the facts.
#[derive(Clone, Debug)]
pub struct About {
    /// The heading.
    pub title: String,
    /// A paragraph of the user's.
    pub note: String,
    /// The zone for the times of day.
    pub zone: UtcOffset,
    /// What is replaced by stable names, in words.
    pub hidden: Vec<String>,
    /// The versions that made it.
    pub made_by: String,
    /// A filter or times, if only a part was counted.
    pub part: String,
}

/// A side with its name: empty where there is one alone.
#[derive(Clone, Copy, Debug)]
pub struct Named<'s> {
    /// Such as `before`.
    pub name: &'s str,
    /// Its facts.
    pub side: &'s Side,
}

/// A section: its title, and for each side sentences, pictures and tables.
#[must_use]
pub fn section(id: &str, title: &str, sides: Vec<Value>) -> Value {
    json!({ "id": id, "title": title, "sides": sides })
}
