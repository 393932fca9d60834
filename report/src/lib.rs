//! What `aerospike-report` and `aerospike-top` are made of.
//!
//! Both run tshark with the plugin and read what it says: [`tshark`] finds it, [`pass`] reads one capture, [`side`] many. All
//! facts come from the plugin; nothing is dissected here.

pub mod compare;
pub mod error;
pub mod facts;
pub mod findings;
pub mod grid;
pub mod hide;
pub mod histogram;
pub mod hotkeys;
pub mod merge;
pub mod moment;
pub mod page;
pub mod pair;
pub mod pass;
pub mod progress;
pub mod scratch;
pub mod side;
pub mod source;
pub mod table;
pub mod text;
pub mod top;
pub mod tshark;
pub mod write;
