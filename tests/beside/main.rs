//! What the tests read beside the project, which is not the project's to give away: the captures that the old Lua plugin
//! was tested with, the description of the interface, and engines for data (`docs/bulk`). These tests are listed as
//! ignored; `make test` runs those that can where their things are (`tools/beside.sh`).

#[path = "../common/mod.rs"]
mod common;

mod bulk;
mod cover;
mod names;
mod old_plugin;
