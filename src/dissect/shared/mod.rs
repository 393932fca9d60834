//! What every dissector uses: the Info column, and fields that several protocols have.

pub mod column;
pub mod common;
