//! What an expert item says of its own case.
//!
//! The text of an expert item is its summary, the same for all of its kind, so that Wireshark's lists of them sum up.
//! Figures, frames and bytes stand below it.

fields! {
    DETAIL: String, "aerospike.detail", "Detail", "What an expert item says of its own case: figures, frames, bytes";
}
