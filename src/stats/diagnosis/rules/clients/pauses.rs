//! Clients that do nothing for a while, or do not read what they asked for.

use std::collections::HashMap;

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, FEW, Group, by_client, count, over};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND};
use crate::track::client::transactions::RequestKind;

/// Requests that are sent again leave within this time of the end of the first try.
const AT_ONCE: i64 = 20 * MS;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::NotReading,
            claim: "Answers arrived at the client and it did not read them.",
            evidence: "The whole answer was acknowledged by the client's TCP, and then the client closed the connection and asked the same again on another, or closed it long after.",
            silenced: "Holes; cut packets, where requests cannot be compared.",
            next: "The client's CPU, garbage collection, event loops that are blocked by listeners.",
        },
        About {
            kind: FindingKind::ClientPaused,
            claim: "The client did nothing at all for a while.",
            evidence: "It sent no data on any connection, not even the info requests that it sends at regular times, while answers came and its TCP acknowledged them; or it closed several connections with unread answers right after a silence of all of them.",
            silenced: "A gap in time; one direction only; silence in which its info requests go on.",
            next: "Garbage collection, a suspended process or machine, CPU limits of a container (throttling).",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let unread = find_unread(evidence);
    find_pauses(evidence, &unread, findings);
    for group in Group::episodes(evidence, unread, 15 * SECOND) {
        // One or two may be the program's own will.
        if group.requests.len() < FEW {
            continue;
        }
        let details = format!(
            "{} answers were acknowledged by the client's TCP and not read: the client closed the connection later and asked again",
            group.requests.len()
        );
        if let Some(mut finding) = group.finding(evidence, FindingKind::NotReading, details) {
            finding.failed = group.count();
            findings.add(finding);
        }
    }
}

/// Requests whose answers were delivered, and which were asked again on another connection when theirs was closed.
fn find_unread<'e>(evidence: &'e Evidence<'_>) -> Vec<&'e Request> {
    let mut alike: HashMap<(Endpoint, u64), Vec<&Request>> = HashMap::new();
    for (connection, request) in evidence.all_requests() {
        if request.fingerprint != 0 && matches!(request.what, RequestKind::Message(_)) {
            alike
                .entry((connection.client.host(), request.fingerprint))
                .or_default()
                .push(request);
        }
    }
    for list in alike.values_mut() {
        list.sort_by_key(|request| request.begun);
    }
    // Whether the same was asked on another connection, at once before or after a time.
    let is_asked = |last: &Request, client: Endpoint, at: i64| {
        let list = alike
            .get(&(client, last.fingerprint))
            .map_or(&[][..], Vec::as_slice);
        let first = list.partition_point(|other| other.begun < at - AT_ONCE);
        let near = list.get(first..).unwrap_or_default().iter();
        near.take_while(|other| other.begun <= at + AT_ONCE)
            .any(|other| other.connection != last.connection && other.begun > last.begun)
    };
    let mut unread = Vec::new();
    let mut chance = 0;
    for connection in evidence
        .connections
        .iter()
        .filter(|connection| connection.is_aerospike && !connection.is_one_way)
    {
        let (Some(last), Some((closed, _))) = (
            evidence.requests_of(connection).last(),
            connection.closed_by_client(),
        ) else {
            continue;
        };
        let (Some(delivered), Some((answered, _))) = (last.delivered, last.last) else {
            continue;
        };
        let waited = closed - answered;
        if !last.is_complete
            || delivered > closed
            || waited < 30 * MS
            || last.fingerprint == 0
            || last.is_hidden
            || evidence.is_across_gap(answered, closed)
        {
            continue;
        }
        let again = is_asked(last, connection.client.host(), closed);
        // Its own timeout has passed at that time, or nearly: who asks the same by chance did not wait for it.
        let waited = closed - last.sent;
        let is_due = last.allowed_time().map_or(waited <= 10 * SECOND, |allowed| {
            waited * 20 >= allowed * 19 && waited <= 3 * allowed
        });
        if again && is_due {
            unread.push(last);
        }
        // Who asks the same as often at other times does it by chance.
        let is_chance = |shift: i64| is_asked(last, connection.client.host(), closed + shift * AT_ONCE);
        chance += usize::from(is_due && (3..6).chain(-5..-2).any(is_chance));
    }
    if unread.len() <= chance {
        unread.clear();
    }
    unread
}

fn find_pauses(evidence: &Evidence<'_>, unread: &[&Request], findings: &mut Findings) {
    for (host, connections) in by_client(evidence) {
        let mut sent: Vec<(i64, u32)> = connections
            .iter()
            .flat_map(|connection| evidence.requests_of(connection))
            .map(|request| (request.begun, request.frame))
            .collect();
        // Whoever opens or closes connections does something.
        for connection in &connections {
            sent.extend(connection.handshake.syns.iter().copied());
            sent.extend(connection.of_client.fin);
            sent.extend(connection.of_client.rst);
        }
        sent.sort_unstable();
        let mut tends: Vec<i64> = connections
            .iter()
            .flat_map(|connection| evidence.requests_of(connection))
            .filter(|request| request.what == RequestKind::Info)
            .map(|request| request.begun)
            .collect();
        tends.sort_unstable();
        let steps: Vec<i64> = tends
            .windows(2)
            .filter_map(|two| Some(two.get(1)? - two.first()?))
            .filter(|step| *step >= 200 * MS)
            .collect();
        // Requests for information that a program makes itself come when it likes.
        let is_regular = |tend: &i64| {
            let near = steps.iter().filter(|step| (*step - tend).abs() * 5 <= *tend);
            steps.len() >= 3 && near.count() * 4 >= steps.len() * 3
        };
        let tend = percentile(&mut steps.clone(), 50).filter(is_regular);
        // A person at a shell asks for information only, and when he likes.
        let works = connections
            .iter()
            .flat_map(|connection| evidence.requests_of(connection))
            .any(|request| matches!(request.what, RequestKind::Message(_)));
        // However often it pauses, it is one thing.
        let (mut found, mut silences) = (None, Vec::new());
        let (mut is_missing, mut answered, mut received) = (false, 0, 0);
        for two in sent.windows(2) {
            let [(from, frame), (to, _)] = two else { continue };
            let silence = to - from;
            if silence < 500 * MS || evidence.is_across_gap(*from, *to) {
                continue;
            }
            let missing = tend.is_some_and(|tend| silence * 10 >= tend * 18);
            let had_tends = tends.partition_point(|time| time <= from) >= 2
                && tends.partition_point(|time| time < to) < tends.len();
            let closed_unread = unread
                .iter()
                .filter(|request| {
                    evidence.connection(request).client.host() == host
                        && request.begun <= *from
                        && evidence
                            .connection(request)
                            .closed_by_client()
                            .is_some_and(|(closed, _)| closed >= *to - MS && closed <= to + SECOND)
                })
                .count();
            let is_busy =
                between_sent(&sent, from - SECOND, *from) >= 10 && between_sent(&sent, *to, to + SECOND) >= 5;
            // Most silences are nothing: looked at no further.
            if !(is_busy && works && missing && had_tends) && closed_unread < 2 {
                continue;
            }
            // Answers came and were acknowledged by its TCP meanwhile.
            let open: Vec<(&Connection, &Request)> = connections
                .iter()
                .filter_map(|connection| {
                    // The latest of each connection.
                    let its = evidence.requests_of(connection);
                    let before = its.partition_point(|request| request.begun <= *from);
                    Some((*connection, its.get(before.checked_sub(1)?)?))
                })
                .filter(|(_, request)| {
                    request.begun <= *from
                        && request
                            .last
                            .is_some_and(|(last, _)| last > *from - 200 * MS && last < *to)
                        && over(request).is_some_and(|over| over > from - 200 * MS)
                })
                .collect();
            let acknowledged = open
                .iter()
                .filter(|(_, request)| {
                    request
                        .delivered
                        .is_some_and(|at| at > from - 200 * MS && at < *to)
                })
                .count();
            // Whoever waits until its timeout is silent for so long, and no longer.
            let allowed = open
                .iter()
                .filter_map(|(_, request)| request.allowed_time())
                .max()
                .unwrap_or(0);
            let is_waiting = silence <= allowed * 3 / 2;
            let is_paused = !is_waiting
                && (is_busy && works && acknowledged > 0 && missing && had_tends
                    || closed_unread >= 2 && closed_unread * 2 >= open.len());
            if !is_paused {
                continue;
            }
            let finding = found.get_or_insert_with(|| Finding {
                count: 0,
                is_root: true,
                clients: vec![host],
                ..Finding::new(FindingKind::ClientPaused, host.to_string(), (*from, *frame))
            });
            finding.count += count(open.len().max(1));
            (finding.to, finding.until) = (*from, to + SECOND);
            finding.failed += count(closed_unread);
            finding.lost += silence;
            silences.push(silence);
            is_missing |= missing;
            answered += open.len();
            received += acknowledged;
        }
        let Some(mut finding) = found else { continue };
        let (least, most) = (percentile(&mut silences, 0), percentile(&mut silences, 100));
        finding.details = format!(
            "sent nothing on any of its {} connections for {}{}, while {answered} answers came and its TCP acknowledged {received} of them",
            connections.len(),
            match (least, most) {
                (Some(least), Some(most)) if silences.len() > 1 => format!(
                    "{} to {}, {} times",
                    duration(least),
                    duration(most),
                    silences.len()
                ),
                _ => duration(finding.lost),
            },
            tend.filter(|_| is_missing)
                .map_or_else(String::new, |tend| format!(
                    " (info requests, one each {} before, are missing, too)",
                    duration(tend)
                )),
        );
        finding.filter = tools::filter(evidence, &finding);
        findings.add(finding);
    }
}

fn between_sent(sent: &[(i64, u32)], from: i64, to: i64) -> usize {
    let first = sent.partition_point(|(time, _)| *time < from);
    let last = sent.partition_point(|(time, _)| *time < to);
    last.saturating_sub(first)
}
