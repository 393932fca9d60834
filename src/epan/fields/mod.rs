//! What is registered as data: protocols, fields, expert items, and who asks for them.

pub mod protocol;
pub(super) mod ref_type;
#[macro_use]
pub mod field;
pub mod expert;
pub mod group;
