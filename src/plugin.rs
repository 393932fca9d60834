//! What Wireshark looks up in the plugin, and who answers its calls.

use crate::dissect;
use crate::dissect::client::text_port;
use crate::dissect::{client, internode};
use crate::epan::packet::segment::{Entry, Framing, Heuristic, Segment, SegmentContext};
use crate::epan::plugin::entry::Plugin;
use crate::epan::plugin::register::{self, preferences};
use crate::epan::{Guarded, Packet, Source, Tree};
use crate::protocols::{self, AEROSPIKE, FABRIC, HEARTBEAT, INFO};
use crate::stats;
use crate::wire::exchange::plausible::{Plausibility, plausibility};
use crate::wire::internode::container;
use crate::wire::internode::container::plausible::{Confidence, TrafficFamily};

static PLUGIN: Plugin = Plugin {
    register: register_protocols,
    handoff,
    dissect: dissect_segment,
    too_deep,
    heuristic,
    pdu_length,
    pdu,
    on_frame: client::stream::on_frame,
};

fn register_protocols() {
    for protocol in protocols::ALL {
        protocol.register();
    }
    dissect::register();
    preferences(&AEROSPIKE);
    register::conversation_filter(&AEROSPIKE, c"Aerospike");
    stats::register();
    register::on_frame(&AEROSPIKE);
    for (entry, protocol, name, description) in [
        (Entry::ClientTcp, &AEROSPIKE, c"aerospike", None),
        (Entry::ClientTls, &AEROSPIKE, c"aerospike.tls", None),
        (
            // Not AEROSPIKE: Decode As finds dissectors by the protocol's name.
            Entry::InfoTextTcp,
            &INFO,
            c"aerospike.info_text",
            Some(c"Aerospike text info or admin port"),
        ),
        (
            Entry::HeartbeatTcp,
            &HEARTBEAT,
            c"aerospike.heartbeat",
            Some(c"Aerospike Heartbeat"),
        ),
        (
            Entry::HeartbeatUdp,
            &HEARTBEAT,
            c"aerospike.heartbeat.udp",
            Some(c"Aerospike Heartbeat (multicast)"),
        ),
        (
            Entry::FabricTcp,
            &FABRIC,
            c"aerospike.fabric",
            Some(c"Aerospike Fabric"),
        ),
    ] {
        register::dissector(entry, protocol, name, description);
    }
}

fn handoff() {
    register::ports(Entry::ClientTcp, c"tcp.port", c"3000,3008");
    register::ports(Entry::ClientTls, c"tls.port", c"4333");
    register::handoff();
    register::heuristic(
        Heuristic::ClientTcp,
        &AEROSPIKE,
        c"tcp",
        c"Aerospike over TCP",
        c"aerospike_tcp",
    );
    register::heuristic(
        Heuristic::ClientClear,
        &AEROSPIKE,
        c"tcp",
        c"Aerospike in clear at a port for TLS",
        c"aerospike_clear_tcp",
    );
    register::heuristic(
        Heuristic::HeartbeatTcp,
        &HEARTBEAT,
        c"tcp",
        c"Aerospike heartbeat over TCP",
        c"aerospike_heartbeat_tcp",
    );
    register::heuristic(
        Heuristic::HeartbeatUdp,
        &HEARTBEAT,
        c"udp",
        c"Aerospike heartbeat over UDP",
        c"aerospike_heartbeat_udp",
    );
    register::heuristic(
        Heuristic::FabricTcp,
        &FABRIC,
        c"tcp",
        c"Aerospike fabric over TCP",
        c"aerospike_fabric_tcp",
    );
}

fn dissect_segment<'p>(
    entry: Entry,
    packet: Packet<'p>,
    source: Source<'p>,
    tree: Tree<'p>,
    segment: Segment<'p>,
) -> Guarded<usize> {
    match entry {
        Entry::ClientTcp | Entry::ClientTls => client::stream::segment(&tree, segment),
        Entry::HeartbeatTcp => internode::stream::segment(TrafficFamily::Heartbeat, &tree, segment),
        Entry::FabricTcp => internode::stream::segment(TrafficFamily::Fabric, &tree, segment),
        Entry::HeartbeatUdp => internode::stream::datagram(packet, source, tree),
        Entry::InfoTextTcp => text_port::segment(packet, source, tree, segment),
    }
}

fn too_deep<'p>(source: Source<'p>, tree: Tree<'p>) -> Guarded {
    let top = tree.protocol(&AEROSPIKE, source.bytes())?;
    dissect::shared::common::too_deep(&top, source.bytes())
}

fn heuristic(which: Heuristic, bytes: &[u8], reported: usize) -> bool {
    match which {
        Heuristic::ClientTcp | Heuristic::ClientClear => plausibility(bytes) == Plausibility::Strong,
        Heuristic::HeartbeatTcp => {
            container::plausible::stream(bytes, TrafficFamily::Heartbeat) == Confidence::Yes
        }
        Heuristic::HeartbeatUdp if bytes.len() < reported => {
            container::plausible::cut_datagram(bytes, reported)
        }
        Heuristic::HeartbeatUdp => container::plausible::datagram(bytes),
        Heuristic::FabricTcp => container::plausible::stream(bytes, TrafficFamily::Fabric) == Confidence::Yes,
    }
}

fn pdu_length(framing: Framing, bytes: &[u8], _can_wait: bool) -> Option<usize> {
    match framing {
        Framing::Client => client::stream::length(bytes),
        Framing::Heartbeat => internode::stream::length(TrafficFamily::Heartbeat, bytes),
        Framing::Fabric => internode::stream::length(TrafficFamily::Fabric, bytes),
    }
}

fn pdu<'p>(framing: Framing, tree: Tree<'p>, context: &SegmentContext<'p>) -> Guarded {
    match framing {
        Framing::Client => client::stream::pdu(&tree, context),
        Framing::Heartbeat => internode::stream::pdu(TrafficFamily::Heartbeat, &tree, context),
        Framing::Fabric => internode::stream::pdu(TrafficFamily::Fabric, &tree, context),
    }
}

export_plugin!(PLUGIN, handoff);
