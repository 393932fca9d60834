//! What `aerospike-top` is made of: lines of tshark, what is counted of them, and how it is shown.

pub mod fields;
pub mod model;
pub mod screen;
pub mod script;
pub mod source;
