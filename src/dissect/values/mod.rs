//! Values of bins, calls and expressions in the tree.

pub mod bin;
pub mod fields;
pub mod node;
pub mod predexp;
pub mod text;
pub mod walk;
