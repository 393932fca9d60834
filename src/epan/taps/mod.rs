//! Taps: what is handed over to those who count, and what is heard of TCP and shown in Wireshark's own windows.

pub mod tap;
pub mod tcp_tap;
pub mod windows;
