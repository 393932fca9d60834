//! What stands in each section of the page.

pub mod contents;
pub mod findings;
pub mod head;
mod keys;
mod software;
mod tables;
mod times;

use serde_json::{Value, json};

use self::tables::{plugin_tables, table};
use super::about::{About, Named, section};
use super::charts::{self, Limits};
use super::sentences;
use crate::side::Side;

/// All sections between the findings and the end.
#[must_use]
pub fn all(about: &About, sides: &[Named<'_>]) -> Vec<Value> {
    let is_half = sides.len() > 1;
    let make = |id: &str, title: &str, of: &dyn Fn(&Side) -> Value| {
        let sides: Vec<Value> = sides
            .iter()
            .map(|named| {
                let mut shown = of(named.side);
                shown["name"] = json!(named.name);
                shown
            })
            .collect();
        let is_blank = |side: &Value| {
            ["sentences", "proofs", "charts", "tables"]
                .iter()
                .all(|part| side[part].as_array().is_none_or(Vec::is_empty))
        };
        (!sides.iter().all(is_blank)).then(|| section(id, title, sides))
    };
    let limits = sides.iter().fold(Limits::default(), |limits, named| {
        limits.with(&charts::intervals(table(named.side, "timeline")))
    });
    let map = sides
        .iter()
        .filter_map(|named| charts::map_limits(&named.side.grid))
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let sections = [
        make("capture", "What the capture can prove", &findings::provable),
        make("timeline", "Over time", &|side| {
            times::timeline(side, limits, is_half, about)
        }),
        make("latency", "Response times by node and operation", &|side| {
            times::latency(side, map, is_half)
        }),
        make("split", "Where the time went", &|side| {
            times::split(side, sides, is_half)
        }),
        make("hotkeys", "Hot keys", &keys::hot_keys),
        make("connections", "Connections", &|side| {
            json!({
                "sentences": table(side, "connections").map_or(Vec::new(), sentences::traffic::connections),
                "tables": plugin_tables(side, "connections", &["By client and node"], None),
            })
        }),
        make("records", "Records and sets", &|side| {
            json!({
                "sentences": table(side, "records").map_or(Vec::new(), sentences::traffic::records),
                "tables": plugin_tables(side, "records", &[], None),
            })
        }),
        make("cluster", "Cluster", &|side| {
            json!({
                "sentences": table(side, "cluster").map_or(Vec::new(), sentences::traffic::cluster),
                "tables": plugin_tables(side, "cluster", &[], None),
            })
        }),
        make("software", "Software seen", &software::software),
    ];
    sections.into_iter().flatten().collect()
}
