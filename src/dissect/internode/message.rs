//! One message between nodes: what it says is remembered, then it is shown.

use super::container::ShownMessage;
use super::{fabric, heartbeat};
use crate::dissect::exchange::taps;
use crate::epan::{Guarded, Packet, Segment, Side, Tree};
use crate::protocols::AEROSPIKE;
use crate::track::cluster::names;
use crate::track::ground::budget;
use crate::track::internode;
use crate::track::internode::connection::Connection;
use crate::track::internode::fabric::{Linked, Said};
use crate::track::internode::peers::PeerEnd;
use crate::track::record::{Pulse, TAP};
use crate::wire;
use crate::wire::internode::cluster::NodeId;
use crate::wire::internode::container::plausible::TrafficFamily;
use crate::wire::internode::container::spec::ContentKind;
use crate::wire::internode::container::{Msg, MsgType};
use crate::wire::internode::fabric::FabricFacts;
use crate::wire::internode::fabric::hello::Hello;
use crate::wire::internode::fabric::links::{self, Link};
use crate::wire::internode::fabric::smd::ModuleId;
use crate::wire::internode::heartbeat::endpoint::{Address, endpoints};
use crate::wire::internode::heartbeat::{HeartbeatSummary, HeartbeatType, V3};

/// Both ends of a connection: that of the sender of `segment`, then the other.
pub(super) fn ends<'p>(packet: Packet<'p>, segment: &Segment<'p>, hello: Option<NodeId>) -> [PeerEnd<'p>; 2] {
    let (from, to) = packet.ports();
    let port = |port: u32| u16::try_from(port).ok();
    let end = |address, is_opener: bool, listens: Option<u16>| PeerEnd {
        address,
        opener: hello.filter(|_| is_opener),
        port: listens,
    };
    let is_client = segment.side == Side::Client;
    let is_server = segment.side == Side::Server;
    [
        end(
            packet.source_address(),
            is_client,
            port(from).filter(|_| is_server),
        ),
        end(
            packet.destination_address(),
            is_server,
            port(to).filter(|_| is_client),
        ),
    ]
}

/// Where a message was met.
#[derive(Clone, Copy)]
pub(super) struct InternodeMessage<'s, 'p> {
    pub packet: Packet<'p>,
    pub family: TrafficFamily,
    pub ordinal: u32,
    pub connection: Option<(&'p Connection, &'s Segment<'p>)>,
    /// Not sent before: may be remembered.
    pub is_new: bool,
    /// At a known position: may be judged.
    pub is_known: bool,
    /// TCP's sequence number behind it.
    pub end: Option<u32>,
    /// It stands where a hello must.
    pub lacks_hello: bool,
}

impl<'p> InternodeMessage<'_, 'p> {
    /// One message; a compressed one is opened once.
    pub(super) fn show(&self, tree: &Tree<'p>, msg: &Msg<'p>, is_outer: bool) -> Guarded {
        let packet = self.packet;
        let learns = self.is_new && !packet.is_visited();
        // `aerospike` finds every frame of ours.
        if self.ordinal == 1 && is_outer && tree.exists() {
            tree.protocol(&AEROSPIKE, msg.bytes)?.item().set_hidden();
        }
        if !learns && !tree.exists() && !packet.has_columns() && !TAP.has_listener() {
            return Ok(());
        }
        match self.family {
            TrafficFamily::Heartbeat => self.heartbeat(tree, msg, is_outer, learns),
            TrafficFamily::Fabric => self.fabric(tree, msg, learns),
        }
    }

    fn heartbeat(&self, tree: &Tree<'p>, msg: &Msg<'p>, is_outer: bool, learns: bool) -> Guarded {
        let packet = self.packet;
        let facts = FabricFacts::of(msg);
        let mut summary = HeartbeatSummary::of(msg);
        if !is_outer {
            // What was inflated never holds another stream.
            summary.compressed = None;
        }
        let link = links::link(msg, &facts);
        if learns {
            learn(packet, msg, &summary);
        }
        let linked = match (link, self.connection) {
            (Some(link), Some((connection, segment))) if learns => internode::fabric::of(packet).note_info(
                packet,
                connection,
                segment.direction,
                self.ordinal,
                link.is_request(),
            ),
            (Some(_), Some(_)) if self.is_new => internode::fabric::of(packet).find(packet, self.ordinal),
            _ => Linked::default(),
        };
        // Of a compressed message the one inside counts.
        if self.is_new && summary.compressed.is_none() {
            taps::internode(packet, msg, &facts, &linked, pulse(&summary));
        }
        let message = self.place(msg, &facts);
        heartbeat::message(&message, tree, &summary, &linked, |inner| {
            match Msg::read(inner.source().bytes()) {
                Ok((_, inside)) if inside.header.kind.is_heartbeat() => self.show(inner, &inside, false),
                _ => heartbeat::no_message(inner, inner.source().bytes()),
            }
        })
    }

    fn fabric(&self, tree: &Tree<'p>, msg: &Msg<'p>, learns: bool) -> Guarded {
        let facts = FabricFacts::of(msg);
        let linked = if learns {
            self.remember(msg, &facts)
        } else if self.is_new {
            internode::fabric::of(self.packet).find(self.packet, self.ordinal)
        } else {
            Linked::default()
        };
        if self.is_new {
            taps::internode(self.packet, msg, &facts, &linked, None);
        }
        fabric::message(&self.place(msg, &facts), tree, &facts, &linked)
    }

    fn place<'m>(&self, msg: &'m Msg<'p>, facts: &FabricFacts<'p>) -> ShownMessage<'m, 'p> {
        ShownMessage {
            packet: self.packet,
            msg,
            table: facts.table,
            family: self.family,
            ordinal: self.ordinal,
            hello: self
                .connection
                .filter(|_| self.family == TrafficFamily::Fabric)
                .and_then(|(connection, _)| connection.hello(self.packet, self.ordinal)),
            end: self.end,
            lacks_hello: self.lacks_hello,
            is_secret: facts.module == Some(ModuleId::SECURITY)
                || msg.header.kind == MsgType::SMD && holds_secrets(msg),
            has_proto: core::cell::Cell::new(false),
        }
    }

    /// First pass: what a fabric message says is put in its place.
    fn remember(&self, msg: &Msg<'p>, facts: &FabricFacts<'p>) -> Linked {
        let Some((connection, segment)) = self.connection else {
            return Linked::default();
        };
        let packet = self.packet;
        let state = internode::fabric::of(packet);
        if let Some(hello) = Hello::of(msg) {
            connection.set_hello(packet, self.ordinal, &hello);
            state
                .peers
                .speaks(packet.file(), packet.source_address(), hello.node);
            names::note(packet, hello.node.0, packet.source_address());
            let [from, to] = ends(packet, segment, Some(hello.node));
            state.note_hello(packet, &from, &to);
            return Linked::default();
        }
        let opener = connection.hello(packet, self.ordinal).map(|hello| hello.node);
        let [from, to] = ends(packet, segment, opener);
        if msg.is_cut() {
            state.note_loss(packet, &from, &to);
        }
        let link: Option<Link> = links::link(msg, facts);
        let starts = match (facts.namespace, facts.partition_id) {
            (Some(namespace), Some(partition)) => u16::try_from(partition).ok().map(|id| (namespace, id)),
            _ => None,
        };
        let said = Said {
            ordinal: self.ordinal,
            link,
            digest: facts.digest.map(|digest| digest.0),
            emigration: facts.emig_id,
            starts,
            is_known: self.is_known,
        };
        state.note(packet, &from, &to, &said)
    }
}

/// What a pulse says of the cluster.
fn pulse<'p>(summary: &HeartbeatSummary<'p>) -> Option<Pulse<'p>> {
    if summary.kind != Some(HeartbeatType::PULSE) {
        return None;
    }
    let clustering = summary.state.and_then(|state| state.clustering);
    Some(Pulse {
        node: summary.node?.0,
        cluster: summary.cluster_name,
        hears: summary.nodes,
        key: clustering.map_or(0, |clustering| clustering.cluster_key.0),
        size: clustering.map_or(0, |clustering| clustering.succession_length),
        members: summary.state.map(|state| state.succession),
    })
}

/// Old system metadata names its modules.
fn holds_secrets(msg: &Msg<'_>) -> bool {
    use crate::wire::internode::fabric::smd::OldFields;
    let module = msg.field(OldFields::MODULE_NAME);
    module.is_some_and(|module| module.text().eq_ignore_ascii_case(b"security"))
}

/// Bytes that the place of a service is kept in, where it is new.
const SERVICE: usize = 80;

/// First pass: who a heartbeat's sender is, and where its fabric service is.
fn learn(packet: Packet<'_>, msg: &Msg<'_>, summary: &HeartbeatSummary<'_>) {
    let Some(node) = summary.node else { return };
    let peers = &internode::fabric::of(packet).peers;
    peers.speaks(packet.file(), packet.source_address(), node);
    names::note(packet, node.0, packet.source_address());
    let Some(table) = wire::internode::fabric::table(msg) else {
        return;
    };
    let services = msg.fields().flatten().filter(|field| {
        table
            .of(field)
            .is_some_and(|spec| spec.id == V3::FABRIC_DATA && spec.kind == ContentKind::Endpoints)
    });
    for list in services.filter_map(|field| endpoints(field.data).ok()) {
        for endpoint in list.items().flatten() {
            if !budget::keep(packet, SERVICE) {
                return;
            }
            match endpoint.address {
                Address::V4(address) => peers.serves(packet.file(), node, &address.octets(), endpoint.port),
                Address::V6(address) => peers.serves(packet.file(), node, &address.octets(), endpoint.port),
            }
        }
    }
}
