//! What single nodes and their hosts do: stop, stall, answer slowly.

pub mod batches;
pub mod hosts;
pub mod scans;
pub mod servers;
pub mod stalls;
pub mod stops;
