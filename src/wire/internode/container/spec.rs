//! What the field ids of one message type mean: tables of names, wire types and kinds of content.

use super::{MsgField, MsgType, WireType};
use crate::wire::ground::table::TableRow;

/// What a field's content is, whatever its name: the display follows from this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// Bytes that nobody outside the sender understands.
    Opaque,
    /// A number with no more meaning than its name.
    Uint,
    /// A number that identifies a protocol and its version; in hexadecimal.
    ProtocolId,
    /// The operation or message type: see [`MsgTable::ops`].
    Op,
    /// A transaction id: u32.
    Tid,
    /// A transaction id of system metadata: u64.
    SmdTid,
    /// A transaction id of the fabric transactions of old: the top byte is 1 (request) or 2 (response).
    OldTid,
    /// A client protocol result code.
    Result,
    /// The id of an emigration.
    EmigId,
    /// The number of a record within an emigration.
    InsertId,
    /// A node id: u64, big endian as every integer field.
    Node,
    /// A cluster key: u64.
    ClusterKey,
    /// A hybrid logical clock: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16.
    Hlc,
    /// A paxos sequence number: the shape of [`ContentKind::Hlc`].
    Sequence,
    /// Milliseconds since 1970.
    UnixMs,
    /// Milliseconds since 2010.
    Ms2010,
    /// Seconds since 2010 (a void time); the value 1 in the same place was MULTI_BIN in 6.4.
    VoidTime,
    /// A partition id, 0 to 4095.
    Partition,
    /// A record's generation.
    Generation,
    /// Index (before 4.9: id) of a namespace on the requesting node.
    NamespaceIndex,
    /// What runs on a fabric connection: [`Channel`](crate::wire::internode::fabric::hello::Channel).
    Channel,
    /// [`RwInfo`](crate::wire::internode::fabric::rw::RwInfo).
    RwInfo,
    /// [`ProxyInfo`](crate::wire::internode::fabric::proxy::ProxyInfo).
    ProxyInfo,
    /// [`MigrateInfo`](crate::wire::internode::fabric::migrate::MigrateInfo).
    MigrateInfo,
    /// [`Features`](crate::wire::internode::fabric::migrate::Features).
    Features,
    /// [`CompatibilityId`](crate::wire::internode::fabric::exchange::CompatibilityId).
    CompatibilityId,
    /// [`ModuleId`](crate::wire::internode::fabric::smd::ModuleId).
    ModuleId,
    /// [`SmdOptions`](crate::wire::internode::fabric::smd::SmdOptions).
    SmdOptions,
    /// A TCP port.
    Port,
    /// An IPv4 address whose four bytes stand in reverse order.
    ReversedIpv4,

    /// Text; STR or BUF, the latter without a NUL.
    Text,
    /// The name of a cluster.
    ClusterName,
    /// The name of a namespace.
    Namespace,
    /// The name of a set.
    Set,
    /// The 20 bytes of a record's digest.
    Digest,
    /// A stored key: a particle type byte, then the value.
    Key,
    /// A flat record ([`FlatRecord`](crate::wire::internode::record::FlatRecord)); without its magic, something of
    /// an old server that nobody can read.
    FlatRecord,
    /// A flat record, or without its magic the old pickle
    /// ([`Pickle`](crate::wire::internode::record::pickle::Pickle)).
    Record,
    /// An embedded client message ([`crate::wire::internode::fabric::proxy::byte_order`]).
    Proto,
    /// Items `addr:port`, separated by `;` or `,` ([`crate::wire::internode::fabric::info::services`]).
    Services,
    /// Key of an SMD item; its meaning depends on the module.
    SmdKey,
    /// Value of an SMD item; may be a secret (module SECURITY).
    SmdValue,

    /// 16 bytes of an IPv6 address, possibly an IPv4 one mapped into it.
    Ipv6,
    /// Node ids u64 **little endian**, back to back ([`Nodes`](crate::wire::internode::cluster::Nodes)).
    Nodes,
    /// As [`ContentKind::Nodes`], with zeros after the last.
    PaddedNodes,
    /// An endpoint list ([`crate::wire::internode::heartbeat::endpoints`]).
    Endpoints,
    /// Node ids, each with its endpoint list.
    InfoReply,
    /// [`PaxosData`](crate::wire::internode::heartbeat::PaxosData).
    PaxosData,
    /// A zlib stream of a whole message.
    Compressed,
    /// [`Change`](crate::wire::internode::fabric::paxos::Change).
    PaxosChange,

    /// ARRAY_UINT32 or ARRAY_UINT64 of numbers.
    Uints,
    /// ARRAY_UINT32 of SMD actions: [`Action`](crate::wire::internode::fabric::smd::Action).
    Actions,
    /// ARRAY_UINT64 of milliseconds since 2010.
    Ms2010s,
    /// ARRAY_BUF.
    Bufs,
    /// ARRAY_STR.
    Texts,
    /// ARRAY_STR of SMD keys.
    SmdKeys,
    /// ARRAY_STR of SMD values.
    SmdValues,

    /// MSGPACK: names of namespaces.
    NamespaceList,
    /// MSGPACK: numbers.
    UintList,
    /// MSGPACK: text.
    TextList,
    /// MSGPACK: SMD keys.
    SmdKeyList,
    /// MSGPACK: SMD values, nil for a deleted one.
    SmdValueList,
    /// MSGPACK: blobs of [`PartitionVersions`](crate::wire::internode::fabric::exchange::PartitionVersions).
    VersionsList,
    /// MSGPACK: blobs of node ids, little endian.
    NodesList,
    /// MSGPACK: blobs of rack ids, each u32 little endian.
    RackIdsList,
    /// MSGPACK: [`RebalanceFlags`](crate::wire::internode::fabric::exchange::RebalanceFlags).
    RebalanceFlagsList,
    /// MSGPACK: triples of module id, committed cluster key, committed transaction id.
    VersionTriples,
}

/// One field of a message type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The id on the wire.
    pub id: u16,
    /// The server's name of the field without its prefix.
    pub name: &'static str,
    /// The wire type that the server's template asks for.
    pub wire: WireType,
    /// What the content is.
    pub kind: ContentKind,
    /// Versions and use; may be empty.
    pub remark: &'static str,
}

impl Spec {
    /// The field's wire type is the one of the table. A server skips a field with another one. The
    /// sized integers of old count as their unsized forms.
    #[must_use]
    pub fn fits(&self, wire: WireType) -> bool {
        let modern = match wire {
            WireType::OLD_UINT32 => WireType::UINT32,
            WireType::OLD_UINT64 => WireType::UINT64,
            other => other,
        };
        modern == self.wire
    }
}

/// All that is known of a message type in one of its dialects.
#[derive(Debug)]
pub struct MsgTable {
    /// The message type.
    pub kind: MsgType,
    /// The name of type and dialect, for the documentation.
    pub name: &'static str,
    /// The fields, ascending by id.
    pub fields: &'static [Spec],
    /// The names of operations or message types in the field of [`ContentKind::Op`].
    pub ops: &'static [TableRow],
}

impl MsgTable {
    /// What is known of the field of that id.
    #[must_use]
    pub fn spec(&self, id: u16) -> Option<&'static Spec> {
        self.fields.iter().find(|spec| spec.id == id)
    }

    /// What is known of a field, if its wire type is the expected one.
    #[must_use]
    pub fn of(&self, field: &MsgField<'_>) -> Option<&'static Spec> {
        self.spec(field.id).filter(|spec| spec.fits(field.wire))
    }

    /// The name of an operation or message type.
    #[must_use]
    pub fn op_name(&self, op: u32) -> Option<&'static str> {
        self.ops.iter().find(|row| row.value == op).map(|row| row.name)
    }
}

/// Declares the fields of a message type once: a unit struct with a constant for each id and `TABLE`.
///
/// `specs! { /// doc pub Fields { 0 => OP: UINT32 Op, 5 => DIGEST: BUF Digest; "remark", } }` gives
/// `MsgFields::OP: u16` and `MsgFields::TABLE: &[Spec]`.
#[macro_export]
macro_rules! specs {
    (
        $(#[$meta:meta])*
        pub $Name:ident {
            $( $id:literal => $CONST:ident: $wire:ident $kind:ident $(; $remark:literal)? ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $Name;

        impl $Name {
            $(
                #[doc = concat!("Field ", stringify!($id), ", ", stringify!($wire) $(, ": ", $remark)?)]
                pub const $CONST: u16 = $id;
            )*

            /// Every known field, ascending by id.
            pub const TABLE: &'static [$crate::wire::internode::container::spec::Spec] = &[
                $( $crate::wire::internode::container::spec::Spec {
                    id: $id,
                    name: stringify!($CONST),
                    wire: $crate::wire::internode::container::WireType::$wire,
                    kind: $crate::wire::internode::container::spec::ContentKind::$kind,
                    remark: $crate::table!(@remark $($remark)?),
                } ),*
            ];
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    specs! {
        /// For the test.
        pub Sample {
            0 => OP: UINT32 Op,
            7 => RECORD: BUF Record; "since 4.5.3",
        }
    }

    #[test]
    fn a_field_is_declared_once() {
        assert_eq!((Sample::OP, Sample::RECORD), (0, 7));
        assert_eq!(Sample::TABLE[1].name, "RECORD");
        assert_eq!(Sample::TABLE[1].remark, "since 4.5.3");
        let table = MsgTable {
            kind: MsgType::RW,
            name: "RW",
            fields: Sample::TABLE,
            ops: &[],
        };
        assert_eq!(table.spec(7).unwrap().kind, ContentKind::Record);
        assert!(table.spec(1).is_none());
        assert!(table.spec(0).unwrap().fits(WireType::OLD_UINT32));
        assert!(!table.spec(0).unwrap().fits(WireType::UINT64));
    }
}
