//! Values of bins and what is computed from them: particles, msgpack, calls, expressions.
//!
//! An integer as a bin holds it, and a list with a string (its type byte in front) as text:
//!
//! ```
//! use aerospike::wire::values::particle::{ParticleType, Value};
//! use aerospike::wire::values::text::value_text::ValueText;
//!
//! let value = Value::parse(ParticleType::INTEGER, b"\0\0\0\0\0\0\0\x25");
//! assert_eq!(value, Ok(Value::Integer(37)));
//! assert_eq!(ValueText(b"\x92\x01\xa2\x03a").to_string(), r#"[1,"a"]"#);
//! ```

pub mod particle;
pub mod tables;
pub mod text;
pub mod walk;
