//! The page: one HTML file that needs no network and no script.

pub mod charts;
mod sections;
mod svg;

use minijinja::{AutoEscape, Environment, context};
use serde_json::{Value, json};
use time::UtcOffset;

use crate::error::{Error, Result};
use crate::side::Side;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

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

/// The page as text. `changes` is what became different, and `pair` what two captures of the same minute tell, as sections.
///
/// # Errors
/// The template is broken.
pub fn render(about: &About, sides: &[Named<'_>], extra: Vec<Value>) -> Result<String> {
    let mut sections = vec![sections::findings(about, sides)];
    sections.extend(extra);
    sections.extend(sections::all(about, sides));
    sections.push(sections::contents(about, sides));
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    let broken = |error: minijinja::Error| Error::new(format!("the page's template: {error:#}"), "");
    environment.add_template("page.html", TEMPLATE).map_err(broken)?;
    let template = environment.get_template("page.html").map_err(broken)?;
    template
        .render(context! {
            title => about.title,
            note => about.note,
            style => STYLE,
            heads => sides.iter().map(|side| sections::head(about, *side)).collect::<Vec<_>>(),
            sections => sections,
        })
        .map_err(broken)
}

/// A section: its title, and for each side sentences, pictures and tables.
#[must_use]
pub fn section(id: &str, title: &str, sides: Vec<Value>) -> Value {
    json!({ "id": id, "title": title, "sides": sides })
}
