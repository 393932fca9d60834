//! Servers that answer nobody for a while.

use std::collections::{BTreeMap, HashSet};

use super::servers::short;
use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::evidence::statistics::{duration, percentile, percentile_of_sorted};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::log::cluster::Wait;
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, DEFAULT_TIMEOUT, Touched, count};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND, names};

/// Shorter silence is a scheduler's: a time slice of Linux under load is 24 ms at most (sched_latency of eight processors).
const LEAST_STALL: i64 = 25 * MS;
/// A replica that takes half of what clients allow by default leaves none of it for a second try.
const LEAST_WAIT: i64 = DEFAULT_TIMEOUT / 2;
/// The longest delayed acknowledgement: 200 ms (RFC 1122 allows 500 ms, Linux and Windows take 200 ms at most), and the path.
const DELAYED_ACK: i64 = 250 * MS;
/// So many connections that wait at once do so for one reason: a pool's one or two may each have met a slow record.
const MANY: usize = 5;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[About {
        kind: FindingKind::StalledServer,
        claim: "A node acknowledged requests and answered nobody for a while.",
        evidence: "At least two connections waited for requests on single records that the node's TCP had acknowledged, no byte of data came from the node, that lasted ten times longer than nine of ten answers of the node take, and all answers followed when it ended. Requests failed by it, or it lasted for a second (what clients allow by default), or five connections and more waited for longer than TCP's own timers (250 ms). Between nodes: three requests over fabric and more that wait for half a second and ten times the usual.",
        silenced: "One direction only; packets missing on these connections; no acknowledgements in the capture; a gap in time. Where several nodes are known, writes alone prove nothing (they may wait for another node), nor does a time in which the others are as slow.",
        next: "Look at that node at that time: its log (`hb`, `slow`), its disks, swap, whether the process was stopped or the machine was paused.",
    }],
    run,
};

/// Short requests to a service, in the order in which they were sent.
type ServiceRequests<'e> = Vec<(&'e Connection, &'e Request)>;

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    if evidence.capture.is_data_only {
        return;
    }
    let mut services: Vec<Endpoint> = evidence.services.iter().copied().collect();
    services.sort_unstable();
    let asked: Vec<(Endpoint, ServiceRequests<'_>)> = services
        .iter()
        .map(|service| (*service, short(evidence, *service)))
        .collect();
    for (service, requests) in &asked {
        stalls(evidence, *service, requests, &asked, findings);
    }
    replicas(evidence, findings);
}

/// Nodes that let other nodes wait: they acknowledge what is asked over fabric, and answer nobody.
fn replicas(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut by_node: BTreeMap<Endpoint, Vec<&Wait>> = BTreeMap::new();
    for wait in &evidence.log.cluster.waits {
        by_node.entry(wait.to).or_default().push(wait);
    }
    // Where answers may not have been read, only those that came late count.
    let is_clean = evidence.log.cut.0 == 0
        && !evidence.connections.iter().any(|connection| {
            connection.is_internode
                && (connection.has_holes() || connection.swapped.0 > 0 || connection.is_one_way)
        });
    let end = evidence.span().1;
    let is_gone = |node: Endpoint, from: i64, findings: &Findings| {
        findings.rows.iter().any(|row| {
            matches!(
                row.kind,
                FindingKind::NodeStopped
                    | FindingKind::Unreachable
                    | FindingKind::FabricBlocked
                    | FindingKind::StalledServer
            ) && row.nodes.iter().any(|other| other.host() == node)
                && row.from <= from + SECOND
                && from <= row.until + SECOND
        })
    };
    for (node, waits) in by_node {
        let mut usual: Vec<i64> = waits
            .iter()
            .filter_map(|wait| Some(wait.answered? - wait.time))
            .collect();
        let base = percentile(&mut usual, 50).unwrap_or(0);
        // Of a node that answered once; what is not answered by the end of the capture may still be.
        let least = if base >= LEAST_WAIT {
            LEAST_WAIT
        } else {
            LEAST_WAIT.max(10 * base)
        };
        let late: Vec<&Wait> = waits
            .iter()
            .copied()
            .filter(|wait| {
                (is_clean || wait.answered.is_some())
                    && wait.answered.unwrap_or(end) - wait.time >= least
                    && !evidence.is_across_gap(wait.time, wait.answered.unwrap_or(end))
            })
            .collect();
        let (Some(first), Some(last)) = (late.first(), late.last()) else {
            continue;
        };
        // Its TCP goes on: nothing of what it was sent was sent again in vain.
        let is_lost = evidence.connections.iter().any(|connection| {
            connection.is_internode
                && (connection.client.host() == node || connection.server.host() == node)
                && connection.resent.iter().any(|resent| {
                    resent.acknowledged.is_none()
                        && resent.again >= first.time - SECOND
                        && resent.again <= last.time + SECOND
                })
        });
        if late.len() < 3
            || usual.is_empty() && late.len() < 5
            || is_lost
            || is_gone(node, first.time, findings)
        {
            continue;
        }
        let mut askers: Vec<Endpoint> = late.iter().map(|wait| wait.from).collect();
        askers.sort_unstable();
        askers.dedup();
        let until = late
            .iter()
            .map(|wait| wait.answered.unwrap_or(end))
            .max()
            .unwrap_or(last.time);
        let longest = late
            .iter()
            .map(|wait| wait.answered.unwrap_or(end) - wait.time)
            .max()
            .unwrap_or(0);
        let mut finding = Finding {
            count: count(late.len()),
            to: last.time,
            until,
            lost: longest,
            failed: count(late.iter().filter(|wait| wait.answered.is_none()).count()),
            details: format!(
                "lets {} requests of {} over fabric wait for up to {}, though its TCP acknowledges them{}",
                late.len(),
                names(&askers),
                duration(longest),
                if base < least {
                    format!(" (usual: {})", duration(base))
                } else {
                    String::new()
                }
            ),
            ..Finding::new(
                FindingKind::StalledServer,
                node.to_string(),
                (first.time, first.frame),
            )
        };
        finding.nodes = vec![node];
        finding.filter = tools::filter(evidence, &finding);
        findings.add(finding);
    }
}

fn stalls(
    evidence: &Evidence<'_>,
    service: Endpoint,
    requests: &[(&Connection, &Request)],
    all: &[(Endpoint, ServiceRequests<'_>)],
    findings: &mut Findings,
) {
    let mut usual: Vec<i64> = requests
        .iter()
        .filter_map(|(_, request)| request.first_time())
        .collect();
    let Some(base) = percentile(&mut usual, 90).filter(|_| usual.len() >= 5) else {
        return;
    };
    // Where half of the time is a stall, the median is still that of answers.
    let base = base.min(20 * percentile(&mut usual, 50).unwrap_or(base));
    let least = LEAST_STALL.max(10 * base);
    let has_peers = evidence.services.len() > 1;
    let answers = evidence.answers.get(&service).map_or(&[][..], Vec::as_slice);
    let end = evidence.span().1;
    let silent = answers
        .windows(2)
        .filter_map(|two| match two {
            [from, to] => Some((*from, *to)),
            _ => None,
        })
        .chain(answers.last().map(|last| (*last, end)));
    let mut found: Vec<Silence<'_>> = Vec::new();
    for (from, to) in silent.filter(|(from, to)| to - from >= least) {
        let silence = Silence::of(requests, from, to, base);
        if silence.is_stall(least, has_peers, end)
            && !(has_peers && are_peers_slow(all, service, silence.begin, to))
        {
            found.push(silence);
        }
    }
    // Those that did not wait for it tell what is usual.
    let waited: HashSet<(u32, u32)> = found
        .iter()
        .flat_map(|silence| &silence.waiting)
        .map(|(_, request)| (request.connection, request.end))
        .collect();
    let mut rest: Vec<i64> = requests
        .iter()
        .filter(|(_, request)| !waited.contains(&(request.connection, request.end)))
        .filter_map(|(_, request)| request.first_time())
        .collect();
    let high = percentile(&mut rest, 99).unwrap_or(0);
    found.retain(|silence| silence.to - silence.begin >= 3 * high);
    let mut total: Vec<&Request> = Vec::new();
    let mut touched = Touched::default();
    let mut silences: Vec<i64> = Vec::new();
    let mut until = 0;
    for silence in &found {
        silences.push(silence.to - silence.begin);
        until = until.max(silence.to);
        for (connection, request) in &silence.waiting {
            touched.add(connection);
            // Who asked at its very end hardly waited.
            if fails(request) || silence.to - request.sent >= least {
                total.push(request);
            }
        }
    }
    total.sort_by_key(|request| request.sent);
    total.dedup_by_key(|request| (request.connection, request.end));
    let (Some(first), Some(last)) = (total.first(), total.last()) else {
        return;
    };
    let longest = silences.iter().copied().max().unwrap_or(0);
    let shortest = silences.iter().copied().min().unwrap_or(0);
    let usual = percentile_of_sorted(&usual, 50).unwrap_or(0);
    let times = if silences.len() == 1 {
        format!("answered nobody for {}", duration(longest))
    } else {
        format!(
            "answered nobody {} times, for {} to {}",
            silences.len(),
            duration(shortest),
            duration(longest)
        )
    };
    let clients: Vec<Endpoint> = touched.clients.iter().copied().collect();
    let details = format!(
        "{times}, while {} requests of {} waited that its TCP had acknowledged (usual: {})",
        total.len(),
        names(&clients),
        duration(usual)
    );
    let finding = Finding {
        count: count(total.len()),
        to: last.sent,
        until,
        details,
        lost: silences.iter().sum(),
        failed: count(total.iter().filter(|request| request.given_up.is_some()).count()),
        ..Finding::new(
            FindingKind::StalledServer,
            service.to_string(),
            (first.sent, first.frame),
        )
    };
    findings.add(touched.put(evidence, finding));
}

/// A stretch of time in which no data came from a service, and who waited.
struct Silence<'e> {
    begin: i64,
    to: i64,
    waiting: Vec<(&'e Connection, &'e Request)>,
}

/// Whether its client waited in vain.
fn fails(request: &Request) -> bool {
    let needed = request.first_time();
    request.given_up.is_some()
        || request
            .allowed_time()
            .is_some_and(|allowed| needed.is_none_or(|needed| needed > allowed))
}

impl<'e> Silence<'e> {
    /// Who waited for a service that said nothing between two times, and else answers within `usual`.
    fn of(requests: &[(&'e Connection, &'e Request)], from: i64, to: i64, usual: i64) -> Self {
        let first = requests.partition_point(|(_, request)| request.sent < from - SECOND);
        let last = requests.partition_point(|(_, request)| request.sent < to);
        let near = requests.get(first..last).unwrap_or_default();
        // Who asked before others that were answered then does not wait for the node.
        let served = near
            .iter()
            .filter(|(_, request)| request.first.is_some_and(|(time, _)| time <= from))
            .map(|(_, request)| request.sent - usual)
            .max();
        let waiting: Vec<(&Connection, &Request)> = near
            .iter()
            .filter(|(_, request)| {
                let within = DELAYED_ACK.min((to - request.sent) / 2);
                served.is_none_or(|served| request.sent >= served)
                    && request.first.is_none_or(|(time, _)| time >= to)
                    && request.resent == 0
                    && request.acknowledged.is_some_and(|at| {
                        at < to
                            && at - request.sent <= within
                            && request.first.is_none_or(|(time, _)| at < time)
                    })
                    && request.given_up.is_none_or(|closed| closed > from)
                    && request.dropped.is_none_or(|closed| closed > from)
            })
            .copied()
            .collect();
        let begin = waiting
            .iter()
            .map(|(_, request)| request.sent)
            .min()
            .unwrap_or(to);
        // It lasts as long as anybody waits.
        let over = waiting.iter().map(|(_, request)| match request.first {
            Some(_) => to,
            None => request.given_up.or(request.dropped).unwrap_or(to),
        });
        let to = over.max().unwrap_or(to).min(to);
        Self { begin, to, waiting }
    }

    fn is_stall(&self, least: i64, has_peers: bool, end: i64) -> bool {
        let length = self.to - self.begin;
        let connections: HashSet<u32> = self
            .waiting
            .iter()
            .filter(|(_, request)| self.to - request.sent >= least)
            .map(|(_, request)| request.connection)
            .collect();
        let readers: HashSet<u32> = self
            .waiting
            .iter()
            .filter(|(_, request)| !request.writes)
            .map(|(_, request)| request.connection)
            .collect();
        // It closes its connections then: it stops, and does not stall.
        let is_stop = self.waiting.iter().all(|(_, request)| request.dropped.is_some());
        // The first answer ends it: all others follow at once. Who waits on waits for something else.
        let soon = self.to + (length / 10).max(5 * MS);
        let late = self
            .waiting
            .iter()
            .filter(|(_, request)| {
                self.to < end
                    && request.first.is_none_or(|(time, _)| time > soon)
                    && request.given_up.is_none_or(|closed| closed > soon)
                    && request.dropped.is_none_or(|closed| closed > soon)
            })
            .count();
        // Somebody failed by it or would have by default, or many waited longer than TCP's own timers.
        let failed = self.waiting.iter().filter(|(_, request)| fails(request)).count();
        let is_serious =
            failed > 0 || length >= DEFAULT_TIMEOUT || length >= DELAYED_ACK && connections.len() >= MANY;
        connections.len() >= 2
            && length >= least
            && (!has_peers || readers.len() >= 2)
            && !is_stop
            && is_serious
            && late * 10 <= self.waiting.len()
    }
}

/// Whether reads at other nodes that were asked meanwhile had to wait as well.
fn are_peers_slow(all: &[(Endpoint, ServiceRequests<'_>)], service: Endpoint, from: i64, to: i64) -> bool {
    let (mut asked, mut slow) = (0, 0);
    let quarter = (to - from) / 4;
    for (_, requests) in all.iter().filter(|(peer, _)| *peer != service) {
        let first = requests.partition_point(|(_, request)| request.sent < from - quarter);
        let meanwhile = requests.get(first..).unwrap_or_default().iter();
        for (_, request) in meanwhile.take_while(|(_, request)| request.sent <= to - quarter) {
            if request.writes || request.resent > 0 {
                continue;
            }
            asked += 1;
            let waited = request.first.map_or(to, |(time, _)| time) - request.sent;
            slow += i32::from(waited * 4 > to - from);
        }
    }
    asked > 0 && slow * 2 >= asked
}
