//! Values of bins, calls and expressions in the tree.

pub mod cdt;
pub mod expression;
pub mod predexp;
pub mod value;
pub mod walk;
