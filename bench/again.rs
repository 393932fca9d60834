//! Captures made from one that is there (classic pcap, Ethernet, IPv4, TCP): more of the same, and the same of Cassandra.

use std::io::{self, Write};
use std::ops::Range;

/// The file's header, and one before each packet.
const FILE: usize = 24;
const RECORD: usize = 16;
/// Where the addresses of the IP header are, behind Ethernet's.
const ADDRESSES: [Range<usize>; 2] = [26..30, 30..34];
const IP: usize = 14;

/// A packet: its time in microseconds, and its bytes with the record's header.
struct Packet<'a> {
    time: u64,
    record: &'a [u8],
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn packets(file: &[u8]) -> Vec<Packet<'_>> {
    assert_eq!(
        word(file, 0),
        0xa1b2_c3d4,
        "not a pcap file with microseconds, of this machine"
    );
    let mut packets = Vec::new();
    let mut rest = &file[FILE..];
    while rest.len() >= RECORD {
        let (record, behind) = rest.split_at(RECORD + word(rest, 8) as usize);
        packets.push(Packet {
            time: u64::from(word(record, 0)) * 1_000_000 + u64::from(word(record, 4)),
            record,
        });
        rest = behind;
    }
    packets
}

/// `count` packets: `file` again and again, later and between other hosts each time.
pub fn again(file: &[u8], count: usize, out: &mut dyn Write) -> io::Result<()> {
    let packets = packets(file);
    let (first, last) = (packets[0].time, packets[packets.len() - 1].time);
    out.write_all(&file[..FILE])?;
    let mut left = count;
    for copy in 0u64.. {
        for packet in &packets[..packets.len().min(left)] {
            let time = packet.time + copy * (last - first + 1000);
            let mut record = packet.record.to_vec();
            record[..4].copy_from_slice(&((time / 1_000_000) as u32).to_le_bytes());
            record[4..8].copy_from_slice(&((time % 1_000_000) as u32).to_le_bytes());
            for address in ADDRESSES {
                let address = &mut record[RECORD..][address];
                address[1] = address[1].wrapping_add(copy as u8);
                address[2] = address[2].wrapping_add((copy >> 8) as u8);
            }
            out.write_all(&record)?;
        }
        left = left.saturating_sub(packets.len());
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// CQL in place of each client message of Aerospike's that is whole in its packet, of the same size; between the same
/// hosts, on CQL's port. What is not one is left out.
pub fn cql(file: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&file[..FILE])?;
    for packet in packets(file) {
        let mut record = packet.record.to_vec();
        let frame = &mut record[RECORD..];
        let tcp = IP + usize::from(frame[IP] & 15) * 4;
        let payload = tcp + usize::from(frame[tcp + 12] >> 4) * 4;
        let port = |at| u16::from_be_bytes([frame[at], frame[at + 1]]);
        let (from_server, to_server) = (port(tcp) == 3000, port(tcp + 2) == 3000);
        let at = if from_server { tcp } else { tcp + 2 };
        if !from_server && !to_server {
            continue;
        }
        frame[at..at + 2].copy_from_slice(&9042u16.to_be_bytes());
        let end = IP + usize::from(u16::from_be_bytes([frame[IP + 2], frame[IP + 3]]));
        if replace(&mut frame[payload..end], from_server) {
            out.write_all(&record)?;
        }
    }
    Ok(())
}

/// Writes CQL over whole messages of Aerospike; whether there is nothing else.
fn replace(mut bytes: &mut [u8], is_answer: bool) -> bool {
    while let Some(header) = bytes.first_chunk::<8>() {
        let size = usize::try_from(u64::from_be_bytes(*header) & 0xffff_ffff_ffff).expect("a size");
        let Some((message, rest)) = bytes.split_at_mut_checked(8 + size) else {
            return false;
        };
        let message = if is_answer {
            result(message.len())
        } else {
            query(message.len())
        }
        .into_iter()
        .zip(message);
        message.for_each(|(new, old)| *old = new);
        bytes = rest;
    }
    bytes.is_empty()
}

/// A frame of so many bytes: version 4, no flags, stream 0.
fn frame(version: u8, opcode: u8, mut body: Vec<u8>, size: usize) -> Vec<u8> {
    body.resize(size.saturating_sub(9), b' ');
    let mut frame = vec![version, 0, 0, 0, opcode];
    frame.extend((body.len() as u32).to_be_bytes());
    frame.extend(body);
    frame
}

/// QUERY: a text, consistency ONE, no flags.
fn query(size: usize) -> Vec<u8> {
    let room = size.saturating_sub(9 + 4 + 3);
    let mut text = b"SELECT * FROM test.demo WHERE key = 1".to_vec();
    text.resize(room, b' ');
    let mut body = (text.len() as u32).to_be_bytes().to_vec();
    body.extend(text);
    body.extend([0, 1, 0]);
    frame(4, 7, body, size)
}

/// RESULT: one row with one value, or VOID where there is no room for it.
fn result(size: usize) -> Vec<u8> {
    // Rows; no flags, one column: keyspace, table, name, varchar; one row.
    let mut body = vec![0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1];
    for name in ["test", "demo", "name"] {
        body.extend((name.len() as u16).to_be_bytes());
        body.extend(name.as_bytes());
    }
    body.extend([0, 13, 0, 0, 0, 1]);
    match size.checked_sub(9 + body.len() + 4) {
        Some(room) => body.extend((room as u32).to_be_bytes()),
        None => body = vec![0, 0, 0, 1],
    }
    frame(0x84, 8, body, size)
}
