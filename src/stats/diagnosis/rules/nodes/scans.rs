//! Scans and queries that slow down what else is asked.

use std::collections::{BTreeMap, HashMap};

use super::servers::{ENOUGH, short};
use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Group, filter, is_known, operation};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND, names};
use crate::wire::ground::text::LossyText;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::HeavyScan,
        claim: "Scans or queries slow down what else is asked.",
        evidence: "While they run, half of the other requests to the same nodes take five times longer than while none runs.",
        silenced: "Fewer than 20 other requests meanwhile.",
        next: "Limit them: records per second (RECS_PER_SEC), fewer threads, another time.",
    }],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let long: Vec<&Request> = evidence
        .all_requests()
        .filter(|(connection, request)| {
            request.is_query()
                && is_known(evidence, connection, request)
                && request
                    .last
                    .is_some_and(|(last, _)| last - request.sent >= 500 * MS)
        })
        .map(|(_, request)| request)
        .collect();
    let groups = Group::split(evidence, long, SECOND);
    // What is usual is what is asked while none of them runs.
    let spans: Vec<(i64, i64)> = groups.iter().map(span).collect();
    let mut others: HashMap<Endpoint, Meanwhile> = HashMap::new();
    let mut usual: HashMap<Vec<Endpoint>, Option<i64>> = HashMap::new();
    let mut eaters: BTreeMap<String, Eater<'_>> = BTreeMap::new();
    for (group, (from, to)) in groups.iter().zip(spans.iter().copied()) {
        let servers: Vec<Endpoint> = group.touched.servers.iter().copied().collect();
        let mut inside: Vec<i64> = Vec::new();
        for server in &servers {
            let times = others
                .entry(*server)
                .or_insert_with(|| Meanwhile::of(evidence, *server));
            inside.extend(times.between(from, to).iter().map(|(_, time)| *time));
        }
        let outside = usual.entry(servers).or_insert_with_key(|servers| {
            let times = servers.iter().filter_map(|server| others.get(server));
            let mut times: Vec<i64> = times.flat_map(|times| times.outside(&spans)).collect();
            percentile(&mut times, 50).filter(|_| times.len() >= ENOUGH)
        });
        let (Some(slow), Some(usual)) = (percentile(&mut inside, 50), *outside) else {
            continue;
        };
        if inside.len() < ENOUGH || slow < 5 * usual || slow - usual < MS {
            continue;
        }
        let eater = eaters.entry(group.touched.clients_to_servers()).or_default();
        eater.requests.extend(&group.requests);
        eater.lost += inside.iter().map(|time| (time - usual).max(0)).sum::<i64>();
        eater.inside.append(&mut inside);
        eater.time += to - from;
        (eater.until, eater.usual) = (to, usual);
    }
    for eater in eaters.into_values() {
        findings.rows.extend(eater.finding(evidence));
    }
}

/// From the first request of a group to the last bytes of an answer.
fn span(group: &Group<'_>) -> (i64, i64) {
    let sent = group.requests.iter().map(|request| request.sent);
    let last = group.requests.iter().filter_map(|request| request.last);
    let from = sent.min().unwrap_or(0);
    (from, last.map(|(last, _)| last).max().unwrap_or(from))
}

/// Short requests to a service in the order in which they were sent: when, and how long each took.
struct Meanwhile(Vec<(i64, i64)>);

impl Meanwhile {
    fn of(evidence: &Evidence<'_>, service: Endpoint) -> Self {
        let all = short(evidence, service).into_iter();
        Self(
            all.filter_map(|(_, request)| Some((request.sent, request.first_time()?)))
                .collect(),
        )
    }

    fn between(&self, from: i64, to: i64) -> &[(i64, i64)] {
        let first = self.0.partition_point(|(sent, _)| *sent < from);
        let last = self.0.partition_point(|(sent, _)| *sent <= to).max(first);
        self.0.get(first..last).unwrap_or_default()
    }

    /// How long those took that were sent in none of those times, which are in the order of their beginning.
    fn outside<'s>(&'s self, spans: &'s [(i64, i64)]) -> impl Iterator<Item = i64> + 's {
        let mut spans = spans.iter().peekable();
        let mut until = i64::MIN;
        self.0.iter().filter_map(move |(sent, time)| {
            while let Some((_, to)) = spans.next_if(|(from, _)| from <= sent) {
                until = until.max(*to);
            }
            (*sent > until).then_some(*time)
        })
    }
}

/// Scans of the same clients at the same nodes that slow down others, be it once or again and again.
#[derive(Default)]
struct Eater<'e> {
    requests: Vec<&'e Request>,
    /// How long the requests beside them took.
    inside: Vec<i64>,
    /// How long they ran.
    time: i64,
    lost: i64,
    until: i64,
    usual: i64,
}

impl Eater<'_> {
    fn finding(mut self, evidence: &Evidence<'_>) -> Option<Finding> {
        let slow = percentile(&mut self.inside, 50)?;
        let sum = |of: fn(&Request) -> u32| -> f64 {
            let all = self.requests.iter().map(|request| f64::from(of(request)));
            all.sum()
        };
        let (bytes, records) = (sum(|request| request.bytes), sum(|request| request.results));
        let seconds = (self.time as f64 / 1e9).max(0.001);
        let place = |request: &&Request| LossyText(evidence.log.places.get(request.place)).to_string();
        let mut places: Vec<String> = self.requests.iter().map(place).collect();
        places.sort();
        places.dedup();
        let what = self
            .requests
            .first()
            .map(|request| operation(evidence, request))?;
        let group = Group::split(evidence, self.requests, i64::MAX).pop()?;
        let details = format!(
            "{} {what} of {} read {:.0} records and {:.0} kB a second; meanwhile the other {} requests to {} take {} (p50) instead of {}",
            group.requests.len(),
            names(&places),
            records / seconds,
            bytes / seconds / 1000.0,
            self.inside.len(),
            group.touched.servers(),
            duration(slow),
            duration(self.usual)
        );
        let mut finding = group.finding(evidence, FindingKind::HeavyScan, details)?;
        finding.who = format!("{} {}", finding.who, names(&places));
        finding.until = self.until;
        // Whoever is slowed down may be any client.
        finding.clients = Vec::new();
        finding.lost = self.lost;
        finding.filter = filter(evidence, &finding);
        Some(finding)
    }
}
