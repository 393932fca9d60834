//! Security messages: logins, users, roles, privileges.
//!
//! A login of a user, without what proves it:
//!
//! ```
//! use aerospike::wire::admin::message::{AdminValue, Command, Message};
//!
//! let bytes = b"\0\0\x14\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\0admin";
//! let (rest, message) = Message::parse(bytes).unwrap();
//! assert!(rest.is_empty());
//! assert_eq!(message.command, Command::LOGIN);
//! let user = message.fields().next().unwrap().unwrap();
//! assert_eq!(user.value(), Ok(AdminValue::Text(b"admin")));
//! ```

pub mod message;
pub mod privilege;
