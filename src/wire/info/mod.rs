//! The info protocol: lines of commands and answers, and the shapes of their values.

pub mod cluster;
pub mod message;
pub mod partitions;
pub mod text_port;
pub mod value;
