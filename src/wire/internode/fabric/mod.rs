//! Fabric: the TCP connections between the nodes of a cluster, and what is said on them.
//!
//! A connection begins with a [`hello`] of the side that opened it; after that both directions carry
//! messages of one channel. What the fields of a message mean is in the table of its type
//! ([`table()`]); what a line about a message and its [`links`] need is in [`FabricFacts`].

pub mod clustering;
pub mod exchange;
pub mod hello;
pub mod info;
pub mod links;
pub mod migrate;
pub mod paxos;
pub mod proxy;
pub mod rw;
pub mod smd;

#[cfg(test)]
mod tests;

use super::cluster::{ClusterKey, Hlc, NodeId};
use super::heartbeat;
use super::record::FlatRecord;
use crate::wire::client::fields::digest::Digest;
use crate::wire::internode::container::spec::{ContentKind, MsgTable};
use crate::wire::internode::container::{Msg, MsgType};
use hello::Channel;
use migrate::MigrateOp;
use rw::{RwInfo, RwOp};
use smd::ModuleId;

/// What is known of a message's type and dialect, heartbeats included. `None` for the types of the
/// enterprise edition (APPEAL, OLD_XDR, XDR) and unknown ones: those show their fields as they are.
///
/// Source: internode-protocol 5
#[must_use]
pub fn table(msg: &Msg<'_>) -> Option<&'static MsgTable> {
    Some(match msg.header.kind {
        MsgType::FABRIC => &hello::TABLE,
        MsgType::PAXOS => &paxos::TABLE,
        MsgType::MIGRATE => &migrate::TABLE,
        MsgType::PROXY => &proxy::TABLE,
        MsgType::CLUSTERING => &clustering::TABLE,
        MsgType::RW => &rw::TABLE,
        MsgType::INFO => &info::TABLE,
        MsgType::EXCHANGE => &exchange::TABLE,
        MsgType::SMD => smd::table(msg),
        _ => return heartbeat::table(msg),
    })
}

/// Every table there is, for the documentation.
pub static TABLES: [&MsgTable; 13] = [
    &heartbeat::TABLE_V3,
    &heartbeat::TABLE_V391,
    &heartbeat::TABLE_V2,
    &hello::TABLE,
    &clustering::TABLE,
    &exchange::TABLE,
    &rw::TABLE,
    &proxy::TABLE,
    &migrate::TABLE,
    &info::TABLE,
    &smd::TABLE,
    &smd::OLD_TABLE,
    &paxos::TABLE,
];

/// What a message says of itself, gathered in one pass over its fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct FabricFacts<'a> {
    /// The table of the message's dialect.
    pub table: Option<&'static MsgTable>,
    /// Operation or message type.
    pub op: Option<u32>,
    /// Transaction id, where the type has one.
    pub tid: Option<u64>,
    /// Result code of an ack.
    pub result: Option<u32>,
    /// Namespace, without NUL.
    pub namespace: Option<&'a [u8]>,
    /// Index of the namespace on the requester.
    pub namespace_index: Option<u32>,
    /// The record's digest, from its own field or from the flat record.
    pub digest: Option<Digest<'a>>,
    /// The record: flat or, without the magic, an old pickle.
    pub record: Option<&'a [u8]>,
    /// Partition of a migration; for a record see [`FabricFacts::partition`].
    pub partition_id: Option<u32>,
    /// Id of the emigration.
    pub emig_id: Option<u32>,
    /// Number of the record within the emigration.
    pub insert_id: Option<u64>,
    /// Flags of RW.
    pub rw_info: Option<RwInfo>,
    /// The embedded client message.
    pub proto: Option<&'a [u8]>,
    /// The node that a hello, a heartbeat or a redirect names.
    pub node: Option<NodeId>,
    /// The channel that a hello opens.
    pub channel: Option<Channel>,
    /// The cluster key; of two, the first.
    pub cluster_key: Option<ClusterKey>,
    /// Paxos sequence number.
    pub sequence: Option<Hlc>,
    /// Module of system metadata.
    pub module: Option<ModuleId>,
    /// Key of a single item of system metadata.
    pub smd_key: Option<&'a [u8]>,
    /// The sender writes integers as servers did up to 3.13.
    pub old_integers: bool,
}

impl<'a> FabricFacts<'a> {
    /// Reads the fields of a message once; what is missing, malformed, of the wrong type or cut stays
    /// `None`. Record and client message are there as far as they were captured.
    #[must_use]
    pub fn of(msg: &Msg<'a>) -> Self {
        let mut facts = Self::default();
        let Some(table) = table(msg) else {
            return facts;
        };
        facts.table = Some(table);
        for field in msg.fields().flatten() {
            facts.old_integers |= field.wire.is_old_integer();
            let Some(spec) = table.of(&field) else {
                continue;
            };
            match spec.kind {
                ContentKind::Record | ContentKind::FlatRecord => {
                    facts.record = facts.record.or(Some(field.data))
                }
                ContentKind::Proto => facts.proto = Some(field.data),
                // Half a name is another name.
                _ if field.is_cut() => {}
                ContentKind::Op => facts.op = field.uint32(),
                ContentKind::Tid | ContentKind::SmdTid | ContentKind::OldTid => facts.tid = field.uint(),
                ContentKind::Result => facts.result = field.uint32(),
                ContentKind::Namespace => facts.namespace = Some(field.text()),
                ContentKind::NamespaceIndex => facts.namespace_index = field.uint32(),
                ContentKind::Digest => facts.digest = Digest::exactly(field.data),
                ContentKind::Partition => facts.partition_id = field.uint32(),
                ContentKind::EmigId => facts.emig_id = field.uint32(),
                ContentKind::InsertId => facts.insert_id = field.uint(),
                ContentKind::RwInfo => facts.rw_info = field.uint32().map(RwInfo::from_bits_retain),
                ContentKind::Node => facts.node = field.uint().map(NodeId),
                ContentKind::Channel => facts.channel = field.uint32().map(Channel),
                ContentKind::ClusterKey => {
                    facts.cluster_key = facts.cluster_key.or(field.uint().map(ClusterKey))
                }
                ContentKind::Sequence => facts.sequence = field.uint().map(Hlc),
                ContentKind::ModuleId => facts.module = field.uint32().map(ModuleId),
                ContentKind::SmdKey => facts.smd_key = Some(field.text()),
                _ => {}
            }
        }
        facts.digest = facts
            .digest
            .or_else(|| facts.record.and_then(FlatRecord::digest_of));
        facts
    }

    /// The name of the operation, by the age of the sender where a number had another meaning.
    #[must_use]
    pub fn op_name(&self) -> Option<&'static str> {
        let table = self.table?;
        let op = self.op?;
        match (table.kind, op) {
            (MsgType::MIGRATE, _) if self.is_start_ack_already_done() => Some("START_ACK_ALREADY_DONE"),
            (MsgType::RW, _) if self.old_integers && RwOp(op) == RwOp::REPL_CONFIRM => Some("MULTI"),
            (MsgType::RW, _) if self.old_integers && RwOp(op) == RwOp::REPL_PING => Some("MULTI_ACK"),
            _ => table.op_name(op),
        }
    }

    /// MIGRATE operation 7 of 3.3 to 3.13: it is no INSERT, which carries a record and its number.
    fn is_start_ack_already_done(&self) -> bool {
        self.op.map(MigrateOp) == Some(MigrateOp::INSERT) && self.record.is_none() && self.insert_id.is_none()
    }

    /// The partition that the message is about, by its own field or by the digest.
    #[must_use]
    pub fn partition(&self) -> Option<u16> {
        match self.partition_id {
            Some(id) => u16::try_from(id).ok(),
            None => self.digest.map(|digest| digest.partition()),
        }
    }
}
