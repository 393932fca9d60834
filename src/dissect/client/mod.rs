//! The client protocol in the tree: stream, messages, fields, operations, batches.

pub mod answer;
pub mod batch;
pub mod batch_line;
pub mod compressed;
pub mod field;
pub mod header;
pub mod label;
pub mod line;
pub mod message;
pub mod op;
pub mod proto;
pub mod stream;
pub mod text;
pub mod text_port;
