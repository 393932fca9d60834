//! What clients were told of the cluster: builds, names, partition maps.

pub mod builds;
pub mod claims;
pub mod names;
pub mod owners;
pub mod partitions;
