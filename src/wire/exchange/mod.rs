//! What all protocols of the client ports share: what a stream of them looks like, and which answer is whose.

pub mod matching;
pub mod plausible;
