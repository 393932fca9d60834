//! Scans and queries: what was asked, how many records came, and how the stream ended.

use std::collections::BTreeSet;

use crate::common::exchange::Exchange;
use crate::common::ops::Kind;
use crate::common::pdml::Item;
use crate::common::{Capture, Findings, capture, ops_of};

/// A scan or query in words, with its number of records and, if told, their keys.
struct Query {
    what: String,
    records: usize,
    keys: BTreeSet<String>,
}

fn queries(name: &str) -> Vec<Query> {
    let mut out = Vec::new();
    for line in &ops_of(name).lines {
        let (what, result) = match &line.kind {
            Kind::Text { what, result } => (what.clone(), result.clone()),
            // `scan('test','qset') => 60 records`
            Kind::Call(call) if call.name == "scan" => {
                let result = call.source.split_once(" => ").map_or("", |(_, result)| result);
                (call.source.clone(), result.to_string())
            }
            _ => continue,
        };
        let Some((count, rest)) = result.split_once(" records") else {
            continue;
        };
        let Ok(records) = count.parse() else { continue };
        // `['q1', 'q2']`, where it was not cut.
        let whole = rest.ends_with("']") && rest.starts_with(" ['");
        let keys = rest.trim_matches([' ', '[', ']']).split(", ").filter(|_| whole);
        let keys = keys.map(|key| key.trim_matches('\'').to_string()).collect();
        out.push(Query { what, records, keys });
    }
    out
}

/// Scans and queries that reached the server, without tries that only an error answered.
fn streams<'a>(capture: &'a Capture) -> Vec<Exchange<'a>> {
    let refused = |e: &Exchange<'_>| e.answers.len() == 1 && e.answers[0].result_code() != Some(0);
    capture.exchanges().into_iter().filter(|e| !refused(e)).collect()
}

/// The records of an answer: messages that have a digest of their own.
fn records<'a>(exchange: &Exchange<'a>) -> Vec<&'a Item> {
    let items = exchange.answers.iter().map(|answer| answer.item);
    items
        .filter(|item| item.int_of("aerospike.msg.n_fields") > Some(0) && item.has("aerospike.digest"))
        .collect()
}

#[test]
fn return_as_many_records_as_the_client_got() {
    let mut findings = Findings::default();
    for name in [
        "scan-basic",
        "scan-query-pagination",
        "query-index",
        "expressions-query-scan",
    ] {
        let capture = capture(name);
        let (queries, streams) = (queries(name), streams(&capture));
        findings.check(queries.len() == streams.len(), || {
            format!("{name}: {} queries, but {} streams", queries.len(), streams.len())
        });
        for (query, stream) in queries.iter().zip(&streams) {
            let place = format!("{name} {:?}, frame {}", query.what, stream.request.frame.number);
            let records = records(stream);
            findings.check(records.len() == query.records, || {
                format!("{place}: {} records, not {}", records.len(), query.records)
            });
            let keys: BTreeSet<String> = records
                .iter()
                .filter_map(|r| r.text_of("aerospike.key"))
                .map(str::to_string)
                .collect();
            findings.check(query.keys.is_empty() || keys == query.keys, || {
                format!("{place}: keys {keys:?}")
            });
            let ends = stream
                .answers
                .iter()
                .filter(|a| a.item.is_set("aerospike.msg.info3.last"))
                .count();
            findings.check(ends == 1, || format!("{place}: {ends} ends"));
            for answer in &stream.answers {
                findings.check(answer.result_code() == Some(0), || {
                    format!("{place}: {:?}", answer.result_code())
                });
            }
        }
    }
    findings.report();
}

/// Every stream has a task id, the namespace, the set, and partitions.
#[test]
fn say_what_is_asked_for() {
    let mut findings = Findings::default();
    for name in [
        "scan-basic",
        "scan-query-pagination",
        "query-index",
        "expressions-query-scan",
    ] {
        for exchange in &capture(name).exchanges() {
            let item = exchange.request.item;
            let place = format!("{name} frame {}", exchange.request.frame.number);
            findings.check(item.text_of("aerospike.namespace") == Some("test"), || {
                format!("{place}: no namespace")
            });
            findings.check(item.int_of("aerospike.trid") > Some(0), || {
                format!("{place}: no trid")
            });
            findings.check(item.is_set("aerospike.msg.info1.read"), || {
                format!("{place}: not a read")
            });
            let set = item.text_of("aerospike.set");
            findings.check(
                set.is_none() || set == Some("qset") || set == Some("empty_set") || name == "scan-basic",
                || format!("{place}: set {set:?}"),
            );
        }
    }
    findings.report();
}

fn shows(item: &Item, text: &str) -> bool {
    item.walk().any(|i| i.show.trim_matches('"') == text)
}

/// What the words of the list say of each query, by what must be shown in its request.
const INDEX_QUERIES: [(&str, &[&str]); 15] = [
    ("where i between 10 and 15", &["i", "10", "15"]),
    ("where i == 33", &["i", "33"]),
    ("where name == 'name2'", &["name", "name2"]),
    ("where l contains 10 (list index)", &["l", "10"]),
    ("where mapkeys contains 'k'", &["m", "k"]),
    ("where mapvalues in range 3..6", &["m", "3", "6"]),
    ("geo within radius -121.8,37.0 3000m", &["loc"]),
    ("geo contains point", &["loc"]),
    ("where m[k] between 5 and 8 (context)", &["m", "5", "8"]),
    ("i between 10 and 15 select i,name", &["i", "10", "15", "name"]),
    ("i between, short_query", &["i"]),
    ("max_records 10 rps 500", &["10", "500"]),
    ("where expression i*2 between 20 and 30", &["20", "30"]),
    ("where index name idx_i between 20 and 30", &["idx_i", "20", "30"]),
    ("primary index query of one partition (partition 4095)", &["4095"]),
];

#[test]
fn of_indexes_show_their_ranges() {
    let mut findings = Findings::default();
    let name = "query-index";
    let capture = capture(name);
    let (queries, streams) = (queries(name), streams(&capture));
    for (what, texts) in INDEX_QUERIES {
        let Some(at) = queries.iter().position(|query| query.what == what) else {
            findings.add(format!("{what} is not in the list"));
            continue;
        };
        let request = streams[at].request;
        for text in texts {
            findings.check(shows(request.item, text), || {
                format!("{what}: {text} is not in\n{}", request.outline())
            });
        }
    }
    let expression = queries
        .iter()
        .position(|q| q.what.starts_with("where expression"))
        .expect("a query");
    let text = streams[expression].request.item.text_of("aerospike.exp.text");
    findings.check(text == Some("mul(int_bin(\"i\"), 2)"), || {
        format!("index expression {text:?}")
    });
    findings.report();
}

/// A query on a bin without an index is refused, and tried again by the client.
#[test]
fn without_an_index_are_refused() {
    let name = "query-index";
    let capture = capture(name);
    let refused: Vec<_> = capture
        .exchanges()
        .into_iter()
        .filter(|e| e.answers.iter().any(|a| a.result_code() == Some(201)))
        .collect();
    assert_eq!(refused.len(), 6);
    for exchange in refused {
        assert_eq!(exchange.answers.len(), 1);
        let expert = exchange.answers[0].frame.has("aerospike.expert.result");
        assert!(expert, "no expert item\n{}", exchange.answers[0].outline());
    }
}

#[test]
fn of_parts_show_their_limits() {
    let name = "scan-basic";
    let capture = capture(name);
    let streams = capture.exchanges();
    let [all, bins, no_bins, _empty, partitions, limited, _whole] = &streams[..] else {
        panic!("{} scans", streams.len());
    };
    assert!(
        shows(all.request.item, "4096"),
        "number of partitions\n{}",
        all.request.outline()
    );
    let names: Vec<_> = bins
        .request
        .item
        .all("aerospike.bin.name")
        .map(|i| i.show.as_str())
        .collect();
    assert_eq!(names, ["i", "name"]);
    assert!(no_bins.request.item.is_set("aerospike.msg.info1.get_no_bins"));
    assert!(no_bins.answers.iter().all(|answer| answer.ops().is_empty()));
    assert!(
        shows(partitions.request.item, "50"),
        "{}",
        partitions.request.outline()
    );
    assert!(
        shows(limited.request.item, "1000"),
        "records a second\n{}",
        limited.request.outline()
    );
    assert!(
        limited.request.item.int_of("aerospike.field.sample_max") == Some(5),
        "{}",
        limited.request.outline()
    );
}
