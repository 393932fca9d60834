//! What connections and the network between show: handshakes, what is sent on them, and what becomes of packets.

pub mod connects;
pub mod packets;
pub mod paths;
pub mod protocol;
