//! Other ways to the same records: another client, compression, transactions.

use crate::common::batch::check_batches;
use crate::common::exchange::{Exchange, Message};
use crate::common::expect::missing_scalars;
use crate::common::literal::Lit;
use crate::common::ops::Key;
use crate::common::record::{check_records, digest};
use crate::common::{Capture, Findings, capture, ops_of};

#[test]
fn compressed_both_ways() {
    let mut findings = Findings::deep();
    for name in ["compressed-both-ways", "compressed"] {
        let capture = capture(name);
        findings.within(name, |findings| {
            check_records(findings, &capture);
            // A refused batch is answered by its closing message alone.
            if name == "compressed-both-ways" {
                check_batches(findings, &capture);
            }
        });
    }
    findings.report();
}

/// What is inside is a data source of its own, and the announced size is that of the whole.
#[test]
fn compressed_messages_show_their_sizes() {
    let name = "compressed-both-ways";
    let capture = capture(name);
    let frames: Vec<_> = capture
        .ours()
        .filter(|f| f.has("aerospike.original_size"))
        .collect();
    assert!(frames.len() >= 15, "{} frames", frames.len());
    for frame in frames {
        let kinds: Vec<_> = frame.all("aerospike.type").map(|i| i.show.as_str()).collect();
        assert!(
            kinds.contains(&"4") && kinds.contains(&"3"),
            "frame {}: types {kinds:?}",
            frame.number
        );
        let original = frame
            .first("aerospike.original_size")
            .and_then(|i| i.int())
            .expect("a size");
        let inner: Vec<i128> = frame.all("aerospike.size").filter_map(|i| i.int()).collect();
        assert!(
            inner.contains(&(original - 8)),
            "frame {}: {original}, but {inner:?}",
            frame.number
        );
    }
}

fn requests<'a>(capture: &'a Capture, is_it: impl Fn(&Message<'a>) -> bool) -> Vec<Exchange<'a>> {
    capture
        .exchanges()
        .into_iter()
        .filter(|e| is_it(&e.request))
        .collect()
}

fn names(message: &Message<'_>) -> Vec<String> {
    message
        .item
        .all("aerospike.cdt.op")
        .map(|i| i.show.clone())
        .collect()
}

const NODE_1: [u8; 20] = [
    218, 179, 143, 106, 138, 150, 154, 154, 50, 193, 153, 200, 121, 150, 160, 236, 32, 163, 162, 22,
];

fn of_node_1(message: &Message<'_>) -> bool {
    message
        .item
        .all("aerospike.digest")
        .any(|item| digest(item) == NODE_1)
}

/// The first line of the list: a record with a bin of every type.
#[test]
fn node_js_puts_and_gets() {
    let name = "client-nodejs";
    let capture = capture(name);
    let exchanges = requests(&capture, of_node_1);
    let [put, get, select, ..] = &exchanges[..] else {
        panic!("{} requests", exchanges.len())
    };
    let point = Lit::Str("{\"type\":\"Point\",\"coordinates\":".into());
    let bins = [
        ("i", vec![Lit::Int(1)]),
        ("s", vec![Lit::Str("s".into())]),
        ("d", vec![Lit::Float(2.5)]),
        ("l", vec![Lit::Int(1), Lit::Str("a".into())]),
        (
            "m",
            vec![
                Lit::Str("a".into()),
                Lit::Int(1),
                Lit::Str("b".into()),
                Lit::Int(2),
            ],
        ),
        ("b", vec![Lit::Bytes(vec![0xde, 0xad])]),
        ("g", vec![Lit::Partial(Box::new(point))]),
        ("big", vec![Lit::Int(1 << 62)]),
        ("t", vec![Lit::Bool(true)]),
    ];
    for message in [&put.request, get.answer().expect("an answer")] {
        for (bin, values) in &bins {
            let [op] = message.ops_on(bin)[..] else {
                panic!("bin {bin}\n{}", message.outline())
            };
            for value in values {
                let missing = missing_scalars(op, value);
                assert!(missing.is_empty(), "bin {bin}: {missing:?}\n{}", op.outline());
            }
        }
    }
    let asked: Vec<_> = select
        .request
        .item
        .all("aerospike.bin.name")
        .map(|i| i.show.as_str())
        .collect();
    assert_eq!(asked, ["i", "s"]);
}

#[test]
fn node_js_operates() {
    let name = "client-nodejs";
    let capture = capture(name);
    let has = |wanted: &'static [&'static str]| move |m: &Message<'_>| names(m) == wanted;
    assert_eq!(requests(&capture, has(&["list_append", "map_put"])).len(), 1);
    assert_eq!(
        requests(&capture, has(&["list_get_by_index_range", "map_get_by_key"])).len(),
        1
    );
    for (number, code) in [("3", 0), ("4", 27)] {
        let text = format!("eq(int_bin(\"i\"), {number})");
        let filtered = requests(&capture, |m| m.item.text_of("aerospike.exp.text") == Some(&text));
        let [exchange] = &filtered[..] else {
            panic!("{} requests with {text}", filtered.len())
        };
        assert_eq!(
            exchange.answer().and_then(Message::result_code),
            Some(code),
            "{text}"
        );
    }
    let batch = |m: &Message<'_>| m.item.int_of("aerospike.batch.count") == Some(3);
    assert!(!requests(&capture, batch).is_empty(), "the batch of three keys");
    let gets =
        |m: &Message<'_>| m.item.is_set("aerospike.msg.info1.get_all") && !m.item.has("aerospike.trid");
    assert!(requests(&capture, gets).len() >= 30, "thirty gets at once");
    let streams = requests(&capture, |m| m.item.has("aerospike.trid"));
    assert_eq!(streams.len(), 2, "a scan and a query");
}

const TRANSACTION: i128 = 0x6dd9_7384_1b19_e8fa;

#[test]
fn transactions() {
    let mut findings = Findings::default();
    let name = "mrt-rejected-by-ce";
    let (list, capture) = (ops_of(name), capture(name));
    let exchanges = capture.exchanges();
    let in_it = |e: &&Exchange<'_>| e.request.item.int_of("aerospike.field.mrt_id") == Some(TRANSACTION);
    findings.check(exchanges.iter().filter(in_it).count() >= 2, || {
        "no requests of the transaction".into()
    });
    let monitor = exchanges
        .iter()
        .any(|e| e.request.item.text_of("aerospike.set") == Some("<ERO~MRT"));
    findings.check(monitor, || "no monitor record".into());
    let refused = exchanges
        .iter()
        .filter(|e| e.answers.iter().any(|a| a.result_code() == Some(25)));
    findings.check(refused.count() >= 6, || "the server refuses transactions".into());
    for call in list.calls_of(&["get"]) {
        let Some(key) = call.key() else { continue };
        let shown = exchanges.iter().any(|e| of_key(e, &key, call.digest.as_deref()));
        findings.check(shown, || format!("line {}: no request", call.line));
    }
    findings.report();
}

fn of_key(exchange: &Exchange<'_>, key: &Key<'_>, wanted: Option<&[u8]>) -> bool {
    let item = exchange.request.item;
    let same = item.text_of("aerospike.namespace") == Some(key.namespace)
        && item.text_of("aerospike.set") == key.set;
    same && item
        .all("aerospike.digest")
        .any(|i| Some(&digest(i)[..]) == wanted)
}

#[test]
fn truncation() {
    let mut findings = Findings::default();
    let name = "truncate";
    findings.within(name, |findings| check_records(findings, &capture(name)));
    findings.report();
}
