//! The fields that values, calls and expressions fill.

pub mod cdt;
pub mod expression;
pub mod value;
