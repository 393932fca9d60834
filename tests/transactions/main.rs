//! Requests and answers: links that are right or absent, the same in every pass, and no accusation
//! of traffic that is healthy.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod context;
mod experts;
mod foreign;
mod links;
mod packets;
mod passes;
mod removal;
mod segments;
mod streams;
mod times;
mod verdicts;
