//! What single nodes and their hosts do: stop, stall, answer slowly.

pub mod hosts;
pub mod servers;
pub mod stalls;
pub mod stops;
