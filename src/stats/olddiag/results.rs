//! What the answers say: hot keys, namespaces that refuse writes, errors of applications.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::maps::Maps;
use super::segment::{names, End};
use crate::wire::client::digest::LENGTH;
use crate::wire::client::result_code::{ResultCode, Weight};
use crate::wire::ground::text::{Hex, Text};

/// Findings whose operations and the like are counted.
const COUNTED: usize = 2_000;
/// Clients and servers of a finding that are known.
const CLIENTS: usize = 100;

/// What became of one record.
pub struct Outcome<'a> {
    /// When the answer came.
    pub time: i64,
    /// Its frame.
    pub frame: u32,
    /// Who asked.
    pub client: End,
    /// Who answered.
    pub server: End,
    /// Of the record.
    pub namespace: &'a [u8],
    /// Of the record.
    pub set: &'a [u8],
    /// The record, where it is known.
    pub digest: Option<[u8; LENGTH]>,
    /// Its user key, where it is known, as text.
    pub key: Option<String>,
    /// What was asked, in words.
    pub operation: String,
    /// Whether that can change the record.
    pub writes: bool,
    /// What became of it.
    pub result: ResultCode,
}

/// What is counted beside the findings.
#[derive(Default)]
pub struct Results {
    /// Requests of hot keys since they were found so.
    hot: HashMap<[u8; LENGTH], (u32, Vec<End>)>,
    /// Operations of a finding.
    operations: HashMap<usize, Vec<(String, u32)>>,
    /// Namespaces that refused writes: writes that they did since, who asked, and who refused.
    refusing: HashMap<Vec<u8>, Refusing>,
}

#[derive(Default)]
struct Refusing {
    done: u32,
    clients: Vec<End>,
    servers: Vec<End>,
}

fn hint(result: ResultCode) -> &'static str {
    match result {
        ResultCode::NAMESPACE => ": no such namespace: a typing error, or the wrong cluster",
        ResultCode::RECORD_TOO_BIG => ": over the namespace's max-record-size (write-block-size)",
        ResultCode::BIN_NAME => ": a bin name of more than 15 characters",
        ResultCode::PARAMETER => ": a request that contradicts itself: a broken client",
        ResultCode::TIMEOUT => ": the server gave up, often waiting for a replica or the device",
        ResultCode::FORBIDDEN => ": a TTL where nsup-period is 0 is the usual cause; also stop-writes, or an operation that the configuration forbids",
        ResultCode::OUT_OF_SPACE => ": memory or device is full (stop-writes)",
        ResultCode::DEVICE_OVERLOAD => ": the device's write queue is full",
        ResultCode::UNAVAILABLE => ": the partition is not available: nodes are missing, or the client's partition map is stale",
        ResultCode::CLUSTER_KEY_MISMATCH => ": the cluster changed meanwhile",
        ResultCode::SEC_ERR_NOT_AUTHENTICATED => ": the client has not logged in",
        _ => "",
    }
}

/// Whether the server or its cluster has the trouble, and not who asks.
const fn is_of_server(result: ResultCode) -> bool {
    matches!(
        result,
        ResultCode::UNKNOWN
            | ResultCode::TIMEOUT
            | ResultCode::OUT_OF_SPACE
            | ResultCode::DEVICE_OVERLOAD
            | ResultCode::CLUSTER_KEY_MISMATCH
            | ResultCode::BATCH_QUEUES_FULL
            | ResultCode::QUERY_QUEUE_FULL
            | ResultCode::QUERY_TIMEOUT
    )
}

impl Results {
    /// Takes the answer for a record.
    pub fn outcome(&mut self, outcome: &Outcome<'_>, maps: &mut Maps, findings: &mut Findings) {
        if outcome.result == ResultCode::OK {
            maps.done(outcome, findings);
        }
        if let Some((requests, _)) = outcome.digest.and_then(|digest| self.hot.get_mut(&digest)) {
            *requests += 1;
        }
        match outcome.result {
            ResultCode::OK if outcome.writes && !self.refusing.is_empty() => {
                if let Some(refusing) = self.refusing.get_mut(outcome.namespace) {
                    refusing.done += 1;
                }
            }
            ResultCode::KEY_BUSY | ResultCode::XDR_KEY_BUSY => self.busy(outcome, findings),
            ResultCode::OUT_OF_SPACE
            | ResultCode::DEVICE_OVERLOAD
            | ResultCode::FORBIDDEN
            | ResultCode::ALWAYS_FORBIDDEN
                if outcome.writes =>
            {
                self.refused(outcome, findings);
            }
            ResultCode::UNAVAILABLE => {
                if let Some(id) = self.error(Kind::ServerErrors, outcome, findings) {
                    maps.unavailable(outcome, id);
                }
            }
            result if is_of_server(result) => {
                self.error(Kind::ServerErrors, outcome, findings);
            }
            result if result.weight() == Weight::Warning => {
                self.error(Kind::Errors, outcome, findings);
            }
            _ => {}
        }
    }

    fn busy(&mut self, outcome: &Outcome<'_>, findings: &mut Findings) {
        let digest = outcome.digest.unwrap_or_default();
        let place = place(outcome);
        let name = outcome
            .key
            .as_ref()
            .map_or(String::new(), |key| format!(" key {key}"));
        let key = Key {
            kind: Kind::HotKey,
            ends: Default::default(),
            more: [outcome.namespace, &digest].concat(),
        };
        let made = || Finding {
            who: format!("{place} {}", Hex(&digest)),
            ..finding(Kind::HotKey, outcome)
        };
        let Some(finding) = findings.count(key, outcome.time, made) else {
            return;
        };
        if self.hot.len() >= COUNTED && !self.hot.contains_key(&digest) {
            return;
        }
        let (requests, clients) = self.hot.entry(digest).or_insert((1, Vec::new()));
        let client = outcome.client.host();
        if clients.len() < CLIENTS && !clients.contains(&client) {
            clients.push(client);
        }
        finding.details = format!(
            "{}{name}: more requests at a time than transaction-pending-limit; of {requests} requests, by {}",
            outcome.result,
            names(clients)
        );
    }

    fn refused(&mut self, outcome: &Outcome<'_>, findings: &mut Findings) {
        let key = Key {
            kind: Kind::RefusedWrites,
            ends: Default::default(),
            more: [&[outcome.result.0], outcome.namespace].concat(),
        };
        let made = || finding(Kind::RefusedWrites, outcome);
        let Some(finding) = findings.count(key, outcome.time, made) else {
            return;
        };
        if self.refusing.len() >= COUNTED && !self.refusing.contains_key(outcome.namespace) {
            return;
        }
        let refusing = self.refusing.entry(outcome.namespace.to_vec()).or_default();
        let Refusing {
            done,
            clients,
            servers,
        } = refusing;
        for (list, end) in [(&mut *clients, outcome.client), (servers, outcome.server)] {
            if list.len() < CLIENTS && !list.contains(&end.host()) {
                list.push(end.host());
            }
        }
        finding.who = format!("namespace {}, {}", Text(outcome.namespace), names(clients));
        let others = match done {
            0 => String::new(),
            done => format!("; {done} other writes were done meanwhile"),
        };
        finding.details = format!(
            "{}{}; by {}{others}",
            outcome.result,
            hint(outcome.result),
            names(servers)
        );
    }

    fn error(&mut self, kind: Kind, outcome: &Outcome<'_>, findings: &mut Findings) -> Option<usize> {
        let place = place(outcome);
        let client = outcome.client.host();
        let ends = match kind {
            Kind::Errors => (client, End::default()),
            _ => (client, outcome.server),
        };
        let key = Key {
            kind,
            ends,
            more: [&[outcome.result.0], place.as_bytes()].concat(),
        };
        let made = || Finding {
            who: match kind {
                Kind::Errors => format!("{client}, {place}"),
                _ => format!("{client} to {}, {place}", outcome.server),
            },
            ..finding(kind, outcome)
        };
        let (id, finding) = findings.at(key, made)?;
        finding.count += 1;
        finding.to = outcome.time;
        if finding.kind != kind {
            // It turned out to be something else, which has its own words.
            return Some(id);
        }
        if self.operations.len() >= COUNTED && !self.operations.contains_key(&id) {
            return Some(id);
        }
        let operations = self.operations.entry(id).or_default();
        let has_room = operations.len() < 8;
        match operations.iter_mut().find(|(name, _)| *name == outcome.operation) {
            Some((_, count)) => *count += 1,
            None if has_room => operations.push((outcome.operation.clone(), 1)),
            None => {}
        }
        let named: Vec<String> = operations
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        finding.details = format!(
            "{} ({}){}",
            outcome.result,
            named.join(", "),
            hint(outcome.result)
        );
        Some(id)
    }
}

fn place(outcome: &Outcome<'_>) -> String {
    match (outcome.namespace, outcome.set) {
        ([], _) => String::from("no namespace"),
        (namespace, []) => Text(namespace).to_string(),
        (namespace, set) => format!("{}/{}", Text(namespace), Text(set)),
    }
}

fn finding(kind: Kind, outcome: &Outcome<'_>) -> Finding {
    Finding::new(kind, String::new(), (outcome.time, outcome.frame), outcome.time)
}
