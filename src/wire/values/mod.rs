//! Values of bins and what is computed from them: particles, msgpack, calls, expressions.
//!
//! An integer as a bin holds it, and a list with a string (its type byte in front) as text:
//!
//! ```
//! use aerospike::wire::values::particle::{ParticleType, Value};
//! use aerospike::wire::values::value_text::ValueText;
//!
//! let value = Value::parse(ParticleType::INTEGER, b"\0\0\0\0\0\0\0\x25");
//! assert_eq!(value, Ok(Value::Integer(37)));
//! assert_eq!(ValueText(b"\x92\x01\xa2\x03a").to_string(), r#"[1,"a"]"#);
//! ```

pub mod arg;
pub mod bits;
pub mod call;
pub mod cdt;
pub mod cdt_ops;
pub mod expression;
pub mod expression_ops;
pub mod hll;
pub mod msgpack;
pub mod node;
pub mod order;
pub mod particle;
pub mod predexp;
pub mod string_ops;
pub mod value_text;
pub mod walk;
