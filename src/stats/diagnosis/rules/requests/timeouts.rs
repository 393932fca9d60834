//! Requests that were not answered in time, and what became of their writes.

use std::collections::{HashMap, HashSet};

use super::retries::{Retries, find_duplicates, find_retries, is_applied, name};
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{EPISODE, Group, by_operation, is_known, over};
use crate::stats::shared::endpoint::{Endpoint, MS};
use crate::track::client::transactions::RequestKind;
use crate::wire::client::message::result_code::ResultCode;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::ClientTimeouts,
            claim: "Requests were not answered within what they allow, or the client gave them up.",
            evidence: "The client closed the connection (FIN or RST) while the request was open; or the answer came later than the request's own timeout; or the server answered TIMEOUT; or the timeout passed in the capture and nothing came.",
            silenced: "Connections in one direction; holes in the capture around the request; a gap in time across it.",
            next: "Read its cause, if it has one. Without one compare what is allowed with what is needed (both are in the details).",
        },
        About {
            kind: FindingKind::Retries,
            claim: "The client sent requests again.",
            evidence: "The same request (timeout apart) of the same client on another connection, within 12 ms of the end of the first try's connection; or, where that stays open and is not used, within 60 ms of the request's own timeout; or, three times and more, after the same pause each time, within the request's own timeout after that had passed. More of them than chance brings: the same requests as often at other times after the first ones are none.",
            silenced: "Packets that are cut: what cannot be compared is no retry. Requests that are merely alike: two threads, or the same key read again.",
            next: "Retries are an effect: look at what made the first try fail. Writes that are not idempotent should not be sent again.",
        },
        About {
            kind: FindingKind::DuplicateWrite,
            claim: "A change that is not idempotent was applied more than once.",
            evidence: "A retry in the sense above, and two tries of it answered OK, also after the client's FIN.",
            silenced: "What silences Retries. A try that ends with RST and no answer was not applied.",
            next: "Set maxRetries 0 for such writes, or make them idempotent (operations with a generation, a list of done ids).",
        },
        About {
            kind: FindingKind::WritesInDoubt,
            claim: "The client does not know whether these writes were applied.",
            evidence: "The client gave up while they were open, or the server said TIMEOUT; no later try of them is seen. Rows of batches count one each.",
            silenced: "What silences Client timeouts.",
            next: "Read the records (the first digests are in the details) before writing again.",
        },
        About {
            kind: FindingKind::LateWrite,
            claim: "An older try of a write reached the server after a newer write of the same record was applied: it overwrote it.",
            evidence: "The older one was sent again by TCP or given up by the client, and acknowledged after the newer one was answered.",
            silenced: "Holes in the capture.",
            next: "Compare the record with what the application wanted; use generations.",
        },
    ],
    run,
};

/// Whether a request is one that its client waited for in vain.
fn is_timeout(evidence: &Evidence<'_>, request: &Request) -> bool {
    // What was not read, and lines of text, which nobody can link to their answers.
    if matches!(request.what, RequestKind::Other) || request.what == RequestKind::Info && request.size == 0 {
        return false;
    }
    let connection = evidence.connection(request);
    if !connection.refusals.is_empty() || request.after_fin.is_some() {
        return false;
    }
    if request.given_up.is_some() && !evidence.capture.is_data_only {
        // Whoever closes in the midst of a scan has enough of it; an answer that was not read may be whole.
        let is_cut_short = request.is_batch() && evidence.log.cut.0 == 0;
        return request.first.is_none() || is_cut_short || request.is_complete;
    }
    if request.result == Some(ResultCode::TIMEOUT) {
        return true;
    }
    let Some(allowed) = request.allowed_time() else {
        return false;
    };
    match request.response_time() {
        Some(needed) => needed > allowed + 2 * MS,
        None => {
            request.first.is_none()
                && request.dropped.is_none()
                && !evidence.capture.is_data_only
                && evidence.span().1 - request.sent > allowed + 2 * MS
        }
    }
}

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let late: Vec<&Request> = evidence
        .all_requests()
        .filter(|(connection, request)| {
            is_known(evidence, connection, request) && is_timeout(evidence, request)
        })
        .map(|(_, request)| request)
        .collect();
    // When each service was asked.
    let mut asked: HashMap<Endpoint, Vec<i64>> = HashMap::new();
    if !late.is_empty() {
        for (connection, request) in evidence.all_requests() {
            asked.entry(connection.server).or_default().push(request.begun);
        }
    }
    for times in asked.values_mut() {
        times.sort_unstable();
    }
    for group in Group::episodes(evidence, late.clone(), EPISODE) {
        timeouts(evidence, &group, &asked, findings);
    }
    let retries = Retries::of(evidence);
    find_retries(evidence, &retries, findings);
    find_duplicates(evidence, &retries, findings);
    doubts(evidence, &retries, &late, findings);
    late_writes(evidence, findings);
}

fn timeouts(
    evidence: &Evidence<'_>,
    group: &Group<'_>,
    asked: &HashMap<Endpoint, Vec<i64>>,
    findings: &mut Findings,
) {
    let (Some(first), Some(last)) = (group.requests.first(), group.requests.last()) else {
        return;
    };
    let times = group
        .touched
        .servers
        .iter()
        .filter_map(|server| asked.get(server));
    let all: usize = times
        .map(|times| between(times, first.begun, last.begun + 1).len())
        .sum();
    let mut allowed: Vec<i64> = group
        .requests
        .iter()
        .map(|request| match (request.given_up, request.allowed_time()) {
            (Some(closed), Some(allowed)) => (closed - request.sent).min(allowed),
            (Some(closed), None) => closed - request.sent,
            (None, Some(allowed)) => allowed,
            (None, None) => over(request).map_or(0, |over| over - request.sent),
        })
        .collect();
    let mut needed: Vec<i64> = group
        .requests
        .iter()
        .filter(|request| request.result != Some(ResultCode::TIMEOUT))
        .filter_map(|request| request.response_time())
        .collect();
    let answered = needed.len();
    let by_server = group
        .requests
        .iter()
        .filter(|request| request.result == Some(ResultCode::TIMEOUT))
        .count();
    let never = group.requests.len() - answered - by_server;
    let resent: u32 = group
        .requests
        .iter()
        .map(|request| u32::from(request.resent > 0))
        .sum();
    let mut details = format!(
        "{} of {all} calls: allowed {} (median)",
        group.requests.len(),
        percentile(&mut allowed, 50).map_or_else(String::new, duration),
    );
    if let (Some(half), Some(most)) = (percentile(&mut needed, 50), percentile(&mut needed, 99)) {
        details += &format!(
            "; {answered} answered too late, after {} (median) to {}",
            duration(half),
            duration(most)
        );
    }
    if by_server > 0 {
        details += &format!("; {by_server} answered TIMEOUT by the server");
    }
    if never > 0 {
        details += &format!("; {never} never answered");
    }
    if resent > 0 {
        details += &format!("; {resent} sent again by TCP");
    }
    details += &format!("; {}", by_operation(evidence, group.requests.iter().copied()));
    if let Some(mut finding) = group.finding(evidence, FindingKind::ClientTimeouts, details) {
        finding.failed = group.count();
        findings.add(finding);
    }
}

fn doubts(evidence: &Evidence<'_>, retries: &Retries<'_>, late: &[&Request], findings: &mut Findings) {
    // Requests that were not read: one of them may be the next try.
    let mut unread: HashMap<(Endpoint, u32), i64> = HashMap::new();
    for (connection, request) in evidence.all_requests() {
        if matches!(request.what, RequestKind::Other) {
            let key = (connection.client.host(), request.end.wrapping_sub(request.start));
            let last = unread.entry(key).or_insert(request.begun);
            *last = request.begun.max(*last);
        }
    }
    let may_be_tried = |request: &Request| {
        let key = (
            evidence.connection(request).client.host(),
            request.end.wrapping_sub(request.start),
        );
        unread.get(&key).is_some_and(|last| *last > request.begun)
    };
    let is_in_doubt = |request: &&&Request| {
        if may_be_tried(request)
            || !request.writes
            || retries.again.contains(&name(request))
            || request.after_fin.is_some()
        {
            return false;
        }
        let is_unanswered = request.given_up.is_some()
            || request.result == Some(ResultCode::TIMEOUT)
            || request
                .allowed_time()
                .is_some_and(|allowed| request.response_time().is_none_or(|needed| needed > allowed));
        // The server closes without executing what it has not read when the client's FIN comes: RST and no answer.
        let server = evidence.connection(request).of_server;
        let not_executed = request.first.is_none()
            && server
                .rst
                .zip(request.given_up)
                .is_some_and(|((reset, _), given_up)| reset >= given_up);
        is_unanswered && !not_executed
    };
    let writes: Vec<&Request> = late.iter().filter(is_in_doubt).copied().collect();
    for group in Group::episodes(evidence, writes, EPISODE) {
        let mut count = 0u32;
        let mut records = Vec::new();
        for request in &group.requests {
            let log = &evidence.log.connections[evidence.connection(request).number];
            let rows = |(from, to): (u32, u32)| log.rows.get(from as usize..to as usize).unwrap_or_default();
            let answered: HashSet<u32> = rows(request.answer_rows).iter().map(|row| row.digest).collect();
            let open = rows(request.rows)
                .iter()
                .filter(|row| row.writes && (!request.is_batch() || !answered.contains(&row.digest)));
            for row in open {
                count += 1;
                let record = evidence.record_name(row.digest, row.place);
                if records.len() < 3 && !records.contains(&record) {
                    records.push(record);
                }
            }
        }
        if count == 0 {
            continue;
        }
        let writes = if count == 1 { "write" } else { "writes" };
        let details = format!(
            "{count} {writes} given up while open, or answered TIMEOUT, and not tried again: {}",
            records.join(", ")
        );
        if let Some(mut finding) = group.finding(evidence, FindingKind::WritesInDoubt, details) {
            finding.count = count;
            finding.failed = count;
            findings.add(finding);
        }
    }
}

fn late_writes(evidence: &Evidence<'_>, findings: &mut Findings) {
    // By server: what reaches one node later than another reaches the other tells nothing, nor do two clusters.
    let mut writes: HashMap<(u32, Endpoint), Vec<&Request>> = HashMap::new();
    for (connection, request) in evidence.all_requests() {
        if !request.writes || request.single().is_none() || !is_known(evidence, connection, request) {
            continue;
        }
        if let Some(row) = evidence.log.connections[connection.number]
            .rows
            .get(request.rows.0 as usize)
        {
            let key = (row.digest, connection.server);
            writes.entry(key).or_default().push(request);
        }
    }
    let mut late: Vec<&Request> = Vec::new();
    for requests in writes.values_mut().filter(|requests| requests.len() > 1) {
        requests.sort_by_key(|request| request.begun);
        for (index, older) in requests.iter().enumerate() {
            let was_held = older.resent > 0 || older.given_up.is_some();
            let Some(reached) = older.acknowledged.filter(|_| was_held) else {
                continue;
            };
            let is_done = older.first.is_some() && older.result == Some(ResultCode::OK);
            let is_newer = |newer: &&&Request| {
                newer.begun > older.begun
                    && is_applied(newer)
                    && newer.last.is_some_and(|(last, _)| last < reached)
            };
            let later = requests.get(index + 1..).unwrap_or_default();
            if is_done && later.iter().take(1000).any(|newer| is_newer(&newer)) {
                late.push(older);
            }
        }
    }
    for group in Group::episodes(evidence, late, EPISODE) {
        let mut records = Vec::new();
        for request in group.requests.iter().take(3) {
            let log = &evidence.log.connections[evidence.connection(request).number];
            if let Some(row) = log.rows.get(request.rows.0 as usize) {
                records.push(evidence.record_name(row.digest, row.place));
            }
        }
        let details = format!(
            "{} older writes reached the server after newer ones of the same record were answered, and overwrote them: {}",
            group.requests.len(),
            records.join(", ")
        );
        if let Some(mut finding) = group.finding(evidence, FindingKind::LateWrite, details) {
            finding.failed = group.count();
            findings.add(finding);
        }
    }
}
