//! What the tests read beside the project, which is not the project's to give away: the captures that the old Lua plugin
//! was tested with, and the description of the interface. These tests are listed as ignored; `make test` runs those on
//! captures where they are (`tools/beside.sh`).

#[path = "../common/mod.rs"]
mod common;

mod cover;
mod names;
mod old_plugin;
