//! Lines of tshark's `-T fields`, read into what happened.
//!
//! Fields and not columns as in [`crate::pass`]: a batch may have more rows than a column holds.

use crate::tshark::{Tshark, nanoseconds};
use std::collections::HashMap;

/// What is asked for, in this order.
pub const FIELDS: &[&str] = &[
    "frame.number",
    "frame.time_epoch",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "aerospike.request",
    "aerospike.operation",
    "aerospike.namespace",
    "aerospike.set",
    "aerospike.digest",
    "aerospike.key",
    "aerospike.result",
    "aerospike.response_time",
    "aerospike.size",
    "aerospike.duplicate",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "aerospike.expert.timed_out",
    "aerospike.expert.retry",
    "aerospike.expert.late_answer",
    "aerospike.expert.busy_connection",
    "aerospike.expert.duplicate_write",
    "aerospike.expert.unsupported_version",
    "aerospike.expert.malformed",
];
const LOST: usize = 18;
const EXPERTS: usize = 20;
/// What the experts' fields mean as a finding.
const FINDINGS: [&str; 7] = [
    "Timed out",
    "Retry",
    "Late answer",
    "Request on a busy connection",
    "Duplicate write",
    "Unsupported protocol",
    "Malformed",
];
/// Between values of a field; no text of a database has it, we hope: it is what ASCII calls a unit separator.
pub const AGGREGATOR: &str = "\u{1f}";

/// The packets that have something to tell: messages of clients and their answers (those between nodes have no such type).
pub const TELLING: &str = "aerospike.type or tcp.analysis.lost_segment or tcp.analysis.ack_lost_segment";

/// A packet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packet<'l> {
    /// Its number.
    pub frame: u64,
    /// Nanoseconds since 1970.
    pub at: i64,
    /// The server's end.
    pub node: String,
    /// The client's host.
    pub client: &'l str,
    /// Whether requests are in it; else answers.
    pub is_request: bool,
    /// Records it is about, with their namespace, set and key.
    pub records: Vec<Touched<'l>>,
    /// By number, as the plugin has them.
    pub operation: Option<u32>,
    /// Of answers, in nanoseconds.
    pub times: Vec<u64>,
    /// Of messages.
    pub bytes: u64,
    /// Findings of it.
    pub findings: Vec<&'static str>,
    /// Segments that the capture lacks, at least.
    pub missing: u64,
}

/// A record in a message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Touched<'l> {
    /// Its namespace.
    pub namespace: &'l str,
    /// Its set.
    pub set: &'l str,
    /// Its key, if it is shown.
    pub key: &'l str,
    /// As hex.
    pub digest: &'l str,
    /// Whether it was refused, in an answer.
    pub is_error: bool,
}

/// `OK` and `NOT_FOUND`: what is no error of anybody.
const NO_ERRORS: [&str; 2] = ["0", "2"];

/// Reads a line; none if it is no packet, or a copy of one.
#[must_use]
pub fn parse(line: &str) -> Option<Packet<'_>> {
    let cells: Vec<&str> = line.trim_end_matches(['\r', '\n']).split('\t').collect();
    if cells.len() != FIELDS.len() || !cells[17].is_empty() {
        return None;
    }
    let is_request = is_true(last(cells[8]));
    let source = (either(cells[2], cells[3]), last(cells[4]));
    let target = (either(cells[5], cells[6]), last(cells[7]));
    let (node, client) = if is_request {
        (target, source.0)
    } else {
        (source, target.0)
    };
    let node = if node.0.contains(':') {
        format!("[{}]:{}", node.0, node.1)
    } else {
        format!("{}:{}", node.0, node.1)
    };
    Some(Packet {
        frame: cells[0].parse().ok()?,
        at: nanoseconds(cells[1])?,
        node,
        client,
        is_request,
        records: records(&cells),
        // Of a batch the last one is the message's.
        operation: last(cells[9]).parse().ok(),
        times: list(cells[15])
            .filter_map(nanoseconds)
            .map(|time| u64::try_from(time).unwrap_or(0))
            .collect(),
        // Every message has a header of 8 bytes.
        bytes: list(cells[16])
            .filter_map(|size| size.parse::<u64>().ok())
            .map(|size| size + 8)
            .sum(),
        findings: (FINDINGS.iter().zip(&cells[EXPERTS..]))
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(name, _)| *name)
            .collect(),
        missing: cells[LOST..EXPERTS]
            .iter()
            .filter(|cell| !cell.is_empty())
            .count() as u64,
    })
}

/// Records by their digests. Rows of a batch that are like the one before have no namespace and set of their own.
fn records<'l>(cells: &[&'l str]) -> Vec<Touched<'l>> {
    let digests: Vec<&str> = list(cells[12]).collect();
    let columns = [10, 11, 13, 14].map(|column| list(cells[column]).collect::<Vec<_>>());
    let at = |column: usize, place: usize| {
        let values = &columns[column];
        if values.len() == digests.len() {
            values.get(place)
        } else {
            values.first()
        }
        .copied()
        .unwrap_or_default()
    };
    let is_key_of_each = columns[2].len() == digests.len();
    (0..digests.len())
        .map(|place| Touched {
            namespace: at(0, place),
            set: at(1, place),
            // A key that belongs to another record would be worse than none.
            key: if is_key_of_each { at(2, place) } else { "" },
            digest: digests[place],
            is_error: columns[3].len() == digests.len() && !NO_ERRORS.contains(&at(3, place)),
        })
        .collect()
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(AGGREGATOR).filter(|value| !value.is_empty())
}

fn last(cell: &str) -> &str {
    list(cell).last().unwrap_or_default()
}

fn either<'l>(one: &'l str, other: &'l str) -> &'l str {
    if one.is_empty() { last(other) } else { last(one) }
}

/// A boolean is `1` in Wireshark 4.0, `True` in later ones.
fn is_true(cell: &str) -> bool {
    matches!(cell, "1" | "True")
}

/// The names of the operations, as the plugin has them.
#[must_use]
pub fn operations(tshark: &Tshark) -> HashMap<u32, String> {
    parse_operations(&tshark.values())
}

fn parse_operations(said: &str) -> HashMap<u32, String> {
    let names = said.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("V\taerospike.operation\t")?.split('\t');
        let number = cells.next()?;
        let number = number
            .strip_prefix("0x")
            .map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16))
            .ok()?;
        Some((number, cells.next()?.to_owned()))
    });
    names.collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A line with these values, the others empty.
    pub fn line(values: &[(&str, &str)]) -> String {
        let cell = |field: &&str| {
            values
                .iter()
                .find(|(name, _)| name == field)
                .map_or("", |(_, value)| value)
        };
        FIELDS.iter().map(cell).collect::<Vec<_>>().join("\t") + "\n"
    }

    #[test]
    fn a_batch_has_a_record_for_each_row() {
        let text = line(&[
            ("frame.number", "7"),
            ("frame.time_epoch", "1.5"),
            ("ip.src", "10.0.0.9"),
            ("tcp.srcport", "4000"),
            ("ip.dst", "10.0.0.1"),
            ("tcp.dstport", "3000"),
            ("aerospike.request", "True"),
            ("aerospike.operation", "17\u{1f}17\u{1f}1"),
            ("aerospike.namespace", "test"),
            ("aerospike.set", "demo"),
            ("aerospike.digest", "aa\u{1f}bb"),
            ("aerospike.key", "only, one"),
            ("aerospike.size", "92"),
        ]);
        let packet = parse(&text).unwrap();
        assert_eq!(
            (
                packet.node.as_str(),
                packet.client,
                packet.operation,
                packet.bytes
            ),
            ("10.0.0.1:3000", "10.0.0.9", Some(1), 100)
        );
        let records: Vec<_> = packet
            .records
            .iter()
            .map(|record| (record.namespace, record.set, record.key, record.digest))
            .collect();
        assert_eq!(records, [("test", "demo", "", "aa"), ("test", "demo", "", "bb")]);
    }

    #[test]
    fn errors_and_findings_are_seen_and_copies_are_not() {
        let answer = [
            ("frame.number", "8"),
            ("frame.time_epoch", "1.5"),
            ("ipv6.src", "::1"),
            ("tcp.srcport", "3000"),
            ("aerospike.digest", "aa"),
            ("aerospike.result", "9"),
            ("aerospike.response_time", "0.002"),
            ("aerospike.expert.timed_out", "late"),
            ("tcp.analysis.lost_segment", "1"),
        ];
        let text = line(&answer);
        let packet = parse(&text).unwrap();
        assert_eq!(
            (packet.node.as_str(), packet.is_request, packet.times.clone()),
            ("[::1]:3000", false, vec![2_000_000])
        );
        assert!(packet.records[0].is_error);
        assert_eq!((packet.findings.clone(), packet.missing), (vec!["Timed out"], 1));
        let copy = [&answer[..], &[("aerospike.duplicate", "1")]].concat();
        assert_eq!(parse(&line(&copy)), None);
        assert_eq!(parse("     1 |test |load"), None);
    }

    #[test]
    fn operations_have_the_plugins_names() {
        let names = parse_operations(
            "V\taerospike.operation\t13\twrite\nV\tother\t1\tx\nV\taerospike.operation\t0x11\tget\n",
        );
        assert_eq!(
            (names[&13].as_str(), names[&17].as_str(), names.len()),
            ("write", "get", 2)
        );
    }
}
