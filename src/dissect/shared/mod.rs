//! What every dissector uses: the Info column, and fields that several protocols have.

pub mod column;
pub mod common;
pub mod frame;
pub mod hint;
pub mod index;
pub mod result;
pub mod stream;
