//! Tables in one process that goes on: filled again, beside others, after another capture, and given back.

use aerospike::wire::client::message::request::Request;
use serde_json::{Value, json};

use crate::common::fields;
use crate::common::host::host;

/// The taps asked for one after the other, each after its capture was loaded if that is another.
fn taps(asked: &[(&str, &[&str])]) -> Vec<Value> {
    let mut input = String::new();
    let (mut id, mut loaded) = (1, "");
    for (capture, taps) in asked {
        if *capture != loaded {
            loaded = capture;
            let file = host().capture(capture);
            let load = json!({"jsonrpc": "2.0", "id": 1000, "method": "load", "params": {"file": file}});
            input += &format!("{load}\n");
        }
        let named = (0..)
            .zip(*taps)
            .map(|(number, tap)| (format!("tap{number}"), json!(tap)));
        let params: serde_json::Map<String, Value> = named.collect();
        let tap = json!({"jsonrpc": "2.0", "id": id, "method": "tap", "params": params});
        input += &format!("{tap}\n");
        id += 1;
    }
    let text = host().run("sharkd", &["-"], &input).expect_success().text();
    let answers = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let answers: Vec<Value> = answers.filter(|answer| answer["id"] != 1000).collect();
    assert_eq!(answers.len(), asked.len(), "{text}");
    answers
}

fn of<'a>(answer: &'a Value, tap: &str) -> &'a Value {
    let taps = answer["result"]["taps"].as_array();
    let found = taps.and_then(|taps| taps.iter().find(|found| found["tap"] == tap));
    found.unwrap_or_else(|| panic!("no {tap} in {answer}"))
}

#[test]
fn every_table_is_the_same_again() {
    let [first, second] = ["hot-keys-zipf", "batch-all"];
    let all = [
        "nstat:aerospike,hotkeys",
        "nstat:aerospike,latency",
        "nstat:aerospike,records",
        "nstat:aerospike,cluster",
        "nstat:aerospike,timeline",
        "nstat:aerospike,connections",
        "srt:aerospike",
        "stat:aerospike",
    ];
    let shown = [
        "nstat:aerospike,hotkeys",
        "nstat:aerospike,latency",
        "nstat:aerospike,records",
        "nstat:aerospike,cluster",
        "nstat:aerospike,timeline",
        "nstat:aerospike,connections",
        "srt:aerospike",
        "stats:aerospike",
    ];
    let mut asked: Vec<(&str, &[&str])> = Vec::new();
    for capture in [first, second, first] {
        asked.extend((0..all.len()).map(|one| (capture, &all[one..=one])));
        asked.push((capture, &all));
        asked.push((capture, &all));
    }
    let answers = taps(&asked);
    let whole = all.len();
    let (one, rest) = answers.split_at(whole + 2);
    let (other, again) = rest.split_at(whole + 2);
    for (place, name) in shown.into_iter().enumerate() {
        let table = of(&one[place], name);
        for answer in [
            &one[whole],
            &one[whole + 1],
            &again[place],
            &again[whole],
            &again[whole + 1],
        ] {
            assert_eq!(of(answer, name), table, "{name}");
        }
        assert_ne!(of(&other[place], name), table, "{name}");
        assert_eq!(of(&other[whole], name), of(&other[place], name), "{name}");
    }
    let fields = of(&one[0], shown[0])["fields"].clone();
    let fields: Vec<String> = fields
        .as_array()
        .expect("columns")
        .iter()
        .map(|field| field["c"].as_str().unwrap_or_default().into())
        .collect();
    let columns = "Rank,Namespace,Set,Key,Requests,Share %,Errors,Mean ms,Max ms,Reads,Writes,Responses,δ req-resp,First frame,Digest,Filter,Requests/s,Bytes/s,Mean size,% NOT_FOUND,% of node";
    assert_eq!(fields.join(","), columns);
}

/// The index of a row is the operation's code: the menu of the window makes a filter of both.
#[test]
fn rows_of_response_times_lead_to_packets() {
    for capture in ["hot-keys-zipf", "batch-all"] {
        let answers = taps(&[(capture, &["srt:aerospike"])]);
        let tables = of(&answers[0], "srt:aerospike")["tables"]
            .as_array()
            .expect("tables");
        assert_eq!(tables[0]["f"], "aerospike.operation");
        let rows = tables[0]["r"].as_array().expect("rows");
        assert!(!rows.is_empty());
        for row in rows {
            let code = row["idx"].as_u64().expect("an index");
            assert_eq!(row["n"], Request(code as u8).to_string());
            let filter = format!("aerospike.response_time && aerospike.operation == {code}");
            let found = fields::columns(capture, &[], &filter, &["frame.number"]).len();
            // Rows of batches have operations of their own.
            let calls = row["num"].as_u64().expect("calls") as usize;
            assert!(calls > 0 && calls <= found, "{capture}: {row}, {found} frames");
        }
    }
}

/// Tables that are opened when the capture was read are filled from its first packet on, and say nothing of what was before;
/// nor do those whose filter lets nothing pass.
#[test]
fn nothing_is_missing_of_a_capture_that_was_read() {
    let tables = [
        "hotkeys",
        "latency",
        "records",
        "cluster",
        "timeline",
        "connections",
    ];
    let whole = tables.map(|name| format!("nstat:aerospike,{name}"));
    let nothing = tables.map(|name| format!("nstat:aerospike,{name},frame.number == 0"));
    let all = whole.each_ref().map(String::as_str);
    let none = nothing.each_ref().map(String::as_str);
    // The capture begins with a message, and one of TCP with none.
    for capture in ["midstream-kv", "kv-basic"] {
        let answers = taps(&[(capture, &all), (capture, &none), (capture, &all)]);
        for answer in &answers {
            assert!(!answer.to_string().contains("press Apply"), "{capture}: {answer}");
        }
        for name in &all {
            assert_eq!(of(&answers[0], name), of(&answers[2], name), "{capture}: {name}");
        }
    }
}
