//! Records that get far more than their share.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, FEW, Touched, count, filter};
use crate::stats::shared::endpoint::{Endpoint, SECOND, names};
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::text::LossyText;

/// Requests on one record within a second from which on it may be called hot: of fewer the next one may have as many by chance
/// (the share decides, which is relative).
const HOT: usize = 50;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::HotKey,
        claim: "One record gets far more than its share of the requests, or so many at once that the server refuses them.",
        evidence: "KEY_BUSY for it, three times or more; or within a second fifty requests and more, a fifth of all and five times those of the next one, among twenty records and more; or more than half of the batches (twenty and more) ask for it, three times as many as for the usual record.",
        silenced: "A handful of requests, or of records.",
        next: "Spread it (several records for one), cache it, or put writes together; transaction-pending-limit says when KEY_BUSY begins.",
    }],
    run,
};

/// What is asked of one record.
#[derive(Default)]
struct Record<'e> {
    requests: Vec<(&'e Connection, &'e Request)>,
    place: u32,
}

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut records: HashMap<u32, Record<'_>> = HashMap::new();
    for (connection, request) in evidence
        .all_requests()
        .filter(|(_, request)| request.single().is_some())
    {
        let rows = &evidence.log.connections[connection.number].rows;
        let Some(row) = rows
            .get(request.rows.0 as usize)
            .filter(|_| request.rows.0 < request.rows.1)
        else {
            continue;
        };
        let record = records.entry(row.digest).or_default();
        record.place = row.place;
        record.requests.push((connection, request));
    }
    let mut said = busy(evidence, &records, findings);
    favourites(evidence, &records, &mut said, findings);
    batches(evidence, &said, findings);
}

/// Records that the server refuses.
fn busy(
    evidence: &Evidence<'_>,
    records: &HashMap<u32, Record<'_>>,
    findings: &mut Findings,
) -> HashSet<u32> {
    let mut said = HashSet::new();
    let mut unknown: Vec<(&Connection, &Request)> = evidence
        .all_requests()
        .filter(|(_, request)| {
            request.result == Some(ResultCode::KEY_BUSY) && request.rows.0 >= request.rows.1
        })
        .collect();
    let mut keys: Vec<u32> = records.keys().copied().collect();
    keys.sort_unstable();
    for digest in keys {
        let Some(record) = records.get(&digest) else {
            continue;
        };
        let mut refused: Vec<(&Connection, &Request)> = record
            .requests
            .iter()
            .copied()
            .filter(|(_, request)| request.result == Some(ResultCode::KEY_BUSY))
            .collect();
        if refused.len() < FEW {
            continue;
        }
        refused.sort_by_key(|(_, request)| (request.begun, request.frame));
        said.insert(digest);
        let who = evidence.record_name(digest, record.place);
        let details = format!(
            "{} of {} requests on this record answered KEY_BUSY: more than transaction-pending-limit wait for it at once; {}",
            refused.len(),
            record.requests.len(),
            tools::by_operation(evidence, refused.iter().map(|(_, request)| *request))
        );
        add(evidence, who, details, &refused, count(refused.len()), findings);
    }
    if unknown.len() >= FEW {
        unknown.sort_by_key(|(_, request)| (request.begun, request.frame));
        let mut places: Vec<String> = unknown
            .iter()
            .map(|(_, request)| LossyText(evidence.log.places.get(request.place)).to_string())
            .collect();
        places.sort();
        places.dedup();
        let details = format!(
            "{} requests answered KEY_BUSY; which record it is was not captured",
            unknown.len()
        );
        add(
            evidence,
            format!("{} (record unknown)", names(&places)),
            details,
            &unknown,
            count(unknown.len()),
            findings,
        );
    }
    said
}

fn add(
    evidence: &Evidence<'_>,
    who: String,
    details: String,
    list: &[(&Connection, &Request)],
    number: u32,
    findings: &mut Findings,
) {
    let (Some((_, first)), Some((_, last))) = (list.first(), list.last()) else {
        return;
    };
    let mut touched = Touched::default();
    for (connection, _) in list {
        touched.add(connection);
    }
    let failed = list
        .iter()
        .filter(|(_, request)| request.result == Some(ResultCode::KEY_BUSY))
        .count();
    let mut finding = Finding {
        count: number,
        to: last.begun,
        until: last.begun + SECOND,
        failed: count(failed),
        details,
        ..Finding::new(FindingKind::HotKey, who, (first.begun, first.frame))
    };
    finding.nodes = touched.servers.iter().copied().collect();
    finding.filter = filter(evidence, &finding);
    findings.add(finding);
}

/// Records with far more requests than others, within a second.
fn favourites(
    evidence: &Evidence<'_>,
    records: &HashMap<u32, Record<'_>>,
    said: &mut HashSet<u32>,
    findings: &mut Findings,
) {
    // Requests of each second: all, records, those of each record.
    let mut seconds: BTreeMap<i64, HashMap<u32, usize>> = BTreeMap::new();
    let start = evidence.span().0;
    for (digest, record) in records {
        for (_, request) in &record.requests {
            *seconds
                .entry((request.begun - start) / SECOND)
                .or_default()
                .entry(*digest)
                .or_default() += 1;
        }
    }
    let mut hot: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    let mut sums: HashMap<i64, usize> = HashMap::new();
    for (second, counts) in &seconds {
        let all: usize = counts.values().sum();
        sums.insert(*second, all);
        let mut order: Vec<(usize, u32)> = counts.iter().map(|(digest, number)| (*number, *digest)).collect();
        order.sort_unstable_by(|one, other| other.cmp(one));
        let (Some((most, digest)), next) = (order.first(), order.get(1).map_or(0, |next| next.0)) else {
            continue;
        };
        if *most >= HOT && most * 5 >= all && *most >= 5 * next && order.len() >= 20 {
            hot.entry(*digest).or_default().push(*second);
        }
    }
    for (digest, seconds) in hot {
        let Some(record) = records.get(&digest).filter(|_| !said.contains(&digest)) else {
            continue;
        };
        let mut list: Vec<(&Connection, &Request)> = record
            .requests
            .iter()
            .copied()
            // They are sorted.
            .filter(|(_, request)| {
                let second = (request.begun - start) / SECOND;
                seconds.binary_search(&second).is_ok()
            })
            .collect();
        list.sort_by_key(|(_, request)| (request.begun, request.frame));
        let all: usize = seconds.iter().filter_map(|second| sums.get(second)).sum();
        said.insert(digest);
        let who = evidence.record_name(digest, record.place);
        let writes = list.iter().filter(|(_, request)| request.writes).count();
        let details = format!(
            "{} of {all} requests in {} seconds are on this record ({writes} writes), five times as many as on the next one; none of them failed by it",
            list.len(),
            seconds.len()
        );
        add(evidence, who, details, &list, count(list.len()), findings);
    }
}

/// Records that stand in most batches.
fn batches(evidence: &Evidence<'_>, said: &HashSet<u32>, findings: &mut Findings) {
    let mut counts: HashMap<u32, (usize, u32)> = HashMap::new();
    let mut list: Vec<(&Connection, &Request)> = Vec::new();
    for (connection, request) in evidence
        .all_requests()
        .filter(|(_, request)| request.is_batch() && request.row_count() >= 10)
    {
        let rows = &evidence.log.connections[connection.number].rows;
        let rows = rows
            .get(request.rows.0 as usize..request.rows.1 as usize)
            .unwrap_or_default();
        let digests: HashMap<u32, u32> = rows.iter().map(|row| (row.digest, row.place)).collect();
        for (digest, place) in digests {
            let entry = counts.entry(digest).or_insert((0, place));
            entry.0 += 1;
        }
        list.push((connection, request));
    }
    let mut usual: Vec<usize> = counts.values().map(|(number, _)| *number).collect();
    usual.sort_unstable();
    // That of a record above nine of ten.
    let Some(high) = usual
        .get(usual.len() * 9 / 10)
        .copied()
        .filter(|_| list.len() >= 20 && usual.len() >= 100)
    else {
        return;
    };
    let mut hot: Vec<(usize, u32, u32)> = counts
        .iter()
        .filter(|(digest, (number, _))| {
            number * 2 >= list.len() && *number >= 3 * high.max(1) && !said.contains(digest)
        })
        .map(|(digest, (number, place))| (*number, *digest, *place))
        .collect();
    hot.sort_unstable_by(|one, other| other.cmp(one));
    let Some((most, _, _)) = hot.first().copied().filter(|_| hot.len() <= 20) else {
        return;
    };
    list.sort_by_key(|(_, request)| (request.begun, request.frame));
    let records: Vec<String> = hot
        .iter()
        .map(|(_, digest, place)| evidence.record_name(*digest, *place))
        .collect();
    let mut touched: Vec<Endpoint> = list.iter().map(|(connection, _)| connection.server).collect();
    touched.sort_unstable();
    touched.dedup();
    let details = format!(
        "{} records stand in {} to {most} of {} batches to {}, nine of ten others in {high} or fewer",
        hot.len(),
        hot.last().map_or(most, |last| last.0),
        list.len(),
        names(&touched)
    );
    add(evidence, names(&records), details, &list, count(most), findings);
}
