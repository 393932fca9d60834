//! Captures, and what is done to them: packets lost, repeated, swapped, cut short; then `editcap -E`, which spoils bytes.

use std::fs;
use std::path::PathBuf;

use crate::common::captures;
use crate::common::host::host;
use crate::random::Random;

/// Packets of one run at most: a large capture gives a part of it.
const PACKETS: usize = 120;
const BYTES: usize = 256 << 10;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SECRETS: u32 = 10;
const PACKET: u32 = 6;
/// In a packet's block: its length as captured, and where its bytes are.
const CAPTURED: usize = 20;
const DATA: usize = 28;

/// A capture in pieces: pcapng blocks.
pub struct Source {
    pub name: String,
    /// What describes the file: the section, the interfaces, secrets of TLS.
    head: Vec<u8>,
    packets: Vec<Vec<u8>>,
}

/// All captures that are here.
pub fn sources() -> Vec<Source> {
    let mut names = captures::all("");
    names.extend(captures::all("scenarios"));
    let sources: Vec<Source> = names.into_iter().filter_map(Source::read).collect();
    assert!(sources.len() > 20, "only {} captures", sources.len());
    sources
}

impl Source {
    fn read(name: String) -> Option<Source> {
        let bytes = captures::capture_bytes(&name).0;
        let mut source = Source {
            name,
            head: Vec::new(),
            packets: Vec::new(),
        };
        // After the interfaces: editcap does not write a capture in which they come first.
        let mut secrets: Vec<u8> = Vec::new();
        let mut rest = &bytes[..];
        while rest.len() >= 12 {
            let kind = word(rest, 0);
            // Of the other byte order, or broken: none of the set is.
            let block = rest
                .get(..word(rest, 4) as usize)
                .filter(|block| block.len() >= 12)?;
            match kind {
                SECTION | INTERFACE => source.head.extend(block),
                SECRETS => secrets.extend(block),
                PACKET => source.packets.push(block.to_vec()),
                _ => {}
            }
            rest = &rest[block.len()..];
        }
        source.head.extend(secrets);
        (!source.packets.is_empty()).then_some(source)
    }
}

/// A damaged capture.
pub struct Damaged {
    pub path: PathBuf,
    pub size: usize,
    /// What was done, in words.
    pub how: String,
}

impl Damaged {
    pub fn make(source: &Source, random: &mut Random, name: &str) -> Damaged {
        let mut how = Vec::new();
        let mut packets = part(source, random, &mut how);
        if random.once_in(3) {
            let one_in = *random.pick(&[10, 25, 50]);
            let first = packets.remove(0);
            packets.retain(|_| !random.once_in(one_in));
            packets.insert(0, first);
            how.push(format!("1 packet of {one_in} lost"));
        }
        if random.once_in(4) {
            for at in (0..packets.len()).rev() {
                if random.once_in(20) {
                    packets.insert(at, packets[at].clone());
                }
            }
            how.push("1 packet of 20 repeated".into());
        }
        if random.once_in(4) {
            let far = *random.pick(&[1, 3, 200]);
            for at in 0..packets.len() {
                let other = (at + random.below(far + 1)).min(packets.len() - 1);
                packets.swap(at, other);
            }
            how.push(format!("packets swapped, up to {far} apart"));
        }
        if random.once_in(4) {
            for packet in &mut packets {
                if random.once_in(10) {
                    let length = random.below(word(packet, CAPTURED) as usize + 1);
                    cut(packet, length);
                }
            }
            how.push("1 packet of 10 cut short".into());
        }
        let mut bytes = source.head.clone();
        packets.iter().for_each(|packet| bytes.extend(packet));
        let undamaged = host().scratch(&format!("in-{name}"), &bytes);
        let path = host().writable(name);
        let mut arguments: Vec<String> = Vec::new();
        if !random.once_in(5) {
            arguments.extend(["-E".into(), (*random.pick(&["0.01", "0.02", "0.05"])).into()]);
            // The addresses and ports stay whole half of the time: more is seen of what is above them.
            if random.once_in(2) {
                arguments.extend(["-o".into(), "66".into()]);
            }
        }
        if random.once_in(5) {
            arguments.extend(["-s".into(), (40 + random.below(400)).to_string()]);
        }
        arguments.extend(["--seed".into(), (1 + random.below(1 << 30)).to_string()]);
        how.push(format!("editcap {}", arguments.join(" ")));
        arguments.extend([undamaged.display().to_string(), path.display().to_string()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        host().run("editcap", &arguments, "").expect_success();
        let _ = fs::remove_file(undamaged);
        let size = fs::metadata(&path).map_or(0, |file| file.len() as usize);
        Damaged {
            path,
            size,
            how: how.join(", "),
        }
    }
}

/// Some packets in a row; half of the time from the first on, so that connections begin.
fn part(source: &Source, random: &mut Random, how: &mut Vec<String>) -> Vec<Vec<u8>> {
    let all = &source.packets;
    let last = all.len().saturating_sub(PACKETS / 2);
    let first = if random.once_in(2) {
        0
    } else {
        random.below(last + 1)
    };
    let mut room = BYTES;
    let fits = |packet: &&Vec<u8>| {
        let enough = room > 0;
        room = room.saturating_sub(packet.len());
        enough
    };
    let packets: Vec<Vec<u8>> = all[first..]
        .iter()
        .take(PACKETS)
        .take_while(fits)
        .cloned()
        .collect();
    how.push(format!("packets {first} to {}", first + packets.len() - 1));
    packets
}

/// Leaves the first bytes of a packet's data.
fn cut(packet: &mut Vec<u8>, length: usize) {
    let padded = length.div_ceil(4) * 4;
    packet.truncate(DATA + length);
    packet.resize(DATA + padded + 4, 0);
    let total = (packet.len() as u32).to_le_bytes();
    packet[4..8].copy_from_slice(&total);
    let end = packet.len() - 4;
    packet[end..].copy_from_slice(&total);
    packet[CAPTURED..CAPTURED + 4].copy_from_slice(&(length as u32).to_le_bytes());
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .map_or(0, |word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}
