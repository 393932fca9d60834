//! What is remembered across packets. Changes only on the first pass; later passes read.

pub mod connection;
pub mod fabric;
pub mod keys;
pub mod map;
pub mod peers;
pub mod position;
pub mod record;
pub mod rows;
pub mod sets;
pub mod stream;
pub mod transactions;
pub mod tries;

/// The capture is closed, or another is opened: what was remembered is void.
pub fn forget() {
    keys::forget();
    sets::forget();
    tries::forget();
    fabric::forget();
}
