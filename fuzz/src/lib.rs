//! What the fuzz targets do: read bytes with every parser of a family, and what they give to the end, texts included.
//!
//! Each function holds for any bytes: no panic, no endless loop (the number of things read is bounded by the number of
//! bytes), no text out of proportion, and every piece that a parser gives lies inside the bytes it was given.

mod account;
mod client;
mod info;
pub mod made;
pub mod nest;
mod nodes;
pub mod seeds;
mod values;

use account::Account;
use arbitrary::{Arbitrary, Unstructured};

/// A target: what it does with any bytes.
type Target = fn(&[u8]);

/// All targets, by the names of their files in `targets`.
pub const TARGETS: [(&str, Target); 10] = [
    ("calls", |bytes| {
        if let Ok(made) = made::Made::arbitrary(&mut Unstructured::new(bytes)) {
            calls(&made);
        }
    }),
    ("client", client),
    ("fabric", fabric),
    ("fields", fields),
    ("heartbeat", heartbeat),
    ("info", info),
    ("nested", nested),
    ("records", records),
    ("security", security),
    ("values", values),
];

/// Messages between clients and servers, from the proto header down: all that stands in them, compressed ones too.
pub fn client(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    client::stream(&mut account, bytes);
    account.end();
}

/// One field or one bin's value of a message: the first byte is its type, the second chooses between the two.
pub fn fields(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    client::lone(&mut account, bytes);
    account.end();
}

/// The info protocol: commands and answers, and a value as everything that a value can be.
pub fn info(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    info::all(&mut account, bytes);
    account.end();
}

/// Security messages.
pub fn security(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    client::security(&mut account, bytes);
    account.end();
}

/// msgpack values, calls, contexts and expressions, old and new, from bytes alone.
pub fn values(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    values::all(&mut account, bytes);
    account.end();
}

/// The same from calls and expressions made after the plugin's own tables, then spoiled.
pub fn calls(made: &made::Made) {
    let bytes = made.bytes();
    values(&bytes);
}

/// Messages made of any bytes, in which everything stands in everything.
pub fn nested(bytes: &[u8]) {
    let Ok(made) = nest::Nested::arbitrary(&mut Unstructured::new(bytes)) else {
        return;
    };
    if made.is_between_nodes {
        fabric(&made.bytes);
    } else {
        client(&made.bytes);
    }
}

/// Heartbeats: what a stream and a datagram may hold, and each field.
pub fn heartbeat(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    nodes::heartbeat(&mut account, bytes);
    account.end();
}

/// Fabric messages of every service, and each field.
pub fn fabric(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    nodes::fabric(&mut account, bytes);
    account.end();
}

/// Records as nodes send them: flat and pickled.
pub fn records(bytes: &[u8]) {
    let mut account = Account::of(bytes);
    nodes::records(&mut account, bytes);
    account.end();
}
