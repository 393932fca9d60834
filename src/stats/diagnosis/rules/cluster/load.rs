//! Load that is uneven.

use std::collections::BTreeMap;

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{add_about_nodes, count};
use crate::stats::shared::endpoint::Endpoint;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::UnevenLoad,
        claim: "One node gets far more than its share of the requests.",
        evidence: "Three nodes and more; one of them gets three times the median of the others, of a thousand requests and more, and no hot record explains it.",
        silenced: "Few requests; one direction only; cut packets, of which the record is not known.",
        next: "Partitions of that node (replicas), rack and replica policies of the clients.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<Endpoint, usize> =
        evidence.services.iter().map(|service| (*service, 0)).collect();
    let single = || {
        evidence
            .all_requests()
            .filter(|(_, request)| request.single().is_some())
    };
    for (connection, _) in single() {
        if let Some(number) = counts.get_mut(&connection.server) {
            *number += 1;
        }
    }
    let all: usize = counts.values().sum();
    let Some((node, most)) = counts
        .iter()
        .max_by_key(|(_, number)| **number)
        .map(|(node, number)| (*node, *number))
    else {
        return;
    };
    let mut others: Vec<usize> = counts
        .iter()
        .filter(|(other, number)| **other != node && **number > 0)
        .map(|(_, number)| *number)
        .collect();
    others.sort_unstable();
    let Some(usual) = others
        .get(others.len() / 2)
        .copied()
        .filter(|_| others.len() >= 2)
    else {
        return;
    };
    let hot: usize = findings
        .of(FindingKind::HotKey)
        .filter(|hot| hot.nodes.contains(&node))
        .map(|hot| hot.count as usize)
        .sum();
    // Of which record they are was not captured: it may be one that is hot.
    let unknown = single()
        .filter(|(connection, request)| connection.server == node && request.rows.0 >= request.rows.1)
        .count();
    let is_disturbed = findings.rows.iter().any(|row| {
        matches!(
            row.kind,
            FindingKind::NodeStopped | FindingKind::Unreachable | FindingKind::StalledServer
        )
    });
    if all < 1000 || most.saturating_sub(hot + unknown) < 3 * usual || is_disturbed {
        return;
    }
    let mut its: Vec<(i64, u32)> = single()
        .filter(|(connection, _)| connection.server == node)
        .map(|(_, request)| (request.begun, request.frame))
        .collect();
    its.sort_unstable();
    let (Some(first), Some(last)) = (its.first(), its.last()) else {
        return;
    };
    let finding = Finding {
        count: count(most),
        to: last.0,
        details: format!("{most} of {all} requests go to this node, {usual} to the usual other one"),
        ..Finding::new(FindingKind::UnevenLoad, node.to_string(), *first)
    };
    add_about_nodes(evidence, finding, vec![node], findings);
}
