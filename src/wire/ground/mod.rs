//! What every parser stands on: input with errors that explain themselves, tables of codes, text, times.

#[macro_use]
pub mod table;
pub mod at;
pub mod base64;
pub mod inflate;
pub mod input;
pub mod text;
pub mod time;
pub mod version;
