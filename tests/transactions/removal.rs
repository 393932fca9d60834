//! One segment with data is taken out of a connection: every link that is left is one of the whole capture.
//!
//! Each variant of a connection gets a client of its own, so that one file holds all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::links::shown;
use super::streams::{PORTS, Truth, truth};
use crate::common::Findings;
use crate::common::captures;
use crate::common::host::host;

const ENHANCED_PACKET: u32 = 6;
/// Where the packet begins in its block.
const DATA: usize = 28;
const ETHERNET: usize = 14;

/// A packet over IPv4 and TCP.
struct Packet<'a> {
    frame: u32,
    block: &'a [u8],
    /// The connection: the client's address and port.
    client: ([u8; 4], u16),
    from_server: bool,
    carries: bool,
}

/// A variant and the frames of the whole capture that its packets are.
struct Variants {
    name: String,
    origins: Vec<u32>,
    /// The variant of each packet.
    of: Vec<u32>,
    /// How many exchanges of the whole capture each variant has with all of their frames.
    whole: usize,
}

fn blocks(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let word = |at: usize| Some(u32::from_le_bytes(rest.get(at..at + 4)?.try_into().ok()?));
        let (kind, length) = (word(0)?, word(4)? as usize);
        let (block, after) = rest.split_at_checked(length)?;
        rest = after;
        Some((kind, block))
    })
}

fn packet(frame: u32, block: &[u8]) -> Option<Packet<'_>> {
    let ip = block.get(DATA + ETHERNET..)?;
    if block[DATA + 12..DATA + 14] != [8, 0] || ip.get(9) != Some(&6) {
        return None;
    }
    let tcp = ip.get(usize::from(ip[0] & 15) * 4..)?;
    let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
    let is_ours = |port: u16| PORTS.contains(&port.to_string().as_str());
    let (from_server, to_server) = (is_ours(port(0)), is_ours(port(2)));
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    let headers = usize::from(ip[0] & 15) * 4 + usize::from(tcp[12] >> 4) * 4;
    let address = |at: usize| ip[at..at + 4].try_into().expect("four bytes");
    (from_server || to_server).then(|| Packet {
        frame,
        block,
        client: if from_server {
            (address(16), port(2))
        } else {
            (address(12), port(0))
        },
        from_server,
        carries: total > headers,
    })
}

/// The packet with a client of another address.
fn rename(packet: &Packet<'_>, variant: u32) -> Vec<u8> {
    let mut block = packet.block.to_vec();
    let at = DATA + ETHERNET + if packet.from_server { 16 } else { 12 };
    block[at..at + 4].copy_from_slice(&(0x0aa0_0000 + variant).to_be_bytes());
    block
}

/// Variants without one segment each: those of all segments up to `all`, then of every `step`th; each goes on for
/// `after` packets.
fn make(capture: &str, truth: &Truth, all: usize, step: usize, after: usize) -> Variants {
    let (bytes, _) = captures::capture_bytes(capture);
    let (mut out, mut frame) = (Vec::new(), 0);
    let mut connections: BTreeMap<_, Vec<Packet<'_>>> = BTreeMap::new();
    for (kind, block) in blocks(&bytes) {
        if kind != ENHANCED_PACKET {
            if frame == 0 {
                out.extend(block);
            }
            continue;
        }
        frame += 1;
        if let Some(packet) = packet(frame, block) {
            connections.entry(packet.client).or_default().push(packet);
        }
    }
    let mut made = Variants {
        name: format!("{capture}--without-each"),
        origins: Vec::new(),
        of: Vec::new(),
        whole: 0,
    };
    let mut variant = 0;
    for packets in connections.values() {
        let carrying = (0..packets.len()).filter(|at| packets[*at].carries);
        for (_, gone) in carrying
            .enumerate()
            .filter(|(nth, _)| *nth < all || nth % step == 0)
        {
            variant += 1;
            let kept = packets.iter().enumerate().take(gone.saturating_add(after));
            let kept: Vec<_> = kept
                .filter(|(at, _)| *at != gone)
                .map(|(_, packet)| packet)
                .collect();
            let there: BTreeSet<u32> = kept.iter().map(|packet| packet.frame).collect();
            let is_whole = |frames: &[u32]| frames.iter().all(|frame| there.contains(frame));
            made.whole += truth
                .exchanges
                .iter()
                .filter(|one| one.complete && is_whole(&one.request.frames))
                .filter(|one| one.answers.iter().all(|answer| is_whole(&answer.frames)))
                .count();
            for packet in kept {
                out.extend(rename(packet, variant));
                made.origins.push(packet.frame);
                made.of.push(variant);
            }
        }
    }
    host().put(&made.name, &out);
    made
}

/// Checks the links of all variants; the share of those that are there of those that could be.
fn check(findings: &mut Findings, made: &Variants, truth: &Truth, options: &[&str]) -> f64 {
    let mut right = BTreeSet::new();
    for exchange in &truth.exchanges {
        for answer in &exchange.answers {
            for at in &answer.frames {
                right.extend(exchange.request.frames.iter().map(|request| (*request, *at)));
            }
        }
    }
    let place = |frame: u32| (made.of[frame as usize - 1], made.origins[frame as usize - 1]);
    let mut there = BTreeSet::new();
    for (frame, (requests, answers)) in shown(&made.name, options) {
        let pairs = requests.iter().map(|request| (*request, frame));
        for (request, answer) in pairs.chain(answers.iter().map(|answer| (frame, *answer))) {
            let (request, answer) = (place(request), place(answer));
            findings.check(
                request.0 == answer.0 && right.contains(&(request.1, answer.1)),
                || {
                    format!(
                        "{} {options:?}, variant {}: request {} is not answered in {}",
                        made.name, request.0, request.1, answer.1
                    )
                },
            );
            there.insert((request, answer.1));
        }
    }
    let complete: BTreeSet<(u32, u32)> = truth
        .exchanges
        .iter()
        .filter_map(|one| Some((one.request.frame(), one.answers.last()?.frame())))
        .collect();
    let kept = there
        .iter()
        .filter(|(request, answer)| complete.contains(&(request.1, *answer)));
    kept.count() as f64 / made.whole.max(1) as f64
}

fn without_each(capture: &str, all: usize, step: usize, after: usize, least: f64) {
    let truth = truth(capture);
    let made = make(capture, &truth, all, step, after);
    assert!(made.whole > 40, "{capture}: only {} exchanges", made.whole);
    let mut findings = Findings::default();
    // Where segments are put in order, Wireshark holds back what follows a hole.
    for (options, least) in [
        (&[][..], least),
        (&["-2"][..], least),
        (&["-2", "-o", "tcp.reassemble_out_of_order:TRUE"][..], 0.3),
    ] {
        let share = check(&mut findings, &made, &truth, options);
        findings.check(share >= least, || {
            format!("{capture} {options:?}: {:.1} % of the links", share * 100.0)
        });
    }
    findings.report();
}

#[test]
fn of_one_connection_with_every_type() {
    without_each("kv-all-types", usize::MAX, 1, usize::MAX, 0.99);
}

#[test]
fn of_two_busy_connections() {
    without_each("hot-keys-zipf", 40, 251, 60, 0.99);
}

#[test]
fn of_batches() {
    without_each("batch-all", usize::MAX, 1, usize::MAX, 0.99);
}

#[test]
fn of_scans() {
    without_each("scan-basic", usize::MAX, 1, usize::MAX, 0.9);
}

#[test]
fn of_requests_that_come_together() {
    without_each("pipelined-one-segment", usize::MAX, 1, usize::MAX, 0.4);
}
