//! Fields of heartbeats, and the state of clustering in them.

use crate::dissect::internode::container::{
    CLUSTER_SIZE, Listed, PRINCIPAL, PROTOCOL_ID, SEQUENCE, cluster_key, hlc, nodes,
};
use crate::dissect::shared::common;
use crate::epan::{Guarded, Tree};
use crate::wire::client::proto::Order;
use crate::wire::internode::heartbeat::{HeartbeatType, PaxosData};

fields! {
    TYPE: U32, "aerospike.heartbeat.type", "Type", "Pulse, or question and answer about other nodes" .values(HeartbeatType::TABLE);
    CLUSTER_NAME: String, "aerospike.heartbeat.cluster_name", "Cluster name", "Nodes of another name are ignored";
    SKEW_MONITOR_DATA: AbsoluteTime, "aerospike.heartbeat.skew_monitor_data", "Wall clock", "Wall clock of the sender";
    PREFERRED_PRINCIPAL: U64, "aerospike.heartbeat.preferred_principal", "Preferred principal", "The node that the sender would have as principal; 0: none" .hex();
    STREAM: Bytes, "aerospike.heartbeat.compressed", "Compressed message", "zlib stream of a whole message";
}

/// The state of clustering.
///
/// # Errors
/// What Wireshark threw.
pub fn paxos_data<'p>(tree: &Tree<'p>, data: &'p [u8]) -> Guarded {
    let state = match PaxosData::read(data) {
        Ok(state) => state,
        Err(error) => return common::add_error(tree, &error),
    };
    let part = |range: core::ops::Range<usize>| data.get(range).unwrap_or_default();
    tree.add_in(&PROTOCOL_ID, part(PaxosData::PROTOCOL), Order::Little)?;
    let Some(clustering) = state.clustering else {
        return nodes(tree, state.succession.0, true);
    };
    cluster_key(tree, part(PaxosData::CLUSTER_KEY), Order::Little)?;
    let sequence = part(PaxosData::SEQUENCE);
    hlc(tree, &SEQUENCE, sequence, clustering.sequence, Order::Little)?;
    let preferred = part(PaxosData::PREFERRED_PRINCIPAL);
    tree.add_in(&PREFERRED_PRINCIPAL, preferred, Order::Little)?;
    if let Some(node) = clustering.preferred_principal {
        tree.uint64(&common::NODE, preferred, node.0)?
            .set_generated()
            .set_hidden();
    }
    tree.add_in(&CLUSTER_SIZE, part(PaxosData::SUCCESSION_LENGTH), Order::Little)?;
    tree.item().append(format_args!(
        ": key {}, succession {}",
        clustering.cluster_key,
        Listed(state.succession)
    ));
    if let Some(principal) = state.succession.first() {
        tree.uint64(&PRINCIPAL, state.succession.0, principal.0)?
            .set_generated();
    }
    nodes(tree, state.succession.0, false)?;
    match state.complaint() {
        Some(error) => common::add_error(tree, &error),
        None => Ok(()),
    }
}
