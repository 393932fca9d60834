//! What is wrong, and what the capture can prove.

use serde_json::{Value, json};

use super::tables::table;
use crate::findings::{self, Finding};
use crate::page::about::{About, Named, section};
use crate::side::Side;
use crate::text;

/// What is wrong, the first section.
pub fn findings(about: &About, sides: &[Named<'_>]) -> Value {
    let sides = sides.iter().map(|named| {
        let side = named.side;
        let all = findings::findings(table(side, "diagnosis"));
        let roots: Vec<Value> = (all.iter().filter(|finding| finding.cause.is_none()))
            .map(|root| {
                let mut shown = show(root, side, about);
                let effects = all.iter().filter(|finding| finding.cause == Some(root.number));
                shown["effects"] = effects.map(|effect| show(effect, side, about)).collect();
                shown
            })
            .collect();
        json!({ "name": named.name, "sentences": summary(side, &all), "findings": roots })
    });
    section("findings", "What is wrong", sides.collect())
}

fn summary(side: &Side, all: &[Finding]) -> Vec<String> {
    let roots = all.iter().filter(|finding| finding.cause.is_none()).count() as u64;
    let is_foreign = !side.is_ours()
        || findings::about_capture(table(side, "diagnosis"))
            .iter()
            .any(|note| note.name == "No Aerospike");
    if side.is_empty() {
        vec!["There are no packets in this capture.".to_owned()]
    } else if is_foreign && roots == 0 {
        vec!["No Aerospike message was understood in this capture; what stands below says why, as far as packets tell.".to_owned()]
    } else if roots == 0 {
        vec!["Nothing that the packets prove is wrong.".to_owned()]
    } else {
        let effects = all.len() as u64 - roots;
        let effects = if effects == 0 {
            String::new()
        } else {
            format!(", with {}", text::counted(effects, "effect"))
        };
        let order = if roots > 1 {
            " The first weighs most: failed calls come before time lost."
        } else {
            ""
        };
        vec![format!("{}{effects}.{order}", text::counted(roots, "finding"))]
    }
}

fn show(finding: &Finding, side: &Side, about: &About) -> Value {
    let meaning = finding.meaning();
    let when = finding.times.map(|(from, to)| {
        let clock = text::clock(side.origin + (from * 1e9) as i64, about.zone);
        if to - from < 0.0005 {
            format!("{} ({clock})", text::at(from))
        } else {
            format!(
                "{} to {} (from {clock}, for {})",
                text::at(from),
                text::at(to),
                text::seconds(to - from)
            )
        }
    });
    json!({
        "no": finding.number,
        "name": finding.name,
        "who": finding.who,
        "details": sentence(&finding.details),
        "meaning": meaning.meaning,
        "next": meaning.next,
        "count": text::count(finding.count),
        "when": when,
        "frame": finding.first_frame,
        "cause": finding.cause,
        "filter": finding.filter,
    })
}

/// With a capital letter and a full stop, unless it begins with a name or number.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    let end = if text.ends_with('.') || text.is_empty() {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", letters.as_str())
}

/// What the capture can prove.
#[must_use]
pub fn provable(side: &Side) -> Value {
    let notes = findings::about_capture(table(side, "diagnosis"));
    if side.is_empty() {
        return json!({});
    }
    if notes.is_empty() {
        let is_cut = side.sources.iter().any(|source| !source.problems.is_empty());
        let sentence = match (side.is_ours(), is_cut) {
            (false, _) => return json!({}),
            (true, true) => {
                "What could be read is clean: silence in it is silence, up to where it was cut or damaged."
            }
            (true, false) => "The capture is whole and clean: silence in it is silence.",
        };
        return json!({ "sentences": [sentence] });
    }
    let proofs = notes.iter().map(|note| {
        json!({
            "name": note.name,
            "who": note.who,
            "details": sentence(&note.details),
            "silent": note.meaning().next,
        })
    });
    json!({ "proofs": proofs.collect::<Vec<_>>() })
}
