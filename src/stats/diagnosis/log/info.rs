//! What info commands say, gathered: where nodes say they are, which partitions they hold, and what was changed by hand.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::stats::shared::endpoint::Endpoint;
use crate::track::record::{Event, Record};
use crate::wire::client::fields::digest::PARTITIONS;
use crate::wire::ground::text::LossyText;
use crate::wire::info::cluster::{PeerList, Replicas};
use crate::wire::info::message::{CommandOutcome, InfoCommand, answers, commands, outcome};

/// Changes, addresses and maps that are kept at most.
const MOST: usize = 10_000;

/// A bit for each partition.
pub type Bits = [u64; PARTITIONS as usize / 64];

/// Sets the bit of a partition.
pub fn set(bits: &mut Bits, partition: u16) {
    if let Some(word) = bits.get_mut(usize::from(partition / 64)) {
        *word |= 1 << (partition % 64);
    }
}

/// Whether the bit of a partition is set.
#[must_use]
pub fn is_set(bits: &Bits, partition: u16) -> bool {
    bits.get(usize::from(partition / 64))
        .is_some_and(|word| word >> (partition % 64) & 1 == 1)
}

/// The partitions of a namespace that a node says it holds, at a time.
#[derive(Clone, Debug)]
pub struct HeldPartitions {
    /// Time and frame of the answer.
    pub at: (i64, u32),
    /// The node.
    pub server: Endpoint,
    /// The namespace.
    pub namespace: Box<[u8]>,
    /// Where it is the master.
    pub masters: Bits,
    /// Where it holds any copy.
    pub copies: Bits,
    /// Replicas in all, the master one of them.
    pub columns: u32,
}

/// An address that a node names for another, or for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// The address.
    pub address: Endpoint,
    /// The node that names it.
    pub by: Endpoint,
    /// Time and frame of the first time.
    pub at: (i64, u32),
}

/// Something that was changed by an info command.
#[derive(Clone, Debug)]
pub struct Change {
    /// When.
    pub time: i64,
    /// The frame.
    pub frame: u32,
    /// Who.
    pub client: Endpoint,
    /// Where.
    pub server: Endpoint,
    /// The name of the command.
    pub name: &'static str,
    /// The whole command.
    pub text: String,
    /// Whether the server said that it is done; none while it has not answered.
    pub is_done: Option<bool>,
}

/// All of it.
#[derive(Default)]
pub struct InfoLog {
    /// Maps in the order of their coming, those that repeat what the node said before left out.
    pub maps: Vec<HeldPartitions>,
    latest: HashMap<(Endpoint, Box<[u8]>), usize>,
    /// Addresses.
    pub advertised: Vec<Advertised>,
    /// Node ids by address and port: all that were said there.
    pub nodes: HashMap<Endpoint, Vec<Box<[u8]>>>,
    /// Changes.
    pub changes: Vec<Change>,
    /// The name of the cluster by node, where it was asked for.
    pub clusters: HashMap<Endpoint, String>,
    /// The build by node.
    pub builds: HashMap<Endpoint, String>,
}

/// Commands that change what servers do or hold.
const CHANGING: &[&str] = &[
    "set-config",
    "config-set",
    "truncate",
    "truncate-namespace",
    "truncate-undo",
    "truncate-namespace-undo",
    "recluster",
    "roster-set",
    "roster",
    "quiesce",
    "quiesce-undo",
    "revive",
    "sindex-create",
    "sindex-delete",
    "udf-put",
    "udf-remove",
    "tip",
    "tip-clear",
    "namespaces-set",
];

fn changing(command: &InfoCommand<'_>) -> Option<&'static str> {
    let name = CHANGING
        .iter()
        .find(|name| name.as_bytes() == command.name)
        .copied()?;
    // Asked for, not set.
    (name != "roster").then_some(name)
}

impl InfoLog {
    /// An info message.
    pub fn record(&mut self, record: &Record<'_>, (client, server): (Endpoint, Endpoint)) {
        let at = (record.time, record.frame);
        let client = client.host();
        match record.event {
            Event::Asked => {
                for command in commands(record.detail.text).take(100) {
                    let Some(name) = changing(&command) else { continue };
                    if self.changes.len() < MOST {
                        self.changes.push(Change {
                            time: at.0,
                            frame: at.1,
                            client,
                            server,
                            name,
                            text: short(command.text),
                            is_done: None,
                        });
                    }
                }
            }
            Event::Answered { .. } => {
                for answer in answers(record.detail.text).take(200) {
                    if let Some(command) = answer.echo {
                        self.answer(at, server, &command, answer.value);
                    }
                }
            }
            Event::Refused { .. } | Event::Internode { .. } => {}
        }
    }

    fn answer(&mut self, at: (i64, u32), server: Endpoint, command: &InfoCommand<'_>, value: &[u8]) {
        if let Some(name) = changing(command) {
            let is_it = |change: &&mut Change| {
                change.is_done.is_none() && change.server == server && change.name == name
            };
            if let Some(change) = self.changes.iter_mut().rev().take(200).find(is_it) {
                change.is_done = Some(matches!(
                    outcome(value),
                    CommandOutcome::Done | CommandOutcome::Value
                ));
            }
            return;
        }
        match command.name {
            b"node" => {
                let known = self.nodes.entry(server).or_default();
                if known.len() < 64 && !known.iter().any(|node| **node == *value) {
                    known.push(value.into());
                }
            }
            b"cluster-name" => {
                self.clusters.insert(server, short(value));
            }
            b"build" => {
                self.builds.insert(server, short(value));
            }
            b"peers-clear-std" | b"peers-clear-alt" | b"peers-tls-std" | b"peers-tls-alt"
            | b"alumni-clear-std" | b"alumni-tls-std" => {
                if command.name.starts_with(b"alumni") {
                    return;
                }
                let Some(peers) = PeerList::parse(value) else {
                    return;
                };
                for peer in peers.iter().take(1000) {
                    for end in peer.endpoints().take(16) {
                        let port = end.port.unwrap_or(peers.default_port);
                        self.advertise(at, server, end.host, port);
                    }
                }
            }
            b"services"
            | b"service-clear-std"
            | b"service-clear-alt"
            | b"services-alternate"
            | b"service" => {
                for part in value.split(|byte| matches!(byte, b';' | b',')).take(1000) {
                    let end = crate::wire::info::cluster::HostPort::new(part);
                    self.advertise(at, server, end.host, end.port.unwrap_or(b"3000"));
                }
            }
            b"replicas" | b"replicas-all" | b"replicas-master" => self.map(at, server, value),
            _ => {}
        }
    }

    fn advertise(&mut self, at: (i64, u32), by: Endpoint, host: &[u8], port: &[u8]) {
        let text = |bytes| core::str::from_utf8(bytes).unwrap_or_default();
        let (Ok(host), Ok(port)) = (text(host).parse::<IpAddr>(), text(port).parse::<u16>()) else {
            return;
        };
        let address = match host {
            IpAddr::V4(host) => Endpoint::new(&host.octets(), port),
            IpAddr::V6(host) => Endpoint::new(&host.octets(), port),
        };
        let is_known = |known: &Advertised| known.address == address && known.by == by;
        if self.advertised.len() < 1000 && !self.advertised.iter().any(is_known) {
            self.advertised.push(Advertised { address, by, at });
        }
    }

    fn map(&mut self, at: (i64, u32), server: Endpoint, value: &[u8]) {
        for row in Replicas::new(value).take(64) {
            let (mut masters, mut copies) = (Bits::from([0; 64]), Bits::from([0; 64]));
            let mut columns = 0u32;
            for (number, column) in row.columns().take(16).enumerate() {
                columns += 1;
                for partition in column.partitions() {
                    set(&mut copies, partition);
                    if number == 0 {
                        set(&mut masters, partition);
                    }
                }
            }
            if columns == 0 || row.namespace.is_empty() {
                continue;
            }
            // What the node said last, to anybody.
            let key = (server, Box::from(row.namespace));
            let old = self.latest.get(&key).and_then(|index| self.maps.get(*index));
            if old.is_some_and(|old| old.masters == masters && old.copies == copies) {
                continue;
            }
            if self.maps.len() < MOST {
                self.latest.insert(key, self.maps.len());
                self.maps.push(HeldPartitions {
                    at,
                    server,
                    namespace: row.namespace.into(),
                    masters,
                    copies,
                    columns,
                });
            }
        }
    }
}

/// At most 90 characters of it; what would split a cell is replaced.
#[must_use]
pub fn short(text: &[u8]) -> String {
    let text = LossyText(text).to_string().replace('|', "/");
    match text.char_indices().nth(90) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
