//! Results in answers: what the application, the namespace or the server is to blame for; and scans without their end.

use std::collections::{BTreeMap, BTreeSet};

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, FEW, MINUTE, Touched, count, is_known};
use crate::stats::shared::endpoint::Endpoint;
use crate::track::client::transactions::RequestKind;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::text::LossyText;

/// Results that an application may want to get now and then.
const ORDINARY: &[ResultCode] = &[
    ResultCode::OK,
    ResultCode::NOT_FOUND,
    ResultCode::GENERATION,
    ResultCode::RECORD_EXISTS,
    ResultCode::FILTERED_OUT,
    ResultCode::BIN_EXISTS,
    ResultCode::BIN_NOT_FOUND,
    ResultCode::ELEMENT_NOT_FOUND,
    ResultCode::ELEMENT_EXISTS,
    ResultCode::KEY_BUSY,
    ResultCode::TIMEOUT,
];

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::WritesRefused,
            claim: "A namespace takes no writes.",
            evidence: "Writes answered with OUT_OF_SPACE, FORBIDDEN or DEVICE_OVERLOAD.",
            silenced: "Reads with these results.",
            next: "The namespace's stop-writes, its memory and devices; for FORBIDDEN its nsup-period, if the writes have a time to live; for DEVICE_OVERLOAD the write queues of its devices.",
        },
        About {
            kind: FindingKind::ServerErrors,
            claim: "A node answers with errors that are its own or its cluster's fault.",
            evidence: "Results such as UNAVAILABLE, DEVICE_OVERLOAD, BATCH_QUEUES_FULL or UNKNOWN; TIMEOUT is counted by Client timeouts, KEY_BUSY by Hot key.",
            silenced: "Fewer than three of a kind.",
            next: "The node's log, and the state of its cluster.",
        },
        About {
            kind: FindingKind::ApplicationErrors,
            claim: "The application asks for what the server cannot do.",
            evidence: "Results such as RECORD_TOO_BIG, BIN_NAME, PARAMETER or BIN_TYPE, three times or more from one client host.",
            silenced: "Results that applications get on purpose (not found, exists, generation, filtered out); one error here and there.",
            next: "The filter finds the requests: what they write, and how large it is.",
        },
        About {
            kind: FindingKind::ScanEnded,
            claim: "A scan or query ended without its last message.",
            evidence: "The server closed the connection before the message that ends the stream.",
            silenced: "Holes; a client that closed first.",
            next: "The node's log; timeouts of proxies and firewalls on the way.",
        },
        About {
            kind: FindingKind::BigRecords,
            claim: "Records of half a megabyte and more are read or written.",
            evidence: "Requests or answers about one record of that size: half of the largest that a namespace takes by default.",
            silenced: "Fewer than three.",
            next: "Split them, or read only the bins that are needed.",
        },
    ],
    run,
};

/// A result and where it was given.
struct Outcome<'e> {
    connection: &'e Connection,
    request: &'e Request,
    result: ResultCode,
    place: u32,
    writes: bool,
}

fn outcomes<'e>(evidence: &'e Evidence<'_>) -> Vec<Outcome<'e>> {
    let mut all = Vec::new();
    for (connection, request) in evidence.all_requests() {
        let Some(result) = request.result else { continue };
        if !matches!(request.what, RequestKind::Message(_)) {
            continue;
        }
        let log = &evidence.log.connections[connection.number];
        let rows = log
            .rows
            .get(request.answer_rows.0 as usize..request.answer_rows.1 as usize)
            .unwrap_or_default();
        if request.is_batch() && !rows.is_empty() {
            for row in rows
                .iter()
                .filter(|row| row.result.is_some_and(|result| result != ResultCode::OK))
            {
                all.push(Outcome {
                    connection,
                    request,
                    result: row.result.unwrap_or(result),
                    place: row.place,
                    writes: row.writes,
                });
            }
        } else if result != ResultCode::OK && !request.is_batch() {
            let place = rows.first().map_or(request.place, |row| row.place);
            all.push(Outcome {
                connection,
                request,
                result,
                place: if place == 0 { request.place } else { place },
                writes: request.writes,
            });
        }
    }
    all.sort_by_key(|outcome| (outcome.request.begun, outcome.request.frame));
    all
}

const fn is_refusal(outcome: &Outcome<'_>) -> bool {
    outcome.writes
        && matches!(
            outcome.result,
            ResultCode::OUT_OF_SPACE | ResultCode::FORBIDDEN | ResultCode::DEVICE_OVERLOAD
        )
}

const fn is_server_fault(result: ResultCode) -> bool {
    matches!(
        result,
        ResultCode::UNKNOWN
            | ResultCode::CLUSTER_KEY_MISMATCH
            | ResultCode::UNAVAILABLE
            | ResultCode::QUERY_ABORT
            | ResultCode::DEVICE_OVERLOAD
            | ResultCode::LOST_CONFLICT
            | ResultCode::XDR_KEY_BUSY
            | ResultCode::BATCH_QUEUES_FULL
            | ResultCode::SINDEX_OOM
            | ResultCode::QUERY_QUEUE_FULL
            | ResultCode::QUERY_TIMEOUT
            | ResultCode::QUERY_NET_IO
    )
}

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let all = outcomes(evidence);
    let mut refused: BTreeMap<(String, u8, String), Vec<&Outcome<'_>>> = BTreeMap::new();
    let mut server: BTreeMap<(u8, Endpoint), Vec<&Outcome<'_>>> = BTreeMap::new();
    let mut application: BTreeMap<(Endpoint, u8), Vec<&Outcome<'_>>> = BTreeMap::new();
    for outcome in &all {
        if is_refusal(outcome) {
            let place = LossyText(evidence.log.places.get(outcome.place)).to_string();
            let namespace = place.split('/').next().unwrap_or_default().to_string();
            let cluster = evidence
                .log
                .info
                .clusters
                .get(&outcome.connection.server)
                .cloned()
                .unwrap_or_default();
            refused
                .entry((namespace, outcome.result.0, cluster))
                .or_default()
                .push(outcome);
        } else if is_server_fault(outcome.result) {
            server
                .entry((outcome.result.0, outcome.connection.server))
                .or_default()
                .push(outcome);
        } else if !ORDINARY.contains(&outcome.result) {
            application
                .entry((outcome.connection.client.host(), outcome.result.0))
                .or_default()
                .push(outcome);
        }
    }
    for ((namespace, result, _), list) in refused {
        if list.len() < FEW {
            continue;
        }
        let touched = count_touched(&list);
        let hint = match ResultCode(result) {
            ResultCode::FORBIDDEN => {
                "the namespace takes no such writes: those with a time to live need its nsup-period"
            }
            ResultCode::DEVICE_OVERLOAD => "a device cannot follow: its write queue is full",
            _ => "the namespace is full or was told to stop writes",
        };
        let who = format!("namespace {namespace} at {}", touched.servers());
        let details = format!(
            "{} writes answered {}: {hint}; {}",
            list.len(),
            ResultCode(result),
            clients(&touched)
        );
        add(
            evidence,
            FindingKind::WritesRefused,
            who,
            details,
            &list,
            &touched,
            findings,
        );
    }
    let mut merged: BTreeMap<u8, Vec<&Outcome<'_>>> = BTreeMap::new();
    for ((result, _), list) in server {
        merged.entry(result).or_default().extend(list);
    }
    for (result, mut list) in merged {
        if list.len() < FEW {
            continue;
        }
        list.sort_by_key(|outcome| (outcome.request.begun, outcome.request.frame));
        let touched = count_touched(&list);
        let others = evidence.services.len().saturating_sub(touched.servers.len());
        let details = format!(
            "{} requests answered {}{}; {}",
            list.len(),
            ResultCode(result),
            if others > 0 {
                format!("; none by the {others} other nodes")
            } else {
                String::new()
            },
            clients(&touched)
        );
        add(
            evidence,
            FindingKind::ServerErrors,
            touched.servers(),
            details,
            &list,
            &touched,
            findings,
        );
    }
    for ((client, result), list) in application {
        if list.len() < FEW {
            continue;
        }
        let touched = count_touched(&list);
        let mut places: Vec<String> = list
            .iter()
            .map(|outcome| LossyText(evidence.log.places.get(outcome.place)).to_string())
            .filter(|place| !place.is_empty())
            .collect();
        places.sort();
        places.dedup();
        let who = format!(
            "{client}{}{}",
            if places.is_empty() { "" } else { ", " },
            crate::stats::shared::endpoint::names(&places)
        );
        let details = format!(
            "{} calls answered {} by {}; {}",
            list.len(),
            ResultCode(result),
            touched.servers(),
            tools::by_operation(evidence, list.iter().map(|outcome| outcome.request))
        );
        add(
            evidence,
            FindingKind::ApplicationErrors,
            who,
            details,
            &list,
            &touched,
            findings,
        );
    }
    scans(evidence, findings);
    big(evidence, findings);
}

fn count_touched(list: &[&Outcome<'_>]) -> Touched {
    let mut touched = Touched::default();
    for outcome in list {
        touched.add(outcome.connection);
    }
    touched
}

fn clients(touched: &Touched) -> String {
    let clients: Vec<Endpoint> = touched.clients.iter().copied().collect();
    format!("asked by {}", crate::stats::shared::endpoint::names(&clients))
}

fn add(
    evidence: &Evidence<'_>,
    kind: FindingKind,
    who: String,
    details: String,
    list: &[&Outcome<'_>],
    touched: &Touched,
    findings: &mut Findings,
) {
    let (Some(first), Some(last)) = (list.first(), list.last()) else {
        return;
    };
    let finding = Finding {
        count: count(list.len()),
        to: last.request.begun,
        failed: count(list.len()),
        details,
        ..Finding::new(kind, who, (first.request.begun, first.request.frame))
    };
    findings.add(touched.put(evidence, finding));
}

fn scans(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut servers: BTreeMap<Endpoint, Vec<&Request>> = BTreeMap::new();
    for (connection, request) in evidence.all_requests() {
        let is_ended = request.is_query() && request.dropped.is_some() && !request.is_complete;
        if is_ended && is_known(evidence, connection, request) && request.acknowledged.is_some() {
            servers.entry(connection.server).or_default().push(request);
        }
    }
    for (_, list) in servers {
        let places: BTreeSet<String> = list
            .iter()
            .map(|request| LossyText(evidence.log.places.get(request.place)).to_string())
            .collect();
        let places: Vec<String> = places.into_iter().collect();
        let records: u32 = list.iter().map(|request| request.results).sum();
        for group in tools::Group::episodes(evidence, list, MINUTE) {
            let details = format!(
                "{} scans of {} closed by the server after {records} records, without the message that ends them",
                group.requests.len(),
                crate::stats::shared::endpoint::names(&places)
            );
            if let Some(mut finding) = group.finding(evidence, FindingKind::ScanEnded, details) {
                finding.failed = group.count();
                findings.add(finding);
            }
        }
    }
}

/// Half of what a namespace takes by default (write-block-size, max-record-size: 1 MiB).
const BIG: u32 = 512 << 10;

fn big(evidence: &Evidence<'_>, findings: &mut Findings) {
    let big: Vec<&Request> = evidence
        .all_requests()
        .filter(|(_, request)| request.single().is_some() && (request.bytes >= BIG || request.size >= BIG))
        .map(|(_, request)| request)
        .collect();
    if big.len() < FEW {
        return;
    }
    for group in tools::Group::episodes(evidence, big, MINUTE) {
        let most = group
            .requests
            .iter()
            .map(|request| request.bytes.max(request.size))
            .max()
            .unwrap_or(0);
        let total: u64 = group
            .requests
            .iter()
            .map(|request| u64::from(request.bytes.max(request.size)))
            .sum();
        let details = format!(
            "{} records of up to {:.1} MB, {:.0} MB in all; {}",
            group.requests.len(),
            f64::from(most) / 1e6,
            total as f64 / 1e6,
            tools::by_operation(evidence, group.requests.iter().copied())
        );
        findings
            .rows
            .extend(group.finding(evidence, FindingKind::BigRecords, details));
    }
}
