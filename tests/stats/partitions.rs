//! The partition maps that clients were given: the master of a request's partition, and requests that went elsewhere.

use crate::common::captures;
use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, proto, record_answer, record_request};

const CLIENT: [u8; 4] = [10, 0, 0, 9];
const A: Endpoint = ([10, 0, 0, 1], 3000);
const B: Endpoint = ([10, 0, 0, 2], 3000);
/// A digest of twenty times this is in partition 0x111.
const DIGEST: u8 = 0x11;
const PARTITION: usize = 0x111;

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            if place <= group.len() {
                text.push(char::from(LETTERS[(word >> (18 - 6 * place) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// All partitions, or all but that one.
fn bitmap(has_it: bool) -> String {
    let mut bytes = [0xff_u8; 512];
    if !has_it {
        bytes[PARTITION / 8] &= !(0x80 >> (PARTITION % 8));
    }
    base64(&bytes)
}

fn none() -> String {
    base64(&[0; 512])
}

fn info(text: &str) -> Vec<u8> {
    proto(1, text.as_bytes())
}

/// The client asks a node on the connection that it has for that.
fn ask(made: &mut Maker, node: Endpoint, commands: &str, answer: &str) {
    let from = (CLIENT, 50_001);
    made.send(from, node, &info(commands));
    made.send(node, from, &info(answer));
}

/// What a node says: its id, its generation and, if it is asked for, its map.
fn tend(made: &mut Maker, node: Endpoint, id: &str, generation: u32, map: Option<(u32, bool, bool)>) {
    let mut commands = String::from("node\npartition-generation\n");
    let mut answer = format!("node\t{id}\npartition-generation\t{generation}\n");
    if let Some((regime, is_master, has_copy)) = map {
        commands += "replicas\n";
        let masters = if is_master { bitmap(true) } else { none() };
        let copies = if has_copy { bitmap(true) } else { none() };
        answer += &format!("replicas\ttest:{regime},2,{masters},{copies}\n");
    }
    ask(made, node, &commands, &answer);
}

/// A request for the record on a connection of its own.
fn request(made: &mut Maker, port: u16, node: Endpoint, writes: bool) -> u32 {
    let from = (CLIENT, port);
    made.connect(from, node);
    let mark = made.send(from, node, &record_request(DIGEST, writes));
    made.send(node, from, &record_answer(0));
    made.close(from, node);
    made.number(mark)
}

/// Both nodes told their first maps: A is the master, B has nothing.
fn begun() -> Maker {
    let mut made = Maker::new();
    for node in [A, B] {
        made.connect((CLIENT, 50_001), node);
    }
    tend(&mut made, A, "A1", 1, Some((1, true, false)));
    tend(&mut made, B, "B2", 1, Some((1, false, false)));
    made
}

/// Then B is the master.
fn move_partition(made: &mut Maker) {
    made.at(5.0);
    tend(made, A, "A1", 2, Some((2, false, false)));
    tend(made, B, "B2", 2, Some((2, true, false)));
}

/// The frames with the note, with their masters; the same in two passes.
fn wrong(name: &str, made: Maker) -> Vec<(u32, String)> {
    host().put(name, &made.finish());
    let filter = "aerospike.expert.wrong_node";
    let look = |options: &[&str]| {
        let rows = columns(
            name,
            options,
            filter,
            &["frame.number", "aerospike.partition.master"],
        );
        let of = |row: &Vec<Vec<String>>| (row[0][0].parse().expect("a number"), row[1].join(","));
        rows.iter().map(of).collect::<Vec<(u32, String)>>()
    };
    let once = look(&[]);
    assert_eq!(once, look(&["-2"]), "{name}");
    once
}

const MASTER_B: &str = "0x00000000000000b2";

#[test]
fn a_request_by_a_stale_map_is_told() {
    let mut made = begun();
    let before = request(&mut made, 50_010, A, true);
    move_partition(&mut made);
    made.at(5.5);
    // The client may have chosen the node before.
    request(&mut made, 50_011, A, true);
    made.at(7.0);
    let write = request(&mut made, 50_012, A, true);
    let read = request(&mut made, 50_013, A, false);
    request(&mut made, 50_014, B, true);
    request(&mut made, 50_015, B, false);
    let wanted = vec![(write, MASTER_B.to_string()), (read, MASTER_B.to_string())];
    assert_eq!(wrong("stale-map", made), wanted);
    let masters = columns(
        "stale-map",
        &[],
        "aerospike.request && aerospike.operation",
        &[
            "frame.number",
            "aerospike.partition.master",
            "aerospike.partition.map_in",
        ],
    );
    assert_eq!(masters.len(), 6);
    for row in &masters {
        let is_before = row[0][0] == before.to_string();
        let id = if is_before { "0x00000000000000a1" } else { MASTER_B };
        assert_eq!(row[1], [id], "{masters:?}");
        let map: u32 = row[2][0].parse().expect("a frame");
        assert!(map < row[0][0].parse().expect("a number"));
    }
}

#[test]
fn a_copy_may_be_read() {
    let mut made = begun();
    made.at(5.0);
    tend(&mut made, A, "A1", 2, Some((2, false, true)));
    tend(&mut made, B, "B2", 2, Some((2, true, false)));
    made.at(7.0);
    request(&mut made, 50_010, A, false);
    let write = request(&mut made, 50_011, A, true);
    assert_eq!(wrong("stale-copy", made), [(write, MASTER_B.to_string())]);
}

#[test]
fn nothing_is_said_where_a_newer_map_could_be_hidden() {
    // The node has another generation, and the map that goes with it is not seen.
    let mut made = begun();
    move_partition(&mut made);
    made.at(6.5);
    tend(&mut made, A, "A1", 3, None);
    made.at(7.0);
    request(&mut made, 50_010, A, true);
    assert_eq!(wrong("hidden-generation", made), []);

    // Bytes are missing; and the node says the same generation again: nothing was in them.
    for confirms in [false, true] {
        let mut made = begun();
        move_partition(&mut made);
        made.at(6.0);
        made.lose(A, (CLIENT, 50_001), 300);
        if confirms {
            // The hole is seen with the next answer, which is known as such by the one behind it.
            tend(&mut made, A, "A1", 2, None);
            tend(&mut made, A, "A1", 2, None);
        } else {
            made.send(A, (CLIENT, 50_001), &[0xff; 40]);
        }
        made.at(7.0);
        let write = request(&mut made, 50_010, A, true);
        let said = wrong(&format!("hidden-hole-{confirms}"), made);
        let wanted: Vec<(u32, String)> = confirms
            .then(|| (write, MASTER_B.to_string()))
            .into_iter()
            .collect();
        assert_eq!(said, wanted);
    }

    // Another process of the same host has asked nothing but the generation so far.
    let mut made = begun();
    move_partition(&mut made);
    let other = (CLIENT, 50_002);
    made.connect(other, A);
    made.send(other, A, &info("partition-generation\n"));
    made.send(A, other, &info("partition-generation\t2\n"));
    made.at(7.0);
    request(&mut made, 50_010, A, true);
    assert_eq!(wrong("hidden-process", made), []);

    // Behind one address there are two nodes.
    let mut made = begun();
    move_partition(&mut made);
    made.at(6.0);
    ask(&mut made, A, "node\n", "node\tC3\n");
    made.at(7.0);
    request(&mut made, 50_010, A, true);
    assert_eq!(wrong("two-nodes", made), []);

    // What another client was told is not what this one was.
    let mut made = begun();
    move_partition(&mut made);
    made.at(7.0);
    let other = ([10, 0, 0, 8], 50_010);
    made.connect(other, A);
    made.send(other, A, &record_request(DIGEST, true));
    made.send(A, other, &record_answer(0));
    assert_eq!(wrong("other-client", made), []);
}

/// Cases of the diagnosis in which nothing is wrong.
fn is_healthy(name: &str) -> bool {
    let Some(truth) = captures::file(&format!("{name}.truth.json")) else {
        return true;
    };
    let text = std::fs::read_to_string(truth).expect("a truth file");
    let truth: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    truth["must"].as_array().is_none_or(Vec::is_empty)
}

/// Clients that are well, of every kind, on clusters that change: nothing.
#[test]
fn healthy_captures_are_silent() {
    let mut looked = 0;
    for folder in ["", "clients", "scenarios", "diagnosis"] {
        for name in captures::all(folder).into_iter().filter(|name| is_healthy(name)) {
            let filter = "aerospike.expert.wrong_node";
            let rows = columns(&name, &[], filter, &["frame.number"]);
            assert!(rows.is_empty(), "{name}: {rows:?}");
            looked += 1;
        }
    }
    assert!(looked > 100, "only {looked} captures");
}
