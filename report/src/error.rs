//! What went wrong, in words for the user, and the exit status that goes with it.

use std::fmt;

/// A problem that ends the program, or leaves a capture out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What happened.
    pub what: String,
    /// What to do about it; may be empty.
    pub advice: String,
}

/// The result of what may go wrong.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A problem with what can be done about it.
    pub fn new(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            advice: advice.into(),
        }
    }

    /// A plugin that does not have what this program needs.
    pub fn of_old_plugin(what: impl Into<String>) -> Self {
        Self::new(
            what,
            "The Aerospike plugin is older than this program: install both from one place.",
        )
    }

    /// A problem with a file.
    pub fn of_file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(format!("{}: {error}", path.display()), "")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.advice.is_empty() {
            write!(f, "\n{}", self.advice)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// All was read, and written.
pub const ALL_WELL: u8 = 0;
/// The page is there, but of some capture a part, or all, could not be read.
pub const IN_PART: u8 = 1;
/// Nothing was written.
pub const NOTHING: u8 = 2;
