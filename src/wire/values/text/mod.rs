//! Values, calls and expressions as text.

pub mod predexp;
pub mod value_text;
