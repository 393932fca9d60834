//! Shapes of values that the captures do not hold, after section 2.4 of the protocol reference: histograms of
//! latencies, tables, peers under TLS that come and go, and the text port's ways to end.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, proto};

const CLIENT: Endpoint = ([10, 0, 0, 9], 41000);
const NODE: Endpoint = ([10, 0, 0, 1], 3000);

/// A value, and the fields that it is shown as.
struct Case {
    command: &'static str,
    value: &'static str,
    fields: &'static [(&'static str, &'static [&'static str])],
}

const CASES: [Case; 6] = [
    Case {
        command: "latencies:hist={test}-read",
        value: "{test}-read:msec,1234.5,1.25,0.50,0.00;{test}-write:",
        fields: &[
            ("aerospike.info.latency.unit", &["msec"]),
            ("aerospike.info.latency.rate", &["1234.5"]),
            ("aerospike.info.latency.over", &["1.25", "0.5", "0"]),
        ],
    },
    Case {
        command: "latency:hist={test}-read",
        value: "{test}-read:10:00:00-GMT,ops/sec,>1ms,>8ms,>64ms;10:00:10,1234.5,1.25,0.50,0.01",
        fields: &[
            (
                "aerospike.info.item.name",
                &["{test}-read", "10:00:00-GMT", "ops/sec", ">1ms", ">8ms", ">64ms"],
            ),
            (
                "aerospike.info.item.value",
                &["10:00:10", "1234.5", "1.25", "0.50", "0.01"],
            ),
        ],
    },
    Case {
        command: "partition-info",
        value: "namespace:partition:state:n_replicas;test:0:S:2;test:1:A:0",
        fields: &[
            (
                "aerospike.info.item.name",
                &["namespace", "partition", "state", "n_replicas"],
            ),
            (
                "aerospike.info.item.value",
                &["test", "0", "S", "2", "test", "1", "A", "0"],
            ),
        ],
    },
    Case {
        command: "peers-tls-std",
        value: "7,4333,[[BB9020011AC4202,node.example,[10.0.0.2,[2001:db8::2]:4444]],[BB9030011AC4202,,]]",
        fields: &[
            ("aerospike.info.peers.generation", &["7"]),
            ("aerospike.info.peers.default_port", &["4333"]),
            ("aerospike.info.peers.tls_name", &["node.example"]),
            (
                "aerospike.info.peers.endpoint",
                &["10.0.0.2", "[2001:db8::2]:4444"],
            ),
            ("aerospike.node", &["0x0bb9020011ac4202", "0x0bb9030011ac4202"]),
        ],
    },
    Case {
        command: "set-config:context=namespace;id=nope",
        value: "ERROR:4:bad namespace",
        fields: &[
            ("aerospike.info.error_code", &["4"]),
            ("aerospike.info.error", &["bad namespace"]),
        ],
    },
    Case {
        command: "sindex-exists:ns=test;indexname=i",
        value: "false",
        fields: &[("aerospike.info.param.value", &["test", "i"])],
    },
];

fn made(name: &str) {
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    for case in &CASES {
        made.send(CLIENT, NODE, &proto(1, format!("{}\n", case.command).as_bytes()));
        let answer = format!("{}\t{}\n", case.command, case.value);
        made.send(NODE, CLIENT, &proto(1, answer.as_bytes()));
    }
    host().put(name, &made.finish());
}

#[test]
fn values_are_taken_apart() {
    made("made-info-shapes");
    for (index, case) in CASES.iter().enumerate() {
        for (field, expected) in case.fields {
            let filter = format!("frame.number == {}", 5 + 2 * index);
            let rows = columns("made-info-shapes", &["-E", "separator=/t"], &filter, &[field]);
            assert_eq!(rows[0][0], *expected, "{}: {field}", case.command);
        }
    }
    let wrong = "aerospike.expert.malformed || aerospike.data || _ws.malformed";
    assert!(columns("made-info-shapes", &[], wrong, &["frame.number"]).is_empty());
}

/// An empty body asks for everything, and is answered by many lines.
#[test]
fn a_summary_is_asked_for_by_nothing() {
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    made.send(CLIENT, NODE, &proto(1, b""));
    made.send(NODE, CLIENT, &proto(1, b"node\tBB9\nbuild\t8.1.2.0\n"));
    host().put("made-info-summary", &made.finish());
    let rows = columns(
        "made-info-summary",
        &[],
        "aerospike",
        &[
            "aerospike.info.name",
            "aerospike.response_in",
            "aerospike.request_in",
        ],
    );
    assert_eq!(rows[0][0], [""; 0]);
    assert_eq!(rows[1][0], ["node", "build"]);
    assert_eq!(rows[1][2], ["4"]);
}
