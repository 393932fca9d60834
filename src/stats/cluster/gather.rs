//! What the capture shows of the cluster, gathered: what nodes say of themselves and of each other, in heartbeats, over
//! fabric and in answers to info commands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use crate::stats::diagnosis::log::info::short;
use crate::stats::shared::endpoint::Endpoint;
use crate::track::record::{Event, MigrationMessage, Pulse, Record};
use crate::wire::ground::text::{LossyText, decimal, hexadecimal};
use crate::wire::info::cluster::{HostPort, PeerList, UserAgent};
use crate::wire::info::message::{InfoCommand, answers, commands};
use crate::wire::info::partitions::{Owned, PartitionSet, is_map, ownership};
use crate::wire::info::value::InfoTable;
use crate::wire::internode::cluster::{NodeId, Nodes};
use crate::wire::internode::fabric::migrate::MigrateOp;

/// Entries of each kind at most.
pub const MOST: usize = 1000;

/// How often something was seen, and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// How often.
    pub count: u32,
    /// Frame of the first time.
    pub frame: u32,
    /// The first time and the last.
    pub span: (i64, i64),
}

impl Times {
    /// Once more.
    pub fn note(&mut self, record: &Record<'_>) {
        if self.count == 0 {
            self.frame = record.frame;
            self.span.0 = record.time;
        }
        self.count += 1;
        self.span.1 = record.time;
    }
}

/// What a node says of itself in heartbeats.
#[derive(Default)]
pub struct Speaker {
    /// Its pulses.
    pub times: Times,
    /// Where it speaks from.
    pub addresses: BTreeSet<Endpoint>,
    /// The name of its cluster.
    pub cluster: String,
    /// The key of its cluster; 0: none.
    pub key: u64,
    /// The principal of its cluster.
    pub principal: Option<u64>,
    /// Nodes in its cluster.
    pub size: u32,
}

/// What the node at an address and port says of itself to clients.
#[derive(Default)]
pub struct Service {
    /// Its answers.
    pub times: Times,
    /// Its id.
    pub node: Option<u64>,
    /// By command: build, cluster name, features.
    pub said: BTreeMap<&'static str, String>,
}

/// A cluster as one node sees it: who is in it.
pub struct Members {
    /// The node.
    pub node: u64,
    /// The key.
    pub key: u64,
    /// The members, the principal first.
    pub list: Vec<u64>,
    /// Its pulses that say so, one after the other.
    pub times: Times,
}

/// What a node owns of a namespace.
#[derive(Clone)]
pub struct OwnedPartitions {
    /// Where it is the master.
    pub masters: PartitionSet,
    /// Where it has any copy, if it tells.
    pub copies: Option<PartitionSet>,
    /// The regime, if it tells.
    pub regime: Option<u64>,
    /// The command that it answered.
    pub command: &'static str,
    /// Answers that say so.
    pub times: Times,
    /// How often it said something else before.
    pub changes: u32,
}

/// Records on their way from one node to another.
#[derive(Default)]
pub struct Moves {
    /// Messages.
    pub times: Times,
    /// Emigrations that began, and that were done.
    pub started: u32,
    /// See `started`.
    pub done: u32,
    /// Records, and their bytes.
    pub records: u32,
    /// See `records`.
    pub bytes: u64,
}

/// All of it.
#[derive(Default)]
pub struct Gathered {
    /// Nodes that send heartbeats.
    pub speakers: BTreeMap<u64, Speaker>,
    /// Nodes that greet over fabric: id by address.
    pub greeters: BTreeMap<Endpoint, u64>,
    /// Nodes that answer info commands.
    pub services: BTreeMap<Endpoint, Service>,
    /// Who hears whom.
    pub hears: BTreeMap<(u64, u64), Times>,
    /// Clusters as they were seen, in their order.
    pub members: Vec<Members>,
    last_of: HashMap<u64, usize>,
    /// Maps by node and namespace.
    pub maps: BTreeMap<(String, Endpoint), OwnedPartitions>,
    /// Addresses that nodes name to clients: of which node, which, and who names it.
    pub advertised: BTreeMap<(Option<u64>, String), (Times, BTreeSet<String>)>,
    /// What clients say they are: where, library and version, application.
    pub clients: BTreeMap<(Endpoint, String, String), Times>,
    /// Migrations by sender, receiver and namespace.
    pub moves: BTreeMap<(Endpoint, Endpoint, String), Moves>,
    /// The first record.
    pub begun: Option<i64>,
    /// Something was left out.
    pub is_full: bool,
}

/// The entry of a key, if there is room for it.
fn entry<'m, K: Ord, V: Default>(
    map: &'m mut BTreeMap<K, V>,
    key: K,
    is_full: &mut bool,
) -> Option<&'m mut V> {
    if map.len() >= MOST && !map.contains_key(&key) {
        *is_full = true;
        return None;
    }
    Some(map.entry(key).or_default())
}

impl Gathered {
    /// A message; whether it says anything of the cluster.
    pub fn record(&mut self, record: &Record<'_>) -> bool {
        self.begun = self.begun.or(Some(record.time));
        match record.event {
            Event::Internode { .. } => self.internode(record),
            Event::Answered { .. } if !record.detail.text.is_empty() => self.info(record),
            Event::Asked if !record.detail.text.is_empty() => return self.ask(record),
            _ => return false,
        }
        true
    }

    fn internode(&mut self, record: &Record<'_>) {
        let from = Endpoint::new(record.client.address, 0);
        if let Some(pulse) = &record.detail.pulse {
            self.pulse(record, pulse, from);
        }
        if record.detail.node != 0 && self.greeters.len() < MOST {
            self.greeters.insert(from, record.detail.node);
        }
        if let Some(migration) = &record.detail.migration {
            self.migration(record, migration);
        }
    }

    fn pulse(&mut self, record: &Record<'_>, pulse: &Pulse<'_>, from: Endpoint) {
        let Some(speaker) = entry(&mut self.speakers, pulse.node, &mut self.is_full) else {
            return;
        };
        speaker.times.note(record);
        if speaker.addresses.len() < 16 {
            speaker.addresses.insert(from);
        }
        if let Some(cluster) = pulse.cluster {
            speaker.cluster = short(cluster);
        }
        (speaker.key, speaker.size) = (pulse.key, pulse.size);
        let list: Vec<u64> = pulse.members.iter().flatten_nodes();
        speaker.principal = list.first().copied();
        for other in pulse.hears.iter().flatten_nodes() {
            if let Some(times) = entry(&mut self.hears, (pulse.node, other), &mut self.is_full) {
                times.note(record);
            }
        }
        let count = self.members.len();
        let last = self.last_of.get(&pulse.node).copied();
        if let Some(last) = last.and_then(|last| self.members.get_mut(last)) {
            if last.key == pulse.key && last.list == list {
                return last.times.note(record);
            }
        }
        if count >= MOST {
            self.is_full = true;
            return;
        }
        self.last_of.insert(pulse.node, count);
        let mut times = Times::default();
        times.note(record);
        self.members.push(Members {
            node: pulse.node,
            key: pulse.key,
            list,
            times,
        });
    }

    fn migration(&mut self, record: &Record<'_>, migration: &MigrationMessage<'_>) {
        // What goes back says nothing of its own.
        let is_sent = matches!(
            migration.op,
            MigrateOp::START | MigrateOp::INSERT | MigrateOp::OLD_INSERT | MigrateOp::DONE
        );
        if !is_sent || migration.is_again {
            return;
        }
        let namespace = LossyText(migration.namespace.unwrap_or_default()).to_string();
        let [from, to] = [record.client, record.server].map(|end| Endpoint::new(end.address, 0));
        let Some(moves) = entry(&mut self.moves, (from, to, namespace), &mut self.is_full) else {
            return;
        };
        moves.times.note(record);
        match migration.op {
            MigrateOp::START => moves.started += 1,
            MigrateOp::DONE => moves.done += 1,
            _ => {
                moves.records += 1;
                moves.bytes += u64::from(migration.bytes);
            }
        }
    }

    /// An info request; whether its client says in it what it is.
    fn ask(&mut self, record: &Record<'_>) -> bool {
        let mut is_told = false;
        for command in commands(record.detail.text) {
            is_told |= self.client(record, &command);
        }
        is_told
    }

    /// A command, or its echo where the request was not captured; whether the client says in it what it is.
    fn client(&mut self, record: &Record<'_>, command: &InfoCommand<'_>) -> bool {
        if command.name != b"user-agent-set" {
            return false;
        }
        let value = command
            .parameters
            .and_then(|parameters| parameters.strip_prefix(b"value="));
        let agent = UserAgent(value.unwrap_or_default());
        let [library, application] = [1, 2].map(|part| short(agent.part(part).to_string().as_bytes()));
        let key = (Endpoint::new(record.client.address, 0), library, application);
        if matches!(record.event, Event::Answered { .. }) && self.clients.contains_key(&key) {
            return false;
        }
        if let Some(times) = entry(&mut self.clients, key, &mut self.is_full) {
            times.note(record);
        }
        true
    }

    fn info(&mut self, record: &Record<'_>) {
        let server = Endpoint::new(record.server.address, record.server.port);
        for answer in answers(record.detail.text) {
            let Some(command) = answer.echo.filter(|_| answer.terminated) else {
                continue;
            };
            self.client(record, &command);
            self.answer(record, server, &command, answer.value);
        }
    }

    fn service(&mut self, record: &Record<'_>, server: Endpoint) -> Option<&mut Service> {
        let service = entry(&mut self.services, server, &mut self.is_full)?;
        service.times.note(record);
        Some(service)
    }

    fn answer(&mut self, record: &Record<'_>, server: Endpoint, command: &InfoCommand<'_>, value: &[u8]) {
        if is_map(command) {
            let name = match command.name {
                b"replicas" => "replicas",
                b"replicas-all" => "replicas-all",
                _ => "replicas-master",
            };
            self.service(record, server);
            for owned in ownership(command, value).flatten() {
                self.map(record, server, name, &owned);
            }
            return;
        }
        let said = match command.name {
            b"node" => {
                if let (Some(node), Some(service)) = (hexadecimal(value), self.service(record, server)) {
                    service.node = Some(node);
                }
                return;
            }
            b"build" => "build",
            b"cluster-name" => "cluster name",
            b"features" => "features",
            b"edition" => "edition",
            b"partition-info" => {
                self.service(record, server);
                return self.partition_info(record, server, value);
            }
            b"service" | b"service-clear-std" | b"service-clear-alt" | b"service-tls-std"
            | b"service-tls-alt" => {
                let node = self.service(record, server).and_then(|service| service.node);
                for part in value.split(|byte| matches!(byte, b';' | b',')).take(16) {
                    self.advertise(record, node, &HostPort::new(part), b"3000", command, server);
                }
                return;
            }
            name if name.starts_with(b"peers-") && name != b"peers-generation" => {
                let Some(peers) = PeerList::parse(value) else {
                    return;
                };
                for peer in peers.iter().take(MOST) {
                    for end in peer.endpoints().take(16) {
                        let node = peer.node_id();
                        self.advertise(record, node, &end, peers.default_port, command, server);
                    }
                }
                return;
            }
            _ => return,
        };
        if let Some(service) = self.service(record, server) {
            service.said.insert(said, short(value));
        }
    }

    fn advertise(
        &mut self,
        record: &Record<'_>,
        node: Option<u64>,
        end: &HostPort<'_>,
        port: &[u8],
        command: &InfoCommand<'_>,
        by: Endpoint,
    ) {
        let host = LossyText(end.host).to_string();
        if host.is_empty() {
            return;
        }
        let host = match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host.replace('|', "/"),
        };
        let port = decimal(end.port.unwrap_or(port)).unwrap_or(0);
        let key = (node, format!("{host}:{port}"));
        if let Some((times, who)) = entry(&mut self.advertised, key, &mut self.is_full) {
            times.note(record);
            if who.len() < 64 {
                who.insert(format!("{} of {by}", LossyText(command.name)));
            }
        }
    }

    fn map(&mut self, record: &Record<'_>, server: Endpoint, command: &'static str, owned: &Owned<'_>) {
        let key = (LossyText(owned.namespace).to_string(), server);
        if self.maps.len() >= MOST && !self.maps.contains_key(&key) {
            self.is_full = true;
            return;
        }
        let map = self.maps.entry(key).or_insert_with(|| OwnedPartitions {
            masters: owned.masters,
            copies: owned.copies,
            regime: owned.regime,
            command,
            times: Times::default(),
            changes: 0,
        });
        if map.masters != owned.masters || map.copies != owned.copies && owned.copies.is_some() {
            map.changes += 1;
            map.times = Times::default();
        }
        (map.masters, map.regime, map.command) = (owned.masters, owned.regime, command);
        map.copies = owned.copies.or(map.copies);
        map.times.note(record);
    }

    /// A row a partition: `namespace:partition:state:n_replicas:replica:n_dupl:working_master:…`.
    fn partition_info(&mut self, record: &Record<'_>, server: Endpoint, value: &[u8]) {
        let own = self.services.get(&server).and_then(|service| service.node);
        let mut sets: BTreeMap<&[u8], (PartitionSet, PartitionSet)> = BTreeMap::new();
        for row in InfoTable::new(value).take(MOST * 4096) {
            let cell = |name: &[u8]| {
                row.cells()
                    .find(|(column, _)| *column == name)
                    .map(|(_, cell)| cell)
            };
            let number = cell(b"partition").and_then(decimal);
            let (Some(namespace), Some(partition)) = (cell(b"namespace"), number) else {
                continue;
            };
            let Ok(partition) = u16::try_from(partition) else {
                continue;
            };
            let replica = cell(b"replica").and_then(decimal);
            let master = cell(b"working_master").and_then(hexadecimal);
            let is_master = match (master, own) {
                (Some(master), Some(own)) => master == own,
                _ => replica == Some(0),
            };
            if sets.len() >= 64 && !sets.contains_key(namespace) {
                continue;
            }
            let (masters, copies) = sets.entry(namespace).or_default();
            if is_master {
                masters.insert(partition);
            }
            if is_master || replica.is_some() {
                copies.insert(partition);
            }
        }
        for (namespace, (masters, copies)) in sets {
            let owned = Owned {
                namespace,
                regime: None,
                masters,
                copies: Some(copies),
            };
            self.map(record, server, "partition-info", &owned);
        }
    }
}

/// The ids of a list that may not be there.
trait FlattenNodes {
    fn flatten_nodes(self) -> Vec<u64>;
}

impl<'n, I: Iterator<Item = &'n Nodes<'n>>> FlattenNodes for I {
    fn flatten_nodes(self) -> Vec<u64> {
        let ids = self.flat_map(|nodes| nodes.into_iter().map(|(_, NodeId(node))| node));
        ids.filter(|node| *node != 0).take(MOST).collect()
    }
}
