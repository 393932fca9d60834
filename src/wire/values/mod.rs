//! Values of bins and what is computed from them: particles, msgpack, calls, expressions.

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
