//! What a request says about itself.

use super::first_pass::Memory;

/// What a message says about itself as a request.
#[derive(Clone, Copy, Default)]
pub struct Details {
    /// Its own timeout in milliseconds.
    pub timeout: u32,
    /// The records it asks for.
    pub memory: Memory,
    /// Doing it twice is not the same as doing it once.
    pub counts_twice: bool,
    /// Of an info request: commands that the server answers.
    pub commands: u32,
}
