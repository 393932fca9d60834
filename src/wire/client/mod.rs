//! Messages between clients and servers: proto header, fields, operations, batches, matching.
//!
//! A write (client-protocol 17.3, with one operation):
//!
//! ```
//! use aerospike::wire::client::message::Message;
//! use aerospike::wire::client::proto::{Header, ProtoType};
//! use aerospike::wire::client::message::request::Request;
//! use aerospike::wire::values::particle::Value;
//!
//! let bytes = b"\x02\x03\0\0\0\0\0\x57\x16\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\xe8\0\x03\0\x01\
//!     \0\0\0\x05\0test\0\0\0\x08\x01testset\
//!     \0\0\0\x15\x04\xf5\x91\x24\x98\x6e\x96\xad\x17\x5b\x37\x4c\x94\x87\x94\x5b\xbc\xad\x53\x7b\x74\
//!     \0\0\0\x0f\x02\x01\0\x03age\0\0\0\0\0\0\0\x25";
//! let (body, header) = Header::parse(bytes).unwrap();
//! assert_eq!((header.kind, header.size), (ProtoType::AS_MSG, 87));
//! let (rest, message) = Message::parse(header.order, body).unwrap();
//! assert!(rest.is_empty() && message.fault().is_none());
//! assert_eq!(message.request(), Request::WRITE);
//! assert_eq!(message.identity().to_string(), " test.testset f5912498");
//! let op = message.ops().next().unwrap().unwrap();
//! assert_eq!((op.name, op.content()), (&b"age"[..], Ok(Value::Integer(37))));
//! ```

pub mod fields;
pub mod message;
pub mod proto;
