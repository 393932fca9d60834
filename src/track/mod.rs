//! What is remembered across packets. Changes only on the first pass; later passes read.

pub mod stream;
pub mod transactions;
