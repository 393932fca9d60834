//! Two captures of the same minute, at two places: aligned by the packets they share, they tell where one was lost or late.
//!
//! A packet is known again by its addresses, ports, sequence number, length and IP identification: where the network or a
//! card changes these (address translation, segmentation by the card), fewer are shared, and that is said.
//!
//! More than 500 lines with its tests: reading, aligning and telling are one thing.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::hide::Hider;
use crate::page;
use crate::side::{Side, Source};
use crate::text;
use crate::tshark::{Settings, Tshark, nanoseconds};

/// Packets with data that are kept of each side: about 200 MB.
const MOST: usize = 2_000_000;
/// Rows of a table.
const ROWS: usize = 40;
/// Fewer shared packets prove no common minute.
const SHARED: usize = 10;

/// A packet with data, where it was seen.
#[derive(Clone, Debug, PartialEq)]
struct Packet {
    at: i64,
    frame: u64,
    /// Of this packet alone, and of its bytes, which may be sent again.
    ids: (u64, u64),
    to_node: bool,
    /// Client and node.
    ends: (String, String),
    /// What it answers or asks, if that is known.
    operation: String,
    is_answer: bool,
}

/// What is lost or late on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// Seconds since the first packet of the side that sent it.
    pub at_s: f64,
    /// `client → node` or the other way.
    pub way: String,
    /// What it answers or asks; empty for a part of it.
    pub operation: String,
    /// Its frame where it was sent.
    pub frame: u64,
    /// Where the same bytes arrived at last, and how much later than they were sent, in milliseconds.
    pub arrived: Option<(u64, f64)>,
}

/// What two captures tell together.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Packets with data that both have.
    pub shared: usize,
    /// Names of the captures: the clients' side, the servers' side.
    pub captures: [String; 2],
    /// How far the clock of the servers' side is ahead, in milliseconds.
    pub clock_ms: f64,
    /// The least time on the way between the two, in milliseconds.
    pub way_ms: f64,
    /// Packets that were sent in the common time, and of these lost: to the nodes, to the clients.
    pub sent: [usize; 2],
    /// The same.
    pub lost: [Vec<Lost>; 2],
    /// Answers that arrived late, without having been lost.
    pub late: Vec<Lost>,
}

/// Whether the two were captured at the same time, or nearly: clocks differ.
#[must_use]
pub fn overlaps(one: &Side, other: &Side) -> bool {
    let slack = 10_000_000_000;
    one.origin > 0 && other.origin > 0 && one.origin <= other.end + slack && other.origin <= one.end + slack
}

/// Aligns two sides; none if they share too few packets.
///
/// # Errors
/// tshark cannot be run.
pub fn align(tshark: &Tshark, settings: &Settings, one: &Side, other: &Side) -> Result<Option<Pair>> {
    let nodes: HashSet<&str> = one
        .grid
        .lines
        .keys()
        .chain(other.grid.lines.keys())
        .map(|(node, _)| node.as_str())
        .collect();
    let mut packets = [Vec::new(), Vec::new()];
    for (side, packets) in [one, other].iter().zip(&mut packets) {
        for source in &side.sources {
            read(tshark, settings, source, &nodes, packets)?;
        }
    }
    let name = |side: &Side| side.sources.first().map_or(String::new(), Source::name);
    Ok(compare(
        packets,
        [one.origin, other.origin],
        [name(one), name(other)],
    ))
}

fn read(
    tshark: &Tshark,
    settings: &Settings,
    source: &Source,
    nodes: &HashSet<&str>,
    packets: &mut Vec<Packet>,
) -> Result<()> {
    let columns = concat!(
        r#"gui.column.format:"n","%m","t","%Cus:frame.time_epoch:0:U","s","%us","p","%uS","d","%ud","q","%uD","#,
        r#""e","%Cus:tcp.seq_raw:1:U","l","%Cus:tcp.len:1:U","i","%Cus:ip.id:-1:U","o","%Cus:aerospike.operation:-1:R","r","%Cus:aerospike.response_time:1:U""#
    );
    let mut command = tshark.command(settings);
    command
        .arg("-o")
        .arg(columns)
        .args(["-T", "tabs", "-Y", "tcp.len > 0", "-r"])
        .arg(&source.path);
    let failed = |error: std::io::Error| Error::of_file(&tshark.program, &error);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|lines| BufReader::new(lines).lines())
    {
        if let Some(packet) = packet(&line.map_err(failed)?, nodes).filter(|_| packets.len() < MOST) {
            packets.push(packet);
        }
    }
    // What it thinks of a damaged end was said when the reports were made.
    child.wait().map(|_| ()).map_err(failed)
}

fn packet(line: &str, nodes: &HashSet<&str>) -> Option<Packet> {
    let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [
        frame,
        at,
        from,
        from_port,
        to,
        to_port,
        sequence,
        length,
        id,
        operation,
        time,
    ] = cells[..]
    else {
        return None;
    };
    let end = |address: &str, port: &str| {
        if address.contains(':') {
            format!("[{address}]:{port}")
        } else {
            format!("{address}:{port}")
        }
    };
    let (from, to) = (end(from, from_port), end(to, to_port));
    let to_node = nodes.contains(to.as_str());
    if !to_node && !nodes.contains(from.as_str()) {
        return None;
    }
    let bytes = hash(&(&from, &to, sequence));
    Some(Packet {
        at: nanoseconds(at)?,
        frame: frame.parse().ok()?,
        ids: (hash(&(bytes, length, id)), bytes),
        to_node,
        ends: if to_node { (from, to) } else { (to, from) },
        operation: operation.to_owned(),
        is_answer: !time.is_empty(),
    })
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Differences of the second side's clock to the first's, for the shared packets: to the nodes, to the clients.
fn differences(packets: &[Vec<Packet>; 2]) -> [Vec<i64>; 2] {
    // A packet that is there twice is no measure.
    let mut known: HashMap<u64, Option<&Packet>> = HashMap::new();
    for packet in &packets[1] {
        known
            .entry(packet.ids.0)
            .and_modify(|packet| *packet = None)
            .or_insert(Some(packet));
    }
    let mut found = [Vec::new(), Vec::new()];
    for packet in &packets[0] {
        if let Some(other) = known.get(&packet.ids.0).copied().flatten() {
            found[usize::from(!packet.to_node)].push(other.at - packet.at);
        }
    }
    found.iter_mut().for_each(|list| list.sort_unstable());
    found
}

fn median(sorted: &[i64]) -> Option<i64> {
    sorted.get(sorted.len() / 2).copied()
}

fn compare(mut packets: [Vec<Packet>; 2], mut origins: [i64; 2], mut captures: [String; 2]) -> Option<Pair> {
    let mut found = differences(&packets);
    let shared = found[0].len() + found[1].len();
    if shared < SHARED {
        return None;
    }
    let (to_node, to_client) = (median(&found[0]), median(&found[1]));
    // Where the clients are, requests are seen earlier and answers later.
    if to_node
        .zip(to_client)
        .is_some_and(|(to_node, to_client)| to_node < to_client)
    {
        packets.reverse();
        origins.reverse();
        captures.reverse();
        found = differences(&packets);
    }
    let least = found[0].first().copied();
    let most = found[1].last().copied();
    let (clock, way) = match (least, most) {
        (Some(least), Some(most)) => ((least + most) / 2, ((least - most) / 2).max(0)),
        (Some(only), None) | (None, Some(only)) => (only, 0),
        (None, None) => return None,
    };
    let [clients, servers] = &packets;
    let common = common_time(clients, servers, clock)?;
    let (sent_to_nodes, lost_to_nodes, _) =
        on_the_way(clients, servers, true, -clock, way, common, origins[0]);
    let (sent_to_clients, lost_to_clients, late) = on_the_way(
        servers,
        clients,
        false,
        clock,
        way,
        (common.0 + clock, common.1 + clock),
        origins[1],
    );
    Some(Pair {
        shared,
        captures,
        clock_ms: clock as f64 / 1e6,
        way_ms: way as f64 / 1e6,
        sent: [sent_to_nodes, sent_to_clients],
        lost: [lost_to_nodes, lost_to_clients],
        late,
    })
}

/// From when to when both captured, by the clients' clock.
fn common_time(clients: &[Packet], servers: &[Packet], clock: i64) -> Option<(i64, i64)> {
    let ends = |packets: &[Packet], less: i64| {
        let times = || packets.iter().map(|packet| packet.at - less);
        times().min().zip(times().max())
    };
    let (one, other) = (ends(clients, 0)?, ends(servers, clock)?);
    Some((one.0.max(other.0), one.1.min(other.1)))
}

/// What one side sent and the other did not see, and answers that came late. `clock` is what is taken from the receiver's
/// times to have them by the sender's.
fn on_the_way(
    from: &[Packet],
    to: &[Packet],
    to_node: bool,
    clock: i64,
    way: i64,
    (start, end): (i64, i64),
    origin: i64,
) -> (usize, Vec<Lost>, Vec<Lost>) {
    let seen: HashSet<u64> = to.iter().map(|packet| packet.ids.0).collect();
    let mut bytes: HashMap<u64, Vec<&Packet>> = HashMap::new();
    to.iter()
        .for_each(|packet| bytes.entry(packet.ids.1).or_default().push(packet));
    let (mut sent, mut lost, mut late) = (0, Vec::new(), Vec::new());
    // What was sent in the last moment may have arrived after the end.
    let end = end - (way * 4).max(10_000_000);
    for packet in from
        .iter()
        .filter(|packet| packet.to_node == to_node && packet.at >= start && packet.at <= end)
    {
        sent += 1;
        // Times of the receiver are moved to the sender's clock: `clock` is the sender's lead.
        let arrived = bytes
            .get(&packet.ids.1)
            .into_iter()
            .flatten()
            .find(|other| other.at + clock >= packet.at - 1_000_000);
        let delay = arrived.map(|other| other.at + clock - packet.at);
        let told = || Lost {
            at_s: (packet.at - origin) as f64 / 1e9,
            way: if to_node {
                format!("{} → {}", packet.ends.0, packet.ends.1)
            } else {
                format!("{} → {}", packet.ends.1, packet.ends.0)
            },
            operation: packet.operation.clone(),
            frame: packet.frame,
            arrived: arrived
                .zip(delay)
                .map(|(other, delay)| (other.frame, delay as f64 / 1e6)),
        };
        if !seen.contains(&packet.ids.0) {
            lost.push(told());
        } else if packet.is_answer && delay.is_some_and(|delay| delay > (way * 10).max(1_000_000)) {
            late.push(told());
        }
    }
    (sent, lost, late)
}

impl Pair {
    /// In words.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let [clients, servers] = &self.captures;
        let clocks = if self.clock_ms.abs() < 0.001 {
            "Their clocks agree".to_owned()
        } else {
            let side = if self.clock_ms > 0.0 { "ahead" } else { "behind" };
            format!(
                "The clock of the latter is {} {side}",
                text::milliseconds(self.clock_ms.abs())
            )
        };
        let mut out = vec![format!(
            "Both captures have {} with data; {clients} was taken nearer to the clients, {servers} nearer to the servers. {clocks}; \
             between the two a packet is on the way for at least {}.",
            text::counted(self.shared as u64, "packet"),
            text::milliseconds(self.way_ms)
        )];
        for (to, sent, lost) in [
            ("servers", self.sent[0], &self.lost[0]),
            ("clients", self.sent[1], &self.lost[1]),
        ] {
            if lost.is_empty() {
                out.push(format!(
                    "None of {} to the {to} was lost between them.",
                    text::counted(sent as u64, "packet")
                ));
                continue;
            }
            let never = lost.iter().filter(|lost| lost.arrived.is_none()).count();
            let slowest = lost
                .iter()
                .filter_map(|lost| lost.arrived)
                .map(|(_, delay)| delay)
                .fold(0.0, f64::max);
            let again = if slowest > 0.0 {
                format!(
                    "; what was sent again arrived up to {} later",
                    text::milliseconds(slowest)
                )
            } else {
                String::new()
            };
            let gone = if never == 0 {
                String::new()
            } else {
                format!("; the bytes of {} never arrived", text::count(never as u64))
            };
            out.push(format!(
                "{} of {} to the {to} were lost between them ({}), from {} to {}{again}{gone}.",
                text::count(lost.len() as u64),
                text::counted(sent as u64, "packet"),
                text::percent(lost.len() as f64 / sent.max(1) as f64),
                text::at(lost[0].at_s),
                text::at(lost[lost.len() - 1].at_s),
            ));
        }
        if !self.late.is_empty() {
            out.push(format!(
                "{} arrived, but late: they waited on the way.",
                text::counted(self.late.len() as u64, "answer")
            ));
        }
        out
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let list = |list: &[Lost]| {
            list.iter()
                .map(|lost| {
                    json!({
                        "at_s": lost.at_s,
                        "way": lost.way,
                        "operation": lost.operation,
                        "frame": lost.frame,
                        "arrived_frame": lost.arrived.map(|(frame, _)| frame),
                        "arrived_after_ms": lost.arrived.map(|(_, delay)| delay),
                    })
                })
                .collect::<Vec<_>>()
        };
        json!({
            "shared_packets": self.shared,
            "clients_side": self.captures[0],
            "servers_side": self.captures[1],
            "clock_ms": self.clock_ms,
            "way_ms": self.way_ms,
            "to_servers": { "sent": self.sent[0], "lost": list(&self.lost[0]) },
            "to_clients": { "sent": self.sent[1], "lost": list(&self.lost[1]) },
            "late_answers": list(&self.late),
        })
    }

    /// The same with what is to be hidden replaced.
    pub fn hide(&mut self, hider: &mut Hider) {
        for lost in self.lost.iter_mut().flatten().chain(&mut self.late) {
            lost.way = hider.text(&lost.way);
        }
        self.captures = self.captures.each_ref().map(|capture| hider.text(capture));
    }
}

/// The section of the page.
#[must_use]
pub fn section(pair: &Pair) -> Value {
    let columns = [
        ("At", true),
        ("Way", false),
        ("Message", false),
        ("Frame sent", true),
        ("Frame arrived", true),
        ("After", true),
    ]
    .map(|(name, number)| json!({ "name": name, "number": number }));
    let table = |caption: &str, list: &[Lost]| {
        let rows: Vec<Value> = list
            .iter()
            .take(ROWS)
            .map(|lost| {
                let number = |text: String| json!({ "text": text, "class": "number" });
                json!([
                    number(text::at(lost.at_s)),
                    { "text": lost.way },
                    { "text": lost.operation },
                    number(lost.frame.to_string()),
                    number(lost.arrived.map_or("never".to_owned(), |(frame, _)| frame.to_string())),
                    number(lost.arrived.map_or(String::new(), |(_, delay)| text::milliseconds(delay))),
                ])
            })
            .collect();
        let left = list.len().saturating_sub(rows.len());
        let more = if left > 0 {
            format!("{} more: --json has them.", text::counted(left as u64, "packet"))
        } else {
            String::new()
        };
        json!({ "closed": format!("{caption} ({})", list.len()), "columns": columns, "rows": rows, "more": more })
    };
    let tables: Vec<Value> = [
        ("Lost on the way to the servers", &pair.lost[0]),
        ("Lost on the way to the clients", &pair.lost[1]),
        ("Late answers", &pair.late),
    ]
    .into_iter()
    .filter(|(_, list)| !list.is_empty())
    .map(|(caption, list)| table(caption, list))
    .collect();
    page::section(
        "pair",
        "Between the two captures",
        vec![json!({ "sentences": pair.sentences(), "tables": tables })],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests leave at each millisecond and are answered 200 µs later; the way takes 50 µs, the servers' clock is 3 ms ahead.
    fn captures(lost_request: i64, lost_answer: i64) -> [Vec<Packet>; 2] {
        let mut sides = [Vec::new(), Vec::new()];
        for number in 0..100_i64 {
            let packet = |at: i64, to_node: bool| Packet {
                at,
                frame: number as u64,
                ids: (
                    number as u64 * 2 + u64::from(to_node),
                    number as u64 * 2 + u64::from(to_node),
                ),
                to_node,
                ends: ("c".to_owned(), "n".to_owned()),
                operation: "get".to_owned(),
                is_answer: !to_node,
            };
            let sent = 1_000_000_000 + number * 1_000_000;
            let ahead = 3_000_000;
            sides[0].push(packet(sent, true));
            if number == lost_request {
                continue;
            }
            sides[1].push(packet(sent + 50_000 + ahead, true));
            sides[1].push(packet(sent + 250_000 + ahead, false));
            if number != lost_answer {
                sides[0].push(packet(sent + 300_000, false));
            }
        }
        sides
    }

    #[test]
    fn clocks_are_aligned_and_losses_placed() {
        let [clients, servers] = captures(20, 30);
        // Whichever is named first.
        for (sides, names) in [
            ([clients.clone(), servers.clone()], ["c", "s"]),
            ([servers, clients], ["s", "c"]),
        ] {
            let pair = compare(sides, [1_000_000_000; 2], names.map(str::to_owned)).unwrap();
            assert_eq!(pair.captures, ["c", "s"]);
            assert!(
                (pair.clock_ms - 3.0).abs() < 1e-9 && (pair.way_ms - 0.05).abs() < 1e-9,
                "{pair:?}"
            );
            let frames = |list: &[Lost]| list.iter().map(|lost| lost.frame).collect::<Vec<_>>();
            assert_eq!(
                (frames(&pair.lost[0]), frames(&pair.lost[1])),
                (vec![20], vec![30])
            );
            assert!(pair.late.is_empty());
            let words = pair.sentences().join(" ");
            assert!(
                words.contains("1 of 89 packets to the servers were lost"),
                "{words}"
            );
        }
    }

    #[test]
    fn nothing_lost_is_said_and_strangers_are_no_pair() {
        let pair = compare(captures(-1, -1), [0, 0], ["c".to_owned(), "s".to_owned()]).unwrap();
        assert!(
            pair.lost.iter().all(Vec::is_empty) && pair.sentences()[1].starts_with("None of"),
            "{pair:?}"
        );
        let [mut one, other] = captures(-1, -1);
        one.iter_mut().for_each(|packet| packet.ids.0 += 1000);
        assert_eq!(
            compare([one, other], [0, 0], [String::new(), String::new()]),
            None
        );
    }
}
