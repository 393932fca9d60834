//! Requests that are sent again: which request is a try of which, and writes that were applied more than once by it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::tools::{
    self, EPISODE, FEW, Group, Touched, by_operation, is_known, over,
};
use crate::stats::shared::endpoint::{Endpoint, MS};
use crate::track::client::transactions::RequestKind;
use crate::wire::client::message::result_code::ResultCode;

/// Clients send again within this time of closing the first try's connection (Java, Go, C: about 10 ms).
const AT_ONCE: i64 = 12 * MS;
/// Before the FIN is seen, the retry may be.
const BEFORE: i64 = 3 * MS;
/// Where the first try's connection is not closed, they send again within this time of the request's own timeout.
const AFTER_TIMEOUT: i64 = 60 * MS;

/// A request that failed, the next one that is the same, and the pause between.
type Pause<'e> = (&'e Request, &'e Request, i64);

/// Which request is a retry of which.
pub struct Retries<'e> {
    /// Each retry with the attempt before it.
    pub pairs: Vec<(&'e Request, &'e Request)>,
    /// Requests that were tried again, by frame and connection.
    pub again: HashSet<(u32, u32)>,
}

/// What tells a request from the others.
pub const fn name(request: &Request) -> (u32, u32) {
    (request.connection, request.end)
}

impl<'e> Retries<'e> {
    /// Those of the capture.
    pub fn of(evidence: &'e Evidence<'_>) -> Self {
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
        pairs.extend(find_delayed(&alike, &again));
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
        .allowed_time()
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
fn find_delayed<'e>(
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
                .allowed_time()
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

/// Finds calls that were sent again.
pub fn find_retries(evidence: &Evidence<'_>, retries: &Retries<'_>, findings: &mut Findings) {
    let again: Vec<&Request> = retries.pairs.iter().map(|(_, request)| *request).collect();
    let firsts: HashMap<(u32, u32), &Request> = retries
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
        if let Some(finding) = group.finding(evidence, FindingKind::Retries, details) {
            let finding = Finding {
                who: touched.clients_to_servers(),
                ..finding
            };
            findings.add(touched.put(evidence, finding));
        }
    }
}

/// The server did it.
pub fn is_applied(request: &Request) -> bool {
    request.is_complete && request.result == Some(ResultCode::OK)
}

/// Finds writes that were applied more than once.
pub fn find_duplicates(evidence: &Evidence<'_>, retries: &Retries<'_>, findings: &mut Findings) {
    let before: HashMap<(u32, u32), &Request> = retries
        .pairs
        .iter()
        .map(|(first, request)| (name(request), *first))
        .collect();
    let mut found: HashMap<(Endpoint, u32), Finding> = HashMap::new();
    for (_, request) in retries
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
                    FindingKind::DuplicateWrite,
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
        finding.filter = tools::filter(evidence, &finding);
        findings.add(finding);
    }
}
