//! The same capture, degraded as captures are: the findings are the same or fewer, never others.

use std::collections::BTreeSet;
use std::thread;

use crate::common::captures::capture_bytes;
use crate::common::diagnosis::{Line, tables_of};
use crate::common::host::host;
use crate::common::make::{Clock, pcap};

/// Recorded faults and healthy captures; each with what it is for.
const CAPTURES: &[&str] = &[
    "scenarios/server-stall",
    "scenarios/network-drop-requests",
    "scenarios/key-busy",
    "scenarios/retry-duplicates",
    "scenarios/sync-loss",
    "diagnosis/java-server-pauses",
    "diagnosis/java-node-killed",
    "diagnosis/go-rolling-restart",
    "diagnosis/go-idle-reused",
    "diagnosis/java-stop-writes",
    "cluster-mesh-join-no-migration",
    "perf-sample-30k",
];

/// A packet: nanoseconds, bytes, and how long it was.
#[derive(Clone)]
struct Packet {
    time: u64,
    bytes: Vec<u8>,
    length: u32,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The packets of a capture file of Ethernet, little endian.
fn packets(bytes: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    if bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        let (mut at, mut unit) = (0, 1_000);
        while at + 12 <= bytes.len() {
            let (kind, size) = (u32_at(bytes, at), u32_at(bytes, at + 4) as usize);
            let block = &bytes[at..at + size];
            if kind == 1 {
                assert_eq!(u32_at(block, 8) & 0xffff, 1, "Ethernet");
                unit = resolution(&block[16..size - 4]);
            } else if kind == 6 {
                let ticks = u64::from(u32_at(block, 12)) << 32 | u64::from(u32_at(block, 16));
                let captured = u32_at(block, 20) as usize;
                packets.push(Packet {
                    time: ticks * unit,
                    bytes: block[28..28 + captured].to_vec(),
                    length: u32_at(block, 24),
                });
            }
            at += size;
        }
    } else {
        let unit = if u32_at(bytes, 0) == 0xa1b2_3c4d { 1 } else { 1_000 };
        let mut at = 24;
        while at + 16 <= bytes.len() {
            let captured = u32_at(bytes, at + 8) as usize;
            packets.push(Packet {
                time: u64::from(u32_at(bytes, at)) * 1_000_000_000 + u64::from(u32_at(bytes, at + 4)) * unit,
                bytes: bytes[at + 16..at + 16 + captured].to_vec(),
                length: u32_at(bytes, at + 12),
            });
            at += 16 + captured;
        }
    }
    packets
}

/// Nanoseconds of a tick, by the option if_tsresol.
fn resolution(mut options: &[u8]) -> u64 {
    while options.len() >= 4 {
        let code = u16::from_le_bytes([options[0], options[1]]);
        let length = usize::from(u16::from_le_bytes([options[2], options[3]]));
        if code == 9 {
            return 10_u64.pow(9 - u32::from(options[4]));
        }
        let next = 4 + length.next_multiple_of(4);
        options = options.get(next..).unwrap_or_default();
        if code == 0 {
            break;
        }
    }
    1_000
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn is(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// Where the ports of TCP are, if it is TCP over IPv4.
fn ports_at(bytes: &[u8]) -> Option<usize> {
    let is_tcp = bytes.get(12..14)? == [8, 0] && *bytes.get(23)? == 6;
    is_tcp.then(|| 14 + usize::from(bytes[14] & 15) * 4)
}

fn change_each(packets: &[Packet], mut change: impl FnMut(&mut Packet)) -> Vec<Packet> {
    let mut packets = packets.to_vec();
    packets.iter_mut().for_each(&mut change);
    packets
}

/// A degraded copy: its name, its packets, and more arguments.
type Variant = (&'static str, Vec<Packet>, Vec<String>);

fn variants(packets: &[Packet]) -> Vec<Variant> {
    let mut all: Vec<Variant> = Vec::new();
    let mut add = |name, packets, arguments| all.push((name, packets, arguments));
    let twice = packets.iter().flat_map(|packet| {
        let mut copy = packet.clone();
        copy.time += 12_000;
        [packet.clone(), copy]
    });
    let mut twice: Vec<Packet> = twice.collect();
    twice.sort_by_key(|packet| packet.time);
    add("twice", twice, Vec::new());
    let is_service = |port: [u8; 2]| (3000..3010).contains(&u16::from_be_bytes(port));
    let from_server = |packet: &&Packet| {
        ports_at(&packet.bytes).is_some_and(|at| {
            packet
                .bytes
                .get(at..at + 2)
                .is_some_and(|port| is_service([port[0], port[1]]))
        })
    };
    add(
        "one direction",
        packets
            .iter()
            .filter(|packet| !from_server(packet))
            .cloned()
            .collect(),
        Vec::new(),
    );
    add("joined", packets[packets.len() / 2..].to_vec(), Vec::new());
    add(
        "cut",
        change_each(packets, |packet| packet.bytes.truncate(96)),
        Vec::new(),
    );
    for (name, percent) in [("1 % lost", 1), ("5 % lost", 5)] {
        let mut random = Random(percent);
        add(
            name,
            packets.iter().filter(|_| !random.is(percent)).cloned().collect(),
            Vec::new(),
        );
    }
    let mut swapped = packets.to_vec();
    let mut random = Random(7);
    for at in 1..swapped.len() {
        if random.is(5) {
            let (one, other) = (swapped[at - 1].time, swapped[at].time);
            swapped.swap(at - 1, at);
            (swapped[at - 1].time, swapped[at].time) = (one, other);
        }
    }
    add("swapped", swapped, Vec::new());
    add(
        "an hour later",
        change_each(packets, |packet| packet.time += 3_600_000_000_000),
        Vec::new(),
    );
    add(
        "VLAN",
        change_each(packets, |packet| {
            packet.bytes.splice(12..12, [0x81, 0, 0, 7]);
            packet.length += 4;
        }),
        Vec::new(),
    );
    add("IPv6", change_each(packets, to_v6), Vec::new());
    let moved = change_each(packets, |packet| {
        if let Some(at) = ports_at(&packet.bytes) {
            for at in [at, at + 2] {
                if packet.bytes.get(at..at + 2) == Some(&3000_u16.to_be_bytes()[..]) {
                    packet.bytes[at..at + 2].copy_from_slice(&7000_u16.to_be_bytes());
                }
            }
        }
    });
    add(
        "another port",
        moved,
        vec!["-o".into(), "aerospike.tcp.port:3000,3008,7000".into()],
    );
    all
}

/// The same packet over IPv6: the last four bytes of an address are those of IPv4.
fn to_v6(packet: &mut Packet) {
    let bytes = &packet.bytes;
    if bytes.get(12..14) != Some(&[8, 0]) || bytes.len() < 34 {
        return;
    }
    let header = usize::from(bytes[14] & 15) * 4;
    let total = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let mut new = bytes[..12].to_vec();
    new.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
    new.extend(((total - header) as u16).to_be_bytes());
    new.extend([bytes[23], 64]);
    for address in [&bytes[26..30], &bytes[30..34]] {
        new.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        new.extend(address);
    }
    let end = bytes.len().min(14 + total);
    new.extend(&bytes[14 + header..end]);
    packet.length = (14 + 40 + total - header) as u32;
    packet.bytes = new;
}

/// What is said, without figures: the finding, and the hosts of who.
fn said(row: &Line) -> (String, BTreeSet<String>) {
    let who = row.who.replace("fd00::a4d:", "10.77.").replace(['[', ']'], "");
    let words = who
        .split(|c: char| !(c.is_ascii_hexdigit() || c == '.'))
        .filter(|word| word.split('.').count() == 4);
    (row.finding.clone(), words.map(str::to_string).collect())
}

#[test]
fn degraded_captures_say_the_same_or_less() {
    let wrong: Vec<String> = thread::scope(|scope| {
        let captures: Vec<_> = CAPTURES
            .iter()
            .map(|capture| scope.spawn(|| unknown_rows(capture)))
            .collect();
        let rows = captures.into_iter().map(|rows| rows.join().expect("no panic"));
        rows.flatten().collect()
    });
    assert!(
        wrong.is_empty(),
        "{} rows that the original has not:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Rows of a capture's degraded copies that the capture itself has not.
fn unknown_rows(capture: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let (bytes, _) = capture_bytes(capture);
    let packets = packets(&bytes);
    let original = tables_of(capture, &[], "");
    let known: Vec<_> = original.findings.iter().map(said).collect();
    for (name, packets, arguments) in variants(&packets) {
        let file = format!(
            "variant-{}-{}",
            capture.replace('/', "-"),
            name.replace([' ', '%'], "")
        );
        let packets = packets.iter();
        let packets = packets.map(|packet| (packet.time, packet.bytes.as_slice(), packet.length as usize));
        host().put(&file, &pcap(Clock::Nanoseconds, packets));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        for row in tables_of(&file, &arguments, "").findings {
            let (finding, hosts) = said(&row);
            let is_known = known.iter().any(|(other, others)| {
                *other == finding
                    && (name == "IPv6"
                        || hosts.is_empty()
                        || others.is_empty()
                        || hosts.iter().any(|host| others.contains(host)))
            });
            if !is_known {
                wrong.push(format!(
                    "{capture}, {name}: {} | {} | {}",
                    row.finding, row.who, row.details
                ));
            }
        }
    }
    wrong
}
