//! Requests that were not answered in time, those sent again, and what became of their writes.
//!
//! Longer than 500 lines: the parts of one judgement on a call that ran out of time.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::tools::{FEW, Group, Touched, by_operation, is_known, over};
use super::{About, Rule};
use crate::stats::diagnosis::endpoint::{Endpoint, MS, SECOND};
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, Findings, Kind};
use crate::track::transactions::RequestKind;
use crate::wire::client::result_code::ResultCode;

/// A pause that separates one fault from the next of the same kind: several times the timeouts of clients, so that a call that
/// is tried again after it failed belongs to the first.
const EPISODE: i64 = 15 * SECOND;
/// Clients send again within this time of closing the first try's connection (Java, Go, C: about 10 ms).
const AT_ONCE: i64 = 12 * MS;
/// Before the FIN is seen, the retry may be.
const BEFORE: i64 = 3 * MS;
/// Where the first try's connection is not closed, they send again within this time of the request's own timeout.
const AFTER_TIMEOUT: i64 = 60 * MS;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: Kind::ClientTimeouts,
            claim: "Requests were not answered within what they allow, or the client gave them up.",
            evidence: "The client closed the connection (FIN or RST) while the request was open; or the answer came later than the request's own timeout; or the server answered TIMEOUT; or the timeout passed in the capture and nothing came.",
            silenced: "Connections in one direction; holes in the capture around the request; a gap in time across it.",
            next: "Read its cause, if it has one. Without one compare what is allowed with what is needed (both are in the details).",
        },
        About {
            kind: Kind::Retries,
            claim: "The client sent requests again.",
            evidence: "The same request (timeout apart) of the same client on another connection, within 12 ms of the end of the first try's connection; or, where that stays open and is not used, within 60 ms of the request's own timeout; or, three times and more, after the same pause each time, within the request's own timeout after that had passed. More of them than chance brings: the same requests as often at other times after the first ones are none.",
            silenced: "Packets that are cut: what cannot be compared is no retry. Requests that are merely alike: two threads, or the same key read again.",
            next: "Retries are an effect: look at what made the first try fail. Writes that are not idempotent should not be sent again.",
        },
        About {
            kind: Kind::DuplicateWrite,
            claim: "A change that is not idempotent was applied more than once.",
            evidence: "A retry in the sense above, and two tries of it answered OK, also after the client's FIN.",
            silenced: "What silences Retries. A try that ends with RST and no answer was not applied.",
            next: "Set maxRetries 0 for such writes, or make them idempotent (operations with a generation, a list of done ids).",
        },
        About {
            kind: Kind::WritesInDoubt,
            claim: "The client does not know whether these writes were applied.",
            evidence: "The client gave up while they were open, or the server said TIMEOUT; no later try of them is seen. Rows of batches count one each.",
            silenced: "What silences Client timeouts.",
            next: "Read the records (the first digests are in the details) before writing again.",
        },
        About {
            kind: Kind::LateWrite,
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
    let Some(allowed) = request.allowed() else {
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
    let tries = Tries::of(evidence);
    retries(evidence, &tries, findings);
    duplicates(evidence, &tries, findings);
    doubts(evidence, &tries, &late, findings);
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
        .map(|request| match (request.given_up, request.allowed()) {
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
    if let Some(mut finding) = group.finding(evidence, Kind::ClientTimeouts, details) {
        finding.failed = group.count();
        findings.add(finding);
    }
}

/// A request that failed, the next one that is the same, and the pause between.
type Pause<'e> = (&'e Request, &'e Request, i64);

/// Which request is a try of which.
struct Tries<'e> {
    /// Each retry with the try before it.
    pairs: Vec<(&'e Request, &'e Request)>,
    /// Requests that were tried again, by frame and connection.
    again: HashSet<(u32, u32)>,
}

const fn name(request: &Request) -> (u32, u32) {
    (request.connection, request.end)
}

impl<'e> Tries<'e> {
    fn of(evidence: &'e Evidence<'_>) -> Self {
        let mut alike: HashMap<(Endpoint, u64), Vec<&'e Request>> = HashMap::new();
        for (connection, request) in evidence.all_requests() {
            let is_one = request.fingerprint != 0
                && matches!(request.what, RequestKind::Message(_))
                && is_known(evidence, connection, request);
            if is_one {
                let key = (connection.client.host(), content(evidence, request));
                alike.entry(key).or_default().push(request);
            }
        }
        let mut pairs = Vec::new();
        let mut again = HashSet::new();
        let mut chance = 0;
        for requests in alike.values_mut().filter(|requests| requests.len() > 1) {
            requests.sort_by_key(|request| request.begun);
            for (index, request) in requests.iter().enumerate().skip(1) {
                let from = index.saturating_sub(64);
                let before = requests.get(from..index).unwrap_or_default();
                let first = before.iter().rev().find(|first| {
                    first.connection != request.connection
                        && !again.contains(&name(first))
                        && is_again(first, request)
                });
                if let Some(first) = first {
                    again.insert(name(first));
                    pairs.push((*first, *request));
                }
                if first.is_none() {
                    let by_chance = |first: &&&Request| {
                        first.connection != request.connection
                            && (2..5).any(|shift| is_by_chance(first, request, shift))
                    };
                    chance += before.iter().filter(by_chance).count();
                }
            }
        }
        pairs.extend(delayed(&alike, &again));
        again.extend(pairs.iter().map(|(first, _)| name(first)));
        // Three windows of chance for one of reason.
        let failed = evidence
            .all_requests()
            .filter(|(connection, request)| {
                request.fingerprint != 0
                    && is_known(evidence, connection, request)
                    && fails_at(request).is_some()
            })
            .count();
        // Where nearly all that failed was let be, one or two that look alike may be chance.
        if pairs.len() * 3 <= chance * 2 || pairs.len() < FEW && pairs.len() * 10 < failed {
            pairs.clear();
            again.clear();
        }
        pairs.sort_by_key(|(_, request)| (request.begun, request.frame));
        Self { pairs, again }
    }
}

/// What a request is told by: a batch by its records, since a later try asks for what is left in another order.
fn content(_: &Evidence<'_>, request: &Request) -> u64 {
    request.fingerprint
}

/// Whether `later` is a try of what `first` asked, after `first` had failed.
fn is_again(first: &Request, later: &Request) -> bool {
    if first.after_fin.is_some()
        && first.given_up.is_none()
        && first
            .dropped
            .is_some_and(|dropped| later.begun - dropped > 5 * MS)
    {
        return false;
    }
    let (end, within) = match fails_at(first) {
        Some(end) => end,
        None => return false,
    };
    later.begun > first.begun && later.begun >= end - BEFORE && later.begun <= end + within
}

/// When a first try fails, and how soon after that it is sent again.
fn fails_at(first: &Request) -> Option<(i64, i64)> {
    // Whoever closes in the midst of a scan has enough of it.
    if first.is_query() && first.first.is_some() {
        return None;
    }
    let passed = first
        .allowed()
        .map(|allowed| first.sent + allowed)
        .filter(|passed| first.first.is_none_or(|(time, _)| time > *passed));
    match (first.given_up, first.dropped, passed) {
        (Some(given_up), _, passed) if passed.is_none_or(|passed| given_up <= passed + AT_ONCE) => {
            Some((given_up, AT_ONCE))
        }
        (None, Some(dropped), passed) if passed.is_none_or(|passed| dropped <= passed) => {
            Some((dropped, AT_ONCE / 4))
        }
        (_, _, Some(passed)) => Some((passed, AFTER_TIMEOUT)),
        (Some(given_up), _, None) => Some((given_up, AT_ONCE)),
        _ => None,
    }
}

/// Retries that wait first (`sleepBetweenRetries`): the first try's own timeout passed, and the same request follows within
/// that time again, always after the same pause. Who asks the same after the same pause when all is well has a habit.
fn delayed<'e>(
    alike: &HashMap<(Endpoint, u64), Vec<&'e Request>>,
    again: &HashSet<(u32, u32)>,
) -> Vec<(&'e Request, &'e Request)> {
    let mut hosts: BTreeMap<Endpoint, (Vec<Pause<'e>>, Vec<i64>, usize)> = BTreeMap::new();
    for ((client, _), requests) in alike {
        let (found, habits, failed) = hosts.entry(*client).or_default();
        let mut when_well = Vec::new();
        let failed_before = *failed;
        for (index, first) in requests.iter().enumerate() {
            if again.contains(&name(first)) {
                continue;
            }
            let end = fails_at(first).map(|(end, _)| end);
            let next = requests
                .get(index + 1..)
                .unwrap_or_default()
                .iter()
                .take(64)
                .find(|later| later.begun > end.or(over(first)).unwrap_or(first.sent));
            let Some(end) = end else {
                when_well.extend(next.zip(over(first)).map(|(next, over)| next.begun - over));
                continue;
            };
            let Some(allowed) = first
                .allowed()
                .filter(|allowed| end - first.sent >= allowed * 9 / 10)
            else {
                continue;
            };
            *failed += 1;
            if let Some(next) =
                next.filter(|next| next.connection != first.connection && next.begun <= end + allowed)
            {
                found.push((*first, *next, next.begun - end));
            }
        }
        // What never fails shows nothing of those that do.
        if *failed > failed_before {
            habits.extend(when_well);
        }
    }
    let mut pairs = Vec::new();
    for (found, habits, failed) in hosts.into_values() {
        let mut pauses: Vec<i64> = found.iter().map(|(_, _, pause)| *pause).collect();
        let Some(usual) = percentile(&mut pauses, 50).filter(|_| found.len() >= 3) else {
            continue;
        };
        let is_usual = |pause: i64| (pause - usual).abs() <= AT_ONCE;
        let same = pauses.iter().filter(|pause| is_usual(**pause)).count();
        let by_habit = habits.iter().filter(|pause| is_usual(**pause)).count();
        if same * 5 >= pauses.len() * 4 && same * 2 >= failed && by_habit * failed * 2 <= same * habits.len()
        {
            let its = found.iter().filter(|(_, _, pause)| is_usual(*pause));
            pairs.extend(its.map(|(first, next, _)| (*first, *next)));
        }
    }
    pairs
}

/// The same request at another time, for which there is no reason: how often chance brings one.
fn is_by_chance(first: &Request, later: &Request, shift: i64) -> bool {
    fails_at(first).is_some_and(|(end, within)| {
        let end = end + shift * (within + BEFORE);
        later.begun > first.begun && later.begun >= end - BEFORE && later.begun <= end + within
    })
}

fn retries(evidence: &Evidence<'_>, tries: &Tries<'_>, findings: &mut Findings) {
    let again: Vec<&Request> = tries.pairs.iter().map(|(_, request)| *request).collect();
    let firsts: HashMap<(u32, u32), &Request> = tries
        .pairs
        .iter()
        .map(|(first, request)| (name(request), *first))
        .collect();
    for group in Group::episodes(evidence, again, EPISODE) {
        let mut touched = Touched::default();
        let mut waits = Vec::new();
        let mut succeeded = 0;
        let mut first_frame = 0;
        for request in &group.requests {
            succeeded += u32::from(
                request.is_complete && request.given_up.is_none() && request.result == Some(ResultCode::OK),
            );
            if let Some(first) = firsts.get(&name(request)) {
                touched.add(evidence.connection(first));
                waits.push(request.begun - first.begun);
                if first_frame == 0 {
                    first_frame = first.frame;
                }
            }
        }
        let wait = percentile(&mut waits, 50).map_or_else(String::new, duration);
        let details = format!(
            "{} requests sent again on another connection, {wait} after the try before (median); {succeeded} of them answered OK; {}; the first one's first try is frame {first_frame}",
            group.requests.len(),
            by_operation(evidence, group.requests.iter().copied()),
        );
        if let Some(finding) = group.finding(evidence, Kind::Retries, details) {
            let finding = Finding {
                who: touched.clients_to_servers(),
                ..finding
            };
            findings.add(touched.put(evidence, finding));
        }
    }
}

fn is_applied(request: &Request) -> bool {
    request.is_complete && request.result == Some(ResultCode::OK)
}

fn duplicates(evidence: &Evidence<'_>, tries: &Tries<'_>, findings: &mut Findings) {
    let before: HashMap<(u32, u32), &Request> = tries
        .pairs
        .iter()
        .map(|(first, request)| (name(request), *first))
        .collect();
    let mut found: HashMap<(Endpoint, u32), Finding> = HashMap::new();
    for (_, request) in tries
        .pairs
        .iter()
        .filter(|(_, request)| request.counts_twice && is_applied(request))
    {
        // Any try before it that was applied, too.
        let mut first = before.get(&name(request)).copied();
        while let Some(earlier) = first.filter(|earlier| !is_applied(earlier)) {
            first = before.get(&name(earlier)).copied();
        }
        let Some(first) = first else { continue };
        let connection = evidence.connection(request);
        let row = evidence.log.connections[connection.number]
            .rows
            .get(request.rows.0 as usize);
        let digest = row.map_or(0, |row| row.digest);
        let finding = found
            .entry((connection.client.host(), digest))
            .or_insert_with(|| {
                let record = row.map_or_else(String::new, |row| {
                    format!(" {}", evidence.record_name(row.digest, row.place))
                });
                let mut finding = Finding::new(
                    Kind::DuplicateWrite,
                    format!("{}{record}", connection.client.host()),
                    (first.begun, first.frame),
                );
                (finding.count, finding.nodes, finding.clients) =
                    (0, vec![connection.server], vec![connection.client.host()]);
                finding
            });
        finding.count += 1;
        finding.failed += 1;
        finding.to = request.begun;
        finding.until = over(request).unwrap_or(request.begun);
    }
    for (_, mut finding) in found {
        finding.details = format!(
            "applied {} times more than it was meant: a try that was answered OK was followed by another that was, too",
            finding.count
        );
        finding.filter = super::tools::filter(evidence, &finding);
        findings.add(finding);
    }
}

fn doubts(evidence: &Evidence<'_>, tries: &Tries<'_>, late: &[&Request], findings: &mut Findings) {
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
            || tries.again.contains(&name(request))
            || request.after_fin.is_some()
        {
            return false;
        }
        let is_unanswered = request.given_up.is_some()
            || request.result == Some(ResultCode::TIMEOUT)
            || request
                .allowed()
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
        if let Some(mut finding) = group.finding(evidence, Kind::WritesInDoubt, details) {
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
        if let Some(mut finding) = group.finding(evidence, Kind::LateWrite, details) {
            finding.failed = group.count();
            findings.add(finding);
        }
    }
}
