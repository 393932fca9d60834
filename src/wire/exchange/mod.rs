//! What all protocols of the client ports share: what a stream of them looks like, and which answer is whose.
//!
//! A batch is answered by messages up to the one with LAST:
//!
//! ```
//! use aerospike::wire::client::message::Messages;
//! use aerospike::wire::client::proto::{Order, ProtoType};
//! use aerospike::wire::client::message::request::Request;
//! use aerospike::wire::exchange::matching::{EndFacts, Expected, Progress, Step};
//!
//! let mut row = [0; 22];
//! row[0] = 22;
//! let mut last = row;
//! last[3] = 1;
//! let mut progress = Progress::new(Expected::of_request(Request::BATCH), false);
//! let mut accept = |body: &[u8]| {
//!     let mut facts = EndFacts::default();
//!     Messages::new(Order::Big, body).flatten().for_each(|message| facts.add(&message.header));
//!     progress.accept(ProtoType::AS_MSG, &facts)
//! };
//! assert_eq!((accept(&row), accept(&last)), (Step::More, Step::Complete));
//! ```

pub mod matching;
pub mod plausible;
