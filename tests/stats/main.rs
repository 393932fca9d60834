//! Statistics over whole captures: the tables agree with what was done, and with what the packets show one by one.

#[path = "../common/mod.rs"]
mod common;

mod again;
mod cluster;
mod connections;
mod hot_keys;
mod keys;
mod latency;
mod many;
mod overview;
mod partitions;
mod rates;
mod records;
mod report;
mod report_files;
mod timeline;
mod times;
mod windows;
