//! The tables of operations: their numbers, names, arguments and flags.

pub mod arg;
pub mod bits;
pub mod call;
pub mod cdt_ops;
pub mod expression_ops;
pub mod hll;
pub mod string_ops;
