//! What nodes say to each other: the container of all messages, heartbeats, fabric, records.
//!
//! The beginning of a heartbeat (internode-protocol 12 D): its protocol and its kind.
//!
//! ```
//! use aerospike::wire::internode::container::{Msg, MsgType};
//!
//! let bytes = b"\0\0\0\x0e\0\x05\0\0\x01\0\0\x68\x64\0\x01\x01\0\0\0\x01";
//! let (rest, msg) = Msg::read(bytes).unwrap();
//! assert!(rest.is_empty() && !msg.is_cut());
//! assert_eq!(msg.header.kind, MsgType::HEARTBEAT);
//! assert_eq!((msg.uint(0), msg.uint(1)), (Some(0x6864), Some(1)));
//! ```

#[macro_use]
pub mod container;
pub mod cluster;
pub mod fabric;
pub mod heartbeat;
pub mod record;
