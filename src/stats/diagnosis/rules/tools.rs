//! What rules share: who, filters, and groups of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND, names};
use crate::track::client::transactions::RequestKind;
use crate::wire::ground::text::LossyText;

/// A pause that separates one fault from the next of the same kind: several times the timeouts of clients, so that a call that
/// is tried again after it failed belongs to the first.
pub const EPISODE: i64 = 15 * SECOND;

/// What a request asks for, in words.
#[must_use]
pub fn operation(evidence: &Evidence<'_>, request: &Request) -> String {
    match request.what {
        RequestKind::Message(_) if request.is_batch() && request.writes => "batch write".into(),
        RequestKind::Message(_) if request.is_batch() => "batch read".into(),
        RequestKind::Message(operation) => operation.to_string(),
        RequestKind::Info => format!("info {}", LossyText(evidence.log.names.get(request.name))),
        RequestKind::Security(_) => "security".into(),
        RequestKind::Other => "unread".into(),
    }
}

/// `3 write, 2 get` and how many more kinds.
#[must_use]
pub fn by_operation<'r>(evidence: &Evidence<'_>, requests: impl Iterator<Item = &'r Request>) -> String {
    let mut counts: Vec<(String, u32)> = Vec::new();
    for request in requests {
        let name = match request.what {
            RequestKind::Info => "info".to_string(),
            _ => operation(evidence, request),
        };
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let shown: Vec<String> = counts
        .iter()
        .take(4)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    shown.join(", ") + if counts.len() > 4 { ", …" } else { "" }
}

/// Hosts and services that requests or connections touch.
#[derive(Default)]
pub struct Touched {
    /// Hosts of clients.
    pub clients: BTreeSet<Endpoint>,
    /// Services.
    pub servers: BTreeSet<Endpoint>,
}

impl Touched {
    /// Adds a connection.
    pub fn add(&mut self, connection: &Connection) {
        self.clients.insert(connection.client.host());
        self.servers.insert(connection.server);
    }

    /// `10.0.0.9, 10.0.0.8 (+298) to 10.0.0.1:3000`.
    #[must_use]
    pub fn clients_to_servers(&self) -> String {
        let clients: Vec<_> = self.clients.iter().copied().collect();
        let servers: Vec<_> = self.servers.iter().copied().collect();
        format!("{} to {}", names(&clients), names(&servers))
    }

    /// The services alone.
    #[must_use]
    pub fn servers(&self) -> String {
        let servers: Vec<_> = self.servers.iter().copied().collect();
        names(&servers)
    }

    /// Puts the hosts into a finding, and a filter for them and its times.
    #[must_use]
    pub fn put(&self, evidence: &Evidence<'_>, mut finding: Finding) -> Finding {
        finding.nodes = self.servers.iter().copied().collect();
        finding.clients = self.clients.iter().copied().collect();
        finding.until = finding.until.max(finding.to);
        finding.filter = filter(evidence, &finding);
        finding
    }
}

/// A filter for up to three nodes, up to three clients and the times of a finding.
#[must_use]
pub fn filter(evidence: &Evidence<'_>, finding: &Finding) -> String {
    let mut text = String::new();
    let part = |ends: &[Endpoint], with_port: bool| -> String {
        if ends.is_empty() || ends.len() > 3 {
            return String::new();
        }
        let terms: Vec<String> = ends
            .iter()
            .map(|end| {
                let field = if end.is_v6() { "ipv6.addr" } else { "ip.addr" };
                let host = end.host();
                if with_port && end.port != 0 {
                    format!("({field} == {host} and tcp.port == {})", end.port)
                } else {
                    format!("{field} == {host}")
                }
            })
            .collect();
        if let [one] = terms.as_slice() {
            one.trim_start_matches('(').trim_end_matches(')').to_string()
        } else {
            format!("({})", terms.join(" or "))
        }
    };
    for term in [part(&finding.nodes, true), part(&finding.clients, false)] {
        if !term.is_empty() {
            let _ = write!(text, "{}{term}", if text.is_empty() { "" } else { " and " });
        }
    }
    let (from, to) = (
        evidence.seconds(finding.from - MS),
        evidence.seconds(finding.until.max(finding.to) + MS),
    );
    let _ = write!(
        text,
        "{}frame.time_relative >= {:.3} and frame.time_relative <= {to:.3}",
        if text.is_empty() { "" } else { " and " },
        from.max(0.0)
    );
    text
}

/// What all clients allow a call by default (totalTimeout of C, Java, Go, Python and Node.js: 1000 ms).
pub const DEFAULT_TIMEOUT: i64 = SECOND;
/// One is chance, and so may two be: what happens three times has a reason (a single error of a kind is nothing).
pub const FEW: usize = 3;
/// The server closes what is idle for a minute (proto-fd-idle-ms by default): what is farther apart is on other connections.
pub const MINUTE: i64 = 60 * SECOND;
/// Twice may be two faults; what comes a third time comes again.
const MOST_EPISODES: usize = 2;

/// Requests that belong together, and what they touch.
pub struct Group<'e> {
    /// The requests, in the order in which they were sent.
    pub requests: Vec<&'e Request>,
    /// Who.
    pub touched: Touched,
}

impl<'e> Group<'e> {
    /// Splits requests where nothing was sent for longer than `pause`. What comes back again and again is one thing.
    #[must_use]
    pub fn episodes(evidence: &'e Evidence<'_>, requests: Vec<&'e Request>, pause: i64) -> Vec<Self> {
        let groups = Self::split(evidence, requests, pause);
        if groups.len() <= MOST_EPISODES {
            return groups;
        }
        let requests = groups.into_iter().flat_map(|group| group.requests).collect();
        Self::split(evidence, requests, i64::MAX)
    }

    /// Splits requests where nothing was sent for longer than `pause`.
    #[must_use]
    pub fn split(evidence: &'e Evidence<'_>, mut requests: Vec<&'e Request>, pause: i64) -> Vec<Self> {
        requests.sort_by_key(|request| (request.begun, request.frame));
        let mut groups: Vec<Self> = Vec::new();
        let mut last = i64::MIN;
        for request in requests {
            if groups.is_empty() || request.begun.saturating_sub(last) > pause {
                groups.push(Self {
                    requests: Vec::new(),
                    touched: Touched::default(),
                });
            }
            last = request.begun;
            if let Some(group) = groups.last_mut() {
                group.touched.add(evidence.connection(request));
                group.requests.push(request);
            }
        }
        groups
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.requests.len()).unwrap_or(u32::MAX)
    }

    /// A finding about them: who is `clients to servers`.
    #[must_use]
    pub fn finding(&self, evidence: &Evidence<'_>, kind: FindingKind, details: String) -> Option<Finding> {
        let (first, last) = (self.requests.first()?, self.requests.last()?);
        let until = self.requests.iter().filter_map(|request| over(request)).max();
        let finding = Finding {
            count: self.count(),
            to: last.begun,
            until: until.unwrap_or(last.begun),
            details,
            ..Finding::new(
                kind,
                self.touched.clients_to_servers(),
                (first.begun, first.frame),
            )
        };
        Some(self.touched.put(evidence, finding))
    }
}

/// When a request was over.
#[must_use]
pub fn over(request: &Request) -> Option<i64> {
    request
        .last
        .map(|(time, _)| time)
        .max(request.given_up)
        .max(request.dropped)
}

/// Whether what became of a request can be told: both directions are there, with acknowledgements, without a hole.
#[must_use]
pub fn is_known(evidence: &Evidence<'_>, connection: &Connection, request: &Request) -> bool {
    evidence.is_ours(connection)
        && !connection.is_one_way
        && !request.is_hidden
        && !evidence.is_across_gap(request.begun, over(request).unwrap_or_else(|| evidence.span().1))
}

/// A number as `u32`.
#[must_use]
pub fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Adds a finding about nodes.
pub fn add_about_nodes(
    evidence: &Evidence<'_>,
    mut finding: Finding,
    nodes: Vec<Endpoint>,
    findings: &mut Findings,
) {
    finding.nodes = nodes;
    finding.until = finding.until.max(finding.to);
    finding.filter = filter(evidence, &finding);
    findings.add(finding);
}

/// The connections of each client host of which both directions are there.
#[must_use]
pub fn by_client<'e>(evidence: &'e Evidence<'_>) -> BTreeMap<Endpoint, Vec<&'e Connection>> {
    let mut hosts: BTreeMap<Endpoint, Vec<&Connection>> = BTreeMap::new();
    for connection in evidence
        .connections
        .iter()
        .filter(|connection| connection.is_aerospike && !connection.is_one_way)
    {
        hosts
            .entry(connection.client.host())
            .or_default()
            .push(connection);
    }
    hosts
}
