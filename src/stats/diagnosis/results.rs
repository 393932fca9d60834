//! What the answers say: hot keys, namespaces that refuse writes, errors of applications.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::End;
use crate::wire::digest::LENGTH;
use crate::wire::result_code::{ResultCode, Weight};
use crate::wire::text::{Hex, Text};

/// Findings whose operations and the like are counted.
const COUNTED: usize = 2_000;

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
    /// Namespaces that refused writes: writes that they did since, and who asked.
    refusing: HashMap<Vec<u8>, (u32, Vec<End>)>,
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

impl Results {
    /// Takes the answer for a record.
    pub fn outcome(&mut self, outcome: &Outcome<'_>, findings: &mut Findings) {
        if let Some((requests, _)) = outcome.digest.and_then(|digest| self.hot.get_mut(&digest)) {
            *requests += 1;
        }
        match outcome.result {
            ResultCode::OK if outcome.writes && !self.refusing.is_empty() => {
                if let Some((done, _)) = self.refusing.get_mut(outcome.namespace) {
                    *done += 1;
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
            result if result.weight() == Weight::Warning => self.error(outcome, findings),
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
        if clients.len() < 4 && !clients.contains(&client) {
            clients.push(client);
        }
        let clients: Vec<String> = clients.iter().map(End::to_string).collect();
        finding.details = format!(
            "{}{name}: more requests at a time than transaction-pending-limit; of {requests} requests, by {}",
            outcome.result,
            clients.join(", ")
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
        let (done, clients) = self.refusing.entry(outcome.namespace.to_vec()).or_default();
        let client = outcome.client.host();
        if clients.len() < 4 && !clients.contains(&client) {
            clients.push(client);
        }
        let clients: Vec<String> = clients.iter().map(End::to_string).collect();
        finding.who = format!("namespace {}, {}", Text(outcome.namespace), clients.join(", "));
        let others = match done {
            0 => String::new(),
            done => format!("; {done} other writes were done meanwhile"),
        };
        finding.details = format!("{}{}{others}", outcome.result, hint(outcome.result));
    }

    fn error(&mut self, outcome: &Outcome<'_>, findings: &mut Findings) {
        let place = place(outcome);
        let key = Key {
            kind: Kind::Errors,
            ends: (outcome.client.host(), End::default()),
            more: [&[outcome.result.0], place.as_bytes()].concat(),
        };
        let made = || Finding {
            who: format!("{}, {place}", outcome.client.host()),
            ..finding(Kind::Errors, outcome)
        };
        let Some((id, finding)) = findings.at(key, made) else {
            return;
        };
        finding.count += 1;
        finding.to = outcome.time;
        if self.operations.len() >= COUNTED && !self.operations.contains_key(&id) {
            return;
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
    Finding {
        kind,
        who: String::new(),
        from: outcome.time,
        to: outcome.time,
        count: 0,
        frame: outcome.frame,
        details: String::new(),
    }
}
