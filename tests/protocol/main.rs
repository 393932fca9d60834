//! The whole client protocol: every byte between a client and a node has a name, a type and a
//! readable text, as the operations lists of the captures say.

#[path = "../common/mod.rs"]
mod common;

mod clients;
mod coverage;
mod expressions;
mod filters;
mod functions;
mod info_shapes;
mod info_values;
mod lines;
mod names;
mod operations;
mod python;
mod queries;
mod security;
mod tls;
