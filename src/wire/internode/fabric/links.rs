//! Which message answers which: a request and its answer have the same [`LinkKey`].
//!
//! The key says nothing of the nodes: who keeps pending requests adds the pair (requester,
//! answerer), since one write goes to several replicas under one transaction id, and since the answer
//! usually comes on another TCP connection. A request whose key is still pending between the same
//! nodes is a retransmission.

use super::FabricFacts;
use super::clustering::ClusteringType;
use super::exchange::ExchangeType;
use super::info::{self, InfoOp};
use super::migrate::{self, MigrateOp};
use super::proxy::ProxyOp;
use super::rw::{RwInfo, RwOp};
use super::smd::SmdOp;
use crate::wire::internode::container::{Msg, MsgType};
use crate::wire::internode::heartbeat::HeartbeatType;

/// A kind of exchange: what the request was, as far as its answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// RW WRITE or REPL_WRITE.
    Write,
    /// RW DUP.
    Dup,
    /// RW REPL_PING.
    Ping,
    /// RW MULTI of 3.x.
    Multi,
    /// PROXY REQUEST; RETURN_TO_SENDER is an answer, after which the same request goes to another node.
    Proxy,
    /// MIGRATE START.
    MigrateStart,
    /// MIGRATE INSERT of either kind.
    MigrateInsert,
    /// MIGRATE DONE.
    MigrateDone,
    /// MIGRATE ALL_DONE.
    MigrateAllDone,
    /// MIGRATE MERGE_META.
    MigrateMeta,
    /// INFO; its generation is always 1: match in the order of time.
    Info,
    /// SMD SET_TO_PR.
    SmdSetToPr,
    /// SMD SET_FROM_PR or FULL_FROM_PR.
    SmdFromPr,
    /// SMD REQ_VER_FROM_PR.
    SmdVersion,
    /// SMD REQ_FULL_FROM_PR.
    SmdFull,
    /// SMD up to 4.5.0.
    SmdOld,
    /// CLUSTERING PAXOS_PREPARE.
    Prepare,
    /// CLUSTERING PAXOS_ACCEPT.
    Accept,
    /// EXCHANGE DATA.
    Exchange,
    /// Heartbeat INFO_REQUEST: within one TCP connection, in order.
    HeartbeatInfo,
}

/// What a request and its answer have in common, the nodes aside.
///
/// Source: internode-protocol 8
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    /// What kind of exchange it is.
    pub class: Class,
    /// Transaction id, emigration id, sequence number, cluster key, generation or SMD module.
    pub id: u64,
    /// Namespace index (RW), record number (MIGRATE inserts) or transaction id (SMD); else 0.
    pub sub: u64,
}

/// Whether an answer must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It must; the request is sent again until it does.
    Answer,
    /// It may not come though nothing is wrong.
    Perhaps,
    /// None will come.
    Nothing,
}

/// Which side of an exchange a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It asks.
    Request(Expect),
    /// It answers. Not `last`: the requester will ask elsewhere (PROXY RETURN_TO_SENDER).
    Answer {
        /// The exchange is over.
        last: bool,
    },
}

/// A message's place in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which exchange.
    pub key: LinkKey,
    /// Which side of it.
    pub role: Role,
}

impl Link {
    const fn new(role: Role, class: Class, id: u64, sub: u64) -> Self {
        Self {
            key: LinkKey { class, id, sub },
            role,
        }
    }

    /// Whether the message is a request.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(self.role, Role::Request(_))
    }

    /// Whether the message is a request that must be answered.
    #[must_use]
    pub const fn expects_answer(&self) -> bool {
        matches!(self.role, Role::Request(Expect::Answer))
    }
}

const REQUEST: Role = Role::Request(Expect::Answer);
const ANSWER: Role = Role::Answer { last: true };

/// The place of a message in an exchange; `None` for one that neither asks nor answers, or that lacks
/// what its key is made of.
///
/// Source: internode-protocol 8
#[must_use]
pub fn link(msg: &Msg<'_>, facts: &FabricFacts<'_>) -> Option<Link> {
    let op = facts.op?;
    match msg.header.kind {
        MsgType::RW => rw(facts, RwOp(op)),
        MsgType::PROXY => {
            let role = match ProxyOp(op) {
                ProxyOp::REQUEST => REQUEST,
                ProxyOp::RESPONSE => ANSWER,
                ProxyOp::RETURN_TO_SENDER => Role::Answer { last: false },
                _ => return None,
            };
            Some(Link::new(role, Class::Proxy, facts.tid?, 0))
        }
        MsgType::MIGRATE => migrate(msg, facts, MigrateOp(op)),
        MsgType::INFO => {
            let role = match InfoOp(op) {
                InfoOp::UPDATE | InfoOp::UPDATE_REQ => REQUEST,
                InfoOp::ACK => ANSWER,
                _ => return None,
            };
            let generation = msg.uint(info::Fields::GENERATION)?;
            Some(Link::new(role, Class::Info, generation, 0))
        }
        MsgType::SMD => smd(facts, op),
        MsgType::CLUSTERING => {
            let (role, class) = match ClusteringType(op) {
                ClusteringType::PAXOS_PREPARE => (REQUEST, Class::Prepare),
                ClusteringType::PAXOS_PROMISE | ClusteringType::PAXOS_PREPARE_NACK => {
                    (ANSWER, Class::Prepare)
                }
                ClusteringType::PAXOS_ACCEPT => (REQUEST, Class::Accept),
                ClusteringType::PAXOS_ACCEPTED | ClusteringType::PAXOS_ACCEPT_NACK => (ANSWER, Class::Accept),
                _ => return None,
            };
            Some(Link::new(role, class, facts.sequence?.0, 0))
        }
        MsgType::EXCHANGE => {
            let role = match ExchangeType(op) {
                ExchangeType::DATA => REQUEST,
                ExchangeType::DATA_ACK | ExchangeType::DATA_NACK => ANSWER,
                _ => return None,
            };
            Some(Link::new(role, Class::Exchange, facts.cluster_key?.0, 0))
        }
        kind if kind.is_heartbeat() => {
            let role = match HeartbeatType(op) {
                HeartbeatType::INFO_REQUEST => Role::Request(Expect::Perhaps),
                HeartbeatType::INFO_REPLY => ANSWER,
                _ => return None,
            };
            Some(Link::new(role, Class::HeartbeatInfo, 0, 0))
        }
        _ => None,
    }
}

fn rw(facts: &FabricFacts<'_>, op: RwOp) -> Option<Link> {
    let silent = facts
        .rw_info
        .is_some_and(|info| info.contains(RwInfo::NO_REPL_ACK));
    let (role, class) = match op {
        RwOp::WRITE | RwOp::REPL_WRITE if silent => (Role::Request(Expect::Nothing), Class::Write),
        RwOp::WRITE | RwOp::REPL_WRITE => (REQUEST, Class::Write),
        RwOp::WRITE_ACK => (ANSWER, Class::Write),
        RwOp::DUP => (REQUEST, Class::Dup),
        RwOp::DUP_ACK => (ANSWER, Class::Dup),
        // 3.x had other operations under these two numbers.
        RwOp::REPL_CONFIRM if facts.old_integers => (REQUEST, Class::Multi),
        RwOp::REPL_PING if facts.old_integers => (ANSWER, Class::Multi),
        RwOp::REPL_PING => (REQUEST, Class::Ping),
        RwOp::REPL_PING_ACK => (ANSWER, Class::Ping),
        _ => return None,
    };
    let index = match class {
        Class::Write | Class::Dup => facts.namespace_index.unwrap_or(0).into(),
        _ => 0,
    };
    Some(Link::new(role, class, facts.tid?, index))
}

fn migrate(msg: &Msg<'_>, facts: &FabricFacts<'_>, op: MigrateOp) -> Option<Link> {
    let (role, class) = match op {
        MigrateOp::START => (REQUEST, Class::MigrateStart),
        MigrateOp::START_ACK_OK | MigrateOp::START_ACK_EAGAIN | MigrateOp::START_ACK_FAIL => {
            (ANSWER, Class::MigrateStart)
        }
        MigrateOp::INSERT if facts.is_start_ack_already_done() => (ANSWER, Class::MigrateStart),
        MigrateOp::INSERT | MigrateOp::OLD_INSERT => (REQUEST, Class::MigrateInsert),
        MigrateOp::INSERT_ACK => (ANSWER, Class::MigrateInsert),
        MigrateOp::DONE => (REQUEST, Class::MigrateDone),
        MigrateOp::DONE_ACK => (ANSWER, Class::MigrateDone),
        MigrateOp::ALL_DONE => (REQUEST, Class::MigrateAllDone),
        MigrateOp::ALL_DONE_ACK => (ANSWER, Class::MigrateAllDone),
        MigrateOp::MERGE_META => (REQUEST, Class::MigrateMeta),
        MigrateOp::MERGE_META_ACK => (ANSWER, Class::MigrateMeta),
        _ => return None,
    };
    let sub = match class {
        Class::MigrateInsert => facts.insert_id?,
        Class::MigrateMeta => msg.uint(migrate::Fields::META_SEQUENCE).unwrap_or(0),
        _ => 0,
    };
    Some(Link::new(role, class, facts.emig_id?.into(), sub))
}

fn smd(facts: &FabricFacts<'_>, op: u32) -> Option<Link> {
    if core::ptr::eq(facts.table?, &super::smd::OLD_TABLE) {
        let tid = facts.tid?;
        let role = match tid >> 56 {
            1 => REQUEST,
            2 => ANSWER,
            _ => return None,
        };
        return Some(Link::new(role, Class::SmdOld, tid & (u64::MAX >> 8), 0));
    }
    let (role, class) = match SmdOp(op) {
        SmdOp::SET_TO_PR => (REQUEST, Class::SmdSetToPr),
        SmdOp::SET_ACK | SmdOp::SET_NACK => (ANSWER, Class::SmdSetToPr),
        SmdOp::SET_FROM_PR | SmdOp::FULL_FROM_PR => (REQUEST, Class::SmdFromPr),
        SmdOp::ACK_TO_PR => (ANSWER, Class::SmdFromPr),
        SmdOp::REQ_VER_FROM_PR => (REQUEST, Class::SmdVersion),
        SmdOp::REPORT_VER_TO_PR => (ANSWER, Class::SmdVersion),
        SmdOp::REQ_FULL_FROM_PR => (REQUEST, Class::SmdFull),
        SmdOp::FULL_TO_PR => (ANSWER, Class::SmdFull),
        _ => return None,
    };
    let tid = match class {
        Class::SmdSetToPr | Class::SmdFromPr => facts.tid?,
        _ => 0,
    };
    Some(Link::new(role, class, facts.module?.0.into(), tid))
}
