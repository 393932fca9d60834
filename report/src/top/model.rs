//! What `aerospike-top` counts, in memory that does not grow with time.

use std::collections::{HashMap, VecDeque};

use super::fields::Packet;
use crate::histogram::Coarse;

/// Records that are kept; of more, those that were asked for least are let go.
const RECORDS: usize = 100_000;
/// Nodes and operations that are kept.
const NODES: usize = 2_000;
/// Findings that are listed.
const FINDINGS: usize = 200;
/// Seconds of which rates are made.
pub const WINDOW: usize = 10;

/// Counts of the last seconds, by second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Recent {
    /// The second of the newest place.
    second: i64,
    counts: [u32; WINDOW],
}

impl Recent {
    fn add(&mut self, second: i64, count: u32) {
        self.turn_to(second);
        let place = second.rem_euclid(WINDOW as i64) as usize;
        // What comes late, in a capture that is out of order, counts as of now.
        let place = if second < self.second {
            self.second.rem_euclid(WINDOW as i64) as usize
        } else {
            place
        };
        self.counts[place] = self.counts[place].saturating_add(count);
    }

    fn turn_to(&mut self, second: i64) {
        if second <= self.second {
            return;
        }
        if second - self.second >= WINDOW as i64 {
            self.counts = [0; WINDOW];
        } else {
            for passed in self.second + 1..=second {
                self.counts[passed.rem_euclid(WINDOW as i64) as usize] = 0;
            }
        }
        self.second = second;
    }

    fn sum(mut self, now: i64) -> u64 {
        self.turn_to(now);
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }
}

/// A record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Its namespace.
    pub namespace: String,
    /// Its set.
    pub set: String,
    /// Its key, if it was seen.
    pub key: String,
    /// The node that was asked for it last.
    pub node: String,
    /// Since the start.
    pub requests: u64,
    /// Since the start.
    pub answers: u64,
    /// Since the start.
    pub errors: u64,
    /// Of its messages, or its share of a batch, since the start.
    pub bytes: u64,
    recent: Recent,
    recent_bytes: Recent,
}

/// A node's answers to an operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Since the start.
    pub requests: u64,
    /// Since the start.
    pub errors: u64,
    /// Since the start: answers later than the client allows, as far as is seen.
    pub timeouts: u64,
    /// Of the last two windows: what is in the first of them is forgotten at the end of the second.
    times: [Coarse; 2],
    /// Since the start.
    pub all: Coarse,
    since: i64,
    recent: Recent,
}

impl Node {
    /// A percentile in milliseconds, if there were answers.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let mut times = self.times[0].clone();
        times.merge(&self.times[1]);
        times.quantile(share).map(crate::grid::millis)
    }
}

/// A thing that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// When, in nanoseconds since 1970, and in which frame; the first time.
    pub first: (i64, u64),
    /// What.
    pub name: &'static str,
    /// Client and node.
    pub who: (String, String),
    /// How often.
    pub count: u64,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// By namespace and digest.
    pub records: HashMap<(String, String), Record>,
    /// By node and operation.
    pub nodes: HashMap<(String, String), Node>,
    /// The newest last.
    pub found: VecDeque<Found>,
    /// Messages about records, packets that told something, segments that the capture lacks.
    pub requests: u64,
    /// Packets.
    pub packets: u64,
    /// Segments that the capture lacks, at least.
    pub missing: u64,
    /// Records that were let go.
    pub forgotten: u64,
    /// The first and the newest packet, in nanoseconds since 1970.
    pub times: Option<(i64, i64)>,
    operations: HashMap<u32, String>,
}

impl Model {
    /// An empty one, with the plugin's names of operations.
    #[must_use]
    pub fn new(operations: HashMap<u32, String>) -> Self {
        Self {
            operations,
            ..Self::default()
        }
    }

    /// Counts a packet.
    pub fn add(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.missing += packet.missing;
        let (first, newest) = self.times.unwrap_or((packet.at, packet.at));
        self.times = Some((first.min(packet.at), newest.max(packet.at)));
        self.find(packet);
        let second = packet.at.div_euclid(1_000_000_000);
        self.add_to_node(packet, second);
        let share = packet.bytes / packet.records.len().max(1) as u64;
        // Records of scans and queries were asked for by nobody, as in the plugin's report.
        let operation = packet
            .operation
            .and_then(|operation| self.operations.get(&operation));
        let is_stream = operation.is_some_and(|name| matches!(name.as_str(), "scan" | "query" | "aggregate"));
        for touched in packet.records.iter().filter(|_| !is_stream) {
            let key = (touched.namespace.to_owned(), touched.digest.to_owned());
            let record = self.records.entry(key).or_default();
            if packet.is_request {
                record.requests += 1;
                record.recent.add(second, 1);
                self.requests += 1;
                record.node.clone_from(&packet.node);
            } else {
                record.answers += 1;
                record.errors += u64::from(touched.is_error);
            }
            record.bytes += share;
            record
                .recent_bytes
                .add(second, u32::try_from(share).unwrap_or(u32::MAX));
            if record.namespace.is_empty() {
                touched.namespace.clone_into(&mut record.namespace);
                touched.set.clone_into(&mut record.set);
            }
            if record.key.is_empty() {
                touched.key.clone_into(&mut record.key);
            }
        }
        if self.records.len() > RECORDS {
            self.let_go();
        }
    }

    fn add_to_node(&mut self, packet: &Packet<'_>, second: i64) {
        let Some(operation) = packet.operation else { return };
        let name = self
            .operations
            .get(&operation)
            .cloned()
            .unwrap_or_else(|| operation.to_string());
        let key = (packet.node.clone(), name);
        if self.nodes.len() >= NODES && !self.nodes.contains_key(&key) {
            return;
        }
        let node = self.nodes.entry(key).or_default();
        if packet.is_request {
            node.requests += 1;
            node.recent.add(second, 1);
        }
        node.errors += packet.records.iter().filter(|record| record.is_error).count() as u64;
        node.timeouts += packet
            .findings
            .iter()
            .filter(|name| **name == "Timed out")
            .count() as u64;
        if second - node.since >= WINDOW as i64 {
            node.since = second;
            let [_, newer] = std::mem::take(&mut node.times);
            node.times[0] = newer;
        }
        for time in &packet.times {
            node.times[1].add(*time);
            node.all.add(*time);
        }
    }

    fn find(&mut self, packet: &Packet<'_>) {
        for name in &packet.findings {
            let who = (packet.client.to_owned(), packet.node.clone());
            match self
                .found
                .iter_mut()
                .find(|found| found.name == *name && found.who == who)
            {
                Some(found) => found.count += 1,
                None => {
                    if self.found.len() >= FINDINGS {
                        self.found.pop_front();
                    }
                    self.found.push_back(Found {
                        first: (packet.at, packet.frame),
                        name,
                        who,
                        count: 1,
                    });
                }
            }
        }
    }

    /// Keeps the half that was asked for more.
    fn let_go(&mut self) {
        let mut requests: Vec<u64> = self.records.values().map(|record| record.requests).collect();
        let (_, median, _) = requests.select_nth_unstable(RECORDS / 2);
        let median = *median;
        let hotter = self
            .records
            .values()
            .filter(|record| record.requests > median)
            .count();
        let mut room = (RECORDS / 2).saturating_sub(hotter);
        let before = self.records.len();
        self.records.retain(|_, record| {
            let is_as_hot = record.requests == median && room > 0;
            room -= usize::from(is_as_hot);
            is_as_hot || record.requests > median
        });
        self.forgotten += (before - self.records.len()) as u64;
    }

    /// Seconds since the first packet.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.times
            .map_or(0.0, |(first, newest)| (newest - first) as f64 / 1e9)
    }

    /// The second that is now in the capture.
    fn now(&self) -> i64 {
        self.times
            .map_or(0, |(_, newest)| newest.div_euclid(1_000_000_000))
    }

    /// What a rate is divided by: the window, or what there is of it.
    fn window(&self) -> f64 {
        self.length().clamp(1.0, WINDOW as f64)
    }

    /// Requests of a record a second, of late, and bytes.
    #[must_use]
    pub fn rates(&self, record: &Record) -> (f64, f64) {
        let (now, window) = (self.now(), self.window());
        (
            record.recent.sum(now) as f64 / window,
            record.recent_bytes.sum(now) as f64 / window,
        )
    }

    /// Requests of a node and operation a second, of late.
    #[must_use]
    pub fn rate(&self, node: &Node) -> f64 {
        node.recent.sum(self.now()) as f64 / self.window()
    }
}

/// What the records are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Requests of late.
    #[default]
    Requests,
    /// Bytes of late.
    Bytes,
    /// Bytes of a message.
    Size,
    /// Errors since the start.
    Errors,
    /// Requests since the start.
    Total,
}

/// What is shown: all that contain each word, in namespace, set, key, digest or node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(pub String);

impl Filter {
    fn has(&self, texts: &[&str]) -> bool {
        self.0
            .split_whitespace()
            .all(|word| texts.iter().any(|text| text.contains(word)))
    }

    /// Whether a record passes.
    #[must_use]
    pub fn passes(&self, digest: &str, record: &Record) -> bool {
        self.has(&[&record.namespace, &record.set, &record.key, digest, &record.node])
    }

    /// Whether a node passes: a word that is none of its own may be a record's.
    #[must_use]
    pub fn passes_node(&self, node: &str) -> bool {
        self.0
            .split_whitespace()
            .filter(|word| word.contains([':', '.']))
            .all(|word| node.contains(word))
    }
}

impl Model {
    /// The first records in that order, with their digests.
    #[must_use]
    pub fn top(&self, sort: Sort, filter: &Filter, count: usize) -> Vec<(&str, &Record)> {
        let weight = |record: &Record| match sort {
            Sort::Requests => self.rates(record).0,
            Sort::Bytes => self.rates(record).1,
            Sort::Size => record.bytes as f64 / (record.requests + record.answers).max(1) as f64,
            Sort::Errors => record.errors as f64,
            Sort::Total => record.requests as f64,
        };
        let passing = self
            .records
            .iter()
            .filter(|((_, digest), record)| filter.passes(digest, record));
        let mut all: Vec<(f64, &str, &Record)> = passing
            .map(|((_, digest), record)| (weight(record), digest.as_str(), record))
            .collect();
        all.sort_by(|one, other| {
            // What is as hot now: by all requests, then by name, so that rows do not jump.
            (other.0.total_cmp(&one.0))
                .then(other.2.requests.cmp(&one.2.requests))
                .then(one.1.cmp(other.1))
        });
        all.into_iter()
            .take(count)
            .map(|(_, digest, record)| (digest, record))
            .collect()
    }

    /// Nodes and operations by name.
    #[must_use]
    pub fn by_node(&self, filter: &Filter) -> Vec<(&(String, String), &Node)> {
        let mut all: Vec<_> = self
            .nodes
            .iter()
            .filter(|((node, _), _)| filter.passes_node(node))
            .collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::Touched;
    use super::*;

    fn packet<'p>(at_ms: i64, digest: &'p str, is_request: bool) -> Packet<'p> {
        Packet {
            at: at_ms * 1_000_000,
            node: "n:3000".to_owned(),
            client: "c",
            is_request,
            operation: Some(17),
            records: vec![Touched {
                namespace: "test",
                digest,
                is_error: !is_request && digest == "bad",
                ..Touched::default()
            }],
            times: if is_request { Vec::new() } else { vec![2_000_000] },
            bytes: 100,
            ..Packet::default()
        }
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let mut model = Model::default();
        for at in (0..60_000).step_by(100) {
            model.add(&packet(at, if at < 30_000 { "early" } else { "late" }, true));
        }
        let top = |sort| model.top(sort, &Filter::default(), 1)[0].0;
        assert_eq!((top(Sort::Requests), top(Sort::Total)), ("late", "early"));
        let rate = |digest: &str| model.rates(&model.records[&("test".to_owned(), digest.to_owned())]);
        assert!(
            (rate("late").0 - 10.0).abs() < 0.2 && (rate("late").1 - 1000.0).abs() < 20.0,
            "{:?}",
            rate("late")
        );
        assert_eq!(rate("early").0, 0.0);
    }

    #[test]
    fn nodes_have_percentiles_and_errors() {
        let mut model = Model::new(HashMap::from([(17, "get".to_owned())]));
        for at in 0..50 {
            model.add(&packet(at, "good", true));
            model.add(&packet(at, if at < 5 { "bad" } else { "good" }, false));
        }
        let (name, node) = model.by_node(&Filter::default())[0];
        assert_eq!((name.1.as_str(), node.requests, node.errors), ("get", 50, 5));
        assert!((node.percentile(0.99).unwrap() - 2.0).abs() < 0.05);
        assert_eq!(model.top(Sort::Errors, &Filter::default(), 1)[0].0, "bad");
    }

    #[test]
    fn filters_take_words() {
        let mut model = Model::default();
        model.add(&packet(0, "aa", true));
        let count = |words: &str| model.top(Sort::Requests, &Filter(words.to_owned()), 9).len();
        assert_eq!(["test", "n:3000 aa", "other", "test bb"].map(count), [1, 1, 0, 0]);
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_counted() {
        let mut model = Model::default();
        for _ in 0..3 {
            model.add(&packet(0, "hot", true));
        }
        for number in 0..=RECORDS {
            model.add(&packet(1, &format!("{number:x}x"), true));
        }
        assert!(model.records.len() <= RECORDS && model.forgotten > 0);
        assert_eq!(model.top(Sort::Total, &Filter::default(), 1)[0].0, "hot");
    }

    #[test]
    fn a_finding_is_listed_once() {
        let mut model = Model::default();
        for at in 0..3 {
            model.add(&Packet {
                findings: vec!["Retry"],
                ..packet(at, "aa", true)
            });
        }
        assert_eq!((model.found.len(), model.found[0].count), (1, 3));
    }
}
