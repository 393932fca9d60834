//! libwireshark and the C guard as bindgen sees them.
#![allow(
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::undocumented_unsafe_blocks,
    clippy::all
)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
