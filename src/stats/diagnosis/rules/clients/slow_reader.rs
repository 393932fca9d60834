//! Receive windows that are full.

use std::collections::BTreeMap;

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Touched, count};
use crate::stats::shared::endpoint::{Endpoint, SECOND};

/// A closed window for less is a moment of the reader's.
const CLOSED: i64 = SECOND / 5;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::SlowReader,
        claim: "The reader's receive buffer is full: it reads more slowly than the other sends.",
        evidence: "Its window is 0 or smaller than a segment for 200 ms and more while an answer is on its way.",
        silenced: "A window whose scale is not known (joined in the middle), unless it is 0.",
        next: "What the client does between reads; larger buffers; fewer records at once.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut by_reader: BTreeMap<(Endpoint, bool), Vec<&Connection>> = BTreeMap::new();
    for connection in evidence
        .connections
        .iter()
        .filter(|connection| evidence.is_ours(connection) && !connection.is_one_way)
    {
        if connection.of_client.closed_window >= CLOSED {
            by_reader
                .entry((connection.client.host(), true))
                .or_default()
                .push(connection);
        }
        if connection.of_server.closed_window >= CLOSED {
            by_reader
                .entry((connection.server.host(), false))
                .or_default()
                .push(connection);
        }
    }
    for ((reader, is_client), list) in by_reader {
        let mut touched = Touched::default();
        let side = |connection: &Connection| {
            if is_client {
                connection.of_client
            } else {
                connection.of_server
            }
        };
        for connection in &list {
            touched.add(connection);
        }
        let total: i64 = list.iter().map(|connection| side(connection).closed_window).sum();
        let least = list
            .iter()
            .map(|connection| side(connection).least_window)
            .min()
            .unwrap_or(0);
        let Some(first) = list
            .iter()
            .filter_map(|connection| side(connection).closed_window_at)
            .min()
        else {
            continue;
        };
        let finding = Finding {
            count: count(list.len()),
            to: list
                .iter()
                .map(|connection| connection.last)
                .max()
                .unwrap_or(first.0),
            lost: total,
            details: format!(
                "its window is {least} bytes at the least and smaller than a segment for {} in all, on {} connections, while the other has something to send",
                duration(total),
                list.len()
            ),
            ..Finding::new(FindingKind::SlowReader, reader.to_string(), first)
        };
        findings.add(touched.put(evidence, finding));
    }
}
