//! The page: one HTML file that needs no network and no script.

pub mod about;
pub mod charts;
pub mod sections;
pub mod sentences;
mod svg;

use minijinja::{AutoEscape, Environment, context};
use serde_json::Value;

use self::about::{About, Named};
use crate::error::{Error, Result};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

/// The page as text. `changes` is what became different, and `pair` what two captures of the same minute tell, as sections.
///
/// # Errors
/// The template is broken.
pub fn render(about: &About, sides: &[Named<'_>], extra: Vec<Value>) -> Result<String> {
    let mut sections = vec![sections::findings::findings(about, sides)];
    sections.extend(extra);
    sections.extend(sections::all(about, sides));
    sections.push(sections::contents::contents(about, sides));
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
            heads => sides.iter().map(|side| sections::head::head(about, *side)).collect::<Vec<_>>(),
            sections => sections,
        })
        .map_err(broken)
}
