//! The documents say what the plugin does: every command has the output that stands there, every name is
//! registered, and the reference of filters is that of what is registered.

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod filters;
mod machine;
mod markdown;
mod names;
mod profile;
