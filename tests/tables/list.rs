//! Every table of the wire layer.

use aerospike::wire::ground::table::TableRow;
use aerospike::wire::internode::container::spec::Spec;
use aerospike::wire::internode::fabric::TABLES;
use aerospike::wire::values::tables::arg::{Arg, ArgContent, Presence};
use aerospike::wire::{admin, client, internode, values};

/// A table, by its form.
pub enum Table {
    /// Codes and names.
    Rows(&'static [TableRow]),
    /// Operations, with the arguments of each.
    Operations(&'static [TableRow], fn(u32) -> String),
    /// Flags by their bits.
    Flags(Vec<(u64, &'static str)>),
    /// Fields of messages between nodes.
    Fields(&'static [Spec]),
    /// Fields of client messages.
    FieldTypes(&'static [TableRow]),
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
                ArgContent::Raw(_) => format!("{} (raw)", arg.name),
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
            admin::message::Command,
            admin::message::FieldId,
            values::tables::cdt_ops::Returned,
            values::tables::cdt_ops::Selected,
            values::tables::cdt_ops::ContextBase,
            values::tables::expression_ops::ResultType,
            values::tables::expression_ops::LoopVariable,
            values::tables::expression_ops::Runner,
            internode::fabric::clustering::ClusteringType,
            internode::fabric::exchange::ExchangeType,
            internode::fabric::exchange::CompatibilityId,
            internode::fabric::hello::Channel,
            internode::fabric::info::InfoOp,
            internode::fabric::migrate::MigrateOp,
            internode::fabric::paxos::Command,
            internode::fabric::proxy::ProxyOp,
            internode::fabric::rw::RwOp,
            internode::fabric::smd::SmdOp,
            internode::fabric::smd::OldSmdOp,
            internode::fabric::smd::ModuleId,
            internode::fabric::smd::Action,
            internode::heartbeat::endpoint::AddressType,
            internode::heartbeat::HeartbeatType,
            internode::heartbeat::ProtocolId,
            internode::heartbeat::state::ClusteringId,
            client::message::mrt::MonitorStep,
            internode::container::MsgType,
            internode::container::WireType,
            client::fields::op::OpCode,
            values::particle::ParticleType,
            values::text::predexp::PredexpTag,
            admin::privilege::Privilege,
            client::proto::ProtoType,
            client::fields::query::IndexType,
            client::fields::query::UdfOp,
            client::message::info_bits::ErrorVerbosity,
            client::fields::query::ScanPriority,
            client::message::request::Request,
            client::message::result_code::ResultCode,
            values::tables::string_ops::StringOp;
        operations
            values::tables::bits::BitOp,
            values::tables::cdt_ops::CdtOp,
            values::tables::expression_ops::ExpOp,
            values::tables::hll::HllOp;
        flags
            client::message::batch::BatchFlags,
            client::message::batch::RowFlags,
            values::tables::bits::BitFlags,
            values::tables::bits::ResizeFlags,
            values::tables::bits::IntFlags,
            values::tables::bits::Sign,
            values::tables::cdt_ops::ListOrder,
            values::tables::cdt_ops::MapOrder,
            values::tables::cdt_ops::ListFlags,
            values::tables::cdt_ops::MapFlags,
            values::tables::cdt_ops::SortFlags,
            values::tables::expression_ops::ExpFlags,
            values::tables::expression_ops::RegexFlags,
            internode::fabric::exchange::RebalanceFlags,
            internode::fabric::migrate::MigrateInfo,
            internode::fabric::migrate::Features,
            internode::fabric::proxy::ProxyInfo,
            internode::fabric::rw::RwInfo,
            internode::fabric::smd::SmdOptions,
            internode::heartbeat::endpoint::Capabilities,
            values::tables::hll::HllFlags,
            client::message::info_bits::Info1,
            client::message::info_bits::Info2,
            client::message::info_bits::Info3,
            client::message::info_bits::Info4,
            client::fields::query::WhereFlags,
            client::fields::op::OpFlags,
            internode::record::bin::BinFlags,
            internode::record::layout::RecordFlags,
            internode::record::layout::ExtraFlags,
            values::tables::string_ops::StringFlags,
            values::tables::string_ops::StringRegexFlags;
        fields
            internode::fabric::clustering::Fields,
            internode::fabric::exchange::Fields,
            internode::fabric::hello::Fields,
            internode::fabric::info::Fields,
            internode::fabric::migrate::Fields,
            internode::fabric::paxos::Fields,
            internode::fabric::proxy::Fields,
            internode::fabric::rw::Fields,
            internode::fabric::smd::Fields,
            internode::fabric::smd::OldFields,
            internode::heartbeat::V3,
            internode::heartbeat::V391,
            internode::heartbeat::V2;
    };
    list.push((
        "client::fields::field::FieldType",
        Table::FieldTypes(client::fields::field::FieldType::TABLE),
    ));
    list.push(("internode::container::spec::Kind", Table::Kinds(kinds())));
    list
}

/// The kinds of content that any field has.
fn kinds() -> Vec<String> {
    let fields = TABLES.iter().flat_map(|table| table.fields);
    fields.map(|spec| format!("{:?}", spec.kind)).collect()
}
