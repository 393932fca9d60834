//! What single kinds of fields hold, and the fields that belong to one kind of message.

pub mod endpoints;
pub mod exchange;
pub mod fabric;
pub mod heartbeat;
pub mod paxos;
pub mod proxy;
pub mod services;
pub mod smd;
