//! What the captures do not hold: answers that never come, nodes that start again, nodes that share an address,
//! strangers on the ports, gaps, secrets.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::*;

const A: Endpoint = ([10, 0, 0, 1], 50001);
const B: Endpoint = ([10, 0, 0, 2], 3001);
const B_OUT: Endpoint = ([10, 0, 0, 2], 50002);
const A_IN: Endpoint = ([10, 0, 0, 1], 3001);

fn cells(name: &str, options: &[&str], filter: &str, field: &str) -> Vec<String> {
    let rows = columns(name, options, filter, &[field]);
    rows.into_iter().flatten().flatten().collect()
}

/// Frame and value of a field, where it is.
fn links(name: &str, options: &[&str], field: &str) -> Vec<(String, String)> {
    let mut all = vec!["-2"];
    all.extend(options);
    let rows = columns(name, &all, field, &["frame.number", field]);
    rows.into_iter()
        .map(|row| (row[0][0].clone(), row[1][0].clone()))
        .collect()
}

fn pairs(expected: &[(u32, u32)]) -> Vec<(String, String)> {
    let text = |(a, b): &(u32, u32)| (a.to_string(), b.to_string());
    expected.iter().map(text).collect()
}

/// Two nodes, each with a connection to the other: frames 1 to 8.
fn two_nodes() -> Maker {
    let mut made = Maker::new();
    made.connect(A, B);
    made.send(A, B, &hello(0xa1, 0));
    made.connect(B_OUT, A_IN);
    made.send(B_OUT, A_IN, &hello(0xa2, 0));
    made
}

#[test]
fn writes_without_an_acknowledgement() {
    let mut made = two_nodes();
    made.send(A, B, &write(1, 1, 0)); // 9
    made.send(B_OUT, A_IN, &ack(1, 1)); // 10
    made.send(A, B, &write(2, 2, 0)); // 11: never answered
    made.send(A, B, &write(3, 3, 2)); // 12: wants no answer
    made.send(A, B, &write(4, 4, 0)); // 13
    made.wait(1.0);
    made.send(A, B, &write(4, 4, 0)); // 14: again
    made.send(B_OUT, A_IN, &ack(4, 4)); // 15
    made.wait(2.0);
    made.send(A, B, &write(5, 5, 0)); // 16
    made.send(B_OUT, A_IN, &ack(5, 5)); // 17
    made.send(A, B, &write(6, 6, 0)); // 18: the capture ends
    host().put("made-unanswered", &made.finish());
    let name = "made-unanswered";
    assert_eq!(
        links(name, &[], "aerospike.request_in"),
        pairs(&[(10, 9), (15, 13), (17, 16)])
    );
    assert_eq!(
        links(name, &[], "aerospike.response_in"),
        pairs(&[(9, 10), (13, 15), (14, 15), (16, 17)])
    );
    assert_eq!(links(name, &[], "aerospike.retry_of"), pairs(&[(14, 13)]));
    let silent = cells(name, &["-2"], "aerospike.expert.no_response", "frame.number");
    assert_eq!(silent, ["11"]);
    // On the first pass nobody can know.
    assert!(cells(name, &[], "aerospike.expert.no_response", "frame.number").is_empty());
}

#[test]
fn no_verdict_where_the_answer_may_be_missing() {
    let mut made = two_nodes();
    made.send(A, B, &write(1, 1, 0));
    made.send(B_OUT, A_IN, &ack(1, 1));
    made.send(A, B, &write(2, 2, 0));
    made.lose(B_OUT, A_IN, ack(2, 2).len() as u32);
    made.wait(3.0);
    made.send(A, B, &write(3, 3, 0));
    made.send(B_OUT, A_IN, &ack(3, 3));
    host().put("made-gap", &made.finish());
    assert!(
        cells(
            "made-gap",
            &["-2"],
            "aerospike.expert.no_response",
            "frame.number"
        )
        .is_empty()
    );
    // The stream is found again behind the gap.
    assert_eq!(
        links("made-gap", &[], "aerospike.request_in"),
        pairs(&[(10, 9), (13, 12)])
    );
}

#[test]
fn a_node_that_starts_again_counts_from_the_start() {
    const AGAIN: Endpoint = ([10, 0, 0, 1], 50003);
    let mut made = two_nodes();
    made.send(A, B, &write(1, 1, 0)); // 9: lost with the node
    made.wait(5.0);
    made.connect(AGAIN, B);
    made.send(AGAIN, B, &hello(0xa1, 0));
    made.send(AGAIN, B, &write(1, 1, 0)); // 14
    made.send(B, AGAIN, &ack(1, 1)); // 15
    made.send(AGAIN, B, &write(2, 2, 0)); // 16
    made.send(B, AGAIN, &ack(2, 7)); // 17: about another record
    host().put("made-restart", &made.finish());
    assert_eq!(
        links("made-restart", &[], "aerospike.request_in"),
        pairs(&[(15, 14)])
    );
    assert!(links("made-restart", &[], "aerospike.retry_of").is_empty());
}

/// Three nodes on one machine use the same ids at the same time: only who they are tells them apart.
#[test]
fn nodes_that_share_an_address() {
    const HOST: [u8; 4] = [127, 0, 0, 1];
    let port = |node: u16| 2991 + 10 * node;
    let ports = ["-o", "aerospike.fabric.tcp.port:3001,3011,3021"];
    for with_heartbeats in [false, true] {
        let mut made = Maker::new();
        let mut frame = 0;
        if with_heartbeats {
            for node in 1..=3u16 {
                let (from, to) = ((HOST, 40000 + node), (HOST, 3002));
                made.connect(from, to);
                made.send(from, to, &pulse(0xa0 + u64::from(node), port(node)));
                frame += 4;
            }
        }
        let mut ways = vec![];
        for from in 1..=3u16 {
            for to in (1..=3u16).filter(|to| *to != from) {
                let way = ((HOST, 50000 + 10 * from + to), (HOST, port(to)));
                made.connect(way.0, way.1);
                made.send(way.0, way.1, &hello(0xa0 + u64::from(from), 0));
                frame += 4;
                ways.push((from, to, way));
            }
        }
        for (_, _, way) in &ways {
            made.send(way.0, way.1, &write(8, 9, 0));
        }
        let mut expected = vec![];
        for (index, (from, to, _)) in ways.iter().enumerate() {
            let back = ways
                .iter()
                .find(|(a, b, _)| (a, b) == (to, from))
                .expect("a way back");
            made.send(back.2.0, back.2.1, &ack(8, 9));
            let asked = frame + 1 + index as u32;
            expected.push((asked + ways.len() as u32, asked));
        }
        let name = if with_heartbeats {
            "made-host-known"
        } else {
            "made-host"
        };
        host().put(name, &made.finish());
        let wanted = if with_heartbeats { pairs(&expected) } else { vec![] };
        assert_eq!(links(name, &ports, "aerospike.request_in"), wanted, "{name}");
    }
}

#[test]
fn strangers_are_named_and_handed_over() {
    let client = b"\x02\x01\0\0\0\0\0\x06build\n";
    let tls = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03..........................................";
    let http = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let noise = [0xffu8; 40];
    let cases: [(u16, &[u8], &str, &str); 10] = [
        (
            3001,
            client,
            "a message of an Aerospike client",
            "aerospike.version",
        ),
        (
            3002,
            client,
            "a message of an Aerospike client",
            "aerospike.version",
        ),
        (3001, tls, "a TLS ClientHello", "tls"),
        (3002, tls, "a TLS ClientHello", "tls"),
        (3001, http, "HTTP", "http"),
        (3002, b"SSH-2.0-OpenSSH\r\n", "SSH", "ssh"),
        (3001, &pulse(1, 3001), "heartbeat message", "aerospike.heartbeat"),
        (3002, &hello(1, 0), "hello", "aerospike.fabric.channel"),
        (3001, &noise, "unknown protocol", "aerospike.container.refused"),
        (3002, &noise, "unknown protocol", "aerospike.container.refused"),
    ];
    let mut made = Maker::new();
    for (index, (port, bytes, _, _)) in cases.iter().enumerate() {
        let from = ([10, 0, 0, 9], 40000 + index as u16);
        made.connect(from, ([10, 0, 0, 2], *port));
        made.send(from, ([10, 0, 0, 2], *port), bytes);
    }
    host().put("made-strangers", &made.finish());
    for (index, (_, _, words, field)) in cases.iter().enumerate() {
        let frame = 4 * (index + 1);
        let filter = format!(
            "frame.number == {frame} && {field} && (aerospike.expert.unsupported_type || \
             aerospike.expert.invalid_size) && aerospike"
        );
        let said = cells("made-strangers", &[], &filter, "aerospike.detail").join(",");
        assert!(said.contains(words), "frame {frame}: {said}");
    }
}

#[test]
fn bytes_of_an_unknown_place_are_not_judged() {
    let mut made = Maker::new();
    // Joined in the middle: the tail of a message, then whole ones.
    made.send(A, B, &write(1, 1, 0)[20..]);
    made.send(A, B, &write(2, 2, 0));
    made.send(A, B, &[write(3, 3, 0), write(4, 4, 0)].concat());
    host().put("made-middle", &made.finish());
    let name = "made-middle";
    assert_eq!(
        cells(name, &[], "aerospike.expert.continuation", "frame.number"),
        ["1"]
    );
    assert_eq!(
        cells(name, &[], "aerospike.fabric.tid", "aerospike.fabric.tid"),
        ["2", "3", "4"]
    );
    let verdicts = "aerospike.expert.unsupported_type || aerospike.expert.invalid_size || \
                    aerospike.expert.malformed || _ws.malformed";
    assert!(cells(name, &[], verdicts, "frame.number").is_empty());
}

/// A size that the fields contradict does not swallow what comes after it.
#[test]
fn a_wrong_size_is_named_and_the_stream_found_again() {
    let mut bad = write(1, 1, 0);
    bad[1] = 0x20;
    let mut made = two_nodes();
    made.send(A, B, &[bad, write(2, 2, 0)].concat());
    made.send(A, B, &write(3, 3, 0));
    host().put("made-size", &made.finish());
    assert_eq!(
        cells("made-size", &[], "aerospike.expert.invalid_size", "frame.number"),
        ["9"]
    );
    assert_eq!(
        cells("made-size", &[], "frame.number == 10", "aerospike.fabric.tid"),
        ["3"]
    );
}

#[test]
fn unknown_types_and_fields_are_shown() {
    let strange = msg(
        7,
        &[
            uint32(0, 77),
            uint32(10, 5),
            sized_field(33, 14, b"abc"),
            sized_field(34, 7, &[0, 0, 0, 1, 0, 0, 0, 2]),
            sized_field(35, 11, &[0x92, 5, 0xa1, b'x']),
            sized_field(5, 5, b"text\0"),
        ],
    );
    let enterprise = msg(12, &[uint32(0, 3), buf(1, b"opaque")]);
    let mut made = two_nodes();
    made.send(A, B, &[strange, enterprise, write(2, 2, 0)].concat());
    host().put("made-unknown", &made.finish());
    let name = "made-unknown";
    let here = "frame.number == 9";
    let ids = cells(name, &[], here, "aerospike.container.field.id");
    assert_eq!(ids[..8], ["0", "10", "33", "34", "35", "5", "0", "1"]);
    assert_eq!(
        cells(name, &[], here, "aerospike.container.number"),
        ["1", "2", "5", "3"]
    );
    assert_eq!(cells(name, &[], here, "aerospike.fabric.tid"), ["5", "2"]);
    assert!(cells(name, &[], "aerospike.expert.malformed", "frame.number").is_empty());
}

#[test]
fn secrets_are_lengths_unless_asked_for() {
    let set = |module: u32| {
        let fields = [
            uint64(0, 1),
            uint64(2, 0xabc),
            uint32(3, 5),
            uint32(4, module),
            uint32(20, 1),
            uint64(21, 1000),
            sized_field(18, 5, b"alice|P\0"),
            sized_field(19, 5, b"$2a$10$hash\0"),
        ];
        msg(15, &fields)
    };
    let mut made = two_nodes();
    made.send(A, B, &set(2));
    made.send(A, B, &set(3));
    host().put("made-secrets", &made.finish());
    let name = "made-secrets";
    let all = host().on(name, &["-V"]).expect_success().text();
    assert_eq!(
        all.matches("$2a$10$hash").count(),
        1,
        "the line of module SINDEX is its value"
    );
    assert_eq!(
        cells(
            name,
            &[],
            "aerospike.fabric.smd.secret",
            "aerospike.fabric.smd.secret"
        ),
        ["7", "11"]
    );
    let shown = ["-o", "aerospike.show_credentials:TRUE"];
    assert_eq!(
        cells(name, &shown, "frame.number == 9", "aerospike.fabric.smd.value"),
        ["$2a$10$hash"]
    );
}

/// Records without a namespace of their own get that of their emigration.
#[test]
fn migrated_records_have_their_namespace() {
    let start = |id: u32, namespace: &[u8], partition: u32| {
        let fields = [
            uint32(0, 3),
            uint32(2, id),
            uint32(4, partition),
            uint64(8, 0xabc),
            buf(3, namespace),
        ];
        msg(3, &fields)
    };
    let step = |op: u32, id: u32| msg(3, &[uint32(0, op), uint32(2, id)]);
    let insert = |op: u32, id: u32, number: u64| msg(3, &[uint32(0, op), uint32(2, id), uint64(29, number)]);
    let mut made = two_nodes();
    made.send(A, B, &start(1, b"test", 17)); // 9
    made.send(B_OUT, A_IN, &start(1, b"bar", 18)); // 10: the other way, by the same id
    made.send(B, A, &step(4, 1)); // 11
    let record = {
        let mut record = vec![1, 0xf2, 0x7a, 3, 2, 0, 0, 0];
        record.extend([7; 20]);
        record.extend([0, 0, 0, 0, 1, 1, 0]);
        record
    };
    let with_record = |op: u32, id: u32, number: u64| {
        let fields = [uint32(0, op), uint32(2, id), uint64(29, number), buf(7, &record)];
        msg(3, &fields)
    };
    made.send(A, B, &with_record(7, 1, 0)); // 12
    made.send(B, A, &insert(2, 1, 0)); // 13
    made.send(B_OUT, A_IN, &with_record(7, 1, 0)); // 14
    made.send(A, B, &step(8, 99)); // 15: nobody knows
    host().put("made-emigration", &made.finish());
    let name = "made-emigration";
    let rows = columns(
        name,
        &[],
        "aerospike.fabric.emig_id",
        &["frame.number", "aerospike.namespace"],
    );
    let found: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row[0][0].as_str(), row[1].first().map_or("", String::as_str)))
        .collect();
    let wanted = [
        ("9", "test"),
        ("10", "bar"),
        ("11", "test"),
        ("12", "test"),
        ("13", "test"),
        ("14", "bar"),
        ("15", ""),
    ];
    assert_eq!(found, wanted);
    assert_eq!(
        links(name, &[], "aerospike.request_in"),
        pairs(&[(11, 9), (13, 12)])
    );
    // The answer is about the record of its request.
    let digest = "07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07";
    let filter = format!("aerospike.digest == {digest}");
    assert_eq!(cells(name, &[], &filter, "frame.number"), ["12", "13", "14"]);
}

/// A connection that ended without the answer: no other is needed to say so.
#[test]
fn a_connection_that_ends_without_the_answer() {
    let mut made = two_nodes();
    made.send(A, B, &write(1, 1, 0)); // 9
    made.send(B_OUT, A_IN, &ack(1, 1)); // 10
    made.send(A, B, &write(2, 2, 0)); // 11
    made.close(A, B);
    host().put("made-ended", &made.finish());
    let name = "made-ended";
    let filter = "aerospike.expert.no_response";
    assert_eq!(cells(name, &["-2"], filter, "frame.number"), ["11"]);
    let said = cells(name, &["-2"], filter, "aerospike.detail").join(",");
    assert!(
        said.contains("acknowledged the request") && said.contains("closed by the client"),
        "{said}"
    );
}

/// Heuristics are off by default, and find what runs on other ports.
#[test]
fn on_other_ports_by_content() {
    for (name, port, heuristic, protocol) in [
        (
            "heartbeat-mesh-steady",
            "aerospike.heartbeat.tcp.port:1",
            "aerospike_heartbeat_tcp",
            "aerospike.heartbeat",
        ),
        (
            "heartbeat-multicast-steady",
            "aerospike.heartbeat.udp.port:1",
            "aerospike_heartbeat_udp",
            "aerospike.heartbeat",
        ),
        (
            "cluster-smd-slim",
            "aerospike.fabric.tcp.port:1",
            "aerospike_fabric_tcp",
            "aerospike.fabric",
        ),
    ] {
        let count = |options: &[&str]| cells(name, options, protocol, "frame.number").len();
        let wanted = count(&[]);
        // The stock dissector of port 3002 is asked before heuristics are.
        let elsewhere = ["-o", port, "--disable-protocol", "gsm_ipa"];
        assert!(wanted > 0);
        assert_eq!(count(&elsewhere), 0, "{name}: not on this port");
        let by_content = [&elsewhere[..], &["--enable-heuristic", heuristic]].concat();
        assert_eq!(count(&by_content), wanted, "{name}: by content");
    }
}
