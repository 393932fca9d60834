//! The protocols as Wireshark lists them; each can be switched off on its own.

use crate::epan::fields::protocol::Protocol;

/// The 8-byte proto header; every frame of ours carries it.
pub static AEROSPIKE: Protocol = Protocol::new(c"Aerospike Protocol", c"Aerospike", c"aerospike");
/// Proto type 1.
pub static INFO: Protocol = Protocol::new(c"Aerospike Info Protocol", c"Aerospike Info", c"aerospike.info");
/// Proto type 2.
pub static ADMIN: Protocol = Protocol::new(
    c"Aerospike Security Protocol",
    c"Aerospike Security",
    c"aerospike.admin",
);
/// Proto type 3, and inside 4.
pub static MESSAGE: Protocol = Protocol::new(
    c"Aerospike Message Protocol",
    c"Aerospike Message",
    c"aerospike.msg",
);
/// Fields 41 and 42 of a message.
pub static BATCH: Protocol = Protocol::new(c"Aerospike Batch", c"Aerospike Batch", c"aerospike.batch");
/// UDP 9918 and TCP 3002.
pub static HEARTBEAT: Protocol = Protocol::new(
    c"Aerospike Heartbeat",
    c"Aerospike Heartbeat",
    c"aerospike.heartbeat",
);
/// TCP 3001.
pub static FABRIC: Protocol = Protocol::new(c"Aerospike Fabric", c"Aerospike Fabric", c"aerospike.fabric");

/// All of them.
pub static ALL: [&Protocol; 7] = [&AEROSPIKE, &INFO, &ADMIN, &MESSAGE, &BATCH, &HEARTBEAT, &FABRIC];
