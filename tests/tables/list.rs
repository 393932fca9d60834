//! Every table of the wire layer.

use aerospike::wire::call::{Arg, Content, Presence};
use aerospike::wire::fabric::TABLES;
use aerospike::wire::msg::spec::Spec;
use aerospike::wire::table::Row;
use aerospike::wire::{
    admin, batch, bits, cdt_ops, expression_ops, fabric, field, heartbeat, hll, info_bits, mrt, msg, op,
    particle, predexp, privilege, proto, query, record, request, result_code, string_ops,
};

/// A table, by its form.
pub enum Table {
    /// Codes and names.
    Rows(&'static [Row]),
    /// Operations, with the arguments of each.
    Operations(&'static [Row], fn(u32) -> String),
    /// Flags by their bits.
    Flags(Vec<(u64, &'static str)>),
    /// Fields of messages between nodes.
    Fields(&'static [Spec]),
    /// Fields of client messages.
    FieldTypes(&'static [Row]),
    /// Kinds of content of fields between nodes: those that are used.
    Kinds(Vec<String>),
}

fn flags<F: bitflags::Flags>() -> Vec<(u64, &'static str)>
where
    F::Bits: Into<u64>,
{
    F::FLAGS
        .iter()
        .map(|flag| (flag.value().bits().into(), flag.name()))
        .collect()
}

/// `index, [count], value…`
fn arguments(args: Option<&[Arg]>) -> String {
    let words: Vec<String> = args
        .unwrap_or_default()
        .iter()
        .map(|arg| {
            let name = match arg.content {
                Content::Raw(_) => format!("{} (raw)", arg.name),
                _ => arg.name.to_string(),
            };
            match arg.presence {
                Presence::Required => name,
                Presence::Optional => format!("[{name}]"),
                Presence::Repeated => format!("{name}…"),
            }
        })
        .collect();
    words.join(", ")
}

macro_rules! all {
    (
        rows $($row:path),*;
        operations $($op:path),*;
        flags $($set:path),*;
        fields $($fields:path),*;
    ) => {
        vec![
            $( (stringify!($row), Table::Rows(<$row>::TABLE)), )*
            $( (stringify!($op), Table::Operations(<$op>::TABLE, |code| {
                arguments(u8::try_from(code).ok().and_then(|code| $op(code).args()))
            })), )*
            $( (stringify!($set), Table::Flags(flags::<$set>())), )*
            $( (stringify!($fields), Table::Fields(<$fields>::TABLE)), )*
        ]
    };
}

/// Every table by its path.
pub fn tables() -> Vec<(&'static str, Table)> {
    let mut list = all! {
        rows
            admin::Command,
            admin::FieldId,
            cdt_ops::Returned,
            cdt_ops::Selected,
            cdt_ops::ContextBase,
            expression_ops::ResultType,
            expression_ops::LoopVariable,
            expression_ops::Runner,
            fabric::clustering::ClusteringType,
            fabric::exchange::ExchangeType,
            fabric::exchange::CompatibilityId,
            fabric::hello::Channel,
            fabric::info::InfoOp,
            fabric::migrate::MigrateOp,
            fabric::paxos::Command,
            fabric::proxy::ProxyOp,
            fabric::rw::RwOp,
            fabric::smd::SmdOp,
            fabric::smd::OldSmdOp,
            fabric::smd::ModuleId,
            fabric::smd::Action,
            heartbeat::endpoint::AddressType,
            heartbeat::HeartbeatType,
            heartbeat::ProtocolId,
            heartbeat::state::ClusteringId,
            mrt::MonitorStep,
            msg::MsgType,
            msg::WireType,
            op::OpCode,
            particle::ParticleType,
            predexp::PredexpTag,
            privilege::Privilege,
            proto::ProtoType,
            query::IndexType,
            query::UdfOp,
            query::ScanPriority,
            request::Request,
            result_code::ResultCode,
            string_ops::StringOp;
        operations
            bits::BitOp,
            cdt_ops::CdtOp,
            expression_ops::ExpOp,
            hll::HllOp;
        flags
            batch::BatchFlags,
            batch::RowFlags,
            bits::BitFlags,
            bits::ResizeFlags,
            bits::IntFlags,
            bits::Sign,
            cdt_ops::ListOrder,
            cdt_ops::MapOrder,
            cdt_ops::ListFlags,
            cdt_ops::MapFlags,
            cdt_ops::SortFlags,
            expression_ops::ExpFlags,
            expression_ops::RegexFlags,
            fabric::exchange::RebalanceFlags,
            fabric::migrate::MigrateInfo,
            fabric::migrate::Features,
            fabric::proxy::ProxyInfo,
            fabric::rw::RwInfo,
            fabric::smd::SmdOptions,
            heartbeat::endpoint::Capabilities,
            hll::HllFlags,
            info_bits::Info1,
            info_bits::Info2,
            info_bits::Info3,
            info_bits::Info4,
            op::OpFlags,
            record::bin::BinFlags,
            record::RecordFlags,
            record::ExtraFlags,
            string_ops::StringFlags,
            string_ops::StringRegexFlags;
        fields
            fabric::clustering::Fields,
            fabric::exchange::Fields,
            fabric::hello::Fields,
            fabric::info::Fields,
            fabric::migrate::Fields,
            fabric::paxos::Fields,
            fabric::proxy::Fields,
            fabric::rw::Fields,
            fabric::smd::Fields,
            fabric::smd::OldFields,
            heartbeat::V3,
            heartbeat::V391,
            heartbeat::V2;
    };
    list.push(("field::FieldType", Table::FieldTypes(field::FieldType::TABLE)));
    list.push(("msg::spec::Kind", Table::Kinds(kinds())));
    list
}

/// The kinds of content that any field has.
fn kinds() -> Vec<String> {
    let fields = TABLES.iter().flat_map(|table| table.fields);
    fields.map(|spec| format!("{:?}", spec.kind)).collect()
}
