//! Reports: tables that are a menu entry and a `-z` alike, service response times, the counter tree.

pub(super) mod column;
pub mod stats;
pub(super) mod tables;
