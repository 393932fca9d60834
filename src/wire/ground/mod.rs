//! What every parser stands on: input with errors that explain themselves, tables of codes, text, times.
//!
//! A name with its length in front, and what is said of one that is cut:
//!
//! ```
//! use aerospike::wire::ground::input::{front, sized_bytes, u8};
//!
//! let name = || sized_bytes("bin name", "name_sz", u8("op name_sz"));
//! assert_eq!(front(name(), b"\x03age!"), Ok(&b"age"[..]));
//! let error = front(name(), b"\x03ag").unwrap_err();
//! assert_eq!(error.to_string(), "bin name: name_sz needs 3 bytes, 2 left");
//! ```

#[macro_use]
pub mod table;
pub mod at;
pub mod base64;
#[cfg(feature = "count-allocations")]
pub mod count;
pub mod inflate;
pub mod input;
pub mod text;
pub mod time;
pub mod version;
