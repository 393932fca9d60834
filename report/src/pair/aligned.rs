//! What two captures tell together.

use std::collections::{HashMap, HashSet};

use super::packets::Packet;
use crate::hide::Hider;

/// Fewer shared packets prove no common minute.
const SHARED: usize = 10;

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

impl Pair {
    /// The same with what is to be hidden replaced.
    pub fn hide(&mut self, hider: &mut Hider) {
        for lost in self.lost.iter_mut().flatten().chain(&mut self.late) {
            lost.way = hider.text(&lost.way);
        }
        self.captures = self.captures.each_ref().map(|capture| hider.text(capture));
    }
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

/// Compares two sides' packets, whichever is that of the clients; none if they share too few. `origins` are the times of their
/// first packets, in nanoseconds since 1970.
#[must_use]
pub fn compare(
    mut packets: [Vec<Packet>; 2],
    mut origins: [i64; 2],
    mut captures: [String; 2],
) -> Option<Pair> {
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
            assert_eq!(pair.sent[0], 89);
        }
    }

    #[test]
    fn nothing_lost_is_said_and_strangers_are_no_pair() {
        let pair = compare(captures(-1, -1), [0, 0], ["c".to_owned(), "s".to_owned()]).unwrap();
        assert!(pair.lost.iter().all(Vec::is_empty), "{pair:?}");
        let [mut one, other] = captures(-1, -1);
        one.iter_mut().for_each(|packet| packet.ids.0 += 1000);
        assert_eq!(
            compare([one, other], [0, 0], [String::new(), String::new()]),
            None
        );
    }
}
