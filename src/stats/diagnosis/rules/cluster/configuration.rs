//! What was changed by hand.

use std::collections::BTreeMap;

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::log::info::Change;
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{add_about_nodes, count};
use crate::stats::shared::endpoint::{Endpoint, names};

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::Configuration,
        claim: "Settings, sets, indexes or modules were changed by hand.",
        evidence: "Info commands that change something: set-config, truncate, roster-set, recluster, quiesce, sindex-create, udf-put and their like.",
        silenced: "Nothing.",
        next: "Compare its time with the other findings.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<(Endpoint, &'static str), Vec<&Change>> = BTreeMap::new();
    for change in evidence
        .log
        .info
        .changes
        .iter()
        .filter(|change| change.is_done != Some(false))
    {
        groups
            .entry((change.client, change.name))
            .or_default()
            .push(change);
    }
    for ((client, name), list) in groups {
        let (Some(first), Some(last)) = (list.first(), list.last()) else {
            continue;
        };
        let mut servers: Vec<Endpoint> = list.iter().map(|change| change.server).collect();
        servers.sort_unstable();
        servers.dedup();
        let mut texts: Vec<String> = Vec::new();
        for change in &list {
            if !texts.contains(&change.text) {
                texts.push(change.text.clone());
            }
        }
        let mut finding = Finding {
            count: count(list.len()),
            to: last.time,
            details: format!("{name}: {}", names(&texts)),
            ..Finding::new(
                FindingKind::Configuration,
                format!(
                    "{client} to {}: {}",
                    names(&servers),
                    texts.first().map_or("", String::as_str)
                ),
                (first.time, first.frame),
            )
        };
        finding.clients = vec![client];
        add_about_nodes(evidence, finding, servers, findings);
    }
}
