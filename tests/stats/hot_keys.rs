//! The hot key report, against what was done.

use std::collections::{BTreeMap, HashMap};

use aerospike::wire::client::fields::digest::compute;
use aerospike::wire::client::fields::key::UserKey;
use aerospike::wire::ground::text::Hex;
use aerospike::wire::values::particle::ParticleType;

use crate::common::{captures, fields};
use crate::report::{HotKey, HotKeys};

fn digest(set: &str, key: &str) -> String {
    let key = UserKey {
        kind: ParticleType::STRING,
        value: key.as_bytes(),
    };
    Hex(&compute(set.as_bytes(), &key)).to_string()
}

fn by_digest(keys: &[HotKey]) -> HashMap<&str, &HotKey> {
    let map: HashMap<&str, &HotKey> = keys.iter().map(|key| (key.digest.as_str(), key)).collect();
    assert_eq!(map.len(), keys.len(), "a key has two rows");
    map
}

/// Reads and writes of each key, from the lists of both clients.
fn zipf_truth() -> BTreeMap<String, (u64, u64)> {
    let text = captures::ops_text("hot-keys-zipf").expect("the operations list");
    let mut truth = BTreeMap::new();
    for client in serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>() {
        let client = client.expect("JSON");
        for (what, count) in client["counts"].as_object().expect("counts") {
            let (operation, key) = what.split_once(' ').expect("operation and key");
            let of: &mut (u64, u64) = truth.entry(key.to_string()).or_default();
            let count = count.as_u64().expect("a number");
            match operation {
                "get" | "exists" | "select" => of.0 += count,
                _ => of.1 += count,
            }
        }
    }
    truth
}

fn check_zipf(report: &HotKeys) {
    let truth = zipf_truth();
    assert_eq!(report.keys.len(), truth.len());
    let keys = by_digest(&report.keys);
    for (name, (reads, writes)) in &truth {
        let key = keys[digest("hot", name).as_str()];
        assert_eq!((key.reads, key.writes), (*reads, *writes), "{name}");
        assert_eq!((key.requests, key.delta), (reads + writes, 0), "{name}");
        assert_eq!((key.namespace.as_str(), key.set.as_str()), ("test", "hot"));
        // One client sends keys with its writes, the other never does.
        assert!(
            key.key.is_empty() || key.key == format!("{name:?}"),
            "{name} is shown as {}",
            key.key
        );
    }
    let named = report.keys.iter().filter(|key| !key.key.is_empty()).count();
    assert!(named >= 40, "only {named} keys are named");
    report.check_sums();
}

#[test]
fn two_clients_on_fifty_keys() {
    check_zipf(&HotKeys::on("hot-keys-zipf", "", &[]));
    check_zipf(&HotKeys::on("hot-keys-zipf", "", &["-2"]));
    check_zipf(&HotKeys::on(
        "hot-keys-zipf",
        "aerospike || tcp.flags.syn == 1",
        &[],
    ));
}

#[test]
fn a_filter_counts_the_frames_that_pass() {
    for capture in ["hot-keys-zipf", "batch-all"] {
        let whole = HotKeys::on(capture, "", &[]);
        let asked = HotKeys::on(capture, "aerospike.request", &[]);
        let answered = HotKeys::on(capture, "aerospike.response", &["-2"]);
        asked.check_sums();
        let (asked, answered) = (by_digest(&asked.keys), by_digest(&answered.keys));
        for key in &whole.keys {
            let (asked, answered) = (asked[key.digest.as_str()], answered[key.digest.as_str()]);
            assert_eq!((asked.requests, asked.responses), (key.requests, 0));
            assert_eq!((asked.reads, asked.writes), (key.reads, key.writes));
            assert_eq!((answered.requests, answered.responses), (0, key.responses));
            assert_eq!(
                (answered.errors, answered.mean, answered.max),
                (key.errors, key.mean, key.max)
            );
            assert_eq!(answered.key, key.key);
        }
    }
}

#[test]
fn rows_of_batches() {
    let path = captures::file("scenarios/hot-batch.counts.json").expect("the counts");
    let text = std::fs::read_to_string(path).expect("the counts");
    let truth: HashMap<String, u64> = serde_json::from_str(&text).expect("JSON");
    let only_batches = "aerospike.batch.count || aerospike.batch.index";
    let report = HotKeys::on("scenarios/hot-batch", only_batches, &[]);
    assert_eq!(report.keys.len(), truth.len());
    for key in &report.keys {
        assert_eq!((truth[&key.digest], key.delta), (key.requests, 0), "{key:?}");
        assert_eq!(key.writes, 0);
    }
    report.check_sums();
    // And 40 gets, each of another key.
    let whole = HotKeys::on("scenarios/hot-batch", "", &[]);
    let more: u64 = whole
        .keys
        .iter()
        .map(|key| key.requests - truth[&key.digest])
        .inspect(|more| assert!(*more < 2))
        .sum();
    assert_eq!((more, whole.all.delta), (40, 0));
}

/// Requests by digest, from the packets one by one.
fn shown(capture: &str) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    let names = ["aerospike.operation", "aerospike.digest"];
    for row in fields::columns(capture, &[], "aerospike.request", &names) {
        // Scans that go on name digests, too.
        if row[0]
            .iter()
            .any(|operation| matches!(operation.as_str(), "3" | "4" | "5"))
        {
            continue;
        }
        for digest in &row[1] {
            *counts.entry(digest.clone()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn as_the_packets_show() {
    for capture in ["batch-all", "batch-flags", "perf-sample-30k", "kv-all-types"] {
        let report = HotKeys::on(capture, "", &[]);
        report.check_sums();
        let mut shown = shown(capture);
        for key in &report.keys {
            // A digest stands for one record in each namespace.
            let count = shown.get_mut(&key.digest).expect("a digest that is shown");
            assert!(*count >= key.requests, "{capture}: {key:?}");
            *count -= key.requests;
        }
        assert!(shown.values().all(|count| *count == 0), "{capture}");
        assert!(report.all.delta <= 4, "{capture}: {:?}", report.all);
    }
}

#[test]
fn records_of_scans_by_preference() {
    for capture in ["scan-basic", "query-index"] {
        let without = HotKeys::on(capture, "", &[]);
        let with = HotKeys::on(capture, "", &["-o", "aerospike.hotkeys_scans:TRUE"]);
        let digests = fields::columns(capture, &[], "aerospike.response", &["aerospike.digest"]);
        let records: u64 = digests.iter().map(|row| row[0].len() as u64).sum();
        assert!(records > 0);
        assert_eq!(with.all.requests, without.all.requests + records, "{capture}");
        assert_eq!(with.all.reads, without.all.reads + records, "{capture}");
        assert_eq!(with.all.delta, without.all.delta, "{capture}");
    }
}

#[test]
fn a_batch_that_is_refused_is_answered() {
    let report = HotKeys::on("compressed", "", &[]);
    let rows: Vec<&HotKey> = report.keys.iter().filter(|key| key.requests == 1).collect();
    assert!(rows.len() >= 120);
    assert!(report.all.delta == 0 && rows.iter().filter(|key| key.errors == 1).count() >= 120);
}

/// A row leads to its packets: its first frame, and a filter that finds that frame and no earlier one.
#[test]
fn every_row_leads_to_its_packets() {
    for capture in ["batch-all", "kv-all-types"] {
        let report = HotKeys::on(capture, "", &[]);
        assert!(!report.keys.is_empty());
        for key in &report.keys {
            assert!(!key.filter.contains('|'), "{key:?}");
            let found = fields::columns(capture, &[], &key.filter, &["frame.number"]);
            assert_eq!(found[0][0][0], key.first_frame.to_string(), "{key:?}");
            let whole = HotKeys::on(capture, &key.filter, &[]);
            let row = whole
                .keys
                .iter()
                .find(|row| row.digest == key.digest)
                .expect("its row");
            assert_eq!(
                (row.requests, row.responses),
                (key.requests, key.responses),
                "{key:?}"
            );
        }
    }
}

/// Answers say the key of their request: a filter on it leaves both.
#[test]
fn a_filter_on_a_key_leaves_requests_with_their_answers() {
    for capture in ["batch-all", "hot-keys-zipf"] {
        let whole = HotKeys::on(capture, "", &[]);
        let named = whole
            .keys
            .iter()
            .filter(|key| !key.key.is_empty() && key.delta == 0);
        for key in named.take(5) {
            // The report quotes keys that are strings.
            let filter = format!("aerospike.key == \"{}\"", key.key.trim_matches('"'));
            let report = HotKeys::on(capture, &filter, &[]);
            let row = report
                .keys
                .iter()
                .find(|row| row.digest == key.digest)
                .expect("its row");
            assert_eq!(row.delta, 0, "{capture}: {row:?}");
            assert!(row.requests > 0 && row.requests <= key.requests);
        }
    }
}
