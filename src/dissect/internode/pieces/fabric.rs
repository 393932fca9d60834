//! Fields of several kinds of fabric messages.

use crate::wire::internode::container::MsgType;
use crate::wire::internode::fabric::exchange::CompatibilityId;
use crate::wire::internode::fabric::hello::Channel;
use crate::wire::internode::fabric::migrate::{Features, MigrateInfo};
use crate::wire::internode::fabric::proxy::ProxyInfo;
use crate::wire::internode::fabric::rw::RwInfo;
use crate::wire::internode::fabric::smd::SmdOptions;

fields! {
    TYPE: U16, "aerospike.fabric.type", "Message type", "What the fields of the message mean" .values(MsgType::TABLE);
    OP: U32, "aerospike.fabric.op", "Operation", "Operation of the message, by its type";
    OP_NAME: String, "aerospike.fabric.op.name", "Operation name", "Name of the operation";
    TID: U32, "aerospike.fabric.tid", "Transaction id", "A counter of the node that asks, echoed in the answer";
    CHANNEL: U32, "aerospike.fabric.channel", "Channel", "What runs on the connection" .values(Channel::TABLE);
    NS_IX: U32, "aerospike.fabric.ns_ix", "Namespace index", "Index of the namespace on the node that asks";
    EMIG_ID: U32, "aerospike.fabric.emig_id", "Emigration id", "A counter of the node that sends records away";
    INSERT_ID: U64, "aerospike.fabric.emig_insert_id", "Insert id", "Number of the record within its emigration";
    PARTITION_SIZE: U64, "aerospike.fabric.partition_size", "Partition size", "Records in the partition";
    REGIME: U32, "aerospike.fabric.regime", "Regime", "Regime of the partition, strong consistency";
    META_SEQUENCE: U32, "aerospike.fabric.meta_sequence", "Meta sequence", "Number of a message with meta records";
    META_SEQUENCE_FINAL: U32, "aerospike.fabric.meta_sequence_final", "Last meta sequence", "Number of the last message with meta records";
    TIMEOUT: U32, "aerospike.fabric.timeout", "Timeout", "Timeout of a proxied request, up to 3.14" .milliseconds();
    COMPATIBILITY_ID: U32, "aerospike.fabric.compatibility_id", "Compatibility id", "Which releases the node is compatible with" .values(CompatibilityId::TABLE);
    USERNAME: String, "aerospike.fabric.username", "User name", "The client's user";
}

bit_sets! {
    RW_INFO: U32 of RwInfo, "aerospike.fabric.rw_info", "RW info", "Flags of a replica write";
    PROXY_INFO: U32 of ProxyInfo, "aerospike.fabric.proxy_info", "Proxy info", "Flags of a proxied request";
    MIGRATE_INFO: U32 of MigrateInfo, "aerospike.fabric.migrate_info", "Migrate info", "Flags of a migrated record";
    FEATURES: U32 of Features, "aerospike.fabric.features", "Features", "What both sides of an emigration can do";
    SMD_OPTIONS: U32 of SmdOptions, "aerospike.fabric.smd.options", "Options", "Options of a change, up to 4.5.0";
}
