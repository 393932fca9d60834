//! The tools on captures, their numbers against those that tshark gives another way.
//!
//! They need the plugin where tshark finds it, and so are run by `tools/test-tools.sh`.

mod browser;
mod common;
mod input;
mod numbers;
mod top;
