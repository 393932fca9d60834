//! Messages that the captures do not hold: servers before 3.14, clusters with a roster, racks or IPv6. Bytes after the
//! protocol reference; each message is the first of a connection of its own.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::*;

/// A string field with its NUL.
fn str(id: u16, text: &str) -> Vec<u8> {
    sized_field(id, 5, &[text.as_bytes(), &[0]].concat())
}

/// The sized integers of servers up to 3.13.
fn old_uint32(id: u16, value: u32) -> Vec<u8> {
    sized_field(id, 2, &value.to_be_bytes())
}

fn old_uint64(id: u16, value: u64) -> Vec<u8> {
    sized_field(id, 4, &value.to_be_bytes())
}

fn nodes(ids: &[u64]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

/// ARRAY_STR or ARRAY_BUF as a 3.12 server has it in memory; `None` was never set.
fn image(elements: &[Option<Vec<u8>>]) -> Vec<u8> {
    let (mut offsets, mut data) = (vec![], vec![]);
    let head = 12 + 4 * elements.len();
    for element in elements {
        let at = element.as_ref().map_or(0, |_| head + data.len());
        offsets.extend((at as u32).to_le_bytes());
        data.extend(element.iter().flatten());
    }
    let size = (head + data.len()) as u32;
    let count = elements.len() as u32;
    let words: Vec<u8> = [size + 100, size, count]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    [words, offsets, data].concat()
}

fn c_text(text: &str) -> Option<Vec<u8>> {
    Some([text.as_bytes(), &[0]].concat())
}

/// A message on a port, the words of its line in the packet list, and fields with all their values.
struct Case {
    name: &'static str,
    port: u16,
    bytes: Vec<u8>,
    line: &'static str,
    fields: &'static [(&'static str, &'static [&'static str])],
}

fn heartbeats() -> Vec<Case> {
    let endpoint6 = [
        &[1, 1, 2, 0xba, 0x0b][..],
        &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
    ]
    .concat();
    let v3 = |kind: u32, more: &[Vec<u8>]| {
        let common = [
            uint32(0, 0x6864),
            uint32(1, kind),
            uint64(2, 0xa1),
            uint64(4, 0x01a2_04ac_f49a_0000),
        ];
        msg(5, &[&common, more].concat())
    };
    vec![
        Case {
            name: "version 2, up to 3.13",
            port: 3002,
            bytes: msg(
                1,
                &[
                    old_uint32(0, 0x6863),
                    old_uint32(1, 0),
                    old_uint64(2, 0xbb9_0200_0000_0a01),
                    old_uint32(3, 0x0100_000a),
                    old_uint32(4, 3002),
                    buf(5, &nodes(&[0xa2, 0xa1, 0, 0])),
                    old_uint32(6, 4),
                ],
            ),
            line: "HB pulse bb9020000000a01",
            fields: &[
                ("aerospike.container.protocol_id", &["0x00006863"]),
                ("aerospike.endpoint.ipv4", &["10.0.0.1"]),
                ("aerospike.endpoint.port", &["3002"]),
                (
                    "aerospike.node",
                    &["0x0bb9020000000a01", "0x00000000000000a2", "0x00000000000000a1"],
                ),
                (
                    "aerospike.container.padding",
                    &["00000000000000000000000000000000"],
                ),
            ],
        },
        Case {
            name: "of 3.9.1",
            port: 3002,
            bytes: msg(
                5,
                &[
                    old_uint32(0, 0x6864),
                    old_uint32(1, 0),
                    old_uint64(2, 0xa1),
                    buf(3, &[&[0; 10][..], &[0xff, 0xff, 10, 0, 0, 1]].concat()),
                    old_uint32(4, 3002),
                    buf(5, &nodes(&[0xa2])),
                    old_uint32(6, 32),
                    old_uint64(7, 0x01a2_04ac_f49a_0003),
                    str(9, "lab"),
                ],
            ),
            line: "HB pulse a1",
            fields: &[
                ("aerospike.heartbeat.cluster_name", &["lab"]),
                ("aerospike.endpoint.ipv6", &["::ffff:10.0.0.1"]),
                ("aerospike.endpoint.port", &["3002"]),
                ("aerospike.hlc.counter", &["3"]),
            ],
        },
        Case {
            name: "pulse over IPv6 with the list of nodes of 3.10",
            port: 3002,
            bytes: v3(
                0,
                &[
                    str(3, "lab"),
                    buf(9, &endpoint6),
                    buf(10, &nodes(&[0xa2])),
                    buf(
                        11,
                        &[&0x707b_u32.to_le_bytes()[..], &nodes(&[0xa2, 0xa1])].concat(),
                    ),
                ],
            ),
            line: "HB pulse a1 cluster \"lab\" adj 1",
            fields: &[
                ("aerospike.endpoint.ipv6", &["2001:db8::7"]),
                ("aerospike.endpoint.port", &["3002"]),
                ("aerospike.endpoint.capabilities.tls", &["1"]),
            ],
        },
        Case {
            name: "information asked for",
            port: 3002,
            bytes: v3(1, &[buf(7, &nodes(&[0xa3, 0xa4]))]),
            line: "HB info request a1 for a3, a4",
            fields: &[("aerospike.heartbeat.type", &["1"])],
        },
        Case {
            name: "information given",
            port: 3002,
            bytes: v3(
                2,
                &[buf(
                    8,
                    &[&nodes(&[0xa3])[..], &[1, 0, 1, 0xba, 0x0b, 10, 0, 0, 3]].concat(),
                )],
            ),
            line: "HB info reply a1",
            fields: &[("aerospike.endpoint.ipv4", &["10.0.0.3"])],
        },
    ]
}

fn clustering() -> Vec<Case> {
    let change = [&nodes(&[0xa2])[..], &1i32.to_le_bytes(), &[3, 0, 0, 0]].concat();
    vec![
        Case {
            name: "PAXOS up to 3.13",
            port: 3001,
            bytes: msg(
                2,
                &[
                    old_uint32(0, 0x707b),
                    old_uint32(1, 1),
                    old_uint32(2, 9),
                    buf(4, &change),
                    buf(5, &nodes(&[0xa2, 0xa1, 0])),
                    sized_field(
                        6,
                        9,
                        &image(&[Some([&4u32.to_le_bytes()[..], &[1, 2, 3, 4]].concat()), None]),
                    ),
                    old_uint64(7, 0xc0ffee),
                ],
            ),
            line: "PAXOS PREPARE",
            fields: &[
                ("aerospike.fabric.op.name", &["PREPARE"]),
                ("aerospike.fabric.paxos.change_count", &["1"]),
                ("aerospike.cluster_key", &["0x0000000000c0ffee"]),
            ],
        },
        Case {
            name: "EXCHANGE with a roster, racks and flags",
            port: 3001,
            bytes: msg(
                9,
                &[
                    uint32(0, 1),
                    uint32(1, 0),
                    uint64(2, 0xc0ffee),
                    uint32(12, 15),
                    sized_field(3, 11, b"\x92\xa4test\xa3bar"),
                    sized_field(
                        4,
                        11,
                        &[
                            &[0x92, 0xc0, 0xd9, 22][..],
                            &1u32.to_le_bytes(),
                            &0xa123_0000_00c0_ffee_u64.to_le_bytes(),
                            &3u32.to_le_bytes(),
                            &[1, 0, 2, 0, 3, 0],
                        ]
                        .concat(),
                    ),
                    sized_field(5, 11, &[0x92, 7, 0xcd, 1, 0]),
                    sized_field(6, 11, &[0x92, 1, 0]),
                    sized_field(
                        7,
                        11,
                        &[&[0x92, 0xb0][..], &nodes(&[0xa2, 0xa1]), &[0xa0]].concat(),
                    ),
                    sized_field(
                        8,
                        11,
                        &[
                            &[0x92, 0xa8][..],
                            &11u32.to_le_bytes(),
                            &12u32.to_le_bytes(),
                            &[0xa0],
                        ]
                        .concat(),
                    ),
                    sized_field(11, 11, &[0x92, 3, 0]),
                    sized_field(13, 11, &[0x92, 2, 1]),
                    sized_field(14, 11, &[0x92, 2, 0]),
                ],
            ),
            line: "EXCHANGE DATA key c0ffee",
            fields: &[
                ("aerospike.namespace", &["test", "bar"]),
                ("aerospike.fabric.exchange.rack_id", &["11", "12"]),
                (
                    "aerospike.fabric.exchange.rebalance_flags",
                    &["0x00000003", "0x00000000"],
                ),
                ("aerospike.fabric.exchange.partition_count", &["3"]),
                ("aerospike.partition", &["1", "2", "3"]),
                // Family 3; bit 61 is master, bit 63 evade.
                ("aerospike.fabric.exchange.version_text", &["000000c0ffee.3.mpe"]),
                ("aerospike.node", &["0x00000000000000a2", "0x00000000000000a1"]),
                ("aerospike.fabric.compatibility_id", &["15"]),
            ],
        },
        Case {
            name: "services of a peer",
            port: 3001,
            bytes: msg(
                8,
                &[
                    uint32(0, 2),
                    uint32(1, 1),
                    str(2, "10.0.0.1:3000;10.0.1.1:3000"),
                    str(4, "10.0.0.1:3000,[2001:db8::7]:3000"),
                    str(8, "node.example"),
                ],
            ),
            line: "INFO UPDATE_REQ",
            fields: &[
                (
                    "aerospike.fabric.info.service",
                    &[
                        "10.0.0.1:3000",
                        "10.0.1.1:3000",
                        "10.0.0.1:3000",
                        "[2001:db8::7]:3000",
                    ],
                ),
                ("aerospike.fabric.info.tls_name", &["node.example"]),
            ],
        },
    ]
}

fn metadata() -> Vec<Case> {
    let arrays = [
        old_uint64(0, 0x0100_0000_0000_0005),
        old_uint32(1, 0x123b),
        old_uint64(2, 0xc0ffee),
        old_uint32(3, 3),
        old_uint32(4, 2),
        sized_field(5, 7, &[0, 0, 0, 0, 0, 0, 0, 1]),
        sized_field(6, 10, &image(&[c_text("UDF"), c_text("SINDEX")])),
        sized_field(7, 10, &image(&[c_text("a.lua"), c_text("test:i")])),
        sized_field(8, 10, &image(&[c_text("return 1"), None])),
        sized_field(9, 7, &[0, 0, 0, 4, 0, 0, 0, 5]),
        sized_field(
            10,
            8,
            &[&1000u64.to_be_bytes()[..], &2000u64.to_be_bytes()].concat(),
        ),
        str(11, "UDF"),
        old_uint32(12, 4),
    ];
    vec![
        Case {
            name: "SMD up to 3.12",
            port: 3001,
            bytes: msg(15, &arrays),
            line: "SMD ACCEPT_THIS_METADATA",
            fields: &[
                ("aerospike.fabric.smd.trid", &["0x0100000000000005"]),
                ("aerospike.fabric.smd.num_items", &["2"]),
                ("aerospike.fabric.smd.action", &["0", "1"]),
                ("aerospike.fabric.smd.key", &["a.lua", "test:i"]),
                ("aerospike.fabric.smd.value", &["return 1"]),
                ("aerospike.fabric.smd.module_name", &["UDF"]),
                ("aerospike.container.text", &["UDF", "SINDEX"]),
            ],
        },
        Case {
            name: "SMD of all contents",
            port: 3001,
            bytes: msg(
                15,
                &[
                    uint64(0, 41),
                    uint64(2, 0xc0ffee),
                    uint32(3, 7),
                    uint32(4, 4),
                    uint64(22, 0xbeef),
                    sized_field(10, 8, &1000u64.to_be_bytes()),
                    sized_field(15, 11, b"\x92\xa4test\xa7test|ab"),
                    sized_field(16, 11, b"\x92\xa3123\xc0"),
                    sized_field(17, 11, &[0x92, 1, 2]),
                ],
            ),
            line: "SMD FULL_FROM_PR",
            fields: &[
                ("aerospike.fabric.smd.key", &["test", "test|ab"]),
                ("aerospike.fabric.smd.value", &["123"]),
                ("aerospike.container.nil", &["1"]),
                ("aerospike.fabric.smd.module", &["4"]),
            ],
        },
        Case {
            name: "SMD of one item deleted",
            port: 3001,
            bytes: msg(
                15,
                &[
                    uint64(0, 7),
                    uint64(2, 1),
                    uint32(3, 0),
                    uint32(4, 3),
                    str(18, "test|i"),
                ],
            ),
            line: "SMD SET_TO_PR SINDEX tid 7 test|i deleted",
            fields: &[],
        },
        Case {
            name: "SMD of a secret",
            port: 3001,
            bytes: msg(
                15,
                &[
                    uint64(0, 7),
                    uint64(2, 1),
                    uint32(3, 0),
                    uint32(4, 2),
                    str(18, "bob"),
                    str(19, "$2a$10$hash"),
                ],
            ),
            line: "SMD SET_TO_PR SECURITY tid 7",
            // Their lengths, with the NUL that a text ends in left out.
            fields: &[
                ("aerospike.fabric.smd.secret", &["3", "11"]),
                ("aerospike.fabric.smd.key", &[]),
            ],
        },
    ]
}

fn cases() -> Vec<Case> {
    [heartbeats(), clustering(), metadata()]
        .into_iter()
        .flatten()
        .collect()
}

fn made(name: &str) -> Vec<Case> {
    let (mut made, cases) = (Maker::new(), cases());
    for (index, case) in cases.iter().enumerate() {
        let (from, to) = (([10, 0, 0, 9], 40000 + index as u16), ([10, 0, 0, 2], case.port));
        made.connect(from, to);
        // A fabric connection begins with the sender's name.
        let greeting = if case.port == 3001 { hello(0xa9, 0) } else { vec![] };
        made.send(from, to, &[greeting, case.bytes.clone()].concat());
    }
    host().put(name, &made.finish());
    cases
}

/// The frame of the n-th case: behind the three of its handshake.
fn frame(index: usize) -> String {
    format!("frame.number == {}", 4 * (index + 1))
}

#[test]
fn fields() {
    for (index, case) in made("made-historic").iter().enumerate() {
        for (field, expected) in case.fields {
            let rows = columns("made-historic", &[], &frame(index), &[field]);
            // The greeting has a node, too.
            let mut values = rows[0][0].clone();
            values.retain(|value| value != "0x00000000000000a9");
            assert_eq!(values, *expected, "{}: {field}", case.name);
        }
    }
}

#[test]
fn lines_of_the_packet_list() {
    let cases = made("made-historic-lines");
    let text = host()
        .on("made-historic-lines", &["-Y", "aerospike"])
        .expect_success()
        .text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), cases.len(), "{text}");
    for (case, line) in cases.iter().zip(lines) {
        assert!(line.contains(case.line), "{}: {line}", case.name);
        assert!(!line.contains("hash"), "a secret: {line}");
    }
}

#[test]
fn nothing_is_unknown() {
    made("made-historic-whole");
    let wrong = "aerospike.expert.malformed || aerospike.data || _ws.malformed || aerospike.expert.invalid_size || \
                 aerospike.expert.unsupported_type || aerospike.expert.continuation";
    let rows = columns(
        "made-historic-whole",
        &[],
        wrong,
        &["frame.number", "aerospike.detail"],
    );
    assert!(rows.is_empty(), "{rows:?}");
}
